"""A server that may answer anything, and how what it does is put together.

Its reply begins as the honest one of its own zones. Each of its *forgeries* then
changes that reply, or replaces it by octets of any kind. ``forgeries`` has those that
try to speak for other people's names, ``exhaustion`` those that try to make work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from dnsd.authority.answer import answer
from dnsd.lab.authority import SERVER_COOKIE, Sent
from dnsd.lab.zone import MemoryZones
from dnsd.resolver.commands import Transport
from dnsd.wire.edns import Edns
from dnsd.wire.errors import FormError
from dnsd.wire.iana import OptionCode
from dnsd.wire.message import AA, QR, RD, Message, Question, parse_query, render_message
from dnsd.wire.rrset import RRset
from dnsd.wire.writer import MAX_MESSAGE_OCTETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dnsd.authority.zones import Zones
    from dnsd.lab.zone import MemoryZone
    from dnsd.wire.message import Query

    Forge = Callable[["Forgery"], None]

_COOKIE = int(OptionCode.COOKIE)
_UDP_OCTETS = 1232
_A = 1
_AAAA = 28


@dataclass(slots=True)
class Forgery:
    """A reply under way.

    Attributes:
        query: what was asked.
        transport: by which it came.
        now: seconds.
        message: the reply as it stands.
        sent: octets instead of the message; ``None`` to send the message.
        delay_s: seconds until it is sent.
    """

    query: Query
    transport: Transport
    now: float
    message: Message
    sent: list[Sent] | None = None
    delay_s: float = 0.0

    @property
    def name(self) -> bytes:
        """The name that was asked for."""
        return self.query.qname

    def section(self, which: str) -> list[RRset]:
        """Return ``answer``, ``authority`` or ``additional``."""
        found: list[RRset] = getattr(self.message, which)
        return found

    def clear(self) -> None:
        """Take all records out, and every flag but that it is a reply."""
        message = self.message
        message.answer, message.authority, message.additional = [], [], []
        message.flags = QR | AA | (self.query.flags & RD)

    def octets(self) -> bytes:
        """Return the message as it would be sent now."""
        limit = _UDP_OCTETS if self.transport is Transport.UDP else MAX_MESSAGE_OCTETS
        return render_message(self.message, limit)


@dataclass(frozen=True, slots=True)
class Aim:
    """Who lies, and to whose harm.

    Attributes:
        own: apex of the subtree that the liar was given.
        servers: names of its servers, in that subtree.
        addresses: of its servers; forged names lead there.
        ttl: seconds, of what it forges.
    """

    own: bytes
    servers: tuple[bytes, ...]
    addresses: tuple[bytes, ...]
    ttl: int = 86_400

    def address_rrset(self, owner: bytes, ttl: int | None = None) -> RRset:
        """Say that a name has the liar's addresses (those of IPv4)."""
        ttl = self.ttl if ttl is None else ttl
        return RRset(owner, _A, ttl, tuple(each for each in self.addresses if len(each) == 4))

    def name_servers(self, owner: bytes) -> RRset:
        """Say that the liar's servers serve a zone."""
        return RRset(owner, 2, self.ttl, self.servers)


class Hostile:
    """A server of some zones that lies.

    Attributes:
        zones: its own.
        forgeries: what is done to each reply, in this order; may be changed at any time.
        received: queries so far.
    """

    def __init__(self, zones: Iterable[MemoryZone], forgeries: Sequence[Forge] = ()) -> None:
        self.zones = MemoryZones(zones)
        self.forgeries = forgeries
        self.received = 0

    def receive(self, query: bytes, transport: Transport, now: float) -> Sequence[Sent]:
        """Take a query; what is none gets silence."""
        self.received += 1
        try:
            parsed = parse_query(query)
        except FormError:
            return ()
        forgery = Forgery(parsed, transport, now, self._honest(parsed))
        for forge in self.forgeries:
            forge(forgery)
        if forgery.sent is not None:
            return [Sent(octets, delay_s + forgery.delay_s) for octets, delay_s in forgery.sent]
        return (Sent(forgery.octets(), forgery.delay_s),)

    def _honest(self, query: Query) -> Message:
        """Make the reply of its zones; to what is not in them an empty one."""
        found = answer(cast("Zones", self.zones), query.qname, query.qtype)
        flags = QR | (query.flags & RD)
        message = Message(query.id, flags | AA)
        message.questions.append(Question(query.qname_as_sent, query.qtype, query.qclass))
        if query.edns is not None:
            cookie = query.edns.option(_COOKIE)
            options = () if cookie is None else ((_COOKIE, cookie[:8] + SERVER_COOKIE),)
            message.edns = Edns(_UDP_OCTETS, options=options)
        if found is not None:
            message.flags = flags | found.rcode | (AA if found.authoritative else 0)
            message.answer += found.answer
            message.authority += found.authority
            message.additional += found.additional
        return message


def sometimes(share: float, chance: Callable[[], float], forge: Forge) -> Forge:
    """Do something to a share of the replies.

    Args:
        share: from 0 to 1.
        chance: returns a number from 0 to below 1.
        forge: what is done.
    """

    def forge_sometimes(forgery: Forgery) -> None:
        if chance() < share:
            forge(forgery)

    return forge_sometimes


def only_for(names_: Iterable[bytes], forge: Forge) -> Forge:
    """Do something to replies about some names only."""
    wanted = frozenset(names_)

    def forge_for_some(forgery: Forgery) -> None:
        if forgery.name in wanted:
            forge(forgery)

    return forge_for_some
