"""Putting files in their places, whole and safe on disk, or not at all.

What is said to be kept before ``sync_directory`` returned can be gone after a power
failure: the octets are on disk after fsync(2) of the file, its name only after
fsync(2) of its directory.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def put(path: Path, octets: bytes, mode: int = 0o644) -> None:
    """Put a file in its place; at any time there is what was there before, or all of it.

    Args:
        path: of the file, in a directory that is there.
        octets: what it holds.
        mode: its permissions, before the umask.

    Raises:
        OSError: that cannot be done; what was there before still is.
    """
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(aside, flags, mode), "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory safe on disk.

    Raises:
        OSError: that cannot be done.
    """
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
