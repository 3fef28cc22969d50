"""What an attempt changes about its recipient, and what its sender is told.

Everything here happens within one transaction: a recipient that failed is gone, and the
notification of it waits in the queue, at the same moment or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.mail.dsn import Notice, Notified, Original, head_of
from dnsd.mail.envelope import Body, Envelope, Origin, OriginKind, make_queue_id
from dnsd.mail.queue_table import DELETE_RECIPIENTS, in_shapes
from dnsd.mail.reasons import EXPIRED_STATUS, Deferred, Delivered, Failed, ReasonClass, Result
from dnsd.mail.spool import Incoming
from dnsd.mail.stores import StoreFailed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from dnsd.mail.dsn import Notices
    from dnsd.mail.queue_table import Due
    from dnsd.mail.schedule import Schedule
    from dnsd.mail.spool import Spool

# Of what the other side said; more helps nobody.
_MAX_TEXT: Final = 1_000

_UPDATE: Final = (
    "UPDATE recipients SET attempts = ?, next_attempt = ?, last_attempt = ?, reason = ?, "
    "text = ?, is_told = ? WHERE key = ?"
)

_REPLIES: Final = (ReasonClass.REMOTE_TEMPORARY, ReasonClass.REMOTE_PERMANENT)

Made = list[tuple[Envelope, Incoming]]


class Attempt(NamedTuple):
    """One recipient was tried.

    Attributes:
        due: the recipient.
        result: what became of it.
        at: Unix seconds.
    """

    due: Due
    result: Result
    at: float


class Recorded(NamedTuple):
    """What follows of an attempt.

    Attributes:
        due: the recipient.
        result: of the attempt; Failed as EXPIRED when it was the last one.
        next_attempt: Unix seconds, or None if the recipient is done with.
        is_told: the sender is told of it now.
    """

    due: Due
    result: Result
    next_attempt: int | None
    is_told: bool

    @property
    def is_final(self) -> bool:
        """Whether nothing is owed to the recipient any more."""
        return self.next_attempt is None


class Keeping(NamedTuple):
    """How recipients are kept.

    Attributes:
        schedule: how long to try, and how often.
        notices: tell senders of failures.
        entropy: gives as many octets as it is asked for.
    """

    schedule: Schedule
    notices: Notices
    entropy: Callable[[int], bytes]


class _Pending(NamedTuple):
    """A recipient whose sender is to be told, and what follows if that may not be now."""

    place: int
    attempt: Attempt
    told: Recorded
    untold: Recorded


def record(
    connection: sqlite3.Connection, spool: Spool, keeping: Keeping, attempts: Sequence[Attempt]
) -> tuple[list[Recorded], Made]:
    """Write what became of attempts; rows of messages stay.

    Args:
        connection: within a transaction.
        spool: of the octets.
        keeping: how recipients are kept.
        attempts: each of another recipient.

    Returns:
        What follows of each, and the notifications to be added.
    """
    recorded: list[Recorded | None] = []
    to_tell: dict[tuple[Notice, int], list[_Pending]] = defaultdict(list)
    for place, attempt in enumerate(attempts):
        following = _following(attempt, keeping)
        if isinstance(following, Recorded):
            recorded.append(following)
            continue
        notice, told, untold = following
        recorded.append(untold)
        if _is_there(connection, attempt.due.key):
            pending = _Pending(place, attempt, told, untold)
            to_tell[notice, attempt.due.message].append(pending)
        else:  # the operator has deleted it: there is nothing to tell
            recorded[-1] = told._replace(is_told=False)
    notices: Made = []
    for (notice, _), pending_ones in to_tell.items():
        made = _made(connection, spool, keeping, (notice, pending_ones))
        if made is not None:
            notices.append(made)
            for pending in pending_ones:
                recorded[pending.place] = pending.told
    final = [entry for entry in recorded if entry is not None]
    _write(connection, final, [attempt.at for attempt in attempts])
    return final, notices


def _following(attempt: Attempt, keeping: Keeping) -> Recorded | tuple[Notice, Recorded, Recorded]:
    """Tell what follows of an attempt, or what does if the sender can be told, and if not."""
    due, result, now = attempt
    if isinstance(result, Delivered):
        return Recorded(due, result, None, is_told=False)
    again = _again(attempt, keeping)
    if isinstance(result, Deferred):
        if again is None:
            result = _expired(result)
        elif (
            due.may_bounce
            and not due.is_told
            and (keeping.schedule.is_to_be_told(due.received_at, now))
        ):
            untold = Recorded(due, result, again, is_told=False)
            return Notice.DELAYED, untold._replace(is_told=True), untold
        else:
            return Recorded(due, result, again, is_told=False)
    told = Recorded(due, result, None, is_told=due.may_bounce)
    if not due.may_bounce:
        return told
    # Too many notifications this hour: then it stays, and fails again later.
    wait = int(now) + keeping.schedule.max_retry_s
    return Notice.FAILED, told, Recorded(due, result, wait if again is None else again, False)  # noqa: FBT003 -- a field of a row


def _again(attempt: Attempt, keeping: Keeping) -> int | None:
    due, result, now = attempt
    return keeping.schedule.next_attempt(
        due.received_at,
        due.attempts + 1,
        now,
        not_before=result.not_before if isinstance(result, Deferred) else 0.0,
        chance=int.from_bytes(keeping.entropy(2), "big") / 65_535,
    )


def _expired(result: Deferred) -> Failed:
    return Failed(ReasonClass.EXPIRED, EXPIRED_STATUS, f"given up; last: {result.text}")


def _is_there(connection: sqlite3.Connection, key: int) -> bool:
    cursor = connection.execute("SELECT 1 FROM recipients WHERE key = ?", (key,))
    return cursor.fetchone() is not None


def _made(
    connection: sqlite3.Connection,
    spool: Spool,
    keeping: Keeping,
    told: tuple[Notice, list[_Pending]],
) -> tuple[Envelope, Incoming] | None:
    """Make one notification for recipients of one message; None if it may not be now."""
    notice, pending = told
    due, now = pending[0].attempt.due, pending[0].attempt.at
    sender = due.sender
    if sender is None or not keeping.notices.may_make(now):
        return None
    queue_id = make_queue_id(now, keeping.entropy)
    head = _head(connection, spool, due)
    original = Original(due.queue_id, sender, due.received_at, head, due.utf8)
    octets = keeping.notices.render(
        notice,
        original,
        [_notified(entry.attempt, entry.told, keeping.schedule) for entry in pending],
        queue_id=queue_id,
        now=now,
    )
    incoming = Incoming(spool, queue_id)
    incoming.write(octets)
    body = Body.SEVEN_BIT if octets.isascii() else Body.EIGHT_BIT
    utf8 = due.utf8 and body is Body.EIGHT_BIT
    own = Origin(OriginKind.OWN)
    return Envelope(queue_id, None, (sender,), body, utf8, own, int(now)), incoming


def _notified(attempt: Attempt, told: Recorded, schedule: Schedule) -> Notified:
    result, due = told.result, attempt.due
    until = schedule.expires_at(due.received_at)
    # 4.4.7 stands for both, delayed and expired (RFC 3463 §3.5).
    status = result.enhanced if isinstance(result, Failed) else EXPIRED_STATUS
    is_reply = not isinstance(result, Delivered) and result.reason in _REPLIES
    text = result.text[:_MAX_TEXT]
    return Notified(due.recipient, status, text, is_reply, attempt.at, until)


def _head(connection: sqlite3.Connection, spool: Spool, due: Due) -> bytes:
    """Read the header of a message; empty if it is damaged."""
    found = connection.execute(
        "SELECT digest, octets FROM messages WHERE number = ?", (due.message,)
    ).fetchone()
    if found is None:
        return b""
    digest, octets = found
    if octets is not None:
        return head_of((octets,))
    try:
        return head_of(spool.read(due.queue_id, digest))
    except StoreFailed:
        return b""


def _write(
    connection: sqlite3.Connection, recorded: Iterable[Recorded], times: Iterable[float]
) -> None:
    done, waiting = [], []
    for (due, result, next_attempt, is_told), at in zip(recorded, times, strict=True):
        if next_attempt is None:
            done.append((due.key,))
            continue
        reason = "" if isinstance(result, Delivered) else result.reason.value
        waiting.append(
            (
                due.attempts + 1,
                next_attempt,
                int(at),
                reason,
                result.text[:_MAX_TEXT],
                due.is_told or is_told,
                due.key,
            )
        )
    in_shapes(connection, DELETE_RECIPIENTS, done)
    if waiting:
        connection.executemany(_UPDATE, waiting)
