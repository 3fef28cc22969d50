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
from typing import Final

from dnsd.wire.iana import RRType
from dnsd.wire.layouts import COMPRESSED
from dnsd.wire.reader import HEADER_OCTETS
from dnsd.wire.rrset import RRset

ANSWER: Final = 1
AUTHORITY: Final = 2
ADDITIONAL: Final = 3

# CVE-2024-8508 and its kin: Unbound chose the same figure.
MAX_COMPRESSED_NAMES: Final = 120

MAX_MESSAGE_OCTETS: Final = 0xFFFF
_POINTER_LIMIT = 0x4000

_HEADER = struct.Struct("!6H")
_TYPE_CLASS = struct.Struct("!HH")
_TYPE_CLASS_TTL = struct.Struct("!HHI")
_SOA = int(RRType.SOA)
_MX = int(RRType.MX)
_RRSIG = int(RRType.RRSIG)
_MINFO = int(RRType.MINFO)
_COMPRESSED = frozenset(int(rrtype) for rrtype in COMPRESSED)


class MessageWriter:
    """Writes one message: header, question, RRsets by section, OPT, TSIG.

    Attributes:
        id: message id; may be changed until :meth:`finish`.
        flags: second word of the header, likewise.
        limit: octets that the message may have.
        names_left: names that may still be looked up for compression.
    """

    __slots__ = (
        "_counts",
        "_out",
        "_room",
        "_section",
        "_trailers",
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
        self._section = 0
        self._trailers: list[bytes] = []
