"""One connection to a name server: queries out, replies to whichever of them they fit.

Queries are sent as they come and may be answered in any order (RFC 7766 §6.2.1.1,
§7), so each message that arrives is judged against all that wait. One that fits none
ends the connection, but for as many as were given up here before their replies came.

A changed letter case is no reason to refuse a reply here: the connection itself shows
who sent it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, cast

from twisted.internet.protocol import Protocol as TwistedProtocol

from dnsd.resolver.acceptance import Verdict
from dnsd.resolver.commands import Result, Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

# Queries that wait on one connection before another one is made, if that may be.
IN_FLIGHT: Final = 16

_LENGTH_OCTETS: Final = 2


class Server(NamedTuple):
    """What a connection leads to.

    Attributes:
        address: 4 or 16 octets.
        port: of the server.
        transport: TCP or TLS.
        name: in its certificate; empty to accept any.
    """

    address: bytes
    port: int
    transport: Transport
    name: str


class Waiting(Protocol):
    """A query whose reply may come.

    Attributes:
        query: the whole message.
    """

    query: bytes

    def sent(self) -> None:
        """Note that the query was written."""

    def answered(self, reply: bytes) -> None:
        """Note that the reply is here."""


class Stream(Protocol):
    """What carries the octets: Twisted's transport, or TLS over it."""

    def write(self, octets: bytes) -> None:
        """Send octets."""

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: FBT001, N802 - Twisted's name
        """Send small writes at once."""

    def loseConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close once all is sent."""

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close at once."""


class Owner(Protocol):
    """Whoever keeps connections."""

    judge: Callable[[bytes, bytes], Verdict]

    def rest(self, connection: ServerConnection) -> None:
        """Decide what becomes of a connection on which nothing waits."""

    def lost(self, connection: ServerConnection, result: Result) -> None:
        """Take back what waits on a connection that ended or was never made."""


class ServerConnection(TwistedProtocol):
    """One connection, from the wish for it on.

    Attributes:
        server: where it leads to.
        waiting: what was given to it and has no reply, in order.
        sent: how many queries it was given.
        replies: how many were answered.
        is_open: octets can be sent.
        is_retired: no more queries are given to it.
        is_closed: it has ended.
        stop_connecting: ends the attempt to connect.
    """

    stop_connecting: Callable[[], object]

    def __init__(self, owner: Owner, server: Server) -> None:
        self.server = server
        self.waiting: dict[Waiting, None] = {}
        self.sent = 0
        self.replies = 0
        self.is_open = False
        self.is_retired = False
        self.is_closed = False
        self._owner = owner
        self._received = bytearray()
        self._given_up = 0

    @property
    def is_usable(self) -> bool:
        """Whether it can be given queries."""
        return not self.is_retired and not self.is_closed

    def send(self, waiting: Waiting) -> None:
        """Send a query, as soon as the connection is there."""
        self.waiting[waiting] = None
        self.sent += 1
        if self.is_open:
            self._write(waiting)

    def give_up(self, waiting: Waiting) -> None:
        """Expect no reply to a query any more; one may still come."""
        del self.waiting[waiting]
        if self.is_open:
            self._given_up += 1
        else:
            self.sent -= 1
        self._rest_if_idle()

    def close(self) -> None:
        """Close a connection on which nothing waits, in good manners where there is time."""
        if self.is_open and not self.is_retired and not self.is_closed:
            self._close(Result.CLOSED)
            self._stream.loseConnection()
        else:
            self.abort()

    def abort(self, result: Result = Result.CLOSED) -> None:
        """Close at once; what waits is told the result."""
        if not self.is_closed:
            stream = cast("Stream | None", self.transport)
            self._close(result)
            if stream is not None:
                stream.abortConnection()
            else:
                self.stop_connecting()

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Send what waits."""
        self._stream.setTcpNoDelay(True)
        self.is_open = True
        for waiting in list(self.waiting):
            self._write(waiting)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Hand over the replies that are whole."""
        received = self._received
        received += data
        while not self.is_closed and len(received) >= _LENGTH_OCTETS:
            end = _LENGTH_OCTETS + (received[0] << 8 | received[1])
            if len(received) < end:
                break
            message = bytes(received[_LENGTH_OCTETS:end])
            del received[:end]
            self._take(message)

    def connection_failed(self, result: Result) -> None:
        """Give back what waits: there is no connection."""
        self._close(result)

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: ARG002, N802 - Twisted's name
        """Give back what waits."""
        self._close(Result.CLOSED)

    @property
    def _stream(self) -> Stream:
        return cast("Stream", self.transport)

    def _write(self, waiting: Waiting) -> None:
        # One write: a server may take a length alone for the end (RFC 7766 §8).
        self._stream.write(len(waiting.query).to_bytes(_LENGTH_OCTETS, "big") + waiting.query)
        waiting.sent()

    def _take(self, message: bytes) -> None:
        judge = self._owner.judge
        for waiting in self.waiting:
            verdict = judge(waiting.query, message)
            if verdict is Verdict.ACCEPTED or verdict is Verdict.CASE_CHANGED:
                del self.waiting[waiting]
                self.replies += 1
                waiting.answered(message)
                self._rest_if_idle()
                return
        if not self._given_up:
            self.abort()
            return
        self._given_up -= 1

    def _rest_if_idle(self) -> None:
        if not self.waiting and not self.is_closed:
            self._owner.rest(self)

    def _close(self, result: Result) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._received.clear()
            self._owner.lost(self, result)
