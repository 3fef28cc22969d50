"""Zones of the simulated Internet, in memory, answered by the daemon's own lookup.

A zone is written as lines, ``owner [TTL] type rdata``, names without a final dot
relative to the origin, as in a master file (RFC 1035 §5.1) without its directives.
"""

from __future__ import annotations

from bisect import bisect_left
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dnsd.authority.keys import chain_key
from dnsd.authority.node import (
    FLAG_APEX,
    FLAG_CUT,
    FLAG_DNAME,
    FLAG_OCCLUDED,
    FLAG_WILDCARD_CHILD,
    Node,
    encode_node,
)
from dnsd.authority.proofs import Chain, chain_of
from dnsd.dnssec.nsec3_hash import digest_in
from dnsd.wire import names, rdata
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType, rrtype_from_text
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEFAULT_TTL = 300
#: What a zone gets that has no SOA of its own: its last number is MINIMUM.
_SOA_NUMBERS = b"".join(number.to_bytes(4, "big") for number in (1, 3600, 900, 604800, 60))

_NS = int(RRType.NS)
_SOA = int(RRType.SOA)
_DNAME = int(RRType.DNAME)
_NSEC3 = int(RRType.NSEC3)


@dataclass(slots=True)
class MemoryZone:
    """One zone; the nodes that ``authority.lookup`` reads.

    Attributes:
        origin: the apex.
        rrsets: all that it holds, the SOA included.
        existing: names that own records, and empty non-terminals.
        parents: those of them that have names below.
        signed_hashes: hash and node octets of NSEC3 records, by the key of their
            chain (``authority.keys.of_hash``), in order.
    """

    origin: bytes
    rrsets: list[RRset]
    existing: set[bytes]
    parents: set[bytes]
    _nodes: dict[bytes, bytes]
    _ordered: list[tuple[bytes, bytes]]
    signed_hashes: dict[bytes, list[tuple[bytes, bytes]]]

    def get(self, name: bytes) -> bytes | None:
        """Return the octets of a node, None for a name without records."""
        return self._nodes.get(name)

    def has_below(self, name: bytes) -> bool:
        """Tell whether any name below this one owns records."""
        return name in self.parents

    def closest_encloser(self, name: bytes) -> bytes:
        """Return the longest existing ancestor of a name, or the name itself."""
        while name not in self.existing:
            name = name[1 + name[0] :]
        return name

    def neighbours(self, name: bytes) -> tuple[bytes | None, bytes | None]:
        """Return the last name with records before this one, and the first not before."""
        place = bisect_left(self._ordered, (names.order_key(name), b""))
        before = self._ordered[place - 1][1] if place else None
        return before, self._ordered[place][1] if place < len(self._ordered) else None

    def hash_at_or_before(self, chain: bytes, digest: bytes) -> tuple[bytes, bytes] | None:
        """Return the NSEC3 record of a hash, or of the last before it in the circle."""
        hashes = self.signed_hashes.get(chain, [])
        if not hashes:
            return None
        place = bisect_left(hashes, (digest, b""))
        if place < len(hashes) and hashes[place][0] == digest:
            return hashes[place]
        return hashes[place - 1]


def zone(origin: bytes, rrsets: Iterable[RRset]) -> MemoryZone:
    """Make a zone.

    Args:
        origin: in canonical form.
        rrsets: owners inside the zone, one of each owner and type; without an SOA
            the zone gets one with TTL 300 and MINIMUM 60.

    Raises:
        FormError: an owner is outside the zone.
    """
    kept = list(rrsets)
    if not any(rrset.type == _SOA for rrset in kept):
        kept.append(RRset(origin, _SOA, DEFAULT_TTL, (origin + origin + _SOA_NUMBERS,)))
    hashes = _take_hashes(origin, kept)
    by_owner: dict[bytes, list[RRset]] = {}
    for rrset in kept:
        by_owner.setdefault(rrset.owner, []).append(rrset)
    existing = {origin}
    parents: set[bytes] = set()
    for owner in by_owner:
        if not names.is_subdomain(owner, origin):
            raise FormError(f"{names.to_text(owner)} is not in {names.to_text(origin)}")
        existing.add(owner)
        above = owner
        while above != origin and (above := names.parent(above)) not in parents:
            parents.add(above)
            existing.add(above)
    stops = {
        owner: FLAG_CUT if any(rrset.type == _NS for rrset in found) else FLAG_DNAME
        for owner, found in by_owner.items()
        if any(rrset.type == _DNAME or (rrset.type == _NS and owner != origin) for rrset in found)
    }
    nodes = {
        owner: encode_node(_flags(owner, origin, stops, existing), found)
        for owner, found in by_owner.items()
    }
    ordered = sorted((names.order_key(owner), owner) for owner in by_owner)
    return MemoryZone(origin, kept, existing, parents, nodes, ordered, hashes)


def _take_hashes(origin: bytes, kept: list[RRset]) -> dict[bytes, list[tuple[bytes, bytes]]]:
    """Take the NSEC3 RRsets out: their owners are no names (RFC 5155 §7.2.8)."""
    hashes: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for rrset in [rrset for rrset in kept if rrset.type == _NSEC3]:
        kept.remove(rrset)
        digest = digest_in(rrset.owner, origin)
        if digest is None:
            raise FormError(f"{names.to_text(rrset.owner)} is no hash in the zone")
        chain = chain_key(rrset.rdatas[0])
        hashes.setdefault(chain, []).append((digest, encode_node(0, [rrset])))
    for found in hashes.values():
        found.sort()
    return hashes


def _flags(owner: bytes, origin: bytes, stops: dict[bytes, int], existing: set[bytes]) -> int:
    flags = stops.get(owner, 0)
    if owner == origin:
        # NS at the apex cuts nothing; a DNAME there redirects.
        flags |= FLAG_APEX
    elif stops and any(above in stops for above in names.ancestors(owner, origin)):
        flags |= FLAG_OCCLUDED
    if b"\x01*" + owner in existing:
        flags |= FLAG_WILDCARD_CHILD
    return flags


def rrsets_from_text(origin: bytes, text: str) -> list[RRset]:
    """Read the lines of a zone; of records of one RRset the first's TTL counts.

    Args:
        origin: what relative names are relative to.
        text: lines; those that are empty or begin with ``;`` are passed over.

    Raises:
        FormError: not a record.
    """
    found: dict[tuple[bytes, int], RRset] = {}
    for line in text.splitlines():
        fields = line.split(maxsplit=2)
        if not fields or fields[0].startswith(";"):
            continue
        ttl = DEFAULT_TTL
        if len(fields) == 3 and fields[1].isdigit():
            ttl = int(fields[1])
            fields[1:] = fields[2].split(maxsplit=1)
        if len(fields) < 3:
            raise FormError(f"not a record: {line!r}")
        owner, rrtype = names.from_text(fields[0], origin), rrtype_from_text(fields[1])
        octets = rdata.from_text(rrtype, fields[2], origin)
        known = found.setdefault((owner, rrtype), RRset(owner, rrtype, ttl, ()))
        known.rdatas += (octets,)
    return list(found.values())


def zone_from_text(origin: str, text: str) -> MemoryZone:
    """Make a zone of lines.

    Raises:
        FormError: not a zone.
    """
    apex = names.from_text(origin)
    return zone(apex, rrsets_from_text(apex, text))


class MemoryServedZone(NamedTuple):
    """One zone as ``authority.answer`` wants it; not generated, in no slot."""

    nodes: MemoryZone
    slot: int = 0
    generated: bool = False


class MemoryZones:
    """Zones that one server answers for, found by name.

    It has the methods of ``authority.zones.Zones`` that answering needs; a snapshot
    is nothing, since nothing changes under a query here.
    """

    def __init__(self, zones: Iterable[MemoryZone]) -> None:
        self._table = {each.origin: MemoryServedZone(each) for each in zones}

    def put(self, zone: MemoryZone) -> None:
        """Serve a zone, in the place of one of the same name."""
        self._table[zone.origin] = MemoryServedZone(zone)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Begin to read."""
        yield

    def closest(self, _snapshot: None, qname: bytes) -> MemoryServedZone | None:
        """Return the zone whose origin is the closest ancestor of a name."""
        table = self._table
        while True:
            found = table.get(qname)
            if found is not None or qname == names.ROOT:
                return found
            qname = qname[1 + qname[0] :]

    def closest_parent_side(self, snapshot: None, qname: bytes) -> MemoryServedZone | None:
        """Return the zone that answers for DS at a name (RFC 4035 §3.1.4.1)."""
        if qname in self._table and qname != names.ROOT:
            above = self.closest(snapshot, names.parent(qname))
            if above is not None:
                return above
        return self.closest(snapshot, qname)

    def chain(self, zone: MemoryServedZone) -> Chain | None:
        """Return what a zone denies with, None if it is not signed."""
        origin = zone.nodes.origin
        octets = zone.nodes.get(origin)
        return None if octets is None else chain_of(origin, Node(octets))
