"""Clients of a resolver on a simulated Internet: their queries go through the pipeline."""

import ipaddress
from dataclasses import dataclass

from fakes import octets
from fakes.authority import FakeAuthority
from fakes.internet import Asker

from dnsd.query.acl import Networks
from dnsd.query.cookies import Cookies
from dnsd.query.finish import FinishOptions
from dnsd.query.identity import Identity
from dnsd.query.parts import Parts
from dnsd.query.pipeline import Pipeline
from dnsd.query.ratelimit import Limiter, LimiterOptions
from dnsd.query.rebinding import PrivateFilter
from dnsd.query.recursion import Recursion, RecursionOptions, Sources
from dnsd.query.request import Request, Transport
from dnsd.query.views import ViewOptions, Views
from dnsd.query.waiting import Waiting, WaitingOptions
from dnsd.resolver import shedding
from dnsd.resolver.client_rates import ClientLimits, MissRates, WaitingAnswers
from dnsd.resolver.options import ResolverOptions
from dnsd.wire import names
from dnsd.wire.message import RD, parse_message

WALL_NOW = 1_700_000_000
TICK_S = 0.1


@dataclass
class Answered:
    """A reply that a client got.

    Attributes:
        time: simulated seconds when it was sent.
        client: as text.
        name: that was asked for.
        octets: empty if nothing was sent.
        message: the same, read; None for nothing.
        found: where the answer came from.
        limits: names of the limits that were hit.
    """

    time: float
    client: str
    name: str
    octets: bytes
    message: object
    found: str
    limits: tuple

    @property
    def rcode(self):
        """The rcode; None if nothing was sent."""
        return self.message and self.message.rcode

    @property
    def rdatas(self):
        """Rdata of the whole answer section."""
        return [rdata for rrset in self.message.answer for rdata in rrset.rdatas]


class Lan:
    """A resolver for clients of 198.51.100.0/24, with the limits that it has by default.

    Attributes:
        internet: where the resolver asks.
        asker: the resolver and its caches.
        here: answers of local names and block lists, by name: an Outcome each.
        answered: every reply, in order.
    """

    def __init__(self, internet, hints, *, configured=(), allowed=()):
        self.internet = internet
        limits = ResolverOptions().limits
        self.asker = Asker(internet, hints, configured=dict(configured))
        self.here = {}
        self.answered = []
        clients = ClientLimits()
        self.sources = Sources(
            resolver=self.asker.resolver,
            authority=lambda *_, **__: None,
            local_names=lambda name, _rrtype, _policy: self.here.get(name),
            rates=MissRates(clients),
            without_private=PrivateFilter(map(names.from_text, allowed), self.here.__contains__),
        )
        times = WaitingOptions(limits.stale_wait_s, limits.query_time_s, limits.late_answer_s)
        self.waiting = Waiting(times, shedding.Waiting(limits), WaitingAnswers(clients))
        self.recursion = Recursion(self.sources, RecursionOptions(), self.waiting)
        everybody = Networks.from_text(["any"])
        parts = Parts(
            authority=FakeAuthority(),
            views=Views(ViewOptions(everybody, everybody, recursion=everybody)),
            limiter=Limiter(LimiterOptions()),
            cookies=Cookies([b"a secret of ours"]),
            identity=Identity(),
            finish=FinishOptions(),
            recursion=self.recursion,
        )
        self.cookies = parts.cookies
        self.pipeline = Pipeline(parts)
        internet.call_later(TICK_S, self._tick)

    def _tick(self):
        self.recursion.tick(self.internet.now())
        self.internet.call_later(TICK_S, self._tick)

    def ask(self, name, rrtype=1, client="198.51.100.1", *, transport=Transport.UDP, proven=False):
        """Send a query; its reply comes into ``answered``, perhaps at once."""
        packed = ipaddress.ip_address(client).packed
        options = ()
        if proven:
            cookie = self.cookies.make(b"abcdefgh", packed, WALL_NOW)
            options = (octets.option(10, cookie),)
        raw = octets.query(name, rrtype, flags=RD, edns=octets.opt(*options))
        request = Request(raw, packed, 5353, None, transport, self.internet.now(), WALL_NOW)

        def take(reply):
            sent = reply.octets
            self.answered.append(
                Answered(self.internet.now(), client, name, sent,
                         parse_message(sent) if sent else None, reply.found, reply.limits)
            )  # fmt: skip

        reply = self.pipeline.reply(request, take)
        if reply is not None:
            take(reply)

    def answer(self, name, rrtype=1, client="198.51.100.1"):
        """Send a query, let time pass until its reply is there, and return it."""
        before = len(self.answered)
        self.ask(name, rrtype, client)
        self.internet.run_while(lambda: len(self.answered) == before)
        return self.answered[before]

    def let_pass(self, seconds):
        """Let time pass."""
        self.internet.run(self.internet.now() + seconds)

    def sent_to(self, client):
        """Replies that were sent to an address."""
        return [each for each in self.answered if each.client == client and each.octets]
