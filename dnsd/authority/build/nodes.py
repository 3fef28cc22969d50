"""Nodes for the store from a sorted zone.

Each name with records becomes one node: its RRsets and the flags that the
lookup goes by. Empty non-terminals have no node. An RRset has the lowest TTL
of its records (RFC 2181 §5.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.authority.build import soa
from dnsd.authority.build.presigned import Presigned
from dnsd.authority.build.sorted_zone import CUT, DNAME, OCCLUDED, rrsets
from dnsd.authority.node import (
    FLAG_APEX,
    FLAG_CUT,
    FLAG_DNAME,
    FLAG_OCCLUDED,
    FLAG_WILDCARD_CHILD,
    encode_node,
)
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.authority.build.sorted_zone import SortedZone

_FLAG_OF_MARK = ((CUT, FLAG_CUT), (DNAME, FLAG_DNAME), (OCCLUDED, FLAG_OCCLUDED))


def nodes(zone: SortedZone, serial: int) -> Iterator[tuple[bytes, bytes]]:
    """Iterate over the nodes of a zone without errors, in canonical order.

    Args:
        zone: the zone, its SOA included; what it was signed with stays with it.
        serial: what the SOA gets.

    Returns:
        Owner names and node octets.
    """
    presigned = Presigned(zone)
    for owner, records in zone.owners():
        found = [
            RRset(
                owner,
                rrset[0].type,
                min(record.ttl for record in rrset),
                tuple(record.rdata for record in rrset),
            )
            for rrset in rrsets(records)
        ]
        if owner == zone.origin:
            _set_serial(found, serial)
        presigned.complete(owner, found)
        yield owner, encode_node(_flags(zone, owner), found)


def _flags(zone: SortedZone, owner: bytes) -> int:
    mark = zone.marks[owner]
    flags = FLAG_APEX if owner == zone.origin else 0
    for bit, flag in _FLAG_OF_MARK:
        if mark & bit:
            flags |= flag
    if b"\x01*" + owner in zone.marks:
        flags |= FLAG_WILDCARD_CHILD
    return flags


def _set_serial(apex: list[RRset], serial: int) -> None:
    for rrset in apex:
        if rrset.type == RRType.SOA:
            rrset.rdatas = (soa.with_serial(rrset.rdatas[0], serial),)
