"""One request on its way, and the replies that may end it.

Whoever may be somebody else than the address says gets no more than its rate,
and never more octets than it sent unless it gets an answer: explanations (RFC 8914)
go only to clients that cannot be somebody else, of answers to those too that may have
names resolved, and a reply over the rate carries a cookie only where the query carried
as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.query.cookies import CLIENT_ONLY, VALID
from dnsd.query.finish import (
    OptWriter,
    answer_octets,
    bare_octets,
    extended_error,
    limited_octets,
    option,
    size_limit,
    unparsed_octets,
)
from dnsd.query.padding import is_wanted, padded
from dnsd.query.ratelimit import ERROR_CLASS, FORMERR_CLASS, LIMITS, RateKind
from dnsd.query.request import Reply, Request, Transport
from dnsd.query.views import EXEMPT, UNLIMITED
from dnsd.wire.edns import MAX_OPTIONS, OPT_FIXED_OCTETS
from dnsd.wire.edns_options import render_keepalive
from dnsd.wire.iana import OptionCode, Rcode, RRType

if TYPE_CHECKING:
    from dnsd.authority.answer import Answer
    from dnsd.query.parts import Parts
    from dnsd.wire.errors import FormError
    from dnsd.wire.message import Query

# Plain integers and members, for speed: finding a member of an enumeration is slow.
_UDP: Final = Transport.UDP
_NSID: Final = int(OptionCode.NSID)
_EXPIRE: Final = int(OptionCode.EXPIRE)
_COOKIE: Final = int(OptionCode.COOKIE)
_KEEPALIVE: Final = int(OptionCode.KEEPALIVE)
_MAX_KEEPALIVE: Final = 0xFFFF
_SOA: Final = int(RRType.SOA)
_NOERROR: Final = int(Rcode.NOERROR)
_FORMERR: Final = int(Rcode.FORMERR)
_NOTIMP: Final = int(Rcode.NOTIMP)
_SERVFAIL: Final = int(Rcode.SERVFAIL)
# Kinds of replies that who may have names resolved gets as often as it asks.
_OF_NAMES: Final = frozenset((int(RateKind.RESPONSE), int(RateKind.ERROR)))


@dataclass(slots=True)
class Exchange:
    """One request on its way through the steps.

    Attributes:
        request: as it came.
        query: as it was read.
        view: who the client is.
        is_datagram: it came over UDP, so the client may be somebody else.
        verdict: what its cookie proves; CLIENT_ONLY without one.
        cookie: the COOKIE option of the reply, 28 octets or none.
        answer: what our zones or the resolver say, once they were asked.
        rate_class: what the reply counts under.
        flags: of the reply's header, beside those that every reply has.
        explanation: an Extended DNS Error option of the answer, or none.
        expires: monotonic seconds until which the answer holds.
        look_again: monotonic seconds from which it should be refreshed.
        recursed: the resolver had a part in the answer.
        once: the answer is for this client at this moment, and not to be kept.
        limits: names of limits that were hit on the way to the answer.
        found: how the resolver came by the answer: one of ``request.FOUND``.
        validation: what validation found, as ``resolver.outcome.Outcome`` has it.
        dropped: RRsets that servers had no authority to say.
        is_late: the answer comes so late that it must not be sent.
    """

    request: Request
    query: Query
    view: int
    is_datagram: bool
    verdict: int = CLIENT_ONLY
    cookie: bytes = b""
    answer: Answer | None = None
    rate_class: bytes = ERROR_CLASS
    flags: int = 0
    explanation: bytes = b""
    expires: float = float("inf")
    look_again: float = float("inf")
    recursed: bool = False
    once: bool = False
    limits: tuple[str, ...] = ()
    found: str = ""
    validation: str = ""
    dropped: int = 0
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """What to say instead of an answer.

    Attributes:
        rcode: extended rcode.
        explanation: code of an Extended DNS Error, 0 for none.
        text: what it says in words; may be empty.
        with_question: the question is echoed.
        with_cookie: a cookie is answered.
        error: reason for a log; may be empty.
    """

    rcode: int
    explanation: int = 0
    text: str = ""
    with_question: bool = True
    with_cookie: bool = True
    error: str = ""


class Replies:
    """Makes every reply of the pipeline."""

    __slots__ = ("_opt", "_parts")

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._opt = OptWriter(parts.finish)

    def is_within_rate(self, exchange: Exchange) -> bool:
        """Count a reply under its rate class; false if it must not be sent."""
        if not exchange.is_datagram or exchange.verdict == VALID:
            return True
        return self._is_within_rate(exchange.request, exchange.view, exchange.rate_class)

    def _is_within_rate(self, request: Request, view: int, rate_class: bytes) -> bool:
        exempt = UNLIMITED if rate_class[0] in _OF_NAMES else EXEMPT
        return bool(view & exempt) or self._parts.limiter.allow(
            request.client, rate_class, request.now
        )

    def answer(self, exchange: Exchange, answer: Answer) -> Reply:
        """Reply with records; its rate was checked."""
        query, parts = exchange.query, self._parts
        cookie = options = exchange.cookie
        if query.edns is not None and query.edns.options:
            options = self._asked_options(exchange, answer) + cookie
        limit = size_limit(query, parts.finish, is_datagram=exchange.is_datagram)
        if exchange.explanation and query.edns is not None:
            options = _explained(exchange, options, limit)
        opt = self._opt.record(query, answer.rcode, options)
        finished = answer_octets(query, answer, limit, opt, exchange.flags)
        octets = finished.octets
        is_padded = is_wanted(query, exchange.request.transport)
        if is_padded:
            octets = padded(octets, len(opt))
        limits = _option_limits(query) + answer.limits
        if finished.names_exceeded:
            limits = (*limits, "compressed_names")
        return Reply(
            octets,
            answer.rcode,
            query.qtype,
            cacheable=finished.complete and options == cookie and not is_padded,
            cookie_octets=len(cookie),
            rate_class=exchange.rate_class,
            truncated=finished.truncated,
            limits=limits,
            query=query,
            expires=exchange.expires,
            look_again=exchange.look_again,
        )

    def refuse(self, exchange: Exchange, refusal: Refusal) -> Reply:
        """Reply without records, or send the client to TCP when over its rate."""
        if not self.is_within_rate(exchange):
            return self.limited(exchange)
        return self._bare(exchange, refusal)

    def limited(self, exchange: Exchange) -> Reply:
        """Send a client over its rate to TCP."""
        query, cookie = exchange.query, exchange.cookie
        if cookie and query.edns is not None:
            sent = query.edns.option(_COOKIE) or b""
            if len(sent) + 4 < len(cookie):
                cookie = b""
        opt = self._opt.record(query, _NOERROR, cookie)
        return Reply(
            limited_octets(query, opt),
            _NOERROR,
            query.qtype,
            rate_class=exchange.rate_class,
            limits=(LIMITS[exchange.rate_class[0]],),
            query=query,
        )

    def formerr(self, exchange: Exchange, reason: str) -> Reply:
        """Refuse a query that can be read but says something malformed."""
        exchange.rate_class = FORMERR_CLASS
        if not self.is_within_rate(exchange):
            return _dropped(reason)
        return self._bare(exchange, Refusal(_FORMERR, error=reason))

    def malformed(self, request: Request, error: FormError, *, opcode_known: bool) -> Reply:
        """Refuse octets that cannot be read as a query.

        Args:
            request: at least a header.
            error: what is wrong with it.
            opcode_known: without that, the form of the message is unknown too.
        """
        view = self._parts.views.view(request.client)
        if request.transport is _UDP and not self._is_within_rate(request, view, FORMERR_CLASS):
            return _dropped(str(error))
        rcode = _FORMERR if opcode_known else _NOTIMP
        octets = unparsed_octets(request.octets, rcode)
        return Reply(octets, rcode, rate_class=FORMERR_CLASS, error=str(error))

    def failed(self, request: Request, crash: Exception | None) -> Reply:
        """Say that we are at fault, without trusting any of our own code."""
        octets = unparsed_octets(request.octets, _SERVFAIL)
        error = "" if crash else "held back because it failed before"
        return Reply(octets, _SERVFAIL, error=error, crash=crash)

    def _asked_options(self, exchange: Exchange, answer: Answer) -> bytes:
        """Write the options that the client asked for, its cookie left out."""
        edns = exchange.query.edns
        assert edns is not None
        options = _keepalive(exchange)
        nsid = self._parts.identity.nsid
        if nsid and edns.option(_NSID) is not None:
            options += option(_NSID, nsid)
        # A primary's zone expires after the SOA's own time (RFC 7314).
        first = answer.answer[0] if answer.answer else None
        if first is not None and first.type == _SOA and edns.option(_EXPIRE) is not None:
            options += option(_EXPIRE, first.rdatas[0][-8:-4])
        return options

    def _bare(self, exchange: Exchange, refusal: Refusal) -> Reply:
        query, rcode = exchange.query, refusal.rcode
        options = cookie = exchange.cookie if refusal.with_cookie else b""
        if refusal.explanation and (not exchange.is_datagram or exchange.view & EXEMPT):
            options = extended_error(refusal.explanation, refusal.text) + cookie
        if query.edns is not None and query.edns.options:
            options = _keepalive(exchange) + options
        opt = self._opt.record(query, rcode, options)
        octets = bare_octets(query, rcode, opt, exchange.flags, with_question=refusal.with_question)
        if is_wanted(query, exchange.request.transport):
            octets = padded(octets, len(opt))
        return Reply(
            octets,
            rcode,
            query.qtype,
            cookie_octets=len(cookie),
            rate_class=exchange.rate_class,
            limits=_option_limits(query),
            error=refusal.error,
            query=query,
        )


def _explained(exchange: Exchange, options: bytes, limit: int) -> bytes:
    """Put the explanation of an answer before other options, if it may and can be sent."""
    may_be_forged = exchange.is_datagram and exchange.verdict != VALID
    if may_be_forged and not exchange.view & UNLIMITED:
        return options
    explained = exchange.explanation + options
    # A long name and many limits that were reached may leave no room for it.
    has_room = exchange.query.question_end + OPT_FIXED_OCTETS + len(explained) <= limit
    return explained if has_room else options


def _dropped(reason: str) -> Reply:
    """Send nothing: the client net had its FORMERR of this second."""
    return Reply(b"", limits=(LIMITS[FORMERR_CLASS[0]],), dropped="malformed", error=reason)


def _keepalive(exchange: Exchange) -> bytes:
    """Say how long the connection is kept, to a client that asks (RFC 7828 §3.3.2)."""
    edns, idle_s = exchange.query.edns, exchange.request.idle_s
    # Of UDP there is no such time, so the option is ignored there as §3.2.1 has it.
    if edns is None or not idle_s or edns.option(_KEEPALIVE) is None:
        return b""
    units = min(int(idle_s * 10), _MAX_KEEPALIVE)
    return option(_KEEPALIVE, render_keepalive(units))


def _option_limits(query: Query) -> tuple[str, ...]:
    edns = query.edns
    return ("edns_options",) if edns is not None and len(edns.options) >= MAX_OPTIONS else ()
