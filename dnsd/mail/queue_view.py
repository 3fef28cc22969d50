"""What the operator sees of the queue, and changes in it.

Reading takes what is committed; holding, retrying and deleting are functions for the
committer, which take lists of queue ids within a transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dnsd.mail.address import Mailbox
from dnsd.mail.queue import keys_of
from dnsd.mail.queue_table import failing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnsd.mail.queue import Queue

MAX_LISTED: Final = 1_000

_COLUMNS: Final = (
    "number, queue_id, sender_local, sender_domain, received_at, size, origin, address, account"
)
_WITHIN: Final = "FROM recipients WHERE key BETWEEN ? AND ? ORDER BY key"


class QueuedRecipient(NamedTuple):
    """A recipient that is owed a message.

    Attributes:
        recipient: forward-path.
        is_held: is not tried until the operator says so.
        attempts: made so far.
        next_attempt: Unix seconds.
        last_attempt: Unix seconds, or 0.
        reason: class of the last failure, or empty.
        text: what was said at it.
    """

    recipient: Mailbox
    is_held: bool
    attempts: int
    next_attempt: int
    last_attempt: int
    reason: str
    text: str


class QueuedMessage(NamedTuple):
    """A message with those who are still owed it.

    Attributes:
        number: in the queue; a later message has a higher one.
        queue_id: its id.
        sender: reverse-path, None for the null one.
        received_at: Unix seconds.
        size: octets.
        origin: kind of its origin.
        address: of the client, or empty.
        account: who had logged in, or None.
        recipients: at least one.
    """

    number: int
    queue_id: str
    sender: Mailbox | None
    received_at: int
    size: int
    origin: str
    address: str
    account: str | None
    recipients: tuple[QueuedRecipient, ...]


class Totals(NamedTuple):
    """How much waits.

    Attributes:
        messages: in the queue.
        recipients: of them.
        held: recipients that are not tried.
        oldest: when the oldest message came, Unix seconds, or None.
    """

    messages: int
    recipients: int
    held: int
    oldest: int | None


class QueueView:
    """The queue as the operator has it."""

    def __init__(self, queue: Queue) -> None:
        """Show a queue."""
        self._queue = queue

    def page(self, after: int, limit: int) -> list[QueuedMessage]:
        """List messages in the order they came.

        Args:
            after: number of the last message of the page before, or 0.
            limit: messages at most.

        Raises:
            StoreFailed: the queue cannot be read.
        """
        return self._messages("number > ? ORDER BY number LIMIT ?", (after, limit))

    def message(self, queue_id: str) -> QueuedMessage | None:
        """Show one message, None if it is not there.

        Raises:
            StoreFailed: the queue cannot be read.
        """
        found = self._messages("queue_id = ?", (queue_id,))
        return found[0] if found else None

    def totals(self) -> Totals:
        """Count what waits.

        Raises:
            StoreFailed: the queue cannot be read.
        """
        reader = self._queue.reader
        with failing(self._queue.path):
            (messages,) = reader.execute("SELECT count(*) FROM messages").fetchone()
            recipients, held = reader.execute(
                "SELECT count(*), coalesce(sum(is_held), 0) FROM recipients"
            ).fetchone()
            # Numbers grow, so the lowest is of the message that waits longest.
            oldest = reader.execute(
                "SELECT received_at FROM messages ORDER BY number LIMIT 1"
            ).fetchone()
        return Totals(messages, recipients, held, oldest[0] if oldest else None)

    def hold(self, queue_ids: Sequence[str]) -> list[bool]:
        """Let messages not be tried until `retry`; False for those that are not there."""
        return self._change("is_held = 1", queue_ids, ())

    def retry(self, retries: Sequence[tuple[str, int]]) -> list[bool]:
        """Let messages be tried at once, held ones too.

        Args:
            retries: queue ids, each with the time that it is now, Unix seconds.

        Returns:
            False for those that are not there.
        """
        return [
            self._change("is_held = 0, next_attempt = ?", [queue_id], (now,))[0]
            for queue_id, now in retries
        ]

    def delete(self, queue_ids: Sequence[str]) -> list[bool]:
        """Take messages away and tell nobody; False for those that are not there."""
        return [self._queue.remove(queue_id) for queue_id in queue_ids]

    def _change(self, what: str, queue_ids: Sequence[str], values: tuple[Any, ...]) -> list[bool]:
        writer = self._queue.writer
        changed = []
        for queue_id in queue_ids:
            found = writer.execute(
                "SELECT number FROM messages WHERE queue_id = ?", (queue_id,)
            ).fetchone()
            changed.append(found is not None)
            if found is not None:
                writer.execute(
                    f"UPDATE recipients SET {what} WHERE key BETWEEN ? AND ?",  # noqa: S608 -- constants
                    (*values, *keys_of(found[0])),
                )
        return changed

    def _messages(self, where: str, values: tuple[Any, ...]) -> list[QueuedMessage]:
        reader = self._queue.reader
        with failing(self._queue.path):
            # One view of both tables: a message may go between two statements.
            reader.execute("BEGIN")
            try:
                rows = reader.execute(
                    f"SELECT {_COLUMNS} FROM messages WHERE {where}",  # noqa: S608 -- constants
                    values,
                ).fetchall()
                return [_message(row, self._recipients(row[0])) for row in rows]
            finally:
                reader.execute("COMMIT")

    def _recipients(self, number: int) -> tuple[QueuedRecipient, ...]:
        rows = self._queue.reader.execute(
            "SELECT local, domain, is_held, attempts, next_attempt, last_attempt, reason, text "
            + _WITHIN,
            keys_of(number),
        ).fetchall()
        return tuple(
            QueuedRecipient(Mailbox(local, domain), bool(is_held), *rest)
            for local, domain, is_held, *rest in rows
        )


def _message(row: tuple[Any, ...], recipients: tuple[QueuedRecipient, ...]) -> QueuedMessage:
    number, queue_id, local, domain, *rest = row
    sender = None if local is None else Mailbox(local, domain)
    return QueuedMessage._make((number, queue_id, sender, *rest, recipients))
