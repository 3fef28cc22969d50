"""A request as it came off the wire, and the reply with its facts."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dnsd.wire.message import Query


_NEVER: Final = float("inf")


class Transport(enum.IntEnum):
    """How a request came; its number is part of hot counter slots."""

    UDP = 0
    TCP = 1
    TLS = 2  # RFC 7858
    HTTPS = 3  # RFC 8484; also where a proxy before us ends the encryption

    @property
    def label(self) -> str:
        """What operators call it."""
        return _LABELS[self]


_LABELS: Final = ("udp", "tcp", "dot", "doh")

# Where an observer sees no more of a message than its size.
ENCRYPTED: Final = frozenset((Transport.TLS, Transport.HTTPS))


#: How the resolver came by an answer: a name of ours or a list's, its cache, by asking,
#: expired data, not at all.
FOUND: Final = ("local", "hit", "synthesised", "miss", "stale", "failed")


class ZoneSet(enum.IntEnum):
    """Where the zone that answered comes from; part of hot counter slots."""

    FILE = 0
    GENERATED = 1
    NONE = 2


@dataclass(slots=True)
class Request:
    """One message that a client sent.

    Attributes:
        octets: the whole message, any length.
        client: address in network order, 4 or 16 octets; an IPv4 client of an
            IPv6 socket is 4 octets.
        client_port: 0..65535.
        local: our address that was asked, packed like ``client``; ``None`` if
            the socket is bound to it.
        transport: how it came.
        now: monotonic seconds when it was read.
        wall_now: Unix seconds when it was read.
        idle_s: how long its connection is kept while no query comes; 0 when
            that is not ours to say.
        scope: interface of a link-local client, else 0.
    """

    octets: bytes
    client: bytes
    client_port: int
    local: bytes | None
    transport: Transport
    now: float
    wall_now: int
    idle_s: float = 0.0
    scope: int = 0


@dataclass(slots=True)
class Reply:
    """What goes back, and what happened on the way.

    Attributes:
        octets: the whole message to send; empty means that nothing is sent,
            then ``dropped`` says why.
        rcode: extended rcode, 0..4095.
        qtype: type asked for; 0 when the question could not be read.
        zone_set: where the answering zone comes from.
        slot: generation slot of what the answer was made from, 0 for several.
        cacheable: may stand in the answer cache, without its cookie. Never when
            truncated, limited, shortened to fit, an error because of EDNS, or
            different for this client (NSID, padding, proof of address).
        cookie_octets: length of the COOKIE option that ends ``octets``; take
            that many octets off and lower the OPT's RDLENGTH by as many for
            the form that every client may get.
        rate_class: what response rate limiting counts such a reply under.
        truncated: TC is set because the answer did not fit.
        limits: names of limits that were hit.
        dropped: why nothing is sent: ``response``, ``source_port`` or
            ``malformed``; empty when something is.
        error: why the request was refused or malformed, for a log; or empty.
        crash: what made us fail, a defect or the store; the client got SERVFAIL.
        found: how the resolver came by the answer, one of :data:`FOUND`; empty if it
            had no part in it.
        validation: what validation found of it, as ``resolver.outcome.Outcome`` has it.
        disbelieved: RRsets that name servers had no authority to say.
        expires: monotonic seconds until which a cacheable reply may be sent again,
            its TTLs lowered; infinite when they do not age.
        look_again: monotonic seconds from which the next query for it is to come
            here once more, so that what it is made of is refreshed in time.
        query: the request as parsed, unless malformed.
    """

    octets: bytes
    rcode: int = 0
    qtype: int = 0
    zone_set: ZoneSet = ZoneSet.NONE
    slot: int = 0
    cacheable: bool = False
    cookie_octets: int = 0
    rate_class: bytes = b""
    truncated: bool = False
    limits: tuple[str, ...] = ()
    dropped: str = ""
    error: str = ""
    crash: Exception | None = None
    found: str = ""
    validation: str = ""
    disbelieved: int = 0
    expires: float = _NEVER
    look_again: float = _NEVER
    query: Query | None = None
