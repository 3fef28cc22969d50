"""Checks of the records that share owner and type.

Severity as in ``record_checks``. What makes mail receivers ignore a policy is
a warning: the zone itself is right, and other servers load it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.authority.build.findings import error, place, warning
from dnsd.wire import names
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.authority.build.findings import Findings
    from dnsd.authority.zonefile.draft import Record

    RRsetCheck = Callable[[list[Record], Findings], None]

NULL_MX = error("null-mx-not-alone", "RFC 7505 §3", "a null MX is the only MX of its name")
NULL_MX_PREFERENCE = warning("null-mx-preference", "RFC 7505 §3", "preference 0 in a null MX")
ALIAS_TWICE = error("alias-twice", "", "one ALIAS at a name")
NULL_SRV = error("null-srv-not-alone", "RFC 2782", "a target of '.' is the only SRV of its name")
DS_SHA1 = warning("ds-sha1-only", "RFC 4509 §3", "a DS with digest type 2")
CDS_DELETE = error("cds-delete-not-alone", "RFC 8078 §4", "a delete request stands alone")
SVCB_MIXED = warning("svcb-alias-mixed", "RFC 9460 §2.4.1", "one alias, or services only")
SPF_TWICE = warning("spf-twice", "RFC 7208 §3.2", "one v=spf1 record at a name")
DMARC_TWICE = warning("dmarc-twice", "RFC 9989 §4.10", "one v=DMARC1 record at a name")
TTL_DIFFERS = warning("ttl-differs", "RFC 2181 §5.2", "one TTL for all records of an RRset")
RRSET_SIZE = error("rrset-too-large", "RFC 1035 §4.2.2", "an RRset that fits a message")

# Octets of a message that an RRset cannot have: header, question, OPT record
# with a cookie and a few more options (RFC 6891 §6.1.2).
_RESERVED_OCTETS = 12 + 4 + 11 + 128
_FIXED_RECORD_OCTETS = 12  # compressed owner, type, class, TTL, length
_MAX_MESSAGE_OCTETS = 65535


def check_rrset(rrset: list[Record], findings: Findings) -> None:
    """Check the records that share owner and type."""
    first = rrset[0]
    if len(rrset) > 1:
        for record in rrset:
            if record.ttl != first.ttl:
                _ttl_differs(rrset, findings)
                break
    _size(rrset, findings)
    for check in RRSET_CHECKS.get(first.type, ()):
        check(rrset, findings)


def _ttl_differs(rrset: list[Record], findings: Findings) -> None:
    first = rrset[0]
    odd = next(record for record in rrset if record.ttl != first.ttl)
    lowest = min(record.ttl for record in rrset)
    message = f"{place(odd)} has TTL {odd.ttl} here and {first.ttl} elsewhere"
    findings.add(TTL_DIFFERS, odd.where, message, f"the lowest, {lowest}, is served for all")


def _size(rrset: list[Record], findings: Findings) -> None:
    octets = sum(len(record.rdata) for record in rrset) + _FIXED_RECORD_OCTETS * len(rrset)
    room = _MAX_MESSAGE_OCTETS - _RESERVED_OCTETS - len(rrset[0].owner)
    if octets > room:
        message = f"{place(rrset[0])} takes {octets} octets of a message, {room} are left"
        findings.add(RRSET_SIZE, rrset[0].where, message)


def _null_mx(rrset: list[Record], findings: Findings) -> None:
    for record in rrset:
        if record.rdata[2:] != names.ROOT:
            continue
        if len(rrset) > 1:
            others = len(rrset) - 1
            message = f"{place(record)} refuses all mail, and {others} more MX accept it"
            findings.add(NULL_MX, record.where, message)
        elif record.rdata[:2] != b"\0\0":
            preference = int.from_bytes(record.rdata[:2], "big")
            message = f"{place(record)} has preference {preference} and the target '.'"
            findings.add(NULL_MX_PREFERENCE, record.where, message)


def _null_srv(rrset: list[Record], findings: Findings) -> None:
    if len(rrset) == 1:
        return
    for record in rrset:
        if record.rdata[6:] == names.ROOT:
            message = f"{place(record)} says there is no service, and others say where it is"
            findings.add(NULL_SRV, record.where, message)


def _ds_sha1(rrset: list[Record], findings: Findings) -> None:
    if all(record.rdata[3] == 1 for record in rrset):
        message = f"{place(rrset[0])} has SHA-1 digests only; validators may ignore them"
        findings.add(DS_SHA1, rrset[0].where, message)


def _cds_delete(rrset: list[Record], findings: Findings) -> None:
    if len(rrset) == 1:
        return
    for record in rrset:
        if record.rdata[3] == 0:  # the algorithm, in CDS and CDNSKEY alike
            message = f"{place(record)} asks to delete the DS, and others ask for one"
            findings.add(CDS_DELETE, record.where, message)


def _svcb_mixed(rrset: list[Record], findings: Findings) -> None:
    if len(rrset) == 1:
        return
    for record in rrset:
        if record.rdata[:2] == b"\0\0":
            message = f"{place(record)} of priority 0 stands beside others"
            findings.add(SVCB_MIXED, record.where, message)


def _policies_in_txt(rrset: list[Record], findings: Findings) -> None:
    """Count SPF and DMARC policies; mail receivers ignore all of several."""
    if len(rrset) == 1:
        return
    policies = [(SPF_TWICE, "v=spf1")]
    if rrset[0].owner.startswith(b"\x06_dmarc"):
        policies.append((DMARC_TWICE, "v=DMARC1"))
    for check, version in policies:
        found = [record for record in rrset if _is_policy(record.rdata, version.lower().encode())]
        if len(found) > 1:
            message = f"{place(found[1])} has {len(found)} {version} policies; receivers use none"
            findings.add(check, found[1].where, message)


def _is_policy(rdata: bytes, version: bytes) -> bool:
    text = rdata[1 : 1 + rdata[0]].lower()
    return text == version or text.startswith((version + b" ", version + b";"))


def _alias_twice(rrset: list[Record], findings: Findings) -> None:
    for record in rrset[1:]:
        findings.add(ALIAS_TWICE, record.where, f"{place(record)} is one of {len(rrset)}")


RRSET_CHECKS: dict[int, tuple[RRsetCheck, ...]] = {
    RRType.ALIAS: (_alias_twice,),
    RRType.MX: (_null_mx,),
    RRType.SRV: (_null_srv,),
    RRType.DS: (_ds_sha1,),
    RRType.CDS: (_cds_delete,),
    RRType.CDNSKEY: (_cds_delete,),
    RRType.SVCB: (_svcb_mixed,),
    RRType.HTTPS: (_svcb_mixed,),
    RRType.TXT: (_policies_in_txt,),
}
