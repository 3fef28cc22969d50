"""One child process that does one thing: a request in, a report out, then it ends.

The request is JSON on its standard input, the report JSON on its standard output.
It runs our own program, with an empty environment, and is killed when its time is
over or its report too long; how much memory and CPU time it takes it bounds itself
(`compile_process.bound_process`). The zone compiler, which is started ahead, has its
own (`compiler`).
"""

from __future__ import annotations

import json
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol

from dnsd.control.compile_status import STATUS_MEMORY

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from dnsd.control.surroundings import Surroundings
    from dnsd.net.clock import Timer

MAX_REPORT_OCTETS: Final = 1 << 20
_MAX_COMPLAINT_OCTETS: Final = 16 << 10

# As in `compiler`.
_PROGRAM: Final = "import sys; sys.path.append(sys.argv[1]); from {module} import main; main()"


@dataclass(frozen=True, slots=True)
class ChildFailure:
    """The child did not come to an end.

    Attributes:
        reason: a clause for the log.
        limit: ``time`` or ``memory`` if it ran out of that; or empty.
    """

    reason: str
    limit: str = ""


def child_command(module: str) -> list[str]:
    """Return the command line that runs ``main`` of a module of ours."""
    package_parent = str(Path(__file__).parents[2])
    program = _PROGRAM.format(module=module)
    # -I: neither environment nor working directory say what is imported.
    return [sys.executable, "-I", "-X", "utf8", "-c", program, package_parent]


def run_child(
    command: list[str], request: dict[str, Any], patience_s: float, around: Surroundings
) -> Deferred[dict[str, Any] | ChildFailure]:
    """Run a program in a process of its own.

    Args:
        command: from :func:`child_command`.
        request: for its standard input.
        patience_s: seconds after which it is killed.
        around: see `Surroundings`.

    Returns:
        Its report, or why there is none; never fails.
    """
    child = _Child(patience_s, around)
    try:
        around.reactor.spawnProcess(child, command[0], command, env={})
    except OSError as error:
        child.outcome.callback(ChildFailure(f"cannot be started: {error.strerror}"))
    else:
        child.ask(request)
    return child.outcome


def outcome_of(report: bytes, complaint: bytes, status: int) -> dict[str, Any] | ChildFailure:
    """Judge how a child ended.

    Args:
        report: all of its standard output.
        complaint: the end of its standard error.
        status: exit status, or the number of the signal that ended it, negative.
    """
    if status == -signal.SIGXCPU:
        return ChildFailure("used up its CPU time", "time")
    if status == STATUS_MEMORY or (status and b"MemoryError" in complaint):
        return ChildFailure("reached its memory limit", "memory")
    try:
        outcome = json.loads(report)
    except ValueError:
        outcome = None
    if status == 0 and isinstance(outcome, dict):
        return outcome
    last = complaint.decode("ascii", "replace").strip().rpartition("\n")[2]
    how = f"signal {-status}" if status < 0 else f"exit status {status}"
    return ChildFailure(f"ended with {how}" + (f": {last}" if last else ""))


class _Child(ProcessProtocol):
    transport: Any  # zope's interface of it does not type-check

    def __init__(self, patience_s: float, around: Surroundings) -> None:
        self.outcome: Deferred[dict[str, Any] | ChildFailure] = Deferred()
        self._patience_s = patience_s
        self._around = around
        self._report = bytearray()
        self._complaint = bytearray()
        self._failure: ChildFailure | None = None
        self._timer: Timer | None = None

    def ask(self, request: dict[str, Any]) -> None:
        """Hand the request over; from now on its time runs."""
        failure = ChildFailure(f"was stopped after {self._patience_s:g} s", "time")
        self._timer = self._around.clock.call_later(self._patience_s, lambda: self._kill(failure))
        self.transport.writeToChild(0, json.dumps(request).encode())
        self.transport.closeChildFD(0)

    # Names of Twisted, here and below.
    def outReceived(self, octets: bytes) -> None:  # noqa: N802
        """Take a part of the report."""
        self._report += octets
        if len(self._report) > MAX_REPORT_OCTETS:
            self._report.clear()
            self._kill(ChildFailure(f"reported more than {MAX_REPORT_OCTETS} octets"))

    def errReceived(self, octets: bytes) -> None:  # noqa: N802
        """Take what it complains about; the end says most."""
        self._complaint += octets
        del self._complaint[:-_MAX_COMPLAINT_OCTETS]

    def processEnded(self, reason: Failure) -> None:  # noqa: N802
        """Tell how it ended."""
        if self._timer is not None:
            self._timer.cancel()
        end = reason.value
        status = getattr(end, "exitCode", None)
        if status is None:
            status = -(getattr(end, "signal", None) or 0)
        outcome = outcome_of(bytes(self._report), bytes(self._complaint), status)
        self.outcome.callback(self._failure or outcome)

    def _kill(self, failure: ChildFailure) -> None:
        self._failure = self._failure or failure
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess("KILL")
