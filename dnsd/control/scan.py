"""See which zone files there are, and whether any of them changed.

A file is taken by its facts (size, times, inode), not by what is in it: reading
is the compiler's work.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.authority.zonefile.file_names import is_hidden

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# inotify and this scan cost by the directory; a zone directory has a few.
MAX_DIRECTORIES: Final = 1024


@dataclass(frozen=True, slots=True)
class ZoneFiles:
    """Where zone files are.

    Attributes:
        directories: searched with all directories below them.
        files: single files.
    """

    directories: tuple[Path, ...]
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What was there at one moment.

    Attributes:
        facts: size, times and inode of each file by its path.
        directories: all that were searched and those of single files.
        octets: size of all files together.
        is_whole: all directories were searched, not only the first
            `MAX_DIRECTORIES`.
    """

    facts: dict[str, tuple[int, int, int, int]]
    directories: tuple[str, ...]
    octets: int
    is_whole: bool


def look(where: ZoneFiles) -> Seen:
    """See what is there; what cannot be read counts as not there.

    Hidden files and directories and editors' copies are passed over.
    """
    found = _Search()
    for directory in where.directories:
        found.search(os.fspath(directory))
    for file in where.files:
        found.take(os.fspath(file))
        found.directories.setdefault(os.fspath(file.parent))
    octets = sum(facts[0] for facts in found.facts.values())
    return Seen(found.facts, tuple(found.directories), octets, found.is_whole)


class _Search:
    def __init__(self) -> None:
        self.facts: dict[str, tuple[int, int, int, int]] = {}
        self.directories: dict[str, None] = {}  # a set that keeps its order
        self.is_whole = True

    def search(self, top: str) -> None:
        waiting = [top]
        while waiting:
            directory = waiting.pop()
            if directory in self.directories:
                continue
            if len(self.directories) >= MAX_DIRECTORIES:
                self.is_whole = False
                return
            self.directories[directory] = None
            for entry in _entries(directory):
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    self.take(entry.path)

    def take(self, path: str) -> None:
        try:
            facts = os.stat(path)  # noqa: PTH116 -- a path object for each file costs more
        except OSError:
            return
        if stat.S_ISREG(facts.st_mode):
            self.facts[path] = (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)


def _entries(directory: str) -> Iterable[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return [entry for entry in entries if _is_meant(entry.name)]
    except OSError:
        return []


def _is_meant(name: str) -> bool:
    return not is_hidden(name) and not name.startswith("#") and not name.endswith(("~", ".swp"))
