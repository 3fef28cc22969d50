"""Policies of MTA-STS that were fetched, kept in a file for as long as they say.

A policy protects only who remembers it: an attacker who can hide the record or the
policy today must not undo what was learned yesterday (RFC 8461 §10.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.durable.table import open_table
from dnsd.mail.mtasts import Mode, Policy

if TYPE_CHECKING:
    from pathlib import Path

# Whoever sends to more domains that have policies loses those that end first.
MAX_POLICIES: Final = 100_000

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS policies (
    domain TEXT PRIMARY KEY, id TEXT NOT NULL, mode TEXT NOT NULL, hosts TEXT NOT NULL,
    max_age INTEGER NOT NULL, until INTEGER NOT NULL
) WITHOUT ROWID
"""


class Kept(NamedTuple):
    """A policy that was fetched.

    Attributes:
        record_id: of the TXT record at that time.
        policy: what was fetched.
        until: Unix seconds.
    """

    record_id: str
    policy: Policy
    until: int


class PolicyCache:
    """The file."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it when it is not there.

        Raises:
            sqlite3.Error: no permission, no space, or not such a file.
        """
        self._table = open_table(path, _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._table.close()

    def get(self, domain: str, now: int) -> Kept | None:
        """Return the policy of a domain that has not ended.

        Args:
            domain: in lower case.
            now: Unix seconds.
        """
        row = self._table.execute(
            "SELECT id, mode, hosts, max_age, until FROM policies WHERE domain = ? AND until > ?",
            (domain, now),
        ).fetchone()
        if row is None:
            return None
        record_id, mode, hosts, max_age, until = row
        return Kept(record_id, Policy(Mode(mode), tuple(hosts.split()), max_age), until)

    def put(self, domain: str, record_id: str, policy: Policy, now: int) -> None:
        """Keep a policy.

        Args:
            domain: in lower case.
            record_id: of its TXT record.
            policy: as it was fetched.
            now: Unix seconds.
        """
        self._table.execute(
            "INSERT OR REPLACE INTO policies VALUES (?, ?, ?, ?, ?, ?)",
            (
                domain,
                record_id,
                policy.mode.value,
                " ".join(policy.hosts),
                policy.max_age_s,
                now + policy.max_age_s,
            ),
        )
        self._table.execute("DELETE FROM policies WHERE until <= ?", (now,))
        self._table.execute(
            "DELETE FROM policies WHERE domain IN (SELECT domain FROM policies ORDER BY until"
            " LIMIT max(0, (SELECT count(*) FROM policies) - ?))",
            (MAX_POLICIES,),
        )
