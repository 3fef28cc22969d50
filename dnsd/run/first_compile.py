"""Zones before anything is served: compiled, or as the last run left them.

A zone with an error keeps the daemon from starting, with every problem of every
file. Trouble with the disk does not, as long as a store from before is there: old
zones are better than none.

A store is looked at in a child process first, because a file that is damaged in its
middle can kill whoever reads it. That costs time with its size, so it is done only
when the machine was started anew since the store was last known to be sound: a
process that dies cannot damage LMDB's file, a machine that loses power can.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dnsd.authority.store import StoreError, open_store, verify_store
from dnsd.control.compiler import CompileFailure, compile_at_start
from dnsd.run import wiring
from dnsd.source.problems import ConfigError, Problem, Severity, Where
from dnsd.wire import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.config.schema import Config
    from dnsd.control.shapes import CompileReport, ProblemShape
    from dnsd.observe.log import EventLog

# Problems that forbid a reload and no start: nobody is there to say --force, and a key
# that is missing leaves signatures that hold for days.
_TOLERATED = frozenset(("deletion-share", "zone-file-gone", "zone-not-signed"))
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def compile_first(config: Config, log: EventLog) -> str:
    """Bring the store in line with the zone files, before anything is served.

    Returns:
        One of the zones, in text, to try the server with; empty without any.

    Raises:
        ConfigError: a zone has errors, or there is nothing that could be served.
    """
    path = wiring.store_path(config)
    boot = _read(_BOOT)
    mark = path.with_name(path.name + ".sound-at-boot")
    if path.exists() and _read(mark) != boot:
        _replace_if_damaged(path, log)
    outcome = compile_at_start(wiring.compiler_options(config), int(time.time()))
    if isinstance(outcome, CompileFailure):
        zone = in_a_child(lambda: _first_zone(path))
        if not zone:
            raise ConfigError([Problem(Where(str(path)), "zones-not-compiled", outcome.reason)])
        log.error("zones_from_before", "zones are served as they were", reason=outcome.reason)
        return zone.decode()
    if outcome["rebuilt"]:
        _tell_rebuilt(path, log)
    with suppress(OSError):
        mark.write_bytes(boot)
    _judge(outcome, log)
    if not outcome["served"]:
        log.warning("no_zone", "no zone is served")
        return ""
    return (in_a_child(lambda: _first_zone(path)) or b"").decode()


def _judge(outcome: CompileReport, log: EventLog) -> None:
    """Tell warnings; raise ConfigError if a zone has errors."""
    shapes = [*outcome["problems"]]
    for zone in outcome["zones"]:
        shapes += zone["problems"]
    problems = [_problem(shape) for shape in shapes]
    for problem in problems:
        if problem.id in _TOLERATED:
            log.error("zone_kept", problem.message, where=str(problem.where), hint=problem.hint)
    if any(one.severity is Severity.ERROR and one.id not in _TOLERATED for one in problems):
        raise ConfigError(problems)
    for one in problems:
        if one.severity is Severity.WARNING:
            log.warning("zone_warning", one.message, where=str(one.where), check=one.id)


def _problem(shape: ProblemShape) -> Problem:
    return Problem(
        Where(shape["file"], shape["line"], shape["column"]),
        shape["id"],
        shape["message"],
        shape["expected"],
        shape["hint"],
        Severity(shape["severity"]),
    )


def _replace_if_damaged(path: Path, log: EventLog) -> None:
    if in_a_child(lambda: _verify(path)) is not None:
        return
    aside = path.with_name(path.name + ".damaged")
    try:
        _remove_tree(aside)
        path.rename(aside)
    except OSError:
        return  # The compiler says what is wrong with the directory.
    _tell_rebuilt(path, log)


def _tell_rebuilt(path: Path, log: EventLog) -> None:
    log.warning(
        "zone_store_rebuilt",
        "the zone store was damaged; it was moved aside and is built again from the zone files",
        aside=str(path) + ".damaged",
    )


def _verify(path: Path) -> bytes:
    verify_store(path)
    return b"sound"


def _first_zone(path: Path) -> bytes:
    """Return a zone of the store in text, one from a file if there is any."""
    store = open_store(path, read_only=True)
    with store.snapshot() as snapshot:
        rows = sorted(snapshot.rows(), key=lambda row: row[1].generated)
    return names.to_text(rows[0][0]).encode() if rows else b""


def in_a_child(look: Callable[[], bytes]) -> bytes | None:
    """Run something that may die of a damaged file.

    Args:
        look: returns at most 4,096 octets.

    Returns:
        What it returned; None if it raised StoreError or died.
    """
    read_end, write_end = os.pipe()
    pid = os.fork()
    if not pid:
        status = 1
        try:
            with suppress(StoreError):
                os.write(write_end, look())
                status = 0
        finally:
            os._exit(status)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        found = pipe.read()
    _, status = os.waitpid(pid, 0)
    return None if status else found


def _remove_tree(path: Path) -> None:
    if path.is_dir():
        for file in path.iterdir():
            file.unlink()
        path.rmdir()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
