"""Run the zone compiler in a process of its own, within bounds.

The process gets one request as JSON on its standard input and writes one report
as JSON to its standard output. Its memory and CPU time are bounded by the
kernel, and it is killed when its time is over, so a zone file can stop neither
answers nor this process. It starts with an empty environment and from the
same program as we do.

Most of a small run is the start of the process: 0.15 s of CPU time, against
0.02 s for reading one changed zone of a thousand. So once there has been a run,
the process for the next one is started ahead and waits for its request, which
costs 25 MB.
"""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol

from dnsd.control.compile_status import STATUS_MEMORY
from dnsd.control.scan import ZoneFiles, look
from dnsd.dnssec.algorithms import RSA_HASHES
from dnsd.dnssec.policy import DEFAULT, SigningPolicy
from dnsd.observe import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twisted.python.failure import Failure

    from dnsd.control.shapes import CompileReport, CompileRequest
    from dnsd.control.surroundings import Surroundings
    from dnsd.net.clock import Timer

MAX_REPORT_OCTETS: Final = 16 << 20
_MAX_COMPLAINT_OCTETS: Final = 16 << 10

# Octets of zone file that may hold 100,000 records: a short record of YAML has forty.
_OCTETS_A_TIME_UNIT: Final = 4_000_000

# The same records in the store, signed, and once more as they were before: signatures are
# renewed also of zones whose file is gone.
_STORE_OCTETS_A_TIME_UNIT: Final = 80_000_000

# Signing 100,000 records by RSA, each with its denial, takes a minute; by others seconds.
_RSA_TIME_UNITS: Final = 6

# How much longer than its CPU time a run may take.
_PATIENCE: Final = 4

# Without -m, to append to the path where our package is: in a checkout it is not installed.
_PROGRAM: Final = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from dnsd.control.compile_process import main; main()"
)


@dataclass(frozen=True, slots=True)
class CompilerOptions:
    """What is compiled, where to, and within which bounds.

    Attributes:
        where: the zone files.
        store: directory of the zone store.
        serials: file of the last serials.
        signing_keys: directory of private keys.
        max_deletion_share: of a zone's records that one run may remove, 0..1.
        store_octets: address space for the store.
        memory_octets: for everything but the store.
        time_s: of CPU for each 100,000 records; the clock may show more.
        policies: how zones may be signed, by name.
    """

    where: ZoneFiles
    store: Path
    serials: Path
    signing_keys: Path
    max_deletion_share: float = 0.5
    store_octets: int = 64 << 30
    memory_octets: int = 1 << 30
    time_s: float = 30.0
    policies: Mapping[str, SigningPolicy] = field(
        default_factory=lambda: {DEFAULT: SigningPolicy()}
    )


@dataclass(frozen=True, slots=True)
class CompileFailure:
    """The compiler did not come to an end; what is served has not changed.

    Attributes:
        reason: a clause for the log.
        limit: the limit that was hit, or empty.
    """

    reason: str
    limit: str = ""


def compile_request(
    options: CompilerOptions, wall_now: int, *, force: bool = False, dry_run: bool = False
) -> CompileRequest:
    """Write down what the process shall do.

    Args:
        options: see `CompilerOptions`.
        wall_now: Unix time, for serials.
        force: take over what deletes more than its share.
        dry_run: publish nothing, say what would change.
    """
    return {
        "request": {
            "directories": [str(path) for path in options.where.directories],
            "files": [str(path) for path in options.where.files],
            "max_deletion_share": options.max_deletion_share,
            "force": force,
            "dry_run": dry_run,
            "policies": {name: policy.to_json() for name, policy in options.policies.items()},
        },
        "store": str(options.store),
        "serials": str(options.serials),
        "signing_keys": str(options.signing_keys),
        "store_octets": options.store_octets,
        "memory_octets": options.memory_octets,
        "time_s": options.time_s * _time_units(options),
        "wall_now": wall_now,
        "may_rebuild": False,
    }


def _time_units(options: CompilerOptions) -> int:
    """Return how many times the time of 100,000 records a run may take."""
    try:
        stored = (options.store / "data.mdb").stat().st_size
    except OSError:
        stored = 0
    written = look(options.where).octets
    units = max(
        math.ceil(written / _OCTETS_A_TIME_UNIT), math.ceil(stored / _STORE_OCTETS_A_TIME_UNIT), 1
    )
    by_rsa = any(policy.algorithm in RSA_HASHES for policy in options.policies.values())
    return units * (_RSA_TIME_UNITS if by_rsa else 1)


def compile_command() -> list[str]:
    """Return the command line that starts the process."""
    package_parent = str(Path(__file__).parents[2])
    # -I: neither environment nor working directory say what is imported.
    return [sys.executable, "-I", "-X", "utf8", "-c", _PROGRAM, package_parent]


def compile_at_start(options: CompilerOptions, wall_now: int) -> CompileReport | CompileFailure:
    """Run the compiler and wait, before anything is served and any process forked.

    A damaged store is moved aside and made anew from the zone files.
    """
    request = compile_request(options, wall_now)
    request["may_rebuild"] = True
    try:
        ended = subprocess.run(  # noqa: S603 -- our own program
            compile_command(),
            input=json.dumps(request).encode(),
            capture_output=True,
            env={},
            timeout=_patience_s(request),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _too_slow(request)
    except OSError as error:
        return _not_started(error)
    return outcome_of(ended.stdout, ended.stderr, ended.returncode)


def outcome_of(report: bytes, complaint: bytes, status: int) -> CompileReport | CompileFailure:
    """Judge how the process ended.

    Args:
        report: all of its standard output.
        complaint: the end of its standard error.
        status: exit status, or the number of the signal that ended it, negative.
    """
    if status == -signal.SIGXCPU:
        reason = "the zone compiler used up its CPU time; raise limits: compile_time:"
        return CompileFailure(reason, "compile_time")
    if status == -signal.SIGBUS:
        # How the kernel says that a mapped file finds no room (mmap(2)): LMDB's lock file.
        return CompileFailure("the disk of the zone store is full or fails; free space on it")
    if status == STATUS_MEMORY or (status and b"MemoryError" in complaint):
        return CompileFailure(
            "the zone compiler reached its memory limit; raise limits: compile_memory:",
            "compile_memory",
        )
    try:
        outcome = cast("CompileReport", json.loads(report))
    except ValueError:
        last = complaint.decode("ascii", "replace").strip().rpartition("\n")[2]
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        return CompileFailure(f"the zone compiler ended with {how}" + (f": {last}" if last else ""))
    return CompileFailure(outcome["failure"]) if outcome["failure"] else outcome


def _patience_s(request: CompileRequest) -> float:
    """Return how long a run may take by the clock.

    The kernel bounds its CPU time; a busy machine or a slow disk is no fault of the
    zones, and at a start there is nothing to be served meanwhile.
    """
    return _PATIENCE * request["time_s"]


def _too_slow(request: CompileRequest) -> CompileFailure:
    reason = f"the zone compiler was stopped after {_patience_s(request):g} s"
    return CompileFailure(f"{reason}; raise limits: compile_time:", "compile_time")


def _not_started(error: OSError) -> CompileFailure:
    return CompileFailure(f"the zone compiler cannot be started: {error.strerror}")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the process.

    Attributes:
        outcome: comes with its report; never fails.
        ended: comes when the process is gone and the next one may start.
    """

    outcome: Deferred[CompileReport | CompileFailure]
    ended: Deferred[None]


class Compiler:
    """Starts the process in a daemon that goes on answering meanwhile.

    Attributes:
        options: of the next run.
    """

    def __init__(self, options: CompilerOptions, around: Surroundings) -> None:
        self.options = options
        self._around = around
        self._ready: _Process | None = None

    def run(self, *, force: bool = False, dry_run: bool = False) -> Run:
        """Have it compile once; see `compile_request`."""
        request = compile_request(
            self.options, self._around.clock.wall_now(), force=force, dry_run=dry_run
        )
        process, self._ready = self._ready or self._start(), None
        process.ask(request)
        process.outcome.addCallback(self._count)
        process.ended.addCallback(self._start_ahead)
        return Run(process.outcome, process.ended)

    def _start(self) -> _Process:
        process = _Process(self._around)
        command = compile_command()
        try:
            self._around.reactor.spawnProcess(process, command[0], command, env={})
        except OSError as error:
            process.never_started(_not_started(error))
        process.ended.addCallback(self._forget, process)
        return process

    def _start_ahead(self, _: None) -> None:
        if self._ready is None:
            process = self._start()
            self._ready = None if process.ended.called else process

    def _forget(self, _: None, process: _Process) -> None:
        if self._ready is process:
            self._ready = None

    def _count(self, outcome: CompileReport | CompileFailure) -> CompileReport | CompileFailure:
        if isinstance(outcome, CompileFailure) and outcome.limit:
            self._around.row[metrics.limit_slot(outcome.limit)] += 1
        return outcome


class _Process(ProcessProtocol):
    """One process: request in, report out, and an end to its time."""

    transport: Any  # zope's interface of it does not type-check

    def __init__(self, around: Surroundings) -> None:
        self.outcome: Deferred[CompileReport | CompileFailure] = Deferred()
        self.ended: Deferred[None] = Deferred()
        self._around = around
        self._report = bytearray()
        self._complaint = bytearray()
        self._failure: CompileFailure | None = None
        self._timer: Timer | None = None

    def ask(self, request: CompileRequest) -> None:
        """Hand the request over; the process is killed when its time is over."""
        if self.ended.called:
            return
        self._timer = self._around.clock.call_later(
            _patience_s(request), lambda: self._kill(_too_slow(request))
        )
        self.transport.writeToChild(0, json.dumps(request).encode())
        self.transport.closeChildFD(0)

    def never_started(self, failure: CompileFailure) -> None:
        """End before it began."""
        self.outcome.callback(failure)
        self.ended.callback(None)

    # Names of Twisted, here and below.
    def outReceived(self, octets: bytes) -> None:  # noqa: N802
        """Take a part of the report."""
        if self._failure is not None:
            return
        self._report += octets
        if len(self._report) > MAX_REPORT_OCTETS:
            reason = f"the zone compiler reported more than {MAX_REPORT_OCTETS} octets"
            self._kill(CompileFailure(reason, "compile_report"))

    def errReceived(self, octets: bytes) -> None:  # noqa: N802
        """Take what it complains about; the end says most."""
        self._complaint += octets
        del self._complaint[:-_MAX_COMPLAINT_OCTETS]

    def outConnectionLost(self) -> None:  # noqa: N802
        """Give a whole report to whoever waits; the process still tidies up."""
        outcome = outcome_of(bytes(self._report), b"", 0)
        if self._failure is None and not isinstance(outcome, CompileFailure):
            self._tell(outcome)

    def processEnded(self, reason: Failure) -> None:  # noqa: N802
        """Let the next one start, and say how it ended if there was no report."""
        if self._timer is not None:
            self._timer.cancel()
        end = reason.value
        status = getattr(end, "exitCode", None)
        if status is None:
            status = -(getattr(end, "signal", None) or 0)
        self._tell(self._failure or outcome_of(bytes(self._report), bytes(self._complaint), status))
        self.ended.callback(None)

    def _tell(self, outcome: CompileReport | CompileFailure) -> None:
        if not self.outcome.called:
            self.outcome.callback(outcome)

    def _kill(self, failure: CompileFailure) -> None:
        self._failure = failure
        self._report.clear()
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess("KILL")
