"""One connection to a server of mail: octets between a socket and the sending session.

What is said and how long the server may take, ``mail.smtp.client`` decides; what its
certificate must prove, ``mail.delivery``. A message of ordinary size is one write; a
larger one is read and written piece by piece as the kernel takes it.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, cast

from twisted.internet.interfaces import IPullProducer
from twisted.internet.protocol import ClientFactory
from twisted.internet.protocol import Protocol as TwistedProtocol
from zope.interface import implementer

from dnsd.mail.reasons import ReasonClass
from dnsd.mail.smtp.client import Client, State
from dnsd.mail.smtp.client_events import (
    ClientOptions,
    Closed,
    Event,
    Finished,
    Ready,
    Send,
    SendContent,
    StartTls,
)

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress, IConnector
    from twisted.python.failure import Failure

    from dnsd.mail.smtp.client_events import Mail
    from dnsd.mail.tls_policy import TlsPolicy
    from dnsd.net.clock import Clock, Timer
    from dnsd.net.smtp_tls import SmtpTls, TlsSide

# Up to here a message is put together before it is written.
_ONE_WRITE_OCTETS: Final = 65536

_NEVER: Final = float("inf")


class ConnectingReactor(Protocol):
    """The method of Twisted's ``IReactorTCP`` that is needed here."""

    def connectTCP(  # noqa: N802 - Twisted's name
        self, host: str, port: int, factory: ClientFactory, timeout: float
    ) -> IConnector:
        """Connect to an address."""


class Stream(Protocol):
    """What Twisted's TCP transports offer that is used here."""

    def write(self, octets: bytes, /) -> None:
        """Send."""

    def setTcpNoDelay(self, enabled: bool, /) -> None:  # noqa: FBT001, N802 - Twisted's name
        """Send small segments at once."""

    def registerProducer(self, producer: object, streaming: bool, /) -> None:  # noqa: FBT001, N802
        """Ask a producer for more when all was sent."""

    def unregisterProducer(self) -> None:  # noqa: N802 - Twisted's name
        """Ask no more."""

    def loseConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close when all was sent."""

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close at once."""


class Watcher(Protocol):
    """Is told what happens on a connection."""

    def ready(self, connection: SmtpConnection, /) -> None:
        """Note that a message may be sent."""

    def finished(self, connection: SmtpConnection, finished: Finished, /) -> None:
        """Note what became of a message; ``ready`` or ``closed`` follows."""

    def closed(self, connection: SmtpConnection, closed: Closed, /) -> None:
        """Note the end; nothing follows."""


class Destination(NamedTuple):
    """One address of one host, and what it must prove.

    Attributes:
        address: IPv4 or IPv6, text.
        port: of SMTP.
        host: the name in texts.
        tls: what it must prove.
    """

    address: str
    port: int
    host: str
    tls: TlsPolicy


class Surroundings(NamedTuple):
    """What all connections share.

    Attributes:
        reactor: connects.
        clock: time.
        tls: contexts.
        connect_s: time to connect.
    """

    reactor: ConnectingReactor
    clock: Clock
    tls: SmtpTls
    connect_s: float = 30.0


def connect(
    surroundings: Surroundings, to: Destination, options: ClientOptions, watcher: Watcher
) -> SmtpConnection:
    """Connect; the watcher is told of what follows, never before this returns.

    Args:
        surroundings: what all connections share.
        to: where.
        options: of the conversation.
        watcher: is told.
    """
    connection = SmtpConnection(surroundings, to, options, watcher)
    factory = _Connecting(connection)
    surroundings.reactor.connectTCP(to.address, to.port, factory, surroundings.connect_s)
    return connection


@implementer(IPullProducer)
class SmtpConnection(TwistedProtocol):
    """One connection.

    Attributes:
        to: where it leads.
        client: the conversation.
        tls_text: version and cipher; empty without TLS.
    """

    def __init__(
        self, surroundings: Surroundings, to: Destination, options: ClientOptions, watcher: Watcher
    ) -> None:
        self.to = to
        self.tls_text = ""
        self._surroundings = surroundings
        self._clock = surroundings.clock
        self._watcher = watcher
        self.client = Client(options, self._clock.now())
        self._tls: TlsSide | None = None
        self._timer: Timer | None = None
        self._timer_at = _NEVER
        self._is_producing = False

    # --- what the owner calls -------------------------------------------------------

    def send(self, mail: Mail) -> None:
        """Send a message; allowed after ``ready`` and before the next one."""
        self._take(self.client.begin(mail, self._clock.now()))

    def quit(self) -> None:
        """Take leave; allowed when ready."""
        if self.client.state is State.READY:
            self._take(self.client.quit(self._clock.now()))

    def abort(self) -> None:
        """Drop the connection at once; whom it concerns is told."""
        self._take(self.client.lost(self._clock.now()))

    # --- what the connection tells ----------------------------------------------------

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Wait for the greeting, if anybody still does."""
        if self.client.is_closed:
            self._tcp.abortConnection()
            return
        self._tcp.setTcpNoDelay(True)
        self._arm()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Feed what came."""
        now = self._clock.now()
        tls = self._tls
        if tls is None:
            self._take(self.client.receive(data, now))
        elif tls.is_open:
            self._receive_decrypted(data)
        else:
            self._shake_hands(data)

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: ARG002, N802 - Twisted's
        """Tell the conversation."""
        self._take(self.client.lost(self._clock.now()))

    def failed_to_connect(self, text: str) -> None:
        """Note that there is no connection."""
        if not self.client.is_closed:
            self._close(Closed(ReasonClass.CONNECT, f"{self.to.host} [{self.to.address}]: {text}"))

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Write the next piece of a large message: the kernel took the last one."""
        octets = self.client.content_octets(self._clock.now())
        if octets:
            self._write(octets)
        if self.client.state is not State.CONTENT:
            self._stop_producing()
            if self.client.is_closed:
                self._take(self.client.lost(self._clock.now()))

    def stopProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Do nothing: ``connectionLost`` follows."""

    # --- inside ---------------------------------------------------------------------------

    @property
    def _tcp(self) -> Stream:
        return cast("Stream", self.transport)

    def _take(self, events: list[Event]) -> None:
        """Do what the conversation wants, in order."""
        for event in events:
            kind = type(event)
            if kind is Send:
                self._write(cast("Send", event).octets)
            elif kind is SendContent:
                self._send_content()
            elif kind is Finished:
                self._watcher.finished(self, cast("Finished", event))
            elif kind is Ready:
                self._watcher.ready(self)
            elif kind is StartTls:
                self._start_tls()
            else:
                self._close(cast("Closed", event))
                return
        self._arm()

    def _send_content(self) -> None:
        """Write the message, at once if it is not large."""
        client, now = self.client, self._clock.now()
        pieces, size = [], 0
        while size < _ONE_WRITE_OCTETS and (octets := client.content_octets(now)):
            pieces.append(octets)
            size += len(octets)
        if pieces:
            self._write(b"".join(pieces) if len(pieces) > 1 else pieces[0])
        if client.is_closed:
            self._take(client.lost(now))
        elif client.state is State.CONTENT:
            self._is_producing = True
            self._tcp.registerProducer(self, False)  # noqa: FBT003 - Twisted's form

    def _stop_producing(self) -> None:
        if self._is_producing:
            self._is_producing = False
            self._tcp.unregisterProducer()

    def _write(self, octets: bytes) -> None:
        tls = self._tls
        if tls is None:
            self._tcp.write(octets)
            return
        try:
            tls.encrypt(octets)
        except ssl.SSLError:
            self._tcp.abortConnection()
            return
        self._tcp.write(tls.octets_to_send())

    def _start_tls(self) -> None:
        self._tls = self._surroundings.tls.begin(self.to.tls)
        self._shake_hands(b"")

    def _shake_hands(self, octets: bytes) -> None:
        tls, clock = self._tls, self._clock
        assert tls is not None
        why = tls.shake_hands(octets, clock.wall_now())
        self._tcp.write(tls.octets_to_send())
        if why:
            self._take(self.client.tls_failed(why, clock.now()))
        elif tls.is_open:
            self.tls_text = tls.version
            self._take(self.client.tls_started(clock.now()))
            self._receive_decrypted(b"")

    def _receive_decrypted(self, octets: bytes) -> None:
        tls = self._tls
        assert tls is not None
        plain, goes_on = tls.decrypt(octets)
        if waiting := tls.octets_to_send():
            self._tcp.write(waiting)  # an answer to a key update
        now = self._clock.now()
        if plain:
            self._take(self.client.receive(plain, now))
        if not goes_on:
            self._take(self.client.lost(now))

    def _close(self, closed: Closed) -> None:
        self._stop_producing()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.transport is not None:
            if closed.reason is None:
                if self._tls is not None:
                    self._tls.close()
                    self._tcp.write(self._tls.octets_to_send())
                self._tcp.loseConnection()
            else:
                # What of the message is still in our buffer must not get an end.
                self._tcp.abortConnection()
        self._watcher.closed(self, closed)

    def _arm(self) -> None:
        """Have a timer run no later than the deadline.

        One that runs too early costs less than one that is set anew for each reply.
        """
        deadline = self.client.deadline()
        if deadline == _NEVER or (self._timer is not None and self._timer_at <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        delay = max(deadline - self._clock.now(), 0.0)
        self._timer = self._clock.call_later(delay, self._look_at_the_time)

    def _look_at_the_time(self) -> None:
        self._timer = None
        now = self._clock.now()
        if now >= self.client.deadline():
            self._take(self.client.deadline_passed(now))
        else:
            self._arm()


class _Connecting(ClientFactory):
    """One attempt to connect."""

    noisy = False

    def __init__(self, connection: SmtpConnection) -> None:
        self._connection = connection

    def buildProtocol(self, addr: IAddress | None) -> SmtpConnection:  # noqa: ARG002, N802 - Twisted's
        """Hand the connection out."""
        return self._connection

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:  # noqa: ARG002, N802 - Twisted's
        """Tell that there is none."""
        text = str(getattr(reason.value, "osError", None) or reason.getErrorMessage())
        self._connection.failed_to_connect(text.rstrip("."))
