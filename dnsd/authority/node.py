"""One node of a zone as octets: flags and all RRsets of one owner name.

Layout, all numbers in network order::

    octet 0          flags, the FLAG_ constants
    octets 1-2       number of RRsets, n
    n x 2 octets     their types, ascending: the bitmap of an NSEC
    n x 4 octets     where each RRset ends, counted from octet 0
    n RRsets         TTL (4), number of rdatas (2), of signatures (2),
                     then rdatas and signatures as length (2) and octets

The owner name is not inside: it is the key under which the store keeps the
node, and a wildcard's node answers for other names.

A name that owns no records but has names below it, an *empty non-terminal*
(RFC 9499 §7), has no node. Signatures (RRSIG) stand with the RRset they cover,
so type 46 never appears in the directory.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The origin of the zone.
FLAG_APEX = 0x01
# A zone cut: the node has NS and is not the apex.
FLAG_CUT = 0x02
# The node has DNAME, so every name below it is redirected (RFC 6672 §2.3).
FLAG_DNAME = 0x04
# Strictly below a cut or a DNAME: not authoritative here, at most glue. It
# outranks FLAG_CUT and FLAG_DNAME, which such a node may carry as well.
FLAG_OCCLUDED = 0x08
# The name "*" directly below this node exists, with records of its own or as
# an empty non-terminal (RFC 4592 §2.2.2). The lookup believes a missing flag.
FLAG_WILDCARD_CHILD = 0x10

_HEAD_OCTETS = 3
_RRSET_HEAD = struct.Struct(">IHH")
# Expiration and inception (RFC 4034 §3.1), behind the length of an RRSIG's rdata.
_TIMES = struct.Struct(">II")
_TIMES_OFFSET = 2 + 8
_MAX_COUNT = 0xFFFF
_RRSIG = int(RRType.RRSIG)

_rrset_type = attrgetter("type")


@lru_cache(maxsize=64)
def _directory(count: int) -> struct.Struct:
    """Return the form of a directory of so many RRsets: types, then ends."""
    return struct.Struct(f">{count}H{count}I")


def encode_node(flags: int, rrsets: Sequence[RRset]) -> bytes:
    """Make the octets of a node.

    Args:
        flags: FLAG_ constants, ORed.
        rrsets: at most one of each type, in any order; owner and class of
            each are left out of the octets.

    Raises:
        FormError: a type twice, or an RRset of more rdatas or octets than a
            message can ever carry (65,535).
    """
    ordered = sorted(rrsets, key=_rrset_type)
    types = [rrset.type for rrset in ordered]
    if len(set(types)) != len(types):
        raise FormError("an RRset of this type is in the node already")
    bodies = []
    ends = []
    end = _HEAD_OCTETS + 6 * len(ordered)
    for rrset in ordered:
        body = _encode_rrset(rrset)
        bodies.append(body)
        end += len(body)
        ends.append(end)
    count = len(ordered)
    head = bytes((flags, count >> 8, count & 0xFF))
    return b"".join((head, _directory(count).pack(*types, *ends), *bodies))


def _encode_rrset(rrset: RRset) -> bytes:
    fields = (*rrset.rdatas, *rrset.signatures)
    size = sum(map(len, fields))
    if len(fields) > _MAX_COUNT or size > _MAX_COUNT:
        raise FormError(
            f"RRset of {len(fields)} records and {size} octets cannot be sent in any message"
        )
    body = bytearray(_RRSET_HEAD.pack(rrset.ttl, len(rrset.rdatas), len(rrset.signatures)))
    for field in fields:
        body += len(field).to_bytes(2, "big")
        body += field
    return bytes(body)


def signature_times(octets: bytes) -> Iterator[tuple[int, int]]:
    """Yield when each signature of a node ends and begins, as RRSIGs have it.

    Without making RRsets: whoever asks looks at every node of a zone.
    """
    count = octets[1] << 8 | octets[2]
    offset = _HEAD_OCTETS + 6 * count
    for _ in range(count):
        _, rdatas, signatures = _RRSET_HEAD.unpack_from(octets, offset)
        offset += 8
        for _ in range(rdatas):
            offset += 2 + (octets[offset] << 8 | octets[offset + 1])
        for _ in range(signatures):
            yield _TIMES.unpack_from(octets, offset + _TIMES_OFFSET)
            offset += 2 + (octets[offset] << 8 | octets[offset + 1])


class Node:
    """A node read from its octets; RRsets are made when asked for.

    Attributes:
        flags: FLAG_ constants, ORed.
        types: the types of its RRsets, ascending.
    """

    __slots__ = ("_ends", "_octets", "flags", "types")

    def __init__(self, octets: bytes) -> None:
        count = octets[1] << 8 | octets[2]
        directory = _directory(count).unpack_from(octets, _HEAD_OCTETS)
        self.flags: int = octets[0]
        self.types: tuple[int, ...] = directory[:count]
        self._ends: tuple[int, ...] = directory[count:]
        self._octets = octets

    def rrset(self, owner: bytes, rrtype: int) -> RRset | None:
        """Return the RRset of a type under an owner name, None without one."""
        if rrtype not in self.types:
            return None
        return self._rrset_at(owner, self.types.index(rrtype))

    def rrsets(self, owner: bytes) -> list[RRset]:
        """Return all RRsets under an owner name, by ascending type."""
        return [self._rrset_at(owner, index) for index in range(len(self.types))]

    def signatures(self, owner: bytes) -> RRset | None:
        """Return the RRSIGs of the first RRset that has any, as an RRset of their own."""
        for rrset in self.rrsets(owner):
            if rrset.signatures:
                return RRset(owner, _RRSIG, rrset.ttl, rrset.signatures)
        return None

    def smallest_rrset(self, owner: bytes) -> RRset | None:
        """Return the RRset of fewest octets, None in a node without any."""
        if not self.types:
            return None
        starts = (_HEAD_OCTETS + 6 * len(self.types), *self._ends)
        sizes = [end - start for start, end in zip(starts, self._ends, strict=False)]
        return self._rrset_at(owner, sizes.index(min(sizes)))

    def _rrset_at(self, owner: bytes, index: int) -> RRset:
        octets = self._octets
        offset = self._ends[index - 1] if index else _HEAD_OCTETS + 6 * len(self.types)
        ttl, rdata_count, signature_count = _RRSET_HEAD.unpack_from(octets, offset)
        offset += 8
        if rdata_count == 1 and not signature_count:  # most are; the loop takes thrice as long
            return RRset(owner, self.types[index], ttl, (octets[offset + 2 : self._ends[index]],))
        fields = []
        for _ in range(rdata_count + signature_count):
            start = offset + 2
            offset = start + (octets[offset] << 8 | octets[offset + 1])
            fields.append(octets[start:offset])
        return RRset(
            owner,
            self.types[index],
            ttl,
            tuple(fields[:rdata_count]) if signature_count else tuple(fields),
            tuple(fields[rdata_count:]),
        )
