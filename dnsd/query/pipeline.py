"""The ordered steps that turn a request into a reply.

    admit → read → opcode → EDNS version → TSIG → cookie → view → class → transfer
          → authority → recursion → rate → finish

Each step either lets the request go on or makes the reply, and nothing goes
back. A reply is an answer, a refusal, or nothing; what named, nsd and knotd
agree on decides where the standards leave a choice:

    what comes                             what goes
    response, source port 0, no header     nothing
    malformed                              FORMERR, the question if legible
    unknown opcode                         NOTIMP without question (RFC 8906 §3.1.4)
    NOTIFY, UPDATE                         REFUSED for a zone of ours, else NOTAUTH
    EDNS version above 0                   BADVERS (RFC 6891 §6.1.3)
    TSIG                                   NOTAUTH: we know no key (RFC 8945 §5.2.1)
    no question but a cookie               a cookie (RFC 7873 §5.4)
    class CH                               the server's identity or REFUSED
    other classes, ANY too                 REFUSED; named, nsd and knotd differ
    AXFR over UDP                          NOTIMP
    AXFR, IXFR                             REFUSED for a zone of ours, else NOTAUTH
    no zone of ours                        what recursion finds, for those who may
                                           have it; else REFUSED
    any other type                         what the zone says; for those who may have
                                           it, with what recursion finds where the
                                           zone refers to others
    addresses of an ALIAS to others        what recursion finds, for everybody; without
                                           recursion SERVFAIL

The client's RD comes back, but for an unknown opcode; RA is set for those who may
have names resolved; AD, CD and Z are clear (RFC 4035 §3.1.6), but for what recursion
found. What recursion has to ask for is replied to in a later turn.

Not yet: transfers, NOTIFY, UPDATE, TSIG records in replies.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from dnsd.authority.address_alias import borrowed_from
from dnsd.authority.answer import Answer, leads_away
from dnsd.authority.store import StoreError
from dnsd.query.cookies import INVALID, MALFORMED
from dnsd.query.crashes import Crashes, CrashOptions
from dnsd.query.finish import option
from dnsd.query.ratelimit import CHAOS_CLASS, rate_class
from dnsd.query.recursion import Found
from dnsd.query.replies import Exchange, Refusal, Replies
from dnsd.query.request import Reply, Request, Transport, ZoneSet
from dnsd.query.views import AUTHORITY, RECURSION
from dnsd.wire.errors import FormError
from dnsd.wire.iana import ExtendedError, Opcode, OptionCode, Rcode, RRClass, RRType
from dnsd.wire.message import OPCODE_SHIFT, QR, RA, RD, parse_query
from dnsd.wire.names import ROOT
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from dnsd.query.parts import Parts

#: Takes the reply to a request of an earlier turn, once.
Later = Callable[[Reply], None]

# Plain integers and members, for speed: finding a member of an enumeration is slow.
_UDP: Final = Transport.UDP
_FILE: Final = ZoneSet.FILE
_GENERATED: Final = ZoneSet.GENERATED
_NO_ZONE: Final = ZoneSet.NONE
_QUERY: Final = int(Opcode.QUERY)
_ZONE_OPCODES: Final = frozenset((int(Opcode.NOTIFY), int(Opcode.UPDATE)))
_OPCODES: Final = _ZONE_OPCODES | {_QUERY}
_IN: Final = int(RRClass.IN)
_CH: Final = int(RRClass.CH)
_SOA: Final = int(RRType.SOA)
_DS: Final = int(RRType.DS)
_TXT: Final = int(RRType.TXT)
_AXFR: Final = int(RRType.AXFR)
_TRANSFERS: Final = frozenset((int(RRType.AXFR), int(RRType.IXFR)))
_COOKIE: Final = int(OptionCode.COOKIE)

_UNKNOWN_OPCODE: Final = Refusal(int(Rcode.NOTIMP), with_question=False)
_UNKNOWN_VERSION: Final = Refusal(int(Rcode.BADVERS), with_cookie=False)
_UNKNOWN_KEY: Final = Refusal(int(Rcode.NOTAUTH), error="signed with a key that we do not have")
_COOKIE_ONLY: Final = Refusal(int(Rcode.NOERROR))
_INVALID_COOKIE_ONLY: Final = Refusal(int(Rcode.BADCOOKIE))
_CLIENT_NOT_ALLOWED: Final = Refusal(int(Rcode.REFUSED), int(ExtendedError.PROHIBITED))
_OTHER_CLASS: Final = Refusal(int(Rcode.REFUSED))
_TRANSFER_OVER_UDP: Final = Refusal(int(Rcode.NOTIMP))
_ZONE_REQUEST: Final = Refusal(int(Rcode.REFUSED))
_NOT_OUR_APEX: Final = Refusal(int(Rcode.NOTAUTH))
# RFC 8914 §4.21 has this code for resolvers that are asked with RD clear, too.
_NOT_IN_CACHE: Final = Refusal(int(Rcode.REFUSED), int(ExtendedError.NOT_AUTHORITATIVE))
_NOT_OUR_ZONE: Final = Refusal(int(Rcode.REFUSED), int(ExtendedError.NOT_AUTHORITATIVE))
_NOBODY_TO_ASK: Final = Refusal(
    int(Rcode.SERVFAIL), int(ExtendedError.NOT_READY), "an ALIAS needs the resolver, which is off"
)


# What a step returns when the reply comes in a later turn.
_LATER: Final = Reply(b"")


class Pipeline:
    """Answers requests; never raises, never keeps a request."""

    def __init__(self, parts: Parts, crashes: CrashOptions | None = None) -> None:
        self._parts = parts
        self._replies = Replies(parts)
        self._crashes = Crashes(crashes or CrashOptions())
        self._steps: tuple[Callable[[Exchange, Later], Reply | None], ...] = (
            self._check_opcode,
            self._check_version,
            self._check_tsig,
            self._check_cookie,
            self._check_view,
            self._check_class,
            self._check_transfer,
            self._ask_authority,
            self._recurse,
            self._check_rate,
            self._finish,
        )

    def reply(self, request: Request, later: Later) -> Reply | None:
        """Answer one request.

        Args:
            request: as it came.
            later: called once in a later turn with the reply, if this returns none.

        Returns:
            The reply; its ``octets`` are empty when nothing is to be sent. ``None``
            when it must be found first.
        """
        octets = request.octets
        if len(octets) < 12:
            return Reply(b"", dropped="malformed")
        if octets[2] & QR >> 8:
            return Reply(b"", dropped="response")
        if not request.client_port:
            return Reply(b"", dropped="source_port")
        if self._crashes.holds(octets, request.now):
            return self._replies.failed(request, None)
        # A defect of ours must cost one reply and not the process.
        try:
            return self._run_steps(request, later)
        except StoreError as error:
            return self._replies.failed(request, error)
        except Exception as error:  # noqa: BLE001 - the shell logs it
            self._crashes.add(octets, request.now)
            return self._replies.failed(request, error)

    def _run_steps(self, request: Request, later: Later) -> Reply | None:
        try:
            query = parse_query(request.octets)
        except FormError as error:
            opcode = request.octets[2] >> OPCODE_SHIFT - 8 & 15
            return self._replies.malformed(request, error, opcode_known=opcode in _OPCODES)
        view = self._parts.views.view(request.client)
        exchange = Exchange(request, query, view, request.transport is _UDP)
        if view & RECURSION and self._parts.recursion is not None:
            exchange.flags = RA
        lookout = self._parts.lookout
        is_watched = lookout is not None and lookout.sees(request, query)
        for step in self._steps:
            reply = step(exchange, later)
            if reply is not None:
                if is_watched and reply is not _LATER:
                    reply.cacheable = False  # or the next query would not get here
                return None if reply is _LATER else reply
        raise AssertionError("the last step always replies")

    def _check_opcode(self, exchange: Exchange, _later: Later) -> Reply | None:
        if exchange.query.opcode in _OPCODES:
            return None
        return self._replies.refuse(exchange, _UNKNOWN_OPCODE)

    def _check_version(self, exchange: Exchange, _later: Later) -> Reply | None:
        edns = exchange.query.edns
        if edns is None or not edns.version:
            return None
        return self._replies.refuse(exchange, _UNKNOWN_VERSION)

    def _check_tsig(self, exchange: Exchange, _later: Later) -> Reply | None:
        if not exchange.query.tsig_present:
            return None
        return self._replies.refuse(exchange, _UNKNOWN_KEY)

    def _check_cookie(self, exchange: Exchange, _later: Later) -> Reply | None:
        query, cookies = exchange.query, self._parts.cookies
        if query.edns is not None and query.edns.options and cookies is not None:
            value = query.edns.option(_COOKIE)
            if value is not None:
                request = exchange.request
                exchange.verdict, ours = cookies.answer(value, request.client, request.wall_now)
                if exchange.verdict == MALFORMED:
                    return self._replies.formerr(exchange, "malformed cookie")
                exchange.cookie = option(_COOKIE, ours)
        if query.qname:
            return None
        if not exchange.cookie:
            return self._replies.formerr(exchange, "no question")
        # RFC 7873 §5.4: the only place where an invalid cookie is an error.
        refusal = _INVALID_COOKIE_ONLY if exchange.verdict == INVALID else _COOKIE_ONLY
        return self._replies.refuse(exchange, refusal)

    def _check_view(self, exchange: Exchange, _later: Later) -> Reply | None:
        if exchange.view & AUTHORITY:
            return None
        return self._replies.refuse(exchange, _CLIENT_NOT_ALLOWED)

    def _check_class(self, exchange: Exchange, _later: Later) -> Reply | None:
        query = exchange.query
        if query.qclass == _IN:
            return None
        text = None
        if query.qclass == _CH and query.opcode == _QUERY:
            text = self._parts.identity.chaos_text(query.qname, query.qtype)
        if text is None:
            return self._replies.refuse(exchange, _OTHER_CLASS)
        exchange.rate_class = CHAOS_CLASS
        if not self._replies.is_within_rate(exchange):
            return self._replies.limited(exchange)
        rrset = RRset(query.qname, _TXT, 0, (text,), rdclass=_CH)
        reply = self._replies.answer(exchange, _chaos_answer(rrset))
        reply.cacheable = False
        return reply

    def _check_transfer(self, exchange: Exchange, _later: Later) -> Reply | None:
        query = exchange.query
        if query.opcode == _QUERY:
            if query.qtype not in _TRANSFERS:
                return None
            if query.qtype == _AXFR and exchange.is_datagram:
                return self._replies.refuse(exchange, _TRANSFER_OVER_UDP)
        soa = self._parts.authority(query.qname, _SOA, every_type=False)
        is_apex = soa is not None and any(
            rrset.type == _SOA and rrset.owner == query.qname for rrset in soa.answer
        )
        return self._replies.refuse(exchange, _ZONE_REQUEST if is_apex else _NOT_OUR_APEX)

    def _ask_authority(self, exchange: Exchange, _later: Later) -> Reply | None:
        query = exchange.query
        edns = query.edns
        answer = self._parts.authority(
            query.qname,
            query.qtype,
            every_type=not exchange.is_datagram,
            dnssec_ok=edns is not None and edns.do,
        )
        if answer is not None and not _is_for_the_parent(exchange, answer):
            exchange.answer = answer
            exchange.rate_class = rate_class(answer)
            return None
        if exchange.flags & RA:
            return None
        reply = self._replies.refuse(exchange, _NOT_OUR_ZONE)
        reply.cacheable = not reply.limits
        return reply

    def _recurse(self, exchange: Exchange, later: Later) -> Reply | None:
        """Find what our zones do not hold, or do not hold all of."""
        recursion, answer = self._parts.recursion, exchange.answer
        if answer is not None and leads_away(answer) and borrowed_from(answer.answer) is not None:
            # We ask on our own behalf, whoever the client is.
            if recursion is None:
                return self._replies.refuse(exchange, _NOBODY_TO_ASK)
        elif (
            not exchange.flags & RA
            or recursion is None
            or (answer is not None and not (exchange.query.flags & RD and leads_away(answer)))
        ):
            return None
        found = recursion.answer(exchange, partial(self._finish_later, exchange, later))
        if found is Found.LATER:
            return _LATER
        if found is Found.NOT_IN_CACHE:
            return self._replies.refuse(exchange, _NOT_IN_CACHE)
        if found is Found.DROPPED:
            return Reply(b"", dropped="crowded", limits=exchange.limits, query=exchange.query)
        return None

    def _finish_later(self, exchange: Exchange, later: Later) -> None:
        """Reply to a request of an earlier turn, whose answer is there now."""
        if exchange.is_late:
            limits = (*exchange.limits, "late_answer")
            later(Reply(b"", dropped="late", limits=limits, query=exchange.query))
            return
        try:
            # Who may not have names resolved may be forged: what is ours is limited.
            limited = None if exchange.flags & RA else self._check_rate(exchange, later)
            reply = limited or self._finish(exchange, later)
        except Exception as error:  # noqa: BLE001 - the shell logs it
            self._crashes.add(exchange.request.octets, exchange.request.now)
            reply = self._replies.failed(exchange.request, error)
        later(reply)

    def _check_rate(self, exchange: Exchange, _later: Later) -> Reply | None:
        if self._replies.is_within_rate(exchange):
            return None
        return self._replies.limited(exchange)

    def _finish(self, exchange: Exchange, _later: Later) -> Reply:
        answer = exchange.answer
        assert answer is not None
        reply = self._replies.answer(exchange, answer)
        reply.slot = answer.slot
        reply.limits += exchange.limits
        reply.found, reply.validation = exchange.found, exchange.validation
        reply.disbelieved = exchange.dropped
        reply.zone_set = (
            _NO_ZONE if exchange.recursed else _GENERATED if answer.generated else _FILE
        )
        reply.cacheable = reply.cacheable and not exchange.once
        return reply


def _is_for_the_parent(exchange: Exchange, answer: Answer) -> bool:
    """Tell whether the DS of a zone of ours was asked for, and others serve the zone above.

    They are asked for it. Who may not have us ask learns that it is not in the zone itself
    (RFC 4035 §3.1.4.1).
    """
    query = exchange.query
    if query.qtype != _DS or not exchange.flags & RA or not query.flags & RD or answer.answer:
        return False
    denial = answer.authority[0] if answer.authority else None
    return denial is not None and denial.type == _SOA and denial.owner == query.qname != ROOT


def _chaos_answer(rrset: RRset) -> Answer:
    return Answer(rcode=0, authoritative=False, answer=[rrset], authority=[], additional=[])
