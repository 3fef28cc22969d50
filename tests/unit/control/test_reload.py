import pytest
from twisted.internet.defer import Deferred

from dnsd.control.compiler import CompileFailure, Run
from dnsd.control.reload import Reloader
from dnsd.observe import metrics
from dnsd.observe.limits import LIMITS
from dnsd.observe.page import ANY_ZONE, ZONE_GENERATIONS

PROBLEM = {
    "file": "zones/a.test.yaml", "line": 3, "column": 7, "id": "cname-and-other",
    "severity": "error", "message": "a CNAME beside other records",
    "expected": "a CNAME alone (RFC 1034 §3.6.2)", "hint": "",
}  # fmt: skip
WARNING = {**PROBLEM, "severity": "warning"}


def change(origin="a.test.", status="loaded", slot=7, problems=(), **facts):
    return {
        "origin": origin, "file": f"zones/{origin}yaml", "status": status, "serial": 1,
        "records": 3, "slot": slot, "generated": False, "problems": list(problems),
        "added": 1, "removed": 0, "changes": [], "omitted": 0, "renewed": False, **facts,
    }  # fmt: skip


def report(*zones, origins_changed=False, problems=(), **facts):
    return {
        "failure": "", "zones": list(zones), "omitted": 0, "problems": list(problems),
        "published": any(zone["status"] in ("loaded", "removed") for zone in zones),
        "slots": [zone["slot"] for zone in zones if zone["status"] in ("loaded", "removed")],
        "origins_changed": origins_changed, "rebuilt": False,
        "kept": sum(zone["status"] == "kept" for zone in zones),
        "refused": sum(zone["status"] == "refused" for zone in zones),
        "served": 5, "generated": 2, "records": 50,
        "renew_at": 0, "expires": 0, **facts,
    }  # fmt: skip


class Compiler:
    """Runs that end when the test says so."""

    def __init__(self):
        self.runs = []

    def run(self, *, force=False, dry_run=False):
        run = Run(Deferred(), Deferred())
        self.runs.append((run, {"force": force, "dry_run": dry_run}))
        return run

    def end(self, outcome, number=-1):
        run, _ = self.runs[number]
        run.outcome.callback(outcome)
        run.ended.callback(None)


@pytest.fixture
def compiler():
    return Compiler()


@pytest.fixture
def reloader(compiler, page, around):
    return Reloader(compiler, page, around)


@pytest.fixture
def published(compiler, reloader, page):
    """A reloader that has published once, and all generations at zero again."""
    reloader.request("start")
    compiler.end(report(change(), origins_changed=True))
    for slot in range(len(page.generations)):
        page.generations[slot] = 0
    return reloader


def moved(page):
    return {slot: count for slot, count in enumerate(page.generations) if count}


def answers(*deferreds):
    found = []
    for deferred in deferreds:
        deferred.addCallback(found.append)
    return found


def test_a_request_when_idle_begins_at_once(compiler, reloader):
    reloader.request("command", force=True)
    assert reloader.is_running
    assert [options for _, options in compiler.runs] == [{"force": True, "dry_run": False}]


def test_requests_during_a_run_share_exactly_one_following_run(compiler, reloader):
    first = answers(reloader.request("start"))
    later = answers(
        reloader.request("change"), reloader.request("signal"), reloader.request("change")
    )
    assert len(compiler.runs) == 1
    compiler.end(report(change()))
    assert len(compiler.runs) == 2
    assert (len(first), later) == (1, [])
    compiler.end(report())
    assert len(compiler.runs) == 2
    assert [reload["cause"] for reload in later] == ["change, signal"] * 3
    assert not reloader.is_running


def test_force_of_one_request_holds_for_the_shared_run(compiler, reloader):
    reloader.request("start")
    reloader.request("change")
    reloader.request("command", force=True)
    reloader.request("change")
    compiler.end(report())
    assert compiler.runs[1][1]["force"] is True
    compiler.end(report())
    reloader.request("change")
    assert compiler.runs[2][1]["force"] is False


def test_askers_hear_when_it_is_published_and_the_next_run_waits_for_the_end(compiler, reloader):
    found = answers(reloader.request("start"))
    reloader.request("change")
    run, _ = compiler.runs[0]
    run.outcome.callback(report(change()))
    assert found[0]["result"] == "published"
    assert (len(compiler.runs), reloader.is_running) == (1, True)
    run.ended.callback(None)
    assert len(compiler.runs) == 2


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (report(change()), "published"),
        (report(change(status="removed", slot=0)), "published"),
        (report(), "unchanged"),
        (report(change(problems=[WARNING])), "published"),
        (report(change(status="kept", problems=[PROBLEM])), "refused"),
        (report(change(), change("b.test.", "refused", problems=[PROBLEM])), "refused"),
        (report(problems=[PROBLEM]), "refused"),
        (CompileFailure("no memory", "compile_memory"), "failed"),
    ],
)
def test_the_result_says_what_became_of_it(compiler, reloader, row, outcome, result):
    found = answers(reloader.request("command"))
    compiler.end(outcome)
    assert found[0]["result"] == result
    assert reloader.last is found[0]
    assert row[metrics.RELOADS.slot(result)] == 1
    good = result in ("published", "unchanged")
    assert row[metrics.LAST_RELOAD.slot()] == (1_800_000_000 if good else 0)


@pytest.mark.parametrize("outcome", [report(change(slot=7)), report()])
def test_the_first_run_moves_every_slot(compiler, reloader, page, outcome):
    reloader.request("start")
    compiler.end(outcome)
    assert moved(page) == dict.fromkeys(range(ZONE_GENERATIONS), 1)


def test_a_failed_run_moves_every_slot(compiler, published, page):
    published.request("change")
    compiler.end(CompileFailure("it was stopped, who knows where"))
    assert moved(page) == dict.fromkeys(range(ZONE_GENERATIONS), 1)


def test_a_change_of_a_zone_moves_its_slot_and_that_of_any_zone(compiler, published, page):
    published.request("change")
    compiler.end(report(change(slot=7), change("b.test.", "kept", 8, [PROBLEM])))
    assert moved(page) == {ANY_ZONE: 1, 7: 1}


def test_other_zones_than_before_move_every_slot(compiler, published, page):
    published.request("change")
    compiler.end(report(change(slot=7), origins_changed=True))
    assert moved(page) == dict.fromkeys(range(ZONE_GENERATIONS), 1)


@pytest.mark.parametrize(
    "outcome",
    [report(), report(change(status="kept", problems=[PROBLEM]))],
    ids=["unchanged", "kept"],
)
def test_what_publishes_nothing_moves_nothing(compiler, published, page, outcome):
    published.request("change")
    compiler.end(outcome)
    assert moved(page) == {}


def test_slots_move_before_the_asker_hears(compiler, published, page):
    seen = []
    published.request("command").addCallback(lambda _: seen.append(moved(page)))
    compiler.end(report(change(slot=7)))
    assert seen == [{ANY_ZONE: 1, 7: 1}]


def test_zones_are_counted(compiler, reloader, row):
    reloader.request("start")
    compiler.end(
        report(
            change(),
            change("b.test.", "kept", problems=[PROBLEM]),
            change("c.test.", "refused", problems=[PROBLEM]),
            change("d.test.", "kept", problems=[{**PROBLEM, "id": "deletion-share"}]),
        )
    )
    assert row[metrics.ZONES.slot("file")] == 3
    assert row[metrics.ZONES.slot("generated")] == 2
    assert row[metrics.ZONE_RECORDS.slot()] == 50
    assert row[metrics.ZONES_KEPT.slot()] == 2
    assert row[metrics.ZONES_REFUSED.slot()] == 1
    assert row[metrics.ZONE_LOAD_ERRORS.slot()] == 3
    assert row[metrics.limit_slot("zone_deletion_share")] == 1
    assert reloader.totals == (5, 2, 50)


@pytest.mark.parametrize(
    ("check", "limit"),
    [
        ("deletion-share", "zone_deletion_share"),
        ("zone-file-gone", "zone_deletion_share"),
        ("yaml-size", "zone_file_size"),
        ("yaml-nodes", "zone_file_nodes"),
        ("yaml-depth", "zone_file_depth"),
        ("include-depth", "zone_file_depth"),
        ("yaml-expansion", "zone_file_expansion"),
    ],
)
def test_a_limit_that_a_zone_hits_counts_once_a_zone(compiler, reloader, row, check, limit):
    reloader.request("start")
    problems = [PROBLEM, {**PROBLEM, "id": check}, {**PROBLEM, "id": check}]
    compiler.end(report(change(problems=[]), change("b.test.", "kept", problems=problems)))
    hits = {name: row[metrics.limit_slot(name)] for name in LIMITS}
    assert {name: count for name, count in hits.items() if count} == {limit: 1}


def test_a_failed_run_leaves_what_was_known(compiler, reloader, row):
    reloader.request("start")
    compiler.end(report(change("b.test.", "kept", problems=[PROBLEM])))
    reloader.request("change")
    compiler.end(CompileFailure("no memory"))
    assert [zone["origin"] for zone in reloader.broken] == ["b.test."]
    assert row[metrics.ZONES_KEPT.slot()] == 1
    assert reloader.totals == (5, 2, 50)


def test_a_broken_file_is_logged_once_as_long_as_it_stays_the_same(compiler, reloader, events):
    def log_of(outcome):
        before = len(events())
        reloader.request("change")
        compiler.end(outcome)
        return [event["event"] for event in events()[before:]]

    broken = report(change(status="kept", problems=[PROBLEM]))
    assert log_of(broken) == ["zone_kept", "zone_problem", "reload"]
    assert log_of(broken) == ["reload"]
    assert log_of(CompileFailure("no memory")) == ["reload"]
    assert log_of(broken) == ["reload"]
    other = report(change(status="kept", problems=[{**PROBLEM, "line": 4}]))
    assert log_of(other) == ["zone_kept", "zone_problem", "reload"]
    assert log_of(report(change())) == ["zone_loaded", "reload"]
    assert log_of(other) == ["zone_kept", "zone_problem", "reload"]


def test_a_log_line_names_the_place_and_what_would_be_right(compiler, reloader, events):
    reloader.request("start")
    compiler.end(report(change(status="refused", problems=[PROBLEM])))
    refused, problem, _ = events()
    assert refused["text"] == "a.test. is not served: its file has problems"
    assert problem["where"] == "zones/a.test.yaml:3:7"
    assert problem["check"] == "cname-and-other"
    assert problem["expected"] == "a CNAME alone (RFC 1034 §3.6.2)"


def test_a_thousand_problems_of_a_file_are_ten_lines(compiler, reloader, events):
    reloader.request("start")
    compiler.end(report(change(status="kept", problems=[PROBLEM] * 1000)))
    kinds = [event["event"] for event in events()]
    assert kinds.count("zone_problem") == 10
    assert events()[0]["problems"] == 1000


def test_a_removed_zone_and_a_full_disk_are_logged(compiler, reloader, events):
    reloader.request("start")
    full = {**PROBLEM, "id": "zone-store", "message": "no space left"}
    compiler.end(report(change(status="removed"), change("b.test.", "kept"), problems=[full]))
    texts = [event["text"] for event in events()]
    assert "a.test. is no longer served" in texts
    assert "b.test. is served as it was before" in texts
    assert "no space left" in texts


def test_a_diff_is_a_run_of_its_own_that_changes_nothing(compiler, published, page, row):
    before = published.last
    found = answers(published.diff())
    assert compiler.runs[-1][1] == {"force": False, "dry_run": True}
    compiler.end(report(change(), published=False))
    assert found == [{"reason": "", "zones": [change()], "omitted": 0, "problems": []}]
    assert moved(page) == {}
    assert published.last is before
    assert row[metrics.RELOADS.slot("published")] == 1


def test_diffs_wait_for_reloads_and_share_a_run(compiler, reloader):
    reloader.request("start")
    found = answers(reloader.diff(), reloader.diff())
    reloader.request("change")
    compiler.end(report())
    compiler.end(report())
    assert [options["dry_run"] for _, options in compiler.runs] == [False, False, True]
    compiler.end(CompileFailure("no memory"))
    assert [diff["reason"] for diff in found] == ["no memory"] * 2
    assert not reloader.is_running


def test_a_fault_in_taking_over_is_told_to_the_asker(compiler, reloader, events):
    found = answers(reloader.request("start"))
    compiler.end({"failure": ""})
    assert found[0]["result"] == "failed"
    assert events()[0]["event"] == "reload_fault"
    assert not reloader.is_running


def test_the_duration_counts_from_the_first_asker(compiler, reloader, time, row):
    reloader.request("start")
    time.advance(2)
    found = answers(reloader.request("change"))
    time.advance(1)
    compiler.end(report())
    time.advance(0.5)
    compiler.end(report())
    assert found[0]["duration_s"] == 1.5
    buckets = metrics.RELOAD_DURATION.buckets()
    assert row[buckets.sum_slot] == 4_500_000
