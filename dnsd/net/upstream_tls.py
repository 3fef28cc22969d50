"""TLS to a name server, between a TCP connection and the protocol inside.

With a server name the certificate must be for that name and lead to a trusted
authority (strict privacy, RFC 8310 §5, §8.1). Without one anything is accepted: that
keeps out whoever only listens, and is what can be had of a server known by its
address alone (opportunistic privacy, RFC 7858 §4.1).

The next connection to a server resumes the session of the last one, which saves the
server its signature and us the certificates. Of TLS 1.3 each ticket serves once: who sees
one twice knows that both connections are ours (RFC 8446 §C.4).
"""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING, Final, cast

from twisted.internet.protocol import Protocol as TwistedProtocol

from dnsd.resolver.commands import Result
from dnsd.resolver.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from dnsd.net.upstream_connection import Server, ServerConnection, Stream

_READ_OCTETS: Final = 16384  # the most that one record holds (RFC 8446 §5.1)

# A session with the certificates in it is about 5,000 octets.
_MAX_SESSIONS: Final = 256
_MAX_DISTRUSTED: Final = 256


class TlsClients:
    """Makes clients of servers, and keeps what helps with the next one.

    The two contexts are made when they are first needed: reading authorities takes time.
    """

    def __init__(
        self, trust: str, distrusted: Callable[[Server, str], None] = lambda _server, _why: None
    ) -> None:
        """Make nothing yet.

        Args:
            trust: path of a file of trusted authorities; empty for the system's.
            distrusted: is told of a server whose certificate is refused, and why.
        """
        self._trust = trust
        self._tell = distrusted
        self._strict: ssl.SSLContext | None = None
        self._opportunistic: ssl.SSLContext | None = None
        self._sessions: Recent[ssl.SSLSession] = Recent(_MAX_SESSIONS)
        # Why, as it was told.
        self._distrusted: Recent[str] = Recent(_MAX_DISTRUSTED)

    def client(self, inside: ServerConnection) -> TlsClient:
        """Return what carries a connection over TLS.

        Raises:
            OSError: the file of authorities cannot be read.
            ValueError: the name is none that a certificate can have.
        """
        context = self._context(inside.server.name)
        key = _key(inside.server)
        session = self._sessions.get(key)
        self._sessions.remove(key)
        return TlsClient(self, context, session, inside)

    def trusted(self, server: Server) -> None:
        """Note that a handshake was completed."""
        self._distrusted.remove(_key(server))

    def distrusted(self, server: Server, why: str) -> None:
        """Note that a certificate was refused."""
        key = _key(server)
        if self._distrusted.get(key) != why:
            self._distrusted.put(key, why)
            self._tell(server, why)

    def keep_session(self, server: Server, session: ssl.SSLSession | None) -> None:
        """Keep a session for the next connection to a server, if it can be resumed."""
        if session is not None and session.has_ticket:
            self._sessions.put(_key(server), session)

    def _context(self, name: str) -> ssl.SSLContext:
        if name:
            if self._strict is None:
                self._strict = ssl.create_default_context(cafile=self._trust or None)
                _prepare(self._strict)
            return self._strict
        if self._opportunistic is None:
            self._opportunistic = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._opportunistic.check_hostname = False
            self._opportunistic.verify_mode = ssl.CERT_NONE
            _prepare(self._opportunistic)
        return self._opportunistic


class TlsClient(TwistedProtocol):
    """One connection: a protocol to TCP, a transport to the protocol inside."""

    def __init__(
        self,
        clients: TlsClients,
        context: ssl.SSLContext,
        session: ssl.SSLSession | None,
        inside: ServerConnection,
    ) -> None:
        self._clients = clients
        self._inside = inside
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_hostname=inside.server.name or None,
            session=session,
        )
        self._is_open = False
        self._resumed = session
        self._has_session = False

    # --- what the connection tells ------------------------------------------------

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Begin the handshake."""
        self._tcp.setTcpNoDelay(True)
        # So that the one inside can close it before the handshake is done.
        self._inside.transport = self  # type: ignore[assignment]
        self._advance()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Decrypt and hand inside."""
        self._incoming.write(data)
        self._advance()

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: N802 - Twisted's name
        """Tell the protocol inside."""
        self._inside.connectionLost(reason)

    # --- what the protocol inside calls -------------------------------------------

    def write(self, octets: bytes) -> None:
        """Encrypt and send."""
        try:
            self._tls.write(octets)
        except ssl.SSLError:
            self._inside.abort()
        else:
            self._flush()

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: FBT001, N802 - Twisted's name
        """Do nothing: that is so from the beginning."""

    def loseConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Say that this is the end, and close without waiting for the same word."""
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self._flush()
        self._tcp.loseConnection()

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close at once."""
        self._tcp.abortConnection()

    @property
    def _tcp(self) -> Stream:
        return cast("Stream", self.transport)

    def _advance(self) -> None:
        """Do what the octets that came allow."""
        try:
            if not self._is_open:
                self._tls.do_handshake()
                self._is_open = True
                self._clients.trusted(self._inside.server)
                self._flush()
                self._inside.connectionMade()
            while not self._inside.is_closed:
                octets = self._tls.read(_READ_OCTETS)
                if not octets:
                    break
                self._keep_session()
                self._inside.dataReceived(octets)
        except ssl.SSLWantReadError:
            self._flush()
            return
        except ssl.SSLCertVerificationError as error:
            self._clients.distrusted(self._inside.server, error.verify_message)
            self._inside.abort(Result.UNTRUSTED)
            return
        except ssl.SSLError:
            pass  # the handshake or the certificate does not do, or the server has ended
        self._inside.abort()

    def _keep_session(self) -> None:
        """Keep the session, once: servers send tickets before their first reply."""
        if self._has_session:
            return
        self._has_session = True
        session = self._tls.session
        if session != self._resumed or self._tls.version() != "TLSv1.3":
            self._clients.keep_session(self._inside.server, session)

    def _flush(self) -> None:
        octets = self._outgoing.read()
        if octets:
            self._tcp.write(octets)


def _key(server: Server) -> bytes:
    return server.address + server.port.to_bytes(2, "big") + server.name.encode()


def _prepare(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["dot"])
