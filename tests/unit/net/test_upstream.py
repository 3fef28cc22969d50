"""The network as the resolver sees it."""

import os

from fakes.turns import TurningReactor

from dnsd.net.clock import Clock
from dnsd.net.upstream import Upstream
from dnsd.net.upstream_options import UpstreamOptions
from dnsd.observe import metrics
from dnsd.resolver.acceptance import judge


def test_it_tells_the_time_and_calls_later():
    reactor = TurningReactor()
    row = metrics.new_page(1).row(0)
    upstream = Upstream(reactor, Clock(reactor), row, UpstreamOptions(judge, os.urandom))
    calls = []
    upstream.call_later(0.5, lambda: calls.append(upstream.now()))
    upstream.call_later(0.5, lambda: calls.append("never")).cancel()
    reactor.advance(0.51)
    assert calls == [1000.51]
    upstream.stop()
    assert reactor.readers == set()
