"""Who asks for certain names: a short record of queries, for the leak test.

The operator has names watched for a minute: those at or below a zone of ours whose
label next to the zone begins with a random prefix, so that nobody else's queries
are recorded. Processes share a board of memory for that::

    until      8  monotonic microseconds; 0 while nothing is watched
    session    8  counts the watches
    prefix     1 + 31
    zone       1 + 255, and fill to 304
    rows          one for each process that answers:
      session  8  that its sightings are of
      count    8  queries seen; those beyond the room are counted only
      room        128 sightings of 296 octets, see ``_SIGHTING``

Control writes the head, each process its own row; nothing is locked. A reader may
miss what is just being written, no more. While nothing is watched a query costs
one comparison.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.wire.iana import OptionCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.query.request import Request
    from dnsd.wire.message import Query

MAX_PREFIX_OCTETS: Final = 31
ROOM: Final = 128

_COOKIE = int(OptionCode.COOKIE)
_HEAD_OCTETS: Final = 304
_ROW_HEAD_OCTETS: Final = 16
_PREFIX: Final = 16
_ZONE: Final = 48

# Time, address, port, ID, flags, type, UDP size, transport, EDNS, DO, cookie, name as sent.
_SIGHTING: Final = struct.Struct("!d17pHHHHHBBBB256p")
_SIGHTING_OCTETS: Final = 296
_ROW_OCTETS: Final = _ROW_HEAD_OCTETS + ROOM * _SIGHTING_OCTETS


class Sighting(NamedTuple):
    """One query for a watched name.

    Attributes:
        seen: monotonic seconds.
        client: address in network order, 4 or 16 octets.
        port: the client's.
        id: of the message.
        flags: the second word of its header.
        type: asked for.
        udp_size: that EDNS tells; 0 without EDNS.
        transport: the value of ``request.Transport``.
        edns: an OPT record was there.
        dnssec: signatures are wanted (DO).
        cookie: a DNS cookie was there.
        name: in the client's letter case, wire form.
    """

    seen: float
    client: bytes
    port: int
    id: int
    flags: int
    type: int
    udp_size: int
    transport: int
    edns: bool
    dnssec: bool
    cookie: bool
    name: bytes


def board_octets(rows: int) -> int:
    """Return how much memory the board of so many processes takes."""
    return _HEAD_OCTETS + rows * _ROW_OCTETS


class Board:
    """The board as control sees it."""

    def __init__(self, memory: memoryview) -> None:
        """Use shared memory of `board_octets`, octets that were zero at first."""
        self._memory = memory
        self._head = memory[:16].cast("Q")

    def watch(self, zone: bytes, prefix: bytes, until: float) -> None:
        """Have names watched; what was seen before is forgotten.

        Args:
            zone: in canonical form.
            prefix: lower case, 1..31 octets.
            until: monotonic seconds.
        """
        self.end()
        memory = self._memory
        memory[_PREFIX : _PREFIX + 1 + len(prefix)] = bytes((len(prefix),)) + prefix
        memory[_ZONE : _ZONE + 1 + len(zone)] = bytes((len(zone),)) + zone
        self._head[1] += 1
        self._head[0] = int(until * 1e6)

    def end(self) -> None:
        """Watch nothing any longer."""
        self._head[0] = 0

    def ends_at(self) -> float:
        """Return until when names are watched, monotonic seconds; 0 for not at all."""
        return self._head[0] / 1e6

    def sightings(self) -> tuple[list[Sighting], int]:
        """Return what was seen in this watch, by time, and how much had no room."""
        found: list[Sighting] = []
        omitted = 0
        for start in range(_HEAD_OCTETS, len(self._memory), _ROW_OCTETS):
            row = self._memory[start : start + _ROW_OCTETS]
            session, count = row[:_ROW_HEAD_OCTETS].cast("Q")
            if session == self._head[1]:
                found += _read(row, min(count, ROOM))
                omitted += max(0, count - ROOM)
        found.sort()
        return found, omitted


class Lookout:
    """The board as a process that answers sees it."""

    def __init__(self, memory: memoryview, row: int) -> None:
        """Write to one row of the board.

        Args:
            memory: as for `Board`.
            row: of this process, from 0.
        """
        start = _HEAD_OCTETS + row * _ROW_OCTETS
        self._memory = memory
        self._head = memory[:16].cast("Q")
        self._row = memory[start : start + _ROW_OCTETS]
        self._row_head = self._row[:_ROW_HEAD_OCTETS].cast("Q")

    def sees(self, request: Request, query: Query) -> bool:
        """Tell whether a query is for a watched name, and record it if so.

        Its reply must not be kept, or the next query would not get here.
        """
        if not self._head[0]:
            return False
        if request.now * 1e6 >= self._head[0] or not self._is_watched(query.qname):
            return False
        head = self._row_head
        if head[0] != self._head[1]:
            head[1] = 0
            head[0] = self._head[1]
        count = head[1]
        if count < ROOM:
            offset = _ROW_HEAD_OCTETS + count * _SIGHTING_OCTETS
            _SIGHTING.pack_into(self._row, offset, *_fields(request, query))
        head[1] = count + 1
        return True

    def _is_watched(self, name: bytes) -> bool:
        memory = self._memory
        zone = memory[_ZONE + 1 : _ZONE + 1 + memory[_ZONE]]
        end = len(name) - len(zone)
        if end <= 0 or name[end:] != zone:
            return False
        offset = 0
        while (following := offset + 1 + name[offset]) < end:
            offset = following
        prefix = memory[_PREFIX + 1 : _PREFIX + 1 + memory[_PREFIX]]
        return following == end and name[offset + 1 : offset + 1 + len(prefix)] == prefix


def _fields(request: Request, query: Query) -> Sighting:
    edns = query.edns
    return Sighting(
        request.now,
        request.client,
        request.client_port,
        query.id,
        query.flags,
        query.qtype,
        edns.udp_size if edns else 0,
        int(request.transport),
        edns is not None,
        edns is not None and edns.do,
        edns is not None and edns.option(_COOKIE) is not None,
        query.qname_as_sent,
    )


def _read(row: memoryview, count: int) -> Iterator[Sighting]:
    for i in range(count):
        fields = _SIGHTING.unpack_from(row, _ROW_HEAD_OCTETS + i * _SIGHTING_OCTETS)
        yield Sighting._make((*fields[:8], *map(bool, fields[8:11]), fields[11]))
