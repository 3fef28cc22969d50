"""The network as the resolver sees it, on a reactor and loopback sockets."""

import os
import socket

import pytest
from fakes.turns import RealReactor, TurningReactor
from twisted.internet.protocol import Factory, Protocol

from dnsd.net.clock import Clock
from dnsd.net.upstream import Upstream
from dnsd.net.upstream_options import UpstreamOptions
from dnsd.observe import metrics
from dnsd.resolver.acceptance import judge
from dnsd.resolver.commands import Exchange, Result, Transport

QUERY = b"\x12\x34\0\0\0\1" + bytes(6) + b"\4test\0\0\1\0\1"
REPLY = b"\x12\x34\x84\0\0\1" + bytes(6) + b"\4test\0\0\1\0\1"


class Streams(Protocol):
    def dataReceived(self, data):  # noqa: N802 - Twisted's name
        self.transport.write(len(REPLY).to_bytes(2, "big") + REPLY)


class NameServer:
    """Answers over UDP and TCP on one port of a reactor."""

    def __init__(self, reactor):
        factory = Factory.forProtocol(Streams)
        factory.noisy = False
        self.port = reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", self.port))
        self.socket.setblocking(False)
        reactor.addReader(self)

    def fileno(self):
        return self.socket.fileno()

    def logPrefix(self):  # noqa: N802 - Twisted's name
        return "NameServer"

    def connectionLost(self, reason):  # noqa: N802 - Twisted's name
        self.socket.close()

    def doRead(self):  # noqa: N802 - Twisted's name
        _, client = self.socket.recvfrom(4096)
        self.socket.sendto(REPLY, client)


def make_upstream(reactor, row=None):
    row = metrics.new_page(1).row(0) if row is None else row
    return Upstream(reactor, Clock(reactor), row, UpstreamOptions(judge, os.urandom))


@pytest.fixture
def reactor():
    reactor = RealReactor()
    yield reactor
    reactor.close()


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
def test_exchanges_go_by_the_transport_that_is_asked_for(reactor, transport):
    server = NameServer(reactor)
    row = metrics.new_page(1).row(0)
    upstream = make_upstream(reactor, row)
    ends = []
    upstream.exchange(Exchange(b"\x7f\0\0\1", server.port, transport, QUERY, 9.0), ends.append)
    assert ends == []
    reactor.turn_until(lambda: ends)
    assert ends[0].result is Result.REPLY
    assert ends[0].octets == REPLY
    for each in Transport:
        slot = metrics.EXCHANGES.slot(each.name.lower(), "reply")
        assert row[slot] == (each is transport)
    upstream.stop()


def test_replies_that_are_waited_for_wake_the_reactor_and_a_timeout_does_too(reactor):
    upstream = make_upstream(reactor)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        ends = []
        exchange = Exchange(b"\x7f\0\0\1", silent.getsockname()[1], Transport.UDP, QUERY, 0.03)
        upstream.exchange(exchange, ends.append)
        reactor.turn_until(lambda: ends)
    assert ends[0].result is Result.TIMED_OUT
    upstream.stop()


def test_it_tells_the_time_and_calls_later():
    reactor = TurningReactor()
    upstream = make_upstream(reactor)
    calls = []
    upstream.call_later(0.5, lambda: calls.append(upstream.now()))
    upstream.call_later(0.5, lambda: calls.append("never")).cancel()
    reactor.advance(0.51)
    assert calls == [1000.51]
    upstream.stop()
    assert reactor.readers == set()


def test_a_stopped_network_calls_nobody(reactor):
    upstream = make_upstream(reactor)
    server = NameServer(reactor)
    calls = []
    for transport in (Transport.UDP, Transport.TCP):
        exchange = Exchange(b"\x7f\0\0\1", server.port, transport, QUERY, 0.03)
        upstream.exchange(exchange, calls.append)
    upstream.call_later(0, lambda: calls.append("call"))
    upstream.stop()
    for _ in range(5):
        reactor.iterate(0.02)
    assert calls == []
