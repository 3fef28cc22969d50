"""The record cache that all processes share, as one of them sees it.

In front stands a small dictionary of what was found lately. What another process
wrote is seen there after :data:`FRONT_S` at the latest, what was flushed at once,
because the caller's *generation* moves. Behind it stand entries that wait to be
written, behind these the file, which is read in a transaction of one look-up.

Finding never writes. That a name was found is noted here, for a bounded number of
names, and goes into the file with other writes, at most twice for each time that
the name goes through its queue.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import lmdb

from dnsd.resolver.cache import admission, entries, lmdb_flush, merging, zone_share
from dnsd.resolver.cache.contract import NXDOMAIN_TYPE, Security
from dnsd.resolver.cache.entries import HITS
from dnsd.wire.names import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dnsd.resolver.cache.contract import Entry, Selector
    from dnsd.resolver.cache.entries import Packed
    from dnsd.resolver.cache.lmdb_change import Change
    from dnsd.resolver.cache.lmdb_store import SharedCache

#: Seconds for which the dictionary in front is believed.
FRONT_S: Final = 1.0
#: Names in it; when there are more, it begins anew.
FRONT_NAMES: Final = 2048
#: Names of which is noted at a time that they were found.
NOTED_NAMES: Final = 1024

#: Names that may wait; more are written at once.
WAITING_NAMES: Final = 500

#: What a damaged page or node leads to.
DAMAGE: Final = (lmdb.Error, struct.error, IndexError, ValueError)


class Waiting:
    """A name whose entries wait to be written.

    Attributes:
        node: what the file held when the first of them came.
        packed: what the name has with them.
        added: the entries alone, for a file that has changed since.
    """

    __slots__ = ("added", "node", "packed")

    def __init__(self, node: bytes | None) -> None:
        self.node = node
        self.packed = entries.split(node) if node else []
        self.added: list[Packed] = []


def join_waiting(
    change: Change, name: bytes, waiting: Waiting, now: float, most: tuple[int, int]
) -> int:
    """Write what waits for a name beside what is kept of it.

    Args:
        change: a transaction.
        name: in canonical form.
        waiting: its entries.
        now: shifted seconds.
        most: types of a name and entries of a zone cut that may be.

    Returns:
        How many zone cuts of its entries had their share.
    """
    name_types, zone_entries = most
    node = change.node(name)
    kept = entries.split(node) if node else []
    packed = waiting.packed
    if node != waiting.node:  # another process wrote meanwhile
        packed = kept
        for added in waiting.added:
            packed = merging.merge(packed, added, now, name_types).packed or packed
    if packed is kept:
        return 0
    further = waiting.added
    if kept:
        types = [entry.type for entry in kept]
        further = [entry for entry in further if entry.type not in types]
    full = 0
    for zone in zone_share.full_zones(change, name, further, zone_entries):
        full += 1
        if not zone_share.remove_neighbour(change, zone, name):
            return full
    # That it was fetched again means that it was asked for again.
    change.put_node(name, node, packed, hits=1)
    return full


class SharedRecords:
    """A record cache; see :class:`~dnsd.resolver.cache.contract.RecordCache`.

    Attributes:
        waiting: what the next ``commit`` writes.
        found: how often names were found since they were written.
    """

    def __init__(self, store: SharedCache, generation: Callable[[], int]) -> None:
        self._store = store
        self._generation = generation
        self._seen = generation()
        self._begin = store.environment.begin
        self._database = store.databases.records
        self._shift = store.shift
        self._limits = store.limits
        self.waiting: dict[bytes, Waiting] = {}
        self.found: dict[bytes, int] = {}
        self._front: dict[bytes, dict[int, tuple[Entry, float]]] = {}

    def find(self, name: bytes, rrtype: int, now: float, *, below: bytes = ROOT) -> Entry | None:
        """Return what answers a question now, see the contract."""
        if self._generation() != self._seen:
            self._look_again()
        kept = self._front.get(name)
        if kept is not None:
            known = kept.get(rrtype)
            if known is not None and known[1] > now:
                return known[0]
        try:
            return self._read(name, rrtype, now, below)
        except DAMAGE as error:
            self._store.failed(error)
            return None

    def _read(self, name: bytes, rrtype: int, now: float, below: bytes) -> Entry | None:
        shift = self._shift
        waiting = self.waiting
        transaction = self._begin(self._database)
        try:
            if waiting and name in waiting:
                entry = entries.answering_packed(waiting[name].packed, name, rrtype, now, shift)
                if entry is not None:
                    return entry
            elif octets := transaction.get(name[::-1]):
                entry = entries.answering(octets, name, rrtype, now, shift)
                if entry is not None:
                    self._note(name, octets[0] & HITS)
                    self._keep_in_front(name, rrtype, entry, now)
                    return entry
            shortest = len(below)
            while len(name) > shortest:
                name = name[1 + name[0] :]
                if len(name) <= shortest:
                    break
                entry = self._denial(transaction, name, now)
                if entry is not None:
                    return entry
            return None
        finally:
            transaction.abort()

    def _denial(
        self, transaction: lmdb.Transaction[bytes], name: bytes, now: float
    ) -> Entry | None:
        """Return the current denial of a name, unless that failed validation."""
        shift = self._shift
        hits = HITS
        if name in self.waiting:
            packed = self.waiting[name].packed
            entry = entries.answering_packed(packed, name, NXDOMAIN_TYPE, now, shift)
        elif octets := transaction.get(name[::-1]):
            hits = octets[0] & HITS
            entry = entries.answering(octets, name, NXDOMAIN_TYPE, now, shift)
        else:
            return None
        if entry is None or entry.type != NXDOMAIN_TYPE or entry.security == Security.BOGUS:
            return None
        self._note(name, hits)
        return entry

    def find_stale(self, name: bytes, rrtype: int, now: float, max_age_s: float) -> Entry | None:
        """Return an expired entry that is not too old, see the contract."""
        if self._generation() != self._seen:
            self._look_again()
        before = now - max_age_s
        try:
            if name in self.waiting:
                packed = self.waiting[name].packed
                return entries.answering_packed(packed, name, rrtype, before, self._shift)
            with self._begin(self._database) as transaction:
                octets = transaction.get(name[::-1])
            if not octets:
                return None
            return entries.answering(octets, name, rrtype, before, self._shift)
        except DAMAGE as error:
            self._store.failed(error)
            return None

    def put(self, entry: Entry, now: float) -> str:
        """Keep an entry, see the contract; it is written by the next ``commit``.

        Limits of the whole cache are reported by ``commit``.
        """
        limit = admission.refused(entry, self._limits)
        if limit:
            return limit
        if self._generation() != self._seen:
            self._look_again()
        name = entry.name
        shift = self._shift
        waiting = self.waiting.get(name)
        if waiting is None:
            try:
                transaction = self._begin(self._database)
                waiting = Waiting(transaction.get(name[::-1]))
                transaction.abort()
            except DAMAGE as error:
                self._store.failed(error)
                return ""
        packed = entries.pack(entry, shift)
        if waiting.packed:
            merged = merging.merge(waiting.packed, packed, now + shift, self._limits.name_types)
            if merged.packed is None:
                return ""
            waiting.packed = merged.packed
            limit = merged.limit
        else:
            waiting.packed = [packed]
        waiting.added.append(packed)
        self.waiting[name] = waiting
        self._front.pop(name, None)
        if len(self.waiting) >= WAITING_NAMES:
            self._store.settle(now)
        return limit

    def entries(self) -> Iterator[Entry]:
        """Go over all entries in the file, expired ones too, in slices."""
        for name, octets in self._store.slices(self._database):
            yield from entries.all_entries(octets, name, self._shift)

    def flush(self, selector: Selector) -> int:
        """Remove what is selected, for all processes; how many entries went.

        The caller moves the generation afterwards.
        """
        steps = lmdb_flush.flushing(self._store, selector, delegations=False)
        return sum(step.entries for step in steps)

    def forget(self) -> None:
        """Forget what is not in the file: something was flushed."""
        self._seen = self._generation()
        self.waiting.clear()
        self._front.clear()

    def _look_again(self) -> None:
        """Read anew what others may have changed, and forget what waits if it must not come."""
        self._seen = self._generation()
        self._front.clear()
        self._store.forget_flushed()

    def _note(self, name: bytes, hits: int) -> None:
        if hits >= 2 or not self._store.noting:
            return
        found = self.found
        if name in found:
            found[name] += 1
        elif len(found) < NOTED_NAMES:
            found[name] = 1

    def _keep_in_front(self, name: bytes, rrtype: int, entry: Entry, now: float) -> None:
        front = self._front
        kept = front.get(name)
        if kept is None:
            if len(front) >= FRONT_NAMES:
                front.clear()
            front[name] = kept = {}
        kept[rrtype] = (entry, min(now + FRONT_S, entry.expiry))
