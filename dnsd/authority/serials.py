"""The last serial of every zone, in SQLite, apart from the zone store.

Deleting the store must not lower a serial: secondaries would keep what they
have until the old serial is passed again. So the last serial and the digest of
the content it stood for are kept here, and written before a version is
published. If the program dies in between, the next run finds the same content
and gives it the same serial.

One writer, the process that compiles zones.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Self

from dnsd.authority.store import StoreError
from dnsd.durable.table import open_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS serials (
    origin BLOB PRIMARY KEY,
    serial INTEGER NOT NULL,
    digest BLOB NOT NULL
) STRICT, WITHOUT ROWID
"""


class LastSerial(NamedTuple):
    """What was served last under an origin.

    Attributes:
        serial: 0..4294967295.
        digest: of the content, ``build.soa.content_digest``.
    """

    serial: int
    digest: bytes


class Serials:
    """The file of last serials."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it when it is not there.

        Raises:
            StoreError: no permission, no space, or not such a file.
        """
        self._path = path
        with self._explained():
            self._connection = open_table(path, _SCHEMA, one_thread=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def last(self, origin: bytes) -> LastSerial | None:
        """Return what was recorded last for a zone.

        Raises:
            StoreError: the file cannot be read.
        """
        with self._explained():
            row = self._connection.execute(
                "SELECT serial, digest FROM serials WHERE origin = ?", (origin,)
            ).fetchone()
        return LastSerial(row[0], row[1]) if row else None

    def record(self, rows: Mapping[bytes, LastSerial]) -> None:
        """Record the serials of several zones at once, safe on disk on return.

        Raises:
            StoreError: the disk is full or fails; nothing was recorded.
        """
        if not rows:
            return
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(
                    "INSERT INTO serials VALUES (?, ?, ?) "
                    "ON CONFLICT (origin) DO UPDATE SET serial = excluded.serial, "
                    "digest = excluded.digest",
                    [(origin, last.serial, last.digest) for origin, last in rows.items()],
                )
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into one that says what to do."""
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}; {self._advice(error)}") from error

    def _advice(self, error: sqlite3.Error) -> str:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        match code:
            case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
                return "free space on this disk, or look whether it fails"
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                return "move it away; serials then go on from the zone store"
            case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_READONLY:
                return "its directory must exist and be writable"
            case _:
                return "let nothing else use it"
