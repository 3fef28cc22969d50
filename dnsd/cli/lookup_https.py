"""One DNS query over HTTPS, by HTTP/2 or HTTP/1.1 as the server likes (RFC 8484).

Many servers speak HTTP/2 only, some HTTP/1.1 only; the handshake of TLS decides.
"""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError

if TYPE_CHECKING:
    import ssl

PROTOCOLS: Final = ("h2", "http/1.1")
_TYPE: Final = "application/dns-message"
# The longest message, and one octet more to see that it was longer.
_MAX_OCTETS: Final = 65_536
_PIECE_OCTETS: Final = 65_536


class HttpError(Exception):
    """The server answered no DNS message; the text says what it did."""


@dataclass(slots=True)
class Response:
    """What a server answered.

    Attributes:
        status: of HTTP.
        content_type: without parameters.
        octets: the body.
    """

    status: int = 0
    content_type: str = ""
    octets: bytes = field(default=b"")


def post(stream: ssl.SSLSocket, url: tuple[str, str], query: bytes, timeout_s: float) -> bytes:
    """Send a query by POST; the reply.

    Args:
        stream: connected, handshake done with `PROTOCOLS` offered.
        url: name and port of the server as URLs have them, and path.
        query: the whole message, its ID 0 so that caches on the way can tell equal
            questions (RFC 8484 §4.1).
        timeout_s: seconds from now.

    Raises:
        HttpError: something else came.
        OSError: the connection failed, or nothing came in time.
    """
    deadline = time.monotonic() + timeout_s
    exchange = _over_2 if stream.selected_alpn_protocol() == "h2" else _over_1
    response = exchange(stream, url, query, deadline)
    if response.status != http.HTTPStatus.OK:
        raise HttpError(f"HTTP status {response.status} instead of an answer")
    if response.content_type != _TYPE:
        raise HttpError(f"{response.content_type or 'no type'} came instead of {_TYPE}")
    if len(response.octets) >= _MAX_OCTETS:
        raise HttpError("the answer is longer than a DNS message can be")
    return response.octets


def _over_1(stream: ssl.SSLSocket, url: tuple[str, str], query: bytes, deadline: float) -> Response:
    """Exchange by HTTP/1.1."""
    stream.settimeout(max(0.01, deadline - time.monotonic()))
    connection = http.client.HTTPConnection(url[0])
    connection.sock = stream
    try:
        connection.request("POST", url[1], query, {"Accept": _TYPE, "Content-Type": _TYPE})
        response = connection.getresponse()
        octets = response.read(_MAX_OCTETS)
    except http.client.HTTPException as error:
        raise HttpError(f"no HTTP: {error!r}") from None
    return Response(response.status, response.headers.get_content_type(), octets)


def _over_2(stream: ssl.SSLSocket, url: tuple[str, str], query: bytes, deadline: float) -> Response:
    """Exchange by HTTP/2."""
    connection = H2Connection(H2Configuration(client_side=True, header_encoding=None))
    connection.initiate_connection()
    connection.send_headers(
        1,
        [
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", url[0]),
            (":path", url[1]),
            ("accept", _TYPE),
            ("content-type", _TYPE),
            ("content-length", str(len(query))),
        ],
    )
    connection.send_data(1, query, end_stream=True)
    response = Response()
    try:
        while True:
            stream.sendall(connection.data_to_send())
            stream.settimeout(max(0.01, deadline - time.monotonic()))
            octets = stream.recv(_PIECE_OCTETS)
            if not octets:
                raise HttpError("the server closed the connection before it replied")
            for event in connection.receive_data(octets):
                if _is_over(connection, event, response):
                    return response
            if time.monotonic() >= deadline:
                raise TimeoutError
    except ProtocolError as error:
        raise HttpError(f"no HTTP/2: {error}") from None


def _is_over(connection: H2Connection, event: Any, response: Response) -> bool:
    """Take an event into the response; tell whether that was the last."""
    if isinstance(event, ResponseReceived):
        headers = dict(event.headers)
        status = headers.get(b":status", b"")
        response.status = int(status) if status.isdigit() else 0
        kind = headers.get(b"content-type", b"").decode("ascii", "replace")
        response.content_type = kind.partition(";")[0].strip().lower()
    elif isinstance(event, DataReceived):
        connection.acknowledge_received_data(event.flow_controlled_length, 1)
        response.octets += event.data
        return len(response.octets) >= _MAX_OCTETS
    elif isinstance(event, StreamReset | ConnectionTerminated):
        raise HttpError(f"the server ended the request with HTTP/2 error {event.error_code!s}")
    return isinstance(event, StreamEnded)
