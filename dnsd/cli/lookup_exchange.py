"""One query to one server and its reply, with plain blocking sockets.

UDP, then TCP when the reply is truncated (RFC 7766 §5); TCP; TLS (RFC 7858); HTTPS
(RFC 8484). A certificate is judged by the system's trust. When that fails the server
is asked all the same, since a diagnosis is wanted, and the reply says so; it is an
error only where a name or a file of certificates was given (opportunistic and strict
usage, RFC 8310 §5).

Every wait has an end, and of a datagram or stream only the reply to our query is
taken.
"""

from __future__ import annotations

import enum
import socket
import ssl
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from dnsd.resolver.acceptance import Verdict, judge
from dnsd.wire.errors import FormError
from dnsd.wire.message import TC, Message, parse_message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_REPLY_OCTETS: Final = 65_535
HTTPS_PATH: Final = "/dns-query"  # RFC 8484 §4.1.1 names it in its examples
# Datagrams that are no reply to our query, before a server is given up.
_MAX_STRAYS: Final = 100


class Way(enum.Enum):
    """How a server is asked; the value is what people read."""

    UDP = "UDP"
    TCP = "TCP"
    TLS = "TLS"
    HTTPS = "HTTPS"


PORTS: Final = {Way.UDP: 53, Way.TCP: 53, Way.TLS: 853, Way.HTTPS: 443}


@dataclass(frozen=True, slots=True)
class Server:
    """Whom to ask.

    Attributes:
        address: IPv4 or IPv6 address as text.
        port: 1..65535; None for the usual one of the way.
        name: as the person wrote it, where that was no address; else empty.
        path: of HTTPS.
    """

    address: str
    port: int | None = None
    name: str = ""
    path: str = HTTPS_PATH

    def by(self, way: Way) -> Server:
        """Return it with the port that a way uses."""
        return replace(self, port=self.port or PORTS[way])


@dataclass(frozen=True, slots=True)
class AskOptions:
    """How long and how strictly to ask.

    Attributes:
        timeout_s: seconds for one attempt.
        tries: attempts over UDP.
        tls_name: name that the certificate must have; empty: the server's own
            name or address, and a certificate that is not to be trusted is no error.
        authorities: file of certificates to trust instead of the system's.
    """

    timeout_s: float = 5.0
    tries: int = 2
    tls_name: str = ""
    authorities: Path | None = None

    @property
    def is_strict(self) -> bool:
        """Whether a certificate that is not to be trusted is an error."""
        return bool(self.tls_name or self.authorities)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        message: parsed.
        octets: as received.
        server: who was asked, with the port.
        way: how the reply came.
        seconds: from the first packet to the reply.
        truncated: it came over UDP cut off, and was asked for again over TCP.
        strays: datagrams that were no reply to our query.
        certificate: what is to be said about it; empty without TLS.
    """

    message: Message
    octets: bytes
    server: Server
    way: Way
    seconds: float
    truncated: bool = False
    strays: int = 0
    certificate: str = ""


class AskError(Exception):
    """No reply; the text says why.

    Attributes:
        refused: nothing listens there.
        silent: nothing came until the time was over.
    """

    def __init__(self, reason: str, *, refused: bool = False, silent: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused
        self.silent = silent


def ask(query: bytes, server: Server, way: Way, options: AskOptions) -> Reply:
    """Send a query and wait for its reply.

    Args:
        query: the whole message.
        server: whom to ask.
        way: how; UDP becomes TCP when the reply is truncated.
        options: see `AskOptions`.

    Raises:
        AskError: there is no reply.
    """
    server = server.by(way)
    started = time.monotonic()
    truncated = False
    strays = 0
    certificate = ""
    try:
        if way is Way.UDP:
            octets, strays = _over_udp(query, server, options)
            truncated = bool(octets[2] & TC >> 8)
            way = Way.TCP if truncated else way
        if way is Way.TCP:
            with _connect(server, options) as stream:
                octets = _over_stream(query, stream, options)
        elif way is not Way.UDP:
            octets, certificate, started = _encrypted(query, server, way, options)
        message = parse_message(octets)
    except FormError as error:
        raise AskError(f"the reply cannot be read: {error}") from None
    except ConnectionRefusedError:
        raise AskError("nothing listens there", refused=True) from None
    except TimeoutError:
        reason = f"no reply within {_total_s(way, options):g} seconds"
        raise AskError(reason, silent=True) from None
    except ssl.SSLError as error:
        raise AskError(f"TLS failed: {_reason(error)}") from None
    except OSError as error:
        raise AskError(error.strerror or str(error) or repr(error)) from None
    seconds = time.monotonic() - started
    return Reply(message, octets, server, way, seconds, truncated, strays, certificate)


def _is_reply(query: bytes, octets: bytes) -> bool:
    """Tell whether a message is the reply to our query; letter case proves nothing here."""
    return judge(query, octets) in (Verdict.ACCEPTED, Verdict.CASE_CHANGED)


def _over_udp(query: bytes, server: Server, options: AskOptions) -> tuple[bytes, int]:
    """Ask over a connected socket: the reply, and how many strays came before it."""
    family = socket.AF_INET6 if ":" in server.address else socket.AF_INET
    strays = 0
    with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
        datagrams.connect((server.address, server.port))
        for _ in range(options.tries):
            datagrams.send(query)
            for octets in _datagrams(datagrams, options.timeout_s):
                if _is_reply(query, octets):
                    return octets, strays
                strays += 1
                if strays > _MAX_STRAYS:
                    raise AskError(f"{strays} datagrams came, and none was the reply")
    raise TimeoutError


def _datagrams(opened: socket.socket, timeout_s: float) -> Iterator[bytes]:
    """Receive datagrams until a moment."""
    end = time.monotonic() + timeout_s
    while (left := end - time.monotonic()) > 0:
        opened.settimeout(left)
        try:
            yield opened.recv(MAX_REPLY_OCTETS)
        except TimeoutError:
            return


def _connect(server: Server, options: AskOptions) -> socket.socket:
    return socket.create_connection((server.address, server.port or 0), options.timeout_s)


def _over_stream(query: bytes, stream: socket.socket, options: AskOptions) -> bytes:
    """Ask over TCP or TLS: messages with their length before them (RFC 1035 §4.2.2)."""
    end = time.monotonic() + options.timeout_s
    stream.sendall(len(query).to_bytes(2, "big") + query)
    while True:
        octets = _read(stream, int.from_bytes(_read(stream, 2, end), "big"), end)
        if _is_reply(query, octets):
            return octets


def _read(stream: socket.socket, size: int, end: float) -> bytes:
    """Read exactly so many octets until a moment."""
    octets = bytearray()
    while len(octets) < size:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        stream.settimeout(left)
        piece = stream.recv(size - len(octets))
        if not piece:
            raise AskError("the server closed the connection before it replied")
        octets += piece
    return bytes(octets)


def _encrypted(
    query: bytes, server: Server, way: Way, options: AskOptions
) -> tuple[bytes, str, float]:
    """Ask over TLS or HTTPS.

    Returns:
        The reply, what is to be said about the certificate, and when the attempt that
        succeeded began.
    """
    ask_one = _over_tls if way is Way.TLS else _over_https
    trusting = ssl.create_default_context(cafile=options.authorities)
    started = time.monotonic()
    try:
        octets = ask_one(query, server, trusting, options)
    except ssl.SSLCertVerificationError as error:
        if options.is_strict:
            raise AskError(f"the certificate is not to be trusted: {_reason(error)}") from None
        said = f"not verified: {_reason(error)}"
    else:
        return octets, f"verified for {_name(server, options)}", started
    any_certificate = ssl.create_default_context()
    any_certificate.check_hostname = False
    any_certificate.verify_mode = ssl.CERT_NONE
    started = time.monotonic()
    return ask_one(query, server, any_certificate, options), said, started


def _over_tls(query: bytes, server: Server, context: ssl.SSLContext, options: AskOptions) -> bytes:
    context.set_alpn_protocols(["dot"])  # the name that IANA has for it
    with (
        _connect(server, options) as opened,
        context.wrap_socket(opened, server_hostname=_name(server, options)) as stream,
    ):
        return _over_stream(query, stream, options)


def _over_https(
    query: bytes, server: Server, context: ssl.SSLContext, options: AskOptions
) -> bytes:
    from dnsd.cli.lookup_https import PROTOCOLS, HttpError, post  # noqa: PLC0415 - costs 40 ms

    context.set_alpn_protocols(list(PROTOCOLS))
    host = server.name or (f"[{server.address}]" if ":" in server.address else server.address)
    url = f"{host}:{server.port}", server.path
    query = b"\x00\x00" + query[2:]
    with (
        _connect(server, options) as opened,
        context.wrap_socket(opened, server_hostname=_name(server, options)) as stream,
    ):
        try:
            octets = post(stream, url, query, options.timeout_s)
        except HttpError as error:
            raise AskError(str(error)) from None
    if not _is_reply(query, octets):
        raise AskError("what came is not the reply to our query")
    return octets


def _name(server: Server, options: AskOptions) -> str:
    """Return the name that the certificate must have."""
    return options.tls_name or server.name or server.address


def _reason(error: ssl.SSLError) -> str:
    return getattr(error, "verify_message", "") or error.reason or str(error)


def _total_s(way: Way, options: AskOptions) -> float:
    return options.timeout_s * (options.tries if way is Way.UDP else 1)
