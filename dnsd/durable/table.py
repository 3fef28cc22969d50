"""Opening a small SQLite file whose rows must outlast a power failure.

Serials and keys of zones are such: one process writes them, seldom, and what it has
written once must not be forgotten.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

BUSY_TIMEOUT_S: Final = 5.0


def open_table(path: Path, schema: str, *, one_thread: bool = True) -> sqlite3.Connection:
    """Open a file, making it and its table when they are not there.

    Args:
        path: of the file, in a directory that is there.
        schema: ``CREATE TABLE IF NOT EXISTS``.
        one_thread: no other thread uses the connection.

    Raises:
        sqlite3.Error: no permission, no space, or not such a file.
    """
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=one_thread
    )
    try:
        # Power may fail right after a row was written: FULL, not NORMAL.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(schema)
    except sqlite3.Error:
        connection.close()
        raise
    return connection
