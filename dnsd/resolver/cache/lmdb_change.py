"""One write transaction of the shared cache, with everything that must move together.

Databases::

    records      reversed name -> node (``entries``)
    delegations  reversed name of the zone -> zone cut (``cuts``)
    queue        which queue (1), sequence (8) -> key of the name
    cut_queue    which queue (1), sequence (8) -> key of the zone cut
    zones        reversed name of a zone cut -> how many entries it has (4)
    denials, denial_zones, denial_queue    see ``lmdb_denials_change``
    state        "header" (``lmdb_file``), "counts" (``Counts``), "denials"

Every name and every zone cut has one place in one queue: names that wait to be
asked for again, protected names, zone cuts. Counts are exact, for they change in
the transaction that changes what they count.
"""

from __future__ import annotations

import struct
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from dnsd.resolver.cache import cuts, entries, keys
from dnsd.resolver.cache.contract import Rank
from dnsd.resolver.cache.entries import HEAD, HITS, PROTECTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    import lmdb

    from dnsd.resolver.cache.entries import Packed
    from dnsd.resolver.delegation import Delegation

#: Queues.
ONCE = 0
AGAIN = 1
CUTS = 2

#: Row of ``state`` with the counts of denials.
DENIALS_STATE = b"denials"

_SLICE = 256  # names read in one transaction
_AUTHORITATIVE = int(Rank.AUTHORITATIVE)


class Databases(NamedTuple):
    """Handles of the databases of an environment."""

    records: lmdb._Database
    delegations: lmdb._Database
    queue: lmdb._Database
    cut_queue: lmdb._Database
    zones: lmdb._Database
    denials: lmdb._Database
    denial_zones: lmdb._Database
    denial_queue: lmdb._Database
    state: lmdb._Database


class Counts:
    """What is in the cache.

    Attributes:
        kinds: entries by :class:`~dnsd.resolver.cache.contract.Kind`.
        kind_octets: what they take, their names and places left out.
        cuts: zone cuts.
        names: names that have entries.
        protected: how many of them are protected.
        record_octets: keys and nodes.
        cut_octets: keys and zone cuts.
        sequence: of the next place in a queue.
        flushes: how often something was flushed.
    """

    __slots__ = (
        "cut_octets",
        "cuts",
        "flushes",
        "kind_octets",
        "kinds",
        "names",
        "protected",
        "record_octets",
        "sequence",
    )
    _FORM = struct.Struct(">13Q")

    def __init__(self, octets: bytes | None) -> None:
        numbers: list[int] = list(self._FORM.unpack(octets or bytes(self._FORM.size)))
        self.kinds = numbers[:3]
        self.cuts, self.names, self.protected = numbers[3:6]
        self.record_octets, self.cut_octets, self.sequence, self.flushes = numbers[6:10]
        self.kind_octets = numbers[10:]

    @property
    def entries(self) -> int:
        """Entries of all kinds."""
        return sum(self.kinds)

    def to_octets(self) -> bytes:
        """Write the row as the store keeps it."""
        return self._FORM.pack(
            *self.kinds,
            self.cuts,
            self.names,
            self.protected,
            self.record_octets,
            self.cut_octets,
            self.sequence,
            self.flushes,
            *self.kind_octets,
        )


class Change:
    """A write transaction. Call :meth:`finish` before it commits.

    Attributes:
        transaction: for reading.
        databases: for reading.
        counts: as they are after what was done so far.
    """

    def __init__(self, transaction: lmdb.Transaction[bytes], databases: Databases) -> None:
        self.transaction = transaction
        self.databases = databases
        self._zones: dict[bytes, int] = {}
        self.counts = Counts(transaction.get(b"counts", db=databases.state))

    def finish(self) -> None:
        """Write the counts."""
        for zone, count in self._zones.items():
            key = keys.of_name(zone)
            if count:
                self.transaction.put(key, count.to_bytes(4, "big"), db=self.databases.zones)
            else:
                self.transaction.delete(key, db=self.databases.zones)
        self.transaction.put(b"counts", self.counts.to_octets(), db=self.databases.state)

    def node(self, name: bytes) -> bytes | None:
        """Return what is kept of a name."""
        return self.transaction.get(keys.of_name(name), db=self.databases.records)

    def put_node(
        self, name: bytes, old: bytes | None, packed: list[Packed], *, hits: int = 0
    ) -> None:
        """Keep these entries of a name and no others.

        Args:
            name: in canonical form.
            old: the node until now.
            packed: at least one entry.
            hits: how often it was found anew, if it was there.
        """
        key = keys.of_name(name)
        counts = self.counts
        if old is None:
            head = (0, self._join_queue(ONCE, key))
            counts.names += 1
            counts.record_octets += len(key)
        else:
            marks, sequence, _ = HEAD.unpack_from(old)
            head = (marks & ~HITS | min(2, (marks & HITS) + hits), sequence)
            self._count(name, entries.split(old), -1)
            counts.record_octets -= len(old)
        octets = entries.join(head, packed)
        self._count(name, packed, 1)
        counts.record_octets += len(octets)
        self.transaction.put(key, octets, db=self.databases.records)

    def remove_node(self, name: bytes, octets: bytes) -> None:
        """Remove all that is kept of a name."""
        key = keys.of_name(name)
        counts = self.counts
        marks, sequence, _ = HEAD.unpack_from(octets)
        self._leave_queue(AGAIN if marks & PROTECTED else ONCE, sequence)
        self._count(name, entries.split(octets), -1)
        counts.names -= 1
        counts.protected -= bool(marks & PROTECTED)
        counts.record_octets -= len(key) + len(octets)
        self.transaction.delete(key, db=self.databases.records)

    def cut(self, zone: bytes) -> bytes | None:
        """Return what is kept of a zone cut."""
        return self.transaction.get(keys.of_name(zone), db=self.databases.delegations)

    def put_cut(self, delegation: Delegation, shift: float) -> None:
        """Keep a zone cut in place of what was known of it."""
        key = keys.of_name(delegation.zone)
        old = self.transaction.get(key, db=self.databases.delegations)
        if old is None:
            head = (0, self._join_queue(CUTS, key))
            self.counts.cuts += 1
            self.counts.cut_octets += len(key)
        else:
            marks, sequence, _ = HEAD.unpack_from(old)
            head = (marks, sequence)
            self.counts.cut_octets -= len(old)
        octets = cuts.encode(head, delegation, shift)
        self.counts.cut_octets += len(octets)
        self.transaction.put(key, octets, db=self.databases.delegations)

    def remove_cut(self, zone: bytes, octets: bytes) -> None:
        """Remove a zone cut."""
        key = keys.of_name(zone)
        self._leave_queue(CUTS, HEAD.unpack_from(octets)[1])
        self.counts.cuts -= 1
        self.counts.cut_octets -= len(key) + len(octets)
        self.transaction.delete(key, db=self.databases.delegations)

    def mark(self, name: bytes, hits: int, *, cut: bool) -> None:
        """Note that a name or zone cut was found so often; two is all that counts."""
        database = self.databases.delegations if cut else self.databases.records
        key = keys.of_name(name)
        octets = self.transaction.get(key, db=database)
        if octets is None:
            return
        marks, sequence, _ = HEAD.unpack_from(octets)
        marked = marks & ~HITS | min(2, (marks & HITS) + hits)
        if marked != marks:
            octets = entries.with_head(octets, marked, sequence)
            self.transaction.put(key, octets, db=database)

    def oldest(self, queue: int) -> tuple[bytes, bytes] | None:
        """Return the name that is first in a queue, and its octets."""
        cursor = self.transaction.cursor(self._queue(queue))
        if not cursor.set_range(bytes((queue,))) or cursor.key()[0] != queue:
            return None
        key = cursor.value()
        database = self.databases.delegations if queue == CUTS else self.databases.records
        octets = self.transaction.get(key, db=database)
        assert octets is not None, "every place in a queue is somebody's"
        return keys.to_name(key), octets

    def requeue(self, name: bytes, octets: bytes, queue: int) -> None:
        """Send a name, or a zone cut within its queue, to the end of a queue, not hit yet."""
        marks, sequence, _ = HEAD.unpack_from(octets)
        key = keys.of_name(name)
        database = self.databases.records
        protected = 0
        if queue == CUTS:
            database = self.databases.delegations
            self._leave_queue(CUTS, sequence)
        else:
            self._leave_queue(AGAIN if marks & PROTECTED else ONCE, sequence)
            protected = PROTECTED if queue == AGAIN else 0
            self.counts.protected += bool(protected) - bool(marks & PROTECTED)
        octets = entries.with_head(octets, protected, self._join_queue(queue, key))
        self.transaction.put(key, octets, db=database)

    def drop(self, *, records: bool, cuts: bool) -> None:
        """Remove all names, or all zone cuts, or both."""
        databases = self.databases
        dropped = [databases.records, databases.queue, databases.zones] if records else []
        if cuts:
            dropped += [databases.delegations, databases.cut_queue]
        for database in dropped:
            self.transaction.drop(database, delete=False)
        counts = self.counts
        if records:
            counts.kinds = [0, 0, 0]
            counts.kind_octets = [0, 0, 0]
            counts.names = counts.protected = counts.record_octets = 0
            self._zones.clear()
            drop_denials(self)
        if cuts:
            counts.cuts = counts.cut_octets = 0

    def zone_entries(self, zone: bytes) -> int:
        """Return how many entries a zone cut has."""
        count = self._zones.get(zone)
        if count is None:
            octets = self.transaction.get(keys.of_name(zone), b"", db=self.databases.zones)
            count = int.from_bytes(octets, "big")
            self._zones[zone] = count
        return count

    def _count(self, name: bytes, packed: list[Packed], sign: int) -> None:
        kinds, kind_octets = self.counts.kinds, self.counts.kind_octets
        for entry in packed:
            kind = entry.bits & 3
            kinds[kind] += sign
            kind_octets[kind] += sign * (entries.ROW_OCTETS + len(entry.body))
            if entry.bits >> 2 & 3 == _AUTHORITATIVE:
                zone = name[-entry.zone_octets :]
                self._zones[zone] = self.zone_entries(zone) + sign

    def _join_queue(self, queue: int, key: bytes) -> int:
        sequence = self.counts.sequence
        self.counts.sequence += 1
        place = bytes((queue,)) + sequence.to_bytes(8, "big")
        self.transaction.put(place, key, db=self._queue(queue))
        return sequence

    def _leave_queue(self, queue: int, sequence: int) -> None:
        place = bytes((queue,)) + sequence.to_bytes(8, "big")
        self.transaction.delete(place, db=self._queue(queue))

    def _queue(self, queue: int) -> lmdb._Database:
        return self.databases.cut_queue if queue == CUTS else self.databases.queue


def names_from(
    change: Change, database: lmdb._Database, key: bytes, count: int
) -> list[tuple[bytes, bytes]]:
    """Return so many keys of a database and what is kept there, from a key on, in order."""
    cursor = change.transaction.cursor(database)
    return list(islice(cursor, count)) if cursor.set_range(key) else []


def drop_denials(change: Change) -> None:
    """Remove all denials for aggressive use; their numbers go on."""
    databases, transaction = change.databases, change.transaction
    for database in (databases.denials, databases.denial_zones, databases.denial_queue):
        transaction.drop(database, delete=False)
    octets = transaction.get(DENIALS_STATE, db=databases.state)
    if octets:
        transaction.put(DENIALS_STATE, bytes(8) + octets[8:], db=databases.state)


def step_to(cursor: lmdb.Cursor[bytes], key: bytes) -> bool:
    """Go to a key or the one next before it; whether there is one."""
    if not cursor.set_range(key):
        return cursor.last()
    return cursor.key() == key or cursor.prev()


def slices(
    environment: lmdb.Environment, database: lmdb._Database, prefix: bytes
) -> Iterator[tuple[bytes, bytes]]:
    """Go over names and what is kept of them; no transaction lives between two.

    Raises:
        lmdb.Error: the file cannot be read.
    """
    start = prefix
    while True:
        with environment.begin(database) as transaction:
            cursor = transaction.cursor()
            found = list(islice(cursor, _SLICE)) if cursor.set_range(start) else []
        for key, octets in found:
            if not key.startswith(prefix):
                return
            yield keys.to_name(key), octets
        if len(found) < _SLICE:
            return
        start = found[-1][0] + b"\x00"


def used_pages(transaction: lmdb.Transaction[bytes], databases: Databases) -> int:
    """Count the pages in use; LMDB's own list of free ones is left out."""
    pages = 0
    for database in databases:
        figures = transaction.stat(database)
        pages += figures["branch_pages"] + figures["leaf_pages"] + figures["overflow_pages"]
    return pages
