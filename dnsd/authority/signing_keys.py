"""Private keys of signed zones: a file each, and one table of what they are.

A private key is PEM in a file of its own that only our user may read. The file
is safe on disk before the row that names it, so a row without a file means that
somebody took the file away. What the public needs of a key stands in its row:
whoever lists keys or prints DS records reads no private key.

One writer, the process that compiles zones.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.authority.store import StoreError
from dnsd.dnssec import digests, signing
from dnsd.dnssec.algorithms import DigestType
from dnsd.dnssec.keys import Key
from dnsd.durable import files
from dnsd.durable.table import open_table
from dnsd.wire import names
from dnsd.wire.errors import FormError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# State is text, so that roll-overs may have states of their own.
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS keys (
    zone BLOB NOT NULL,
    tag INTEGER NOT NULL,
    algorithm INTEGER NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    created INTEGER NOT NULL,
    dnskey BLOB NOT NULL,
    PRIMARY KEY (zone, tag, algorithm)
) STRICT, WITHOUT ROWID
"""
_COLUMNS: Final = "zone, tag, algorithm, role, state, created, dnskey"

_LONGEST_NAME: Final = 150

CSK: Final = "csk"
KSK: Final = "ksk"
ZSK: Final = "zsk"
ACTIVE: Final = "active"


class SigningError(StoreError):
    """A zone cannot be signed: what is served of it stays as it was signed last."""


class KeyRow(NamedTuple):
    """One key of one zone.

    Attributes:
        zone: apex, in canonical form.
        tag: key tag; no two keys of a zone share tag and algorithm.
        algorithm: number of the algorithm.
        role: ``csk`` signs everything, ``ksk`` the keys, ``zsk`` all else.
        state: ``active``: published and signing.
        created: Unix seconds.
        dnskey: DNSKEY rdata.
    """

    zone: bytes
    tag: int
    algorithm: int
    role: str
    state: str
    created: int
    dnskey: bytes

    @property
    def signs_keys(self) -> bool:
        """Whether the parent's DS names it, so that it signs DNSKEY, CDS and CDNSKEY."""
        return self.role in (CSK, KSK)

    @property
    def signs_zone(self) -> bool:
        """Whether it signs what is not about keys."""
        return self.role in (CSK, ZSK)

    def ds(self) -> bytes:
        """Make the rdata of its DS, SHA-256."""
        return digests.to_wire(self.zone, Key(self.dnskey), DigestType.SHA256)

    def path(self, directory: Path) -> Path:
        """Return the file of its private half."""
        text = names.to_text(self.zone).rstrip(".") or "root"
        plain = "".join(char if char.isalnum() or char in "-_." else "=" for char in text)
        if plain != text or len(text) > _LONGEST_NAME:
            digest = blake2b(self.zone, digest_size=8).hexdigest()
            plain = f"{plain[:_LONGEST_NAME]}+{digest}"
        return directory / f"{plain}+{self.algorithm:03}+{self.tag:05}.pem"


class SigningKeys:
    """The keys in one directory."""

    def __init__(self, directory: Path) -> None:
        """Use the directory; it is made and opened when the first zone needs keys.

        So one that cannot be used costs the zones that are signed, and no other.
        """
        self._directory = directory
        self._opened: sqlite3.Connection | None = None

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._opened = open_table(self._directory / "keys.db", _SCHEMA)
        return self._opened

    def close(self) -> None:
        """Close the table."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def of_zone(self, zone: bytes) -> list[KeyRow]:
        """List the keys of a zone, the oldest first.

        Raises:
            SigningError: the table cannot be read.
        """
        with self._explained():
            found = self._connection.execute(
                f"SELECT {_COLUMNS} FROM keys WHERE zone = ? ORDER BY created, tag",  # noqa: S608 -- a constant
                (zone,),
            ).fetchall()
        return [KeyRow(*row) for row in found]

    def make(self, zone: bytes, algorithm: int, role: str, wall_now: int) -> KeyRow:
        """Make a key; file and row are safe on disk on return.

        Args:
            zone: apex, in canonical form.
            algorithm: a supported one.
            role: ``csk``, ``ksk`` or ``zsk``.
            wall_now: Unix seconds.

        Raises:
            SigningError: the disk is full or fails.
        """
        taken = {(row.tag, row.algorithm) for row in self.of_zone(zone)}
        while True:
            made = signing.make_key(algorithm, is_entry_point=role != ZSK)
            if (made.key.tag, algorithm) not in taken:
                break
        row = KeyRow(zone, made.key.tag, algorithm, role, ACTIVE, wall_now, made.dnskey)
        with self._explained():
            files.put(row.path(self._directory), made.to_pem(), 0o600)
            self._connection.execute(f"INSERT INTO keys ({_COLUMNS}) VALUES (?,?,?,?,?,?,?)", row)  # noqa: S608 -- a constant
        return row

    def load(self, row: KeyRow) -> signing.SigningKey:
        """Read the private half of a key.

        Raises:
            SigningError: it is not there, cannot be read or is another key.
        """
        path = row.path(self._directory)
        advice = "put it back from a backup; until then the zone stays as it was signed last"
        try:
            found = signing.from_pem(
                path.read_bytes(), row.algorithm, is_entry_point=row.role != ZSK
            )
        except OSError as error:
            raise SigningError(f"signing key {path}: {error.strerror}; {advice}") from error
        except FormError as error:
            raise SigningError(f"signing key {path}: {error.reason}; {advice}") from error
        if found.dnskey != row.dnskey:
            raise SigningError(f"signing key {path}: not the key that is published; {advice}")
        return found

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            advice = "let only dnsd use it, on a disk that has space"
            raise SigningError(f"signing keys in {self._directory}: {error}; {advice}") from error
        except OSError as error:
            reason = error.strerror or str(error)
            advice = "let dnsd's user own the directory, on a disk that has space"
            raise SigningError(f"signing keys in {self._directory}: {reason}; {advice}") from error


def rows_in(directory: Path) -> list[KeyRow]:
    """List all keys without writing anything, by zone and age.

    Raises:
        SigningError: the table cannot be read.
    """
    path = directory / "keys.db"
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute(
                f"SELECT {_COLUMNS} FROM keys ORDER BY zone, created, tag"  # noqa: S608 -- a constant
            ).fetchall()
    except sqlite3.Error as error:
        raise SigningError(f"signing keys {path}: {error}; ask as the user that dnsd is") from error
    return [KeyRow(*row) for row in found]
