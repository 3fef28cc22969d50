"""The zone store: versions of zones in one LMDB environment.

Three databases::

    state    "format"          what wrote this store
             "catalog_serial"  8 octets, moves with every publication
             "next_version"    4 octets, the next version id to hand out
    catalog  origin (wire)  -> version id (4), slot (2), flags (1), meta
    nodes    version id (4) + order key of the name -> node octets (node.py)
             version id (4) + 0, chain, hash -> node octets of an NSEC3 RRset

A version is built under a fresh id, where nobody looks, and becomes visible
when its catalog row is written: one small transaction for all zones of a
publication. Whoever reads inside one snapshot sees the catalog and the nodes
of one moment, so never half a zone. Versions without a catalog row are
*dead*; they are collected in slices.

The order key (``wire.names.order_key``) makes the nodes of a version stand in
canonical order and those below a name stand together. The longest key, of a
name of 255 octets whose every octet is escaped, has 508 of LMDB's 511 octets.

There is one writer, the process that compiles zones; any number of processes
read. An environment is opened after the fork, once a process, and no snapshot
lives across a turn of the reactor: it would pin pages that were given up.

The store can always be made again from the zone files, so it trades the last
publication for speed at a power failure (no sync of the meta page, which
keeps the file whole) and does not repair damage: see :class:`StoreError`.

Not here: what a node means, which is ``lookup``, and how one version is walked
through, ``zone_version``. This module is long because it is the only one that
writes.
"""

from __future__ import annotations

import errno
from contextlib import suppress
from typing import TYPE_CHECKING, Self, TypeVar

import lmdb
from lmdb.verify import VerifyError, verify

from dnsd.authority import keys
from dnsd.authority.store_errors import StoreError, advice_to_rebuild, explain, explained
from dnsd.authority.zone_row import ZoneRow
from dnsd.authority.zone_version import ZoneVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["Snapshot", "StoreError", "ZoneStore", "ZoneVersion", "open_store", "verify_store"]

# Address space only: the file is sparse and grows with what it holds.
DEFAULT_MAP_OCTETS = 64 << 30
_SMALLEST_MAP_OCTETS = 16 << 20
# A reader counts for its process, not for its queries: one slot each.
_MAX_READERS = 1022
_MAX_DATABASES = 8
# One write transaction: bounds the pages it dirties and how long it lasts.
MAX_KEYS_PER_TRANSACTION = 2000
MAX_OCTETS_PER_TRANSACTION = 8 << 20

_FORMAT = b"dnsd zones 1"
_LAST_VERSION = 0xFFFFFFFF

_Result = TypeVar("_Result")


def open_store(
    path: Path, *, map_size: int = DEFAULT_MAP_OCTETS, read_only: bool = False
) -> ZoneStore:
    """Open the store in a directory, making it when it is not there.

    Args:
        path: the directory; its parent must exist.
        map_size: octets of address space, halved until the process may have it.
        read_only: for processes that only answer; the store must exist.

    Raises:
        StoreError: no permission, no space, or a file that is not a whole store.
    """
    with explained(path):
        environment = _open_environment(path, map_size, read_only=read_only)
        try:
            _refuse_torn_file(environment, path)
            return ZoneStore(environment, path, read_only=read_only)
        except BaseException:
            environment.close()
            raise


def _open_environment(path: Path, map_size: int, *, read_only: bool) -> lmdb.Environment:
    if not read_only:
        # LMDB would make the directory with the mode of its files, which nobody may enter.
        with suppress(FileExistsError):
            path.mkdir(mode=0o750)
    while True:
        try:
            return lmdb.open(
                str(path),
                map_size=map_size,
                max_dbs=_MAX_DATABASES,
                max_readers=_MAX_READERS,
                readonly=read_only,
                create=not read_only,
                metasync=False,
                mode=0o640,
            )
        except lmdb.Error as error:
            # RLIMIT_AS counts the map although it is only address space.
            if error.code != errno.ENOMEM or map_size <= _SMALLEST_MAP_OCTETS:
                raise
            map_size //= 2


def _refuse_torn_file(environment: lmdb.Environment, path: Path) -> None:
    """Refuse a file that ends before its last page.

    LMDB notices only when it reads there, and then by SIGBUS.
    """
    needed = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    present = (path / "data.mdb").stat().st_size
    if present < needed:
        raise StoreError(
            advice_to_rebuild(path, f"the file is cut short, {present} of {needed} octets"),
            rebuild=True,
        )


def verify_store(path: Path) -> None:
    """Read the whole file of a store that is not open and prove it sound.

    Opening a store looks at its first and last page only, and LMDB trusts the
    rest. Takes half a second for 100 MB, so it is for after a power failure
    and for doubt. Raises nothing when there is no store yet.

    Raises:
        StoreError: a page is not what the others say it is.
    """
    if not (path / "data.mdb").exists():
        return
    with explained(path):
        try:
            findings = verify(str(path))  # type: ignore[no-untyped-call]
        except VerifyError as error:
            findings = [str(error)]
    if findings:
        raise StoreError(advice_to_rebuild(path, findings[0]), rebuild=True)


class ZoneStore:
    """An open store. Made by :func:`open_store`."""

    def __init__(self, environment: lmdb.Environment, path: Path, *, read_only: bool) -> None:
        self.path = path
        self._environment = environment
        if not read_only:
            # Readers that died hold back the pages they were reading.
            environment.reader_check()
        self._state = environment.open_db(b"state", create=not read_only)
        self._catalog = environment.open_db(b"catalog", create=not read_only)
        self._nodes = environment.open_db(b"nodes", create=not read_only)
        if not read_only:
            self._mark_format()
        with environment.begin(self._state) as transaction:
            found = transaction.get(b"format")
            if found != _FORMAT:
                raise StoreError(
                    advice_to_rebuild(path, "another version of dnsd wrote it"), rebuild=True
                )
            self._next_version = int.from_bytes(transaction.get(b"next_version", b"\x01"), "big")
        self._pending: list[tuple[bytes, bytes]] = []
        self._pending_octets = 0
        self._unpublished: set[int] = set()

    def close(self) -> None:
        """Close the environment; the store is of no use afterwards."""
        self._environment.close()

    def snapshot(self) -> Snapshot:
        """Begin to read; use as a context manager and never across a turn.

        Raises:
            StoreError: the store cannot be read.
        """
        try:
            transaction = self._environment.begin(self._nodes)
        except lmdb.MapResizedError:
            with explained(self.path):
                self._environment.set_mapsize(0)  # take over what the writer set
                transaction = self._environment.begin(self._nodes)
        except lmdb.Error as error:
            raise explain(self.path, error) from error
        return Snapshot(transaction, self._state, self._catalog, self.path)

    def build(
        self,
        origin: bytes,
        nodes: Iterable[tuple[bytes, bytes]],
        hashes: Iterable[tuple[bytes, bytes, bytes]] = (),
    ) -> int:
        """Write a version of a zone that nobody sees yet.

        What is written last may wait in memory for the next build or
        publication, so that many small zones share a transaction.

        Args:
            origin: the apex; every name must be it or lie below it.
            nodes: names and node octets, each name once. Canonical order is
                not needed but is written faster and packed tighter.
            hashes: NSEC3 RRsets, each as its chain, its hash (``keys.of_hash``) and
                the octets of a node with nothing else; they are kept apart, since
                their owners are no names of the zone (RFC 5155 §7.2.8).

        Returns:
            The version's id, for a ZoneRow.

        Raises:
            StoreError: the disk is full or fails.
        """
        version = self._fresh_version()
        prefix = keys.of_apex(version, origin)
        origin_octets = len(origin)
        self._unpublished.add(version)
        try:
            for chain, digest, octets in hashes:
                self._add(keys.of_hash(prefix, chain, digest), octets)
            for name, octets in nodes:
                assert name.endswith(origin)
                self._add(keys.of_name(prefix, len(name) - origin_octets, name), octets)
        except BaseException:
            self.discard(version)
            raise
        return version

    def discard(self, version: int) -> None:
        """Give up a version that was built and will not be published."""
        prefix = version.to_bytes(4, "big")
        self._unpublished.discard(version)
        self._pending = [item for item in self._pending if not item[0].startswith(prefix)]
        self._pending_octets = sum(len(octets) for _, octets in self._pending)

    def publish(
        self,
        rows: Mapping[bytes, ZoneRow | None],
        amended: Iterable[tuple[bytes, bytes | None]] = (),
    ) -> int:
        """Make versions visible, all at once.

        Args:
            rows: origin to the new row; None ends the service of a zone.
            amended: changes of versions that are served and stay so, as for
                :meth:`amend`; small ones, since all are one transaction.

        Returns:
            The new catalog serial.

        Raises:
            StoreError: the disk is full or fails; nothing became visible.
        """
        self._flush()

        def change(transaction: lmdb.Transaction[bytes]) -> int:
            _put(transaction, amended)
            serial = int.from_bytes(transaction.get(b"catalog_serial", b"", self._state), "big") + 1
            for origin, row in rows.items():
                if row is None:
                    transaction.delete(origin, db=self._catalog)
                else:
                    transaction.put(origin, row.to_octets(), db=self._catalog)
            transaction.put(b"catalog_serial", serial.to_bytes(8, "big"), db=self._state)
            return serial

        serial = self._write(change)
        self._unpublished.difference_update(row.version for row in rows.values() if row)
        return serial

    def amend(self, amended: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Change nodes of a version that is served, in one transaction.

        Args:
            amended: keys (``keys.of_name``, ``keys.of_hash``) and node octets, None for
                nodes that go; at most :data:`MAX_KEYS_PER_TRANSACTION`.

        Raises:
            StoreError: the disk is full or fails; nothing changed.
        """
        self._write(lambda transaction: _put(transaction, amended))

    def collect(self, limit: int = MAX_KEYS_PER_TRANSACTION) -> int:
        """Remove up to so many nodes of dead versions.

        Returns:
            How many were removed; 0 when no dead version is left.

        Raises:
            StoreError: the disk is full or fails.
        """
        self._flush()

        def change(transaction: lmdb.Transaction[bytes]) -> int:
            living = set(self._unpublished)
            for octets in transaction.cursor(self._catalog).iternext(keys=False, values=True):
                living.add(ZoneRow.from_octets(octets).version)
            cursor = transaction.cursor(self._nodes)
            removed = 0
            found = cursor.first()
            while found and removed < limit:
                version = int.from_bytes(cursor.key()[:4], "big")
                if version in living:
                    if version == _LAST_VERSION:
                        break
                    found = cursor.set_range((version + 1).to_bytes(4, "big"))
                else:
                    cursor.delete()
                    found = bool(cursor.key())  # the next key is moved up, none at the end
                    removed += 1
            return removed

        return self._write(change)

    def used_octets(self) -> int:
        """Return how much of the map is in use or was and can be used again."""
        with explained(self.path):
            last_page = self._environment.info()["last_pgno"]
            return (last_page + 1) * self._environment.stat()["psize"]

    def _mark_format(self) -> None:
        def change(transaction: lmdb.Transaction[bytes]) -> None:
            if not transaction.stat(self._state)["entries"]:
                transaction.put(b"format", _FORMAT, db=self._state)

        with self._environment.begin(self._state) as transaction:
            marked = transaction.get(b"format") is not None
        if not marked:
            self._write(change)

    def _add(self, key: bytes, octets: bytes) -> None:
        self._pending.append((key, octets))
        self._pending_octets += len(octets)
        is_full = self._pending_octets >= MAX_OCTETS_PER_TRANSACTION
        if is_full or len(self._pending) >= MAX_KEYS_PER_TRANSACTION:
            self._flush()

    def _fresh_version(self) -> int:
        version = self._next_version
        if version > _LAST_VERSION:
            raise StoreError(advice_to_rebuild(self.path, "no version id is left"), rebuild=True)
        self._next_version += 1
        return version

    def _flush(self) -> None:
        """Write the nodes that wait in memory, in one transaction."""
        if not self._pending:
            return
        pending = self._pending

        def change(transaction: lmdb.Transaction[bytes]) -> None:
            cursor = transaction.cursor(self._nodes)
            highest = cursor.key() if cursor.last() else b""
            for key, octets in pending:
                append = key > highest
                cursor.put(key, octets, append=append)
                if append:
                    highest = key
            number = self._next_version.to_bytes(5, "big")
            transaction.put(b"next_version", number, db=self._state)

        self._write(change)
        self._pending = []
        self._pending_octets = 0

    def _write(self, change: Callable[[lmdb.Transaction[bytes]], _Result]) -> _Result:
        """Run one write transaction, with a larger map if this one is full."""
        with explained(self.path):
            while True:
                try:
                    with self._environment.begin(self._nodes, write=True) as transaction:
                        return change(transaction)
                except lmdb.MapFullError:
                    self._environment.set_mapsize(2 * self._environment.info()["map_size"])


def _put(
    transaction: lmdb.Transaction[bytes], amended: Iterable[tuple[bytes, bytes | None]]
) -> None:
    """Change nodes; the database of the transaction is theirs."""
    for key, octets in amended:
        if octets is None:
            transaction.delete(key)
        else:
            transaction.put(key, octets)


class Snapshot:
    """All zones at one moment. Made by :meth:`ZoneStore.snapshot`."""

    __slots__ = ("_catalog", "_path", "_state", "_transaction")

    def __init__(
        self,
        transaction: lmdb.Transaction[bytes],
        state: lmdb._Database,
        catalog: lmdb._Database,
        path: Path,
    ) -> None:
        self._transaction = transaction
        self._state = state
        self._catalog = catalog
        self._path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transaction.abort()

    def close(self) -> None:
        """End reading, as the end of the with block does."""
        self._transaction.abort()

    @property
    def commit_number(self) -> int:
        """A number that moves with every commit, so also with every publication.

        It costs a tenth of reading the catalog serial.
        """
        return self._transaction.id()

    @property
    def catalog_serial(self) -> int:
        """The number of publications until now."""
        with explained(self._path):
            octets = self._transaction.get(b"catalog_serial", b"", self._state)
        return int.from_bytes(octets, "big")

    def rows(self) -> Iterator[tuple[bytes, ZoneRow]]:
        """Walk through the catalog: origins and their rows."""
        with explained(self._path):
            for origin, octets in self._transaction.cursor(self._catalog):
                yield origin, ZoneRow.from_octets(octets)

    def row(self, origin: bytes) -> ZoneRow | None:
        """Return the row of one zone, None when it is not served."""
        with explained(self._path):
            octets = self._transaction.get(origin, db=self._catalog)
        return None if octets is None else ZoneRow.from_octets(octets)

    def version(self, row: ZoneRow, origin: bytes) -> ZoneVersion:
        """Return the nodes of a zone as its row says."""
        return self.nodes(origin, keys.of_apex(row.version, origin))

    def nodes(self, origin: bytes, prefix: bytes) -> ZoneVersion:
        """Return the nodes of a zone whose key at the apex is known."""
        return ZoneVersion(self._transaction, origin, prefix, self._path)
