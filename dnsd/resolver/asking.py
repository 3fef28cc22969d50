"""Asking the servers of one zone until one says something to be believed.

Servers are asked one after the other, the fastest first (``selection``). What a
server does wrong costs it this question and, where it shows what the server can do,
is remembered (``servers``):

    what comes                            what happens
    nothing in time                       the next server; five in a row: it is held
    a wrong ID                            the same server over TCP (RFC 5452 §9.2)
    only replies in another letter case   the same server over TCP
    truncated, malformed                  the same server over TCP
    a DNAME without our cookie            the same server over TCP
    FORMERR or NOTIMP without an OPT      the same server without EDNS (RFC 6891 §7)
    BADCOOKIE                             the same server once with its new cookie, then TCP
    REFUSED, lame                         the next server; it is lame for this zone for a while
    SERVFAIL, other errors                the next server

Servers whose addresses are not known are looked up while others cannot be asked
(``candidates``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dnsd.resolver.acceptance import proves_path
from dnsd.resolver.candidates import Candidates
from dnsd.resolver.commands import Exchange, Exchanged, Result, Transport
from dnsd.resolver.outcome import Explanation, Failed, Step, ended
from dnsd.resolver.outgoing import Form, query_octets, respelled
from dnsd.resolver.plain_reply import read_plain
from dnsd.resolver.scrub import Meaning, Scrubbed, scrub
from dnsd.resolver.selection import Tries, choose
from dnsd.resolver.servers import address_of
from dnsd.resolver.told import Told
from dnsd.wire.errors import FormError
from dnsd.wire.iana import ExtendedError, OptionCode, Rcode
from dnsd.wire.message import Message, parse_message
from dnsd.wire.names import to_text

if TYPE_CHECKING:
    from collections.abc import Generator

    from dnsd.resolver.budget import Budget
    from dnsd.resolver.commands import Ask
    from dnsd.resolver.delegation import Delegation
    from dnsd.resolver.plain_reply import PlainReply
    from dnsd.resolver.selection import Choice
    from dnsd.resolver.servers import Server
    from dnsd.resolver.world import World
    from dnsd.wire.edns import Edns

_COOKIE = int(OptionCode.COOKIE)
_NOERROR = int(Rcode.NOERROR)
_FORMERR = int(Rcode.FORMERR)
_NOTIMP = int(Rcode.NOTIMP)
_REFUSED = int(Rcode.REFUSED)
_BADCOOKIE = int(Rcode.BADCOOKIE)

_NO_EDNS_RCODES = frozenset((_FORMERR, _NOTIMP))
_UNANSWERED = frozenset((Result.TIMED_OUT, Result.UNREACHABLE, Result.CLOSED, Result.UNTRUSTED))
_SURE = frozenset((Result.UNREACHABLE, Result.UNTRUSTED))

UNREACHABLE = int(ExtendedError.NO_REACHABLE_AUTHORITY)

_CLIENT_COOKIE_OCTETS = 8

# Packets to one server in a row: over UDP, without EDNS, with its new cookie, over TCP.
_WAYS = 4

_IN_WORDS = {
    Result.TIMED_OUT: "no reply in time",
    Result.UNREACHABLE: "unreachable",
    Result.CLOSED: "connection closed",
    Result.NO_SOCKET: "no socket left",
    Result.UNTRUSTED: "the server's certificate is not trusted",
}


class Asking:
    """The servers of one zone, and what one fetch asks them.

    Attributes:
        world: caches, servers, options.
        cut: whose servers are asked.
        budget: of the client query.
        name: asked for, in canonical form.
        type: asked for.
    """

    name: bytes
    type: int
    _tries: Tries

    def __init__(self, world: World, cut: Delegation, budget: Budget) -> None:
        self.world = world
        self.cut = cut
        self.budget = budget
        # Of all questions: a name that is asked label by label is one search.
        self._sends_left = world.options.limits.zone_packets
        self._reason = Explanation(UNREACHABLE)
        self._cookie_refused = False
        self._sent_edns = False
        self._sent_cookie = b""
        # The wait ends with the query's time and not with the server's.
        self._is_cut_short = False

    def ask(self, question: Ask, *, but: bytes = b"") -> Generator[Any, Any, Told | Failed]:
        """Ask until somebody says something, as a procedure.

        Args:
            question: name and type.
            but: address of a server that is not to be asked; empty for none.
        """
        world = self.world
        self.name, self.type = question.name, question.type
        self._tries = Tries(self.cut.zone, self.cut.transport)
        self._cookie_refused = False
        if but:
            self._tries.give_up(but)
        source = Candidates(world, self.cut, question.depth, self.budget)
        candidates = source.known()
        while self._sends_left > 0:
            now = world.network.now()
            choice = choose(candidates, world.servers, self._tries, now, world.entropy)
            if choice is None:
                failed = source.failed
                found = yield from source.look_up()
                if source.failed > failed:
                    self._reason = Explanation(UNREACHABLE, "name servers without addresses")
                if found is None:
                    return self._nobody_left(source)
                candidates += found
                continue
            told = yield from self._ask_server(choice)
            if told is not None:
                return told
        return self._ended("zone_packets")

    def _nobody_left(self, source: Candidates) -> Failed:
        """End without an answer: nobody else is to be asked."""
        if source.limit:
            return self._ended(source.limit)
        if self._tries.are_used_up(self.world.options.limits):
            return self._ended("server_tries")
        return Failed(self._reason)

    def _ended(self, limit: str) -> Failed:
        self.budget.hit(limit)
        return ended(self._reason, limit)

    def _ask_server(self, choice: Choice) -> Generator[Any, Any, Told | Failed | None]:
        """Ask one server, again where another way may help; None for the next one."""
        world, address = self.world, choice.address
        transport = choice.transport
        for _ in range(min(_WAYS, self._sends_left)):
            now = self.world.network.now()
            refusal = self._may_send(address, now)
            if refusal is not None:
                return refusal
            try:
                exchanged: Exchanged = yield self._exchange(choice, transport, now)
            except GeneratorExit:
                self._leave(address, timed_out=None)
                raise
            self._leave(address, timed_out=self._is_silence(exchanged.result))
            way = self._judge(choice, transport, exchanged)
            if way is None or isinstance(way, Told):
                return way
            if not self._tries.take(address, way, world.options.limits):
                return None
            transport = way
            # What it just said may be why it is asked again.
            choice.server = self.world.servers.find(address, now)
        return None

    def _leave(self, address: bytes, *, timed_out: bool | None) -> None:
        quotas = self.world.quotas
        quotas.zones.leave(self.cut.zone, timed_out=timed_out)
        quotas.servers.leave(address, timed_out=timed_out)

    def _may_send(self, address: bytes, now: float) -> Failed | None:
        """Count one more packet; why not, if it may not be sent."""
        world, budget = self.world, self.budget
        if not budget.may_send(now):
            return self._ended(budget.last_hit)
        quotas = world.quotas
        limit = ""
        if not quotas.zones.enter(self.cut.zone):
            limit = "zone_in_flight"
        elif not quotas.servers.enter(address):
            quotas.zones.leave(self.cut.zone, timed_out=None)
            limit = "server_in_flight"
        if limit:
            return self._ended(limit)
        self._sends_left -= 1
        return None

    def _exchange(self, choice: Choice, transport: Transport, now: float) -> Exchange:
        """Make the command for one packet."""
        world, options, address = self.world, self.world.options, choice.address
        server = choice.server
        is_datagram = transport is Transport.UDP
        # What is learned of the server meanwhile, by others, was not in this query.
        self._sent_edns = server is None or server.edns
        self._sent_cookie = self._cookie(server) if self._sent_edns else b""
        form = Form(
            edns=self._sent_edns,
            cookie=self._sent_cookie,
            recurse=self.cut.forward,
            # Not for us alone: clients may judge for themselves (RFC 4035 §3.2.1).
            dnssec=True,
            # What a forwarder takes for bogus is for us to judge.
            check_disabled=world.trust is not None and self.cut.forward,
            edns_size=options.edns_size,
            randomize_case=options.case_randomization,
        )
        timeout_s = choice.timeout_s if is_datagram else options.limits.tcp_timeout_s
        left_s = max(0.0, self.budget.deadline - now)
        self._is_cut_short = left_s < timeout_s
        return Exchange(
            address_of(address),
            self.cut.port or options.port,
            transport,
            query_octets(self.name, self.type, form, world.entropy),
            min(timeout_s, left_s),
            _certificate_name(choice.name) if transport is Transport.TLS else "",
        )

    def _cookie(self, server: Server | None) -> bytes:
        """Return what was learned, else a client cookie to begin with (RFC 7873 §5.1)."""
        world = self.world
        if not world.options.cookies:
            return b""
        known = b"" if server is None else server.cookie
        return known or world.entropy(_CLIENT_COOKIE_OCTETS)

    def _judge(
        self, choice: Choice, transport: Transport, exchanged: Exchanged
    ) -> Told | Transport | None:
        """Learn from an exchange.

        Returns:
            What was said; a transport for asking the same server again; None to
            ask another.
        """
        world, address = self.world, choice.address
        result = exchanged.result
        now = world.network.now()
        if result is not Result.REPLY:
            self._trace(choice, transport, exchanged, None)
            return self._judge_silence(address, transport, result, now)
        self.budget.received(len(exchanged.octets))
        world.servers.answered(address, exchanged.seconds, now)
        try:
            plain = read_plain(exchanged.octets, self.name, self.type, forwarder=self.cut.forward)
            if plain is not None:
                return self._take(plain, choice, transport, exchanged)
            message = parse_message(respelled(exchanged.octets, self.name))
        except FormError as error:
            self._reason = Explanation(int(ExtendedError.INVALID_DATA), "malformed reply")
            self._trace(choice, transport, exchanged, None, str(error))
            return _over_tcp(transport)
        way = self._judge_edns(address, transport, message, now)
        if way is not None:
            self._trace(choice, transport, exchanged, None, f"rcode {message.rcode}")
            return way
        said = scrub(
            message,
            self.name,
            self.type,
            self.cut.zone,
            trusted_transport=transport is not Transport.UDP
            or proves_path(self._sent_cookie, message.edns),
            forwarder=self.cut.forward,
        )
        self.budget.dropped += said.dropped
        self._trace(choice, transport, exchanged, said)
        if said.wants_tcp:
            return _over_tcp(transport)
        if said.meaning is Meaning.LAME or said.rcode == _REFUSED:
            world.servers.lame(address, self.cut.zone, now)
            self._tries.give_up(address)
            self._reason = Explanation(UNREACHABLE, "servers do not serve the zone")
            return None
        if said.meaning is Meaning.ERROR:
            self._tries.give_up(address)
            self._reason = Explanation(UNREACHABLE, "servers answer with errors")
            return None
        return Told(said, message, address_of(address))

    def _take(
        self, plain: PlainReply, choice: Choice, transport: Transport, exchanged: Exchanged
    ) -> Told:
        """Learn from a reply in which there was nothing to scrub."""
        address = choice.address
        if plain.edns is not None and plain.edns.options:
            self._learn_cookie(address, plain.edns)
        said = Scrubbed(Meaning.ANSWER, _NOERROR, plain.authoritative, [plain.rrset], self.name)
        self._trace(choice, transport, exchanged, said)
        return Told(said, None, address_of(address))

    def _learn_cookie(self, address: bytes, edns: Edns) -> bool:
        """Keep the cookie that a server made of ours; whether there is one."""
        cookie = edns.option(_COOKIE)
        # Any other would be sent back: as many octets as a stranger likes, or his choice.
        if cookie is None or not proves_path(self._sent_cookie, edns):
            return False
        self.world.servers.cookie_learned(address, cookie)
        return True

    def _judge_silence(
        self, address: bytes, transport: Transport, result: Result, now: float
    ) -> Transport | None:
        """Learn from an exchange that brought no reply."""
        servers = self.world.servers
        if result is Result.WRONG_ID:
            # Whoever guesses must not cost the server its good name.
            return _over_tcp(transport)
        if result is Result.CASE_CHANGED:
            servers.case_changed(address, now)
            return _over_tcp(transport)
        self._reason = Explanation(int(ExtendedError.NETWORK_ERROR), _IN_WORDS[result])
        if result in _SURE or (result is Result.CLOSED and not self._has_answered(address)):
            servers.unreachable(address, now)
        elif result is Result.TIMED_OUT and not self._is_cut_short:
            servers.timed_out(address, now)
        return None

    def _is_silence(self, result: Result) -> bool | None:
        """Tell whether a server did not answer; ``None`` where it had no chance to."""
        if result is Result.NO_SOCKET or (result is Result.TIMED_OUT and self._is_cut_short):
            return None
        return result in _UNANSWERED

    def _has_answered(self, address: bytes) -> bool:
        """Tell whether a server answered over UDP before it closed a connection."""
        server = self.world.servers.find(address, self.world.network.now())
        return server is not None and not server.timeouts

    def _judge_edns(
        self, address: bytes, transport: Transport, message: Message, now: float
    ) -> Transport | None:
        """Learn what a server knows of EDNS; a transport to ask it again."""
        servers, rcode = self.world.servers, message.rcode
        if message.edns is None:
            if rcode in _NO_EDNS_RCODES and self._sent_edns:
                servers.no_edns(address, now)
                return transport
            return None
        if message.edns.options:
            has_cookie = self._learn_cookie(address, message.edns)
            if has_cookie and rcode == _BADCOOKIE:
                # Once more with the new one; who never takes it is asked over TCP.
                is_first, self._cookie_refused = not self._cookie_refused, True
                return transport if is_first else _over_tcp(transport)
        return None

    def _trace(
        self,
        choice: Choice,
        transport: Transport,
        exchanged: Exchanged,
        said: Scrubbed | None,
        remark: str = "",
    ) -> None:
        if self.budget.trace is not None:
            step = Step(
                self.cut.zone,
                choice.name,
                address_of(choice.address),
                transport,
                self.name,
                self.type,
                exchanged.result,
                exchanged.seconds,
                said,
                remark,
            )
            self.budget.trace(step)


def _over_tcp(transport: Transport) -> Transport | None:
    return Transport.TCP if transport is Transport.UDP else None


def _certificate_name(name: bytes) -> str:
    return to_text(name).rstrip(".")
