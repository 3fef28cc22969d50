"""What commands mean, one after the other, whatever way they came.

States, and the commands that lead from one to the next::

    nothing said ── EHLO, HELO ──► greeted ── MAIL ──► sender ── RCPT ──► recipients
         ▲                          │   ▲                                     │
         └─── TLS began ────────────┘   └── RSET, EHLO, the end of a message ─┴─ DATA

- TLS and authentication stand beside these; when TLS begins, all is forgotten that was
  said before (RFC 3207 §4.2);
- what depends on others (is there such a recipient?) is a question, and nothing has
  changed until its answer.

Source: RFC 5321 §3 and §4, RFC 3207, RFC 4954, RFC 6409 §4.3 and §5.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from dnsd.mail import reply
from dnsd.mail.address import AddressError, parse_domain
from dnsd.mail.smtp.events import (
    Authenticate,
    CheckRecipient,
    CheckSender,
    MessageBegins,
    StartTls,
)
from dnsd.mail.smtp.grammar import SyntaxFault, parse_mail, parse_recipient
from dnsd.mail.smtp.sasl import MECHANISMS, Exchange
from dnsd.mail.smtp.transaction import TlsFacts, Transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.mail.reply import Reply
    from dnsd.mail.smtp.grammar import Command
    from dnsd.mail.smtp.options import SessionOptions
    from dnsd.mail.smtp.transaction import Client

Question = StartTls | Authenticate | CheckSender | CheckRecipient | MessageBegins


class Conversation:
    """What was said on one connection, and what it means.

    Attributes:
        is_extended: whether the client said EHLO, and so may send in groups.
        exchange: an authentication that waits for the client's next line.
        transaction: the mail that was begun.
    """

    def __init__(self, options: SessionOptions, client: Client) -> None:
        """Begin.

        Args:
            options: of the listener.
            client: who is connected.
        """
        self.is_extended = False
        self.exchange: Exchange | None = None
        self.transaction: Transaction | None = None
        self._options = options
        self._address = client.address
        self._standing = client.standing
        self._tls = client.tls
        self._helo = ""
        self._account: str | None = None
        self._has_tried_recipients = False

    def take(self, command: Command) -> Reply | Question:
        """Take a command.

        Returns:
            The reply, or a question on which the reply depends.
        """
        take = self.COMMANDS.get(command.verb)
        if take is None:
            return reply.UNKNOWN_COMMAND
        try:
            return take(self, command.argument)
        except SyntaxFault as fault:
            return fault.reply

    def take_authentication(self, line: str) -> Reply | Authenticate:
        """Take the next line of an authentication."""
        assert self.exchange is not None
        return self._continued(self.exchange, self.exchange.take(line))

    def reset(self) -> None:
        """Forget the mail that was begun."""
        self.transaction = None
        self._has_tried_recipients = False

    # --- answers to questions ---------------------------------------------------------

    def tls_started(self, tls: TlsFacts) -> None:
        """Forget all that was said in the clear."""
        self.reset()
        self._tls = tls
        self._helo = ""
        self.is_extended = False
        self._account = None

    def authenticated(self, account: str | None, refusal: Reply | None) -> Reply:
        """Note who the client is; ``None`` if it could not prove it."""
        if account is None:
            return refusal or reply.CREDENTIALS_INVALID
        self._account = account
        return reply.AUTHENTICATED

    def sender(self, question: CheckSender, verdict: Reply | None) -> Reply:
        """Begin a mail, unless there is a reason not to."""
        if verdict is None:
            self.transaction = question.transaction
        return verdict or reply.SENDER_OK

    def recipient(self, question: CheckRecipient, verdict: Reply | None) -> Reply:
        """Add a recipient, unless there is a reason not to."""
        if verdict is None:
            question.transaction.recipients.append(question.mailbox)
        return verdict or reply.RECIPIENT_OK

    # --- commands -----------------------------------------------------------------------

    def _ehlo(self, argument: str) -> Reply:
        said = self._greeted(argument, is_extended=True)
        return said or reply.ehlo(self._options.hostname, self._extensions())

    def _plain_helo(self, argument: str) -> Reply:
        return self._greeted(argument, is_extended=False) or reply.helo(self._options.hostname)

    def _greeted(self, argument: str, *, is_extended: bool) -> Reply | None:
        try:
            helo = parse_domain(argument)
        except AddressError:
            return reply.BAD_HELO
        self.reset()
        self._helo = helo
        self.is_extended = is_extended
        return None

    def _extensions(self) -> tuple[str, ...]:
        extensions = [
            "PIPELINING",
            f"SIZE {self._options.limits.message_octets}",
            "8BITMIME",
            "ENHANCEDSTATUSCODES",
            "SMTPUTF8",
        ]
        if self._options.offers_tls and self._tls is None:
            extensions.append("STARTTLS")
        if self._options.offers_authentication and self._is_private:
            extensions.append(" ".join(("AUTH", *MECHANISMS)))
        return tuple(extensions)

    @property
    def _is_private(self) -> bool:
        """Whether a password may be sent."""
        return self._tls is not None or self._standing.may_log_in_plainly

    def _starttls(self, argument: str) -> Reply | StartTls:
        if argument:
            return reply.BAD_ARGUMENT
        if self._tls is not None:
            return reply.ALREADY_TLS
        return StartTls() if self._options.offers_tls else reply.NOT_IMPLEMENTED

    def _auth(self, argument: str) -> Reply | Authenticate:
        mechanism, _, initial = argument.partition(" ")
        mechanism = mechanism.upper()
        refusal = self._may_not_authenticate()
        if refusal is not None:
            return refusal
        if mechanism not in MECHANISMS:
            return reply.UNKNOWN_MECHANISM if mechanism else reply.BAD_ARGUMENT
        exchange = Exchange(mechanism)
        return self._continued(exchange, exchange.begin(initial))

    def _may_not_authenticate(self) -> Reply | None:
        if not self._options.offers_authentication:
            return reply.NOT_IMPLEMENTED
        if not self.is_extended:
            return reply.HELO_FIRST
        if not self._is_private:
            return reply.ENCRYPTION_REQUIRED
        if self._account is not None:
            return reply.ALREADY_AUTHENTICATED
        return reply.NOT_DURING_MAIL if self.transaction else None

    def _continued(self, exchange: Exchange, step: Reply | Authenticate) -> Reply | Authenticate:
        goes_on = not isinstance(step, Authenticate) and step.code == 334
        self.exchange = exchange if goes_on else None
        return step

    def _mail(self, argument: str) -> Reply | CheckSender:
        if not self._helo:
            return reply.HELO_FIRST
        if self.transaction is not None:
            return reply.ALREADY_MAIL
        if self._options.is_submission:
            if not self._is_private:
                return reply.TLS_REQUIRED
            if self._account is None and not self._standing.is_listed:
                return reply.AUTHENTICATION_REQUIRED
        said = parse_mail(argument)
        if (said.declared_octets or 0) > self._options.limits.message_octets:
            return reply.TOO_LARGE
        standing = self._standing
        if self._account is not None:
            standing = replace(standing, account=self._account)
        return CheckSender(
            Transaction(
                self._address,
                standing,
                self._helo,
                self.is_extended,
                self._tls,
                said.sender,
                said.body,
                said.utf8,
                said.declared_octets,
            )
        )

    def _rcpt(self, argument: str) -> Reply | CheckRecipient:
        if self.transaction is None:
            return reply.MAIL_FIRST
        self._has_tried_recipients = True
        mailbox = parse_recipient(argument, self._options.hostname, utf8=self.transaction.utf8)
        if mailbox in self.transaction.recipients:
            return reply.RECIPIENT_OK
        if len(self.transaction.recipients) >= self._options.limits.recipients:
            return reply.TOO_MANY_RECIPIENTS
        return CheckRecipient(self.transaction, mailbox)

    def _message(self, argument: str) -> Reply | MessageBegins:
        if argument:
            return reply.BAD_ARGUMENT
        if self.transaction is None:
            return reply.MAIL_FIRST
        if not self.transaction.recipients:
            tried = self._has_tried_recipients
            return reply.NO_RECIPIENTS if tried else reply.RECIPIENT_FIRST
        return MessageBegins(self.transaction)

    def _rset(self, argument: str) -> Reply:
        if argument:
            return reply.BAD_ARGUMENT
        self.reset()
        return reply.OK

    def _vrfy(self, argument: str) -> Reply:
        return reply.CANNOT_VERIFY if argument else reply.BAD_ARGUMENT

    def _quit(self, argument: str) -> Reply:
        return reply.BAD_ARGUMENT if argument else reply.GOODBYE

    #: What each command that we know does.
    COMMANDS: ClassVar[dict[str, Callable[[Conversation, str], Reply | Question]]] = {
        "EHLO": _ehlo,
        "HELO": _plain_helo,
        "MAIL": _mail,
        "RCPT": _rcpt,
        "DATA": _message,
        "RSET": _rset,
        "NOOP": lambda _conversation, _argument: reply.OK,
        "VRFY": _vrfy,
        "EXPN": lambda _conversation, _argument: reply.NOT_IMPLEMENTED,
        "HELP": lambda _conversation, _argument: reply.HELP,
        "QUIT": _quit,
        "STARTTLS": _starttls,
        "AUTH": _auth,
    }
