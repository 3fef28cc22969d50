"""Connections over a transport without sockets, in time that stands still."""

import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.task import Clock as FakeReactor
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from dnsd.net.clock import Clock
from dnsd.net.framed_tcp import MESSAGES_PER_TURN, Connections, FramedTcpOptions
from dnsd.observe import metrics
from dnsd.query.request import Transport
from dnsd.query.stream import StreamOptions


def frame(*messages):
    return b"".join(len(message).to_bytes(2, "big") + message for message in messages)


class Kernel(StringTransport):
    """A transport that asks a pull producer as Twisted's does.

    Attributes:
        reads: whether the client takes what it is sent.
    """

    def __init__(self, peer):
        super().__init__(IPv4Address("TCP", "192.0.2.53", 53), peer)
        self.reads = True
        self.no_delay = False

    def setTcpNoDelay(self, enabled):  # noqa: N802
        self.no_delay = enabled

    def registerProducer(self, producer, streaming):  # noqa: N802
        super().registerProducer(producer, streaming)
        if not streaming:
            producer.resumeProducing()

    def drain(self):
        """One turn in which the kernel takes all that was written."""
        if self.reads and self.producer is not None:
            self.producer.resumeProducing()


class Echo:
    """Answers every message with itself.

    Attributes:
        requests: all that came.
        reply: makes the answer.
    """

    def __init__(self):
        self.row = memoryview(bytearray(8 * metrics.TABLE.width)).cast("Q")
        self.requests = []
        self.late = []
        self.reply = lambda octets: octets

    def respond(self, request, send_late):
        self.requests.append(request)
        self.late.append((request, send_late))
        return self.reply(request.octets)

    def hits(self, limit):
        return self.row[metrics.limit_slot(limit)]


class Server:
    """One worker's connections, and the clients that make them."""

    def __init__(self, **options):
        self.reactor = FakeReactor()
        self.responder = Echo()
        self.connections = Connections(
            FramedTcpOptions(**options), Clock(self.reactor, lambda: 1_700_000_000), self.responder
        )

    def connect(self, address="198.51.100.1", port=40000):
        """Connect; the client's side, or ``None`` when it is refused."""
        kind = IPv6Address if ":" in address else IPv4Address
        peer = kind("TCP", address, port)
        protocol = self.connections.buildProtocol(peer)
        if protocol is None:
            return None
        client = Client(protocol, Kernel(peer))
        protocol.makeConnection(client.transport)
        return client

    def pass_time(self, seconds, *clients):
        """Move time on in small steps, as a reactor would see it."""
        for _ in range(round(seconds / 0.05)):
            self.reactor.advance(0.05)
            for client in clients:
                client.transport.drain()


class Client:
    def __init__(self, protocol, transport):
        self.protocol = protocol
        self.transport = transport

    def send(self, octets):
        self.protocol.dataReceived(octets)

    @property
    def received(self):
        return self.transport.value()

    @property
    def is_closed(self):
        return self.transport.disconnecting or self.transport.disconnected

    @property
    def is_read(self):
        return self.transport.producerState == "producing"


@pytest.fixture
def make_server():
    return Server


@pytest.fixture
def server():
    return Server()


def test_queries_are_answered_in_any_pieces(server):
    client = server.connect()
    for octet in frame(b"first", b"second"):
        client.send(bytes([octet]))
        client.transport.drain()
    assert client.received == frame(b"first", b"second")
    assert client.transport.no_delay


def test_a_request_says_who_asked_what_when_and_where(server):
    server.reactor.advance(5.0)
    server.connect("198.51.100.1", 40001).send(frame(b"query"))
    (request,) = server.responder.requests
    assert request.octets == b"query"
    assert request.client == b"\xc6\x33\x64\x01"
    assert request.client_port == 40001
    assert request.local == b"\xc0\x00\x02\x35"
    assert request.transport is Transport.TCP
    assert (request.now, request.wall_now) == (5.0, 1_700_000_000)


def test_the_zone_of_a_link_local_client_is_left_out(server):
    server.connect("fe80::1%eth0").send(frame(b"query"))
    assert server.responder.requests[0].client == b"\xfe\x80" + bytes(13) + b"\1"


def test_a_query_without_a_reply_leaves_the_connection_open(server):
    server.responder.reply = lambda octets: b"" if octets == b"bad" else octets
    client = server.connect()
    client.send(frame(b"bad", b"good"))
    assert client.received == frame(b"good")
    assert not client.is_closed


def test_a_long_pipeline_is_answered_some_messages_a_turn(server):
    client = server.connect()
    messages = [i.to_bytes(2, "big") for i in range(100)]
    client.send(frame(*messages))
    assert len(server.responder.requests) == MESSAGES_PER_TURN
    assert not client.is_read, "no more is read while whole messages wait"
    server.pass_time(0.5, client)
    assert client.received == frame(*messages)
    assert client.is_read


def test_a_client_that_does_not_read_is_not_read_and_then_closed(server):
    server.responder.reply = lambda octets: bytes(20000)
    client = server.connect()
    client.transport.reads = False
    client.send(frame(*[b"q"] * 50))
    assert len(server.responder.requests) == 4, "64 KiB are unsent"
    assert not client.is_read
    assert server.responder.hits("tcp_unsent") == 1
    server.pass_time(4.8, client)
    assert len(server.responder.requests) == 4
    assert not client.is_closed
    server.pass_time(0.5, client)
    assert client.is_closed
    assert server.responder.hits("tcp_unsent_time") == 1


def test_a_client_that_does_not_read_makes_few_octets_of_queries_wait(server):
    assert server.connect().transport.bufferSize == 8192


def test_a_client_that_reads_again_gets_everything(server):
    server.responder.reply = lambda octets: octets * 20000
    client = server.connect()
    client.transport.reads = False
    client.send(frame(*[bytes([i]) for i in range(50)]))
    server.pass_time(2, client)
    client.transport.reads = True
    server.pass_time(20, client)
    assert client.received == frame(*[bytes([i]) * 20000 for i in range(50)])
    assert client.is_read


def test_a_client_that_sends_its_end_gets_its_replies_first(server):
    client = server.connect()
    assert IHalfCloseableProtocol.providedBy(client.protocol)
    client.transport.reads = False
    client.send(frame(b"query"))
    client.protocol.readConnectionLost()
    assert not client.is_closed
    client.transport.reads = True
    client.transport.drain()
    assert client.received == frame(b"query")
    assert client.is_closed


def test_a_client_that_ends_without_a_query_is_closed(server):
    client = server.connect()
    client.protocol.readConnectionLost()
    assert client.is_closed


def test_a_client_that_will_not_read_any_more_is_closed(server):
    client = server.connect()
    client.protocol.writeConnectionLost()
    assert client.is_closed


TRICKLE = frame(b"query")[:-1]


@pytest.mark.parametrize(
    ("sent", "alive_s", "limit"),
    [
        pytest.param(b"", 3.0, "tcp_first_message", id="nothing"),
        pytest.param(TRICKLE, 2.0, "tcp_whole_message", id="half of the first message"),
        pytest.param(frame(b"q"), 10.0, "tcp_idle", id="nothing more"),
        pytest.param(frame(b"q") + TRICKLE, 2.0, "tcp_whole_message", id="half of another"),
    ],
)
def test_a_slow_client_is_closed_in_time(server, sent, alive_s, limit):
    client = server.connect()
    if sent:
        client.send(sent)
        client.transport.drain()
    server.pass_time(alive_s - 0.1, client)
    assert not client.is_closed
    server.pass_time(0.3, client)
    assert client.is_closed
    # A reply to an idle client may still be on its way.
    assert client.transport.disconnected is (limit != "tcp_idle")
    assert server.responder.hits(limit) == 1
    assert len(server.connections) == 0


@pytest.mark.parametrize(("connected", "alive_s"), [(4, 10.0), (5, 1.0), (8, 0.2), (10, 0.2)])
def test_idle_clients_are_closed_sooner_when_many_are_connected(make_server, connected, alive_s):
    server = make_server(clients=10)
    clients = [server.connect() for _ in range(connected)]
    for client in clients:
        client.send(frame(b"q"))
        client.transport.drain()
    server.pass_time(alive_s - 0.1, *clients)
    assert len(server.connections) == connected
    server.pass_time(0.3, *clients)
    assert len(server.connections) < connected


def test_one_client_has_so_many_connections_and_a_slash_56_counts_as_one(server):
    assert all(server.connect("198.51.100.1") for _ in range(20))
    assert server.connect("198.51.100.1") is None
    assert server.connect("198.51.100.2")
    assert all(server.connect(f"2001:db8:0:{i:x}::1") for i in range(20))
    assert server.connect("2001:db8:0:ff::1") is None
    assert server.connect("2001:db8:0:100::1")
    assert server.responder.hits("tcp_clients_per_net") == 2


def test_a_closed_connection_makes_room_for_its_client(make_server):
    server = make_server(clients_per_net=1)
    first = server.connect()
    assert server.connect() is None
    first.protocol.connectionLost(Failure(ConnectionDone()))
    first.protocol.connectionLost(Failure(ConnectionDone()))
    assert server.connect()
    assert len(server.connections) == 1


def test_when_all_are_taken_the_quietest_makes_room(make_server):
    server = make_server(clients=3)
    slow, asking, fresh = (server.connect(f"198.51.100.{i}") for i in range(3))
    server.reactor.advance(0.01)
    asking.send(frame(b"query"))
    slow.send(b"\0")  # octets that make no message do not count
    late = server.connect("198.51.100.9")
    assert late
    assert slow.is_closed
    assert not asking.is_closed
    later = server.connect("198.51.100.10")
    assert later
    assert fresh.is_closed, "of those left it waits the longest"
    assert not asking.is_closed
    assert len(server.connections) == 3
    assert server.responder.hits("tcp_clients") == 2


def test_an_honest_query_succeeds_while_slow_clients_hold_every_connection(make_server):
    server = make_server(clients=50)
    for i in range(500):
        server.connect(f"203.0.113.{i % 200}")
        assert len(server.connections) <= 50
        if i % 10 == 0:
            honest = server.connect("198.51.100.1")
            honest.send(frame(b"query"))
            honest.transport.drain()
            assert honest.received == frame(b"query")


def test_the_number_of_connections_is_told(server):
    row, opened = server.responder.row, metrics.TCP_CONNECTIONS_OPENED.slot()
    clients = [server.connect(f"198.51.100.{i}") for i in range(3)]
    assert (row[metrics.TCP_CONNECTIONS.slot()], row[opened]) == (3, 3)
    clients[0].protocol.connectionLost(Failure(ConnectionDone()))
    assert (row[metrics.TCP_CONNECTIONS.slot()], row[opened]) == (2, 3)


def test_nothing_is_scheduled_once_all_connections_are_gone(server):
    client = server.connect()
    client.send(frame(*[b"q"] * 100))
    client.protocol.connectionLost(Failure(ConnectionDone()))
    server.pass_time(1)
    assert server.reactor.getDelayedCalls() == []


def test_a_worker_that_ends_closes_idle_connections_first(make_server):
    server = make_server(stream=StreamOptions())
    idle, reading = server.connect(), server.connect()
    reading.transport.reads = False
    reading.send(frame(b"query"))
    server.connections.close_idle()
    assert idle.is_closed
    assert not reading.is_closed
    server.connections.close_all()
    assert reading.is_closed
    assert len(server.connections) == 0
