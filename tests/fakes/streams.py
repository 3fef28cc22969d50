"""Connections over a transport without sockets, in time that stands still."""

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.task import Clock as FakeReactor
from twisted.internet.testing import StringTransport

from dnsd.net.clock import Clock
from dnsd.net.connections import ConnectionOptions, Connections
from dnsd.net.framed_tcp import TCP
from dnsd.observe import metrics


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

    def __init__(self, kind=TCP, **options):
        self.reactor = FakeReactor()
        self.responder = Echo()
        self.connections = Connections(
            kind,
            ConnectionOptions(**options),
            Clock(self.reactor, lambda: 1_700_000_000),
            self.responder,
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
