"""A flood of datagrams leaves turns of the reactor to timers and to connections.

The flood never ends: each datagram that is read makes its sender send another one.
The sockets and the reactor are real; what is counted is turns and datagrams.
"""

import socket

import pytest
from fakes.datagrams import wait_for_datagrams
from fakes.turns import RealReactor
from twisted.internet.protocol import Factory, Protocol

from dnsd.net.clock import Clock
from dnsd.net.stream_listener import StreamListener
from dnsd.net.udp_batch import DATAGRAMS_PER_TURN, UdpBatch
from dnsd.observe import metrics

pytestmark = pytest.mark.slow

# A reader that does not stop by itself is stopped here, so that the test can fail.
TOO_MANY = 100 * DATAGRAMS_PER_TURN


class Flood:
    """Answers nothing; has the client send one datagram for each that comes in."""

    max_datagram = 1232

    def __init__(self, client):
        page = metrics.new_page(1)
        self.row, self.generations = page.row(0), page.generations
        self.client = client
        self.handled = 0

    def aliases_for(self, client):
        return {}, False

    def respond(self, request, send_late):
        self.handled += 1
        if self.handled < TOO_MANY:
            self.client.send(b"flood")
        return b""


class Echo(Protocol):
    """Says what it hears."""

    def dataReceived(self, octets):  # noqa: N802 - Twisted's name
        self.transport.write(octets)


@pytest.fixture
def reactor():
    made = RealReactor()
    yield made
    made.close()


@pytest.fixture
def flood(reactor):
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        server.setblocking(False)
        server.bind(("127.0.0.1", 0))
        client.connect(server.getsockname())
        client.setblocking(False)
        made = Flood(client)
        reader = UdpBatch(reactor, server, made)
        # Twice what one turn takes, so that no turn ever finds the socket empty.
        for _ in range(2 * DATAGRAMS_PER_TURN):
            client.send(b"flood")
        wait_for_datagrams(server, 2 * DATAGRAMS_PER_TURN)
        reader.start()
        yield made
        reader.stop()


def test_a_timer_is_called_after_one_turn_of_a_flood(reactor, flood):
    called = []
    reactor.callLater(0, lambda: called.append(flood.handled))
    reactor.iterate(0)
    reactor.iterate(0)
    assert len(called) == 1
    assert called[0] <= DATAGRAMS_PER_TURN
    assert DATAGRAMS_PER_TURN < flood.handled <= 2 * DATAGRAMS_PER_TURN


def test_a_connection_is_accepted_and_served_beside_a_flood(reactor, flood):
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        opened.listen(16)
        row = metrics.new_page(1).row(0)
        listener = StreamListener(opened, Factory.forProtocol(Echo), reactor, Clock(reactor), row)
        with socket.create_connection(opened.getsockname()) as client:
            client.sendall(b"query")
            client.setblocking(False)
            heard, turns = b"", 0
            while not heard and flood.handled < TOO_MANY:
                reactor.iterate(0)
                turns += 1
                try:
                    heard = client.recv(100)
                except BlockingIOError:
                    continue
            assert heard == b"query"
            assert flood.handled >= (turns - 1) * DATAGRAMS_PER_TURN > 0
        listener.stop()
