"""Problems of a compile run, as against those of a zone's content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.authority.signing_keys import SigningError
from dnsd.source.problems import Problem, Where
from dnsd.wire import names

if TYPE_CHECKING:
    from pathlib import Path

    from dnsd.authority.store import StoreError

_FORCE = "dnsd zone reload --force"


def zone_twice(origin: bytes, file: str, other: str) -> Problem:
    """Two files say what is in one zone."""
    return Problem(
        Where(file), "zone-twice", f"{names.to_text(origin)} is also in {other}", "one file a zone"
    )


def deletion_share(file: str, deleted: int, total: int, share: float) -> Problem:
    """A change takes away much of a zone."""
    return Problem(
        Where(file),
        "deletion-share",
        f"{deleted} of {total} records would go away; the version from before is kept",
        f"at most {share:.0%} of a zone at once (authority.max_deletion_share)",
        _FORCE,
    )


def files_gone(file: str, gone: int, total: int, share: float) -> Problem:
    """Many zones, or all, have lost their files."""
    return Problem(
        Where(file),
        "zone-file-gone",
        f"the files of {gone} of {total} zones are gone; the zone is kept",
        f"files for some zones, at most {share:.0%} gone at once (authority.max_deletion_share)",
        _FORCE,
    )


def store_failed(file: str, error: StoreError) -> Problem:
    """The zone store or the file of serials failed, or the keys of the zone."""
    check = "zone-not-signed" if isinstance(error, SigningError) else "zone-store"
    return Problem(Where(file), check, str(error))


def unreadable(path: Path, error: OSError, expected: str) -> Problem:
    """A file or directory cannot be read."""
    reason = (error.strerror or str(error)).lower()
    return Problem(Where(str(path)), "zone-unreadable", reason, expected)
