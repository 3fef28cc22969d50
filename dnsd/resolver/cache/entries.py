"""One name of the shared cache as octets: everything that is kept of it.

One look-up therefore answers the type, an alias, and the denial of the name.
Layout, all numbers in network order::

    head      17  marks (1): bits 0-1 how often found, 2 protected
                  sequence (8): its place in the queue of those that leave
                  expiry (8): when its last entry expires
    count      1  number of entries, n
    types   n x 2
    rows   n x 22  bits (1): 0-1 kind, 2-3 rank, 4-5 security, 6 it has an explanation
                  octets of the zone's name (1): the end of this name
                  stored (8), expiry (8)
                  end (4): where its body ends, counted from octet 0
    bodies        server (1 + its octets);
                  explanation, if it has one: code (2), text (1 + its octets);
                  of a positive entry its RRset;
                  until the end of the body, RRsets of its proof:
                  owner (1 + its octets, 0 for the zone), type (2), RRset

    RRset         TTL (4), number of rdatas (2), of signatures (2),
                  then both as length (2) and octets

Times are monotonic seconds plus a *shift*, so that a file outlives a boot: see
``lmdb_file``. Numbers are IEEE 754 doubles.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dnsd.resolver.cache.contract import NXDOMAIN_TYPE, Entry, Kind, Rank, Security
from dnsd.resolver.outcome import Explanation
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Marks, sequence, expiry; in front of names and of zone cuts.
HEAD = struct.Struct(">BQd")
HITS = 0x03
PROTECTED = 0x04

_COUNT_AT = HEAD.size
_TYPES_AT = _COUNT_AT + 1
_ROW = struct.Struct(">BBddI")
#: What an entry takes beside its body: its type and its row.
ROW_OCTETS = 2 + _ROW.size
_ONE = struct.Struct(">BQdBHBBddI")  # all in front of the body, of a node with one entry
_RRSET = struct.Struct(">IHH")
_CNAME = int(RRType.CNAME)
_POSITIVE = int(Kind.POSITIVE)
_EXPLAINED = 0x40
_EXPLANATION_OCTETS = 255

# Indexing is a tenth of calling the enumeration.
_KINDS = (Kind.POSITIVE, Kind.NODATA, Kind.NXDOMAIN)
_RANKS = (Rank.ANSWER, Rank.ANSWER, Rank.AUTHORITATIVE, Rank.CONFIGURED)
_SECURITIES = (Security.INDETERMINATE, Security.INSECURE, Security.SECURE, Security.BOGUS)


class Packed(NamedTuple):
    """One entry as it stands in a node.

    Attributes:
        type: RR type.
        bits: kind, rank, security, and whether the body has an explanation.
        zone_octets: length of the zone's name.
        stored: shifted seconds.
        expiry: shifted seconds.
        body: server, explanation, RRset and proof.
    """

    type: int
    bits: int
    zone_octets: int
    stored: float
    expiry: float
    body: bytes

    @property
    def kind(self) -> Kind:
        """What it says."""
        return _KINDS[self.bits & 3]

    @property
    def rank(self) -> Rank:
        """How far it is to be trusted."""
        return _RANKS[self.bits >> 2 & 3]


@lru_cache(maxsize=256)
def _types(count: int) -> struct.Struct:
    return struct.Struct(f">{count}H")


def pack(entry: Entry, shift: float) -> Packed:
    """Make the octets of one entry.

    Args:
        entry: its zone must be its name or an ancestor, its RRset its own.
        shift: seconds to add to its times.
    """
    assert entry.name.endswith(entry.zone)
    server = entry.server
    body = bytearray((len(server),))
    body += server
    bits = entry.kind | entry.rank << 2 | entry.security << 4
    if entry.explanation is not None:
        bits |= _EXPLAINED
        _write_explanation(body, entry.explanation)
    if entry.rrset is not None:
        assert entry.rrset.type == entry.type
        write_rrset(body, entry.rrset)
    for rrset in entry.proof:
        if rrset.owner == entry.zone:
            body.append(0)
        else:
            body.append(len(rrset.owner))
            body += rrset.owner
        body += rrset.type.to_bytes(2, "big")
        write_rrset(body, rrset)
    return Packed(
        entry.type,
        bits,
        len(entry.zone),
        entry.stored + shift,
        entry.expiry + shift,
        bytes(body),
    )


def _write_explanation(body: bytearray, explanation: Explanation) -> None:
    text = explanation.text.encode("ascii", "replace")[:_EXPLANATION_OCTETS]
    body += explanation.code.to_bytes(2, "big")
    body.append(len(text))
    body += text


def _read_explanation(body: bytes, offset: int) -> tuple[Explanation, int]:
    """Read an explanation at an offset; it, and the offset behind it."""
    start = offset + 3
    end = start + body[offset + 2]
    code = int.from_bytes(body[offset : offset + 2], "big")
    return Explanation(code, body[start:end].decode("ascii", "replace")), end


def write_rrset(body: bytearray, rrset: RRset) -> None:
    """Add an RRset to octets, its owner and type left out."""
    body += _RRSET.pack(rrset.ttl, len(rrset.rdatas), len(rrset.signatures))
    for field in (*rrset.rdatas, *rrset.signatures):
        body += len(field).to_bytes(2, "big")
        body += field


def join(head: tuple[int, int], packed: Sequence[Packed]) -> bytes:
    """Make the octets of a node.

    Args:
        head: marks and sequence.
        packed: its entries, at least one, each type once.
    """
    count = len(packed)
    if count == 1:
        rrtype, bits, zone_octets, stored, expiry, body = packed[0]
        end = _ONE.size + len(body)
        return _ONE.pack(*head, expiry, 1, rrtype, bits, zone_octets, stored, expiry, end) + body
    end = _TYPES_AT + (2 + _ROW.size) * count
    parts = [
        HEAD.pack(*head, max(entry.expiry for entry in packed)),
        bytes((count,)),
        _types(count).pack(*[entry.type for entry in packed]),
    ]
    for entry in packed:
        end += len(entry.body)
        parts.append(_ROW.pack(entry.bits, entry.zone_octets, entry.stored, entry.expiry, end))
    parts += [entry.body for entry in packed]
    return b"".join(parts)


def split(octets: bytes) -> list[Packed]:
    """Take a node apart without reading its RRsets."""
    count = octets[_COUNT_AT]
    row_at = _TYPES_AT + 2 * count
    start = row_at + _ROW.size * count
    packed = []
    for rrtype in _types(count).unpack_from(octets, _TYPES_AT):
        bits, zone_octets, stored, expiry, end = _ROW.unpack_from(octets, row_at)
        packed.append(Packed(rrtype, bits, zone_octets, stored, expiry, octets[start:end]))
        row_at += _ROW.size
        start = end
    return packed


def with_head(octets: bytes, marks: int, sequence: int) -> bytes:
    """Give a node or zone cut other marks and another place in the queue."""
    return HEAD.pack(marks, sequence, HEAD.unpack_from(octets)[2]) + octets[HEAD.size :]


def answering(octets: bytes, name: bytes, rrtype: int, now: float, shift: float) -> Entry | None:
    """Return the entry of a node that answers for a type: the type, an alias, the denial.

    Args:
        octets: the node.
        name: whose it is.
        rrtype: type asked for.
        now: monotonic seconds; what expired before is passed over.
        shift: seconds that were added to its times.
    """
    count = octets[_COUNT_AT]
    if count == 1:  # most have no more
        _, _, _, _, found, bits, zone_octets, stored, expiry, end = _ONE.unpack_from(octets)
        if expiry - shift <= now:
            return None
        if found == rrtype or not found or (found == _CNAME and not bits & 3):
            row = (bits, zone_octets, stored - shift, expiry - shift, end)
            return _entry(name, found, row, octets, _ONE.size)
        return None
    types = _types(count).unpack_from(octets, _TYPES_AT)
    rows_at = _TYPES_AT + 2 * count
    for wanted in (rrtype, _CNAME, NXDOMAIN_TYPE):
        if wanted in types:
            at = rows_at + _ROW.size * types.index(wanted)
            bits, zone_octets, stored, expiry, end = _ROW.unpack_from(octets, at)
            if expiry - shift > now and (wanted != _CNAME or rrtype == wanted or not bits & 3):
                start = rows_at + _ROW.size * count
                if at != rows_at:
                    start = int.from_bytes(octets[at - 4 : at], "big")
                row = (bits, zone_octets, stored - shift, expiry - shift, end)
                return _entry(name, wanted, row, octets, start)
    return None


def answering_packed(
    packed: Iterable[Packed], name: bytes, rrtype: int, now: float, shift: float
) -> Entry | None:
    """Do what :func:`answering` does, for entries that no node holds yet."""
    current = {entry.type: entry for entry in packed if entry.expiry - shift > now}
    for wanted in (rrtype, _CNAME, NXDOMAIN_TYPE):
        entry = current.get(wanted)
        if entry and (wanted != _CNAME or rrtype == wanted or entry.kind == Kind.POSITIVE):
            return unpack(name, entry, shift)
    return None


def unpack(name: bytes, packed: Packed, shift: float) -> Entry:
    """Read one entry."""
    rrtype, bits, zone_octets, stored, expiry, body = packed
    row = (bits, zone_octets, stored - shift, expiry - shift, len(body))
    return _entry(name, rrtype, row, body, 0)


def all_entries(octets: bytes, name: bytes, shift: float) -> list[Entry]:
    """Read all entries of a node."""
    return [unpack(name, packed, shift) for packed in split(octets)]


def _entry(
    name: bytes,
    rrtype: int,
    row: tuple[int, int, float, float, int],
    octets: bytes,
    offset: int,
) -> Entry:
    """Read one entry from its row, times as monotonic seconds, and its body at an offset."""
    bits, zone_octets, stored, expiry, end = row
    zone = name[-zone_octets:]
    start = offset + 1
    offset = start + octets[offset]
    server = octets[start:offset]
    explanation = None
    if bits & _EXPLAINED:
        explanation, offset = _read_explanation(octets, offset)
    rrset = None
    if bits & 3 == _POSITIVE:
        rrset, offset = read_rrset(octets, offset, name, rrtype)
    proof: tuple[RRset, ...] = ()
    if offset != end:
        proof = tuple(_read_proof(octets, offset, end, zone))
    return Entry(
        name,
        rrtype,
        _KINDS[bits & 3],
        _RANKS[bits >> 2 & 3],
        _SECURITIES[bits >> 4 & 3],
        stored,
        expiry,
        rrset,
        proof,
        zone,
        server,
        explanation,
    )


def _read_proof(octets: bytes, offset: int, end: int, zone: bytes) -> Iterable[RRset]:
    while offset < end:
        start = offset + 1
        offset = start + octets[offset]
        owner = octets[start:offset] or zone
        rrtype = octets[offset] << 8 | octets[offset + 1]
        rrset, offset = read_rrset(octets, offset + 2, owner, rrtype)
        yield rrset


def read_rrset(body: bytes, offset: int, owner: bytes, rrtype: int) -> tuple[RRset, int]:
    """Read an RRset from octets at an offset; it, and the offset behind it."""
    ttl, rdata_count, signature_count = _RRSET.unpack_from(body, offset)
    offset += 8
    if rdata_count == 1 and not signature_count:  # most are; the loop takes twice as long
        start = offset + 2
        offset = start + (body[offset] << 8 | body[offset + 1])
        return RRset(owner, rrtype, ttl, (body[start:offset],)), offset
    fields = []
    for _ in range(rdata_count + signature_count):
        start = offset + 2
        offset = start + (body[offset] << 8 | body[offset + 1])
        fields.append(body[start:offset])
    return (
        RRset(owner, rrtype, ttl, tuple(fields[:rdata_count]), tuple(fields[rdata_count:])),
        offset,
    )
