"""One transaction's part in the denials that all processes share, and their layout.

All numbers in network order::

    denials        zone's number (4), place in its chain -> sequence (8), expiry (8),
                   octets of the zone's name (1): the end of the owner,
                   type (2), owner (1 + its octets), RRset as in ``entries``
    denial_zones   reversed name -> number (4), records (4), trust (8),
                   chain (1 + its octets); with an SOA its expiry (8) and RRset
    denial_queue   sequence (8) -> key of the record
    state          "denials" -> records, last sequence, last number (8 each)

The order of keys is that of the chain, so the record before a place is one step of a
cursor. At most 506 octets; LMDB takes 511. To forget a zone is to remove its row: its records, whose number nobody has any
more, leave when their turn comes. Numbers are never given twice, as far as anybody lives.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.resolver.cache import entries, keys
from dnsd.resolver.cache.contract import Denier, Kept
from dnsd.resolver.cache.lmdb_change import DENIALS_STATE, drop_denials
from dnsd.resolver.cache.selectors import selects_denials, zones_that_deny
from dnsd.wire.iana import RRType
from dnsd.wire.names import ROOT, ancestors

if TYPE_CHECKING:
    from dnsd.resolver.cache.admission import CacheBounds
    from dnsd.resolver.cache.contract import Selector
    from dnsd.resolver.cache.lmdb_change import Change

_ZONE = struct.Struct(">II8sB")
_RECORD = struct.Struct(">QdBHB")
_EXPIRY = struct.Struct(">d")
_COUNTS = struct.Struct(">3Q")
_SOA: Final = int(RRType.SOA)
_NUMBERS: Final = (1 << 32) - 1  # the number after each has four octets too
# Places whose time is over that are freed with each record that comes.
_FREED_A_PUT: Final = 2


class Row(NamedTuple):
    """What stands of a zone in the file.

    Attributes:
        number: with which the keys of its records begin.
        records: how many it has.
        denier: what is known of it.
    """

    number: int
    records: int
    denier: Denier


def pack_row(row: Row, shift: float) -> bytes:
    """Make the octets of a zone.

    Args:
        row: its SOA belongs to it.
        shift: seconds to add to times.
    """
    denier = row.denier
    head = _ZONE.pack(row.number, row.records, denier.trust, len(denier.chain))
    octets = bytearray(head + denier.chain)
    if denier.soa is not None:
        octets += _EXPIRY.pack(denier.soa.expiry + shift)
        entries.write_rrset(octets, denier.soa.rrset)
    return bytes(octets)


def unpack_row(octets: bytes, zone: bytes, shift: float) -> Row:
    """Read the octets of a zone."""
    number, records, trust, length = _ZONE.unpack_from(octets)
    end = _ZONE.size + length
    soa = None
    if end < len(octets):
        rrset, _ = entries.read_rrset(octets, end + _EXPIRY.size, zone, _SOA)
        soa = Kept(rrset, _EXPIRY.unpack_from(octets, end)[0] - shift)
    return Row(number, records, Denier(octets[_ZONE.size : end], soa, trust))


class Writing:
    """What one transaction changes of denials. Call :meth:`finish` at the end.

    Attributes:
        records: in the file after what was done so far.
        left: how many left because there were too many.
    """

    def __init__(self, change: Change, bounds: CacheBounds, shift: float, now: float) -> None:
        self._transaction = change.transaction
        self._databases = change.databases
        self._bounds = bounds
        self._shift = shift
        self._now = now
        self._rows: dict[bytes, Row | None] = {}
        octets = self._transaction.get(DENIALS_STATE, db=self._databases.state)
        counts = _COUNTS.unpack(octets or bytes(_COUNTS.size))
        self.records, self._sequence, self._number = counts
        self.left = 0

    def put(self, zone: bytes, denier: Denier, place: bytes, kept: Kept) -> None:
        """Write one record; see the contract."""
        row = self._row(zone)
        if row is None or not is_one_chain(row.denier, denier):
            self._number += 1
            row = Row(self._number % _NUMBERS, 0, denier)
        elif denier.soa is not None:
            row = row._replace(denier=denier)
        self._rows[zone] = row
        key = row.number.to_bytes(4, "big") + place
        old = self._transaction.get(key, db=self._databases.denials)
        if old is not None:
            self._remove(key, old)
        elif row.records >= self._bounds.zone_denials:
            self._remove_beside(key)
        self._sequence += 1
        sequence = self._sequence.to_bytes(8, "big")
        octets = _pack(self._sequence, zone, kept, self._shift)
        self._transaction.put(key, octets, db=self._databases.denials)
        self._transaction.put(sequence, key, db=self._databases.denial_queue)
        self.records += 1
        self._count(zone, row.number, 1)
        self._make_room()

    def finish(self) -> None:
        """Write the rows of the zones and the counts."""
        for zone, row in self._rows.items():
            key = keys.of_name(zone)
            if row is not None and row.records:
                octets = pack_row(row, self._shift)
                self._transaction.put(key, octets, db=self._databases.denial_zones)
            else:
                self._transaction.delete(key, db=self._databases.denial_zones)
        counts = _COUNTS.pack(self.records, self._sequence, self._number)
        self._transaction.put(DENIALS_STATE, counts, db=self._databases.state)

    def _row(self, zone: bytes) -> Row | None:
        if zone not in self._rows:
            octets = self._transaction.get(keys.of_name(zone), db=self._databases.denial_zones)
            self._rows[zone] = unpack_row(octets, zone, self._shift) if octets else None
        return self._rows[zone]

    def _make_room(self) -> None:
        freed = 0
        while True:
            cursor = self._transaction.cursor(self._databases.denial_queue)
            if not cursor.first():
                return
            key = cursor.value()
            octets = self._transaction.get(key, db=self._databases.denials)
            assert octets is not None, "every place in a queue is somebody's"
            is_over = _RECORD.unpack_from(octets)[1] - self._shift <= self._now
            if self.records > self._bounds.denials:
                self.left += not is_over
            elif not is_over or freed == _FREED_A_PUT:
                return
            freed += 1
            self._remove(key, octets)

    def _remove_beside(self, key: bytes) -> None:
        """Remove the record of the same zone that stands next behind a place, or its first."""
        cursor = self._transaction.cursor(self._databases.denials)
        if not cursor.set_range(key) or cursor.key()[:4] != key[:4]:
            cursor.set_range(key[:4])
        self._remove(cursor.key(), cursor.value())

    def _remove(self, key: bytes, octets: bytes) -> None:
        sequence, _, zone_octets, _, length = _RECORD.unpack_from(octets)
        zone = octets[_RECORD.size + length - zone_octets : _RECORD.size + length]
        self._transaction.delete(key, db=self._databases.denials)
        self._transaction.delete(sequence.to_bytes(8, "big"), db=self._databases.denial_queue)
        self.records -= 1
        self._count(zone, int.from_bytes(key[:4], "big"), -1)

    def _count(self, zone: bytes, number: int, sign: int) -> None:
        row = self._row(zone)
        if row is not None and row.number == number:
            self._rows[zone] = row._replace(records=row.records + sign)


def remove_zones(change: Change, selector: Selector) -> int:
    """Remove what may deny what is selected; how many zones went."""
    databases, transaction = change.databases, change.transaction
    if not selects_denials(selector):
        return 0
    if selector.name is None and selector.tree is None:
        found = int(transaction.stat(databases.denial_zones)["entries"])
        drop_denials(change)
        return found
    gone = zones_that_deny(selector, _candidates(change, selector))
    for zone in gone:
        transaction.delete(keys.of_name(zone), db=databases.denial_zones)
    return len(gone)


def _candidates(change: Change, selector: Selector) -> list[bytes]:
    """List the zones with denials above a selected place, and those that may be below a tree."""
    place = selector.tree if selector.name is None else selector.name
    assert place is not None
    above = [place, *ancestors(place, ROOT)]
    cursor = change.transaction.cursor(change.databases.denial_zones)
    found = [zone for zone in above if cursor.set_key(keys.of_name(zone))]
    prefix = keys.of_name(place)
    if selector.name is None and cursor.set_range(prefix):
        for key in cursor.iternext(keys=True, values=False):
            if not key.startswith(prefix):
                break
            found.append(keys.to_name(key))
    return list(dict.fromkeys(found))


def is_one_chain(a: Denier, b: Denier) -> bool:
    """Tell whether what is kept of a zone goes on, or begins anew."""
    return a.chain == b.chain and a.trust == b.trust


def _pack(sequence: int, zone: bytes, kept: Kept, shift: float) -> bytes:
    rrset = kept.rrset
    owner = rrset.owner
    head = _RECORD.pack(sequence, kept.expiry + shift, len(zone), rrset.type, len(owner))
    octets = bytearray(head + owner)
    entries.write_rrset(octets, rrset)
    return bytes(octets)


def unpack(octets: bytes, zone: bytes, shift: float) -> Kept | None:
    """Read a record; ``None`` if it is one of another zone."""
    _, expiry, zone_octets, rrtype, length = _RECORD.unpack_from(octets)
    end = _RECORD.size + length
    owner = octets[_RECORD.size : end]
    if zone_octets != len(zone) or not owner.endswith(zone):
        return None
    rrset, _ = entries.read_rrset(octets, end, owner, rrtype)
    return Kept(rrset, expiry - shift)


def count(octets: bytes | None) -> int:
    """Return how many records there are, by the row of the state."""
    return int(_COUNTS.unpack(octets)[0]) if octets else 0
