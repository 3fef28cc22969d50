"""A resolver as its clients see it, in simulated time: recursion over a lab Internet."""

from dataclasses import dataclass
from math import inf

from fakes.internet import Asker

from dnsd.query.recursion import Found, Recursion, RecursionOptions, Sources
from dnsd.query.replies import Exchange
from dnsd.query.request import Request, Transport
from dnsd.query.waiting import Waiting, WaitingOptions
from dnsd.resolver import shedding
from dnsd.resolver.client_rates import ClientLimits, MissRates, WaitingAnswers
from dnsd.wire.message import RA, RD, parse_query

CLIENT = b"\xc6\x33\x64\x01"
TICK_S = 0.1  # as run/upkeep
_HEADER = b"\0\1" + RD.to_bytes(2, "big") + b"\0\1" + bytes(6)


@dataclass(slots=True)
class Served:
    """What one client asked, and what came of it.

    Attributes:
        name: in canonical form.
        rrtype: asked for.
        exchange: with the answer, when it is there.
        began: simulated seconds when it was asked.
        ended: simulated seconds when the answer was there; negative before, infinite if
            none was sent because too many waited.
        is_dropped: no reply is sent at all.
    """

    name: bytes
    rrtype: int
    exchange: Exchange
    began: float
    ended: float = -1.0
    is_dropped: bool = False

    @property
    def seconds(self):
        """How long the client waited."""
        return self.ended - self.began

    @property
    def rcode(self):
        """Of the answer; ``None`` when nothing was sent."""
        answer = self.exchange.answer
        return None if answer is None else answer.rcode


class Clients:
    """Asks as clients do.

    Attributes:
        asker: the resolver and its caches.
        recursion: between it and the clients.
        waiting: for answers.
        answers: waited for, by client.
    """

    def __init__(self, internet, hints, options, seed=0):
        self.asker = asker = Asker(internet, hints, options, seed)
        limits = options.limits
        clients = ClientLimits(
            limits.client_misses, limits.client_misses_burst, limits.waiting_answers,
            limits.waiting_answers_proven,
        )  # fmt: skip
        self.rates, self.answers = MissRates(clients), WaitingAnswers(clients)
        self.waiting = Waiting(
            WaitingOptions(limits.stale_wait_s, limits.query_time_s, limits.late_answer_s),
            shedding.Waiting(limits), self.answers,
        )  # fmt: skip
        sources = Sources(
            asker.resolver, lambda *_, **__: None, lambda *_: None, self.rates, lambda *_: None
        )
        self.recursion = Recursion(
            sources, RecursionOptions(serve_stale=options.serve_stale), self.waiting
        )
        self.internet = internet
        self._ticking = False

    def ask(self, name, rrtype, client=CLIENT):
        """Ask over UDP; the answer may be there when this returns."""
        now = self.internet.now()
        octets = _HEADER + name + rrtype.to_bytes(2, "big") + b"\0\1"
        request = Request(octets, client, 5353, None, Transport.UDP, now, 0)
        query = parse_query(octets)
        exchange = Exchange(request, query, 0, is_datagram=True, flags=RA)
        served = Served(name, rrtype, exchange, now)

        def end():
            served.ended = self.internet.now()
            served.is_dropped = served.exchange.is_late

        found = self.recursion.answer(served.exchange, end)
        if found is Found.LATER:
            self._tick()
        else:
            served.is_dropped = found is Found.DROPPED
            # Who gets no reply at all asks again, which is not played here.
            served.ended = inf if served.is_dropped else now
        return served

    def ask_and_wait(self, name, rrtype, client=CLIENT):
        """Ask and let time pass until the answer is there."""
        served = self.ask(name, rrtype, client)
        self.internet.run_while(lambda: served.ended < 0)
        return served

    def _tick(self):
        """Let the waiting be looked at from now on, while there are any."""
        if not self._ticking:
            self._ticking = True
            self.internet.call_later(TICK_S, self._act)

    def _act(self):
        self.recursion.tick(self.internet.now())
        self._ticking = len(self.waiting) > 0
        if self._ticking:
            self.internet.call_later(TICK_S, self._act)
