"""The cache that all processes of the daemon share: one LMDB file.

Each process opens it once, after the fork, and has one :class:`SharedCache` with
its views, ``records``, ``delegations`` and ``denials``. What they put waits in memory, is
found there at once, and is written by :meth:`SharedCache.commit_when_due`, which the
caller calls once a turn. A transaction changes at most :data:`KEYS` names, so that no
process waits long for another, and the file is never so full that the next one
finds no room.

What a process put before a flush, and had not written, is not written after it:
the file counts flushes, and a commit looks.

No error of the file leaves this package. What cannot be read was never learned,
what cannot be written is learned again; :attr:`SharedCache.trouble` says why.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import lmdb

from dnsd.resolver.cache import lmdb_file
from dnsd.resolver.cache.contract import Statistics
from dnsd.resolver.cache.eviction import Evictor, Excess, excess, fills
from dnsd.resolver.cache.lmdb_change import Change, Counts, Databases, slices, used_pages
from dnsd.resolver.cache.lmdb_delegations import SharedDelegations
from dnsd.resolver.cache.lmdb_denials import SharedDenials
from dnsd.resolver.cache.lmdb_records import DAMAGE, NOTED_NAMES, SharedRecords, join_waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from dnsd.resolver.cache.admission import Setting
    from dnsd.resolver.cache.lmdb_records import Waiting
    from dnsd.resolver.delegation import Delegation

#: Most names that one transaction changes.
KEYS: Final = 100

#: Names that may wait for a transaction, and for how many seconds.
WORTHWHILE: Final = 20
WAIT_S: Final = 0.05

# Pages of the file for each name that a transaction may change: it copies three or
# so, and what it gives up can be used again two transactions later.
_PAGES_A_KEY = 160
_FEWEST_KEYS = 4
# Names written since the pages in use were counted, until they are counted again.
_RECOUNT = 16
_MARKS_EVERY_S = 1.0
_LOOK_EVERY_S = 1.0
# More than one, for others may have written too, and what is found again goes round.
_EVICTIONS_A_WRITE = 4

_NOTHING: Final[Counter[str]] = Counter()

_Result = TypeVar("_Result")


class Opened(NamedTuple):
    """What became of opening the cache.

    Attributes:
        cache: None when it has to be kept in memory.
        note: why, for people.
    """

    cache: SharedCache | None
    note: str = ""


def open_cache(directory: Path, setting: Setting) -> Opened:
    """Open a file that ``lmdb_file.prepare_cache`` made ready, once a process.

    Args:
        directory: where it lies.
        setting: the same in every process.
    """
    try:
        environment = lmdb_file.open_environment(directory, setting.bounds.octets)
    except (lmdb.Error, MemoryError) as error:
        return Opened(None, f"{lmdb_file.IN_MEMORY}: {error}")
    try:
        return Opened(SharedCache(environment, setting))
    except DAMAGE as error:
        environment.close()
        return Opened(None, f"{lmdb_file.IN_MEMORY}: {error}")


class SharedCache:
    """One process's hold of the shared cache. Made by :func:`open_cache`.

    Attributes:
        records: entries.
        delegations: zone cuts.
        denials: of signed zones.
        environment: for the views.
        databases: for the views.
        shift: what times in the file are more than monotonic seconds.
        limits: of names and RRsets.
        noting: the file fills, so the views note what is found.
        trouble: the last error of the file, empty for none.
        troubles: how many errors of the file there were.
        keys_limit: most names that one transaction changes.
        flushes: of the file, as far as this process took part in them.
    """

    def __init__(self, environment: lmdb.Environment, setting: Setting) -> None:
        self.environment = environment
        self.shift = lmdb_file.read_header(environment).shift
        self.databases = Databases(
            *(environment.open_db(name.encode()) for name in Databases._fields)
        )
        self.limits = setting.limits
        self.noting = False
        self.trouble = ""
        self.troubles = 0
        self._bounds = setting.bounds
        self._share = (setting.limits.name_types, setting.bounds.zone_entries)
        self._page_octets = environment.stat()["psize"]
        self._pages_limit = setting.bounds.octets // self._page_octets
        self.keys_limit = max(_FEWEST_KEYS, min(KEYS, self._pages_limit // _PAGES_A_KEY))
        self._evictor = Evictor(setting.bounds)
        self._marked_at = float("-inf")
        self._looked_at = float("-inf")
        self._waits_since = 0.0
        self._hits: Counter[str] = Counter()
        self._full = False
        self._uncounted = 0
        with environment.begin() as transaction:
            self._pages = used_pages(transaction, self.databases)
            self._counts = Counts(transaction.get(b"counts", db=self.databases.state))
        self.flushes = self._counts.flushes
        self.records = SharedRecords(self, setting.generation)
        self.delegations = SharedDelegations(self, setting.generation)
        self.denials = SharedDenials(self, setting.bounds, setting.generation)

    def close(self) -> None:
        """Close the file; what waits is lost."""
        self.environment.close()

    def commit_when_due(self, now: float) -> Counter[str]:
        """Do what :meth:`commit` does, when it is worth its while; call once a turn.

        That is when :data:`WORTHWHILE` names wait, or one has for :data:`WAIT_S`:
        a transaction costs as much as writing some ten names.
        """
        waiting = len(self.records.waiting) + len(self.delegations.waiting)
        waiting += len(self.denials.waiting)
        if waiting < WORTHWHILE and not self._marks_are_due(now):
            if not waiting:
                if now - self._looked_at >= _LOOK_EVERY_S:
                    self._looked_at = now
                    self._look()
                return _NOTHING
            if not self._waits_since:
                self._waits_since = now
            if now - self._waits_since < WAIT_S:
                return _NOTHING
        return self.commit(now)

    def commit(self, now: float) -> Counter[str]:
        """Write what waits, and make room; call now and then even when nothing waits.

        Args:
            now: monotonic seconds.

        Returns:
            Names of the limits that were reached since the last time, and for how
            many names: ``cache_entries``, ``cache_octets`` and
            ``cache_delegations``, which left for others; ``cache_zone_share``.
        """
        self.settle(now)
        hits, self._hits = self._hits, Counter()
        return hits

    def settle(self, now: float) -> None:
        """Do what :meth:`commit` does, which reports the limits later."""
        self._waits_since = 0.0
        waiting, cuts = self.records.waiting, self.delegations.waiting
        if self._marks_are_due(now):
            self._mark(now)  # before anything has to leave
        while waiting or cuts:
            names = list(islice(waiting, self.keys_limit))
            zones = list(islice(cuts, self.keys_limit - len(names)))
            self._write_waiting(
                [(name, waiting.pop(name)) for name in names],
                [cuts.pop(zone) for zone in zones],
                now,
            )
            self._make_room(now)
        while self.denials.waiting:
            self._write_denials(now)

    def _look(self) -> None:
        """See how full the others have made the cache."""
        try:
            with self.environment.begin(self.databases.state) as transaction:
                self._counts = Counts(transaction.get(b"counts"))
                self._pages = used_pages(transaction, self.databases)
        except DAMAGE as error:
            self.failed(error)
        self.noting = fills(self._counts, self._bounds, self._pages, self._pages_limit)

    def _make_room(self, now: float) -> None:
        for _ in range(_EVICTIONS_A_WRITE):
            if not self._evict(now):
                break

    def _marks_are_due(self, now: float) -> bool:
        found = len(self.records.found) + len(self.delegations.found)
        return found > 0 and (now - self._marked_at >= _MARKS_EVERY_S or found >= self.keys_limit)

    def evict(self, now: float, hits: Iterable[bytes] = ()) -> int:
        """Make room, and note what others than this cache saw asked for again.

        Args:
            now: monotonic seconds.
            hits: names, such as those that a cache of answers in front gave.

        Returns:
            How many names and zone cuts were removed.
        """
        found = self.records.found
        for name in islice(hits, NOTED_NAMES):
            found[name] = found.get(name, 0) + 1
        self._mark(now)
        return self._evict(now)

    def tidy(self, now: float) -> int:
        """Free what expired too long ago to be given; how many names and zone cuts went.

        One process calls it now and then, for the next few hundred: some 2 ms.
        """
        shifted = now + self.shift
        before = shifted - self.limits.stale_age_s
        try:
            self.environment.reader_check()  # those that died hold back the pages they read
        except lmdb.Error as error:
            self.failed(error)

        def work(change: Change) -> int:
            return self._evictor.tidy(change, before, shifted, self.keys_limit)

        return self.write(work) or 0

    def statistics(self) -> Statistics:
        """Return how full the cache is, what waits left out."""
        self._look()
        counts = self._counts
        positive, nodata, nxdomain = counts.kinds
        return Statistics(
            positive,
            nodata,
            nxdomain,
            counts.cuts,
            counts.record_octets + counts.cut_octets,
            self._pages * self._page_octets,
            self._bounds.octets,
            self._bounds.entries,
            tuple(counts.kind_octets),
            counts.cut_octets,
        )

    def failed(self, error: Exception) -> None:
        """Note an error of the file."""
        self.trouble = f"{type(error).__name__}: {error}"
        self.troubles += 1

    def forget_flushed(self) -> None:
        """Forget what waits if there was a flush: much else moves the generation."""
        flushes = -1  # when the file cannot be read, it may have been
        try:
            with self.environment.begin(self.databases.state) as transaction:
                flushes = Counts(transaction.get(b"counts")).flushes
        except DAMAGE as error:
            self.failed(error)
        if flushes != self.flushes:
            self._forget_waiting(flushes)

    def _forget_waiting(self, flushes: int) -> None:
        self.flushes = flushes
        self.records.forget()
        self.delegations.forget()
        self.denials.forget()

    def slices(
        self, database: lmdb._Database, prefix: bytes = b""
    ) -> Iterator[tuple[bytes, bytes]]:
        """Go over names and what is kept of them; no transaction lives between two.

        Args:
            database: of records or delegations.
            prefix: of the keys to go over.
        """
        try:
            yield from slices(self.environment, database, prefix)
        except lmdb.Error as error:
            self.failed(error)

    def write(self, work: Callable[[Change], _Result]) -> _Result | None:
        """Run one write transaction.

        Returns:
            What ``work`` returned; None when it came to nothing.
        """
        try:
            with self.environment.begin(write=True) as transaction:
                change = Change(transaction, self.databases)
                result = work(change)
                if self._uncounted >= _RECOUNT:
                    self._pages = used_pages(transaction, self.databases)
                    self._uncounted = 0
                change.finish()
        except lmdb.MapFullError:
            self._full = True
            self._hits["cache_octets"] += 1
            return None
        except (*DAMAGE, AssertionError) as error:
            self.failed(error)
            return None
        self._counts = change.counts
        return result

    def _write_waiting(
        self, names: list[tuple[bytes, Waiting]], cuts: list[Delegation], now: float
    ) -> None:
        def work(change: Change) -> None:
            if change.counts.flushes != self.flushes:
                self._forget_waiting(change.counts.flushes)  # learned before it
                return
            for name, waiting in names:
                full = join_waiting(change, name, waiting, now + self.shift, self._share)
                if full:
                    self._hits["cache_zone_share"] += full
            for delegation in cuts:
                change.put_cut(delegation, self.shift)

        self._uncounted += len(names) + len(cuts)
        self.write(work)

    def _write_denials(self, now: float) -> None:
        def work(change: Change) -> int:
            if change.counts.flushes != self.flushes:
                self._forget_waiting(change.counts.flushes)
                return 0
            return self.denials.write(change, now, self.keys_limit)

        left = self.write(work)
        if left:
            self._hits["cache_denials"] += left
        elif left is None:
            self.denials.forget()

    def _mark(self, now: float) -> None:
        """Note in the file what was found."""
        self._marked_at = now
        found = [(name, hits, False) for name, hits in self.records.found.items()]
        found += [(zone, hits, True) for zone, hits in self.delegations.found.items()]
        self.records.found.clear()
        self.delegations.found.clear()
        for start in range(0, len(found), self.keys_limit):
            some = found[start : start + self.keys_limit]

            def work(change: Change, some: list[tuple[bytes, int, bool]] = some) -> None:
                for name, hits, cut in some:
                    change.mark(name, hits, cut=cut)

            self.write(work)

    def _evict(self, now: float) -> int:
        """Remove some of what is too much; how many went."""
        counts, pages = self._counts, self._pages
        self.noting = fills(counts, self._bounds, pages, self._pages_limit)
        was_full, self._full = self._full, False
        if not was_full and not excess(counts, self._bounds, pages, self._pages_limit).limit:
            return 0
        keys_limit = max(1, self.keys_limit // 4) if was_full else self.keys_limit

        def work(change: Change) -> int:
            pages = used_pages(change.transaction, self.databases)
            too_much = excess(change.counts, self._bounds, pages, self._pages_limit)
            if was_full and not too_much.limit:
                too_much = Excess(names=keys_limit, limit="cache_octets")
            removed = self._evictor.evict(change, too_much, now + self.shift, keys_limit)
            if removed:
                self._hits[too_much.limit] += removed
            self._uncounted = _RECOUNT
            return removed

        removed = self.write(work)
        if was_full and self._full:
            # Not even removing finds room. What is left is to begin anew.
            self._full = False
            self.write(lambda change: change.drop(records=True, cuts=True))
        return removed or 0
