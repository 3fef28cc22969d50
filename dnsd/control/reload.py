"""Bring what is served in line with the zone files, one run at a time.

States of the reloader, and what an event does:

    =========  =====================  ======================  ====================
    state      request                report                  process ended
    =========  =====================  ======================  ====================
    idle       start a run → running
    running    join the next run      publish, tell askers    idle, or → running
                                                              if a run was asked for
    =========  =====================  ======================  ====================

Requests that come while a run is under way share exactly one following run: the
present one may have read the file they are about already. A diff is a run too,
because the store has one writer. What is served, and the caches over it, change
only when a whole run has been published.

After a publication the generation slot of every changed zone moves, which makes
cached answers from it out of date in all processes, and slot 0 for answers that
no single zone gave. When other zones than before are served, any name may have
a new closest zone, so all slots move. So they do after a run that failed and
after the first run of this process: the one before it, like the failed one, may
have ended between publishing and telling.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred

from dnsd.control.compiler import CompileFailure
from dnsd.observe import metrics
from dnsd.observe.page import ANY_ZONE
from dnsd.source.problems import Where

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from dnsd.control.compiler import Compiler, CompilerOptions
    from dnsd.control.shapes import (
        CompileReport,
        Diff,
        ProblemShape,
        Reload,
        ReloadResult,
        ZoneChange,
    )
    from dnsd.control.surroundings import Surroundings
    from dnsd.observe.page import SlotPage

# The log gets the first problems of a file; all of them are in `dnsd status`.
_LOGGED_PROBLEMS: Final = 10

_RELOADS: Final = {name: metrics.RELOADS.slot(name) for name in metrics.RELOAD_RESULTS}
_DURATION: Final = metrics.RELOAD_DURATION.buckets()
# Which limit a zone has hit that has a problem of this id.
_LIMIT_OF: Final = {
    "deletion-share": "zone_deletion_share",
    "zone-file-gone": "zone_deletion_share",
    "yaml-size": "zone_file_size",
    "yaml-nodes": "zone_file_nodes",
    "yaml-depth": "zone_file_depth",
    "include-depth": "zone_file_depth",
    "yaml-expansion": "zone_file_expansion",
}


@dataclass(slots=True)
class _Wanted:
    """A run that was asked for and has not begun."""

    causes: list[str]
    asked_at: float
    force: bool = False
    askers: list[Deferred[Reload]] = field(default_factory=list)


class Reloader:
    """Runs the compiler, publishes to all processes, remembers the outcome.

    Attributes:
        last: the last run that came to an end.
        broken: the zones whose files are refused, as of the last whole run.
        renew_at: when the first signature is to be renewed, Unix seconds; 0 for none.
        expires: when the first signature ends, likewise.
        totals: zones served, those of them that are generated, and all records.
    """

    def __init__(self, compiler: Compiler, page: SlotPage, around: Surroundings) -> None:
        """Reload when asked.

        Args:
            compiler: starts runs.
            page: its generations move.
            around: see `Surroundings`.
        """
        self.last: Reload | None = None
        self.broken: list[ZoneChange] = []
        self.totals = (0, 0, 0)
        self.renew_at = 0
        self.expires = 0
        self._compiler = compiler
        self._page = page
        self._around = around
        self._next: _Wanted | None = None
        self._next_diff: list[Deferred[Diff]] = []
        self._is_running = False
        self._has_run = False
        self._logged: dict[tuple[str, str], list[ProblemShape]] = {}

    @property
    def is_running(self) -> bool:
        """Whether a run is under way."""
        return self._is_running

    def compile_with(self, options: CompilerOptions) -> None:
        """Have every run that begins after now do as a new configuration says."""
        self._compiler.options = options

    def request(self, cause: str, *, force: bool = False) -> Deferred[Reload]:
        """Ask for a run that begins after now.

        Args:
            cause: who asks: ``start``, ``command``, ``signal``, ``change``, ``signatures``.
            force: also take over what deletes more than its share.

        Returns:
            The outcome of that run; never fails.
        """
        if self._next is None:
            self._next = _Wanted([], self._around.clock.now())
        if cause not in self._next.causes:
            self._next.causes.append(cause)
        self._next.force |= force
        asker: Deferred[Reload] = Deferred()
        self._next.askers.append(asker)
        self._begin()
        return asker

    def diff(self) -> Deferred[Diff]:
        """Find out what a run would change; never fails."""
        asker: Deferred[Diff] = Deferred()
        self._next_diff.append(asker)
        self._begin()
        return asker

    def _begin(self) -> None:
        if self._is_running:
            return
        if self._next is not None:
            wanted, self._next = self._next, None
            outcome = self._run(force=wanted.force, dry_run=False)
            ended = outcome.addCallback(self._judge, wanted)
            ended = ended.addErrback(self._blame, wanted)
            ended.addCallback(self._finish, wanted)
        elif self._next_diff:
            askers, self._next_diff = self._next_diff, []
            self._run(force=False, dry_run=True).addCallback(_tell_diff, askers)

    def _run(self, *, force: bool, dry_run: bool) -> Deferred[CompileReport | CompileFailure]:
        self._is_running = True
        run = self._compiler.run(force=force, dry_run=dry_run)
        run.ended.addCallback(self._end)
        return run.outcome

    def _end(self, _: None) -> None:
        self._is_running = False
        self._begin()

    def _judge(self, outcome: CompileReport | CompileFailure, wanted: _Wanted) -> Reload:
        if isinstance(outcome, CompileFailure):
            self._page.bump_all_zones()
            return self._ended(wanted, "failed", reason=outcome.reason)
        ended = self._ended(wanted, self._take_over(outcome))
        ended["zones"] = outcome["zones"]
        ended["omitted"] = outcome["omitted"]
        ended["problems"] = outcome["problems"]
        return ended

    def _blame(self, failure: Failure, wanted: _Wanted) -> Reload:
        self._page.bump_all_zones()
        self._around.log.fault("reload_fault", failure.value or failure)
        return self._ended(wanted, "failed", reason="a fault in the program, see the log")

    def _ended(self, wanted: _Wanted, result: ReloadResult, reason: str = "") -> Reload:
        return {
            "result": result,
            "cause": ", ".join(wanted.causes),
            "at": self._around.clock.wall_now(),
            "duration_s": round(self._around.clock.now() - wanted.asked_at, 3),
            "reason": reason,
            "zones": [],
            "omitted": 0,
            "problems": [],
        }

    def _finish(self, ended: Reload, wanted: _Wanted) -> None:
        self.last = ended
        row = self._around.row
        row[_RELOADS[ended["result"]]] += 1
        _DURATION.observe(row, ended["duration_s"])
        if ended["result"] in ("published", "unchanged"):
            row[metrics.LAST_RELOAD.slot()] = ended["at"]
        self._log_run(ended)
        for asker in wanted.askers:
            asker.callback(ended)

    def _take_over(self, report: CompileReport) -> ReloadResult:
        """Make all processes see what was published, and remember what is broken."""
        self._tell_caches(report)
        self.broken = [zone for zone in report["zones"] if zone["status"] in ("kept", "refused")]
        self._count_zones(report)
        self.renew_at, self.expires = report["renew_at"], report["expires"]
        self._around.row[metrics.FIRST_EXPIRATION.slot()] = self.expires
        self._log_zones(report["zones"])
        if self.broken or report["problems"]:
            return "refused"
        return "published" if report["published"] else "unchanged"

    def _tell_caches(self, report: CompileReport) -> None:
        if report["origins_changed"] or not self._has_run:
            self._page.bump_all_zones()
        elif report["published"]:
            for slot in {ANY_ZONE, *report["slots"]}:
                self._page.bump(slot)
        self._has_run = True

    def _count_zones(self, report: CompileReport) -> None:
        row = self._around.row
        self.totals = served, generated, records = (
            report["served"],
            report["generated"],
            report["records"],
        )
        row[metrics.ZONES.slot("file")] = served - generated
        row[metrics.ZONES.slot("generated")] = generated
        row[metrics.ZONE_RECORDS.slot()] = records
        kept, refused = report["kept"], report["refused"]
        row[metrics.ZONES_KEPT.slot()] = kept
        row[metrics.ZONES_REFUSED.slot()] = refused
        row[metrics.ZONE_LOAD_ERRORS.slot()] += kept + refused
        for zone in self.broken:
            ids = {problem["id"] for problem in zone["problems"]}
            for limit in {_LIMIT_OF[one] for one in ids & _LIMIT_OF.keys()}:
                row[metrics.limit_slot(limit)] += 1

    def _log_run(self, ended: Reload) -> None:
        log = self._around.log
        facts = {"cause": ended["cause"], "duration_s": ended["duration_s"]}
        if ended["result"] == "failed":
            log.error("reload", "zones stay as they are", reason=ended["reason"], **facts)
            return
        for problem in ended["problems"]:
            log.error("reload_problem", problem["message"], **_place(problem))
        log.info("reload", "zone files have been read", result=ended["result"], **facts)

    def _log_zones(self, zones: list[ZoneChange]) -> None:
        """Write what is wrong with each file, once as long as it stays the same."""
        logged = {(zone["origin"], zone["file"]): zone["problems"] for zone in self.broken}
        for zone in zones:
            key = (zone["origin"], zone["file"])
            if key in logged and logged[key] != self._logged.get(key):
                self._log_broken(zone)
            elif zone["status"] == "loaded":
                self._around.log.info(
                    "zone_loaded",
                    f"{zone['origin']} is served anew",
                    serial=zone["serial"],
                    records=zone["records"],
                    warnings=len(zone["problems"]),
                    file=zone["file"],
                )
            elif zone["status"] == "removed":
                self._around.log.warning("zone_removed", f"{zone['origin']} is no longer served")
        self._logged = logged

    def _log_broken(self, zone: ZoneChange) -> None:
        kept = zone["status"] == "kept"
        fate = "is served as it was before" if kept else "is not served"
        cause = ": its file has problems" if zone["problems"] else ""
        self._around.log.error(
            "zone_kept" if kept else "zone_refused",
            f"{zone['origin'] or zone['file']} {fate}{cause}",
            file=zone["file"],
            problems=len(zone["problems"]),
        )
        for problem in zone["problems"][:_LOGGED_PROBLEMS]:
            self._around.log.error("zone_problem", problem["message"], **_place(problem))


def _place(problem: ProblemShape) -> dict[str, str]:
    """Name the place, the check and what would be right, for a log line."""
    where = Where(problem["file"], problem["line"], problem["column"])
    return {
        "where": str(where),
        "check": problem["id"],
        "expected": problem["expected"],
        "hint": problem["hint"],
    }


def _tell_diff(outcome: CompileReport | CompileFailure, askers: list[Deferred[Diff]]) -> None:
    diff: Diff = {"reason": "", "zones": [], "omitted": 0, "problems": []}
    if isinstance(outcome, CompileFailure):
        diff["reason"] = outcome.reason
    else:
        diff["zones"] = outcome["zones"]
        diff["omitted"] = outcome["omitted"]
        diff["problems"] = outcome["problems"]
    for asker in askers:
        asker.callback(diff)
