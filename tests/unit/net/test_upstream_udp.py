"""Exchanges over UDP with tiny servers on loopback sockets, in time that stands still."""

import contextlib
import os
import resource
import select
import socket
import sys
from pathlib import Path

import pytest
from fakes.turns import TurningReactor
from twisted.logger import globalLogPublisher

from dnsd.net.clock import Clock
from dnsd.net.gathering import Gathering
from dnsd.net.timer_wheel import TimerWheel
from dnsd.net.upstream_options import UpstreamOptions
from dnsd.net.upstream_udp import DATAGRAMS_PER_SOCKET, UdpExchanges, cut
from dnsd.observe import metrics
from dnsd.observe.limits import LIMITS
from dnsd.resolver.acceptance import judge
from dnsd.resolver.commands import Exchange, Exchanged, Result, Transport

QUESTION = b"\x03wWw\x07eXAMple\x04test\x00\x00\x01\x00\x01"
QUERY = b"\x12\x34\x00\x00\x00\x01" + bytes(6) + QUESTION


def reply_to(query, *, identifier=None, question=None, extra=b""):
    return (
        (identifier or query[:2])
        + b"\x84\x00\x00\x01"
        + bytes(6)
        + (query[12:] if question is None else question)
        + extra
    )


class Server:
    """A name server's socket; the test decides what it sends."""

    def __init__(self, address="127.0.0.1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.settimeout(10)
        self.socket.bind((address, 0))
        self.address = socket.inet_pton(family, address)
        self.port = self.socket.getsockname()[1]
        self.client = None

    def receive(self):
        query, self.client = self.socket.recvfrom(4096)
        return query

    def send(self, *datagrams):
        for datagram in datagrams:
            self.socket.sendto(datagram, self.client)

    def close(self):
        self.socket.close()


class Bench:
    def __init__(self, **options):
        self.reactor = TurningReactor()
        self.row = metrics.new_page(1).row(0)
        self.clock = Clock(self.reactor)
        self.wheel = TimerWheel(self.clock)
        options = {"judge": judge, "entropy": os.urandom, **options}
        self.udp = UdpExchanges(self.reactor, self.wheel, self.row, UpstreamOptions(**options))
        self.ends = []

    def ask(self, server, query=QUERY, timeout_s=1.0):
        exchange = Exchange(server.address, server.port, Transport.UDP, query, timeout_s)
        return self.udp.exchange(exchange, self.ends.append)

    def turn_until_ended(self, count=1):
        self.reactor.turn_until(lambda: len(self.ends) >= count)

    def ended(self, result):
        return self.row[metrics.EXCHANGES.slot("udp", result)]

    def discarded(self, reason):
        return self.row[metrics.DISCARDED_DATAGRAMS.slot(reason)]

    @property
    def near_misses(self):
        return self.row[metrics.NEAR_MISSES.slot()]


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.udp.stop()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def descriptors():
    """Return a function that counts our descriptors."""
    return lambda: len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def events():
    """What is logged."""
    events = []
    globalLogPublisher.addObserver(events.append)
    yield events
    globalLogPublisher.removeObserver(events.append)


def test_a_reply_is_handed_over_once(bench, server):
    bench.ask(server)
    assert server.receive() == QUERY
    bench.reactor.advance(0.05)
    server.send(reply_to(QUERY), reply_to(QUERY))
    bench.turn_until_ended()
    (end,) = bench.ends
    assert end.result is Result.REPLY
    assert end.octets == reply_to(QUERY)
    assert end.seconds == pytest.approx(0.05)
    assert len(bench.udp) == 0
    bench.reactor.advance(5)
    assert len(bench.ends) == 1
    assert bench.ended("reply") == 1
    buckets = metrics.EXCHANGE_LATENCY.buckets("udp")
    assert bench.row[buckets.sum_slot] == pytest.approx(50_000, abs=2)


def test_servers_are_asked_over_ipv6():
    try:
        server = Server("::1")
    except OSError:
        pytest.skip("no IPv6 on this machine")
    bench = Bench()
    bench.ask(server)
    server.send(reply_to(server.receive()))
    bench.turn_until_ended()
    assert bench.ends[0].result is Result.REPLY
    assert server.client[1] >= 1024
    server.close()
    bench.udp.stop()


def test_queries_are_never_fragmented_and_leave_from_a_drawn_port(server):
    ports = iter([4242, 20000, 61000])
    bench = Bench(entropy=lambda count: next(ports).to_bytes(2, sys.byteorder))
    for port in (4242, 20000, 61000):
        started = bench.ask(server)
        assert started.socket.getsockopt(socket.IPPROTO_IP, 10) == 3  # IP_PMTUDISC_PROBE
        assert started.socket.getpeername() == ("127.0.0.1", server.port)
        server.receive()
        assert server.client[1] == port
    bench.udp.stop()


def test_a_port_that_is_taken_is_drawn_again(server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", 0))
        taken = other.getsockname()[1]
        free = taken - 1 if taken > 40_000 else taken + 1
        ports = iter([taken, taken, free])
        bench = Bench(entropy=lambda count: next(ports).to_bytes(2, sys.byteorder))
        bench.ask(server)
        server.receive()
        assert server.client[1] == free
        bench.udp.stop()


def test_a_wrong_identifier_ends_the_exchange_and_is_a_near_miss(bench, server):
    bench.ask(server)
    server.receive()
    server.send(reply_to(QUERY, identifier=b"\x12\x35"), reply_to(QUERY))
    bench.turn_until_ended()
    assert bench.ends == [Exchanged(Result.WRONG_ID)]
    assert len(bench.udp) == 0
    assert bench.near_misses == 1
    assert bench.ended("wrong_id") == 1


GARBAGE = {
    "nothing": b"",
    "half a header": QUERY[:6],
    "a query": QUERY,
    "another question": reply_to(QUERY, question=b"\x05other\x04test\x00\x00\x01\x00\x01"),
    "another type": reply_to(QUERY, question=QUESTION[:-4] + b"\x00\x10\x00\x01"),
    "no question": QUERY[:2] + b"\x84\x00" + bytes(8),
    "noise": bytes(range(256)),
}


@pytest.mark.parametrize("octets", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_as_if_it_had_not_come(bench, server, octets):
    bench.ask(server)
    server.receive()
    server.send(octets)
    bench.reactor.turn()
    assert bench.ends == []
    assert bench.near_misses == 0
    assert bench.discarded("not_the_reply") == 1
    bench.reactor.advance(0.5)
    server.send(reply_to(QUERY))
    bench.turn_until_ended()
    assert bench.ends[0].octets == reply_to(QUERY)


def test_changed_letter_case_waits_for_something_better(bench, server):
    bench.ask(server)
    server.receive()
    server.send(reply_to(QUERY, question=QUESTION.lower()))
    bench.reactor.turn()
    assert bench.ends == []
    assert bench.discarded("letter_case") == 1
    server.send(reply_to(QUERY))
    bench.turn_until_ended()
    assert bench.ends[0].result is Result.REPLY


def test_changed_letter_case_is_told_when_nothing_better_came(bench, server):
    bench.ask(server)
    server.receive()
    server.send(reply_to(QUERY, question=QUESTION.lower()))
    bench.reactor.turn()
    bench.reactor.advance(1.1)
    assert bench.ends == [Exchanged(Result.CASE_CHANGED)]


def test_another_sender_is_never_heard(bench, server):
    started = bench.ask(server)
    server.receive()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", 0))
        for _ in range(100):
            other.sendto(reply_to(QUERY), started.socket.getsockname())
    assert not bench.reactor.turn(0.1)
    assert bench.ends == []


def test_what_came_before_the_socket_was_connected_is_left_out(bench, server):
    """The kernel keeps what came from anybody between bind and connect."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        original = bench.udp._bind

        def bind(opened, host):
            original(opened, host)
            other.sendto(reply_to(QUERY), ("127.0.0.1", opened.getsockname()[1]))
            select.select([opened], [], [], 10)

        bench.udp._bind = bind
        bench.ask(server)
        server.receive()
        bench.reactor.turn()
    assert bench.ends == []
    assert bench.discarded("other_sender") == 1
    server.send(reply_to(QUERY))
    bench.turn_until_ended()
    assert bench.ends[0].result is Result.REPLY


def test_silence_is_a_timeout(bench, server, descriptors):
    before = descriptors()
    bench.ask(server, timeout_s=0.4)
    bench.reactor.advance(0.399)
    assert bench.ends == []
    bench.reactor.advance(0.012)
    assert bench.ends == [Exchanged(Result.TIMED_OUT)]
    assert descriptors() == before
    assert bench.ended("timed_out") == 1


def test_a_refusal_of_the_host_ends_this_attempt_only(bench, server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        closed_port = free.getsockname()[1]
    exchange = Exchange(server.address, closed_port, Transport.UDP, QUERY, 1.0)
    bench.udp.exchange(exchange, bench.ends.append)
    bench.ask(server)
    bench.turn_until_ended()
    assert bench.ends == [Exchanged(Result.UNREACHABLE)]
    server.send(reply_to(server.receive()))
    bench.turn_until_ended(2)
    assert bench.ends[1].result is Result.REPLY


def test_a_network_that_is_not_there_is_told_in_a_later_turn(bench):
    exchange = Exchange(b"\xff\xff\xff\xff", 53, Transport.UDP, QUERY, 1.0)  # broadcast: EACCES
    bench.udp.exchange(exchange, bench.ends.append)
    assert bench.ends == []
    bench.reactor.advance(0)
    assert bench.ends == [Exchanged(Result.UNREACHABLE)]


def test_a_cancelled_exchange_leaves_no_descriptor(bench, server, descriptors):
    before = descriptors()
    started = bench.ask(server)
    assert descriptors() == before + 1
    server.receive()
    started.cancel()
    started.cancel()
    assert descriptors() == before
    server.send(reply_to(QUERY))
    bench.reactor.turn(0)
    bench.reactor.advance(5)
    assert bench.ends == []


def test_what_ends_one_exchange_may_cancel_another_of_the_same_turn(bench):
    servers = [Server(), Server()]
    started = []

    def cancel_all(end):
        bench.ends.append(end)
        for each in started:
            each.cancel()

    for server in servers:
        exchange = Exchange(server.address, server.port, Transport.UDP, QUERY, 1.0)
        started.append(bench.udp.exchange(exchange, cancel_all))
    for server in servers:
        server.send(reply_to(server.receive()))
    bench.turn_until_ended()
    bench.reactor.turn_while_readable()
    assert len(bench.ends) == 1
    assert len(bench.udp) == 0
    for server in servers:
        server.close()


def test_a_thousand_in_flight_each_get_their_own_reply(bench, server):
    server.socket.setsockopt(socket.SOL_SOCKET, 33, 8_000_000)  # SO_RCVBUFFORCE
    queries = [i.to_bytes(2, "big") + QUERY[2:] for i in range(1000)]
    ends = {}
    for query in queries:
        exchange = Exchange(server.address, server.port, Transport.UDP, query, 3.0)
        bench.udp.exchange(exchange, lambda end, query=query: ends.__setitem__(query, end.octets))
    ports = set()
    for _ in range(1000):
        server.send(reply_to(server.receive()))
        ports.add(server.client[1])
    assert len(ports) == 1000
    bench.reactor.turn_until(lambda: len(ends) == 1000)
    assert ends == {query: reply_to(query) for query in queries}
    assert len(bench.udp) == 0


def test_a_flood_on_one_socket_leaves_turns_to_others(bench, server):
    bench.ask(server)
    server.receive()
    server.send(*[b"flood"] * (DATAGRAMS_PER_SOCKET + 1))
    bench.reactor.turn()
    assert bench.discarded("not_the_reply") == DATAGRAMS_PER_SOCKET
    assert bench.row[metrics.limit_slot("datagrams_per_turn")] == 1
    bench.reactor.turn()
    assert bench.discarded("not_the_reply") == DATAGRAMS_PER_SOCKET + 1
    assert bench.row[metrics.limit_slot("datagrams_per_turn")] == 1


@pytest.mark.parametrize("records", [100, 3000])
def test_a_reply_longer_than_we_take_is_asked_for_again_over_tcp(bench, server, records):
    bench.ask(server)
    server.receive()
    address = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc0\0\2\1"
    whole = reply_to(QUERY, extra=address * records)
    server.send(whole[:6] + records.to_bytes(2, "big") + whole[8:])
    bench.turn_until_ended()
    assert bench.ends[0].octets == cut(reply_to(QUERY))
    assert bench.ends[0].octets[2] & 2


@pytest.mark.parametrize(
    ("whole", "left"),
    [
        (b"\1\2\x84\0\0\1\0\3\0\0\0\1" + QUESTION + b"records", b"\1\2\x86\0\0\1" + bytes(6) + QUESTION),
        (b"\1\2\x84\1\0\0\0\3\0\0\0\1" + b"records", b"\1\2\x86\1" + bytes(8)),
    ],
    ids=["with a question", "without"],
)  # fmt: skip
def test_a_reply_is_cut_to_its_question(whole, left):
    assert cut(whole) == left


def test_a_fault_of_whoever_is_told_leaves_the_others_alone(bench, events):
    servers = [Server(), Server()]

    def fail(end):
        bench.ends.append(end)
        raise ZeroDivisionError

    for server in servers:
        exchange = Exchange(server.address, server.port, Transport.UDP, QUERY, 1.0)
        bench.udp.exchange(exchange, fail)
    for server in servers:
        server.send(reply_to(server.receive()))
    bench.turn_until_ended(2)
    assert [event["log_failure"].type for event in events] == [ZeroDivisionError] * 2
    assert len(bench.udp) == 0
    for server in servers:
        server.close()


def test_a_stopped_network_closes_everything_and_tells_nobody(server, descriptors):
    before = descriptors()
    bench = Bench()
    bench.ask(server)
    bench.udp.stop()
    assert descriptors() == before
    assert bench.reactor.readers == set()
    assert bench.udp.fileno() == -1
    bench.reactor.advance(5)
    assert bench.ends == []


@contextlib.contextmanager
def no_descriptors():
    """Let this process open nothing more."""
    lowest_free = os.dup(0)
    os.close(lowest_free)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_descriptors_a_query_waits_a_moment_and_is_given_up(bench, server, events):
    with no_descriptors():
        for _ in range(3):
            bench.ask(server)
        assert bench.ends == []
        bench.reactor.pump([0.01] * 9)
        assert bench.ends == []
        assert len(bench.reactor.getDelayedCalls()) == 1, "nothing runs in a tight loop"
        bench.reactor.pump([0.01] * 2)
    assert bench.ends == [Exchanged(Result.NO_SOCKET)] * 3
    assert bench.row[metrics.limit_slot("outgoing_sockets")] == 3
    assert bench.ended("no_socket") == 3
    assert events == []


def test_a_query_that_waited_for_a_descriptor_is_sent_when_there_is_one(bench, server):
    with no_descriptors():
        bench.ask(server, timeout_s=0.4)
    bench.reactor.advance(0.06)
    server.send(reply_to(server.receive()))
    bench.turn_until_ended()
    assert bench.ends[0].result is Result.REPLY
    assert bench.ends[0].seconds == 0, "the wait is not the server's"


def test_a_query_that_waits_for_a_descriptor_can_be_cancelled(bench, server):
    with no_descriptors():
        bench.ask(server).cancel()
        bench.reactor.advance(1)
    assert bench.ends == []


def test_ordinary_traffic_hits_no_limit(bench, server):
    bench.ask(server)
    server.send(reply_to(server.receive()))
    bench.turn_until_ended()
    assert not any(bench.row[metrics.limit_slot(name)] for name in LIMITS)


def test_replies_are_not_held_back_by_reading_that_failed():
    gathering, made = Gathering(), []
    bench = Bench(gathering=gathering)
    gathering.at_close(lambda: made.append("sent"))
    bench.udp.stop()
    with pytest.raises(ValueError, match="closed"):
        bench.udp.doRead()
    assert (made, gathering.is_open) == (["sent"], False)
