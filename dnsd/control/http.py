"""HTTP for the control interface, on a unix socket and on loopback addresses.

Every request is bounded before anything looks at it: size and number of
headers, size of the body however it is sent, time to arrive, connections in
all and from one address. A connection serves one request. The Host header has
to name this machine, or a page of another site could reach us by a name that it
points at 127.0.0.1 (421 before any routing); and what changes something is
refused when a browser says that another site asks for it (403).

Reading HTTP is Twisted's; of its requests only the plain one is used, without
forms, cookies or uploads in files.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, Literal

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, connectionDone
from twisted.web import http

from dnsd.control.routes import Answer, Asked, refused
from dnsd.observe import metrics

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress
    from twisted.internet.protocol import Protocol
    from twisted.python.failure import Failure

    from dnsd.control.routes import Routes
    from dnsd.control.surroundings import Surroundings
    from dnsd.net.clock import Timer

MAX_HEADERS: Final = 100
MAX_HEADER_OCTETS: Final = 16 << 10
_MAX_LENGTH_DIGITS: Final = 18

# RFC 9110 §7.2: a host, in brackets when it is an IPv6 address, and perhaps a port.
_HOST: Final = re.compile(
    r"(?:\[([0-9a-f:.]+)\]|([^\[\]:,@ ]+))(?::[0-9]*)?", re.ASCII | re.IGNORECASE
)

# Fetch Metadata: "none" is a person who typed the address.
_OUR_SITES: Final = frozenset(("same-origin", "none"))


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Bounds of one listener.

    Attributes:
        listener: ``socket``, which may do everything, or ``http``.
        hosts: names and addresses beside loopback that the Host header may have.
        connections: at once.
        connections_per_client: of one address; the unix socket has none.
        body_octets: of one request.
        time_s: for a request to arrive, and for its response to be read.
    """

    listener: Literal["socket", "http"]
    hosts: tuple[str, ...] = ()
    connections: int = 64
    connections_per_client: int = 16
    body_octets: int = 1 << 20
    time_s: float = 30.0


class ControlRequest(http.Request):
    """One request, given to the routes once it is whole."""

    channel: ControlChannel
    content: BytesIO

    # Names of Twisted, here and below.
    def gotLength(self, length: int | None) -> None:  # noqa: ARG002, N802
        """Make room for a body; its length has been looked at."""
        self.content = BytesIO()

    def handleContentChunk(self, octets: bytes) -> None:  # noqa: N802
        """Take a part of the body."""
        if self.channel.is_refused:
            return
        if self.content.tell() + len(octets) > self.channel.options.body_octets:
            self.channel.refuse(413, "http_body")
        else:
            self.content.write(octets)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802
        """Serve the whole request."""
        if self.channel.is_refused:
            return
        self.method, self.uri, self.clientproto = command, path, version
        self.path = path.partition(b"?")[0]
        self.process()

    def process(self) -> None:
        """Check where the request comes from, and have it answered."""
        self.channel.stop_clock()
        answer = self._misdirected() or self._forged() or self._answer()
        if isinstance(answer, Deferred):
            answer.addCallbacks(self.respond, self._fail)
        else:
            self.respond(answer)

    def _answer(self) -> Answer | Deferred[Answer]:
        asked = Asked(
            method=self.method.decode("latin-1"),
            path=self.path.decode("latin-1"),
            query=self.uri.partition(b"?")[2].decode("latin-1"),
            body=self.content.getvalue(),
            content_type=self._header(b"content-type").partition(";")[0].strip().lower(),
        )
        try:
            return self.channel.routes.answer(asked, public=self.channel.options.listener == "http")
        except Exception as error:  # noqa: BLE001 -- a fault must not leave the client waiting
            return self._fault(error)

    def respond(self, answer: Answer) -> None:
        """Send the response and close the connection."""
        if self._disconnected:
            return  # and the channel is gone
        self.channel.count(answer.status)
        self.channel.start_clock()
        self.setResponseCode(answer.status, HTTPStatus(answer.status).phrase.encode("ascii"))
        headers = {
            "Content-Type": answer.content_type.decode("ascii"),
            "Content-Length": str(len(answer.octets)),
            "Connection": "close",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        }
        for name, value in headers.items():
            self.responseHeaders.setRawHeaders(name, [value])
        self.write(answer.octets)
        self.finish()

    def _fail(self, failure: Failure) -> None:
        self.respond(self._fault(failure.value or failure))

    def _fault(self, error: BaseException) -> Answer:
        self.channel.around.log.fault("http_fault", error)
        return refused(500, "a fault in the program, see the log")

    def _headers(self, name: bytes) -> list[str]:
        """Return all values of a header, one character an octet."""
        return [value.decode("latin-1") for value in self.requestHeaders.getRawHeaders(name, [])]

    def _header(self, name: bytes) -> str:
        """Return the value of a header that there is one of, or nothing."""
        values = self._headers(name)
        return values[0] if len(values) == 1 else ""

    def _misdirected(self) -> Answer | None:
        """Refuse a request that is for somebody else by its Host header."""
        host = host_of(self._header(b"host"))
        if host is not None and (host in self.channel.options.hosts or is_loopback(host)):
            return None
        return refused(421, "this is not the host you asked for")

    def _forged(self) -> Answer | None:
        """Refuse what changes something and comes from a page of another site."""
        if self.method in (b"GET", b"HEAD"):
            return None
        sites = self._headers(b"sec-fetch-site")
        origins = self._headers(b"origin")
        ours = {"http://" + self._header(b"host")}
        if not set(sites) <= _OUR_SITES or not set(origins) <= ours:
            return refused(403, "another site may not ask for this")
        return None


class ControlChannel(http.HTTPChannel):
    """One connection, for one request."""

    requestFactory = ControlRequest  # noqa: N815
    factory: ControlFactory
    transport: Any  # zope's interface of it does not type-check

    def __init__(self, routes: Routes, options: HttpOptions, around: Surroundings) -> None:
        super().__init__()
        self.routes = routes
        self.options = options
        self.around = around
        self.is_refused = False
        self._timer: Timer | None = None
        self._header_octets = 0
        self._headers = 0

    def connectionMade(self) -> None:  # noqa: N802
        """Wait for a request, but not for ever."""
        super().connectionMade()
        self.start_clock()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        """Give the place to the next one."""
        self.stop_clock()
        self.factory.leave(self)
        super().connectionLost(reason)

    def start_clock(self) -> None:
        """Allow the client the time of the options from now on."""
        self.stop_clock()
        self._timer = self.around.clock.call_later(self.options.time_s, self._take_too_long)

    def stop_clock(self) -> None:
        """Do not hold the client's time against it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def checkPersistence(self, request: http.Request, version: bytes) -> bool:  # noqa: ARG002, N802
        """Serve no second request: what a client sends behind one is not read."""
        return False

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        """Take the request line or a part of a header."""
        self._header_octets += len(line)
        if self._header_octets > MAX_HEADER_OCTETS:
            self.refuse(431, "http_headers")
        else:
            super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: ARG002, N802
        """Take no line that is too long by itself."""
        self.refuse(431, "http_headers")

    def headerReceived(self, line: bytes) -> bool:  # noqa: N802
        """Take a whole header."""
        self._headers += 1
        if self._headers > MAX_HEADERS:
            self.refuse(431, "http_headers")
            return False
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length" and len(value.strip()) > _MAX_LENGTH_DIGITS:
            self.refuse(413, "http_body")
            return False
        return bool(super().headerReceived(line))

    def allHeadersReceived(self) -> None:  # noqa: N802
        """Look at the length of the body before the client is told to send it."""
        if self.is_refused:
            return
        if self.length is not None and self.length > self.options.body_octets:
            self.refuse(413, "http_body")
        else:
            super().allHeadersReceived()

    def refuse(self, status: int, limit: str) -> None:
        """Say that a limit was hit, and read no more."""
        if self.is_refused:
            return
        self.is_refused = True
        self.around.row[metrics.limit_slot(limit)] += 1
        self.count(status)
        line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"
        self.transport.write(f"{line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
        self.transport.loseConnection()

    def count(self, status: int) -> None:
        """Count a response."""
        slot = metrics.HTTP_REQUESTS.slot(self.options.listener, f"{status // 100}xx")
        self.around.row[slot] += 1

    def _take_too_long(self) -> None:
        self._timer = None
        self.around.row[metrics.limit_slot("http_time")] += 1
        self.transport.abortConnection()


class ControlFactory(Factory):
    """Makes a channel for each connection that there is room for."""

    noisy = False

    def __init__(self, routes: Routes, options: HttpOptions, around: Surroundings) -> None:
        """Serve the routes on one listener."""
        self._routes = routes
        self._options = options
        self._around = around
        self._clients: dict[ControlChannel, str] = {}
        self._per_client: Counter[str] = Counter()

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:  # noqa: N802
        """Make a channel; None closes the connection."""
        client = getattr(addr, "host", "")  # a client of the unix socket has no address
        if len(self._clients) >= self._options.connections:
            self._count("http_connections")
            return None
        if client and self._per_client[client] >= self._options.connections_per_client:
            self._count("http_connections_per_client")
            return None
        channel = ControlChannel(self._routes, self._options, self._around)
        channel.factory = self
        self._clients[channel] = client
        self._per_client[client] += 1
        return channel

    def leave(self, channel: ControlChannel) -> None:
        """Forget a connection that is gone."""
        client = self._clients.pop(channel)
        self._per_client[client] -= 1
        if not self._per_client[client]:
            del self._per_client[client]

    def log(self, request: http.Request) -> None:
        """Write no line for each request; Twisted calls this."""

    def _count(self, limit: str) -> None:
        self._around.row[metrics.limit_slot(limit)] += 1


def host_of(header: str) -> str | None:
    """Return the host of a Host header, without port and in lower case.

    Returns:
        None when the header is missing or not one host.
    """
    found = _HOST.fullmatch(header)
    return (found[1] or found[2]).lower() if found else None


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine whatever a name server says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"  # RFC 6761 §6.3: no name server is asked
