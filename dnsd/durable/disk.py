"""The calls with which messages get on and off a disk, each as the kernel has it.

What keeps messages is given a `Disk` and makes no call of its own, so that a test can
record the calls in their order, let each of them fail, and make every state of the disk
that a power failure may leave behind.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.durable import files

if TYPE_CHECKING:
    from pathlib import Path

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class Space(NamedTuple):
    """What is left on a file system.

    Attributes:
        octets: that we may still write.
        inodes: share of the inodes that is free, 0..1; 1 where there is no fixed number.
    """

    octets: int
    inodes: float


class Disk:
    """The real one. Every method raises OSError as the call under it does."""

    def make_directory(self, path: Path) -> None:
        """Make a directory that only our user may enter, and its parents."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def create(self, path: Path, mode: int = 0o600) -> int:
        """Make a file that is not there yet; return its descriptor."""
        return os.open(path, _NEW, mode)

    def write(self, descriptor: int, octets: bytes) -> None:
        """Write all octets at the end of a file that `create` made."""
        left = memoryview(octets)
        while left:
            left = left[os.write(descriptor, left) :]

    def sync(self, descriptor: int) -> None:
        """Have what was written to a file safe on disk."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close a file."""
        os.close(descriptor)

    def rename(self, path: Path, target: Path) -> None:
        """Give a file another name, in place of whatever had it."""
        path.replace(target)

    def sync_directory(self, path: Path) -> None:
        """Have the names in a directory safe on disk."""
        files.sync_directory(path)

    def remove(self, path: Path) -> None:
        """Take a file away; it may be away already."""
        path.unlink(missing_ok=True)

    def names(self, path: Path) -> list[str]:
        """List a directory."""
        return [entry.name for entry in path.iterdir()]

    def open(self, path: Path) -> int:
        """Open a file for reading; return its descriptor."""
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def read(self, descriptor: int, count: int) -> bytes:
        """Read on in a file; fewer octets than asked for only at its end."""
        return os.read(descriptor, count)

    def space(self, path: Path) -> Space:
        """Look how full the file system of a directory is."""
        found = os.statvfs(path)
        inodes = found.f_favail / found.f_files if found.f_files else 1.0
        return Space(found.f_bavail * found.f_frsize, inodes)


def is_full(error: OSError) -> bool:
    """Tell whether a call failed because there is no space, which may come back."""
    return error.errno in _FULL
