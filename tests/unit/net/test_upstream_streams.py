"""Connections to tiny name servers on loopback sockets."""

import os
import resource
import socket

import pytest
from fakes.turns import RealReactor
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import globalLogPublisher

from dnsd.net.clock import Clock
from dnsd.net.timer_wheel import TimerWheel
from dnsd.net.upstream_connection import IN_FLIGHT
from dnsd.net.upstream_options import UpstreamOptions
from dnsd.net.upstream_streams import StreamExchanges
from dnsd.observe import metrics
from dnsd.observe.limits import LIMITS
from dnsd.resolver.acceptance import judge
from dnsd.resolver.commands import Exchange, Exchanged, Result, Transport

LOOPBACK = b"\x7f\0\0\1"


def query(number):
    return number.to_bytes(2, "big") + b"\0\0\0\1" + bytes(6) + b"\4test\0\0\1\0\1"


def reply_to(octets):
    return octets[:2] + b"\x84" + octets[3:]


class Client(Protocol):
    """A client's connection as the server sees it."""

    def connectionMade(self):  # noqa: N802 - Twisted's name
        self.octets = b""
        self.queries = []
        self.is_open = True
        self.factory.clients.append(self)

    def dataReceived(self, data):  # noqa: N802 - Twisted's name
        self.octets += data
        while len(self.octets) >= 2 and len(self.octets) >= 2 + (
            end := int.from_bytes(self.octets[:2])
        ):
            self.queries.append(self.octets[2 : 2 + end])
            self.octets = self.octets[2 + end :]
            self.factory.react(self, self.queries[-1])

    def connectionLost(self, reason):  # noqa: N802 - Twisted's name
        self.is_open = False

    def send(self, *messages):
        for message in messages:
            self.transport.write(len(message).to_bytes(2, "big") + message)


class Server(Factory):
    """A name server; ``react`` is called with a client and its query."""

    protocol = Client
    noisy = False

    def __init__(self, reactor, react=lambda client, octets: client.send(reply_to(octets))):
        self.clients = []
        self.react = react
        self.listening = reactor.listenTCP(0, self, interface="127.0.0.1")
        self.port = self.listening.getHost().port

    @property
    def open(self):
        return [client for client in self.clients if client.is_open]

    @property
    def queries(self):
        return [octets for client in self.clients for octets in client.queries]


def say_nothing(client, octets):
    """Take a query and leave it."""


class Bench:
    def __init__(self, **options):
        self.reactor = RealReactor()
        self.row = metrics.new_page(1).row(0)
        self.wheel = TimerWheel(Clock(self.reactor))
        options = UpstreamOptions(**{"judge": judge, "entropy": os.urandom, **options})
        self.streams = StreamExchanges(self.reactor, self.wheel, self.row, options)
        self.ends = {}
        self.order = []

    def server(self, *arguments):
        return Server(self.reactor, *arguments)

    def ask(self, server, number=1, *, timeout_s=9.0):
        port = getattr(server, "port", server)
        exchange = Exchange(LOOPBACK, port, Transport.TCP, query(number), timeout_s)

        def done(end):
            assert number not in self.ends, "told twice"
            self.ends[number] = end
            self.order.append(number)

        return self.streams.exchange(exchange, done)

    def finish(self, count=1):
        self.reactor.turn_until(lambda: len(self.ends) >= count)
        return [self.ends[number].result for number in sorted(self.ends)]

    def hits(self, limit):
        return self.row[metrics.limit_slot(limit)]

    @property
    def connections(self):
        return self.row[metrics.SERVER_CONNECTIONS.slot()]

    def close(self):
        self.streams.stop()
        assert self.connections == 0
        assert len(self.streams) == 0
        self.reactor.close()


@pytest.fixture
def make_bench():
    benches = []

    def make(**options):
        benches.append(Bench(**options))
        return benches[-1]

    yield make
    for bench in benches:
        bench.close()


@pytest.fixture
def bench(make_bench):
    return make_bench()


@pytest.fixture
def events():
    """Failures that are logged."""
    events = []

    def observe(event):
        if "log_failure" in event:
            events.append(event)

    globalLogPublisher.addObserver(observe)
    yield events
    globalLogPublisher.removeObserver(observe)


def test_a_reply_is_handed_over(bench):
    server = bench.server()
    bench.ask(server)
    assert bench.ends == {}
    assert bench.connections == 1
    bench.finish()
    assert bench.ends[1].octets == reply_to(query(1))
    assert bench.ends[1].seconds > 0
    assert bench.row[metrics.EXCHANGES.slot("tcp", "reply")] == 1
    buckets = metrics.EXCHANGE_LATENCY.buckets("tcp")
    assert sum(bench.row[buckets.first : buckets.first + buckets.bounds + 1]) == 1
    assert not any(bench.hits(name) for name in LIMITS)


def test_queries_one_after_the_other_share_a_connection(bench):
    server = bench.server()
    for number in range(5):
        bench.ask(server, number)
        bench.finish(number + 1)
    assert len(server.clients) == 1
    assert bench.connections == 1


def test_queries_in_flight_share_a_connection_and_are_answered_in_any_order(bench):
    def react(client, octets):
        if len(client.queries) == 5:
            client.send(*map(reply_to, reversed(client.queries)))

    server = bench.server(react)
    for number in range(5):
        bench.ask(server, number)
    assert bench.finish(5) == [Result.REPLY] * 5
    assert bench.order == [4, 3, 2, 1, 0]
    assert len(server.clients) == 1


def test_a_connection_is_used_for_a_bounded_number_of_queries(make_bench):
    bench = make_bench(reuse_queries=3)
    server = bench.server()
    for number in range(7):
        bench.ask(server, number)
        bench.finish(number + 1)
    assert [len(client.queries) for client in server.clients] == [3, 3, 1]
    bench.reactor.turn_until(lambda: len(server.open) == 1)


def test_an_idle_connection_is_closed_after_its_time(make_bench):
    bench = make_bench(reuse_s=0.05)
    server = bench.server()
    bench.ask(server)
    bench.finish()
    assert bench.connections == 1
    bench.reactor.turn_until(lambda: not server.open)
    assert bench.connections == 0


def test_many_queries_at_once_make_at_most_two_connections_at_a_time(bench):
    server = bench.server(say_nothing)
    for number in range(3 * IN_FLIGHT):
        bench.ask(server, number)
    assert bench.connections == 2
    bench.reactor.turn_until(lambda: len(server.queries) == 3 * IN_FLIGHT)
    assert [len(client.queries) for client in server.clients] == [24, 24]
    bench.ask(server, 99)
    assert bench.connections == 3, "both are made and have many waiting"
    assert not any(bench.hits(name) for name in LIMITS)


def test_few_queries_at_once_make_one_connection(bench):
    server = bench.server(say_nothing)
    for number in range(IN_FLIGHT):
        bench.ask(server, number)
    assert bench.connections == 1


def test_a_server_that_closes_at_once_is_not_connected_to_again_at_once(bench):
    server = bench.server(lambda client, octets: client.transport.loseConnection())
    for number in range(IN_FLIGHT):
        bench.ask(server, number)
    assert bench.finish(IN_FLIGHT) == [Result.CLOSED] * IN_FLIGHT
    assert len(server.clients) == 1
    server.react = lambda client, octets: client.send(reply_to(octets))
    bench.ask(server, 99)
    assert bench.connections == 0, "it waits a moment"
    bench.finish(IN_FLIGHT + 1)
    assert bench.ends[99].result is Result.REPLY
    assert len(server.clients) == 2


def test_a_connection_that_ends_after_replies_has_its_queries_sent_once_more(bench):
    def react(client, octets):
        if len(client.queries) == 1:
            client.send(reply_to(octets))
        client.transport.loseConnection()

    server = bench.server(react)
    for number in range(3):
        bench.ask(server, number)
    results = bench.finish(3)
    assert sorted(results) == [Result.REPLY, Result.REPLY, Result.CLOSED]
    assert len(server.clients) == 2


def test_a_query_finds_out_that_its_idle_connection_was_closed_and_is_sent_anew(bench):
    server = bench.server()
    bench.ask(server, 1)
    bench.finish(1)
    # The end is on its way and has not been read.
    server.clients[0].transport.abortConnection()
    bench.ask(server, 2)
    assert bench.finish(2) == [Result.REPLY, Result.REPLY]
    assert len(server.clients) == 2


def test_a_message_that_fits_nothing_ends_the_connection(bench):
    server = bench.server(lambda client, octets: client.send(b"\xff\xff" + reply_to(octets)[2:]))
    bench.ask(server)
    assert bench.finish() == [Result.CLOSED]
    bench.reactor.turn_until(lambda: not server.open)


def test_silence_is_a_timeout_and_the_connection_is_not_used_again(bench):
    server = bench.server(say_nothing)
    bench.ask(server, 1, timeout_s=0.05)
    assert bench.finish() == [Result.TIMED_OUT]
    bench.reactor.turn_until(lambda: not server.open)
    assert bench.connections == 0


def test_a_timeout_leaves_the_others_on_the_connection_alone(bench):
    server = bench.server(say_nothing)
    bench.ask(server, 1, timeout_s=0.05)
    bench.ask(server, 2)
    bench.finish(1)
    server.clients[0].send(reply_to(query(1)), reply_to(query(2)))
    assert bench.finish(2) == [Result.TIMED_OUT, Result.REPLY]
    assert len(server.clients) == 1


def test_a_refusal_is_told(bench):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    bench.ask(port)
    assert bench.finish() == [Result.UNREACHABLE]
    assert bench.connections == 0


def test_a_cancelled_exchange_is_not_told_and_ends_a_connection_being_made(bench):
    server = bench.server()
    started = bench.ask(server, 1)
    started.cancel()
    started.cancel()
    assert bench.connections == 0
    bench.ask(server, 2)
    bench.finish()
    assert list(bench.ends) == [2]
    assert server.queries == [query(2)]


def test_a_cancelled_exchange_leaves_an_open_connection(bench):
    server = bench.server(say_nothing)
    started = bench.ask(server, 1)
    bench.reactor.turn_until(lambda: server.queries)
    started.cancel()
    assert bench.connections == 1
    bench.ask(server, 2)
    bench.reactor.turn_until(lambda: len(server.queries) == 2)
    server.clients[0].send(reply_to(query(1)), reply_to(query(2)))
    bench.finish()
    assert list(bench.ends) == [2]
    assert len(server.clients) == 1


def test_the_longest_idle_connection_makes_room(make_bench):
    bench = make_bench(connections=2)
    servers = [bench.server() for _ in range(3)]
    bench.ask(servers[0], 0)
    bench.finish(1)
    bench.ask(servers[1], 1)
    bench.finish(2)
    bench.ask(servers[0], 2)
    bench.finish(3)
    bench.ask(servers[2], 3)
    assert bench.finish(4) == [Result.REPLY] * 4
    bench.reactor.turn_until(lambda: not servers[1].open)
    assert len(servers[0].open) == len(servers[2].open) == 1
    assert bench.connections == 2
    assert bench.hits("outgoing_tcp") == 0


def test_too_many_connections_are_waited_for_a_moment(make_bench):
    bench = make_bench(connections=1)
    busy, other = bench.server(say_nothing), bench.server()
    bench.ask(busy, 1)
    bench.ask(other, 2)
    assert bench.ends == {}
    bench.finish(1)
    assert bench.ends == {2: Exchanged(Result.NO_SOCKET)}
    assert bench.hits("outgoing_tcp") == 1
    assert other.clients == []


def test_without_descriptors_a_query_waits_a_moment_and_is_given_up(bench, events):
    server = bench.server()
    lowest_free = os.dup(0)
    os.close(lowest_free)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        bench.ask(server)
        bench.finish()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert bench.ends == {1: Exchanged(Result.NO_SOCKET)}
    assert bench.hits("outgoing_sockets") == 1
    assert bench.connections == 0
    assert events == []


def test_a_fault_of_whoever_is_told_leaves_the_others_alone(bench, events):
    server = bench.server()
    exchange = Exchange(LOOPBACK, server.port, Transport.TCP, query(7), 9.0)
    bench.streams.exchange(exchange, lambda end: 1 / 0)
    bench.ask(server, 1)
    assert bench.finish() == [Result.REPLY]
    assert [event["log_failure"].type for event in events] == [ZeroDivisionError]
    assert len(server.clients) == 1


def test_servers_left_alone_for_a_moment_are_forgotten(bench):
    for port in range(300):
        bench.streams._back_off(("server", port), port * 1.0)
    assert len(bench.streams._not_before) < 257


def test_a_stopped_network_closes_everything_and_tells_nobody(bench):
    server = bench.server(say_nothing)
    bench.ask(server, 1)
    bench.reactor.turn_until(lambda: server.queries)
    bench.ask(server, 2)
    bench.streams.stop()
    bench.reactor.turn_until(lambda: not server.open)
    assert bench.ends == {}


def test_a_timeout_before_the_connection_is_there_leaves_it_to_the_others(bench):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        fillers = []
        for _ in range(4):  # the kernel drops what comes to a full queue
            fillers.append(socket.socket())
            fillers[-1].setblocking(False)
            fillers[-1].connect_ex(full.getsockname())
        port = full.getsockname()[1]
        bench.ask(port, 1, timeout_s=0.05)
        bench.ask(port, 2)
        assert bench.finish(1) == [Result.TIMED_OUT]
        bench.ask(port, 3)
        assert bench.connections == 1
        for filler in fillers:
            filler.close()
