"""Which files hold zones, as far as their names tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".yaml"
_ROOT_FILE = "." + SUFFIX  # the root zone's name is a dot


def is_hidden(name: str) -> bool:
    """Tell whether a file is one that editors leave behind; that of the root zone is none."""
    return name.startswith(".") and name != _ROOT_FILE


def split_files(directory: Path) -> list[Path]:
    """List the files of a zone in octoDNS's split form, in the order of reading.

    Raises:
        OSError: the directory cannot be read.
    """
    return sorted(
        child
        for child in directory.iterdir()
        if child.name.endswith(SUFFIX) and not child.name.startswith(".")
    )
