"""All connections of SMTP to one listener: taken on, counted, looked at in time.

What one of them does stands in :mod:`.smtp_connection`; one timer looks at all, which is
cheaper than one timer each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from twisted.internet.protocol import Factory, Protocol

from dnsd.mail import reply
from dnsd.mail.smtp.clients import ClientLimits, Clients
from dnsd.mail.smtp.transaction import Client
from dnsd.net.connection import client_net, packed
from dnsd.net.smtp_connection import SmtpConnection
from dnsd.net.tls_stream import TlsOptions, TlsStream
from dnsd.observe import metrics

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from twisted.internet.address import IPv4Address, IPv6Address
    from twisted.internet.interfaces import IAddress

    from dnsd.mail.route import ClientStanding
    from dnsd.mail.smtp.options import SessionOptions
    from dnsd.mail.smtp.reception import Reception
    from dnsd.net.clock import Clock, Timer
    from dnsd.observe.log import EventLog

# How late a deadline may be noticed; a tenth of the shortest delay.
_SWEEP_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What one listener does.

    Attributes:
        session: of each connection.
        standing: tells from an address, as text, what its network may ask, and whether
            its messages may have lone line ends.
        clients: limits of all connections together.
        tls: limits of handshakes.
        begins_with_tls: the connection is encrypted from its first octet (RFC 8314 §3.3).
    """

    session: SessionOptions
    standing: Callable[[str], tuple[ClientStanding, bool]]
    clients: ClientLimits = field(default_factory=ClientLimits)
    tls: TlsOptions = field(default_factory=TlsOptions)
    begins_with_tls: bool = False


class SmtpServer(Factory):
    """All connections of one listener.

    Attributes:
        listener: what it does.
        options: limits of TLS handshakes.
        context: certificate and rules of TLS; may be replaced, ``None`` for no TLS.
        clock: of the reactor.
        reception: takes the mail.
        clients: who is connected.
        row: counters of this process.
        log: where faults go.
    """

    noisy = False

    def __init__(
        self,
        options: ServerOptions,
        context: ssl.SSLContext | None,
        clock: Clock,
        reception: Reception,
        counted: tuple[memoryview, EventLog],
    ) -> None:
        self.listener = options
        self.options = options.tls
        self.context = cast("ssl.SSLContext", context)
        self.clock = clock
        self.reception = reception
        self.clients = Clients(options.clients)
        self.row, self.log = counted
        self._open: dict[SmtpConnection, None] = {}
        self._sweeping: Timer | None = None

    def __len__(self) -> int:
        return len(self._open)

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:  # noqa: N802 - Twisted's name
        """Take a connection on, or tell it why not."""
        peer = cast("IPv4Address | IPv6Address", addr)
        net = client_net(packed(peer.host))
        limit = self.clients.connect(net)
        if limit:
            self.count(limit)
            return None if self.listener.begins_with_tls else _Refusing()
        address = peer.host.partition("%")[0]
        standing, lone = self.listener.standing(address)
        connection = SmtpConnection(
            self, Client(address, standing, may_send_lone_line_ends=lone), net
        )
        if not self.listener.begins_with_tls:
            return connection
        if not self.may_shake_hands(net):
            self.clients.disconnect(net)
            return None
        return TlsStream(self, connection)

    def may_shake_hands(self, net: bytes) -> bool:
        """Count a handshake that would begin; whether it may."""
        if self.clients.handshakes.allows(net, self.clock.now()):
            return True
        self.count("smtp_handshakes")
        return False

    def add(self, connection: SmtpConnection) -> None:
        """Count a connection that was made."""
        self._open[connection] = None
        self.row[_OPEN] += 1
        self.row[_OPENED] += 1
        if self._sweeping is None:
            self._sweeping = self.clock.call_later(_SWEEP_S, self._sweep)

    def remove(self, connection: SmtpConnection) -> None:
        """Forget a connection that is lost."""
        self.clients.disconnect(connection.net)
        if connection in self._open:
            del self._open[connection]
            self.row[_OPEN] -= 1

    def shut_down(self) -> None:
        """Tell every client that we go; messages that are being kept get their reply first."""
        for connection in list(self._open):
            connection.shut_down()

    def close_all(self) -> None:
        """Close every connection at once."""
        for connection in list(self._open):
            connection.abort()

    def count(self, limit: str) -> None:
        """Count that a limit was hit."""
        self.row[metrics.limit_slot(limit)] += 1

    def count_handshake(self, result: str) -> None:
        """Count the end of a handshake: ``full``, ``resumed`` or ``failed``."""
        self.row[metrics.MAIL_HANDSHAKES.slot(result)] += 1

    def _sweep(self) -> None:
        """Do what is due."""
        self._sweeping = None
        now = self.clock.now()
        for connection in list(self._open):
            connection.look_at_time(now)
        if self._open:
            self._sweeping = self.clock.call_later(_SWEEP_S, self._sweep)


class _Refusing(Protocol):
    """A connection too many."""

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Say so, and close."""
        tcp = cast("Any", self.transport)
        tcp.write(reply.TOO_MANY_CONNECTIONS.octets())
        tcp.loseConnection()


_OPEN: Final = metrics.MAIL_CONNECTIONS.slot()
_OPENED: Final = metrics.MAIL_CONNECTIONS_OPENED.slot()
