"""What was accepted and is not elsewhere yet: kept until each recipient is done with.

    accepted  ─ add ─►  waiting ─ due ─► in an attempt ─ record ─►  waiting (deferred)
                          ▲ │ hold                      ─ record ─►  gone (delivered)
                    retry │ ▼                           ─ record ─►  gone, and a notification
                          held                                      waits (failed, expired)

- A message that was added is on disk when the transaction around `add` has ended, whole
  and with all recipients; before that nobody is told that we have it.
- Each recipient is tried until an attempt is recorded that ends it. What was in an
  attempt when the power failed is tried again under the same queue id: a message may
  arrive twice, it is never lost.
- A failure and the notification of it are one transaction: it is told once.

All that writes happens within `transaction`, by one thread; many messages and attempts
share one. What is in an attempt is known in memory only, to the thread that asks `due`.

Source: RFC 5321 §4.2.5, §4.5.4.1, §6.1.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from dnsd.mail.queue_record import Keeping, Recorded, record
from dnsd.mail.queue_table import (
    DELETE_MESSAGES,
    INSERT_MESSAGES,
    INSERT_RECIPIENTS,
    MAX_RECIPIENTS,
    POSITION_BITS,
    SELECT_DUE,
    SELECT_NEXT,
    Due,
    due_of,
    explained,
    failing,
    fresh_dues,
    in_shapes,
    message_row,
    open_queue,
    open_reader,
    recipient_rows,
)
from dnsd.mail.spool import verified
from dnsd.mail.stores import MessageDamaged, StoreFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from dnsd.mail.envelope import Envelope
    from dnsd.mail.queue_record import Attempt
    from dnsd.mail.spool import Incoming, Spool

__all__ = ["Due", "Keeping", "Queue", "Recorded", "Recovered"]

# A fault of ours in one row, which is no reason to think that the file is damaged.
_FAULTS_OF_OURS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError)


class Recovered(NamedTuple):
    """What was found at the start.

    Attributes:
        messages: that wait.
        removed: files that were never acknowledged, or were done with.
        put_aside: large messages whose table is gone.
    """

    messages: int
    removed: int
    put_aside: int


class Queue:
    """The queue in one file, with the spool of its large messages.

    Attributes:
        path: of the file.
        spool: of the octets.
        writer: connection for use within `transaction`.
        reader: connection for everything else; sees what is committed.
    """

    def __init__(self, path: Path, spool: Spool, keeping: Keeping) -> None:
        """Open the queue, making it when it is not there; `recover` follows.

        Args:
            path: of the file, in a directory that is there.
            spool: of the octets.
            keeping: how long to try, and how failures are told.

        Raises:
            StoreFailed: no permission, no space, or a damaged file.
        """
        self.path = path
        self.spool = spool
        self._is_made = not path.exists()
        self._keeping = keeping
        self.writer = open_queue(path)
        self.reader = open_reader(path)
        self._claimed: set[int] = set()
        self._done: list[str] = []
        with failing(path):
            found = self.reader.execute("SELECT max(number) FROM messages").fetchone()
        self._next_number = (found[0] or 0) + 1

    def close(self) -> None:
        """Close the file."""
        self.reader.close()
        self.writer.close()

    def recover(self) -> Recovered:
        """Take away what was never acknowledged, before anything is added.

        Raises:
            StoreFailed: the file is damaged, or the directory cannot be read.
        """
        put_aside = self.spool.put_aside() if self._is_made else 0
        with failing(self.path):
            large = self.reader.execute(
                "SELECT queue_id FROM messages WHERE octets IS NULL"
            ).fetchall()
            (count,) = self.reader.execute("SELECT count(*) FROM messages").fetchone()
        return Recovered(count, self.spool.clean(frozenset(row[0] for row in large)), put_aside)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all that is done within, safe on disk at the end, or nothing of it.

        Raises:
            StoreFull: the disk is full.
            StoreFailed: the disk fails.
        """
        self._done.clear()
        try:
            self.writer.execute("BEGIN IMMEDIATE")
            yield
            self.writer.execute("COMMIT")
        except BaseException as error:
            self._roll_back()
            if isinstance(error, sqlite3.Error) and not isinstance(error, _FAULTS_OF_OURS):
                raise explained(error, self.path) from error
            raise
        self.spool.remove(self._done)

    def add(self, accepted: Sequence[tuple[Envelope, Incoming]]) -> list[list[Due] | StoreFailed]:
        """Take messages within a transaction; all of a large one is on disk before its row.

        Returns:
            For each what is due of it, or why it was not taken.

        Raises:
            StoreFailed: none was; the disk fails.
        """
        results: list[list[Due] | StoreFailed] = []
        messages: list[tuple[Any, ...]] = []
        recipients: list[tuple[Any, ...]] = []
        for envelope, incoming in accepted:
            if not 0 < len(envelope.recipients) <= MAX_RECIPIENTS:
                results.append(StoreFailed(f"{len(envelope.recipients)} recipients"))
                continue
            try:
                incoming.seal()
            except StoreFailed as failed:
                results.append(failed)
                continue
            number = self._next_number
            self._next_number += 1
            messages.append(message_row(number, envelope, incoming))
            recipients += recipient_rows(number, envelope)
            results.append(fresh_dues(number, envelope, incoming))
        in_shapes(self.writer, INSERT_MESSAGES, messages)
        in_shapes(self.writer, INSERT_RECIPIENTS, recipients)
        return results

    def record(self, attempts: Sequence[Attempt]) -> list[Recorded]:
        """Write within a transaction what became of attempts; `release` them after it.

        Returns:
            For each what follows of it, in their order.
        """
        recorded, notices = record(self.writer, self.spool, self._keeping, attempts)
        self.add(notices)
        finished = {entry.due.message: entry.due for entry in recorded if entry.is_final}
        in_shapes(self.writer, DELETE_MESSAGES, [(number,) for number in finished])
        for number, due in finished.items():
            if due.is_file and not self._has(number):
                self._done.append(due.queue_id)
        return recorded

    def remove(self, queue_id: str) -> bool:
        """Take a message away within a transaction, telling nobody; False if it is not there."""
        found = self.writer.execute(
            "SELECT number, octets IS NULL FROM messages WHERE queue_id = ?", (queue_id,)
        ).fetchone()
        if found is None:
            return False
        number, is_file = found
        self.writer.execute("DELETE FROM recipients WHERE key BETWEEN ? AND ?", keys_of(number))
        self.writer.execute("DELETE FROM messages WHERE number = ?", (number,))
        if is_file:
            self._done.append(queue_id)
        return True

    def due(
        self, now: float, limit: int, except_domains: Collection[str] = frozenset()
    ) -> list[Due]:
        """Claim recipients whose time has come, those that wait longest first.

        Args:
            now: Unix seconds.
            limit: recipients at most.
            except_domains: of recipients that cannot be tried now.

        Returns:
            They are in no further list until `release`.

        Raises:
            StoreFailed: the file cannot be read.
        """
        found: list[Due] = []
        with failing(self.path):
            cursor = self.reader.execute(SELECT_DUE, (int(now),))
            try:
                for row in cursor:
                    if len(found) == limit:
                        break
                    if row[0] not in self._claimed and row[5] not in except_domains:
                        found.append(due_of(row))
            finally:
                cursor.close()  # or its snapshot would keep the log from being emptied
        self._claimed.update([due.key for due in found])
        return found

    def claim(self, dues: Iterable[Due]) -> list[Due]:
        """Claim what `add` has returned; give back what nobody else has claimed."""
        found = [due for due in dues if due.key not in self._claimed]
        self._claimed.update([due.key for due in found])
        return found

    def release(self, dues: Iterable[Due]) -> None:
        """Let recipients be due again: not tried at all, or recorded and committed.

        Only by the thread that asks `due`: it would else be given again what it has done.
        """
        self._claimed.difference_update([due.key for due in dues])

    def next_due(self) -> int | None:
        """Return when the next recipient that is in no attempt is due, Unix seconds.

        Raises:
            StoreFailed: the file cannot be read.
        """
        with failing(self.path):
            cursor = self.reader.execute(SELECT_NEXT)
            try:
                for key, next_attempt in cursor:
                    if key not in self._claimed:
                        return int(next_attempt)
            finally:
                cursor.close()
        return None

    def open(self, due: Due) -> Iterator[bytes]:
        """Give the octets of a message, 64 KiB at a time.

        Raises:
            MessageDamaged: before the last chunk, that it is not what was accepted: what was
                sent of it must not be finished.
            StoreFailed: it cannot be read.
        """
        with failing(self.path):
            found = self.reader.execute(
                "SELECT digest, octets FROM messages WHERE number = ?", (due.message,)
            ).fetchone()
        if found is None:
            raise MessageDamaged(f"{due.queue_id}: was deleted")
        digest, octets = found
        if octets is None:
            return self.spool.read(due.queue_id, digest)
        return verified((octets,), digest, due.queue_id)

    def _has(self, number: int) -> bool:
        cursor = self.writer.execute("SELECT 1 FROM messages WHERE number = ?", (number,))
        return cursor.fetchone() is not None

    def _roll_back(self) -> None:
        self._done.clear()
        if self.writer.in_transaction:
            try:
                self.writer.execute("ROLLBACK")
            except sqlite3.Error:
                return  # SQLite has rolled back by itself, or the file is beyond that


def keys_of(number: int) -> tuple[int, int]:
    """Return the first and last key that recipients of a message may have."""
    first = number << POSITION_BITS
    return first, first + MAX_RECIPIENTS - 1
