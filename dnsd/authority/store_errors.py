"""What LMDB raises, as an error that says what to do."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

import lmdb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class StoreError(Exception):
    """The store cannot be read or written; the message says what to do.

    Attributes:
        rebuild: the file itself is at fault. Move the directory aside and
            compile all zones into a fresh store.
    """

    def __init__(self, message: str, *, rebuild: bool = False) -> None:
        super().__init__(message)
        self.rebuild = rebuild


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what LMDB raises into a :class:`StoreError`."""
    try:
        yield
    except (lmdb.Error, OSError) as error:
        raise explain(path, error) from error


_DAMAGE = (
    lmdb.InvalidError,
    lmdb.CorruptedError,
    lmdb.PageNotFoundError,
    lmdb.PanicError,
    lmdb.VersionMismatchError,
    lmdb.IncompatibleError,
    lmdb.NotFoundError,
)


def explain(path: Path, error: lmdb.Error | OSError) -> StoreError:
    """Say what an error means for the store in a directory, and what to do."""
    code = error.code if isinstance(error, lmdb.Error) else error.errno
    if isinstance(error, _DAMAGE) or code == errno.EBADF:  # EBADF: a file of no octets
        return StoreError(advice_to_rebuild(path, str(error)), rebuild=True)
    match code:
        # A write that the disk cuts short reaches us as EIO.
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG | errno.EIO:
            advice = "the disk is full or fails; free space on it, then reload the zones"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            advice = "no permission; let dnsd's user own the directory and write to it"
        case errno.ENOENT if path.parent.is_dir():
            advice = "there is no store yet; the process that compiles zones makes it"
        case errno.ENOENT | errno.ENOTDIR:
            advice = "not a directory that can be made; correct state_directory"
        case errno.ENOMEM:
            advice = "not enough address space for the map; raise the limit of the process"
        case _:
            advice = str(error)
    return StoreError(f"zone store {path}: {advice}")


def advice_to_rebuild(path: Path, reason: str) -> str:
    """Say that the file of a store is at fault, and how to make it anew."""
    return (
        f"zone store {path}: damaged ({reason}); "
        "move the directory away and reload, it is built again from the zone files"
    )
