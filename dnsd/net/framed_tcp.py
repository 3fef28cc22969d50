"""DNS over TCP: connections counted, sessions driven, back-pressure obeyed.

What a message is and when a client is too slow, ``query.stream`` decides. Here:

- a worker has so many connections, and so many of one client net; when all are
  taken, the one on which nothing has happened for longest makes room, so that
  clients which only hold connections cannot keep others out;
- a connection is answered a few messages a turn, so that one client's pipeline
  does not make everybody wait;
- one timer looks at all connections, which is cheaper than one timer each.

Without free descriptors Twisted's port accepts with one it holds in reserve and
closes at once, so nothing loops; the limit on connections is meant to be below
what descriptors allow.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, cast

from twisted.internet.interfaces import IHalfCloseableProtocol, IPullProducer
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol
from zope.interface import implementer

from dnsd.observe import metrics
from dnsd.query.request import Request, Transport
from dnsd.query.stream import StreamOptions, StreamSession

if TYPE_CHECKING:
    from twisted.internet.address import IPv4Address, IPv6Address
    from twisted.internet.interfaces import IAddress
    from twisted.python.failure import Failure

    from dnsd.net.clock import Clock, Timer
    from dnsd.net.responder import SendLate

# Messages of one connection answered before the reactor does other things.
MESSAGES_PER_TURN: Final = 32

# Octets read at once. What is read waits in memory while the client does not read
# its replies; Twisted's 64 KiB would be half of what such a client costs.
_READ_OCTETS: Final = 8192

# How late a deadline may be noticed; half of the shortest.
_SWEEP_S: Final = 0.1


class Responder(Protocol):
    """Answers queries and counts them."""

    @property
    def row(self) -> memoryview:
        """Counters of this process."""

    def respond(self, request: Request, send_late: SendLate) -> bytes | None:
        """Answer one request; ``None`` if ``send_late`` will be called with the reply."""


class Stream(Protocol):
    """What Twisted's ``ITCPTransport`` and ``IConsumer`` offer that is used here."""

    bufferSize: int  # noqa: N815 - Twisted's name for the octets it reads at once

    def getHost(self) -> IPv4Address | IPv6Address:  # noqa: N802 - Twisted's name
        """Return our own address."""

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: FBT001, N802 - Twisted's name
        """Send small writes at once."""

    def write(self, octets: bytes) -> None:
        """Send octets."""

    def registerProducer(  # noqa: N802 - Twisted's name
        self, producer: FramedTcp, *, streaming: bool
    ) -> None:
        """Ask a producer for octets now and whenever all are sent."""

    def unregisterProducer(self) -> None:  # noqa: N802 - Twisted's name
        """Ask no more."""

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Read no more."""

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Read on."""

    def loseConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close once all is sent."""

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close at once."""


@dataclass(frozen=True, slots=True)
class FramedTcpOptions:
    """Limits of one worker's connections.

    Attributes:
        clients: connections at once (``tcp_clients``).
        clients_per_net: of one IPv4 address or IPv6 /56 (``tcp_clients_per_net``).
        stream: limits of each connection.
    """

    clients: int = 500
    clients_per_net: int = 20
    stream: StreamOptions = field(default_factory=StreamOptions)


@implementer(IHalfCloseableProtocol, IPullProducer)
class FramedTcp(TwistedProtocol):
    """One connection; drives a session over a transport."""

    def __init__(self, connections: Connections, client: bytes, client_port: int) -> None:
        self.net = _client_net(client)
        self._connections = connections
        self._client = client
        self._client_port = client_port
        self._local: bytes | None = None
        self._session = StreamSession(connections.options.stream, connections.clock.now())
        self._more: Timer | None = None
        self._paused_by = ""
        self._is_reading = True
        self._is_producing = False

    @property
    def session(self) -> StreamSession:
        """What has been said."""
        return self._session

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Remember which of our addresses was asked."""
        self._local = _packed(self._tcp.getHost().host)
        self._tcp.setTcpNoDelay(True)
        self._tcp.bufferSize = _READ_OCTETS
        self._connections.add(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Feed the session and answer what is complete."""
        self._session.receive(data, self._connections.clock.now())
        self._answer()

    def readConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """Answer what is still there before closing: the client may still read."""
        self._session.end()
        self._answer()

    def writeConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """Close: nobody reads our replies."""
        self.abort()

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: ARG002, N802 - Twisted's name
        """Forget the connection."""
        self._forget()

    def close(self) -> None:
        """Close; what the kernel has taken is still on its way."""
        self._forget()
        self._tcp.loseConnection()

    def abort(self) -> None:
        """Close at once, whatever is unsent."""
        # Twisted tells that the connection is lost in a later turn only.
        self._forget()
        self._tcp.abortConnection()

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Write on: the kernel has taken all that was written."""
        octets = self._session.octets_to_send(self._connections.clock.now())
        if octets:
            self._tcp.write(octets)
        else:
            self._is_producing = False
            self._tcp.unregisterProducer()
        self._connections.touch(self)
        self._go_on()

    def stopProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Do nothing: the connection is lost, and connectionLost is called too."""

    @property
    def _tcp(self) -> Stream:
        return cast("Stream", self.transport)

    def _answer(self) -> None:
        """Answer complete messages, at most a turn's worth."""
        session, clock = self._session, self._connections.clock
        for _ in range(MESSAGES_PER_TURN):
            now = clock.now()
            message = session.next_message(now)
            if message is None:
                break
            # Only whole messages count: a client that trickles is the first to go.
            self._connections.touch(self)
            request = Request(
                message,
                self._client,
                self._client_port,
                self._local,
                Transport.TCP,
                now,
                clock.wall_now(),
            )
            reply = self._connections.responder.respond(request, self.send_late)
            if reply is not None:
                session.send(reply, now)
        self._write()
        self._go_on()

    def send_late(self, request: Request, reply: bytes) -> None:  # noqa: ARG002 - whose it is
        """Send the reply to a message of an earlier turn; nothing if it gets none."""
        if self not in self._connections:
            return
        self._session.send(reply, self._connections.clock.now())
        self._write()
        self._go_on()

    def _write(self) -> None:
        """Have the transport ask for what there is to send."""
        session = self._session
        if session.unsent_octets and not self._is_producing:
            self._is_producing = True
            self._tcp.registerProducer(self, streaming=False)

    def _go_on(self) -> None:
        """Decide what happens next: answer more, read or not, close."""
        session = self._session
        paused_by = session.paused_by
        if paused_by and paused_by != self._paused_by:
            self._connections.count(paused_by)
        self._paused_by = paused_by
        if session.has_message and not paused_by and self._more is None:
            self._more = self._connections.clock.call_later(0, self._answer_more)
        wants_octets = session.wants_octets
        if wants_octets != self._is_reading:
            self._is_reading = wants_octets
            if wants_octets:
                self._tcp.resumeProducing()
            else:
                self._tcp.pauseProducing()
        if session.is_finished:
            self._tcp.loseConnection()

    def _answer_more(self) -> None:
        self._more = None
        self._answer()

    def _forget(self) -> None:
        if self._more is not None:
            self._more.cancel()
        self._connections.remove(self)


class Connections(Factory):
    """All connections of one worker; the factory for all of its TCP sockets.

    Attributes:
        options: their limits.
        clock: when it is.
        responder: answers their messages.
    """

    noisy = False

    def __init__(self, options: FramedTcpOptions, clock: Clock, responder: Responder) -> None:
        self.options = options
        self.clock = clock
        self.responder = responder
        # In the order in which something last happened on them.
        self._open: dict[FramedTcp, None] = {}
        self._of_net: dict[bytes, int] = {}
        self._sweeping: Timer | None = None

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, connection: object) -> bool:
        return connection in self._open

    def buildProtocol(self, addr: IAddress | None) -> FramedTcp | None:  # noqa: N802 - Twisted's name
        """Take a connection on, or refuse it with ``None``."""
        peer = cast("IPv4Address | IPv6Address", addr)
        client = _packed(peer.host)
        if self._of_net.get(_client_net(client), 0) >= self.options.clients_per_net:
            self.count("tcp_clients_per_net")
            return None
        if len(self._open) >= self.options.clients:
            self.count("tcp_clients")
            if not self._make_room():
                return None
        return FramedTcp(self, client, peer.port)

    def add(self, connection: FramedTcp) -> None:
        """Count a connection that was made."""
        self._open[connection] = None
        self._of_net[connection.net] = self._of_net.get(connection.net, 0) + 1
        row = self.responder.row
        # During a change of configuration two of us count in one row.
        row[_CONNECTIONS] += 1
        row[_OPENED] += 1
        if self._sweeping is None:
            self._sweeping = self.clock.call_later(_SWEEP_S, self._sweep)

    def remove(self, connection: FramedTcp) -> None:
        """Forget a connection that is lost."""
        if connection not in self._open:
            return
        del self._open[connection]
        left = self._of_net[connection.net] - 1
        if left:
            self._of_net[connection.net] = left
        else:
            del self._of_net[connection.net]
        self.responder.row[_CONNECTIONS] -= 1

    def touch(self, connection: FramedTcp) -> None:
        """Note that a client sent a message or took a reply."""
        if connection in self._open:
            del self._open[connection]
            self._open[connection] = None

    def count(self, limit: str) -> None:
        """Count that a limit was hit."""
        self.responder.row[metrics.limit_slot(limit)] += 1

    def close_idle(self) -> None:
        """Close every connection on which no query waits, before the worker ends."""
        for connection in list(self._open):
            session = connection.session
            if not session.is_answering and not session.unsent_octets:
                connection.close()

    def close_all(self) -> None:
        """Close every connection at once."""
        for connection in list(self._open):
            connection.abort()

    def _make_room(self) -> bool:
        for connection in self._open:
            if not connection.session.is_answering:
                connection.abort()
                return True
        return False

    def _sweep(self) -> None:
        """Close the connections whose time is up."""
        self._sweeping = None
        now = self.clock.now()
        load = len(self._open) / self.options.clients
        for connection in list(self._open):
            due_at, limit = connection.session.deadline(load)
            if due_at <= now:
                self.count(limit)
                # An idle client has kept every rule, and may still read a reply.
                connection.close() if limit == "tcp_idle" else connection.abort()
        if self._open:
            self._sweeping = self.clock.call_later(_SWEEP_S, self._sweep)


def _packed(host: str) -> bytes:
    """Turn an address as Twisted writes it into octets; the zone is left out."""
    if ":" in host:
        return socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    return socket.inet_pton(socket.AF_INET, host)


def _client_net(client: bytes) -> bytes:
    """Return what counts as one client: an IPv4 address or an IPv6 /56."""
    return client if len(client) == 4 else client[:7]


_CONNECTIONS: Final = metrics.TCP_CONNECTIONS.slot()
_OPENED: Final = metrics.TCP_CONNECTIONS_OPENED.slot()
