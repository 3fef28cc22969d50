"""One version of one zone, read inside a snapshot of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lmdb

from dnsd.authority import keys
from dnsd.authority.store_errors import explain, explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_BEHIND_ANY_LABEL = b"\xff" * 64


class ZoneVersion:
    """One version of a zone inside a snapshot.

    Names given to it must be its origin or lie below it.

    Attributes:
        origin: the apex.
    """

    __slots__ = ("_path", "_prefix", "_transaction", "origin")

    def __init__(
        self, transaction: lmdb.Transaction[bytes], origin: bytes, prefix: bytes, path: Path
    ) -> None:
        self._transaction = transaction
        self.origin = origin
        self._prefix = prefix
        self._path = path

    def get(self, name: bytes) -> bytes | None:
        """Return the octets of a node (``node.py``), None without records."""
        try:
            return self._transaction.get(self._key(name))
        except lmdb.Error as error:
            raise explain(self._path, error) from error

    def has_below(self, name: bytes) -> bool:
        """Tell whether any name below this one owns records."""
        key = self._key(name)
        return self._has_key_with(key, after=b"\x01")  # no label begins with less

    def closest_encloser(self, name: bytes) -> bytes:
        """Return the longest existing ancestor of a name, or the name itself.

        An empty non-terminal exists as well (RFC 4592 §2.2.2). Its keys stand
        next to where the name's would, so two cursor steps find it.
        """
        key = self._key(name)
        surplus = len(name) - len(self.origin)
        if surplus <= 1 + name[0]:  # only the apex is above it: one step tells
            return name if not surplus or self._has_key_with(key) else self.origin
        before, after = self._around(key)
        shared = max(keys.shared_octets(key, before), keys.shared_octets(key, after))
        # Labels end with the only zero octets of a key.
        end = max(key.rfind(0, 0, shared) + 1, len(self._prefix))
        offset = 0
        for _ in range(key.count(0, end)):
            offset += 1 + name[offset]
        return name[offset:]

    def neighbours(self, name: bytes) -> tuple[bytes | None, bytes | None]:
        """Return the last name before this one and the first not before it.

        Only names that own records count, in canonical order, and only those
        of the zone.
        """
        before, after = self._around(self._key(name))
        if keys.is_of_hash(before):  # the root's stand between its apex and the rest
            before = self._prefix
        return self._name(before), self._name(after)

    def hash_at_or_before(self, chain: bytes, digest: bytes) -> tuple[bytes, bytes] | None:
        """Return the NSEC3 RRset of a hash, or of the last before it in its chain.

        Before the first stands the last of all, as in a circle (RFC 5155 §1.3).
        Returned are its own hash and node octets; None if the chain is empty.
        """
        start = keys.of_hash(self._prefix, chain, b"")
        before, key = self._around(start + digest)
        if key != start + digest:
            last = start + b"\xff" * (len(digest) + 1)
            key = before if before.startswith(start) else self._around(last)[0]
        with explained(self._path):
            octets = self._transaction.get(key) if key.startswith(start) else None
        return None if octets is None else (key[len(start) :], octets)

    def hashes(self, chain: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Walk through the NSEC3 RRsets of a chain: hashes and node octets."""
        start = keys.of_hash(self._prefix, chain, b"")
        with explained(self._path):
            cursor = self._transaction.cursor()
            found = cursor.set_range(start)
            while found and cursor.key().startswith(start):
                yield cursor.key()[len(start) :], cursor.value()
                found = cursor.next()

    def names_below(self, name: bytes) -> Iterator[bytes]:
        """Walk through the names below one that have records, in canonical order."""
        above = self._key(name)
        with explained(self._path):
            cursor = self._transaction.cursor()
            found = cursor.set_range(above + b"\x01")  # no label begins with less
            while found and cursor.key().startswith(above):
                yield keys.to_name(cursor.key())
                found = cursor.next()

    def before(self, name: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Walk through the nodes before a name, backwards: names and octets.

        Before the first stands the last of the zone; it ends when all were met.
        """
        start = self._key(name)
        with explained(self._path):
            cursor = self._transaction.cursor()
            for bound in (start, self._prefix + _BEHIND_ANY_LABEL):
                found = cursor.prev() if cursor.set_range(bound) else cursor.last()
                while found and cursor.key().startswith(self._prefix):
                    key = cursor.key()
                    if not keys.is_of_hash(key):
                        if bound != start and key < start:
                            return
                        yield keys.to_name(key), cursor.value()
                    found = cursor.prev()

    def scan(
        self, is_wanted: Callable[[bytes], bool] = lambda _: True
    ) -> Iterator[tuple[bytes, bytes]]:
        """Walk through nodes in canonical order: names and octets.

        Args:
            is_wanted: tells by its octets whether to give a node.
        """
        with explained(self._path):
            cursor = self._transaction.cursor()
            found = cursor.set_range(self._prefix)
            while found:
                key, octets = cursor.item()
                if not key.startswith(self._prefix):
                    return
                if keys.is_of_hash(key):
                    found = cursor.set_range(self._prefix + b"\x01")
                    continue
                if is_wanted(octets):
                    yield keys.to_name(key), octets
                found = cursor.next()

    def _has_key_with(self, beginning: bytes, after: bytes = b"") -> bool:
        """Tell whether a key begins so, with at least ``after`` behind it."""
        try:
            cursor = self._transaction.cursor()
            return cursor.set_range(beginning + after) and cursor.key().startswith(beginning)
        except lmdb.Error as error:
            raise explain(self._path, error) from error

    def _around(self, key: bytes) -> tuple[bytes, bytes]:
        """Return the last key before this one and the first not before it."""
        try:
            cursor = self._transaction.cursor()
            if cursor.set_range(key):
                after = cursor.key()
                return (cursor.key() if cursor.prev() else b""), after
            return (cursor.key() if cursor.last() else b""), b""
        except lmdb.Error as error:
            raise explain(self._path, error) from error

    def _name(self, key: bytes) -> bytes | None:
        return keys.to_name(key) if key.startswith(self._prefix) else None

    def _key(self, name: bytes) -> bytes:
        return keys.of_name(self._prefix, len(name) - len(self.origin), name)
