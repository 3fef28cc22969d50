"""Delivers to mailboxes of ours, and writes down what became of every recipient.

Files are written in a thread, because each waits for the disk; a message that fits into
a row is in memory already, a larger one is read there piece by piece.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.threads import deferToThread

from dnsd.mail.queue_record import Attempt
from dnsd.mail.queue_table import MAX_RECIPIENTS
from dnsd.mail.reasons import Deferred, Delivered, Failed, ReasonClass
from dnsd.mail.stores import StoreFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twisted.python.failure import Failure

    from dnsd.mail.dispatch import Job
    from dnsd.mail.maildir import Maildirs
    from dnsd.mail.queue import Due, Queue, Recorded
    from dnsd.mail.reasons import Result
    from dnsd.net.clock import Clock
    from dnsd.net.committer import Committer
    from dnsd.observe.log import EventLog

_AGAIN_S: Final = 60.0


class LocalDelivery:
    """Brings jobs to Maildirs."""

    def __init__(
        self, queue: Queue, maildirs: Maildirs, has_account: Callable[[str], bool]
    ) -> None:
        """Deliver.

        Args:
            queue: has the messages.
            maildirs: of all accounts.
            has_account: whether there is an account with a ``Mailbox.key``.
        """
        self._queue = queue
        self._maildirs = maildirs
        self._has_account = has_account

    async def deliver(self, job: Job) -> tuple[Result, ...]:
        """Deliver a message to each of its recipients here; one after the other."""
        return tuple([await self._deliver(due) for due in job.dues])

    async def _deliver(self, due: Due) -> Result:
        try:
            if not self._has_account(due.recipient.key):
                # It was there when the message was taken.
                return Failed(ReasonClass.REFUSED, "5.1.1", f"there is no mailbox {due.recipient}")
            path = await deferToThread(self._write, due)
        except StoreFailed as failed:
            return Deferred(ReasonClass.LOCAL_STORE, str(failed))
        return Delivered(f"put into {path.parent.parent.name} as {path.name}")

    def _write(self, due: Due) -> Path:
        head = f"Return-Path: <{due.sender or ''}>\r\nDelivered-To: {due.recipient}\r\n".encode()
        position = due.key % MAX_RECIPIENTS
        name = self._maildirs.name_of(due.queue_id, position, due.received_at)
        return self._maildirs.deliver(due.recipient, name, head, self._queue.open(due))


class OutcomeWriter:
    """Implements :class:`dnsd.net.mail_sender.Outcomes`.

    Attributes:
        look: has somebody look at the queue, in which more waits now; set before the start.
    """

    def __init__(self, queue: Queue, committer: Committer, clock: Clock, log: EventLog) -> None:
        self.look: Callable[[], None] = lambda: None
        self._queue = queue
        self._committer = committer
        self._clock = clock
        self._log = log

    def __call__(self, dues: tuple[Due, ...], results: tuple[Result, ...], /) -> None:
        """Write what became of recipients; what cannot be written is tried again later."""
        now = self._clock.wall_now()
        for due, result in zip(dues, results, strict=True):
            done = self._committer.submit(self._queue.record, Attempt(due, result, now))
            done.addCallbacks(self._recorded, self._failed, errbackArgs=(due,))

    def _recorded(self, recorded: Recorded) -> None:
        due, result = recorded.due, recorded.result
        self._queue.release((due,))
        facts = {"queue_id": due.queue_id, "recipient": str(due.recipient)}
        if isinstance(result, Delivered):
            self._log.info("mail_delivered", result.text, host=result.host, **facts)
            return
        event = "mail_failed" if recorded.is_final else "mail_deferred"
        self._log.warning(event, result.text, reason=result.reason.value, **facts)
        # It is due at another time now, or its sender is to be told.
        self.look()

    def _failed(self, failure: Failure, due: Due) -> None:
        # Not at once: what was delivered would be delivered again and again.
        self._clock.call_later(_AGAIN_S, lambda: self._queue.release((due,)))
        self._log.error(
            "mail_not_recorded",
            f"it may be delivered twice: {failure.getErrorMessage()}",
            queue_id=due.queue_id,
        )
