"""Keep compiled block lists in line with their files and URLs.

Each list has a place. A file is looked at every few seconds, a URL is fetched when its
time has come (`blocklists_fetches`). Whenever a place has something new, all lists are
compiled (`blocklists_compile`), in a process of its own and one run at a time. What
workers read is the store that ``current`` names, and it stays while a run fails, a list
is broken, or the network is away; at a start it is there before anything is fetched.

Everything that is wrong with a list is said in the log when it begins, and in `status`
as long as it lasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from dnsd.control.blocklists_compile import FETCHED, GOOD, NOTHING_YET
from dnsd.control.blocklists_fetches import LIMIT_OF_CHILD, Fetches
from dnsd.control.child import ChildFailure, child_command, run_child
from dnsd.observe import metrics

if TYPE_CHECKING:
    from pathlib import Path

    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    from dnsd.control.blocklists_fetches import Run
    from dnsd.control.blocklists_options import BlockListsOptions, ListPlan
    from dnsd.control.blocklists_shapes import (
        CompileListsReport,
        CompileListsRequest,
        FetchReport,
        ListOutcome,
        ListStatus,
    )
    from dnsd.control.surroundings import Surroundings
    from dnsd.net.clock import Timer

_PROCESS: Final = "dnsd.control.blocklists_process"
_LOOK_S: Final = 2.0
_RETRY_S: Final = 300.0
# A run takes longer by the clock than of CPU time when the machine is busy.
_PATIENCE: Final = 4


@dataclass(slots=True)
class _List:
    """The state of one list."""

    plan: ListPlan
    outcome: ListOutcome | None = None
    compiled_at: int = 0
    said: str = ""  # the last problem that was logged
    signature: tuple[int, ...] = ()


class BlockLists:
    """Compiles, has fetched what is to be, and tells how it stands."""

    def __init__(
        self, options: BlockListsOptions, around: Surroundings, run: Run | None = None
    ) -> None:
        """Do nothing until started.

        Args:
            options: see `BlockListsOptions`.
            around: see `Surroundings`.
            run: runs a request; in a process of its own unless a test says otherwise.
        """
        self._options = options
        self._around = around
        self._run = run or self._run_child
        self._lists = {plan.name: _List(plan) for plan in options.lists}
        self._fetches = Fetches(options, around, self._run, self._compile)
        self._is_compiling = False
        self._is_dirty = False
        self._timer: Timer | None = None
        self._retry: Timer | None = None

    def start(self) -> None:
        """Compile what is there, then keep it in line; without a list do nothing."""
        if not self._lists:
            return
        directory = self._options.directory
        try:
            for each in (directory, directory / GOOD, directory / FETCHED):
                each.mkdir(mode=0o750, exist_ok=True)
        except OSError as error:
            self._around.log.warning(
                "block_lists", "cannot keep block lists", directory=str(directory),
                reason=error.strerror or str(error),
            )  # fmt: skip
            return
        self._fetches.start()
        self._look()

    def stop(self) -> None:
        """Fetch and compile no more; what runs ends by itself."""
        for timer in (self._timer, self._retry):
            if timer is not None:
                timer.cancel()
        self._fetches.stop()
        self._is_dirty = False

    def refresh(self) -> None:
        """Ask for every list with a URL now."""
        self._fetches.refresh()

    def status(self) -> list[ListStatus]:
        """Tell how each list stands."""
        return [self._status(each) for each in self._lists.values()]

    def names(self) -> list[tuple[tuple[str], float]]:
        """Tell how many names of each list are compiled, for metrics."""
        return [
            ((name,), float(each.outcome["names"] if each.outcome else 0))
            for name, each in self._lists.items()
        ]

    def _status(self, each: _List) -> ListStatus:
        outcome = each.outcome
        fetch, fetched_at = self._fetches.told(each.plan.name)
        return {
            "name": each.plan.name,
            "place": each.plan.url or str(each.plan.file),
            "state": outcome["state"] if outcome else "absent",
            "names": outcome["names"] if outcome else 0,
            "reason": each.said if outcome else "not compiled yet",
            "fetch": fetch,
            "fetched_at": fetched_at,
            "compiled_at": each.compiled_at,
        }

    def _look(self) -> None:
        """See whether a file has changed, and again in a while."""
        self._timer = self._around.clock.call_later(_LOOK_S, self._look)
        changed = False
        for each in self._lists.values():
            # At first every list is new: its last good copy may have to be compiled.
            signature = _signature(each.plan.file) if each.plan.file else (0,)
            changed |= signature != each.signature
            each.signature = signature
        if changed:
            self._compile()

    def _compile(self) -> None:
        if self._is_compiling:
            self._is_dirty = True
            return
        self._is_compiling, self._is_dirty = True, False
        options = self._options
        copies = {name: self._fetches.fresh_copy(name) for name in self._lists}
        places = {name: str(copy[1]) for name, copy in copies.items() if copy}
        places |= {
            name: str(each.plan.file) for name, each in self._lists.items() if each.plan.file
        }
        request: CompileListsRequest = {
            "directory": str(options.directory),
            "lists": [
                {"name": plan.name, "path": places.get(plan.name, ""), "form": plan.form}
                for plan in options.lists
            ],
            "max_octets": options.list_octets,
            "max_names": options.list_names,
            "memory_octets": options.memory_octets,
            "store_octets": options.store_octets,
            "time_s": options.time_s,
        }
        ended = self._run(cast("dict[str, Any]", request), _PATIENCE * options.time_s)
        ended.addCallback(self._ended, {name: copy[0] for name, copy in copies.items() if copy})
        ended.addErrback(self._blame)
        ended.addCallback(lambda _: self._over())

    def _blame(self, failure: Failure) -> None:
        self._around.log.fault("block_list_fault", failure.value or failure)

    def _over(self) -> None:
        self._is_compiling = False
        if self._is_dirty:
            self._compile()

    def _ended(self, ended: dict[str, Any] | ChildFailure, copies: dict[str, FetchReport]) -> None:
        if isinstance(ended, ChildFailure):
            self._count(LIMIT_OF_CHILD.get(ended.limit, ""))
            self._failed(f"the compiling process {ended.reason}")
            return
        report = cast("CompileListsReport", ended)
        if report["failure"]:
            self._failed(report["failure"])
            return
        self._around.row[metrics.BLOCK_LIST_COMPILATIONS.slot("published")] += 1
        now = self._around.clock.wall_now()
        for outcome in report["lists"]:
            name = outcome["name"]
            self._lists[name].outcome, self._lists[name].compiled_at = outcome, now
            self._say(self._lists[name], outcome)
            if name in copies:
                self._fetches.judge(name, copies[name], good=outcome["state"] == "compiled")
        self._around.log.info("block_lists", "block lists compiled", names=report["names"])

    def _say(self, each: _List, outcome: ListOutcome) -> None:
        """Log what is wrong with a list when that is news."""
        problem = outcome["reason"]
        if not problem and outcome["unreadable"]:
            problem = (
                f"{outcome['unreadable']} lines cannot be read,"
                f" the first is line {outcome['first_unreadable']}"
            )
        if problem not in ("", NOTHING_YET, each.said):
            self._count(outcome["limit"])
            self._around.log.warning(
                "block_list", "something is wrong with a block list", list=each.plan.name,
                state=outcome["state"], reason=problem,
            )  # fmt: skip
        each.said = problem

    def _failed(self, reason: str) -> None:
        """Say that a run published nothing, and try again in a while."""
        self._around.row[metrics.BLOCK_LIST_COMPILATIONS.slot("failed")] += 1
        self._around.log.warning(
            "block_lists", "block lists were not compiled; those before are used", reason=reason
        )
        for each in self._lists.values():
            each.said = reason
            if each.outcome is not None:
                each.outcome = {**each.outcome, "state": "kept"}
        if self._retry is not None:
            self._retry.cancel()
        self._retry = self._around.clock.call_later(_RETRY_S, self._compile)

    def _count(self, limit: str) -> None:
        if limit:
            self._around.row[metrics.limit_slot(limit)] += 1

    def _run_child(
        self, request: dict[str, Any], patience_s: float
    ) -> Deferred[dict[str, Any] | ChildFailure]:
        return run_child(child_command(_PROCESS), request, patience_s, self._around)


def _signature(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError as error:
        return (error.errno or 0,)
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev
