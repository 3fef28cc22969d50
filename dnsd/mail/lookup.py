"""What mail asks of the DNS, and how sure the answers are.

The world's one way in: delivery, and the checks of who sent, are given a
:class:`Resolver` and know no other. An answer says whether the whole way to it was
signed and proven, which is what DANE rests on (RFC 7672 §2.1); what could not be
found out is :class:`LookupFailed`, which is never the same as "there is none".

Names are octets in wire form, lower case (:mod:`dnsd.wire.names`); rdata is octets,
names in it uncompressed.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, Protocol

from dnsd.wire import names
from dnsd.wire.iana import RRType
from dnsd.wire.presentation_fields import ipv4_text, ipv6_text
from dnsd.wire.rdata import to_strings

_ADDRESS_TEXT: Final = {int(RRType.A): ipv4_text, int(RRType.AAAA): ipv6_text}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is there at a name, which may be nothing.

    Attributes:
        name: that was asked for.
        rtype: that was asked for.
        rdatas: of the records at the end of aliases; none if there are none.
        canonical: the end of aliases; ``name`` without one. A question for CNAME
            follows none.
        secure: every record on the way, and the proof that there is none, was
            validated. An alias that is not makes the whole answer insecure.
        ttl: seconds for which this holds.
        exists: there is such a name (NXDOMAIN otherwise).
    """

    name: bytes
    rtype: int
    rdatas: tuple[bytes, ...]
    canonical: bytes
    secure: bool
    ttl: int
    exists: bool = True


class FailureKind(enum.Enum):
    """Why there is no answer."""

    TEMPORARY = "temporary"  # no server answers, or none as it should
    BOGUS = "bogus"  # there is an answer that its signatures disown


class LookupFailed(Exception):  # noqa: N818 - what happened, not a fault of ours
    """It could not be found out what is there.

    Attributes:
        kind: why.
        text: for people, in one line, with what the resolver knows of the reason
            (RFC 8914): ``mx.example: RRSIG expired (EDE 7)``.
    """

    def __init__(self, kind: FailureKind, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


class Resolver(Protocol):
    """Finds answers; the embedded one, or one that a test fills."""

    async def look_up(self, name: bytes, rtype: int, /) -> Answer:
        """Find what is there of a type at a name.

        Raises:
            LookupFailed: it could not be found out.
        """


class Recorded:
    """A resolver that keeps what it was asked and what came of it, in order.

    The same question is asked once only: one delivery sees one state of the world.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._known: dict[tuple[bytes, int], Answer | LookupFailed] = {}

    @property
    def answers(self) -> list[tuple[bytes, int, Answer | LookupFailed]]:
        """Return name, type and what came of it."""
        return [(name, rtype, found) for (name, rtype), found in self._known.items()]

    async def look_up(self, name: bytes, rtype: int, /) -> Answer:
        """Find what is there; see :meth:`Resolver.look_up`."""
        found = self._known.get((name, rtype))
        if found is None:
            try:
                found = await self._resolver.look_up(name, rtype)
            except LookupFailed as failed:
                found = failed
            self._known[name, rtype] = found
        if isinstance(found, LookupFailed):
            raise found
        return found


def domain_name(domain: str) -> bytes:
    """Return the wire form of a domain as mail addresses hold it, no dot at its end.

    Raises:
        FormError: not a name.
    """
    return names.from_text(domain.removesuffix(".") + ".")


def domain_text(name: bytes) -> str:
    """Return a name as mail addresses hold it; the root is ``.``."""
    return names.to_text(name).removesuffix(".") or "."


def exchanges(answer: Answer) -> list[tuple[int, bytes]]:
    """Return preference and host of each MX record, in the order they came.

    Source: RFC 1035 §3.3.9.
    """
    return [(int.from_bytes(rdata[:2], "big"), rdata[2:].lower()) for rdata in answer.rdatas]


def addresses(answer: Answer) -> list[str]:
    """Return the addresses of A or AAAA records in text."""
    write = _ADDRESS_TEXT[answer.rtype]
    return [write(rdata) for rdata in answer.rdatas]


def texts(answer: Answer) -> list[bytes]:
    """Return each TXT record, its strings joined without anything between."""
    return [b"".join(to_strings(rdata)) for rdata in answer.rdatas]
