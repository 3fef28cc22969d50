"""Follow the files that local names and block lists come from, in a process that answers.

Hosts and lease files are read by every worker: they are small. Block lists are compiled
by the control process; here the store is opened that is current. All of it is looked at
every second, which is soon enough for whoever edits a file or joins the network, and
costs some calls of ``stat``.

A file that cannot be read, or is too large, leaves what was read of it before. One that
is gone has no names.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dnsd.control.blocklists_compile import CURRENT, current_store
from dnsd.observe import metrics
from dnsd.resolver.local.answer import Source
from dnsd.resolver.local.blocks import Blocks, BlocksError, open_blocks
from dnsd.resolver.local.hosts import HostEntries, read_hosts
from dnsd.resolver.local.leases import read_leases
from dnsd.resolver.local.local_names import LocalNames

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from dnsd.control.surroundings import Surroundings
    from dnsd.query.policy import HereAnswers

_LOOK_S: Final = 1.0
# Leases end without a change of their file.
_LEASES_AGAIN_S: Final = 60.0

# Signatures that no file has.
_Signature = tuple[int, ...]
_NEVER: Final[_Signature] = (-1,)
_AGAIN: Final[_Signature] = (-2,)


@dataclass(frozen=True, slots=True)
class LocalTablesOptions:
    """Where names come from.

    Attributes:
        names: those of the configuration: name in canonical form, type, rdata.
        hosts: hosts files.
        leases: lease files.
        domain: under which names of one label are found too.
        ttl: of local names, seconds.
        block_lists: directory of compiled block lists.
        actions: name of each block list → what becomes of its names.
        file_octets: size of a hosts or lease file.
        file_names: names of one of them.
    """

    names: Sequence[tuple[bytes, int, bytes]]
    hosts: Sequence[Path]
    leases: Sequence[Path]
    domain: bytes
    ttl: int
    block_lists: Path
    actions: Mapping[str, str]
    file_octets: int = 1 << 20
    file_names: int = 10_000


@dataclass(slots=True)
class _File:
    """One file, as it was read last."""

    path: Path
    source: Source
    signature: _Signature = _NEVER
    read_at: float = 0.0
    entries: list[tuple[bytes, bytes]] = field(default_factory=list)
    said: str = ""


class LocalTables:
    """Puts newer tables in place of older ones."""

    def __init__(
        self,
        options: LocalTablesOptions,
        here: HereAnswers,
        around: Surroundings,
        changed: Callable[[], None],
    ) -> None:
        """Do nothing until :meth:`look`.

        Args:
            options: see `LocalTablesOptions`.
            here: answers from the tables.
            around: see `Surroundings`.
            changed: called after a table was replaced: answers made from the one
                before must not be given again.
        """
        self._options = options
        self._here = here
        self._around = around
        self._changed = changed
        self._files = [_File(path, Source.HOSTS) for path in options.hosts]
        self._files += [_File(path, Source.LEASE) for path in options.leases]
        self._current = _NEVER
        self._said = ""
        self._has_names = False

    def look(self) -> float:
        """Read what has changed; returns the seconds until it is to be done again."""
        news = [self._read(file) for file in self._files]  # each of them, not any
        replaced = any(news) or not self._has_names
        if replaced:
            self._make_names()
        if self._options.actions:
            replaced |= self._open_blocks()
        if replaced:
            self._changed()
        return _LOOK_S

    def _make_names(self) -> None:
        options = self._options
        names = LocalNames(self._here.names.special, domain=options.domain, ttl=options.ttl)
        names.add(Source.NAMES, options.names)
        for file in self._files:
            names.add_addresses(file.source, file.entries)
        self._here.names = names
        self._has_names = True
        self._around.row[metrics.LOCAL_NAMES.slot()] = len(names)

    def _read(self, file: _File) -> bool:
        """Read a file if there is something new in it; tell whether there is."""
        now = self._around.clock.now()
        signature = _signature(file.path)
        is_old = file.source is Source.LEASE and now - file.read_at >= _LEASES_AGAIN_S
        if signature == file.signature and not is_old:
            return False
        file.signature, file.read_at = signature, now
        before = file.entries
        try:
            with file.path.open("rb") as opened:
                octets = opened.read(self._options.file_octets + 1)
        except FileNotFoundError:
            file.entries = []
            self._say(file, "there is no such file")
        except OSError as error:
            self._say(file, error.strerror or str(error))
        else:
            self._take(file, octets)
        return file.entries != before

    def _take(self, file: _File, octets: bytes) -> None:
        options = self._options
        if len(octets) > options.file_octets:
            self._around.row[metrics.limit_slot("local_file_size")] += 1
            self._say(file, f"more than {options.file_octets} octets; not read")
            return
        found = self._parse(file.source, octets)
        file.entries = found.entries
        problem = ""
        if found.full:
            self._around.row[metrics.limit_slot("local_names")] += 1
            problem = f"more than {options.file_names} names; the rest is left out"
        elif found.unreadable:
            problem = (
                f"{found.unreadable} lines cannot be read,"
                f" the first is line {found.first_unreadable}"
            )
        self._say(file, problem)

    def _parse(self, source: Source, octets: bytes) -> HostEntries:
        if source is Source.HOSTS:
            return read_hosts(octets, self._options.file_names)
        return read_leases(octets, self._around.clock.wall_now(), self._options.file_names)

    def _say(self, file: _File, problem: str) -> None:
        """Log what is wrong with a file when that is news."""
        if problem and problem != file.said:
            self._around.log.warning(
                "local_names", "something is wrong with a file of local names",
                file=str(file.path), reason=problem,
            )  # fmt: skip
        file.said = problem

    def _open_blocks(self) -> bool:
        """Open the current store of block lists; tell whether it is a new one."""
        signature = _signature(self._options.block_lists / CURRENT)
        if signature == self._current:
            return False
        if self._current == _NEVER:
            # It must be there when this process is confined to it.
            with suppress(OSError):
                self._options.block_lists.mkdir(mode=0o750, exist_ok=True)
        self._current = signature
        path = current_store(self._options.block_lists)
        if path is None:
            return False  # nothing is compiled yet
        try:
            self._here.blocks = Blocks(open_blocks(path), self._options.actions)
        except BlocksError as error:
            self._current = _AGAIN  # the store before stays
            if str(error) != self._said:
                self._around.log.error("block_lists", str(error))
            self._said = str(error)
            return False
        self._said = ""
        return True


def _signature(path: Path) -> _Signature:
    try:
        found = path.stat()
    except OSError as error:
        return (error.errno or 0,)
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev
