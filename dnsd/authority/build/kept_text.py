"""The text that a served version was read from, to tell what changed in it.

A copy of each big zone file stands beside the store. It is no more than a short
cut: one that is missing, torn or of another version means that the whole file is
read. So writing it waits for no disk and raises nothing.
"""

from __future__ import annotations

import json
import mmap
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.authority.build.text_change import Layout, layout_of

if TYPE_CHECKING:
    from pathlib import Path

#: Reading fewer names anew takes less than a tenth of a second.
LEAST_NAMES: Final = 2000
_DIGEST_OCTETS: Final = 16  # as in ``sources``


class KeptText(NamedTuple):
    """A file as it was when it was read.

    Attributes:
        text: what it held.
        layout: where its names stand.
    """

    text: bytes
    layout: Layout


def load(store: Path, origin: bytes, digest: str) -> KeptText | None:
    """Return the text that a version was read from.

    Args:
        store: directory of the store.
        origin: of the zone.
        digest: of the text, as the notes of the version have it.
    """
    try:
        head, _, text = _path(store, origin).read_bytes().partition(b"\n")
        layout = Layout(**json.loads(head))
    except (OSError, TypeError, ValueError):
        return None
    return KeptText(text, layout) if digest_of(text) == digest else None


def keep(store: Path, origin: bytes, kept: KeptText) -> None:
    """Keep a text in the place of the one before."""
    path = _path(store, origin)
    aside = path.with_suffix(".new")
    try:
        with aside.open("wb") as file:
            file.write(json.dumps(kept.layout._asdict()).encode() + b"\n")
            file.write(kept.text)
        aside.chmod(0o600)
        aside.replace(path)
    except OSError:
        forget(store, origin)
        with suppress(OSError):
            aside.unlink()


def keep_file(store: Path, origin: bytes, file: Path, names: int) -> None:
    """Keep the text of a file that was just read, if changes of it can be told.

    Args:
        store: directory of the store.
        origin: of the zone.
        file: it may have changed again, which its digest will tell.
        names: how many with records were read from it.
    """
    forget(store, origin)
    try:
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as text:
            layout = layout_of(text, names)
            if layout is not None:
                keep(store, origin, KeptText(text[:], layout))
    except (OSError, ValueError):  # an empty file has no map
        return


def forget(store: Path, origin: bytes) -> None:
    """Remove the text of a zone."""
    with suppress(OSError):
        _path(store, origin).unlink()


def digest_of(text: bytes) -> str:
    """Digest a text as the notes of versions do."""
    return blake2b(text, digest_size=_DIGEST_OCTETS).hexdigest()


def _path(store: Path, origin: bytes) -> Path:
    return store / f"text-{blake2b(origin, digest_size=_DIGEST_OCTETS).hexdigest()}"
