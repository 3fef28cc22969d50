"""Queries to name servers over TCP and TLS, on connections that are kept for the next.

    a query is given to     the connection to its server with the fewest waiting; if these
                            are many, to a new one as long as one may be made
    a connection is closed  idle for `reuse_s`; after `reuse_queries`; when a query timed
                            out on it, once no other waits; to make room for another
    a query is sent again   once, on a new connection, if the old one ended after it had
                            answered others: servers close connections when they like
                            (RFC 7766 §6.2.4)

Of one server at most two connections are being made at a time, and for a moment none
after one that ended without a reply. A query that finds no connection for want of
descriptors, or because there are too many connections, is tried again twice within
`PATIENCE_S`.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final, Protocol, cast

from twisted.internet.error import ConnectError
from twisted.internet.protocol import ClientFactory
from twisted.logger import Logger

from dnsd.net import upstream_counts as counts
from dnsd.net.timer_wheel import Timed
from dnsd.net.upstream_connection import IN_FLIGHT, Server, ServerConnection
from dnsd.net.upstream_options import PATIENCE_S, RETRIES, SHORTAGES
from dnsd.net.upstream_tls import TlsClient, TlsClients
from dnsd.resolver.commands import Exchanged, Result, Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IAddress, IConnector
    from twisted.python.failure import Failure

    from dnsd.net.timer_wheel import TimerWheel
    from dnsd.net.upstream_options import UpstreamOptions
    from dnsd.resolver.commands import Cancellable, Exchange

# Connections to one server that are being made.
_CONNECTING: Final = 2

# How long a server is left alone that closed a connection without a reply.
_BACK_OFF_S: Final = 0.1
# Such servers that are remembered; what is past is forgotten when there are so many.
_MAX_BACK_OFFS: Final = 256

# Given up by then whoever waits: exchanges have less time.
_CONNECT_TIMEOUT_S: Final = 10

_log = Logger()


class Connector(Protocol):
    """The method of Twisted's ``IConnector`` that is needed here."""

    def stopConnecting(self) -> None:  # noqa: N802 - Twisted's name
        """End the attempt to connect."""


class ConnectingReactor(Protocol):
    """The method of Twisted's ``IReactorTCP`` that is needed here."""

    def connectTCP(  # noqa: N802 - Twisted's name
        self, host: str, port: int, factory: ClientFactory, timeout: float
    ) -> Connector:
        """Connect to an address."""


class StreamExchange(Timed):
    """One query, on a connection or waiting for one.

    Attributes:
        server: who is asked.
        query: the whole message.
        done: who is told; ``None`` once that is over.
        due_at: when it times out, monotonic seconds.
        connection: where the reply is waited for.
        failure: what it ends with, when no connection could be had.
        retries: how many times a connection was tried for again.
        is_repeated: whether it was sent again, on a second connection.
    """

    __slots__ = (
        "_carrier",
        "_sent_at",
        "connection",
        "done",
        "due_at",
        "failure",
        "is_repeated",
        "query",
        "retries",
        "server",
    )

    def __init__(
        self,
        carrier: StreamExchanges,
        exchange: Exchange,
        done: Callable[[Exchanged], None],
        due_at: float,
    ) -> None:
        self.bucket = None
        self._carrier = carrier
        self._sent_at = 0.0
        self.server = Server(
            exchange.address, exchange.port, exchange.transport, exchange.server_name
        )
        self.query = exchange.query
        self.done: Callable[[Exchanged], None] | None = done
        self.due_at = due_at
        self.connection: ServerConnection | None = None
        self.failure: Result | None = None
        self.retries = 0
        self.is_repeated = False

    def sent(self) -> None:
        """Note that the query was written."""
        self._sent_at = self._carrier.now()

    def answered(self, reply: bytes) -> None:
        """Tell whoever waits about the reply."""
        seconds = self._carrier.now() - self._sent_at
        self.connection = None
        self._carrier.end(self, Exchanged(Result.REPLY, reply, seconds))

    def expire(self) -> None:
        """End without a reply, or try again for a connection."""
        self._carrier.expire(self)

    def cancel(self) -> None:
        """Expect no reply and tell nobody."""
        if self.done is not None:
            self.done = None
            self.stop_timer()
            if self.connection is not None:
                self.connection.give_up(self)
                self.connection = None


class StreamExchanges:
    """All exchanges over TCP and TLS of one process.

    Attributes:
        judge: tells what a message is to a query.
        now: returns monotonic seconds.
    """

    def __init__(
        self,
        reactor: ConnectingReactor,
        wheel: TimerWheel,
        row: memoryview,
        options: UpstreamOptions,
    ) -> None:
        """Connect nowhere yet.

        Args:
            reactor: makes connections.
            wheel: for all timers.
            row: counters of this process.
            options: see there.
        """
        self.judge = options.judge
        self.now = wheel.now
        self._reactor = reactor
        self._wheel = wheel
        self._row = row
        self._options = options
        self._tls = TlsClients(options.trust, options.distrusted)
        # Each with the timer that runs while it is idle; longest idle first.
        self._connections: dict[ServerConnection, Cancellable | None] = {}
        self._not_before: dict[Server, float] = {}

    def __len__(self) -> int:
        return len(self._connections)

    def exchange(self, exchange: Exchange, done: Callable[[Exchanged], None]) -> StreamExchange:
        """Send a query and wait for its reply; see `commands.Network`."""
        now = self.now()
        started = StreamExchange(self, exchange, done, now + exchange.timeout_s)
        self._begin(started, now)
        return started

    def stop(self) -> None:
        """Close every connection and tell nobody."""
        for connection in list(self._connections):
            for waiting in list(connection.waiting):
                cast("StreamExchange", waiting).cancel()
            connection.abort()

    def end(self, started: StreamExchange, end: Exchanged) -> None:
        """Tell whoever waits how an exchange ended."""
        started.stop_timer()
        done = started.done
        started.done = None
        transport = started.server.transport
        self._row[counts.RESULTS[transport][end.result]] += 1
        if end.result is Result.REPLY:
            counts.LATENCY[transport].observe(self._row, end.seconds)
        if done is not None:
            try:
                done(end)
            except Exception:  # noqa: BLE001 - others wait on the same connection
                _log.failure("an exchange's end failed")

    def expire(self, started: StreamExchange) -> None:
        """End an exchange whose time is up, or try again for a connection."""
        now = self.now()
        connection = started.connection
        if started.failure is not None:
            self.end(started, Exchanged(started.failure))
        elif connection is None and now < started.due_at:
            self._begin(started, now)
        else:
            if connection is not None:
                # An open one may be dead without our knowing.
                connection.is_retired = connection.is_open
                connection.give_up(started)
                started.connection = None
            self.end(started, Exchanged(Result.TIMED_OUT))

    def rest(self, connection: ServerConnection) -> None:
        """Keep a connection on which nothing waits, or close it."""
        # One that is not yet open has nobody left who wants it.
        if (
            not connection.is_open
            or connection.is_retired
            or connection.sent >= self._options.reuse_queries
        ):
            connection.close()
            return
        self._stop_idling(connection)
        # To the end: the longest idle comes first.
        del self._connections[connection]
        timer = self._wheel.call_later(self._options.reuse_s, connection.close)
        self._connections[connection] = timer

    def lost(self, connection: ServerConnection, result: Result) -> None:
        """Send again or end what waits on a connection that ended or was never made."""
        self._stop_idling(connection)
        del self._connections[connection]
        self._row[counts.CONNECTIONS] -= 1
        now = self.now()
        waiting = cast("list[StreamExchange]", list(connection.waiting))
        if waiting and not connection.replies and result is not Result.NO_SOCKET:
            self._back_off(connection.server, now)
        connection.waiting.clear()
        for started in waiting:
            started.stop_timer()
            started.connection = None
            if result is Result.NO_SOCKET:
                self._wait(started, now, counts.OUTGOING_SOCKETS)
            elif connection.replies and not started.is_repeated:
                started.is_repeated = True
                self._begin(started, now)
            else:
                self._end_soon(started, result, now)

    def _begin(self, started: StreamExchange, now: float) -> None:
        """Give a query to a connection, or let it wait for one."""
        server = started.server
        connection = self._find(started)
        if connection is None or len(connection.waiting) >= IN_FLIGHT:
            back_off_s = self._not_before.get(server, 0.0) - now
            if back_off_s <= 0 and self._may_connect(server):
                connection = self._connect(server)
                if connection is None:
                    self._end_soon(started, Result.UNREACHABLE, now)
                    return
            elif connection is None and back_off_s > 0:
                self._wheel.start_timer(started, now, min(back_off_s, started.due_at - now))
                return
        if connection is None:
            self._wait(started, now, counts.OUTGOING_TCP)
            return
        self._stop_idling(connection)
        started.connection = connection
        self._wheel.start_timer(started, now, started.due_at - now)
        connection.send(started)

    def _wait(self, started: StreamExchange, now: float, limit: int) -> None:
        self._row[limit] += started.retries == 0
        if started.retries < RETRIES:
            started.retries += 1
            self._wheel.start_timer(started, now, PATIENCE_S / RETRIES)
        else:
            self._end_soon(started, Result.NO_SOCKET, now)

    def _end_soon(self, started: StreamExchange, failure: Result, now: float) -> None:
        started.failure = failure
        self._wheel.start_timer(started, now, 0)

    def _find(self, started: StreamExchange) -> ServerConnection | None:
        """Return the connection for a query; ``None`` if a new one is needed."""
        limit = self._options.reuse_queries
        usable = [
            connection
            for connection in self._connections
            if connection.server == started.server
            and connection.is_usable
            and connection.sent < limit
            and not (started.is_repeated and connection.replies)
        ]
        return min(usable, key=lambda connection: len(connection.waiting), default=None)

    def _may_connect(self, server: Server) -> bool:
        """Tell whether there may be one more connection; may close an idle one for it."""
        connecting = [
            connection
            for connection in self._connections
            if not connection.is_open and connection.server == server
        ]
        if len(connecting) >= _CONNECTING:
            return False
        if len(self._connections) >= self._options.connections:
            idle = [each for each, timer in self._connections.items() if timer is not None]
            if not idle:
                return False
            idle[0].close()
        return True

    def _connect(self, server: Server) -> ServerConnection | None:
        """Begin to connect; ``None`` if TLS cannot do what is wanted."""
        connection = ServerConnection(self, server)
        try:
            factory = _Connecting(connection, self._tls)
        except (OSError, ValueError):
            _log.failure("no TLS to a name server")
            return None
        self._connections[connection] = None
        self._row[counts.CONNECTIONS] += 1
        family = socket.AF_INET if len(server.address) == 4 else socket.AF_INET6
        host = socket.inet_ntop(family, server.address)
        connector = self._reactor.connectTCP(host, server.port, factory, _CONNECT_TIMEOUT_S)
        connection.stop_connecting = connector.stopConnecting
        return connection

    def _stop_idling(self, connection: ServerConnection) -> None:
        timer = self._connections[connection]
        if timer is not None:
            timer.cancel()
            self._connections[connection] = None

    def _back_off(self, server: Server, now: float) -> None:
        if len(self._not_before) >= _MAX_BACK_OFFS:
            self._not_before = {
                each: until for each, until in self._not_before.items() if until > now
            }
        self._not_before[server] = now + _BACK_OFF_S


class _Connecting(ClientFactory):
    """One attempt to connect."""

    noisy = False

    def __init__(self, connection: ServerConnection, tls: TlsClients) -> None:
        """Prepare.

        Raises:
            OSError, ValueError: TLS is wanted and cannot be had.
        """
        self._connection = connection
        self._protocol: ServerConnection | TlsClient = connection
        if connection.server.transport is Transport.TLS:
            self._protocol = tls.client(connection)

    def buildProtocol(self, addr: IAddress | None) -> ServerConnection | TlsClient:  # noqa: ARG002, N802 - Twisted's name
        """Return what speaks over the connection that was made."""
        return self._protocol

    def clientConnectionFailed(  # noqa: N802 - Twisted's name
        self,
        connector: IConnector,  # noqa: ARG002 - Twisted's signature
        reason: Failure,
    ) -> None:
        """Give back what waits for the connection."""
        error = reason.value
        is_short = isinstance(error, ConnectError) and error.osError in SHORTAGES
        self._connection.connection_failed(Result.NO_SOCKET if is_short else Result.UNREACHABLE)
