"""Caches of one process in dictionaries: for the lab, for tests, and without a disk.

What leaves when there is no room: what expired first; then the oldest of what
nobody asked for again, with a bound on the part that those may not touch. Both
queues are first in, first out; an entry that was found twice while it waited in
the first moves to the *protected* one, and one that was found while it waited
there goes around once more. A flood of names that are asked once therefore
passes through the first queue only.

Entries are objects here, which takes ten times the room of their octets and the
garbage collector's time, so the bounds are small unless said.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from typing import TYPE_CHECKING

from dnsd.resolver.cache import admission, selectors
from dnsd.resolver.cache.admission import CacheBounds
from dnsd.resolver.cache.contract import NXDOMAIN_TYPE, Kind, Security, Statistics
from dnsd.resolver.options import ResolverLimits
from dnsd.wire.iana import RRType
from dnsd.wire.names import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dnsd.resolver.cache.contract import Entry, Selector
    from dnsd.resolver.delegation import Delegation

#: Bounds of what has no file to be in.
MEMORY_BOUNDS = CacheBounds(entries=30_000, octets=48 << 20)
#: What Python takes for an entry and for a zone cut, beside their octets; measured.
ENTRY_OCTETS = 950
CUT_OCTETS = 700

_HITS_TO_PROTECT = 2
# Entries too old to be given at all, freed with each one that comes.
_FREED_A_PUT = 2

_Place = tuple[bytes, int]


class _Held:
    """An entry and how often it was found while it waited."""

    __slots__ = ("entry", "hits", "octets")

    def __init__(self, entry: Entry, octets: int) -> None:
        self.entry = entry
        self.octets = octets
        self.hits = 0


class MemoryRecords:
    """A record cache; see :class:`~dnsd.resolver.cache.contract.RecordCache`."""

    def __init__(
        self, bounds: CacheBounds | None = None, limits: ResolverLimits | None = None
    ) -> None:
        self._bounds = bounds or MEMORY_BOUNDS
        self._limits = limits or ResolverLimits()
        self._nodes: dict[bytes, dict[int, _Held]] = {}
        self._once: OrderedDict[_Place, None] = OrderedDict()
        self._protected: OrderedDict[_Place, None] = OrderedDict()
        self._zones: dict[bytes, OrderedDict[_Place, None]] = {}
        self._expiries: list[tuple[float, bytes, int]] = []
        self._octets = 0
        self._counts = [0, 0, 0]  # by Kind
        self._kind_octets = [0, 0, 0]

    def find(self, name: bytes, rrtype: int, now: float, *, below: bytes = ROOT) -> Entry | None:
        """Return what answers a question now, see the contract."""
        node = self._nodes.get(name)
        if node is not None:
            held = _answering(node, rrtype, now)
            if held is not None:
                held.hits += 1
                return held.entry
        shortest = len(below)
        while len(name) > shortest:
            name = name[1 + name[0] :]
            if len(name) <= shortest:
                break
            node = self._nodes.get(name)
            if node is None:
                continue
            held = node.get(NXDOMAIN_TYPE)
            # What failed validation denies nothing but its own name.
            if held and held.entry.expiry > now and held.entry.security != Security.BOGUS:
                held.hits += 1
                return held.entry
        return None

    def find_stale(self, name: bytes, rrtype: int, now: float, max_age_s: float) -> Entry | None:
        """Return an expired entry that is not too old, see the contract."""
        node = self._nodes.get(name)
        held = _answering(node, rrtype, now - max_age_s) if node else None
        return held.entry if held else None

    def put(self, entry: Entry, now: float) -> str:
        """Keep an entry, see the contract."""
        limit = admission.refused(entry, self._limits)
        if limit:
            return limit
        name, rrtype = entry.name, entry.type
        node = self._nodes.get(name, {})
        rivals = node if rrtype == NXDOMAIN_TYPE else (rrtype, NXDOMAIN_TYPE)
        for rival in list(rivals):
            held = node.get(rival)
            if held and held.entry.rank > entry.rank and held.entry.expiry > now:
                return ""
        for rival in list(rivals):
            if rival in node and rival != rrtype:
                self._remove((name, rival))
        replaced = node.get(rrtype)
        hits = replaced.hits if replaced else 0
        protected = (name, rrtype) in self._protected
        if replaced:
            self._remove((name, rrtype))
        if len(node) >= self._limits.name_types:
            kept = ((held.entry.type, held.entry.stored) for held in node.values())
            self._remove((name, admission.type_to_leave(kept)))
            limit = "name_types"
        limit = self._leave_zone_share(entry) or limit
        held = self._add(entry, protected=protected)
        held.hits = hits
        return self._make_room(now) or limit

    def note_found(self, names: Iterable[bytes]) -> None:
        """Count names as found that a cache of answers in front gave."""
        for name in names:
            for held in self._nodes.get(name, {}).values():
                held.hits += 1

    def entries(self) -> Iterator[Entry]:
        """Go over all entries, expired ones too; the cache may change meanwhile."""
        for name in list(self._nodes):
            for held in list(self._nodes.get(name, {}).values()):
                yield held.entry

    def flush(self, selector: Selector) -> int:
        """Remove what is selected; how many entries went."""
        if selector.name is not None:
            found = [held.entry for held in self._nodes.get(selector.name, {}).values()]
        else:
            found = list(self.entries())
        places = [(e.name, e.type) for e in found if selectors.selects_entry(selector, e)]
        for place in places:
            self._remove(place)
        return len(places)

    def statistics(self) -> Statistics:
        """Return how full the cache is."""
        positive, nodata, nxdomain = self._counts
        return Statistics(
            positive,
            nodata,
            nxdomain,
            used_octets=self._octets,
            filled_octets=self._octets,
            limit_octets=self._bounds.octets,
            limit_entries=self._bounds.entries,
            kind_octets=tuple(self._kind_octets),
        )

    def _add(self, entry: Entry, *, protected: bool) -> _Held:
        place = (entry.name, entry.type)
        octets = ENTRY_OCTETS + admission.entry_octets(entry) + len(entry.name)
        held = _Held(entry, octets)
        self._nodes.setdefault(entry.name, {})[entry.type] = held
        (self._protected if protected else self._once)[place] = None
        if admission.has_zone_share(entry):
            self._zones.setdefault(entry.zone, OrderedDict())[place] = None
        self._octets += octets
        self._counts[entry.kind] += 1
        self._kind_octets[entry.kind] += octets
        heapq.heappush(self._expiries, (entry.expiry, *place))
        if len(self._expiries) > 2 * sum(self._counts) + 64:
            # Most of them are of entries that were replaced.
            self._expiries = [
                (held.entry.expiry, name, rrtype)
                for name, node in self._nodes.items()
                for rrtype, held in node.items()
            ]
            heapq.heapify(self._expiries)
        return held

    def _remove(self, place: _Place) -> None:
        name, rrtype = place
        node = self._nodes[name]
        held = node.pop(rrtype)
        if not node:
            del self._nodes[name]
        self._once.pop(place, None)
        self._protected.pop(place, None)
        zone = held.entry.zone
        places = self._zones.get(zone)
        if places and places.pop(place, self) is None and not places:
            del self._zones[zone]
        self._octets -= held.octets
        self._counts[held.entry.kind] -= 1
        self._kind_octets[held.entry.kind] -= held.octets

    def _leave_zone_share(self, entry: Entry) -> str:
        """Make room within the zone cut of an entry, if that has its share already."""
        places = self._zones.get(entry.zone)
        if (
            places is None
            or not admission.has_zone_share(entry)
            or len(places) < self._bounds.zone_entries
        ):
            return ""
        self._remove(next(iter(places)))
        return "cache_zone_share"

    def _make_room(self, now: float) -> str:
        for _ in range(_FREED_A_PUT):
            self._free_expired(now - self._limits.stale_age_s)
        limit = ""
        while (count := sum(self._counts)) > self._bounds.entries or (
            self._octets > self._bounds.octets
        ):
            limit = "cache_entries" if count > self._bounds.entries else "cache_octets"
            if not self._free_expired(now):
                self._free_oldest()
        return limit

    def _free_expired(self, before: float) -> bool:
        """Remove the entry that expired first, if that was before some time."""
        while self._expiries and self._expiries[0][0] <= before:
            expiry, name, rrtype = heapq.heappop(self._expiries)
            held = self._nodes.get(name, {}).get(rrtype)
            if held is not None and held.entry.expiry == expiry:
                self._remove((name, rrtype))
                return True
        return False

    def _free_oldest(self) -> None:
        """Remove the oldest entry that nobody asked for again."""
        while True:
            room = len(self._protected) <= self._bounds.protected_share * self._bounds.entries
            first, needed = self._once, _HITS_TO_PROTECT
            if not self._once or not room:
                first, needed = self._protected, 1
            place = next(iter(first))
            held = self._nodes[place[0]][place[1]]
            if held.hits < needed:
                self._remove(place)
                return
            held.hits = 0
            del first[place]
            self._protected[place] = None


def _answering(node: dict[int, _Held], rrtype: int, now: float) -> _Held | None:
    """Return the entry of a name that answers for a type."""
    held = node.get(rrtype)
    if held and held.entry.expiry > now:
        return held
    held = node.get(RRType.CNAME)
    if held and held.entry.expiry > now and held.entry.kind == Kind.POSITIVE:
        return held
    held = node.get(NXDOMAIN_TYPE)
    return held if held and held.entry.expiry > now else None


class MemoryDelegations:
    """A delegation cache; see :class:`~dnsd.resolver.cache.contract.DelegationCache`."""

    def __init__(self, bounds: CacheBounds | None = None) -> None:
        self._bounds = bounds or MEMORY_BOUNDS
        self._cuts: OrderedDict[bytes, tuple[Delegation, int]] = OrderedDict()
        self._hit: set[bytes] = set()
        self._octets = 0

    def closest(self, name: bytes, now: float) -> Delegation | None:
        """Return the deepest current zone cut at or above a name."""
        while True:
            kept = self._cuts.get(name)
            if kept and kept[0].expiry > now:
                self._hit.add(name)
                return kept[0]
            if name == ROOT:
                return None
            name = name[1 + name[0] :]

    def put(self, delegation: Delegation, now: float) -> str:
        """Keep a zone cut, see the contract."""
        zone = delegation.zone
        self._remove(zone)
        octets = CUT_OCTETS + len(zone) + admission.delegation_octets(delegation)
        self._cuts[zone] = (delegation, octets)
        self._octets += octets
        limit = ""
        while (
            len(self._cuts) > self._bounds.delegations
            or self._octets > self._bounds.octets * self._bounds.delegation_share
        ):
            limit = "cache_delegations"
            oldest, (kept, _) = next(iter(self._cuts.items()))
            if oldest in self._hit and kept.expiry > now:
                self._hit.discard(oldest)
                self._cuts.move_to_end(oldest)
            else:
                self._remove(oldest)
        return limit

    def delegations(self) -> Iterator[Delegation]:
        """Go over all zone cuts; the cache may change meanwhile."""
        for delegation, _ in list(self._cuts.values()):
            yield delegation

    def flush(self, selector: Selector) -> int:
        """Remove what is selected; how many zone cuts went."""
        found = [d.zone for d in self.delegations() if selectors.selects_delegation(selector, d)]
        for zone in found:
            self._remove(zone)
        return len(found)

    def statistics(self) -> Statistics:
        """Return how full the cache is."""
        return Statistics(
            delegations=len(self._cuts),
            used_octets=self._octets,
            filled_octets=self._octets,
            limit_octets=int(self._bounds.octets * self._bounds.delegation_share),
            limit_entries=self._bounds.delegations,
            delegation_octets=self._octets,
        )

    def _remove(self, zone: bytes) -> None:
        kept = self._cuts.pop(zone, None)
        if kept is not None:
            self._octets -= kept[1]
            self._hit.discard(zone)
