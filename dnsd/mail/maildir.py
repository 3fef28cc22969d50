"""Putting messages into Maildirs, whole and safe on disk, or not at all.

    ROOT/DOMAIN/USER/{tmp,new,cur}

A message is written to ``tmp``, fsynced, renamed into ``new``, and that directory is
fsynced; only then has it been delivered. The file's name is made of the queue id, so a message
that is delivered again after a crash takes the place of the first copy as long as no
reader has taken that away. Lines end with LF in the file, as programs that read Maildirs expect.

Source: the Maildir format as qmail's maildir(5) has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.durable.disk import Disk
from dnsd.mail.spool import explained

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from dnsd.mail.address import Mailbox

_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_+=.")


class Maildirs:
    """The Maildirs under one directory."""

    def __init__(self, root: Path, host: str, disk: Disk | None = None) -> None:
        """Deliver below a directory.

        Args:
            root: is made when it is not there.
            host: our name; stands in the names of files.
            disk: another than the real one, in tests.
        """
        self._root = root
        self._host = host
        self._disk = disk or Disk()
        self._made: set[Path] = set()

    def directory(self, account: Mailbox) -> Path:
        """Return the Maildir of an account."""
        local = account.key.rpartition("@")[0]  # one for all spellings that the account has
        return self._root / _file_name(account.domain) / _file_name(local)

    def deliver(self, account: Mailbox, name: str, head: bytes, chunks: Iterable[bytes]) -> Path:
        """Put a message into the Maildir of an account; may wait for the disk.

        Args:
            account: whose.
            name: `name_of`.
            head: header fields before those of the message, lines ended by CRLF.
            chunks: of the message.

        Returns:
            The file.

        Raises:
            MessageDamaged: as the chunks say; nothing was delivered.
            StoreFull: no space; nothing was delivered.
            StoreFailed: the disk fails; it may be delivered and must be tried again.
        """
        directory, disk = self.directory(account), self._disk
        unfinished, path = directory / "tmp" / name, directory / "new" / name
        try:
            self._make(directory)
            disk.remove(unfinished)  # of an attempt that a crash has ended
            descriptor = disk.create(unfinished)
            try:
                for octets in _with_lf(head, chunks):
                    disk.write(descriptor, octets)
                disk.sync(descriptor)
            except BaseException:
                disk.close(descriptor)
                disk.remove(unfinished)
                raise
            disk.close(descriptor)
            disk.rename(unfinished, path)
            disk.sync_directory(path.parent)
        except OSError as error:
            raise explained(error, path) from error
        return path

    def name_of(self, queue_id: str, position: int, received_at: int) -> str:
        """Return the name of the file of a message for one of its recipients."""
        return f"{received_at}.{queue_id}R{position}.{self._host}"

    def _make(self, directory: Path) -> None:
        if directory in self._made:
            return
        for part in ("tmp", "new", "cur"):
            self._disk.make_directory(directory / part)
        # Each name on the way must be safe on disk before a message below it is.
        for path in (directory, directory.parent, self._root, self._root.parent):
            self._disk.sync_directory(path)
        self._made.add(directory)


def _file_name(text: str) -> str:
    """Write a text so that it is one name in a directory, another for each text."""
    name = "".join(
        [
            char if char in _PLAIN else "".join(f"%{octet:02X}" for octet in char.encode())
            for char in text
        ]
    )
    # Neither nothing, nor a name that means something to the kernel, nor a hidden one.
    return "%2E" + name[1:] if name.startswith(".") else name or "%"


def _with_lf(head: bytes, chunks: Iterable[bytes]) -> Iterator[bytes]:
    yield head.replace(b"\r\n", b"\n")
    held = b""
    for chunk in chunks:
        octets = held + chunk
        held = b"\r" if octets.endswith(b"\r") else b""
        yield octets[: len(octets) - len(held)].replace(b"\r\n", b"\n")
    yield held
