"""TLS between a TCP connection and the protocol that speaks through it.

A :class:`TlsStream` is a protocol to the connection and a transport to the
protocol inside::

    TCP ── dataReceived ──► incoming ┐         ┌ read ──► inside.dataReceived
                                     ├ OpenSSL ┤
    TCP ◄── write ───────── outgoing ┘         └ write ◄── inside

Nothing is held here: what can be decrypted goes inside at once, and what is
encrypted goes to the connection at once. So the producer inside is asked for
more when the kernel has taken all, exactly as without TLS, and its deadlines
and its back-pressure mean the same.

What a peer can make us do for nothing is bounded: the time of its handshake, the
handshakes of its net a second, the messages of TLS itself after the handshake
(key updates, attempts to renegotiate) that bring no data, and the time we wait
for the last octets to go when we close. We never wait for the peer's closing
alert, as RFC 8446 §6.1 allows.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol
from zope.interface import implementer

from dnsd.observe import metrics

if TYPE_CHECKING:
    from twisted.internet.address import IPv4Address, IPv6Address
    from twisted.internet.interfaces import IAddress
    from twisted.python.failure import Failure

    from dnsd.net.clock import Clock, Timer
    from dnsd.net.connections import Connections

_READ_OCTETS: Final = 16384  # the most that one record holds (RFC 8446 §5.1)

# More than any client sends without a word between: OpenSSL once had the same bound.
_MAX_CONTROL_MESSAGES: Final = 32

# How long octets may take to leave that were written before we closed.
_LINGER_S: Final = 2.0

# Client nets remembered within one second.
_MAX_NETS: Final = 4096


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """Limits of the handshakes of one worker.

    Attributes:
        handshake_s: time for one (``tls_handshake``).
        handshakes_per_second: of one client net (``tls_handshakes``).
    """

    handshake_s: float = 5.0
    handshakes_per_second: int = 20


class Terms(Protocol):
    """What a server makes TLS with, and who counts that.

    Attributes:
        context: certificate and rules.
        options: limits.
        clock: of the reactor.
    """

    context: ssl.SSLContext
    options: TlsOptions
    clock: Clock

    def count(self, limit: str) -> None:
        """Count that a limit was hit."""

    def count_handshake(self, result: str) -> None:
        """Count the end of a handshake: ``full``, ``resumed`` or ``failed``."""


class Inside(Protocol):
    """The protocol that speaks through it; one that is an ``IHandshakeListener`` is told."""

    def makeConnection(self, transport: TlsStream, /) -> None:  # noqa: N802 - Twisted's name
        """Begin."""

    def dataReceived(self, data: bytes, /) -> None:  # noqa: N802 - Twisted's name
        """Take what was decrypted."""

    def readConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """Note that the peer sends no more."""

    def writeConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """Note that the peer reads no more."""

    def connectionLost(self, reason: Failure | None = None, /) -> None:  # noqa: N802 - Twisted's name
        """Note that the connection is gone."""


@implementer(IHalfCloseableProtocol)
class TlsStream(TwistedProtocol):
    """One connection, from its first octet."""

    def __init__(self, factory: Terms, inside: Inside) -> None:
        self._factory = factory
        self._inside = inside
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = factory.context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._timer: Timer | None = None
        self._is_open = False  # the handshake is done
        self._is_closing = False
        self._has_ended = False  # the peer sends no more
        self._control_messages = 0

    # --- what the connection tells ------------------------------------------------

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Give the peer its time."""
        self._timer = self._factory.clock.call_later(
            self._factory.options.handshake_s, self._time_is_up
        )
        self._inside.makeConnection(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Decrypt what there is and pass it on."""
        if self._is_closing:
            return
        self._incoming.write(data)
        try:
            if self._is_open or self._shake_hands():
                self._read()
        except ssl.SSLError:
            self._fail()

    def readConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """Pass on that the peer sends no more; without a handshake that is the end.

        A missing closing alert is no fault: what is spoken inside knows where its
        messages end.
        """
        if self._is_open:
            self._end()
        else:
            self._fail()

    def writeConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """Pass on that the peer reads no more."""
        self._inside.writeConnectionLost()

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: N802 - Twisted's name
        """Pass on that the connection is gone."""
        self._is_closing = True
        self._stop_timer()
        if not self._is_open:
            self._factory.count_handshake("failed")
            self._is_open = True
        self._inside.connectionLost(reason)

    # --- what the protocol inside asks --------------------------------------------

    @property
    def agreed(self) -> tuple[str, str]:
        """Version of TLS and cipher, as OpenSSL names them; empty before they are agreed."""
        cipher = self._tls.cipher()
        return self._tls.version() or "", cipher[0] if cipher else ""

    @property
    def bufferSize(self) -> int:  # noqa: N802 - Twisted's name
        """Octets that are read at once from the kernel."""
        return cast("int", self._tcp.bufferSize)

    @bufferSize.setter
    def bufferSize(self, octets: int) -> None:  # noqa: N802 - Twisted's name
        self._tcp.bufferSize = octets

    def getHost(self) -> IPv4Address | IPv6Address:  # noqa: N802 - Twisted's name
        """Return our own address."""
        return cast("IPv4Address | IPv6Address", self._tcp.getHost())

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: FBT001, N802 - Twisted's name
        """Send small writes at once."""
        self._tcp.setTcpNoDelay(enabled)

    def write(self, octets: bytes) -> None:
        """Encrypt and send; nothing before the handshake is done."""
        if self._is_closing or not self._is_open:
            return
        view = memoryview(octets)
        try:
            while view:
                # One record at a time, as Python has OpenSSL write.
                view = view[self._tls.write(view) :]
        except ssl.SSLError:
            self._fail()
            return
        self._flush()

    def registerProducer(self, producer: object, *, streaming: bool) -> None:  # noqa: N802 - Twisted's name
        """Ask a producer for octets whenever all are sent."""
        self._tcp.registerProducer(producer, streaming=streaming)

    def unregisterProducer(self) -> None:  # noqa: N802 - Twisted's name
        """Ask no more."""
        self._tcp.unregisterProducer()

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Read no more."""
        self._tcp.pauseProducing()

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Read on."""
        self._tcp.resumeProducing()

    def loseConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Say that we close, and close once that is sent or has had its time."""
        if self._is_closing:
            return
        if self._is_open:
            # It says that the peer's own closing alert is not there yet.
            with suppress(ssl.SSLError):
                self._tls.unwrap()
        self._close()

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close at once."""
        self._is_closing = True
        self._stop_timer()
        self._tcp.abortConnection()

    # ------------------------------------------------------------------------------

    @property
    def _tcp(self) -> Any:
        return self.transport

    def _shake_hands(self) -> bool:
        """Go on with the handshake; whether it is done.

        Raises:
            ssl.SSLError: the peer broke a rule, or we agree on nothing.
        """
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        self._is_open = True
        self._stop_timer()
        self._factory.count_handshake("resumed" if self._tls.session_reused else "full")
        self._flush()
        if IHandshakeListener.providedBy(self._inside):
            cast("Any", self._inside).handshakeCompleted()
        return True

    def _read(self) -> None:
        """Pass on all that can be decrypted.

        Raises:
            ssl.SSLError: the peer broke a rule.
        """
        has_read = False
        while not self._is_closing and not self._has_ended:
            try:
                plain = self._tls.read(_READ_OCTETS)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                plain = b""
            if not plain:
                self._end()
                return
            has_read = True
            self._inside.dataReceived(plain)
        self._bound_control_messages(has_read=has_read)

    def _bound_control_messages(self, *, has_read: bool) -> None:
        """Send what TLS itself has to say, and close when it speaks too often."""
        if has_read:
            self._control_messages = 0
        if not self._outgoing.pending:
            return
        self._control_messages += 1
        if self._control_messages > _MAX_CONTROL_MESSAGES:
            self._factory.count("tls_messages")
            self.abortConnection()
            return
        self._flush()

    def _end(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._inside.readConnectionLost()

    def _flush(self) -> None:
        octets = self._outgoing.read()
        if octets:
            self._tcp.write(octets)

    def _fail(self) -> None:
        """Send the alert that says why, and close."""
        if not self._is_closing:
            self._close()

    def _close(self) -> None:
        self._is_closing = True
        self._stop_timer()
        self._flush()
        # Twisted closes when all is sent, which a peer that does not read can prevent.
        self._timer = self._factory.clock.call_later(_LINGER_S, self._tcp.abortConnection)
        self._tcp.loseConnection()

    def _time_is_up(self) -> None:
        self._factory.count("tls_handshake")
        self.abortConnection()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class TlsFactory(Factory):
    """Makes every connection of one kind speak TLS.

    Attributes:
        context: certificate and rules.
        options: limits.
        clock: of the reactor.
    """

    noisy = False

    def __init__(
        self, context: ssl.SSLContext, connections: Connections, options: TlsOptions
    ) -> None:
        self.context = context
        self.options = options
        self.clock = connections.clock
        self._connections = connections
        # Handshakes of each client net within this second.
        self._second = 0
        self._of_net: dict[bytes, int] = {}

    def buildProtocol(self, addr: IAddress | None) -> TlsStream | None:  # noqa: N802 - Twisted's name
        """Take a connection on, or refuse it with ``None``."""
        inside = self._connections.buildProtocol(addr)
        if inside is None:
            return None
        if not self._may_shake_hands(inside.net):
            self.count("tls_handshakes")
            return None
        return TlsStream(self, inside)

    def __len__(self) -> int:
        return len(self._connections)

    def close_idle(self) -> None:
        """Close every connection on which no query waits, before the worker ends."""
        self._connections.close_idle()

    def close_all(self) -> None:
        """Close every connection at once."""
        self._connections.close_all()

    def count(self, limit: str) -> None:
        """Count that a limit was hit."""
        self._connections.responder.row[metrics.limit_slot(limit)] += 1

    def count_handshake(self, result: str) -> None:
        """Count the end of a handshake: ``full``, ``resumed`` or ``failed``."""
        slot = metrics.TLS_HANDSHAKES.slot(self._connections.kind.transport.label, result)
        self._connections.responder.row[slot] += 1

    def _may_shake_hands(self, net: bytes) -> bool:
        second = int(self.clock.now())
        # When the table is full its second ends early: memory is bounded, not the rate.
        if second != self._second or len(self._of_net) >= _MAX_NETS:
            self._second = second
            self._of_net.clear()
        begun = self._of_net.get(net, 0)
        self._of_net[net] = begun + 1
        return begun < self.options.handshakes_per_second
