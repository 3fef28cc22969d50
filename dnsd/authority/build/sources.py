"""Which files are zones, and whether one of them changed."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from dnsd.authority.build import run_problems
from dnsd.authority.zonefile.draft import SoaSettings, ZoneDraft
from dnsd.authority.zonefile.file_names import SUFFIX, is_hidden, split_files
from dnsd.authority.zonefile.yaml_zone import read_zone
from dnsd.source.problems import Where
from dnsd.wire import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dnsd.source.problems import Problem

# Larger files are refused by the reader; no need to read them for a digest.
_MAX_FILE_OCTETS = 64 << 20
_DIGEST_OCTETS = 16


@dataclass(frozen=True, slots=True)
class ZoneSource:
    """One zone file, or the directory of a zone split into several.

    Attributes:
        path: of the file or directory.
        directory: includes stay inside it.
    """

    path: Path
    directory: Path

    @property
    def name(self) -> str:
        """The path as text, as reports show it."""
        return str(self.path)


def find_sources(
    directories: Iterable[Path], files: Iterable[Path]
) -> tuple[list[ZoneSource], list[Problem]]:
    """List the zones of all directories and the single ones beside them.

    In a directory, ``*.yaml`` files and directories with a final dot in their
    name (octoDNS's split zones) are zones; hidden ones, which editors leave
    behind, are not.

    Returns:
        Sources sorted by path, each path once, and what cannot be read.
    """
    sources: dict[Path, ZoneSource] = {}
    problems = []
    for directory in directories:
        try:
            for path in directory.iterdir():
                if _is_zone(path):
                    sources[path] = ZoneSource(path, directory)
        except OSError as error:
            problems.append(
                run_problems.unreadable(directory, error, "a directory that dnsd may read")
            )
    for path in files:
        sources.setdefault(path, ZoneSource(path, path.parent))
    return sorted(sources.values(), key=lambda source: source.path), problems


def _is_zone(path: Path) -> bool:
    name = path.name
    if is_hidden(name):
        return False
    # Only regular files: opening a FIFO would wait for ever.
    return path.is_file() if name.endswith(SUFFIX) else name.endswith(".") and path.is_dir()


def signature(paths: Iterable[str]) -> dict[str, str]:
    """Digest files, and directories by the names of the zone files in them.

    Returns:
        Path to digest; an empty digest for what cannot be read.
    """
    return {path: _digest(Path(path)) for path in paths}


def _own_files(source: ZoneSource) -> tuple[str, ...]:
    """List what certainly is read for a source: what it includes is not known yet."""
    if source.path.is_dir():
        return (source.name, *map(str, split_files(source.path)))
    return (source.name,)


def is_current(noted: Mapping[str, str], source: ZoneSource) -> bool:
    """Tell whether all files of a zone are as they were when it was read."""
    if source.name not in noted:
        return False
    return "" not in noted.values() and signature(noted) == noted


def read_source(
    source: ZoneSource,
    noted: Mapping[str, str],
    read: Callable[[Path, Path], ZoneDraft] = read_zone,
) -> tuple[ZoneDraft, dict[str, str]]:
    """Read a zone and digest its files.

    Args:
        source: the zone's file or directory.
        noted: the signature from when it was read last, or nothing.
        read: the reader.

    Returns:
        The draft and its signature; an empty one if a file changed meanwhile,
        so that nobody takes the draft for what the files say now.
    """
    try:
        before = signature({*_own_files(source), *noted})
        draft = read(source.path, source.directory)
        if not before.keys() >= set(draft.files):
            # What it includes is known only now; it must be read between digests.
            before = signature({*_own_files(source), *draft.files})
            draft = read(source.path, source.directory)
        after = signature({*_own_files(source), *draft.files})
    except OSError as error:  # e.g. no permission for a directory above
        draft = ZoneDraft(
            names.ROOT, SoaSettings(Where(source.name)), files=(source.name,), is_named=False
        )
        draft.problems.append(run_problems.unreadable(source.path, error, "a file dnsd may read"))
        return draft, {}
    settled = all(before.get(path) == digest for path, digest in after.items())
    return draft, after if settled else {}


def _digest(path: Path) -> str:
    try:
        facts = path.stat()
        if stat.S_ISDIR(facts.st_mode):
            octets = b"\0".join(
                entry.name.encode(errors="surrogateescape") for entry in split_files(path)
            )
        elif stat.S_ISREG(facts.st_mode):
            octets = path.read_bytes() if facts.st_size <= _MAX_FILE_OCTETS else b""
        else:
            return ""
    except OSError:
        return ""
    return blake2b(octets, digest_size=_DIGEST_OCTETS).hexdigest()
