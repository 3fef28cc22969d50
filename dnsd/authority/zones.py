"""The zones we answer for, and which of them a name belongs to.

The table of origins is in memory and belongs to one moment of the store: each
query takes a snapshot, and when anything was published since the last one the
table is brought to the state of that snapshot first. So table and nodes agree
for every query, and nobody has to be told of a publication.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dnsd.authority import keys
from dnsd.authority.node import Node
from dnsd.authority.proofs import chain_of
from dnsd.wire import names

if TYPE_CHECKING:
    from dnsd.authority.proofs import Chain
    from dnsd.authority.store import Snapshot, ZoneStore, ZoneVersion


class ServedZone(NamedTuple):
    """One zone in one snapshot.

    Attributes:
        nodes: what it holds.
        slot: its generation slot.
        generated: made by the server, not read from a file.
    """

    nodes: ZoneVersion
    slot: int
    generated: bool


class Zones:
    """The zones of a store, found by name.

    For one thread: its calls must not overlap.
    """

    def __init__(self, store: ZoneStore) -> None:
        self._store = store
        # origin -> version, key of the apex, slot, generated. Plain tuples of
        # plain values, which the garbage collector leaves out of its rounds.
        self._table: dict[bytes, tuple[int, bytes, int, bool]] = {}
        self._chains: dict[bytes, Chain | None] = {}
        self._longest_origin = len(names.ROOT)
        self._commit_number = -1
        self._catalog_serial = -1

    def snapshot(self) -> Snapshot:
        """Begin to read; use as a context manager, for one query.

        Raises:
            StoreError: the store cannot be read.
        """
        snapshot = self._store.snapshot()
        commit_number = snapshot.commit_number
        if commit_number != self._commit_number:
            try:
                self._refresh(snapshot)
            except BaseException:
                snapshot.close()
                raise
            self._commit_number = commit_number
        return snapshot

    def closest(self, snapshot: Snapshot, qname: bytes) -> ServedZone | None:
        """Return the zone whose origin is the closest ancestor of a name.

        Source: RFC 1034 §4.3.2 step 2.
        """
        table = self._table
        # A name of many labels costs a look-up only for those that may be found.
        offset = 0
        surplus = len(qname) - self._longest_origin
        while offset < surplus:
            offset += 1 + qname[offset]
        origin = qname[offset:]
        while True:
            row = table.get(origin)
            if row is not None:
                return ServedZone(snapshot.nodes(origin, row[1]), row[2], row[3])
            if origin == names.ROOT:
                return None
            origin = origin[1 + origin[0] :]

    def closest_parent_side(self, snapshot: Snapshot, qname: bytes) -> ServedZone | None:
        """Return the zone that answers for DS at a name.

        At the origin of a zone that is the parent, or what we have above it;
        with nothing above it the zone itself, which has no DS there.

        Source: RFC 4035 §3.1.4.1.
        """
        if qname in self._table and qname != names.ROOT:
            above = self.closest(snapshot, names.parent(qname))
            if above is not None:
                return above
        return self.closest(snapshot, qname)

    def chain(self, zone: ServedZone) -> Chain | None:
        """Return what a zone denies with, None if it is not signed.

        It is read once a publication: an answer of an unsigned zone costs no
        reading of its apex.
        """
        origin = zone.nodes.origin
        if origin not in self._chains:
            octets = zone.nodes.get(origin)
            self._chains[origin] = None if octets is None else chain_of(origin, Node(octets))
        return self._chains[origin]

    def _refresh(self, snapshot: Snapshot) -> None:
        self._chains.clear()
        serial = snapshot.catalog_serial
        if serial == self._catalog_serial:
            return
        before = self._table
        table = {}
        for origin, row in snapshot.rows():
            known = before.get(origin)
            facts = row.version, row.slot, row.generated
            if known is None or (known[0], *known[2:]) != facts:
                known = (row.version, keys.of_apex(row.version, origin), *facts[1:])
            table[origin] = known
        self._table = table
        self._longest_origin = max(map(len, table), default=len(names.ROOT))
        self._catalog_serial = serial
