"""A draft's records in canonical order, and what each name is.

Everything after the reading of a zone works on this: the checks, the digest
that tells whether a serial must move, and the nodes of the store. Sorting once
makes each of them one pass, and what lies below a zone cut or a DNAME follows
it directly.

A million records are held as the draft made them; beside them stands one small
integer a name. Sorting needs about 80 octets a record for its keys, for a
moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.wire import names
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.authority.zonefile.draft import Record

# Marks of a name, joined by `|`.
EMPTY = 0x01  # an empty non-terminal: nothing here, something below (RFC 8020 §2)
ALIAS = 0x02  # a CNAME
ADDRESS = 0x04  # an A, AAAA or ALIAS
NAME_SERVERS = 0x08  # an NS
DNAME = 0x10  # a DNAME
OTHER = 0x20  # anything else
OCCLUDED = 0x40  # below a zone cut or a DNAME
CUT = 0x80  # an NS that is neither at the apex nor occluded
BELOW_DNAME = 0x100  # OCCLUDED by a DNAME, which no zone without errors has

_MARK_OF_TYPE: dict[int, int] = {
    RRType.A: ADDRESS,
    RRType.AAAA: ADDRESS,
    RRType.ALIAS: ADDRESS,
    RRType.CNAME: ALIAS,
    RRType.NS: NAME_SERVERS,
    RRType.DNAME: DNAME,
}

# Made by signing. The server takes them over from a file only as a whole, since they
# would be wrong as soon as it keeps a serial or makes a record.
SIGNING_TYPES = frozenset({RRType.RRSIG, RRType.NSEC, RRType.NSEC3, RRType.NSEC3PARAM})


def mark_of(rrtype: int) -> int:
    """Return the mark that a name has by a record of this type."""
    return _MARK_OF_TYPE.get(rrtype, OTHER)


class SortedZone:
    """The records of one zone in canonical order, each once.

    Attributes:
        origin: name in canonical form.
        records: sorted by owner (RFC 4034 §6.1), type and rdata; inside the
            zone, without repetitions and without :data:`SIGNING_TYPES`.
        outside: records whose owner is not in the zone.
        repeated: records that say again what another one said.
        signing: records of :data:`SIGNING_TYPES`, left out unless the zone is signed.
        is_signed: it was signed before it was read: there are a DNSKEY, a SOA that is not
            the server's and so has a serial, and an RRSIG of it.
        marks: of every name with records and of every empty non-terminal.
    """

    __slots__ = ("is_signed", "marks", "origin", "outside", "records", "repeated", "signing")

    def __init__(self, origin: bytes, records: list[Record]) -> None:
        self.origin = origin
        self.records: list[Record] = []
        self.outside: list[Record] = []
        self.repeated: list[Record] = []
        self.signing: list[Record] = []
        self.marks: dict[bytes, int] = {}
        self._take(records)
        self._mark()
        self.is_signed = self._has_signed_soa()

    def _take(self, records: list[Record]) -> None:
        origin = self.origin
        kept = self.records
        for record in records:
            owner = record.owner
            if not owner.endswith(origin) or not names.is_subdomain(owner, origin):
                self.outside.append(record)
            elif record.type in SIGNING_TYPES:
                self.signing.append(record)
            else:
                kept.append(record)
        kept.sort(key=_SortKey())
        self._drop_repetitions()

    def _has_signed_soa(self) -> bool:
        soas = self.apex(RRType.SOA)
        return (
            any(soa.rdata[-20:-16] != bytes(4) for soa in soas)
            and bool(self.apex(RRType.DNSKEY))
            and any(
                record.type == RRType.RRSIG
                and record.rdata[:2] == RRType.SOA.to_bytes(2, "big")
                and record.owner == self.origin
                for record in self.signing
            )
        )

    def _drop_repetitions(self) -> None:
        records = self.records
        write = 0
        last: Record | None = None
        for record in records:
            if (
                last is not None
                and record.rdata == last.rdata
                and record.type == last.type
                and record.owner == last.owner
            ):
                self.repeated.append(record)
                continue
            records[write] = last = record
            write += 1
        del records[write:]

    def _mark(self) -> None:
        marks = self.marks
        origin = self.origin
        roof = b""  # the cut or DNAME that the names at hand may lie below
        roof_mark = 0
        last_parent = origin
        for owner, records in self.owners():
            mark = 0
            for record in records:
                mark |= _MARK_OF_TYPE.get(record.type, OTHER)
            below = 0
            if roof and owner.endswith(roof) and names.is_subdomain(owner, roof):
                below = roof_mark
            elif owner != origin and mark & NAME_SERVERS:
                mark |= CUT
                roof, roof_mark = owner, OCCLUDED
            elif mark & DNAME:
                roof, roof_mark = owner, OCCLUDED | BELOW_DNAME
            marks[owner] = mark | below
            if owner == origin:
                continue
            parent = names.parent(owner)
            if parent != last_parent:
                last_parent = parent
                while parent not in marks and parent != origin:
                    marks[parent] = EMPTY | below
                    parent = names.parent(parent)

    def owners(self) -> Iterator[tuple[bytes, list[Record]]]:
        """Iterate over the names in canonical order, each with its records by type."""
        records = self.records
        end = len(records)
        start = 0
        while start < end:
            owner = records[start].owner
            stop = start + 1
            while stop < end and records[stop].owner == owner:
                stop += 1
            yield owner, records[start:stop]
            start = stop

    def apex(self, rrtype: int) -> list[Record]:
        """Return the records of one type at the apex."""
        found = []
        for record in self.records:
            if record.owner != self.origin:
                break
            if record.type == rrtype:
                found.append(record)
        return found

    def find(self, name: bytes) -> int:
        """Return the marks of the name, or of the wildcard that stands for it.

        Source: RFC 4592 §3.3.1.

        Returns:
            Marks; 0 if neither the name nor a wildcard for it exists. What
            lies below a zone cut or DNAME has the bit ``OCCLUDED`` even where
            this zone holds no such name: another zone decides on it.
        """
        marks = self.marks
        mark = marks.get(name, 0)
        if mark or not names.is_subdomain(name, self.origin):
            return mark
        closest = name
        while not mark and closest != self.origin:
            closest = names.parent(closest)
            mark = marks.get(closest, 0)
        if mark & (CUT | DNAME | OCCLUDED):
            return OCCLUDED
        return marks.get(b"\x01*" + closest, 0) if len(closest) < 254 else 0

    def is_inside(self, name: bytes) -> bool:
        """Tell whether a name is the origin or below it."""
        return name.endswith(self.origin) and names.is_subdomain(name, self.origin)


def rrsets(records: list[Record]) -> Iterator[list[Record]]:
    """Cut the records of one owner, sorted by type, into RRsets."""
    end = len(records)
    start = 0
    while start < end:
        rrtype = records[start].type
        stop = start + 1
        while stop < end and records[stop].type == rrtype:
            stop += 1
        yield records[start:stop]
        start = stop


class _SortKey:
    """Octets whose order is: owner in canonical order, type, rdata.

    No label is empty, so the zero octet behind the owner's key sorts a name
    before all names below it.
    """

    __slots__ = ("_parent", "_parent_key")

    def __init__(self) -> None:
        self._parent = names.ROOT
        self._parent_key = b""

    def __call__(self, record: Record) -> bytes:
        owner = record.owner
        end = 1 + owner[0]
        parent = owner[end:]
        if not parent:
            key = b""  # the root
        elif parent == self._parent:
            # Neighbours in a file mostly share their parent.
            label = owner[1:end]
            if b"\x00" in label or b"\x01" in label:
                key = names.order_key(owner)
            else:
                key = self._parent_key + label + b"\x00"
        else:
            key = names.order_key(owner)
            self._parent = parent
            self._parent_key = names.order_key(parent)
        return key + b"\x00" + record.type.to_bytes(2, "big") + record.rdata
