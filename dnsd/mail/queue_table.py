"""The tables of the queue: what stands in them, and how rows become values.

A message is written once and read by its number; what changes about it stands in the
rows of its recipients, which are small. A recipient that is done has no row, and a
message without recipients neither. The key of a recipient is the number of its message
and its own position in one integer, so that many are named in one statement.

Statements for many rows exist in few shapes, of 1, 2, 4, ... rows: each is prepared once,
and each step of SQLite gives up and takes back the interpreter's lock once.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dnsd.durable.table import open_table
from dnsd.mail.address import Mailbox
from dnsd.mail.envelope import Body
from dnsd.mail.stores import StoreFailed, StoreFull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dnsd.mail.envelope import Envelope
    from dnsd.mail.spool import Incoming

_MESSAGES: Final = """
CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY,
    queue_id TEXT NOT NULL UNIQUE,
    sender_local TEXT,
    sender_domain TEXT,
    body TEXT NOT NULL,
    utf8 INTEGER NOT NULL,
    origin TEXT NOT NULL,
    address TEXT NOT NULL,
    helo TEXT NOT NULL,
    account TEXT,
    may_bounce INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    digest BLOB NOT NULL,
    octets BLOB
) STRICT
"""
_FURTHER: Final = (
    """
    CREATE TABLE IF NOT EXISTS recipients (
        key INTEGER PRIMARY KEY,
        local TEXT NOT NULL,
        domain TEXT NOT NULL,
        is_held INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        next_attempt INTEGER NOT NULL,
        last_attempt INTEGER NOT NULL,
        reason TEXT NOT NULL,
        text TEXT NOT NULL,
        is_told INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX IF NOT EXISTS due ON recipients (next_attempt) WHERE is_held = 0",
    "CREATE INDEX IF NOT EXISTS large ON messages (queue_id) WHERE octets IS NULL",
    # 16 MB of log between two checkpoints: what came and went meanwhile is written once.
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA cache_size = -16384",
    "PRAGMA temp_store = MEMORY",
)

POSITION_BITS: Final = 10
MAX_RECIPIENTS: Final = 1 << POSITION_BITS
_POSITIONS: Final = MAX_RECIPIENTS - 1

_SHAPES: Final = (64, 32, 16, 8, 4, 2, 1)

_DUE_COLUMNS: Final = (
    "r.key, m.queue_id, m.sender_local, m.sender_domain, r.local, r.domain, m.body, m.utf8, "
    "m.size, m.received_at, r.attempts, r.is_told, m.may_bounce, m.octets IS NULL"
)


class Due(NamedTuple):
    """A recipient that is to be tried, with what an attempt must know.

    Attributes:
        key: of the recipient in the queue.
        queue_id: of its message.
        sender: reverse-path, None for the null one.
        recipient: forward-path.
        body: of the message.
        utf8: whether SMTPUTF8 was asked for.
        size: octets.
        received_at: Unix seconds.
        attempts: made before.
        is_told: the sender knows of the delay.
        may_bounce: the sender may be told of a failure.
        is_file: the octets stand in a file.
    """

    key: int
    queue_id: str
    sender: Mailbox | None
    recipient: Mailbox
    body: Body
    utf8: bool
    size: int
    received_at: int
    attempts: int
    is_told: bool
    may_bounce: bool
    is_file: bool

    @property
    def message(self) -> int:
        """Number of the message in the queue."""
        return self.key >> POSITION_BITS


def open_queue(path: Path) -> sqlite3.Connection:
    """Open the tables, making them when they are not there.

    Raises:
        StoreFailed: no permission, no space, or not such a file.
    """
    make_private(path)
    with failing(path):
        connection = open_table(path, _MESSAGES, one_thread=False)
        try:
            for statement in _FURTHER:
                connection.execute(statement)
        except sqlite3.Error:
            connection.close()
            raise
    return connection


def make_private(path: Path) -> None:
    """Make a file that is not there, for our user alone; SQLite's others beside it are as it is.

    Raises:
        StoreFailed: that cannot be done.
    """
    try:
        path.touch(mode=0o600)
    except OSError as error:
        advice = "its directory must exist and be writable"
        raise StoreFailed(f"{path}: {error.strerror or error}; {advice}") from error


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the tables for reading; a commit that waits for the disk does not hold it up.

    Raises:
        StoreFailed: no permission, or not such a file.
    """
    with failing(path):
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
    return connection


def message_row(number: int, envelope: Envelope, incoming: Incoming) -> tuple[Any, ...]:
    """Make the row of a message, in the order of `INSERT_MESSAGES`."""
    sender, origin = envelope.sender, envelope.origin
    return (
        number,
        envelope.queue_id,
        sender.local if sender else None,
        sender.domain if sender else None,
        envelope.body.value,
        envelope.utf8,
        origin.kind.value,
        origin.address,
        origin.helo,
        origin.account,
        envelope.may_bounce,
        envelope.received_at,
        incoming.size,
        incoming.digest,
        incoming.octets,
    )


def recipient_rows(number: int, envelope: Envelope) -> list[tuple[Any, ...]]:
    """Make the rows of the recipients of a message, in the order of `INSERT_RECIPIENTS`."""
    first = number << POSITION_BITS
    return [
        (first + position, mailbox.local, mailbox.domain, envelope.received_at)
        for position, mailbox in enumerate(envelope.recipients)
    ]


def fresh_dues(number: int, envelope: Envelope, incoming: Incoming) -> list[Due]:
    """Make of a message that was just accepted what is due of it."""
    first = number << POSITION_BITS
    return [
        Due(
            first + position,
            envelope.queue_id,
            envelope.sender,
            mailbox,
            envelope.body,
            envelope.utf8,
            incoming.size,
            envelope.received_at,
            0,
            False,  # noqa: FBT003 -- a field of a row
            envelope.may_bounce,
            incoming.is_file,
        )
        for position, mailbox in enumerate(envelope.recipients)
    ]


SELECT_DUE: Final = (
    f"SELECT {_DUE_COLUMNS} FROM recipients AS r "  # noqa: S608 -- constants
    f"JOIN messages AS m ON m.number = r.key >> {POSITION_BITS} "
    "WHERE r.is_held = 0 AND r.next_attempt <= ? ORDER BY r.next_attempt"
)
SELECT_NEXT: Final = (
    "SELECT key, next_attempt FROM recipients WHERE is_held = 0 ORDER BY next_attempt"
)


def due_of(row: tuple[Any, ...]) -> Due:
    """Make a value of a row of `SELECT_DUE`."""
    key, queue_id, local, domain, *own = row
    recipient_local, recipient_domain, body, utf8, size, received_at = own[:6]
    attempts, is_told, may_bounce, is_file = own[6:]
    return Due(
        key,
        queue_id,
        None if local is None else Mailbox(local, domain),
        Mailbox(recipient_local, recipient_domain),
        Body(body),
        bool(utf8),
        size,
        received_at,
        attempts,
        bool(is_told),
        bool(may_bounce),
        bool(is_file),
    )


def _values(row: str) -> Callable[[int], str]:
    return lambda count: ", ".join([row] * count)


def _shaped(before: str, row: str, after: str = "") -> dict[int, str]:
    values = _values(row)
    return {count: before + values(count) + after for count in _SHAPES}


INSERT_MESSAGES: Final = _shaped("INSERT INTO messages VALUES ", f"({', '.join('?' * 15)})")
INSERT_RECIPIENTS: Final = _shaped(
    "INSERT INTO recipients VALUES ", "(?, ?, ?, 0, 0, ?, 0, '', '', 0)"
)
DELETE_RECIPIENTS: Final = _shaped("DELETE FROM recipients WHERE key IN (", "?", ")")
DELETE_MESSAGES: Final = _shaped(
    "DELETE FROM messages WHERE number IN (",
    "?",
    ") AND NOT EXISTS (SELECT 1 FROM recipients WHERE key BETWEEN "  # noqa: S608 -- constants
    f"number << {POSITION_BITS} AND (number << {POSITION_BITS}) + {_POSITIONS})",
)


def in_shapes(
    connection: sqlite3.Connection, shapes: dict[int, str], rows: Sequence[tuple[Any, ...]]
) -> int:
    """Execute a statement for all rows in few steps; return how many rows it changed."""
    start, left, changed = 0, len(rows), 0
    while left:
        count = 64 if left >= 64 else 1 << (left.bit_length() - 1)
        values = [value for row in rows[start : start + count] for value in row]
        changed += connection.execute(shapes[count], values).rowcount
        start += count
        left -= count
    return changed


@contextmanager
def failing(path: Path) -> Iterator[None]:
    """Turn errors of SQLite into ones that say what to do.

    Raises:
        StoreFull: the disk is full.
        StoreFailed: anything else of SQLite's.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise explained(error, path) from error


def explained(error: sqlite3.Error, path: Path) -> StoreFailed:
    """Say what SQLite failed at, and what helps."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    match code:
        case sqlite3.SQLITE_FULL:
            return StoreFull(f"{path}: {error}; free space on this disk")
        case sqlite3.SQLITE_IOERR:
            advice = "free space on this disk, or look whether it fails"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            advice = "move it away with its -wal file, or put it back from a backup"
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_READONLY:
            advice = "its directory must exist and be writable"
        case _:
            advice = "let nothing else use it"
    return StoreFailed(f"{path}: {error}; {advice}")
