"""A pipeline over a small zone, and whoever asks it."""

import ipaddress
from dataclasses import replace

import pytest
from fakes.authority import FakeAuthority

from dnsd.query.acl import Networks
from dnsd.query.cookies import Cookies
from dnsd.query.finish import FinishOptions
from dnsd.query.identity import Identity
from dnsd.query.parts import Parts
from dnsd.query.pipeline import Pipeline
from dnsd.query.ratelimit import Limiter, LimiterOptions
from dnsd.query.request import Request, Transport
from dnsd.query.views import ViewOptions, Views

WALL_NOW = 1_700_000_000


def never(*_):
    """Take a reply of a later turn, of which there must be none here."""
    raise AssertionError("a reply came late")


class World:
    """One server and its clients.

    Attributes:
        authority: the fake zone.
        parts: what the pipeline works with.
        now: monotonic seconds; tests move it on.
    """

    def __init__(self, **changes):
        self.authority = FakeAuthority()
        self.now = 1000.0
        views = Views(ViewOptions(Networks.from_text(["any"]), Networks.from_text(["loopback"])))
        parts = Parts(
            authority=self.authority,
            views=views,
            limiter=Limiter(LimiterOptions()),
            cookies=Cookies([b"a secret of ours"]),
            identity=Identity(),
            finish=FinishOptions(),
        )
        self.parts = replace(parts, **changes)
        self.pipeline = Pipeline(self.parts)

    def ask(self, octets, client="127.0.0.1", *, transport=Transport.UDP, port=5353, idle_s=0.0):
        """Ask; loopback is not rate limited, any other address is."""
        packed = ipaddress.ip_address(client).packed
        request = Request(octets, packed, port, None, transport, self.now, WALL_NOW, idle_s)
        return self.pipeline.reply(request, never)

    def ask_tcp(self, octets, client="127.0.0.1"):
        return self.ask(octets, client, transport=Transport.TCP)

    def cookie(self, client, client_cookie=b"abcdefgh"):
        """A valid cookie of a client."""
        packed = ipaddress.ip_address(client).packed
        return self.parts.cookies.make(client_cookie, packed, WALL_NOW)


@pytest.fixture(scope="session")
def make_world():
    return World


@pytest.fixture
def world():
    return World()
