"""Where the octets of a message stand until its row is committed, and after that if it is large.

    tmp/ID    being written; nobody was told that we have it
    large/ID  whole and safe on disk, and named by a row, or about to be

At most 64 KiB are held in memory. A message that is not longer never touches a file: its
octets are a part of its row. A longer one is written to ``tmp`` while it arrives, and at its end:
fsync, rename to ``large``, fsync of that directory, and only then may its row commit. So
what stands in ``tmp`` at the start, and in ``large`` without a row, was never
acknowledged and is taken away.

The octets that come out are those that came in: the last of them is given only after
the digest of all was found right. Who sends a message on must not finish it before.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from dnsd.durable.disk import Disk, is_full
from dnsd.mail.stores import MessageDamaged, StoreFailed, StoreFull

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

CHUNK_OCTETS: Final = 65_536
ROW_OCTETS: Final = 65_536
DIGEST_OCTETS: Final = 16

# Below these the next message is not begun: it would end in the middle.
_FREE_MESSAGES: Final = 1.5
_FREE_INODES: Final = 0.05

_ADVICE: Final = "free space on this disk, or look whether it fails"


class Incoming:
    """The octets of one message while it arrives.

    Either `seal` and a committed row follow the last `write`, or `abort`.

    Attributes:
        size: octets so far.
        is_file: they do not fit into a row.
    """

    __slots__ = (
        "_chunks",
        "_descriptor",
        "_digest",
        "_head",
        "_queue_id",
        "_sealed",
        "_spool",
        "size",
    )

    def __init__(self, spool: Spool, queue_id: str) -> None:
        self.size = 0
        self._spool = spool
        self._queue_id = queue_id
        self._chunks: list[bytes] = []
        self._descriptor = -1
        self._head = b""
        self._digest = blake2b(digest_size=DIGEST_OCTETS)
        self._sealed = False

    @property
    def is_file(self) -> bool:
        """Whether the message is longer than a row may be."""
        return self.size > ROW_OCTETS

    @property
    def octets(self) -> bytes | None:
        """The whole message if it becomes a part of its row, else None."""
        if self.is_file:
            return None
        if len(self._chunks) != 1:
            self._chunks = [b"".join(self._chunks)]
        return self._chunks[0]

    @property
    def digest(self) -> bytes:
        """Digest of the octets so far, 16 octets; of a message with a head once it is sealed."""
        return self._digest.digest()

    def write(self, octets: bytes) -> None:
        """Take the next octets.

        Raises:
            StoreFull: no space; the message is to be aborted.
            StoreFailed: the disk fails; likewise.
        """
        self.size += len(octets)
        self._digest.update(octets)
        if self.size <= ROW_OCTETS:
            self._chunks.append(octets)
            return
        disk, path = self._spool.disk, self._spool.unfinished(self._queue_id)
        try:
            if self._descriptor < 0:
                self._descriptor = disk.create(path)
                octets = b"".join([*self._chunks, octets])
                self._chunks.clear()
            disk.write(self._descriptor, octets)
        except OSError as error:
            raise explained(error, path) from error

    def prepend(self, head: bytes) -> None:
        """Put octets before all others, once, after the last `write`.

        Raises:
            StoreFailed: as `write`.
        """
        if self.is_file:
            self._head = head
            self.size += len(head)
            return
        octets = head + (self.octets or b"")
        self.size = 0
        self._chunks.clear()
        self._digest = blake2b(digest_size=DIGEST_OCTETS)
        self.write(octets)

    def seal(self) -> None:
        """Have a large message safe on disk under its name; a small one needs nothing.

        May wait for the disk. After an error the message is to be aborted: fsync is not
        tried again, for the kernel may have dropped what it could not write.

        Raises:
            StoreFull: no space.
            StoreFailed: the disk fails.
        """
        if not self.is_file or self._sealed:
            return
        spool, path = self._spool, self._spool.finished(self._queue_id)
        try:
            if self._head:
                self._put_head_first()
            spool.disk.sync(self._descriptor)
            self._close()
            spool.disk.rename(spool.unfinished(self._queue_id), path)
            spool.disk.sync_directory(path.parent)
        except OSError as error:
            raise explained(error, path) from error
        self._sealed = True

    def abort(self) -> None:
        """Forget the message."""
        self._chunks.clear()
        if not self.is_file:
            return
        spool = self._spool
        try:
            self._close()
            spool.disk.remove(spool.unfinished(self._queue_id))
            spool.disk.remove(spool.unfinished(f"{self._queue_id}.body"))
            spool.disk.remove(spool.finished(self._queue_id))
        except OSError:
            # What stays is taken away at the next start: it has no row.
            return

    def _put_head_first(self) -> None:
        """Write the file anew with its head; the kernel still has all of it in memory."""
        disk, path = self._spool.disk, self._spool.unfinished(self._queue_id)
        body = self._spool.unfinished(f"{self._queue_id}.body")
        self._close()
        disk.rename(path, body)
        self._descriptor = disk.create(path)
        self._digest = blake2b(self._head, digest_size=DIGEST_OCTETS)
        disk.write(self._descriptor, self._head)
        descriptor = disk.open(body)
        try:
            while octets := disk.read(descriptor, ROW_OCTETS):
                self._digest.update(octets)
                disk.write(self._descriptor, octets)
        finally:
            disk.close(descriptor)
        disk.remove(body)

    def _close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            self._spool.disk.close(descriptor)


class Spool:
    """The octets of messages in one directory.

    Attributes:
        disk: what makes the calls.
    """

    def __init__(self, directory: Path, message_limit: int, disk: Disk | None = None) -> None:
        """Open the directory, making it when it is not there.

        Args:
            directory: ours alone.
            message_limit: octets of the longest message that may come.
            disk: another than the real one, in tests.

        Raises:
            StoreFailed: no permission, or no space.
        """
        self.disk = disk or Disk()
        self._directory = directory
        self._free_octets = int(_FREE_MESSAGES * message_limit)
        self._unfinished = directory / "tmp"
        self._finished = directory / "large"
        try:
            for path in (self._unfinished, self._finished):
                self.disk.make_directory(path)
            # Its own name too: what is synced below a name that is lost is lost with it.
            self.disk.sync_directory(directory)
            self.disk.sync_directory(directory.parent)
        except OSError as error:
            raise explained(error, directory) from error

    def unfinished(self, queue_id: str) -> Path:
        """Return the file of a message that arrives."""
        return self._unfinished / queue_id

    def finished(self, queue_id: str) -> Path:
        """Return the file of a large message that a row may name."""
        return self._finished / queue_id

    def open(self, queue_id: str) -> Incoming:
        """Begin with a message.

        Raises:
            StoreFull: less space than one and a half messages, or 5 % of the inodes.
        """
        self.require_space()
        return Incoming(self, queue_id)

    def require_space(self) -> None:
        """Refuse to begin with a message that may not fit.

        Raises:
            StoreFull: less space than one and a half messages, or 5 % of the inodes.
            StoreFailed: that cannot be found out.
        """
        try:
            space = self.disk.space(self._directory)
        except OSError as error:
            raise explained(error, self._directory) from error
        if space.octets < self._free_octets or space.inodes < _FREE_INODES:
            raise StoreFull(f"{self._directory}: too little space is left for another message")

    def read(self, queue_id: str, digest: bytes) -> Iterator[bytes]:
        """Give a large message 64 KiB at a time.

        Raises:
            MessageDamaged: before the last chunk, that it is not what was accepted.
            StoreFailed: it cannot be read.
        """
        path = self.finished(queue_id)
        try:
            descriptor = self.disk.open(path)
        except FileNotFoundError:
            raise MessageDamaged(f"{path}: is not there") from None
        except OSError as error:
            raise explained(error, path) from error
        try:
            yield from verified(self._chunks(descriptor, path), digest, queue_id)
        finally:
            self.disk.close(descriptor)

    def remove(self, queue_ids: Iterable[str]) -> None:
        """Take away large messages that no row names any more.

        What cannot be removed now is when the queue is opened next.
        """
        for queue_id in queue_ids:
            try:
                self.disk.remove(self.finished(queue_id))
            except OSError:
                continue

    def clean(self, named: frozenset[str]) -> int:
        """Take away what was never acknowledged, or is done with.

        Args:
            named: ids of the large messages that have a row.

        Returns:
            How many files there were.

        Raises:
            StoreFailed: the directories cannot be read.
        """
        try:
            stale = [self.unfinished(name) for name in self.disk.names(self._unfinished)]
            stale += [
                self.finished(name) for name in self.disk.names(self._finished) if name not in named
            ]
        except OSError as error:
            raise explained(error, self._directory) from error
        removed = 0
        for path in stale:
            try:
                self.disk.remove(path)
            except OSError:
                continue  # not a file of ours, or not now: it is in nobody's way
            removed += 1
        return removed

    def put_aside(self) -> int:
        """Keep large messages of a table that is gone where nobody removes them.

        Returns:
            How many there are.

        Raises:
            StoreFailed: they cannot be moved.
        """
        aside = self._directory / "without-envelope"
        try:
            found = self.disk.names(self._finished)
            if found:
                self.disk.make_directory(aside)
            for name in found:
                self.disk.rename(self.finished(name), aside / name)
        except OSError as error:
            raise explained(error, self._directory) from error
        return len(found)

    def _chunks(self, descriptor: int, path: Path) -> Iterator[bytes]:
        while True:
            try:
                octets = self.disk.read(descriptor, CHUNK_OCTETS)
            except OSError as error:
                raise explained(error, path) from error
            if not octets:
                return
            yield octets


def verified(chunks: Iterable[bytes], digest: bytes, queue_id: str) -> Iterator[bytes]:
    """Give chunks on, and the last one only if all together have the digest.

    Raises:
        MessageDamaged: they have not.
    """
    found = blake2b(digest_size=DIGEST_OCTETS)
    last = b""
    for chunk in chunks:
        if last:
            yield last
        found.update(chunk)
        last = chunk
    if found.digest() != digest:
        raise MessageDamaged(f"{queue_id}: its octets are not those that were accepted")
    if last:
        yield last


def explained(error: OSError, path: Path) -> StoreFailed:
    """Say what a call failed at, and what helps."""
    kind = StoreFull if is_full(error) else StoreFailed
    return kind(f"{path}: {error.strerror or error}; {_ADVICE}")
