"""The compiling of block lists, in a process of its own.

A directory in the state directory holds::

    good/NAME        the last copy of a list that was good; what is compiled
    fetched/NAME     what a fetch brought, until it has been judged
    compiled-HEX     stores; one is current, the one before it may still be open
    current          names the current store, by its file name

A list that cannot be read, is too large or is hardly a list at all does not count: its
last good copy is taken. Then the new store is written, brought to the disk, and
``current`` replaced, which is the moment from which it is served. At any crash before
that the old one is.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dnsd.durable import files
from dnsd.resolver.local.blocks import BlocksError, CompiledList, write_store
from dnsd.resolver.local.lists import DOMAINS, ListReader

if TYPE_CHECKING:
    from dnsd.control.blocklists_shapes import (
        CompileListsReport,
        CompileListsRequest,
        ListOutcome,
        ListSource,
    )

CURRENT: Final = "current"
GOOD: Final = "good"
FETCHED: Final = "fetched"
_COMPILED: Final = "compiled-"
#: Why a list is absent whose first fetch has not come to an end; no reason for a warning.
NOTHING_YET: Final = "not fetched yet"


class _RefusedError(Exception):
    """A list that is not to be taken; the message says why."""

    def __init__(self, reason: str, limit: str = "") -> None:
        super().__init__(reason)
        self.limit = limit


def current_store(directory: Path) -> Path | None:
    """Return the file of the current store; ``None`` if there is none."""
    try:
        name = (directory / CURRENT).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    # Written by ourselves, but a path that leads out is nothing to follow.
    return directory / name if name.startswith(_COMPILED) and "/" not in name else None


def compile_lists(request: CompileListsRequest) -> CompileListsReport:
    """Compile all lists and publish them; see `CompileListsRequest`."""
    directory = Path(request["directory"])
    entries: dict[bytes, int] = {}
    lists: list[CompiledList] = []
    outcomes = [_take(source, request, directory, entries, lists) for source in request["lists"]]
    try:
        _publish(directory, lists, entries, request["store_octets"])
    except (BlocksError, OSError) as error:
        return {"failure": str(error), "lists": outcomes, "names": len(entries)}
    for source, outcome in zip(request["lists"], outcomes, strict=True):
        if source["path"] and outcome["state"] == "compiled":
            with suppress(OSError):  # it is served all the same; the next run tries again
                _keep(directory, source)
    return {"failure": "", "lists": outcomes, "names": len(entries)}


def _take(
    source: ListSource,
    request: CompileListsRequest,
    directory: Path,
    entries: dict[bytes, int],
    lists: list[CompiledList],
) -> ListOutcome:
    """Read a list, or its last good copy, into the entries."""
    outcome: ListOutcome = {
        "name": source["name"], "state": "absent", "names": 0, "unreadable": 0,
        "first_unreadable": 0, "reason": "", "limit": "",
    }  # fmt: skip
    places = [directory / GOOD / source["name"]]
    if source["path"]:
        places.insert(0, Path(source["path"]))
    elif not places[0].exists():
        outcome["reason"] = NOTHING_YET
    for place in places:
        try:
            found, reader = _read(place, source["form"], request)
        except _RefusedError as refused:
            if not outcome["reason"]:
                outcome["reason"], outcome["limit"] = str(refused), refused.limit
            continue
        bit = 1 << len(lists)
        lists.append(CompiledList(source["name"], tree=reader.form == DOMAINS))
        for name in found:
            entries[name] = entries.get(name, 0) | bit
        outcome["state"] = "compiled" if place is places[0] else "kept"
        outcome["names"] = reader.names
        outcome["unreadable"] = reader.unreadable
        outcome["first_unreadable"] = reader.first_unreadable
        break
    return outcome


def _read(path: Path, form: str, request: CompileListsRequest) -> tuple[list[bytes], ListReader]:
    """Read a whole list.

    Raises:
        _RefusedError: it cannot be read, or is no list that may be taken.
    """
    limit = request["max_octets"]
    try:
        with path.open("rb") as file:
            octets = file.read(limit + 1)
    except OSError as error:
        raise _RefusedError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    if len(octets) > limit:
        raise _RefusedError(f"{path} has more than {limit} octets", "block_list_size")
    reader = ListReader(octets, form, request["max_names"])
    found = list(reader)
    if reader.full:
        raise _RefusedError(
            f"{path} has more than {request['max_names']} names", "block_list_names"
        )
    if reader.is_broken:
        raise _RefusedError(
            f"{path} is no list of {reader.form}: {reader.unreadable} lines cannot be read,"
            f" the first is line {reader.first_unreadable}"
        )
    return found, reader


def _publish(
    directory: Path, lists: list[CompiledList], entries: dict[bytes, int], map_size: int
) -> None:
    """Write a store, then make it the current one."""
    before = current_store(directory)
    for path in directory.glob(f"{_COMPILED}*"):
        if path != before:
            path.unlink()
    store = directory / f"{_COMPILED}{os.urandom(8).hex()}"
    try:
        write_store(store, lists, entries, map_size)
        files.put(directory / CURRENT, store.name.encode())
    except BaseException:
        with suppress(OSError):
            store.unlink()
        raise


def _keep(directory: Path, source: ListSource) -> None:
    """Make a list that was compiled its own last good copy."""
    path, good = Path(source["path"]), directory / GOOD / source["name"]
    good.parent.mkdir(exist_ok=True)
    if path.parent == directory / FETCHED:
        path.replace(good)
        return
    beside = good.with_name(good.name + ".new")
    shutil.copyfile(path, beside)
    beside.replace(good)
