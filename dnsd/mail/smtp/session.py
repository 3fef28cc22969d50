"""One client's conversation over SMTP, without a socket: octets in, events out.

Here is whose turn it is; what is said means something in ``conversation``::

    receive ─► lines ─► conversation ─► reply ─────────────► Send
                 ▲           └► question ─► … ─► answer ┘
                 └ waits while a question is open, a reply is held back, or all is over

- while a question waits for its answer, commands that came behind wait unread; above a
  bound the one who holds the connection is asked to read no more;
- a client that speaks before it may (before the greeting, behind a command that ends a
  group, RFC 2920 §3.1) is closed: what it sent was not meant for the state we are in;
- nothing that came before TLS is read after it (RFC 3207 §4.2);
- every wait for the client has an end, every wait for ourselves has none here.

Times are monotonic seconds. The first ``deadline_passed`` greets.

Source: RFC 5321 §4, RFC 2920, RFC 3207; limits in ``options``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.mail import reply
from dnsd.mail.reply import Reply
from dnsd.mail.smtp.conversation import Conversation
from dnsd.mail.smtp.events import (
    Authenticate,
    CheckRecipient,
    CheckSender,
    Close,
    MessageAborted,
    MessageBegins,
    Pause,
    Replied,
    Resume,
    Send,
    StartTls,
)
from dnsd.mail.smtp.grammar import SyntaxFault, parse_command, parse_text
from dnsd.mail.smtp.lines import Lines, TooLong
from dnsd.mail.smtp.options import AUTH_LINE_OCTETS, COMMAND_LINE_OCTETS
from dnsd.mail.smtp.strikes import Strikes
from dnsd.mail.smtp.transfer import Transfer

if TYPE_CHECKING:
    from dnsd.mail.smtp.conversation import Question
    from dnsd.mail.smtp.events import Event
    from dnsd.mail.smtp.options import SessionOptions
    from dnsd.mail.smtp.transaction import Client, TlsFacts

# Octets that may wait behind a question.
_WAITING_OCTETS: Final = 65536

# Only the last of a group (RFC 2920 §3.1; RFC 4954 §4).
_ENDS_GROUP: Final = frozenset({"EHLO", "HELO", "DATA", "AUTH", "VRFY", "EXPN", "NOOP", "HELP"})
# Requests of other protocols that somebody's browser was made to send, and the one
# command whose argument would be read as commands where it is unknown.
_FOREIGN: Final = frozenset({"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "BDAT"})


class Session:
    """The state of one connection.

    Attributes:
        is_stressed: most connections are taken; times are short then.
    """

    def __init__(self, options: SessionOptions, client: Client, now: float) -> None:
        """Begin.

        Args:
            options: of the listener.
            client: who is connected.
            now: monotonic seconds.
        """
        self.is_stressed = False
        self._options = options
        self._is_strict = options.refuses_early_talkers
        self._client = client
        self._conversation = Conversation(options, client)
        self._strikes = Strikes(options.limits)
        self._lines = Lines()
        self._transfer: Transfer | None = None
        self._events: list[Event] = []
        self._replies: list[bytes] = []
        self._question: Question | None = None
        self._verb = ""  # of the command whose reply is open
        self._has_greeted = False
        self._has_closed = False
        self._is_going_down = False
        self._is_paused = False
        self._is_keeping = False  # a whole message waits for its reply
        self._held_until: float | None = None
        self._now = now
        self._turn_began = now + options.limits.greeting_delay_s

    # --- what the client does ------------------------------------------------------------

    def receive(self, octets: bytes, now: float) -> list[Event]:
        """Take octets as they came."""
        self._now = now
        if self._has_closed or not octets:
            return []
        if isinstance(self._question, StartTls):
            return self._closed(reply.INJECTION, "smtp_injection")
        if self._is_early:
            return self._closed(reply.EARLY_TALKER, "smtp_early")
        self._lines.feed(octets)
        return self._go_on()

    def lost(self) -> list[Event]:
        """Note that the connection is gone."""
        self._has_closed = True
        return [*self._transfer.abort()] if self._transfer else []

    # --- time ---------------------------------------------------------------------------

    def deadline(self) -> float | None:
        """Return when ``deadline_passed`` is to be called; ``None`` for no time."""
        if self._has_closed or self._question is not None or self._is_keeping:
            return None
        if not self._has_greeted:
            return self._turn_began
        if self._held_until is not None:
            return self._held_until
        if self._transfer is not None:
            return self._transfer.deadline(is_stressed=self.is_stressed)
        limits = self._options.limits
        return self._turn_began + (
            limits.stress_command_s if self.is_stressed else limits.command_s
        )

    def deadline_passed(self, now: float) -> list[Event]:
        """Do what is due by now."""
        due_at = self.deadline()
        if due_at is None or now < due_at:
            return []
        self._now = now
        if not self._has_greeted:
            self._has_greeted = True
            self._replies.append(reply.greeting(self._options.hostname).octets())
            self._turn_began = now
        elif self._held_until is not None:
            self._held_until = None
        elif self._transfer is None:
            return self._closed(reply.TOO_SLOW, "smtp_time")
        elif self._transfer.is_slow(now, is_stressed=self.is_stressed):
            return self._closed(reply.TOO_SLOW, "smtp_rate")
        return self._go_on()

    def shut_down(self, now: float) -> list[Event]:
        """Say that we go down; first the reply to a message that is being kept."""
        self._now = now
        if self._is_keeping:
            self._is_going_down = True
            return []
        return self._closed(reply.SHUTTING_DOWN, "")

    # --- answers -------------------------------------------------------------------------

    def tls_started(self, tls: TlsFacts, now: float) -> list[Event]:
        """Go on under TLS."""
        self._now = now
        if self._answered() is not None:
            self._lines = Lines()
            self._conversation.tls_started(tls)
        return self._go_on()

    def authenticated(
        self, account: str | None, now: float, refusal: Reply | None = None
    ) -> list[Event]:
        """Say who the client is.

        Args:
            account: ``None`` if it could not prove it, or nobody could look.
            now: monotonic seconds.
            refusal: why nobody could look.
        """
        self._now = now
        if self._answered() is not None:
            self._reply(self._conversation.authenticated(account, refusal))
        return self._go_on()

    def sender(self, verdict: Reply | None, now: float) -> list[Event]:
        """Say whether the sender may send; ``None`` if so."""
        self._now = now
        question = self._answered()
        if isinstance(question, CheckSender):
            self._reply(self._conversation.sender(question, verdict))
        return self._go_on()

    def recipient(self, verdict: Reply | None, now: float) -> list[Event]:
        """Say whether the recipient may be added; ``None`` if so."""
        self._now = now
        question = self._answered()
        if isinstance(question, CheckRecipient):
            self._reply(self._conversation.recipient(question, verdict))
        return self._go_on()

    def begun(self, refusal: Reply | None, now: float) -> list[Event]:
        """Say whether the message may come; ``None`` if so."""
        self._now = now
        if self._answered() is None:
            # The client went away meanwhile.
            return [MessageAborted()] if refusal is None else []
        if refusal is not None:
            self._conversation.reset()
            self._reply(refusal)
            return self._go_on()
        normalizes = self._client.may_send_lone_line_ends
        self._transfer = Transfer(self._options.limits, now, normalizes=normalizes)
        self._reply(reply.GO_AHEAD)
        return self._go_on()

    def refuse(self, refusal: Reply, now: float) -> list[Event]:
        """Refuse the message that is coming, once it is here."""
        self._now = now
        if self._transfer is not None:
            self._transfer.refuse(refusal)
        return self._go_on()

    def ended(self, said: Reply, now: float) -> list[Event]:
        """Say what became of the message."""
        self._now = now
        if self._is_keeping and not self._has_closed:
            self._conversation.reset()
            self._reply(said)
            if self._is_going_down:
                return self._closed(reply.SHUTTING_DOWN, "")
        self._is_keeping = False
        return self._go_on()

    # ------------------------------------------------------------------------------------

    @property
    def _is_early(self) -> bool:
        """Whether nobody may speak now, whatever is said."""
        may_not = not self._has_greeted or isinstance(self._question, Authenticate | MessageBegins)
        return self._is_strict and may_not

    def _answered(self) -> Question | None:
        """Return the question that was open; ``None`` if the client went away."""
        question, self._question = self._question, None
        return None if self._has_closed else question

    def _go_on(self) -> list[Event]:
        """Read what waits, as far as that goes."""
        while self._may_read:
            if self._transfer is not None:
                if not len(self._lines):
                    break
                self._read(self._transfer)
            else:
                line = self._lines.take_line(AUTH_LINE_OCTETS)
                if line is None:
                    break
                self._take(line)
        self._flush()
        self._pace()
        events, self._events = self._events, []
        return events

    @property
    def _may_read(self) -> bool:
        return (
            self._question is None
            and not self._is_keeping
            and self._held_until is None
            and self._has_greeted
            and not self._has_closed
        )

    # --- commands -----------------------------------------------------------------------

    def _take(self, line: bytes | TooLong) -> None:
        """Take one line."""
        self._verb = "other"
        if isinstance(line, TooLong):
            self._refuse_line(reply.LINE_TOO_LONG)
            return
        try:
            text = parse_text(line)
            if self._conversation.exchange is None:
                self._take_command(text, len(line))
            else:
                self._verb = "AUTH"
                self._follow(self._conversation.take_authentication(text))
        except SyntaxFault as fault:
            self._refuse_line(fault.reply)

    def _refuse_line(self, said: Reply) -> None:
        """Refuse a line, and the authentication that it may have belonged to."""
        self._conversation.exchange = None
        self._reply(said)

    def _take_command(self, text: str, octets: int) -> None:
        command = parse_command(text)
        verb = command.verb
        if verb in Conversation.COMMANDS:
            self._verb = verb
        if octets > COMMAND_LINE_OCTETS and verb != "AUTH":
            self._reply(reply.LINE_TOO_LONG)
        elif verb in _FOREIGN:
            self._close(reply.NO_SMTP, "smtp_foreign")
        elif len(self._lines) and verb == "STARTTLS":
            self._close(reply.INJECTION, "smtp_injection")
        elif len(self._lines) and self._must_wait_after(verb):
            self._close(reply.EARLY_TALKER, "smtp_early")
        else:
            self._follow(self._conversation.take(command))

    def _must_wait_after(self, verb: str) -> bool:
        """Whether the reply to a command must be read before the next one is sent."""
        may_group = self._conversation.is_extended and verb not in _ENDS_GROUP
        return self._is_strict and not may_group and verb != "QUIT"

    def _follow(self, step: Reply | Question) -> None:
        """Send a reply, or ask what it depends on."""
        if isinstance(step, Reply):
            self._reply(step)
            return
        if isinstance(step, StartTls):
            self._say(reply.READY_FOR_TLS)
        elif isinstance(step, Authenticate) and len(self._lines) and self._is_strict:
            self._close(reply.EARLY_TALKER, "smtp_early")
            return
        self._flush()
        self._question = step
        self._events.append(step)

    def _reply(self, said: Reply) -> None:
        """Reply to the command that is open, unless it is one too many."""
        strike = self._strikes.count(self._verb, said, is_stressed=self.is_stressed)
        if strike.closing is not None:
            self._close(strike.closing, strike.limit)
            return
        self._say(said)
        self._turn_began = self._now
        if said is reply.GOODBYE:
            self._end("")
        elif strike.delay_s:
            self._held_until = self._now + strike.delay_s

    def _say(self, said: Reply) -> None:
        self._replies.append(said.octets())
        self._events.append(Replied(self._verb or "other", said))

    def _read(self, transfer: Transfer) -> None:
        """Read on in the message."""
        events, rest = transfer.read(self._lines.take_all())
        self._events += events
        self._verb = "DATA"
        if transfer.closing_limit:
            self._close(transfer.fault or reply.TOO_LARGE, transfer.closing_limit)
        elif transfer.has_ended:
            self._transfer = None
            self._lines.feed(rest)
            if transfer.fault is not None:
                self._conversation.reset()
                self._reply(transfer.fault)
            else:
                self._is_keeping = True

    # --- the end ----------------------------------------------------------------------------

    def _closed(self, said: Reply, limit: str) -> list[Event]:
        """Close, from outside of a turn."""
        if not self._has_closed:
            self._close(said, limit)
        events, self._events = self._events, []
        return events

    def _close(self, said: Reply, limit: str) -> None:
        """Say why, and close."""
        self._say(said)
        self._end(limit)

    def _end(self, limit: str) -> None:
        self._held_until = None
        self._flush()
        self._has_closed = True
        if self._transfer is not None:
            self._events += self._transfer.abort()
        self._events.append(Close(limit))

    # --- pace --------------------------------------------------------------------------------

    def _flush(self) -> None:
        if self._replies and self._held_until is None:
            self._events.append(Send(b"".join(self._replies)))
            self._replies.clear()

    def _pace(self) -> None:
        """Have reading stopped while enough waits here."""
        must_pause = len(self._lines) > _WAITING_OCTETS and not self._has_closed
        if must_pause != self._is_paused:
            self._is_paused = must_pause
            self._events.append(Pause() if must_pause else Resume())
