"""DNS over HTTPS: one connection, whichever version of HTTP it speaks (RFC 8484).

The version is told by the first octets, with TLS and without it: HTTP/2 begins
with a preface that is no request of any other version (RFC 9113 §3.4). Without
TLS this is for a proxy of the operator's, which then is the client unless its word
counts; see :mod:`.doh_client`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from dnsd.net.connection import MESSAGES_PER_TURN, Connection
from dnsd.net.connections import Connections, Kind
from dnsd.net.doh_client import client_of
from dnsd.net.doh_frames import PREFACE
from dnsd.net.doh_http1 import Http1Session
from dnsd.net.doh_http2 import Http2Session
from dnsd.net.doh_message import NO_QUERY, DohOptions
from dnsd.query.acl import Networks
from dnsd.query.request import Request, Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.net.doh_session import HttpQuery, HttpSession
    from dnsd.query.stream import StreamOptions

# Octets of the preface that no HTTP/1 request begins with.
_TELLING: Final = 4


@dataclass(frozen=True, slots=True)
class DohServer:
    """What is served over HTTP, and to whom.

    Attributes:
        options: path and bounds.
        proxies: whose word on who the client is counts.
    """

    options: DohOptions = field(default_factory=DohOptions)
    proxies: Networks = field(default_factory=lambda: Networks(()))


class DohConnection(Connection):
    """One connection that speaks HTTP."""

    def __init__(
        self, server: DohServer, connections: Connections, client: bytes, client_port: int
    ) -> None:
        super().__init__(connections, client, client_port)
        self._server = server
        self._begin = b""  # what came before the version was known
        self._is_known = False
        self._session: HttpSession = Http1Session(*self._new_session())

    @property
    def session(self) -> HttpSession:
        """What has been said."""
        return self._session

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Feed the session and answer what is complete."""
        if not self._is_known:
            self._begin += data
            if len(self._begin) < _TELLING and PREFACE.startswith(self._begin):
                return
            self._is_known = True
            data, self._begin = self._begin, b""
            if PREFACE.startswith(data[:_TELLING]):
                self._session = Http2Session(*self._new_session())
        self._session.receive(data, self._connections.clock.now())
        self._answer()

    def readConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """Answer what is still there before closing: the client may still read."""
        self._session.end(self._connections.clock.now())
        self._answer()

    def close(self) -> None:
        """Close, and say so where HTTP has a word for it."""
        self._session.say_farewell()
        if farewell := self._session.octets_to_send(self._connections.clock.now()):
            self._tcp.write(farewell)
        super().close()

    def _answer(self) -> None:
        """Answer complete queries, at most a turn's worth."""
        session, connections = self._session, self._connections
        for _ in range(MESSAGES_PER_TURN):
            now = connections.clock.now()
            query = session.next_query(now)
            if query is None:
                break
            # Only whole queries count: a client that trickles is the first to go.
            connections.touch(self)
            client = client_of(query.head, self._client, self._server.proxies)
            if client is None:
                session.refuse(query, NO_QUERY, now)
                continue
            request = Request(
                query.octets,
                client,
                self._client_port,
                self._local,
                connections.kind.transport,
                now,
                connections.clock.wall_now(),
            )
            reply = connections.responder.respond(request, partial(self._send_late, query))
            if reply is not None:
                session.answer(query, reply, now)
        self._follow_up()

    def _send_late(self, query: HttpQuery, request: Request, reply: bytes) -> None:  # noqa: ARG002
        """Send the reply to a query of an earlier turn."""
        if self not in self._connections:
            return
        self._session.answer(query, reply, self._connections.clock.now())
        self._follow_up()

    def _follow_up(self) -> None:
        for limit in self._session.limits:
            self._connections.count(limit)
        self._session.limits.clear()
        self._write()
        self._go_on()

    def _new_session(self) -> tuple[DohOptions, StreamOptions, float, Callable[[], int]]:
        stream, clock = self._connections.options.stream, self._connections.clock
        return self._server.options, stream, clock.now(), clock.wall_now


def doh(server: DohServer) -> Kind:
    """Return the kind of connections that speak HTTP."""
    return Kind(Transport.HTTPS, "doh_clients", partial(DohConnection, server))
