"""A connection of the sending end, over a transport without sockets."""

from fakes.smtp_dialogue import Octets, mail
from twisted.internet.task import Clock as FakeReactor
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from dnsd.mail.reasons import ReasonClass
from dnsd.mail.smtp.client_events import ClientOptions
from dnsd.mail.stores import StoreFailed
from dnsd.mail.tls_policy import TlsKind, TlsPolicy
from dnsd.net.clock import Clock
from dnsd.net.smtp_client import Destination, Surroundings, connect

GREETED = b"220 a\r\n250-mx\r\n250 PIPELINING\r\n"


class Transport(StringTransport):
    def setTcpNoDelay(self, enabled):  # noqa: N802
        assert enabled


class Reactor(FakeReactor):
    def connectTCP(self, host, port, factory, timeout):  # noqa: N802
        self.factory, self.wanted = factory, (host, port, timeout)


class Watched:
    """A connection with all that its owner was told.

    Attributes:
        told: ready, finished, closed, in order.
    """

    def __init__(self):
        self.told, self.results, self.end = [], None, None
        self.reactor = Reactor()
        around = Surroundings(self.reactor, Clock(self.reactor, lambda: 1.8e9), None, 30.0)
        to = Destination("192.0.2.1", 25, "mx.test", TlsPolicy(TlsKind.OPPORTUNISTIC))
        self.connection = connect(around, to, ClientOptions("relay.example", "mx.test"), self)

    def made(self):
        self.transport = Transport()
        self.reactor.factory.buildProtocol(None).makeConnection(self.transport)
        self.connection.dataReceived(GREETED)
        self.transport.clear()
        return self

    def ready(self, connection):
        self.told.append("ready")

    def finished(self, connection, finished):
        self.told.append("finished")
        self.results = finished

    def closed(self, connection, closed):
        self.told.append("closed")
        self.end = closed


def test_two_messages_on_one_connection():
    watched = Watched().made()
    assert watched.reactor.wanted == ("192.0.2.1", 25, 30.0)
    for _ in range(2):
        watched.connection.send(mail())
        assert watched.transport.value().endswith(b"DATA\r\n")
        watched.connection.dataReceived(b"250 a\r\n250 b\r\n354 c\r\n")
        assert watched.transport.value().endswith(b"\r\n..b\r\n.\r\n")
        watched.connection.dataReceived(b"250 d\r\n")
    assert watched.told == ["ready", "finished", "ready", "finished", "ready"]
    watched.connection.quit()
    watched.connection.dataReceived(b"221 bye\r\n")
    assert watched.transport.disconnecting
    assert watched.end.reason is None


def test_a_large_message_goes_piece_by_piece_as_the_kernel_takes_it():
    octets = b"x" * 70 + b"\r\n"
    watched = Watched().made()
    watched.connection.send(mail(content=Octets(octets * 10_000)))
    watched.connection.dataReceived(b"250 a\r\n250 b\r\n354 c\r\n")
    sizes = []
    while watched.transport.producer is not None:
        sizes.append(len(watched.transport.value()))
        watched.transport.clear()
        watched.connection.resumeProducing()
    sizes.append(len(watched.transport.value()))
    assert max(sizes) <= 66_000
    assert len(sizes) > 10
    assert watched.transport.value().endswith(b".\r\n")


def test_a_large_message_that_cannot_be_read_on_is_cut_and_never_ended():
    content = Octets((b"x" * 70 + b"\r\n") * 2000, error=StoreFailed("Input/output error"))
    watched = Watched().made()
    watched.connection.send(mail(content=content))
    watched.connection.dataReceived(b"250 a\r\n250 b\r\n354 c\r\n")
    while watched.transport.producer is not None:
        watched.connection.resumeProducing()
    assert b"\r\n.\r\n" not in watched.transport.value()
    assert watched.transport.disconnected or watched.transport.disconnecting
    assert watched.results.results[0].reason is ReasonClass.LOCAL_STORE
    assert watched.told[-2:] == ["finished", "closed"]


def test_a_silent_server_is_left_in_time_and_one_timer_is_enough():
    watched = Watched().made()
    watched.connection.send(mail())
    for _ in range(5):
        assert len(watched.reactor.getDelayedCalls()) == 1
        watched.reactor.advance(290)
        if watched.end:
            break
    assert watched.end.reason is ReasonClass.TIMEOUT
    assert watched.results.elsewhere == {0}
    assert watched.reactor.getDelayedCalls() == []


def test_no_connection_has_a_reason():
    watched = Watched()
    watched.reactor.factory.clientConnectionFailed(None, Failure(OSError("refused")))
    assert watched.end.reason is ReasonClass.CONNECT
    assert watched.end.text == "mx.test [192.0.2.1]: refused"


def test_a_connection_that_nobody_waits_for_any_more_is_dropped():
    watched = Watched()
    watched.connection.abort()
    assert watched.told == ["closed"]
    transport = Transport()
    watched.reactor.factory.buildProtocol(None).makeConnection(transport)
    assert transport.disconnected or transport.disconnecting
    watched.connection.connectionLost()
    assert watched.told == ["closed"]
