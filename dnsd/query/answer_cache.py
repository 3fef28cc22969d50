"""Whole answers as octets, handed out again without looking inside them.

The cache is a security boundary: whatever may make two clients' answers differ
stands in its key. An entry is found by

    view, transport class · header flags RD AD CD and EDNS none/present/DO ·
    QNAME in lower case · type · class

and holds the reply's octets after the ID, whose question is then spelt as this
client spelt it. Owner names of a reply point to its question, so the client's
spelling (0x20) is everywhere at once.

In front of the entries stand *aliases*, one dictionary a table: all octets of
a query after its ID, to the finished octets of its reply. An alias is made
when the same octets come a second time, so a flood of random spellings makes
none. A UDP reader needs one look-up in it and writes two octets.

Ageing: an answer of the resolver has TTLs that run down. An entry of one knows
where they stand and lowers them by the whole seconds since; an alias of one lasts
until the next second begins, so that a look-up in it costs one comparison more.

Generations: an entry remembers the generation slot of what it was made from
(a zone, or slot 0 when several took part) and that slot's value. A reload bumps
the slot in shared memory, which costs each hit one comparison and the rest of
the cache nothing.

Never stored: see :attr:`.request.Reply.cacheable`. A query is answered from
here only if it is of the plainest form: one question, no other record but an
OPT without options, or with one COOKIE, which is verified and answered anew
each time and never stored.

Entries and aliases are plain tuples of octets and integers, which the garbage
collector stops tracking; a full table is cut by half, oldest first.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from dnsd.query.kept_reply import answer_owners, ttl_places
from dnsd.wire.iana import OptionCode

if TYPE_CHECKING:
    from collections.abc import Sequence

# Header flags that a cacheable query may set: RD, AD, CD. Each changes replies.
_RD_AD_CD = 0x0130
_OTHER_FLAGS = 0xFFFF & ~_RD_AD_CD

# What the EDNS part of a query does to its reply, third octet of a key.
_NO_EDNS = 0
_EDNS = 1
_EDNS_DO = 2

_OPT_OCTETS = 11  # root name, type, size, extended rcode, version, flags, length
_DO = 0x8000
_MIN_UDP = 512  # RFC 6891 §6.2.3: smaller values mean 512
_STREAM_LIMIT = 0xFFFF

# (reply octets after the ID, generation slot, generation, counter slot, rate class,
# monotonic seconds until which the octets are right)
Stored = tuple[bytes, int, int, int, bytes, float]
# Monotonic seconds when it was stored, when it expires, from which it is to be
# refreshed; then the places of its TTLs, two octets each.
Ageing = tuple[float, float, float, bytes]

NEVER: Final = float("inf")
_AGELESS: Final[Ageing] = (0.0, NEVER, NEVER, b"")


@dataclass(frozen=True, slots=True)
class AnswerCacheOptions:
    """Bounds of one table (a view and a transport class).

    Attributes:
        entries: answers kept, about 250 octets each.
        aliases: query octets kept, about 350 octets each.
    """

    entries: int = 65536
    aliases: int = 65536

    @property
    def octets(self) -> int:
        """Octets of all answers kept: room for twice the usual size.

        Over TCP an answer may have 65,535, and who owns a zone has as many as he likes.
        """
        return 512 * self.entries


#: Names of one table that are noted between two looks at what was found.
NOTED_NAMES: Final = 1024


@dataclass(slots=True)
class Sighting:
    """A query of the plainest form, as the cache sees it.

    Attributes:
        key: what an entry is found by.
        question_end: offset behind the question.
        limit: octets the reply may have.
        cookie: value of the COOKIE option, ``None`` without one.
    """

    key: bytes
    question_end: int
    limit: int
    cookie: bytes | None


@dataclass(slots=True)
class Hit:
    """A stored reply, its question spelt as this client did.

    Attributes:
        octets: the whole reply with this query's ID; a cookie is not in it.
        counter: the hot counter slot of its transport, type and rcode.
        rate_class: what response rate limiting counts it under.
    """

    octets: bytes
    counter: int
    rate_class: bytes


def see(octets: bytes, *, datagram: bool, max_udp: int) -> Sighting | None:
    """Look at a query; ``None`` unless it has the plainest form.

    Args:
        octets: the whole query.
        datagram: whether the reply must fit a datagram.
        max_udp: octets of the largest datagram we send (EDNS).
    """
    length = len(octets)
    if length < 17 or octets[4:10] != b"\0\1\0\0\0\0":
        return None
    flags = octets[2] << 8 | octets[3]
    if flags & _OTHER_FLAGS:
        return None
    end = _skip_name(octets, length)
    if not end or end + 4 > length:
        return None
    end += 4
    additional = octets[10:12]
    edns, limit, cookie = _NO_EDNS, _MIN_UDP, None
    if additional == b"\0\1":
        opt = _see_opt(octets, end)
        if opt is None:
            return None
        edns, limit, cookie = opt
    elif additional != b"\0\0" or end != length:
        return None
    limit = min(limit, max_udp) if datagram else _STREAM_LIMIT
    # One octet of flags: RD is bit 0 of the high octet, AD and CD bits 5 and 4.
    # Only the name is lowered: type 65 is the octet of a capital A.
    name = octets[12 : end - 4].lower()
    key = bytes((octets[2] & 0x01 | octets[3] & 0x30, edns)) + name + octets[end - 4 : end]
    return Sighting(key, end, limit, cookie)


def _skip_name(octets: bytes, length: int) -> int:
    """Return the offset behind the QNAME, 0 if it is compressed or too long."""
    offset = 12
    while offset < length:
        label = octets[offset]
        if not label:
            return offset + 1 if offset < 12 + 255 else 0
        if label > 63:
            return 0
        offset += label + 1
    return 0


def _see_opt(octets: bytes, start: int) -> tuple[int, int, bytes | None] | None:
    """Read an OPT record that ends the query: EDNS class, size limit, cookie."""
    end = start + _OPT_OCTETS
    # Root owner and type 41; extended rcode and version must be 0.
    if octets[start : start + 3] != b"\0\0\x29" or octets[start + 5 : start + 7] != b"\0\0":
        return None
    flags = int.from_bytes(octets[start + 7 : start + 9], "big")
    if flags & ~_DO:
        return None
    rdlength = int.from_bytes(octets[start + 9 : end], "big")
    if end + rdlength != len(octets):
        return None
    cookie = None
    if rdlength:
        if rdlength < 4 or octets[end : end + 2] != _COOKIE:
            return None
        cookie = octets[end + 4 :]
        if len(cookie) != octets[end + 2] << 8 | octets[end + 3]:
            return None
    size = max(_MIN_UDP, octets[start + 3] << 8 | octets[start + 4])
    return _EDNS_DO if flags & _DO else _EDNS, size, cookie


_COOKIE = int(OptionCode.COOKIE).to_bytes(2, "big")


class Table:
    """The answers of one view and one transport class.

    Attributes:
        aliases: octets of a query after its ID → stored reply. A reader may
            look into it directly, must compare the generation, and must never
            write to it.
        entry_turnovers: times that the older half of the answers was dropped;
            the shell reports it as hits of the limit ``answer_cache_entries``.
        alias_turnovers: the same of aliases, ``answer_cache_aliases``.
    """

    __slots__ = (
        "_entries",
        "_found",
        "_generations",
        "_octets",
        "_options",
        "_seen",
        "alias_turnovers",
        "aliases",
        "entry_turnovers",
    )

    def __init__(self, options: AnswerCacheOptions, generations: Sequence[int]) -> None:
        self.aliases: dict[bytes, Stored] = {}
        self._entries: dict[bytes, tuple[Stored, Ageing]] = {}
        self._seen: set[int] = set()
        self._found: set[bytes] = set()
        self._generations = generations
        self._octets = 0
        self._options = options
        self.entry_turnovers = self.alias_turnovers = 0

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, octets: bytes, sighting: Sighting, now: float) -> Hit | None:
        """Answer a query from the table.

        A second sight of the same octets makes an alias of them, unless they
        carry a cookie, which is answered anew each time, or came over a stream,
        where nobody looks for aliases.

        Args:
            octets: the whole query.
            sighting: what :func:`see` made of it.
            now: monotonic seconds.

        Returns:
            The reply, or ``None`` when there is none that is current and small
            enough, or it is time to refresh it; then the pipeline must answer.
        """
        found = self._entries.get(sighting.key)
        if found is None:
            return None
        (rest, slot, generation, counter, rate_class, until), ageing = found
        if self._generations[slot] != generation:
            self._forget(sighting.key)
            return None
        if len(rest) + 2 > sighting.limit:
            return None
        if ageing is not _AGELESS:
            if now >= min(ageing[1], ageing[2]):
                self._forget(sighting.key)
                return None
            if now - ageing[0] >= 1:
                rest, ageing = _aged(rest, ageing, now)
                # Once a second, however often it is found: it may have 4,000 TTLs.
                self._entries[sighting.key] = (rest, *found[0][1:]), ageing
            until = min(ageing[0] + 1, ageing[1], ageing[2])
            if len(self._found) < NOTED_NAMES:
                self._found.add(sighting.key)
        end = sighting.question_end
        if rest[10 : end - 2] != octets[12:end]:
            rest = rest[:10] + octets[12:end] + rest[end - 2 :]
        if sighting.cookie is None and sighting.limit != _STREAM_LIMIT:
            self._notice(octets[2:], (rest, slot, generation, counter, rate_class, until))
        return Hit(octets[:2] + rest, counter, rate_class)

    def take_found(self) -> set[bytes]:
        """Return names behind answers of the resolver that were found since the last call.

        The record cache never hears of them otherwise, and would let them go. An
        alias lives until the next second, so what is asked for more often than once
        a second is among them too, and a hit of an alias costs nothing.

        Returns:
            In canonical form, with those that aliases led to (CNAME and DNAME); of
            at most :data:`NOTED_NAMES` answers.
        """
        found, self._found = self._found, set()
        names: set[bytes] = set()
        for key in found:
            kept = self._entries.get(key)
            if kept is not None:
                names.add(key[2:-4])
                names |= answer_owners(b"\0\0" + kept[0][0])
        return names

    def _notice(self, query_rest: bytes, stored: Stored) -> None:
        sight = hash(query_rest)
        if sight not in self._seen:
            if len(self._seen) >= self._options.aliases:
                self._seen.clear()
            self._seen.add(sight)
            return
        if len(self.aliases) >= self._options.aliases:
            _drop_oldest_half(self.aliases)
            self.alias_turnovers += 1
        self.aliases[query_rest] = stored

    def store(
        self,
        sighting: Sighting,
        reply: bytes,
        made_from: tuple[int, int],
        counted: tuple[int, bytes],
        times: tuple[float, float, float] = (0.0, NEVER, NEVER),
    ) -> None:
        """Keep a reply that the pipeline marked as cacheable.

        Args:
            sighting: what :func:`see` made of the query.
            reply: the whole reply, without cookie; an OPT, if any, is last.
            made_from: generation slot and its value *before* the answer was
                looked up.
            counted: hot counter slot and rate class.
            times: monotonic seconds: now, when it expires, and from when it is to
                be refreshed; it does not age if it never expires.
        """
        options = self._options
        if len(reply) > options.octets:
            return
        self._forget(sighting.key)
        while len(self._entries) >= options.entries or self._octets + len(reply) > options.octets:
            _drop_oldest_half(self._entries)
            self._octets = sum(len(stored[0]) for stored, _ in self._entries.values())
            self.entry_turnovers += 1
        ageing = _AGELESS
        if times[1] != NEVER:
            ageing = (*times, ttl_places(reply, sighting.question_end))
        self._entries[sighting.key] = ((reply[2:], *made_from, *counted, NEVER), ageing)
        self._octets += len(reply) - 2

    def _forget(self, key: bytes) -> None:
        kept = self._entries.pop(key, None)
        if kept is not None:
            self._octets -= len(kept[0][0])


def _aged(rest: bytes, ageing: Ageing, now: float) -> tuple[bytes, Ageing]:
    """Lower the TTLs of a stored reply by its age.

    Returns:
        Its octets after the ID, as if they had been stored in whole seconds less.
    """
    stored, expires, look_again, places = ageing
    age = int(now - stored)
    octets = bytearray(rest)
    for i in range(0, len(places), 2):
        place = (places[i] << 8 | places[i + 1]) - 2
        ttl = int.from_bytes(octets[place : place + 4], "big") - age
        octets[place : place + 4] = max(ttl, 0).to_bytes(4, "big")
    return bytes(octets), (stored + age, expires, look_again, places)


def _drop_oldest_half(table: dict[bytes, Any]) -> None:
    for key in list(islice(table, len(table) // 2 + 1)):
        del table[key]


def limited(octets: bytes, sighting: Sighting, reply: bytes) -> bytes:
    """Make of a reply what a client over its rate gets: come back over TCP.

    Args:
        octets: the whole query.
        sighting: what :func:`see` made of it; without a cookie.
        reply: what it would get.
    """
    has_opt = sighting.key[1] != _NO_EDNS
    opt = reply[-_OPT_OCTETS:] if has_opt else b""
    # QR, TC and the client's RD; one question.
    flags = bytes((0x82 | octets[2] & 0x01, 0))
    counts = bytes((0, 1, 0, 0, 0, 0, 0, has_opt))
    return octets[:2] + flags + counts + octets[12 : sighting.question_end] + opt
