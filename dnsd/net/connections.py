"""All connections over TCP of one kind: counted, and closed when their time is up.

- a worker has so many connections of a kind, and so many of one client net; when
  all are taken, the one on which nothing has happened for longest makes room, so
  that clients which only hold connections cannot keep others out;
- one timer looks at all connections, which is cheaper than one timer each.

Without free descriptors what wants to be accepted waits in the kernel; the limit
on connections is meant to be below what descriptors allow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, cast

from twisted.internet.protocol import Factory

from dnsd.net.connection import client_net, packed
from dnsd.observe import metrics
from dnsd.query.stream import StreamOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.address import IPv4Address, IPv6Address
    from twisted.internet.interfaces import IAddress

    from dnsd.net.clock import Clock, Timer
    from dnsd.net.connection import Connection
    from dnsd.net.responder import SendLate
    from dnsd.query.request import Request, Transport

# How late a deadline may be noticed; half of the shortest.
_SWEEP_S: Final = 0.1


class Responder(Protocol):
    """Answers queries and counts them."""

    @property
    def row(self) -> memoryview:
        """Counters of this process."""

    def respond(self, request: Request, send_late: SendLate) -> bytes | None:
        """Answer one request; ``None`` if ``send_late`` will be called with the reply."""


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """Limits of one worker's connections of a kind.

    Attributes:
        clients: connections at once (``tcp_clients``, ``doh_clients``).
        clients_per_net: of one IPv4 address or IPv6 /56 (``tcp_clients_per_net``).
        stream: limits of each connection.
    """

    clients: int = 500
    clients_per_net: int = 20
    stream: StreamOptions = field(default_factory=StreamOptions)


@dataclass(frozen=True, slots=True)
class Kind:
    """What distinguishes connections.

    Attributes:
        transport: how requests come over them.
        clients_limit: name of the limit on their number.
        make: makes the protocol of one, from all of them, the client's packed
            address and its port.
    """

    transport: Transport
    clients_limit: str
    make: Callable[[Connections, bytes, int], Connection]


class Connections(Factory):
    """All connections of one kind and worker; the factory for all of their sockets.

    Attributes:
        kind: what they are.
        options: their limits.
        clock: when it is.
        responder: answers their messages.
    """

    noisy = False

    def __init__(
        self, kind: Kind, options: ConnectionOptions, clock: Clock, responder: Responder
    ) -> None:
        self.kind = kind
        self.options = options
        self.clock = clock
        self.responder = responder
        # In the order in which something last happened on them.
        self._open: dict[Connection, None] = {}
        self._of_net: dict[bytes, int] = {}
        self._sweeping: Timer | None = None
        self._count_open, self._count_opened = _COUNTS[kind.transport.label]

    def __len__(self) -> int:
        return len(self._open)

    @property
    def load(self) -> float:
        """Connections in use as a share of those allowed, 0..1."""
        return len(self._open) / self.options.clients

    def __contains__(self, connection: object) -> bool:
        return connection in self._open

    def buildProtocol(self, addr: IAddress | None) -> Connection | None:  # noqa: N802 - Twisted's name
        """Take a connection on, or refuse it with ``None``."""
        peer = cast("IPv4Address | IPv6Address", addr)
        client = packed(peer.host)
        if self._of_net.get(client_net(client), 0) >= self.options.clients_per_net:
            self.count("tcp_clients_per_net")
            return None
        if len(self._open) >= self.options.clients:
            self.count(self.kind.clients_limit)
            if not self._make_room():
                return None
        return self.kind.make(self, client, peer.port)

    def add(self, connection: Connection) -> None:
        """Count a connection that was made."""
        self._open[connection] = None
        self._of_net[connection.net] = self._of_net.get(connection.net, 0) + 1
        row = self.responder.row
        # During a change of configuration two of us count in one row.
        row[self._count_open] += 1
        row[self._count_opened] += 1
        if self._sweeping is None:
            self._sweeping = self.clock.call_later(_SWEEP_S, self._sweep)

    def remove(self, connection: Connection) -> None:
        """Forget a connection that is lost."""
        if connection not in self._open:
            return
        del self._open[connection]
        left = self._of_net[connection.net] - 1
        if left:
            self._of_net[connection.net] = left
        else:
            del self._of_net[connection.net]
        self.responder.row[self._count_open] -= 1

    def touch(self, connection: Connection) -> None:
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
        load = self.load
        for connection in list(self._open):
            due_at, limit = connection.session.deadline(load)
            if due_at <= now:
                self.count(limit)
                # An idle client has kept every rule, and may still read a reply.
                connection.close() if limit == "tcp_idle" else connection.abort()
        if self._open:
            self._sweeping = self.clock.call_later(_SWEEP_S, self._sweep)


# Slots of those that are open, and of those that ever were.
_COUNTS: Final = {
    label: (metrics.TCP_CONNECTIONS.slot(label), metrics.TCP_CONNECTIONS_OPENED.slot(label))
    for label in metrics.STREAM_TRANSPORTS
}
