"""DNS over TCP over a transport without sockets."""

import pytest
from fakes.streams import Server, frame

from dnsd.net.framed_tcp import DOT, TCP
from dnsd.observe import metrics
from dnsd.query.request import Transport


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


@pytest.mark.parametrize(("connected", "idle_s"), [(1, 10.0), (5, 1.0), (8, 0.2)])
def test_a_request_says_how_long_its_connection_may_be_silent(make_server, connected, idle_s):
    server = make_server(clients=10)
    clients = [server.connect() for _ in range(connected)]
    clients[0].send(frame(b"query"))
    assert server.responder.requests[0].idle_s == idle_s


@pytest.mark.parametrize(
    ("kind", "transport"), [(TCP, Transport.TCP), (DOT, Transport.TLS)], ids=["tcp", "dot"]
)
def test_each_kind_says_how_its_requests_came(make_server, kind, transport):
    server = make_server(kind)
    server.connect().send(frame(b"query"))
    assert server.responder.requests[0].transport is transport
    row = server.responder.row
    assert row[metrics.TCP_CONNECTIONS.slot(transport.label)] == 1
