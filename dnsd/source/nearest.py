"""The known word that somebody probably meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Long enough for every key and type there is; comparing is quadratic in length.
_LONGEST_WORD = 40


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that is most like the one written.

    Args:
        word: as written; longer than 40 characters is never like anything.
        known: what could have been meant.

    Returns:
        The known word, or ``None`` when nothing is near.
    """
    if len(word) > _LONGEST_WORD:
        return None
    by_form = {plain(candidate): candidate for candidate in known}
    found = difflib.get_close_matches(plain(word), list(by_form), n=1, cutoff=0.6)
    return by_form[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Ask for the known word nearest to the one written; empty when none is near."""
    near = nearest(word, known)
    return f"did you mean {near}?" if near else ""


def plain(word: str) -> str:
    """Drop what people mix up: case, hyphens and underscores."""
    return word.lower().replace("-", "").replace("_", "")
