"""What a resolution ends with, and the steps on the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.resolver.cache.contract import Security
from dnsd.wire.iana import ExtendedError, Rcode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dnsd.resolver.cache.contract import Entry
    from dnsd.resolver.commands import Result, Transport
    from dnsd.resolver.scrub import Scrubbed
    from dnsd.wire.rrset import RRset

_SERVFAIL = int(Rcode.SERVFAIL)
#: What is said of nothing but data that are bogus (RFC 8914 §4).
BOGUS_CODES: Final = frozenset(
    (
        ExtendedError.DNSSEC_BOGUS,
        ExtendedError.SIGNATURE_EXPIRED,
        ExtendedError.SIGNATURE_NOT_YET_VALID,
        ExtendedError.DNSKEY_MISSING,
        ExtendedError.RRSIGS_MISSING,
        ExtendedError.NO_ZONE_KEY_BIT_SET,
        ExtendedError.NSEC_MISSING,
        ExtendedError.SIGNATURE_EXPIRED_BEFORE_VALID,
    )
)

#: Why something is bogus, as metrics call it; other reasons are those of its keys' servers.
BOGUS_REASONS: Final = (*(each.name.lower() for each in sorted(BOGUS_CODES)), "other")
#: What validation found of an answer that is not bogus.
STATUSES: Final = tuple(each.name.lower() for each in Security if each is not Security.BOGUS)


class Explanation(NamedTuple):
    """Why an answer is as it is (RFC 8914).

    Attributes:
        code: info-code.
        text: ASCII, may be empty.
    """

    code: int
    text: str = ""


_BOGUS: Final = Explanation(int(ExtendedError.DNSSEC_BOGUS))


@dataclass(slots=True)
class Failed:
    """A fetch that found nothing to believe.

    Attributes:
        explanation: why.
        limit: name of the limit that ended it, if one did. What ``budget.PASSING``
            has may succeed for somebody else, or a moment later.
        is_bogus: something was found, and is not what its zone signed.
    """

    explanation: Explanation
    limit: str = ""
    is_bogus: bool = False


@dataclass(slots=True)
class Outcome:
    """The answer to a client's question.

    Attributes:
        rcode: NOERROR, NXDOMAIN, YXDOMAIN or SERVFAIL.
        answer: RRsets in the order of the chain, with the TTLs that are left.
        authority: the SOA of a denial.
        security: the lowest of all parts; BOGUS of a failure for that reason.
        explanation: why, if there is something to explain.
        unfinished: where a chain of aliases goes on that whoever made this could
            not follow; empty when it is complete.
        cached: nothing had to be asked.
        stale: made of expired data.
        synthesised: a part was made of denials that are kept (RFC 8198).
        refresh: names and types that will expire soon.
        refresh_at: monotonic seconds from which one of its parts will; infinite
            if none is worth refreshing, or that is due already.
        limits: names of limits that were hit.
        packets: sent upstream.
        dropped: RRsets that servers had no authority to say, and were not believed.
    """

    rcode: int
    answer: list[RRset]
    authority: list[RRset]
    security: Security = Security.INDETERMINATE
    explanation: Explanation | None = None
    unfinished: bytes = b""
    cached: bool = False
    stale: bool = False
    synthesised: bool = False
    refresh: tuple[tuple[bytes, int], ...] = ()
    refresh_at: float = float("inf")
    limits: tuple[str, ...] = ()
    packets: int = 0
    dropped: int = 0

    @property
    def found(self) -> str:
        """How it was come by: as metrics call it."""
        if self.rcode == _SERVFAIL:
            return "failed"
        if self.stale:
            return "stale"
        if not self.cached:
            return "miss"
        return "synthesised" if self.synthesised else "hit"

    @property
    def validation(self) -> str:
        """One of :data:`STATUSES`, or of what is bogus one of :data:`BOGUS_REASONS`."""
        if self.security is not Security.BOGUS:
            return self.security.name.lower()
        code = None if self.explanation is None else self.explanation.code
        return ExtendedError(code).name.lower() if code in BOGUS_CODES else "other"


def why_bogus(entry: Entry) -> Explanation:
    """Return why an entry is bogus, which it must be."""
    return entry.explanation or _BOGUS


def ended(reason: Explanation, limit: str) -> Failed:
    """Make the failure that a limit is the end of, which it says in its explanation."""
    return Failed(disclosing(reason, (limit,)), limit)


def disclosing(explanation: Explanation, limits: Iterable[str]) -> Explanation:
    """Add to an explanation which limits were reached, each once."""
    code, text = explanation
    for limit in limits:
        clause = f"limit {limit} reached"
        if clause not in text:
            text = f"{text}; {clause}" if text else clause
    return Explanation(code, text)


def servfail(explanation: Explanation, limits: tuple[str, ...] = ()) -> Outcome:
    """Make the outcome of a failure."""
    return Outcome(_SERVFAIL, [], [], explanation=explanation, limits=limits)


@dataclass(slots=True)
class Step:
    """One exchange, for whoever wants to see how an answer is found.

    Attributes:
        zone: the zone whose servers are asked.
        server: name of the server; empty if it has none.
        address: of the server, 4 or 16 octets.
        transport: by which it was asked.
        name: asked for, perhaps shortened (RFC 9156).
        type: asked for.
        result: how the exchange ended.
        seconds: until the reply.
        said: what may be believed of the reply; ``None`` without one.
        remark: what was wrong, in words; empty if nothing was.
    """

    zone: bytes
    server: bytes
    address: bytes
    transport: Transport
    name: bytes
    type: int
    result: Result
    seconds: float
    said: Scrubbed | None = None
    remark: str = ""
