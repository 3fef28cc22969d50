"""One connection: whoever does not read, ends, or asks too much at once."""

import pytest
from fakes.streams import Server, frame
from twisted.internet.interfaces import IHalfCloseableProtocol

from dnsd.net.connection import MESSAGES_PER_TURN


@pytest.fixture
def make_server():
    return Server


@pytest.fixture
def server():
    return Server()


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
