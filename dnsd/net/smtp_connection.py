"""One connection of SMTP: drives a session over TCP and TLS.

What is said, ``mail.smtp.session`` decides. A connection that we close for a reason is
read on for a moment, so that its client hears the reason instead of a reset.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IHandshakeListener,
    IPushProducer,
)
from twisted.internet.protocol import Protocol
from zope.interface import implementer

from dnsd.mail import reply
from dnsd.mail.smtp import events
from dnsd.mail.smtp.session import Session
from dnsd.mail.smtp.transaction import Client, TlsFacts
from dnsd.net.smtp_answers import Answers
from dnsd.net.tls_stream import TlsStream
from dnsd.observe import metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from dnsd.mail.smtp.events import Event
    from dnsd.net.clock import Timer
    from dnsd.net.smtp_answers import Question
    from dnsd.net.smtp_server import SmtpServer

# How long a client that was told why may still send before the connection is gone.
_LINGER_S: Final = 2.0


@implementer(IHalfCloseableProtocol, IHandshakeListener, IPushProducer)
class SmtpConnection(Protocol):
    """One connection; drives a session over a transport.

    Attributes:
        net: what counts as one client.
    """

    def __init__(self, server: SmtpServer, client: Client, net: bytes) -> None:
        self.net = net
        self._server = server
        self._client = client
        self._answers = Answers(server, client, net)
        self._session: Session | None = None
        self._happened: deque[Event] = deque()
        self._is_draining = False
        self._written: list[bytes] = []
        self._pauses: set[str] = set()  # who wants nothing read
        self._lingering: Timer | None = None
        self._is_encrypted = False
        self._is_lost = False

    # --- what the connection tells ------------------------------------------------------

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Begin; under TLS only when that began."""
        if self._session is not None:
            return  # TLS came between
        if not isinstance(self.transport, TlsStream):
            self._tcp.setTcpNoDelay(True)
            self._tcp.registerProducer(self, streaming=True)
            self._begin()

    def handshakeCompleted(self) -> None:  # noqa: N802 - Twisted's name
        """Begin, or go on, under TLS."""
        self._is_encrypted = True
        facts = TlsFacts(*cast("TlsStream", self.transport).agreed)
        if self._session is None:
            self._tcp.setTcpNoDelay(True)
            self._tcp.registerProducer(self, streaming=True)
            self._client = self._client._replace(tls=facts)
            self._begin()
        else:
            self._take(self._session.tls_started(facts, self._now()))

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Feed the session."""
        if self._session is not None and self._lingering is None:
            self._take(self._session.receive(data, self._now()))

    def readConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """Close: a client that sends no more has said QUIT, or wants nothing."""
        self._tcp.loseConnection()

    def writeConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """Close, unless it is we who write no more."""
        if self._lingering is None:
            self._tcp.abortConnection()

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: ARG002, N802 - Twisted's name
        """Forget the connection, and the message that was not whole."""
        if self._is_lost:
            return
        self._is_lost = True
        self._server.remove(self)
        if self._lingering is not None:
            self._lingering.cancel()
        if self._session is not None:
            self._take(self._session.lost())

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Read nothing from a client that does not read its replies."""
        self._pause("output")

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Read on."""
        self._resume("output")

    def stopProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Do nothing: the connection is lost, and connectionLost is called too."""

    # --- what the server asks --------------------------------------------------------------

    def look_at_time(self, now: float) -> None:
        """Do what is due."""
        if self._session is not None:
            self._session.is_stressed = self._server.clients.are_many
            self._take(self._session.deadline_passed(now))

    def shut_down(self) -> None:
        """Say that we go."""
        if self._session is not None:
            self._take(self._session.shut_down(self._now()))

    def abort(self) -> None:
        """Close at once."""
        self._tcp.abortConnection()

    # ---------------------------------------------------------------------------------------

    @property
    def _tcp(self) -> Any:
        return self.transport

    def _now(self) -> float:
        return self._server.clock.now()

    def _begin(self) -> None:
        self._session = Session(self._server.listener.session, self._client, self._now())
        self._server.add(self)
        self.look_at_time(self._now())

    def _take(self, happened: list[Event]) -> None:
        """Act on events in their order, also on those that acting brings."""
        self._happened += happened
        if self._is_draining:
            return
        self._is_draining = True
        while self._happened:
            event = self._happened.popleft()
            act = self._ACTS.get(type(event))
            if act is not None:
                act(self, event)
            else:
                self._ask(cast("Question", event))
        self._is_draining = False
        self._write()

    def _write(self) -> None:
        if self._written:
            self._tcp.write(b"".join(self._written))
            self._written.clear()

    def _ask(self, question: Question) -> None:
        Deferred.fromCoroutine(self._answer(question)).addErrback(self._fail)

    async def _answer(self, question: Question) -> None:
        """Have a question answered, and tell the session."""
        said, account = await self._answers.answer(question)
        session, now = self._session, self._server.clock.now()
        assert session is not None
        match question:
            case events.CheckSender():
                happened = session.sender(said, now)
            case events.CheckRecipient():
                happened = session.recipient(said, now)
            case events.Authenticate():
                happened = session.authenticated(account, now, said)
            case events.MessageBegins():
                happened = session.begun(said, now)
            case events.MessageEnds():
                happened = session.ended(said or reply.LOCAL_ERROR, now)
        self._take(happened)

    def _fail(self, failure: Failure) -> None:
        self._server.log.fault("smtp", cast("BaseException", failure.value))
        self.abort()

    # --- events ---------------------------------------------------------------------------

    def _send(self, event: events.Send) -> None:
        self._written.append(event.octets)

    def _keep(self, event: events.MessageOctets) -> None:
        refusal = self._answers.keep(event.octets)
        if refusal is not None:
            assert self._session is not None
            self._take(self._session.refuse(refusal, self._now()))

    def _forget(self, _event: events.MessageAborted) -> None:
        self._answers.forget()

    def _start_tls(self, _event: events.StartTls) -> None:
        """Put TLS between the connection and ourselves."""
        self._write()
        if not self._server.may_shake_hands(self.net):
            self.abort()
            return
        tcp = self._tcp
        tcp.protocol = TlsStream(self._server, self)
        tcp.protocol.makeConnection(tcp)

    def _close(self, event: events.Close) -> None:
        self._write()
        if self._is_lost:
            return
        if event.limit:
            self._server.count(event.limit)
            self._lingering = self._server.clock.call_later(_LINGER_S, self.abort)
            if not self._is_encrypted:
                self._tcp.loseWriteConnection()
            self._resume(*self._pauses)
        else:
            self._tcp.loseConnection()

    def _pause_session(self, _event: events.Pause) -> None:
        self._pause("session")

    def _resume_session(self, _event: events.Resume) -> None:
        self._resume("session")

    def _count(self, event: events.Replied) -> None:
        verb = event.verb if event.verb in metrics.MAIL_COMMANDS else "other"
        self._server.row[_REPLIES[verb, event.said.code // 100]] += 1
        if event.said in _LIMITS:
            self._server.count(_LIMITS[event.said])

    def _pause(self, who: str) -> None:
        if not self._pauses:
            self._tcp.pauseProducing()
        self._pauses.add(who)

    def _resume(self, *whose: str) -> None:
        before = bool(self._pauses)
        self._pauses.difference_update(whose)
        if before and not self._pauses:
            self._tcp.resumeProducing()

    #: What each event has us do; all others are questions.
    _ACTS: ClassVar[dict[type, Callable[[SmtpConnection, Any], None]]] = {
        events.Send: _send,
        events.MessageOctets: _keep,
        events.MessageAborted: _forget,
        events.StartTls: _start_tls,
        events.Close: _close,
        events.Replied: _count,
        events.Pause: _pause_session,
        events.Resume: _resume_session,
    }


# Limits that close nothing.
_LIMITS: Final = {reply.TOO_LARGE: "message_size", reply.TOO_MANY_RECIPIENTS: "recipients"}
_REPLIES: Final = {
    (verb, first): metrics.MAIL_REPLIES.slot(verb, group)
    for verb in metrics.MAIL_COMMANDS
    for first, group in ((2, "done"), (3, "done"), (4, "deferred"), (5, "refused"))
}
