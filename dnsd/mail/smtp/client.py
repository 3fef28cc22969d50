"""The sending end of SMTP as a session: octets and messages in, events out.

One connection, message after message::

    GREETING ─► EHLO ─► [STARTTLS ─► TLS ─► EHLO] ─► READY ─► ENVELOPE ─► CONTENT ─► DONE ─┐
                                                       ▲                                    │
                                                       └────────────────────────────────────┘
    QUIT from READY; CLOSED from everywhere

Invariants: nothing that was received before a handshake counts after it (RFC 3207
§4.2); a recipient is Delivered only by a positive reply to the end of the message;
every recipient gets exactly one result. When the connection breaks after the end of
the message was sent, the server may have it: the recipients are deferred and no other
host is asked.

Source: RFC 5321, RFC 2920 (pipelining), RFC 1870 (SIZE), RFC 6152 (8BITMIME), RFC 6531
(SMTPUTF8), RFC 3207 (STARTTLS), RFC 3463. A message is not converted for a host that
lacks 8BITMIME, because its signatures would break: it fails with 5.6.3.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from dnsd.mail.reasons import ReasonClass
from dnsd.mail.smtp.client_events import (
    Closed,
    Event,
    Finished,
    Ready,
    Send,
    SendContent,
    StartTls,
    TlsUse,
)
from dnsd.mail.smtp.reply_reader import ReplyError, ReplyReader, ServerReply
from dnsd.mail.smtp.sending import Sending, Step
from dnsd.mail.smtp.stuffing import BareLineEnd
from dnsd.mail.stores import StoreFailed

if TYPE_CHECKING:
    from dnsd.mail.smtp.client_events import ClientOptions, Mail

_NEVER: Final = float("inf")


class State(enum.Enum):
    """Where the conversation is."""

    GREETING = "greeting"
    EHLO = "EHLO"
    HELO = "HELO"
    STARTTLS = "STARTTLS"
    TLS = "TLS handshake"
    READY = "ready"
    ENVELOPE = "envelope"
    CONTENT = "message"
    DONE = "end of the message"
    QUIT = "QUIT"
    CLOSED = "closed"


class Client:
    """One connection to a server, without the connection.

    Attributes:
        state: where the conversation is.
        extensions: keyword in upper case → parameters, of the last EHLO.
        messages: that were begun.
        encrypted: TLS is on.
    """

    def __init__(self, options: ClientOptions, now: float) -> None:
        """Begin: the server speaks first.

        Args:
            options: what the conversation goes by.
            now: monotonic seconds.
        """
        self.state = State.GREETING
        self.extensions: dict[str, str] = {}
        self.messages = 0
        self.encrypted = False
        self._options = options
        self._reader = ReplyReader()
        self._now = now
        self._deadline = now + options.timeouts.greeting_s
        self._envelope_deadline = _NEVER
        self._events: list[Event] = []
        self._needs_reset = False
        self._sending: Sending | None = None

    # --- what the driver calls ------------------------------------------------------

    def receive(self, octets: bytes, now: float) -> list[Event]:
        """Take octets as the server sent them, decrypted."""
        self._now = now
        if self.is_closed:
            return []
        self._reader.receive(octets)
        try:
            while reply := self._reader.next_reply():
                self._take(reply)
        except ReplyError as error:
            self._break(ReasonClass.REMOTE_TEMPORARY, f"{self._host} sent {error}")
        return self._drain()

    def begin(self, mail: Mail, now: float) -> list[Event]:
        """Send a message; allowed when READY."""
        assert self.state is State.READY
        self._now = now
        self.messages += 1
        sending = self._sending = Sending(mail, self.extensions, self._host)
        unfit = sending.unfit()
        if unfit is not None:
            sending.settle(unfit)
            self._finish()
            return self._drain()
        self.state = State.ENVELOPE
        self._envelope_deadline = now + self._options.timeouts.envelope_s
        self._say(sending.first_commands(reset=self._needs_reset))
        self._needs_reset = True
        return self._drain()

    def content_octets(self, now: float) -> bytes:
        """Return the next octets of the message, its end included; empty after it.

        A message that cannot be read or sent ends the conversation: see the events that
        :meth:`lost` then returns.
        """
        self._now = now
        if self.state is not State.CONTENT:
            return b""
        assert self._sending is not None
        timeouts = self._options.timeouts
        try:
            octets, is_end = self._sending.next_piece()
        except (BareLineEnd, StoreFailed) as error:
            # The message has begun: only without an end it is no message.
            self._sending.spoiled(error)
            self._break(ReasonClass.LOCAL_STORE, str(error))
            return b""
        if is_end:
            self.state = State.DONE
        self._deadline = now + (timeouts.done_s if is_end else timeouts.data_s)
        return octets

    def tls_started(self, now: float) -> list[Event]:
        """Note that the handshake is done and the server is who it has to be."""
        self._now = now
        self.encrypted = True
        self.extensions = {}
        self._ehlo()
        return self._drain()

    def tls_failed(self, text: str, now: float) -> list[Event]:
        """Note that it is not, or the handshake failed."""
        self._now = now
        self._break(ReasonClass.TLS, f"{self._host}: {text}")
        return self._drain()

    def quit(self, now: float) -> list[Event]:
        """Take leave; allowed when READY."""
        assert self.state is State.READY
        self._now = now
        self.state = State.QUIT
        self._say(b"QUIT\r\n")
        self._deadline = now + self._options.timeouts.quit_s
        return self._drain()

    def deadline(self) -> float:
        """Return monotonic seconds at which to call :meth:`deadline_passed`."""
        if self.state is State.ENVELOPE:
            return min(self._deadline, self._envelope_deadline)
        return self._deadline

    def deadline_passed(self, now: float) -> list[Event]:
        """Give up waiting for the server."""
        self._now = now
        text = f"{self._host}: no answer in time ({self.state.value})"
        self._break(ReasonClass.TIMEOUT, text)
        return self._drain()

    def lost(self, now: float) -> list[Event]:
        """Note that the connection is gone; also fetches what a broken message left."""
        self._now = now
        text = f"{self._host} closed the connection ({self.state.value})"
        self._break(ReasonClass.CONNECT, text)
        return self._drain()

    @property
    def is_closed(self) -> bool:
        """Whether the conversation is over."""
        return self.state is State.CLOSED

    # --- what the server says ---------------------------------------------------------

    @property
    def _host(self) -> str:
        return self._options.host

    def _take(self, reply: ServerReply) -> None:
        """Take one reply where the conversation is."""
        state = self.state
        if state is State.ENVELOPE:
            self._take_envelope(reply)
        elif state is State.DONE:
            self._take_done(reply)
        elif state is State.GREETING:
            if reply.code == 220:
                self._ehlo()
            else:
                self._break(ReasonClass.REFUSED, f"{self._host} said: {reply}")
        elif state in (State.EHLO, State.HELO):
            self._take_ehlo(reply)
        elif state is State.STARTTLS:
            self._take_starttls(reply)
        else:
            self._take_unasked(reply)

    def _take_unasked(self, reply: ServerReply) -> None:
        """Take a reply where none moves the conversation on."""
        state = self.state
        if state is State.QUIT:
            self._close(Closed(None))
        elif state is State.CONTENT:
            # The server does not wait for the end of the message.
            assert self._sending is not None
            self._sending.refuse_all(reply)
            self._break(ReasonClass.REMOTE_TEMPORARY, f"{self._host} said: {reply}")
        elif state is not State.CLOSED:
            self._break(ReasonClass.REMOTE_TEMPORARY, f"{self._host} said unasked: {reply}")

    def _ehlo(self) -> None:
        self.state = State.EHLO
        self._say(f"EHLO {self._options.hostname}\r\n".encode("ascii"))
        self._deadline = self._now + self._options.timeouts.helo_s

    def _take_ehlo(self, reply: ServerReply) -> None:
        if reply.code != 250:
            # RFC 5321 §3.2: a server that knows no EHLO is greeted with HELO.
            if self.state is State.EHLO and reply.is_permanent and not self._must_encrypt:
                self.state = State.HELO
                self._say(f"HELO {self._options.hostname}\r\n".encode("ascii"))
                return
            self._break(ReasonClass.REFUSED, f"{self._host} said: {reply}")
            return
        first, *lines = reply.lines
        if first.partition(" ")[0].lower() == self._options.hostname:
            text = f"{self._host} calls itself {self._options.hostname}, as we do"
            self._break(ReasonClass.LOOP, text, permanent=True)
            return
        words = [line.upper().partition(" ") for line in lines] if self.state is State.EHLO else []
        self.extensions = {keyword: parameters for keyword, _, parameters in words}
        if self.encrypted or self._options.tls is TlsUse.NEVER:
            self._ready()
        elif "STARTTLS" in self.extensions:
            self.state = State.STARTTLS
            self._say(b"STARTTLS\r\n")
        elif self._must_encrypt:
            self._break(ReasonClass.TLS, f"{self._host} offers no TLS, which it must use")
        else:
            self._ready()

    def _take_starttls(self, reply: ServerReply) -> None:
        if reply.code == 220:
            # What stands behind the reply was not said under TLS.
            self._reader.forget()
            self.state = State.TLS
            self._deadline = self._now + self._options.timeouts.helo_s
            self._events.append(StartTls())
        elif self._must_encrypt or reply.code == 421:
            self._break(ReasonClass.TLS, f"{self._host} said to STARTTLS: {reply}")
        else:
            self._ready()

    @property
    def _must_encrypt(self) -> bool:
        return self.encrypted or self._options.tls is TlsUse.ALWAYS

    def _ready(self) -> None:
        self.state = State.READY
        self._deadline = _NEVER
        self._events.append(Ready())

    # --- one message --------------------------------------------------------------------

    def _take_envelope(self, reply: ServerReply) -> None:
        sending = self._sending
        assert sending is not None
        if reply.code == 421:
            self._break(ReasonClass.REMOTE_TEMPORARY, f"{self._host} said: {reply}")
            return
        timeouts = self._options.timeouts
        step = sending.take(reply)
        if step is Step.OVER:
            self._finish()
        elif step is Step.CONTENT:
            self.state = State.CONTENT
            self._deadline = self._now + timeouts.data_s
            self._events.append(SendContent())
        elif step is Step.EMPTY:
            # RFC 2920 §3.1: it refused every recipient and yet waits for a message.
            self.state = State.DONE
            self._say(b".\r\n")
            self._deadline = self._now + timeouts.done_s
        else:
            if step is Step.SAY:
                self._say(sending.next_command())
            wait = timeouts.data_init_s if sending.awaits_go_ahead else timeouts.command_s
            self._deadline = self._now + wait

    def _take_done(self, reply: ServerReply) -> None:
        assert self._sending is not None
        if reply.code // 100 == 2:
            self._sending.accepted(reply)
        else:
            self._sending.refuse_all(reply)
        # RFC 5321 §4.1.1.4: the end of the message clears the transaction.
        self._needs_reset = False
        if reply.code == 421:
            self._break(ReasonClass.REMOTE_TEMPORARY, f"{self._host} said: {reply}")
        else:
            self._finish()

    def _finish(self) -> None:
        """End a message of which every recipient has a result."""
        self._report()
        self._ready()

    def _report(self) -> None:
        assert self._sending is not None
        results = tuple([result for result in self._sending.results if result is not None])
        self._events.append(Finished(results, frozenset(self._sending.elsewhere)))
        self._sending = None

    # --- ends -----------------------------------------------------------------------------

    def _break(self, reason: ReasonClass, text: str, *, permanent: bool = False) -> None:
        """End the conversation before its time."""
        if self.state is State.CLOSED:
            return
        if self._sending is not None:
            self._sending.broken(reason, text, uncertain=self.state is State.DONE)
            self._report()
        self._close(Closed(reason, text, permanent))

    def _close(self, closed: Closed) -> None:
        self.state = State.CLOSED
        self._deadline = _NEVER
        self._events.append(closed)

    def _say(self, octets: bytes) -> None:
        self._deadline = self._now + self._options.timeouts.command_s
        self._events.append(Send(octets))

    def _drain(self) -> list[Event]:
        events, self._events = self._events, []
        return events
