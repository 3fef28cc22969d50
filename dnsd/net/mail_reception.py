"""Takes mail in: who may send it, what is looked at, and where it is safe before we say so.

The order of a message: its recipients are routed one by one; its octets go past the
checks to the spool; when it is whole, mail of strangers is judged, what stands before it
is written, and it is committed together with all that waits for the same disk. Only then
the client is told that we have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

from twisted.internet.threads import deferToThread

from dnsd.mail import reply, verdict
from dnsd.mail.arriving import ArrivalOptions, Arriving
from dnsd.mail.envelope import Envelope, Origin, OriginKind, make_queue_id
from dnsd.mail.route import Local, Refused, route
from dnsd.mail.smtp.reception import Refusal
from dnsd.mail.stores import StoreFailed, StoreFull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dnsd.mail.accounts import Accounts
    from dnsd.mail.address import Mailbox
    from dnsd.mail.dkim.sign import Signer
    from dnsd.mail.lookup import Resolver
    from dnsd.mail.password_limit import PasswordLimit
    from dnsd.mail.passwords import Checker
    from dnsd.mail.queue import Due, Queue
    from dnsd.mail.reply import Reply
    from dnsd.mail.route import Directory
    from dnsd.mail.smtp.reception import Incoming
    from dnsd.mail.smtp.transaction import Transaction
    from dnsd.mail.spool import Incoming as Spooled
    from dnsd.net.clock import Clock
    from dnsd.net.committer import Committer
    from dnsd.observe.log import EventLog


class Passwords(NamedTuple):
    """What a log-in is checked with.

    Attributes:
        accounts: of people whose mail is here.
        checker: of passwords.
        limit: of guesses.
    """

    accounts: Accounts
    checker: Checker
    limit: PasswordLimit


class Keeping(NamedTuple):
    """Where mail is kept.

    Attributes:
        queue: of what is not elsewhere yet.
        committer: of the queue.
        take: is given what can be delivered at once.
    """

    queue: Queue
    committer: Committer
    take: Callable[[Iterable[Due]], None]


@dataclass(frozen=True, slots=True)
class ReceptionOptions:
    """How mail is taken.

    Attributes:
        arrival: what is looked at in a message.
        refusing: which messages are refused for what checks say.
        signers: of a domain; finds the keys that sign its mail.
        entropy: gives as many octets as it is asked for.
    """

    arrival: ArrivalOptions
    refusing: verdict.Refusing
    signers: Callable[[str], Sequence[Signer]]
    entropy: Callable[[int], bytes]


class MailReception:
    """Implements :class:`dnsd.mail.smtp.reception.Reception`."""

    def __init__(
        self,
        options: ReceptionOptions,
        keeping: Keeping,
        found: tuple[Directory, Resolver],
        passwords: Passwords,
        told: tuple[Clock, EventLog],
    ) -> None:
        """Take mail.

        Args:
            options: how.
            keeping: where to.
            found: which mailboxes are ours; what the DNS says.
            passwords: for log-ins.
            told: the time; where events go.
        """
        self._options = options
        self._keeping = keeping
        self._directory, self._resolver = found
        self._passwords = passwords
        self._clock, self._log = told

    async def check_sender(self, transaction: Transaction) -> Reply | None:
        """Tell why a mail may not begin; see there."""
        try:
            self._keeping.queue.spool.require_space()
        except StoreFailed as failed:
            return _disk_says(failed)
        sender, account = transaction.sender, transaction.account
        if account is None or sender is None or sender.key == account:
            return None
        owners = self._directory.resolve(sender) if self._directory.is_local(sender.domain) else ()
        return None if account in {each.key for each in owners} else reply.SENDER_NOT_YOURS

    async def check_recipient(self, transaction: Transaction, mailbox: Mailbox) -> Reply | None:
        """Tell why a recipient may not be added; see there."""
        found = route(mailbox, transaction.standing, self._directory)
        return found.reply if isinstance(found, Refused) else None

    async def authenticate(self, user: str, password: str, address: str) -> str | None:
        """Return the account of a name and its password; see there."""
        accounts, checker, limit = self._passwords
        now = self._clock.now()
        account = accounts.find(user)
        kept = account.password if account is not None else None
        if account is not None and checker.remembers(kept, password, now):
            return account.mailbox.key
        if not limit.begin(address, now):
            raise Refusal(reply.CANNOT_AUTHENTICATE_NOW)
        is_right = await deferToThread(checker.check, kept, password, now)
        if not is_right or account is None:
            self._log.warning("login_refused", "a wrong name or password", client=address)
            return None
        limit.succeeded(address, self._clock.now())
        return account.mailbox.key

    async def begin(self, transaction: Transaction) -> Incoming:
        """Make a place for a message; see there."""
        queue_id = make_queue_id(self._clock.wall_now(), self._options.entropy)
        try:
            kept = self._keeping.queue.spool.open(queue_id)
        except StoreFailed as failed:
            raise Refusal(_disk_says(failed)) from None
        now = int(self._clock.wall_now())
        found = Arriving(queue_id, transaction, kept, self._options.arrival, now)
        standing, sender = transaction.standing, transaction.sender
        if sender is not None and (standing.account is not None or standing.is_listed):
            found.sign_with(self._options.signers(sender.domain))
        return found

    async def commit(self, transaction: Transaction, incoming: Incoming) -> Reply:
        """Keep a message that is whole; see there."""
        found = cast("Arriving", incoming)
        kept = cast("Spooled", found.kept)
        dues: list[Due] = []
        try:
            said, dues = await self._commit(transaction, found, kept)
        except Refusal as refusal:
            said = refusal.reply
        except StoreFailed as failed:
            self._log.error("mail_not_kept", str(failed), queue_id=found.queue_id)
            said = _disk_says(failed)
        except BaseException:
            kept.abort()
            raise
        if said.code >= 400:
            kept.abort()
        # It is ours from here on: whatever goes wrong now, its octets stay.
        self._keeping.take(self._keeping.queue.claim(dues))
        return said

    async def _commit(
        self, transaction: Transaction, found: Arriving, kept: Spooled
    ) -> tuple[Reply, list[Due]]:
        """Return the reply, and what is due of a message that is on disk now."""
        verifier = found.finish()
        results = b""
        kind = _kind(transaction)
        if kind is OriginKind.PUBLIC:
            if not found.authors():
                return reply.NO_AUTHOR, []
            client = (transaction.address, transaction.helo, _text(transaction.sender))
            checks = await verdict.check(client, found.authors(), verifier, self._resolver)
            refusal = checks.refusal(self._options.refusing)
            if refusal is not None:
                self._log.info("mail_refused", refusal.text, client=transaction.address)
                return refusal, []
            results = checks.field(self._options.arrival.hostname)
        kept.prepend(found.head(results))
        recipients = self._recipients(transaction)
        envelope = Envelope(
            queue_id=found.queue_id,
            sender=transaction.sender,
            recipients=recipients,
            body=transaction.body,
            utf8=transaction.utf8,
            origin=Origin(kind, transaction.address, transaction.helo, transaction.account),
            received_at=int(self._clock.wall_now()),
        )
        queue = self._keeping.queue
        dues = await self._keeping.committer.submit(queue.add, (envelope, kept))
        self._log.info(
            "mail_accepted",
            f"{len(recipients)} recipients, {kept.size} octets",
            queue_id=found.queue_id,
            sender=_text(transaction.sender) or "<>",
            client=transaction.address,
        )
        return reply.queued(found.queue_id), dues

    def _recipients(self, transaction: Transaction) -> tuple[Mailbox, ...]:
        """Return whom the message goes to: accounts for mailboxes of ours, each once."""
        found: dict[str, Mailbox] = {}
        for mailbox in transaction.recipients:
            where = route(mailbox, transaction.standing, self._directory)
            for each in where.mailboxes if isinstance(where, Local) else (mailbox,):
                found.setdefault(each.key, each)
        return tuple(found.values())


def _kind(transaction: Transaction) -> OriginKind:
    if transaction.account is not None:
        return OriginKind.AUTHENTICATED
    return OriginKind.LISTED if transaction.standing.is_listed else OriginKind.PUBLIC


def _text(sender: Mailbox | None) -> str | None:
    return None if sender is None else str(sender)


def _disk_says(failed: StoreFailed) -> Reply:
    return reply.NO_SPACE if isinstance(failed, StoreFull) else reply.LOCAL_ERROR
