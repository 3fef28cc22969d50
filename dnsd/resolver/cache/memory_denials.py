"""Secure denials of one process in dictionaries; see ``contract.DenialCache``.

Also where the shared cache has what waits to be written. First in, first out: a
record that is seen again goes to the end. A zone that has its share gives up the
record that stands next to the new one.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import OrderedDict
from itertools import islice
from typing import TYPE_CHECKING

from dnsd.resolver.cache.admission import CacheBounds
from dnsd.resolver.cache.selectors import selects_denials, zones_that_deny

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.resolver.cache.contract import Denier, Kept, Selector

#: Bounds of what has no file to be in.
_BOUNDS = CacheBounds(octets=4 << 20)


class _Zone:
    """The records of one zone."""

    __slots__ = ("denier", "kept", "places")

    def __init__(self, denier: Denier) -> None:
        self.denier = denier
        self.kept: dict[bytes, Kept] = {}
        self.places: list[bytes] = []


class MemoryDenials:
    """A cache of denials; see :class:`~dnsd.resolver.cache.contract.DenialCache`."""

    def __init__(self, bounds: CacheBounds | None = None) -> None:
        self._bounds = bounds or _BOUNDS
        self._zones: dict[bytes, _Zone] = {}
        self._queue: OrderedDict[tuple[bytes, bytes], None] = OrderedDict()

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self._queue)

    def holds(self, now: float) -> bool:  # noqa: ARG002 - the contract's
        """Tell whether there is anything."""
        return bool(self._zones)

    def zone(self, zone: bytes, now: float) -> Denier | None:  # noqa: ARG002 - the contract's
        """Return what is known of a zone, see the contract."""
        found = self._zones.get(zone)
        return None if found is None else found.denier

    def before(self, zone: bytes, place: bytes, now: float) -> Kept | None:
        """Return the record at or before a place, see the contract."""
        found = self.nearest(zone, place)
        return found[1] if found is not None and found[1].expiry > now else None

    def nearest(self, zone: bytes, place: bytes) -> tuple[bytes, Kept] | None:
        """Return the place at or next before another, and the record there, expired or not."""
        found = self._zones.get(zone)
        if found is None:
            return None
        index = bisect_right(found.places, place) - 1
        if index < 0 and not found.denier.chain:
            return None
        return found.places[index], found.kept[found.places[index]]

    def put(self, zone: bytes, denier: Denier, place: bytes, kept: Kept, now: float) -> str:
        """Keep a record, see the contract."""
        found = self._zones.get(zone)
        if found is not None and (found.denier.chain, found.denier.trust) != (
            denier.chain,
            denier.trust,
        ):
            self._forget(zone)
            found = None
        if found is None:
            found = self._zones[zone] = _Zone(denier)
        elif denier.soa is not None:
            found.denier = denier
        if place not in found.kept:
            if len(found.places) >= self._bounds.zone_denials:
                index = bisect_right(found.places, place)
                self._remove(zone, found.places[index % len(found.places)])
                found = self._zones.setdefault(zone, found)
            insort(found.places, place)
        found.kept[place] = kept
        self._queue[zone, place] = None
        self._queue.move_to_end((zone, place))
        return self._make_room(now)

    def records(self) -> Iterator[tuple[bytes, Denier, bytes, Kept]]:
        """Go over all records: zone, what is known of it, place, and the record."""
        for zone, place in self._queue:
            found = self._zones[zone]
            yield zone, found.denier, place, found.kept[place]

    def remove_first(self, count: int) -> None:
        """Remove so many of the records that :meth:`records` names first."""
        for zone, place in list(islice(self._queue, count)):
            self._remove(zone, place)

    def flush(self, selector: Selector) -> int:
        """Remove what may deny what is selected; how many records went."""
        if not selects_denials(selector):
            return 0
        before = len(self._queue)
        for zone in zones_that_deny(selector, list(self._zones)):
            self._forget(zone)
        return before - len(self._queue)

    def _make_room(self, now: float) -> str:
        limit = ""
        while self._queue:
            zone, place = next(iter(self._queue))
            if self._zones[zone].kept[place].expiry > now:
                if len(self._queue) <= self._bounds.denials:
                    break
                limit = "cache_denials"
            self._remove(zone, place)
        return limit

    def _remove(self, zone: bytes, place: bytes) -> None:
        found = self._zones[zone]
        del self._queue[zone, place], found.kept[place]
        del found.places[bisect_right(found.places, place) - 1]
        if not found.places:
            del self._zones[zone]

    def _forget(self, zone: bytes) -> None:
        for place in self._zones.pop(zone).places:
            del self._queue[zone, place]
