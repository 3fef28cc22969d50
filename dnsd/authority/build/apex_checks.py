"""Checks of the top of a zone, and of what cannot be in the zone at all.

A name server of the zone that has no address here, or is an alias, is an
error as in named: with it the zone itself can become unreachable. Knot warns.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from dnsd.authority.build.findings import error, place, warning
from dnsd.authority.build.record_checks import target
from dnsd.authority.build.sorted_zone import ADDRESS, ALIAS, OCCLUDED
from dnsd.source.problems import Where
from dnsd.wire import names
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from dnsd.authority.build.findings import Findings
    from dnsd.authority.build.sorted_zone import SortedZone
    from dnsd.authority.zonefile.draft import Record

OWNER_OUTSIDE = error("owner-outside-zone", "RFC 1034 §4.2.1", "owners inside the zone")
DUPLICATE = warning("duplicate-record", "RFC 2181 §5", "each record once")
SIGNING_RECORD = warning("signing-record", "RFC 4035 §2", "signatures of a whole zone, its SOA too")

SOA_TWICE = error("soa-twice", "RFC 1035 §5.2", "one SOA")
APEX_NS = error("apex-ns-missing", "RFC 1034 §4.2.1", "name servers at the top of the zone")
APEX_NS_ADDRESS = error(
    "ns-address-missing", "RFC 1034 §4.2.1", "an address for each name server inside the zone"
)
APEX_NS_ALIAS = error("ns-is-alias", "RFC 2181 §10.3", "a name server that is no alias")
DS_APEX = error("ds-at-apex", "RFC 4035 §2.4", "a DS in the parent zone only")

SOA_TIMER = error("soa-timer-range", "RFC 2181 §8", "0 to 2147483647 seconds")
SOA_RETRY = warning("soa-retry", "RFC 1912 §2.2", "a retry below refresh")
SOA_EXPIRE = warning("soa-expire", "RFC 1912 §2.2", "an expire above refresh and retry together")
SOA_MINIMUM = warning("soa-minimum", "RFC 2308 §5", "negative answers kept for at most a day")

_MAX_TIMER = 2**31 - 1
_MAX_NEGATIVE_TTL = 86400
_TIMERS = ("refresh", "retry", "expire", "minimum")


def check_left_out(zone: SortedZone, findings: Findings) -> None:
    """Report the records that are not part of the zone."""
    for record in zone.outside:
        message = f"{place(record)} is not in the zone {names.to_text(zone.origin)}"
        findings.add(OWNER_OUTSIDE, record.where, message)
    for record in zone.repeated:
        findings.add(DUPLICATE, record.where, f"{place(record)} is written twice")
    for record in () if zone.is_signed else zone.signing:
        findings.add(SIGNING_RECORD, record.where, f"{place(record)} is left out")


def check_apex(zone: SortedZone, file: str, findings: Findings) -> None:
    """Check SOA, NS and DS at the top of the zone.

    Args:
        zone: the zone, its SOA included.
        file: where to report what is missing.
        findings: takes what is wrong.
    """
    name_servers = zone.apex(RRType.NS)
    if not name_servers:
        message = f"{names.to_text(zone.origin)} has no NS record"
        hint = "'': {type: NS, values: [ns1.example.net., ns2.example.net.]}"
        findings.add(APEX_NS, Where(file), message, hint)
    for record in name_servers:
        _name_server(zone, record, findings)
    for record in zone.apex(RRType.DS):
        findings.add(DS_APEX, record.where, f"{place(record)} is in the child's own zone")
    soas = zone.apex(RRType.SOA)
    for record in soas[1:]:
        findings.add(SOA_TWICE, record.where, f"{place(record)} is one of {len(soas)}")
    if soas:
        _soa(soas[0], findings)


def _name_server(zone: SortedZone, record: Record, findings: Findings) -> None:
    host = target(record)
    if not zone.is_inside(host):
        return
    mark = zone.find(host)
    if mark & ALIAS and not mark & OCCLUDED:
        message = f"{place(record)} points to {names.to_text(host)}, which is an alias"
        findings.add(APEX_NS_ALIAS, record.where, message)
    elif not mark & ADDRESS:
        message = f"{place(record)} points to {names.to_text(host)}, which has no address"
        findings.add(APEX_NS_ADDRESS, record.where, message, address_hint(zone, host))


def address_hint(zone: SortedZone, host: bytes) -> str:
    """Write the record that would give a host an address."""
    return f"'{names.relative_text(host, zone.origin)}': {{type: A, value: 192.0.2.1}}"


def _soa(record: Record, findings: Findings) -> None:
    timers = struct.unpack(">4I", record.rdata[-16:])
    for name, value in zip(_TIMERS, timers, strict=True):
        if value > _MAX_TIMER:
            findings.add(SOA_TIMER, record.where, f"{place(record)} has {name} {value}")
    refresh, retry, expire, minimum = timers
    if retry >= refresh:
        message = f"{place(record)} has retry {retry} and refresh {refresh}"
        findings.add(SOA_RETRY, record.where, message)
    if expire <= refresh + retry:
        message = f"{place(record)} has expire {expire}, refresh {refresh} and retry {retry}"
        findings.add(SOA_EXPIRE, record.where, message)
    if minimum > _MAX_NEGATIVE_TTL:
        findings.add(SOA_MINIMUM, record.where, f"{place(record)} has minimum {minimum}")
