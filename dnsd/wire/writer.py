"""The writer of messages: compression, a size limit, whole RRsets or nothing.

Compression looks suffixes of names up in one table, without regard to letter
case (RFC 1035 §4.1.4, RFC 4343). Its cost is bounded: at most 120 names of a
message are looked up, whether that finds anything or not, and the others are
written out; the owner of an RRset counts once. No pointer leads past 0x3FFF.

Names inside rdata are compressed only for the types of RFC 1035 (RFC 3597 §4).
An owner that is the name of the question becomes a pointer to it, so that the
client's own letter case comes back.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from dnsd.wire.iana import RRType
from dnsd.wire.layouts import COMPRESSED
from dnsd.wire.reader import HEADER_OCTETS

if TYPE_CHECKING:
    from dnsd.wire.rrset import RRset

ANSWER: Final = 1
AUTHORITY: Final = 2
ADDITIONAL: Final = 3

# CVE-2024-8508 and its kin: Unbound chose the same figure.
MAX_COMPRESSED_NAMES: Final = 120

MAX_MESSAGE_OCTETS: Final = 0xFFFF
_POINTER_LIMIT = 0x4000

_HEADER = struct.Struct("!6H")
_TYPE_CLASS_TTL = struct.Struct("!HHI")
_SOA = int(RRType.SOA)
_MX = int(RRType.MX)
_RRSIG = int(RRType.RRSIG)
_MINFO = int(RRType.MINFO)
_SOA_NUMBERS = 20  # octets behind the two names
COMPRESSED_TYPES = frozenset(int(rrtype) for rrtype in COMPRESSED)


class MessageWriter:
    """Writes one message: header, question, RRsets by section, OPT, TSIG.

    Attributes:
        id: message id; may be changed until :meth:`finish`.
        flags: second word of the header, likewise.
        limit: octets that the message may have.
        names_left: names that may still be looked up for compression.
        suffixes: lower-case suffixes of the names written, with their offsets.
    """

    __slots__ = (
        "_counts",
        "_opt",
        "_out",
        "_room",
        "_tsig",
        "flags",
        "id",
        "limit",
        "names_left",
        "suffixes",
    )

    def __init__(
        self, limit: int = MAX_MESSAGE_OCTETS, suffixes: dict[bytes, int] | None = None
    ) -> None:
        self.id = 0
        self.flags = 0
        self.limit = limit
        self.names_left = MAX_COMPRESSED_NAMES
        self.suffixes: dict[bytes, int] = {} if suffixes is None else suffixes
        self._room = limit
        self._out = bytearray(HEADER_OCTETS)
        self._counts = [0, 0, 0, 0]
        self._opt = b""
        self._tsig = b""

    def header(self, message_id: int, flags: int) -> None:
        """Set what the header says; the counts are kept by the writer."""
        self.id = message_id
        self.flags = flags

    def question(self, qname_as_sent: bytes, qtype: int, qclass: int) -> None:
        """Write a question, its name with the letter case that the client sent."""
        self._counts[0] += 1
        self._name(qname_as_sent, [])
        self._out += (qtype << 16 | qclass).to_bytes(4, "big")

    def rrset(self, section: int, rrset: RRset, *, with_signatures: bool = False) -> bool:
        """Write all records of an RRset, or nothing when they do not fit.

        Args:
            section: ``ANSWER``, ``AUTHORITY`` or ``ADDITIONAL``, never a
                smaller one than before.
            rrset: names in its rdata uncompressed.
            with_signatures: whether its RRSIGs go with it.

        Returns:
            Whether it was written.
        """
        out = self._out
        start = len(out)
        added: list[bytes] = []
        self._name(rrset.owner, added)
        owner = bytes(out[start:])
        if len(owner) > 2 and start < _POINTER_LIMIT:
            owner = (0xC000 | start).to_bytes(2, "big")
        fixed = _TYPE_CLASS_TTL.pack(rrset.type, rrset.rdclass, rrset.ttl)
        if self._records(rrset, fixed, owner + fixed, added):
            count = len(rrset.rdatas)
            if not with_signatures or not rrset.signatures:
                self._counts[section] += count
                return True
            fixed = owner + _TYPE_CLASS_TTL.pack(_RRSIG, rrset.rdclass, rrset.ttl)
            for rdata in rrset.signatures:
                out += fixed + len(rdata).to_bytes(2, "big") + rdata
            if len(out) <= self._room:
                self._counts[section] += count + len(rrset.signatures)
                return True
        del out[start:]
        for suffix in added:
            del self.suffixes[suffix]
        return False

    def opt(self, octets: bytes) -> bool:
        """Keep room for an OPT record, which :meth:`finish` writes.

        A later call replaces the record.

        Returns:
            Whether there is room for it.
        """
        room = self._room + len(self._opt) - len(octets)
        if room < len(self._out):
            return False
        self._room = room
        self._opt = octets
        return True

    def tsig(self, octets: bytes) -> bool:
        """Keep room for a TSIG record, which :meth:`finish` writes last.

        Returns:
            Whether there is room for it.
        """
        room = self._room + len(self._tsig) - len(octets)
        if room < len(self._out):
            return False
        self._room = room
        self._tsig = octets
        return True

    def finish(self) -> bytes:
        """Write OPT, TSIG and the header; return the message's octets."""
        out = self._out
        questions, answers, authorities, additionals = self._counts
        additionals += bool(self._opt) + bool(self._tsig)
        _HEADER.pack_into(out, 0, self.id, self.flags, questions, answers, authorities, additionals)
        return bytes(out) + self._opt + self._tsig

    def _records(self, rrset: RRset, fixed: bytes, repeated: bytes, added: list[bytes]) -> bool:
        """Write the records behind the first owner; whether they fit."""
        out = self._out
        room = self._room
        if rrset.type in COMPRESSED_TYPES:
            for rdata in rrset.rdatas:
                out += fixed
                fixed = repeated
                start = len(out) + 2
                out += b"\x00\x00"
                if rdata:  # an update's condition or deletion has none
                    self._rdata(rrset.type, rdata, added)
                length = len(out) - start
                out[start - 2] = length >> 8
                out[start - 1] = length & 0xFF
                if len(out) > room:
                    return False
            return True
        for rdata in rrset.rdatas:
            out += fixed + len(rdata).to_bytes(2, "big") + rdata
            fixed = repeated
            if len(out) > room:
                return False
        return True

    def _rdata(self, rrtype: int, rdata: bytes, added: list[bytes]) -> None:
        """Write rdata of a type of RFC 1035 with its names compressed."""
        if rrtype == _MX:
            self._out += rdata[:2]
            self._name(rdata[2:], added)
        elif rrtype == _SOA:
            middle = _name_end(rdata)
            self._name(rdata[:middle], added)
            self._name(rdata[middle:-_SOA_NUMBERS], added)
            self._out += rdata[-_SOA_NUMBERS:]
        elif rrtype == _MINFO:
            middle = _name_end(rdata)
            self._name(rdata[:middle], added)
            self._name(rdata[middle:], added)
        else:
            self._name(rdata, added)

    def _name(self, name: bytes, added: list[bytes]) -> None:
        """Write a name, its longest known suffix as a pointer.

        Args:
            name: uncompressed, any letter case.
            added: gets the suffixes that this name brought into the table.
        """
        out = self._out
        if self.names_left <= 0:
            out += name
            return
        self.names_left -= 1
        suffixes = self.suffixes
        start = len(out)
        key = name.lower()
        position = 0
        # The root is as short as a pointer would be long: never looked up.
        while length := key[position]:
            suffix = key[position:]
            offset = suffixes.get(suffix)
            if offset is not None:
                out += name[:position] + (0xC000 | offset).to_bytes(2, "big")
                return
            if start + position < _POINTER_LIMIT:
                suffixes[suffix] = start + position
                added.append(suffix)
            position += 1 + length
        out += name


def _name_end(rdata: bytes) -> int:
    """Return the offset behind the name that rdata begins with."""
    offset = 0
    while length := rdata[offset]:
        offset += 1 + length
    return offset + 1
