"""Keep the block lists that have a URL fetched: when, one at a time, what is remembered.

    new        the copy waits to be judged by whoever compiles it
    unchanged  asked again after the list's refresh time
    failed     asked again after a minute, two, four, … up to the refresh time

What the server said of a copy (RFC 9110 §8.8) is kept once the copy was judged good,
across restarts too, so that a copy that was thrown away is fetched whole the next time.
"""

from __future__ import annotations

import json
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from dnsd.control.blocklists_compile import FETCHED, GOOD
from dnsd.control.child import ChildFailure
from dnsd.observe import metrics

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    from dnsd.control.blocklists_options import BlockListsOptions, ListPlan
    from dnsd.control.blocklists_shapes import FetchReport, FetchRequest
    from dnsd.control.surroundings import Surroundings
    from dnsd.net.clock import Timer

    #: Runs a request within so many seconds; see `child.run_child`.
    Run = Callable[[dict[str, Any], float], Deferred[dict[str, Any] | ChildFailure]]

_STATES: Final = "fetched.json"
_FIRST_RETRY_S: Final = 60.0
# Looking up the server's name has a time of its own.
_PATIENCE_S: Final = 30.0
# A fetch computes little; this is for TLS.
_CPU_S: Final = 30.0
LIMIT_OF_CHILD: Final = {"time": "block_list_time", "memory": "compile_memory"}


@dataclass(slots=True)
class _Remembered:
    """What is remembered of a list's URL, also across restarts."""

    url: str = ""
    etag: str = ""
    last_modified: str = ""
    at: int = 0


@dataclass(slots=True)
class _Fetch:
    """The state of one list."""

    plan: ListPlan
    remembered: _Remembered = field(default_factory=_Remembered)
    fresh: FetchReport | None = None  # of a copy that has not been judged yet
    ended: str = ""  # how the last fetch did, in words
    retry_s: float = _FIRST_RETRY_S
    timer: Timer | None = None


class Fetches:
    """Fetches lists and hands their copies on."""

    def __init__(
        self,
        options: BlockListsOptions,
        around: Surroundings,
        run: Run,
        arrived: Callable[[], None],
    ) -> None:
        """Do nothing until started.

        Args:
            options: see `BlockListsOptions`.
            around: see `Surroundings`.
            run: runs a request.
            arrived: called when there is a copy to be judged.
        """
        self._options = options
        self._around = around
        self._run = run
        self._arrived = arrived
        self._lists = {plan.name: _Fetch(plan) for plan in options.lists if plan.url}
        self._waiting: deque[str] = deque()
        self._is_fetching = False

    def start(self) -> None:
        """Ask for what is due; the directories are there."""
        self._read_states()
        for each in self._lists.values():
            self._schedule(each, self._until_due(each))

    def stop(self) -> None:
        """Begin no more; what runs ends by itself."""
        for each in self._lists.values():
            if each.timer is not None:
                each.timer.cancel()
        self._waiting.clear()

    def refresh(self) -> None:
        """Ask for every list now."""
        for each in self._lists.values():
            self._schedule(each, 0)

    def fresh_copy(self, name: str) -> tuple[FetchReport, Path] | None:
        """Return a copy that is to be judged: what the server said, and the file."""
        each = self._lists.get(name)
        if each is None or each.fresh is None:
            return None
        return each.fresh, self._copy(each)

    def judge(self, name: str, copy: FetchReport, *, good: bool) -> None:
        """Take note of what became of a copy.

        Args:
            name: of the list.
            copy: from :meth:`fresh_copy`; nothing happens if there is a newer one.
            good: it was compiled; else it is thrown away.
        """
        each = self._lists[name]
        if each.fresh is not copy:
            return
        each.fresh = None
        if not good:
            with suppress(OSError):
                self._copy(each).unlink()
            return
        each.remembered = _Remembered(
            each.plan.url or "",
            copy["etag"],
            copy["last_modified"],
            self._around.clock.wall_now(),
        )
        self._write_states()

    def told(self, name: str) -> tuple[str, int]:
        """Tell how the last fetch of a list ended, and when one was good (Unix time)."""
        each = self._lists.get(name)
        return (each.ended, each.remembered.at) if each else ("", 0)

    def _until_due(self, each: _Fetch) -> float:
        """Return the seconds until a list is to be asked for."""
        if not self._is_known(each):
            return 0.0
        age_s = self._around.clock.wall_now() - each.remembered.at
        return max(0.0, each.plan.refresh_s - max(0, age_s))

    def _is_known(self, each: _Fetch) -> bool:
        good = self._options.directory / GOOD / each.plan.name
        return each.remembered.url == each.plan.url and good.exists()

    def _schedule(self, each: _Fetch, delay_s: float) -> None:
        if each.timer is not None:
            each.timer.cancel()
        name = each.plan.name
        each.timer = self._around.clock.call_later(delay_s, lambda: self._enqueue(name))

    def _enqueue(self, name: str) -> None:
        self._lists[name].timer = None
        if name not in self._waiting:
            self._waiting.append(name)
        self._fetch_next()

    def _fetch_next(self) -> None:
        if self._is_fetching or not self._waiting:
            return
        self._is_fetching = True
        each = self._lists[self._waiting.popleft()]
        is_known = self._is_known(each)
        options = self._options
        request: FetchRequest = {
            "url": each.plan.url or "",
            "path": str(self._copy(each)),
            "etag": each.remembered.etag if is_known else "",
            "last_modified": each.remembered.last_modified if is_known else "",
            "max_octets": options.list_octets,
            "timeout_s": options.time_s,
            "memory_octets": options.memory_octets,
            "store_octets": 0,
            "time_s": _CPU_S,
        }
        ended = self._run(cast("dict[str, Any]", request), options.time_s + _PATIENCE_S)
        ended.addCallback(self._ended, each)
        ended.addErrback(self._blame)
        ended.addCallback(lambda _: self._over())

    def _blame(self, failure: Failure) -> None:
        self._around.log.fault("block_list_fault", failure.value or failure)

    def _over(self) -> None:
        self._is_fetching = False
        self._fetch_next()

    def _ended(self, ended: dict[str, Any] | ChildFailure, each: _Fetch) -> None:
        if isinstance(ended, ChildFailure):
            limit = LIMIT_OF_CHILD.get(ended.limit, "")
            self._failed(each, f"the fetching process {ended.reason}", limit)
            return
        report = cast("FetchReport", ended)
        if report["result"] == "failed":
            self._failed(each, report["reason"], report["limit"])
            return
        self._around.row[metrics.BLOCK_LIST_FETCHES.slot(report["result"])] += 1
        each.ended, each.retry_s = report["result"], _FIRST_RETRY_S
        self._schedule(each, each.plan.refresh_s)
        if report["result"] == "new":
            each.fresh = report
            self._arrived()
        else:
            each.remembered.at = self._around.clock.wall_now()
            self._write_states()

    def _failed(self, each: _Fetch, reason: str, limit: str) -> None:
        self._around.row[metrics.BLOCK_LIST_FETCHES.slot("failed")] += 1
        if limit:
            self._around.row[metrics.limit_slot(limit)] += 1
        each.ended = f"failed: {reason}"
        delay_s = min(each.retry_s, each.plan.refresh_s)
        each.retry_s = 2 * delay_s
        self._around.log.warning(
            "block_list_fetch", "a block list was not fetched", list=each.plan.name,
            url=each.plan.url or "", reason=reason, retry_s=round(delay_s),
        )  # fmt: skip
        self._schedule(each, delay_s)

    def _copy(self, each: _Fetch) -> Path:
        return self._options.directory / FETCHED / each.plan.name

    def _read_states(self) -> None:
        """Take over what was remembered; nothing of it is needed."""
        with suppress(OSError, ValueError, TypeError, AttributeError):
            states = json.loads((self._options.directory / _STATES).read_text("utf-8"))
            for name, state in states.items():
                if name in self._lists:
                    self._lists[name].remembered = _Remembered(**state)

    def _write_states(self) -> None:
        states = {name: asdict(each.remembered) for name, each in self._lists.items()}
        path = self._options.directory / _STATES
        beside = path.with_name(path.name + ".new")
        with suppress(OSError):  # then the lists are fetched whole after a restart
            beside.write_text(json.dumps(states), "utf-8")
            beside.replace(path)
