"""Secure denials that all processes share, as one of them sees them (RFC 8198).

What waits to be written is found at once. What another process wrote of a zone that was
not there is seen after ``FRONT_S`` at the latest. The file is read in a transaction of
one step of a cursor; see ``lmdb_denials_change`` for its layout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.resolver.cache import keys, lmdb_denials_change
from dnsd.resolver.cache.lmdb_change import DENIALS_STATE, step_to
from dnsd.resolver.cache.lmdb_denials_change import Writing, is_one_chain, remove_zones, unpack_row
from dnsd.resolver.cache.lmdb_records import DAMAGE, FRONT_NAMES, FRONT_S
from dnsd.resolver.cache.memory_denials import MemoryDenials

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.resolver.cache.admission import CacheBounds
    from dnsd.resolver.cache.contract import Denier, Kept, Selector
    from dnsd.resolver.cache.lmdb_change import Change
    from dnsd.resolver.cache.lmdb_denials_change import Row
    from dnsd.resolver.cache.lmdb_store import SharedCache

#: Records that may wait; more are written at once.
WAITING: Final = 500


class SharedDenials:
    """A cache of denials; see :class:`~dnsd.resolver.cache.contract.DenialCache`.

    Attributes:
        waiting: what the next ``commit`` writes.
    """

    def __init__(
        self, store: SharedCache, bounds: CacheBounds, generation: Callable[[], int]
    ) -> None:
        self._store = store
        self._bounds = bounds
        self._generation = generation
        self._seen = generation()
        self._shift = store.shift
        self.waiting = MemoryDenials(bounds)
        self._front: dict[bytes, tuple[Row | None, float]] = {}
        self._count = 0
        self._counted_at = float("-inf")

    def holds(self, now: float) -> bool:
        """Tell whether there may be anything; of others' it is known after a second."""
        if now - self._counted_at >= FRONT_S:
            self._counted_at = now
            self._count = self._read_count()
        return self._count > 0 or len(self.waiting) > 0

    def zone(self, zone: bytes, now: float) -> Denier | None:
        """Return what is known of a zone, see the contract."""
        if self._generation() != self._seen:
            self._look_again()
        waiting = self.waiting.zone(zone, now)
        row = self._row(zone, now)
        if row is None or (waiting is not None and not is_one_chain(waiting, row.denier)):
            return waiting
        if waiting is None or waiting.soa is None:
            return row.denier
        return waiting

    def before(self, zone: bytes, place: bytes, now: float) -> Kept | None:
        """Return the record at or before a place, see the contract."""
        denier = self.zone(zone, now)
        if denier is None:
            return None
        found = [self.waiting.nearest(zone, place)] if self.waiting.zone(zone, now) else []
        row = self._row(zone, now)
        if row is not None and is_one_chain(row.denier, denier):
            try:
                found.append(self._nearest(row, zone, place))
            except DAMAGE as error:
                self._store.failed(error)
        # At or before the place, or behind all others: round the end of the chain.
        places = [each for each in found if each is not None]
        if not places:
            return None
        kept = max(places, key=lambda each: (each[0] <= place, each[0], each[1].expiry))[1]
        return kept if kept.expiry > now else None

    def put(self, zone: bytes, denier: Denier, place: bytes, kept: Kept, now: float) -> str:
        """Keep a record; it is written by the next ``commit``, which reports limits."""
        if self._generation() != self._seen:
            self._look_again()
        self.waiting.put(zone, denier, place, kept, now)
        if len(self.waiting) >= WAITING:
            self._store.settle(now)
        return ""

    def flush(self, selector: Selector) -> int:
        """Remove what may deny what is selected, for all processes; how many zones went.

        The caller moves the generation afterwards.
        """

        def work(change: Change) -> int:
            # What was learned before the flush is not to come after it.
            change.counts.flushes += 1
            self._store.flushes = change.counts.flushes
            return remove_zones(change, selector)

        self.forget()
        return self._store.write(work) or 0

    def forget(self) -> None:
        """Forget what is not in the file: something was flushed."""
        self._seen = self._generation()
        self.waiting = MemoryDenials(self._bounds)
        self._front.clear()

    def write(self, change: Change, now: float, most: int) -> int:
        """Write some of what waits; how many records left for it.

        Args:
            change: a transaction.
            now: monotonic seconds.
            most: records.
        """
        written = []
        writing = Writing(change, self._bounds, self._shift, now)
        for each in self.waiting.records():
            writing.put(*each)
            written.append(each[0])
            if len(written) == most:
                break
        self.waiting.remove_first(len(written))
        for zone in written:
            self._front.pop(zone, None)
        writing.finish()
        self._count = writing.records
        return writing.left

    def _look_again(self) -> None:
        self._seen = self._generation()
        self._front.clear()
        self._store.forget_flushed()

    def _read_count(self) -> int:
        try:
            with self._store.environment.begin(self._store.databases.state) as transaction:
                octets = transaction.get(DENIALS_STATE)
        except DAMAGE as error:
            self._store.failed(error)
            return 0
        return lmdb_denials_change.count(octets)

    def _row(self, zone: bytes, now: float) -> Row | None:
        known = self._front.get(zone)
        if known is not None and known[1] > now:
            return known[0]
        try:
            with self._store.environment.begin(self._store.databases.denial_zones) as transaction:
                octets = transaction.get(keys.of_name(zone))
            row = unpack_row(octets, zone, self._shift) if octets else None
        except DAMAGE as error:
            self._store.failed(error)
            row = None
        if len(self._front) >= FRONT_NAMES:
            self._front.clear()
        self._front[zone] = (row, now + FRONT_S)
        return row

    def _nearest(self, row: Row, zone: bytes, place: bytes) -> tuple[bytes, Kept] | None:
        number = row.number.to_bytes(4, "big")
        with self._store.environment.begin(self._store.databases.denials) as transaction:
            cursor = transaction.cursor()
            is_there = step_to(cursor, number + place) and cursor.key()[:4] == number
            if not is_there and row.denier.chain:
                # Before the first hash stands the last.
                is_there = step_to(cursor, (row.number + 1).to_bytes(4, "big"))
            if not is_there or cursor.key()[:4] != number:
                return None
            kept = lmdb_denials_change.unpack(cursor.value(), zone, self._shift)
            return None if kept is None else (cursor.key()[4:], kept)
