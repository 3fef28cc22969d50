"""What one session asks, put to who takes the mail; and the message on its way there.

A fault of ours never ends a conversation without a word: it is logged, and the client is
told to try again later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from dnsd.mail import reply
from dnsd.mail.smtp import events
from dnsd.mail.smtp.reception import Refusal
from dnsd.observe import metrics

if TYPE_CHECKING:
    from dnsd.mail.reply import Reply
    from dnsd.mail.smtp.clients import Clients
    from dnsd.mail.smtp.reception import Incoming, Reception
    from dnsd.mail.smtp.transaction import Client, Transaction
    from dnsd.net.clock import Clock
    from dnsd.observe.log import EventLog

Question = (
    events.Authenticate
    | events.CheckSender
    | events.CheckRecipient
    | events.MessageBegins
    | events.MessageEnds
)


class Server(Protocol):
    """What all connections share.

    Attributes:
        reception: takes the mail.
        clients: who is connected.
        clock: of the reactor.
        row: counters of this process.
        log: where faults go.
    """

    reception: Reception
    clients: Clients
    clock: Clock
    row: memoryview
    log: EventLog

    def count(self, limit: str) -> None:
        """Count that a limit was hit."""


class Answers:
    """Answers to the questions of one session."""

    def __init__(self, server: Server, client: Client, net: bytes) -> None:
        """Begin.

        Args:
            server: what all connections share.
            client: who is connected.
            net: what counts as one client.
        """
        self._server = server
        self._client = client
        self._net = net
        self._transaction: Transaction | None = None
        self._incoming: Incoming | None = None

    async def answer(self, question: Question) -> tuple[Reply | None, str | None]:
        """Have a question answered.

        Returns:
            The reply that the question asks for, ``None`` for yes; and the account, if
            one was asked for and proved.
        """
        try:
            said, account = await self._answer(question)
        except Refusal as refusal:
            said, account = refusal.reply, None
        except Exception as error:  # noqa: BLE001 - a fault must not end the daemon
            said, account = self._fault(error), None
        self._count(question, said, account)
        return said, account

    def keep(self, octets: bytes) -> Reply | None:
        """Keep a part of the message; why that is not possible, once."""
        if self._incoming is None:
            return None
        try:
            self._incoming.write(octets)
        except Refusal as refusal:
            said = refusal.reply
        except Exception as error:  # noqa: BLE001 - likewise
            said = self._fault(error)
        else:
            return None
        self.forget()
        return said

    def forget(self) -> None:
        """Forget the message that was not whole."""
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            return
        self._server.row[_ABORTED] += 1
        try:
            incoming.abort()
        except Exception as error:  # noqa: BLE001 - likewise
            self._fault(error)

    async def _answer(self, question: Question) -> tuple[Reply | None, str | None]:
        reception = self._server.reception
        match question:
            case events.CheckSender():
                if not self._is_within_rate(question.transaction):
                    self._server.count("smtp_messages")
                    return reply.TOO_MANY_MESSAGES, None
                return await reception.check_sender(question.transaction), None
            case events.CheckRecipient():
                return await reception.check_recipient(question.transaction, question.mailbox), None
            case events.Authenticate():
                user, password = question.user, question.password
                return None, await reception.authenticate(user, password, self._client.address)
            case events.MessageBegins():
                self._transaction = question.transaction
                self._incoming = await reception.begin(question.transaction)
                return None, None
            case events.MessageEnds():
                incoming, self._incoming = self._incoming, None
                assert incoming is not None
                assert self._transaction is not None
                return await reception.commit(self._transaction, incoming), None

    def _is_within_rate(self, transaction: Transaction) -> bool:
        if transaction.account is not None or transaction.standing.is_listed:
            return True
        return self._server.clients.messages.allows(self._net, self._server.clock.now())

    def _fault(self, error: Exception) -> Reply:
        self._server.log.fault("smtp", error, client=self._client.address)
        return reply.LOCAL_ERROR

    def _count(self, question: Question, said: Reply | None, account: str | None) -> None:
        row = self._server.row
        if isinstance(question, events.MessageEnds) and said is not None:
            result = "deferred" if said.temporary else "refused" if said.permanent else "accepted"
            row[metrics.MAIL_MESSAGES_RECEIVED.slot(result)] += 1
        elif isinstance(question, events.Authenticate):
            result = "deferred" if said else "refused" if account is None else "accepted"
            row[metrics.MAIL_AUTHENTICATIONS.slot(result)] += 1


_ABORTED: Final = metrics.MAIL_MESSAGES_RECEIVED.slot("aborted")
