"""The process that compiles zones: one request in, one report out, then it ends.

Started by `compiler.py`. It bounds itself before it reads any zone, and dies
with the process that started it: a version published when nobody is left to
tell the workers would hide behind their caches. It says nothing else on its
standard output.

Its start-up is part of a reload unless it was started before: it imports
neither Twisted nor anything else that compiling does not need.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import shutil
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from dnsd.authority.build import report
from dnsd.authority.build.compilation import compile_zones
from dnsd.authority.build.row_notes import RowNotes
from dnsd.authority.build.zone_signing import SigningNotes
from dnsd.authority.serials import Serials
from dnsd.authority.signing_keys import SigningKeys
from dnsd.authority.store import StoreError, ZoneStore, open_store
from dnsd.control.compile_status import STATUS_MEMORY

if TYPE_CHECKING:
    from dnsd.control.shapes import CompileReport, CompileRequest

# A small change should be served at once; a long run gives way to those who answer.
_UNHURRIED_AFTER_S: Final = 0.5  # of CPU time
_NICE: Final = 10
_PR_SET_PDEATHSIG: Final = 1  # <linux/prctl.h>
# What a report holds at most: whoever reads it answers queries meanwhile.
MAX_ZONES: Final = 1000
MAX_CHANGES: Final = 10_000
MAX_PROBLEMS: Final = 5000

_PUBLISHED: Final = (report.Status.LOADED, report.Status.REMOVED)

# Program, libraries and stacks, for the bound on address space.
_PROGRAM_OCTETS: Final = 1 << 30


def main() -> None:
    """Read the request, compile, report, clean up."""
    try:
        octets = sys.stdin.buffer.read()
        if not octets:
            return  # kept ready until whoever might have asked has ended
        request: CompileRequest = json.loads(octets)
        bound_process(request)
        _run(request)
    except MemoryError:
        # Nothing may be allocated any more, not even for a report.
        os._exit(STATUS_MEMORY)


def bound_process(request: CompileRequest) -> None:
    """Take no more memory and time than the request says."""
    signal.signal(signal.SIGVTALRM, lambda *_: os.nice(_NICE))
    signal.setitimer(signal.ITIMER_VIRTUAL, _UNHURRIED_AFTER_S)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # RLIMIT_DATA counts what is allocated; RLIMIT_AS also counts the map of the
    # store, which is only address space.
    memory = request["memory_octets"]
    _lower(resource.RLIMIT_DATA, memory)
    _lower(resource.RLIMIT_AS, memory + request["store_octets"] + _PROGRAM_OCTETS)
    _lower(resource.RLIMIT_CPU, int(request["time_s"]) + 1)
    _lower(resource.RLIMIT_CORE, 0)


def _lower(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))


def _run(request: CompileRequest) -> None:
    try:
        store, rebuilt = _open(request)
        report = _compile(request, store)
        report["rebuilt"] = rebuilt
    except StoreError as error:
        _say(_failed(str(error)))
        return
    _say(report)
    # Nobody waits any more; the next run begins when this process has ended.
    with suppress(StoreError):
        while store.collect():
            pass
    store.close()


def _say(report: CompileReport) -> None:
    octets = json.dumps(report).encode()
    sys.stdout.buffer.write(octets)
    sys.stdout.buffer.flush()
    # The end of the report is the end of the pipe.
    os.dup2(2, 1)


def _open(request: CompileRequest) -> tuple[ZoneStore, bool]:
    """Open the store, in the place of a damaged one if that may be.

    Raises:
        StoreError: it cannot be opened.
    """
    path = Path(request["store"])
    take_turn(path)
    try:
        return open_store(path, map_size=request["store_octets"]), False
    except StoreError as error:
        if not error.rebuild or not request["may_rebuild"]:
            raise
    _move_aside(path)
    return open_store(path, map_size=request["store_octets"]), True


def take_turn(path: Path) -> int:
    """Wait until no other process compiles into a store, and let no other, to our end.

    One daemon has one such process. Two daemons that share a state directory by
    mistake would give one version id to two zones, and collect what the other builds.

    Returns:
        The descriptor that holds the turn.

    Raises:
        StoreError: the file of the lock cannot be made.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path.with_name(path.name + ".lock"), flags, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        advice = "let dnsd's user own the directory above it and write to it"
        raise StoreError(f"zone store {path}: {reason}; {advice}") from error
    return lock


def _move_aside(path: Path) -> None:
    """Keep what is left of a damaged store for whoever wants to look into it."""
    aside = path.with_name(path.name + ".damaged")
    shutil.rmtree(aside, ignore_errors=True)
    path.rename(aside)


def _compile(request: CompileRequest, store: ZoneStore) -> CompileReport:
    with store.snapshot() as snapshot:
        before = {origin for origin, _ in snapshot.rows()}
    signing_keys = SigningKeys(Path(request["signing_keys"]))
    outcome = compile_zones(
        report.CompileRequest.from_json(request["request"]),
        store,
        Serials(Path(request["serials"])),
        request["wall_now"],
        signing_keys,
    )
    served = _origins(store)
    zones, omitted = _worth_telling(outcome)
    published = [zone for zone in outcome.zones if zone.status in _PUBLISHED or zone.renewed]
    return {
        "failure": "",
        "zones": zones,
        "omitted": omitted,
        "problems": [cast("Any", report.problem_to_json(one)) for one in outcome.problems],
        "published": bool(published) and not outcome.dry_run,
        "slots": sorted({zone.slot for zone in published}),
        "origins_changed": before != served.origins.keys(),
        "rebuilt": False,
        "kept": sum(zone.status is report.Status.KEPT for zone in outcome.zones),
        "refused": sum(zone.status is report.Status.REFUSED for zone in outcome.zones),
        "served": len(served.origins),
        "generated": sum(served.origins.values()),
        "records": served.records,
        "renew_at": served.renew_at,
        "expires": served.expires,
    }


def _worth_telling(outcome: report.CompileReport) -> tuple[list[Any], int]:
    """List zones that changed or have problems, those that are not as their file first.

    Returns:
        As much as a report may hold, and the number of zones left out.
    """
    found = [zone for zone in outcome.zones if zone.status != "unchanged" or zone.problems]
    found.sort(key=lambda zone: zone.status in _PUBLISHED)
    zones = []
    lines, problems = MAX_CHANGES, MAX_PROBLEMS
    for zone in found[:MAX_ZONES]:
        shown = replace(
            zone,
            changes=zone.changes[:lines],
            omitted=zone.omitted + max(len(zone.changes) - lines, 0),
            problems=zone.problems[:problems],
        )
        lines -= len(shown.changes)
        problems -= len(shown.problems)
        zones.append(shown.to_json())
    return zones, max(len(found) - MAX_ZONES, 0)


@dataclass(slots=True)
class _Catalog:
    """What is served: origins with whether they are generated, and totals.

    ``renew_at`` and ``expires`` are the earliest of all signed zones, else 0.
    """

    origins: dict[bytes, bool] = field(default_factory=dict)
    records: int = 0
    renew_at: int = 0
    expires: int = 0


def _origins(store: ZoneStore) -> _Catalog:
    found = _Catalog()
    with store.snapshot() as snapshot:
        for origin, row in snapshot.rows():
            notes = RowNotes.from_octets(row.meta)
            found.origins[origin] = row.generated
            found.records += notes.records
            if notes.signing is not None:
                signing = SigningNotes(*notes.signing)
                found.renew_at = min(found.renew_at or signing.renew_at, signing.renew_at)
                found.expires = min(found.expires or signing.expires, signing.expires)
    return found


def _failed(reason: str) -> CompileReport:
    return {
        "failure": reason,
        "zones": [],
        "omitted": 0,
        "problems": [],
        "published": False,
        "slots": [],
        "origins_changed": False,
        "rebuilt": False,
        "kept": 0,
        "refused": 0,
        "served": 0,
        "generated": 0,
        "records": 0,
        "renew_at": 0,
        "expires": 0,
    }
