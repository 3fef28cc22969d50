"""Checks of what stands together at one name, and where it stands.

Severity: errors are what named or Knot refuses to load, or what the rules of
an answer have no case for. NS at a wildcard is "discouraged, but not barred"
(RFC 4592 §4.2), so a warning.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dnsd.authority.build.findings import error, place, warning
from dnsd.authority.build.sorted_zone import (
    ADDRESS,
    ALIAS,
    BELOW_DNAME,
    CUT,
    DNAME,
    OCCLUDED,
    OTHER,
)
from dnsd.wire import names
from dnsd.wire.iana import RRType, rrtype_to_text

if TYPE_CHECKING:
    from dnsd.authority.build.findings import Findings
    from dnsd.authority.build.sorted_zone import SortedZone
    from dnsd.authority.zonefile.draft import Record

CNAME_APEX = error("cname-at-apex", "RFC 1912 §2.4", "no CNAME beside SOA and NS")
CNAME_TWICE = error("cname-twice", "RFC 2181 §10.1", "one CNAME at a name")
CNAME_OTHER = error("cname-and-other", "RFC 2181 §10.1", "a CNAME alone at its name")
DNAME_TWICE = error("dname-twice", "RFC 6672 §2.4", "one DNAME at a name")
DNAME_AT_CUT = error("dname-at-cut", "RFC 6672 §2.4", "DNAME beside NS at the top only")
DNAME_BELOW = error("dname-below", "RFC 6672 §2.4", "no records below a DNAME")
SOA_ELSEWHERE = error("soa-not-at-apex", "RFC 1035 §5.2", "a SOA at the top of the zone only")
APEX_ONLY = {
    RRType.CDS: error("cds-not-at-apex", "RFC 7344 §4.1", "a CDS at the top of the zone only"),
    RRType.CDNSKEY: error(
        "cdnskey-not-at-apex", "RFC 7344 §4.1", "a CDNSKEY at the top of the zone only"
    ),
    RRType.DNSKEY: error(
        "dnskey-not-at-apex", "RFC 4034 §2.1.1", "a zone key at the top of the zone only"
    ),
}
DS_WITHOUT_NS = warning("ds-without-ns", "RFC 4035 §2.4", "a DS at a delegation only")
BELOW_CUT = warning("record-below-cut", "RFC 9471 §2", "below a delegation only glue")
WILDCARD_INSIDE = warning("wildcard-inside", "RFC 4592 §2.1.1", "'*' as the first label")
WILDCARD_TYPES = {
    RRType.NS: warning("wildcard-ns", "RFC 4592 §4.2", "no NS at a wildcard"),
    RRType.DNAME: warning("wildcard-dname", "RFC 4592 §4.4", "no DNAME at a wildcard"),
    RRType.DS: warning("wildcard-ds", "RFC 4592 §4.6", "no DS at a wildcard"),
}
HOST_NAME = warning("host-name", "RFC 1123 §2.1", "letters, digits and hyphens in host names")

_HOST_LABEL = re.compile(rb"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_HOST_TYPES = frozenset({RRType.A, RRType.AAAA, RRType.MX})
_ADDRESS_TYPES = frozenset({RRType.A, RRType.AAAA})
# CNAME and DNAME beside NS are errors already.
_CUT_TYPES = frozenset({RRType.NS, RRType.DS, RRType.CNAME, RRType.DNAME})


def check_owner(
    zone: SortedZone, records: list[Record], glue: set[bytes], findings: Findings
) -> None:
    """Check the records of one name.

    Args:
        zone: the whole zone.
        records: those of the name, sorted by type.
        glue: names of all name servers of the zone's cuts.
        findings: takes what is wrong.
    """
    owner = records[0].owner
    mark = zone.marks[owner]
    if mark & ALIAS:
        _cname_alone(zone, records, findings)
    if mark & DNAME:
        _dname_alone(mark, records, findings)
    if mark & BELOW_DNAME:
        for record in records:
            findings.add(DNAME_BELOW, record.where, f"{place(record)} is below a DNAME")
    elif mark & (OCCLUDED | CUT):
        _below_cut(mark, records, glue, findings)
    if owner.startswith(b"\x01*"):
        _wildcard(records, findings)
    elif mark & (ADDRESS | OTHER):
        _host_name(zone, records, findings)
    if b"\x01*" in owner[1:] and b"*" in names.to_labels(owner)[1:]:
        message = f"{place(records[0])} has '*' behind its first label, where it stands for itself"
        findings.add(WILDCARD_INSIDE, records[0].where, message)
    if mark & OTHER and owner != zone.origin:
        _misplaced(mark, records, findings)


def _cname_alone(zone: SortedZone, records: list[Record], findings: Findings) -> None:
    aliases = [record for record in records if record.type == RRType.CNAME]
    first = aliases[0]
    if first.owner == zone.origin:
        message = f"{place(first)} stands at the top of the zone"
        findings.add(CNAME_APEX, first.where, message, "write the addresses of its target")
        return
    for record in aliases[1:]:
        findings.add(CNAME_TWICE, record.where, f"{place(record)} is one of {len(aliases)}")
    others = sorted({rrtype_to_text(r.type) for r in records if r.type != RRType.CNAME})
    if others:
        message = f"{place(first)} stands beside {', '.join(others)}"
        findings.add(CNAME_OTHER, first.where, message)


def _dname_alone(mark: int, records: list[Record], findings: Findings) -> None:
    redirections = [record for record in records if record.type == RRType.DNAME]
    for record in redirections[1:]:
        findings.add(DNAME_TWICE, record.where, f"{place(record)} is one of {len(redirections)}")
    if mark & CUT:
        message = f"{place(redirections[0])} stands beside NS"
        findings.add(DNAME_AT_CUT, redirections[0].where, message)


def _below_cut(mark: int, records: list[Record], glue: set[bytes], findings: Findings) -> None:
    is_glue = records[0].owner in glue
    for record in records:
        if record.type in _ADDRESS_TYPES:
            if is_glue:
                continue
        elif mark & CUT and record.type in _CUT_TYPES:
            continue
        at = "at" if mark & CUT else "below"
        message = f"{place(record)} is {at} a delegation and not served"
        findings.add(BELOW_CUT, record.where, message)


def _wildcard(records: list[Record], findings: Findings) -> None:
    for record in records:
        check = WILDCARD_TYPES.get(RRType(record.type)) if record.type in WILDCARD_TYPES else None
        if check is not None:
            findings.add(check, record.where, f"{place(record)} has no defined meaning")


def _host_name(zone: SortedZone, records: list[Record], findings: Findings) -> None:
    for record in records:
        if record.type not in _HOST_TYPES:
            continue
        owner = record.owner
        own = owner[: len(owner) - len(zone.origin)]
        offset = 0
        while offset < len(own):
            end = offset + 1 + own[offset]
            if not _HOST_LABEL.fullmatch(own, offset + 1, end):
                message = f"{place(record)} is not the name of a host"
                findings.add(HOST_NAME, record.where, message)
                break
            offset = end
        return


def _misplaced(mark: int, records: list[Record], findings: Findings) -> None:
    for record in records:
        rrtype = record.type
        if rrtype == RRType.SOA:
            message = f"{place(record)} is not at the top of the zone"
            findings.add(SOA_ELSEWHERE, record.where, message)
        elif rrtype == RRType.DS:
            if not mark & (CUT | OCCLUDED):
                findings.add(DS_WITHOUT_NS, record.where, f"{place(record)} has no NS beside it")
        elif rrtype in APEX_ONLY and (rrtype != RRType.DNSKEY or record.rdata[0] & 1):
            message = f"{place(record)} is not at the top of the zone"
            findings.add(APEX_ONLY[RRType(rrtype)], record.where, message)
