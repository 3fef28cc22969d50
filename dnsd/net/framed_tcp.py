"""DNS over TCP and, with TLS around it, DNS over TLS (RFC 7766, RFC 7858).

What a message is and when a client is too slow, ``query.stream`` decides; how many
may be connected, :mod:`.connections`.
"""

from __future__ import annotations

from typing import Final

from dnsd.net.connection import MESSAGES_PER_TURN, Connection
from dnsd.net.connections import Connections, Kind
from dnsd.query.request import Request, Transport
from dnsd.query.stream import StreamSession


class FramedTcp(Connection):
    """One connection on which each message follows its length."""

    def __init__(self, connections: Connections, client: bytes, client_port: int) -> None:
        super().__init__(connections, client, client_port)
        self._session = StreamSession(connections.options.stream, connections.clock.now())

    @property
    def session(self) -> StreamSession:
        """What has been said."""
        return self._session

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Feed the session and answer what is complete."""
        self._session.receive(data, self._connections.clock.now())
        self._answer()

    def readConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """Answer what is still there before closing: the client may still read."""
        self._session.end()
        self._answer()

    def send_late(self, request: Request, reply: bytes) -> None:  # noqa: ARG002 - whose it is
        """Send the reply to a message of an earlier turn; nothing if it gets none."""
        if self not in self._connections:
            return
        self._session.send(reply, self._connections.clock.now())
        self._write()
        self._go_on()

    def _answer(self) -> None:
        """Answer complete messages, at most a turn's worth."""
        session, connections = self._session, self._connections
        clock = connections.clock
        for _ in range(MESSAGES_PER_TURN):
            now = clock.now()
            message = session.next_message(now)
            if message is None:
                break
            # Only whole messages count: a client that trickles is the first to go.
            connections.touch(self)
            request = Request(
                message,
                self._client,
                self._client_port,
                self._local,
                connections.kind.transport,
                now,
                clock.wall_now(),
                idle_s=connections.options.stream.idle_limit_s(connections.load),
            )
            reply = connections.responder.respond(request, self.send_late)
            if reply is not None:
                session.send(reply, now)
        self._write()
        self._go_on()


TCP: Final = Kind(Transport.TCP, "tcp_clients", FramedTcp)
# The same rules as without TLS, but connections of their own: whoever takes all of
# these keeps nobody from asking again over TCP.
DOT: Final = Kind(Transport.TLS, "tcp_clients", FramedTcp)
