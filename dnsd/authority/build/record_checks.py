"""Checks that look at one record and nothing else.

Severity: an error is what the record's own RFC forbids so that nobody can use
the record; the rest is a warning. That rdata has the form of its type was
settled when it was read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dnsd.authority.build.findings import error, place, warning
from dnsd.source.nearest import nearest
from dnsd.wire import names
from dnsd.wire.iana import RRType
from dnsd.wire.rdata import to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.authority.build.findings import Check, Findings
    from dnsd.authority.zonefile.draft import Record

    RecordCheck = Callable[[Record, bytes, Findings], None]

_OBSOLETE_TYPES = {
    RRType.MD: ("RFC 1035 §3.3.4", "MX"),
    RRType.MF: ("RFC 1035 §3.3.5", "MX"),
    RRType.A6: ("RFC 6563 §1", "AAAA"),
    RRType.SPF: ("RFC 7208 §3.1", "TXT"),
    RRType.DLV: ("RFC 8749 §3", "DS"),
}

TYPE_OBSOLETE = warning("type-obsolete", "", "a type that is still in use")
TYPE_NULL = warning("type-null", "RFC 1035 §3.3.10", "no NULL records in zone files")

IS_ADDRESS = {
    rrtype: error(
        f"{rrtype.name.lower()}-is-address", source, "the name of a host, not its address"
    )
    for rrtype, source in (
        (RRType.NS, "RFC 1035 §3.3.11"),
        (RRType.CNAME, "RFC 1035 §3.3.1"),
        (RRType.DNAME, "RFC 6672 §2.1"),
        (RRType.MX, "RFC 1035 §3.3.9"),
        (RRType.PTR, "RFC 1035 §3.3.12"),
        (RRType.SRV, "RFC 2782"),
    )
}
NS_IS_ROOT = error("ns-is-root", "RFC 1035 §3.3.11", "the name of a host")

ADDRESS_SPECIAL = warning("address-not-a-host", "RFC 6890 §2.2", "the address of one host")
ADDRESS_MAPPED = warning("aaaa-mapped", "RFC 4291 §2.5.5", "an A record for an IPv4 address")

SRV_OWNER = warning("srv-owner", "RFC 2782", "an owner like _service._proto")
TLSA_OWNER = warning("tlsa-owner", "RFC 6698 §3", "an owner like _443._tcp")

DNSKEY_PROTOCOL = error("dnskey-protocol", "RFC 4034 §2.1.2", "protocol 3")
CAA_TAG_UNKNOWN = warning("caa-tag-unknown", "RFC 8659 §7", "issue, issuewild, iodef and the like")
CAA_FLAGS = warning("caa-flags", "RFC 8659 §4.1", "flags 0, or 128 for critical")
NAPTR_BOTH = warning("naptr-both", "RFC 3403 §4.1", "a regular expression or a replacement")

_CAA_TAGS = ("issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone")
_DECIMAL = re.compile(rb"25[0-5]|2[0-4]\d|1?\d?\d")
_SERVICE = re.compile(rb"_[a-z0-9-]+")
_PORT = re.compile(rb"_\d{1,5}|\*")


def target(record: Record) -> bytes:
    """Return the name that a record of these types points to, in canonical form.

    NS, CNAME, DNAME, PTR, MX, SRV, SVCB and HTTPS only.
    """
    rdata = record.rdata
    match record.type:
        case RRType.MX:
            rdata = rdata[2:]
        case RRType.SRV:
            rdata = rdata[6:]
        case RRType.SVCB | RRType.HTTPS:
            rdata = rdata[2:]
            end = 0
            while rdata[end]:
                end += 1 + rdata[end]
            rdata = rdata[: end + 1]
        case _:
            pass
    return rdata.lower()


def check_record(record: Record, origin: bytes, findings: Findings) -> None:
    """Check one record on its own."""
    for check in RECORD_CHECKS.get(record.type, ()):
        check(record, origin, findings)


def _obsolete(record: Record, _: bytes, findings: Findings) -> None:
    source, successor = _OBSOLETE_TYPES[RRType(record.type)]
    message = f"{place(record)} is of a type given up by {source}"
    hint = f"write {successor}" if successor else ""
    findings.add(TYPE_OBSOLETE, record.where, message, hint)


def _null(record: Record, _: bytes, findings: Findings) -> None:
    findings.add(TYPE_NULL, record.where, f"{place(record)} is for experiments only")


def address_as_name(record: Record, origin: bytes) -> str:
    """Return the IPv4 address that a target is made of, or nothing.

    A file's relative address has got the origin behind it.
    """
    labels = names.to_labels(target(record))
    if len(labels) < 4 or not all(map(_DECIMAL.fullmatch, labels[:4])):
        return ""
    if labels[4:] and labels[4:] != names.to_labels(origin):
        return ""
    return b".".join(labels[:4]).decode()


def _address_as_name(record: Record, origin: bytes, findings: Findings) -> None:
    address = address_as_name(record, origin)
    if address:
        rrtype = RRType(record.type)
        message = f"{place(record)} points to the address {address}"
        hint = "" if rrtype is RRType.PTR else _address_hint(rrtype, address)
        findings.add(IS_ADDRESS[rrtype], record.where, message, hint)


def _address_hint(rrtype: RRType, address: str) -> str:
    if rrtype is RRType.CNAME:
        return f"type: A, value: {address}"
    return f"give the host a name, with {address} as its A record"


def _ns_root(record: Record, _: bytes, findings: Findings) -> None:
    if record.rdata == names.ROOT:
        findings.add(NS_IS_ROOT, record.where, f"{place(record)} points to the root")


def _a(record: Record, _: bytes, findings: Findings) -> None:
    first = record.rdata[0]
    if first == 0 or first >= 224:
        _no_host(record, findings)


def _aaaa(record: Record, _: bytes, findings: Findings) -> None:
    rdata = record.rdata
    if rdata[0] == 0xFF or not any(rdata):
        _no_host(record, findings)
    elif rdata.startswith(b"\0" * 10 + b"\xff\xff"):
        address = ".".join(map(str, rdata[12:]))
        message = f"{place(record)} holds the IPv4 address {address}"
        findings.add(ADDRESS_MAPPED, record.where, message, f"type: A, value: {address}")


def _no_host(record: Record, findings: Findings) -> None:
    message = f"{place(record)} {to_text(record.type, record.rdata)} is no address of a host"
    findings.add(ADDRESS_SPECIAL, record.where, message)


def _owner_like(check: Check, second: re.Pattern[bytes], record: Record, out: Findings) -> None:
    labels = names.to_labels(record.owner)
    if labels[:1] == [b"*"]:
        return
    if len(labels) < 2 or not second.fullmatch(labels[0]) or not _SERVICE.fullmatch(labels[1]):
        out.add(check, record.where, f"{place(record)} will not be asked for under this name")


def _srv(record: Record, _: bytes, findings: Findings) -> None:
    _owner_like(SRV_OWNER, _SERVICE, record, findings)


def _tlsa(record: Record, _: bytes, findings: Findings) -> None:
    _owner_like(TLSA_OWNER, _PORT, record, findings)


def _dnskey(record: Record, _: bytes, findings: Findings) -> None:
    if record.rdata[2] != 3:
        message = f"{place(record)} has protocol {record.rdata[2]}"
        findings.add(DNSKEY_PROTOCOL, record.where, message)


def _caa(record: Record, _: bytes, findings: Findings) -> None:
    flags, length = record.rdata[0], record.rdata[1]
    tag = record.rdata[2 : 2 + length].decode("latin-1")
    if tag.lower() not in _CAA_TAGS:
        near = nearest(tag, _CAA_TAGS)
        message = f"{place(record)} has the tag {tag!r}, which no authority knows"
        findings.add(CAA_TAG_UNKNOWN, record.where, message, f"tag: {near}" if near else "")
    if flags & 0x7F:
        findings.add(CAA_FLAGS, record.where, f"{place(record)} has flags {flags}")


def _naptr(record: Record, _: bytes, findings: Findings) -> None:
    rdata = record.rdata
    offset = 4
    for _field in range(2):  # flags, services
        offset += 1 + rdata[offset]
    has_expression = rdata[offset] > 0
    if has_expression and rdata[offset + 1 + rdata[offset] :] != names.ROOT:
        message = f"{place(record)} has both a regular expression and a replacement"
        findings.add(NAPTR_BOTH, record.where, message)


RECORD_CHECKS: dict[int, tuple[RecordCheck, ...]] = {
    RRType.A: (_a,),
    RRType.AAAA: (_aaaa,),
    RRType.NS: (_ns_root, _address_as_name),
    RRType.CNAME: (_address_as_name,),
    RRType.DNAME: (_address_as_name,),
    RRType.MX: (_address_as_name,),
    RRType.PTR: (_address_as_name,),
    RRType.NULL: (_null,),
    RRType.SRV: (_srv, _address_as_name),
    RRType.TLSA: (_tlsa,),
    RRType.DNSKEY: (_dnskey,),
    RRType.CAA: (_caa,),
    RRType.NAPTR: (_naptr,),
    **dict.fromkeys(_OBSOLETE_TYPES, (_obsolete,)),
}
