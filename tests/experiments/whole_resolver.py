"""All that answers a client in one process, sockets left out, over servers that only recite.

The answer cache, the pipeline, recursion and the resolver, in simulated time; what a
name server says was written down before, so that what is measured is ours.
"""

from __future__ import annotations

import time

from fakes.served import Clients

from dnsd.lab.authority import Sent
from dnsd.lab.internet import Internet
from dnsd.net.responder import Responder
from dnsd.observe import metrics
from dnsd.query.acl import Networks
from dnsd.query.answer_cache import AnswerCacheOptions
from dnsd.query.cookies import Cookies
from dnsd.query.finish import FinishOptions
from dnsd.query.identity import Identity
from dnsd.query.parts import Parts
from dnsd.query.pipeline import Pipeline
from dnsd.query.ratelimit import Limiter, LimiterOptions
from dnsd.query.request import Request, Transport
from dnsd.query.views import ViewOptions, Views
from dnsd.resolver.commands import Transport as Upstream
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverOptions
from dnsd.wire import names
from dnsd.wire.message import AA, QR, TC, Message, Question, parse_query, render_message
from dnsd.wire.rrset import RRset

CLIENT = b"\x7f\0\0\1"
ROOT = bytes((192, 0, 2, 53))
A = 1


class Reciter:
    """A server that says of each name what was written down, with the ID of the query."""

    def __init__(self, replies):
        self.replies = {name: render_message(message) for name, message in replies.items()}

    def receive(self, query, transport, _now):
        asked = parse_query(query)
        octets = self.replies.get(asked.qname)
        if octets is None:
            message = Message(0, QR | AA | 3, [Question(asked.qname, asked.qtype, 1)])
            octets = render_message(message)
        if transport is Upstream.UDP and len(octets) > 1232:
            message = Message(0, QR | AA | TC, [Question(asked.qname, asked.qtype, 1)])
            octets = render_message(message)
        end = asked.question_end
        return (Sent(query[:2] + octets[2:12] + query[12:end] + octets[end:]),)


class Log:
    """Nothing may be logged: only faults are."""

    def fault(self, kind, error, **_):
        raise AssertionError(f"{kind} failed") from error


class WholeResolver:
    """One process.

    Attributes:
        internet: one server, for the root.
        clients: the resolver and those who wait.
        responder: what answers.
    """

    def __init__(self, replies, records=None, cache=None):
        """Make one.

        Args:
            replies: what the server says: message by name.
            records: what it says besides: so many addresses, by name.
            cache: bounds of the answer cache.
        """
        replies = dict(replies)
        for text, count in (records or {}).items():
            owner = names.from_text(text)
            addresses = tuple((0xC6120000 + n).to_bytes(4, "big") for n in range(count))
            found = [RRset(owner, A, 3600, addresses)]
            replies[owner] = Message(0, QR | AA, [Question(owner, A, 1)], found)
        # The responder reads the machine's clock as well.
        self.internet = Internet(start=time.monotonic())
        self.internet.servers[ROOT] = Reciter(replies)
        server = names.from_text("ns.test.")
        hints = Delegation(names.ROOT, (server,), {server: (ROOT,)})
        self.clients = Clients(
            self.internet, hints, ResolverOptions(priming=False, minimisation="off")
        )
        everybody = Networks.from_text(["any"])
        parts = Parts(
            authority=lambda *_, **__: None, views=Views(ViewOptions(everybody, everybody, recursion=everybody)),
            limiter=Limiter(LimiterOptions()), cookies=Cookies([b"a secret of ours"]),
            identity=Identity(), finish=FinishOptions(), recursion=self.clients.recursion,
        )  # fmt: skip
        page = metrics.new_page(1)
        self.responder = Responder(
            parts, Pipeline(parts), cache or AnswerCacheOptions(), (page.row(0), page.generations),
            Log(),
        )  # fmt: skip

    def respond(self, octets, transport=Transport.TCP):
        """Answer a query; return the replies, one in earnest, when time has passed for it."""
        sent = []
        request = Request(octets, CLIENT, 5353, None, transport, self.internet.now(), 0)
        reply = self.responder.respond(request, lambda _, octets: sent.append(octets))
        if reply is not None:
            sent.append(reply)
        self.internet.run_while(lambda: not sent)
        return sent

    def ask(self, name, rrtype):
        """Ask for a name as a client does, past the answer cache."""
        return self.clients.ask_and_wait(name, rrtype)
