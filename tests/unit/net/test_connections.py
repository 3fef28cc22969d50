"""All connections: their number, and the time of each."""

import pytest
from fakes.streams import Server, frame
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from dnsd.observe import metrics
from dnsd.query.stream import StreamOptions


@pytest.fixture
def make_server():
    return Server


@pytest.fixture
def server():
    return Server()


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
    row, opened = server.responder.row, metrics.TCP_CONNECTIONS_OPENED.slot("tcp")
    clients = [server.connect(f"198.51.100.{i}") for i in range(3)]
    assert (row[metrics.TCP_CONNECTIONS.slot("tcp")], row[opened]) == (3, 3)
    clients[0].protocol.connectionLost(Failure(ConnectionDone()))
    assert (row[metrics.TCP_CONNECTIONS.slot("tcp")], row[opened]) == (2, 3)


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
