"""Accounts of people whose mail is here: their address, and what is kept of their password.

The file may be changed by the command line while the daemon reads it: every look-up is
a fresh one. Account names are compared as mailboxes of ours are, without regard to case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Self

from dnsd.durable.table import open_table
from dnsd.mail.address import AddressError, Mailbox, parse_mailbox
from dnsd.mail.queue_table import failing, make_private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS accounts (
    key TEXT PRIMARY KEY,
    local TEXT NOT NULL,
    domain TEXT NOT NULL,
    password TEXT NOT NULL,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL
) STRICT, WITHOUT ROWID
"""


class Account(NamedTuple):
    """One account.

    Attributes:
        mailbox: its address, and the name to log in with.
        password: what is kept of it; see `passwords.protect`.
        created: Unix seconds.
        changed: when the password was, Unix seconds.
    """

    mailbox: Mailbox
    password: str
    created: int
    changed: int


class Accounts:
    """The accounts in one file; each change is safe on disk on return."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it when it is not there.

        Raises:
            StoreFailed: no permission, no space, or not such a file.
        """
        self._path = path
        make_private(path)
        with failing(path):
            self._connection = open_table(path, _SCHEMA, one_thread=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def find(self, name: str) -> Account | None:
        """Find the account with a name, as somebody has typed it; None if there is none.

        Raises:
            StoreFailed: the file cannot be read.
        """
        try:
            return self.of(parse_mailbox(name, utf8=True))
        except AddressError:
            return None

    def of(self, mailbox: Mailbox) -> Account | None:
        """Return the account of a mailbox, or None.

        Raises:
            StoreFailed: the file cannot be read.
        """
        return next(self._rows("WHERE key = ?", (mailbox.key,)), None)

    def has(self, key: str) -> bool:
        """Tell whether there is an account with a ``Mailbox.key``, which is no address to read.

        Raises:
            StoreFailed: the file cannot be read.
        """
        return next(self._rows("WHERE key = ?", (key,)), None) is not None

    def everybody(self) -> list[Account]:
        """List all accounts by domain and name.

        Raises:
            StoreFailed: the file cannot be read.
        """
        return list(self._rows("ORDER BY domain, key", ()))

    def add(self, mailbox: Mailbox, password: str, now: int) -> bool:
        """Make an account; False if there is one.

        Args:
            mailbox: its address.
            password: what `passwords.protect` has made.
            now: Unix seconds.

        Raises:
            StoreFailed: the disk is full or fails.
        """
        return self._changed(
            "INSERT OR IGNORE INTO accounts VALUES (?, ?, ?, ?, ?, ?)",
            (mailbox.key, mailbox.local, mailbox.domain, password, now, now),
        )

    def set_password(self, mailbox: Mailbox, password: str, now: int) -> bool:
        """Give an account another password; False if there is none.

        Raises:
            StoreFailed: the disk is full or fails.
        """
        return self._changed(
            "UPDATE accounts SET password = ?, changed = ? WHERE key = ?",
            (password, now, mailbox.key),
        )

    def remove(self, mailbox: Mailbox) -> bool:
        """Take an account away; its mail stays. False if there is none.

        Raises:
            StoreFailed: the disk is full or fails.
        """
        return self._changed("DELETE FROM accounts WHERE key = ?", (mailbox.key,))

    def _changed(self, statement: str, values: tuple[str | int, ...]) -> bool:
        with failing(self._path):
            return self._connection.execute(statement, values).rowcount == 1

    def _rows(self, rest: str, values: tuple[str, ...]) -> Iterator[Account]:
        with failing(self._path):
            found = self._connection.execute(
                f"SELECT local, domain, password, created, changed FROM accounts {rest}",  # noqa: S608 -- constants
                values,
            ).fetchall()
        for local, domain, *others in found:
            yield Account(Mailbox(local, domain), *others)
