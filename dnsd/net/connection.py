"""One connection over TCP: drives a session over a transport.

What is said, the session decides; it knows no socket. Reading stops while the
session wants none, replies go as the kernel takes them, and a connection is
answered a few messages a turn, so that one client's pipeline does not make
everybody wait.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Protocol, cast

from twisted.internet.interfaces import IHalfCloseableProtocol, IPullProducer
from twisted.internet.protocol import Protocol as TwistedProtocol
from zope.interface import implementer

if TYPE_CHECKING:
    from twisted.internet.address import IPv4Address, IPv6Address
    from twisted.python.failure import Failure

    from dnsd.net.clock import Timer
    from dnsd.net.connections import Connections

# Messages of one connection answered before the reactor does other things.
MESSAGES_PER_TURN: Final = 32

# Octets read at once. What is read waits in memory while the client does not read
# its replies; Twisted's 64 KiB would be half of what such a client costs.
_READ_OCTETS: Final = 8192


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
        self, producer: Connection, *, streaming: bool
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


class Session(Protocol):
    """What is said on one connection, without the connection."""

    @property
    def unsent_octets(self) -> int:
        """Octets of replies that the kernel has not taken."""

    @property
    def has_octets(self) -> bool:
        """Whether there is something for the transport now."""

    @property
    def paused_by(self) -> str:
        """Name the limit for which no message is handed out; empty if none."""

    @property
    def has_message(self) -> bool:
        """Whether a whole message is here that was not handed out."""

    @property
    def wants_octets(self) -> bool:
        """Whether to read."""

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will be said, and all that was is on its way."""

    @property
    def is_answering(self) -> bool:
        """Whether a message was handed out that got no reply yet."""

    def octets_to_send(self, now: float) -> bytes:
        """Hand out octets for the transport, none when there are none."""

    def deadline(self, load: float) -> tuple[float, str]:
        """Return when the connection must be closed, and by which limit."""


@implementer(IHalfCloseableProtocol, IPullProducer)
class Connection(TwistedProtocol, ABC):
    """One connection; drives a session over a transport.

    Attributes:
        net: what counts as one client.
    """

    def __init__(self, connections: Connections, client: bytes, client_port: int) -> None:
        self.net = client_net(client)
        self._connections = connections
        self._client = client
        self._client_port = client_port
        self._local: bytes | None = None
        self._more: Timer | None = None
        self._paused_by = ""
        self._is_reading = True
        self._is_producing = False

    @property
    @abstractmethod
    def session(self) -> Session:
        """What has been said."""

    @abstractmethod
    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Feed the session and answer what is complete."""

    @abstractmethod
    def readConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """Answer what is still there before closing: the client may still read."""

    @abstractmethod
    def _answer(self) -> None:
        """Answer complete messages, at most a turn's worth."""

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Remember which of our addresses was asked."""
        self._local = packed(self._tcp.getHost().host)
        self._tcp.setTcpNoDelay(True)
        self._tcp.bufferSize = _READ_OCTETS
        self._connections.add(self)

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
        octets = self.session.octets_to_send(self._connections.clock.now())
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

    def _write(self) -> None:
        """Have the transport ask for what there is to send."""
        if self.session.has_octets and not self._is_producing:
            self._is_producing = True
            self._tcp.registerProducer(self, streaming=False)

    def _go_on(self) -> None:
        """Decide what happens next: answer more, read or not, close."""
        session = self.session
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


def packed(host: str) -> bytes:
    """Turn an address as Twisted writes it into octets; the zone is left out."""
    if ":" in host:
        return socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    return socket.inet_pton(socket.AF_INET, host)


def client_net(client: bytes) -> bytes:
    """Return what counts as one client: an IPv4 address or an IPv6 /56."""
    return client if len(client) == 4 else client[:7]
