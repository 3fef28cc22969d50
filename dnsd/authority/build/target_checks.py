"""Checks of where records lead: aliases, hosts without address, missing glue.

All of them are warnings, as in named and Knot: the zone can be answered, and
it is somebody else who suffers. An alias as target of MX or SRV is forbidden
(RFC 2181 §10.3), but nearly every client follows it and named loads it; glue
that a delegation lacks makes the child lame and nothing else. What would make
the zone itself unreachable is in ``apex_checks``.

Only names inside the zone are looked at. What lies below a zone cut or a DNAME
is decided elsewhere, so nothing is said of it but glue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.authority.build.apex_checks import address_hint
from dnsd.authority.build.findings import place, warning
from dnsd.authority.build.record_checks import address_as_name, target
from dnsd.authority.build.sorted_zone import ADDRESS, ALIAS, CUT, OCCLUDED
from dnsd.wire import names
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dnsd.authority.build.findings import Check, Findings
    from dnsd.authority.build.sorted_zone import SortedZone
    from dnsd.authority.zonefile.draft import Record

    TargetCheck = Callable[[SortedZone, Record, Findings], None]

GLUE = warning("glue-missing", "RFC 9471 §3.1", "addresses of the name servers in the child")
SIBLING_GLUE = warning(
    "sibling-glue-missing", "RFC 9471 §3.2", "addresses of the name servers in another child"
)
CUT_NS_ALIAS = warning("cut-ns-is-alias", "RFC 2181 §10.3", "a name server that is no alias")
CUT_NS_ADDRESS = warning("cut-ns-address-missing", "RFC 1912 §2.8", "a host with an address")
MX_ALIAS = warning("mx-is-alias", "RFC 2181 §10.3", "a mail host that is no alias")
MX_ADDRESS = warning("mx-address-missing", "RFC 5321 §5.1", "a mail host with an address")
SRV_ALIAS = warning("srv-is-alias", "RFC 2782", "a host that is no alias")
SRV_ADDRESS = warning("srv-address-missing", "RFC 2782", "a host with an address")
SVCB_TARGET = warning("svcb-target-missing", "RFC 9460 §2.5", "a host with an address")
PTR_ALIAS = warning("ptr-is-alias", "RFC 2181 §10.2", "the host's own name")
CNAME_TARGET = warning("cname-target-missing", "RFC 1912 §2.4", "a target that exists")
CNAME_LOOP = warning("cname-loop", "RFC 1034 §3.6.2", "an alias that ends at data")
CNAME_CHAIN = warning("cname-chain", "RFC 1034 §3.6.2", "an alias that leads straight to data")
DNAME_LOOP = warning("dname-loop", "RFC 6672 §2.2", "a target outside the DNAME")

_MAX_CHAIN_LINKS = 11  # as many as an answer follows


def check_target(zone: SortedZone, record: Record, findings: Findings) -> None:
    """Check where one record leads, if it leads into the zone."""
    check = TARGET_CHECKS.get(record.type)
    if check is not None:
        check(zone, record, findings)


def check_chains(zone: SortedZone, aliases: Mapping[bytes, Record], findings: Findings) -> None:
    """Follow every CNAME to its end.

    Args:
        zone: the whole zone.
        aliases: owner to CNAME record, of the whole zone.
        findings: takes what is wrong.
    """
    for owner, record in aliases.items():
        name = target(record)
        for _ in range(_MAX_CHAIN_LINKS):
            following = aliases.get(name)
            if following is None:
                if not zone.find(name) and zone.is_inside(name):
                    _missing(zone, record, name, findings)
                break
            if name == owner:
                message = f"{place(record)} leads back to itself"
                findings.add(CNAME_LOOP, record.where, message)
                break
            name = target(following)
        else:
            message = f"{place(record)} leads over more than {_MAX_CHAIN_LINKS} aliases"
            findings.add(CNAME_CHAIN, record.where, message)


def _missing(zone: SortedZone, record: Record, end: bytes, findings: Findings) -> None:
    """Report an alias to nothing, at the alias that names it."""
    if target(record) == end and not address_as_name(record, zone.origin):
        message = f"{place(record)} points to {names.to_text(end)}, which does not exist"
        findings.add(CNAME_TARGET, record.where, message, address_hint(zone, end))


def _name_server(zone: SortedZone, record: Record, findings: Findings) -> None:
    if not zone.marks[record.owner] & CUT:
        return
    host = target(record)
    if not zone.is_inside(host):
        return
    mark = zone.find(host)
    if mark & ADDRESS:
        return
    if mark & ALIAS and not mark & OCCLUDED:
        _report(CUT_NS_ALIAS, record, f"{names.to_text(host)}, which is an alias", findings)
        return
    if names.is_subdomain(host, record.owner):
        check = GLUE
    elif mark & OCCLUDED:
        check = SIBLING_GLUE
    else:
        check = CUT_NS_ADDRESS
    _no_address(check, zone, record, findings)


def _no_address(check: Check, zone: SortedZone, record: Record, findings: Findings) -> None:
    if address_as_name(record, zone.origin):
        return  # an error already
    host = target(record)
    message = f"{place(record)} points to {names.to_text(host)}, which has no address"
    findings.add(check, record.where, message, address_hint(zone, host))


def _report(check: Check, record: Record, end: str, findings: Findings) -> None:
    findings.add(check, record.where, f"{place(record)} points to {end}")


def _host(alias: Check | None, address: Check | None) -> TargetCheck:
    """Make a check that a target is a host: no alias, and with an address."""

    def check(zone: SortedZone, record: Record, findings: Findings) -> None:
        host = target(record)
        if host == names.ROOT or not zone.is_inside(host):
            return
        mark = zone.find(host)
        if mark & OCCLUDED:
            return
        if mark & ALIAS:
            if alias is not None:
                _report(alias, record, f"{names.to_text(host)}, which is an alias", findings)
        elif not mark & ADDRESS and address is not None:
            _no_address(address, zone, record, findings)

    return check


def _dname(_: SortedZone, record: Record, findings: Findings) -> None:
    if names.is_subdomain(target(record), record.owner):
        message = f"{place(record)} leads into itself"
        findings.add(DNAME_LOOP, record.where, message)


TARGET_CHECKS: dict[int, TargetCheck] = {
    RRType.NS: _name_server,
    RRType.MX: _host(MX_ALIAS, MX_ADDRESS),
    RRType.SRV: _host(SRV_ALIAS, SRV_ADDRESS),
    RRType.SVCB: _host(None, SVCB_TARGET),
    RRType.HTTPS: _host(None, SVCB_TARGET),
    RRType.PTR: _host(PTR_ALIAS, None),
    RRType.DNAME: _dname,
}
