import os

import pytest
from twisted.internet.defer import Deferred

from dnsd.control.blocklists import BlockLists
from dnsd.control.blocklists_options import BlockListsOptions, ListPlan
from dnsd.control.child import ChildFailure
from dnsd.observe import metrics


class Runs:
    """In place of processes: requests that came, each with what it waits for."""

    def __init__(self):
        self.open = []

    def __call__(self, request, patience_s):
        assert patience_s > 0
        ended = Deferred()
        self.open.append((request, ended))
        return ended

    def only(self):
        (request, _), = self.open  # fmt: skip
        return request

    def end(self, report):
        _, ended = self.open.pop(0)
        ended.callback(report)


def _compiled(**states):
    """Write the report of a run: state, names and reason of each list."""
    return {
        "failure": "", "names": 1,
        "lists": [
            {"name": name, "state": state, "names": count, "unreadable": 0, "first_unreadable": 0,
             "reason": reason, "limit": "block_list_size" if "more than" in reason else ""}
            for name, (state, count, reason) in states.items()
        ],
    }  # fmt: skip


@pytest.fixture
def runs():
    return Runs()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "ads.txt"
    path.write_text("ads.example\n")
    return path


@pytest.fixture
def lists(tmp_path, around, runs, file):
    """One list that is a file."""
    options = BlockListsOptions(tmp_path / "block-lists", (ListPlan("ads", file, None),))
    made = BlockLists(options, around, runs)
    made.start()
    yield made
    made.stop()


def test_lists_are_compiled_at_the_start(lists, runs, file):
    assert runs.only()["lists"] == [{"name": "ads", "path": str(file), "form": "auto"}]
    assert lists.status()[0]["reason"] == "not compiled yet"
    runs.end(_compiled(ads=("compiled", 1, "")))
    (status,) = lists.status()
    assert (status["state"], status["names"], status["compiled_at"]) == (
        "compiled",
        1,
        1_800_000_000,
    )
    assert lists.names() == [(("ads",), 1.0)]


def test_a_changed_file_is_compiled_within_seconds(lists, runs, file, time):
    runs.end(_compiled(ads=("compiled", 1, "")))
    time.advance(2)
    assert runs.open == []
    file.write_text("ads.example\nmore.example\n")
    time.advance(2)
    assert len(runs.open) == 1


def test_a_change_during_a_run_makes_one_more_run(lists, runs, file, time):
    for i in range(3):
        file.write_text("x\n" * (i + 5))
        os.utime(file, ns=(i, i))
        time.advance(2)
    assert len(runs.open) == 1
    runs.end(_compiled(ads=("compiled", 1, "")))
    assert len(runs.open) == 1
    runs.end(_compiled(ads=("compiled", 1, "")))
    assert runs.open == []


def test_what_is_wrong_is_said_once_and_stays_in_the_status(lists, runs, file, time, events, row):
    problem = _compiled(ads=("kept", 1, "ads.txt has more than 9 octets"))
    runs.end(problem)
    file.write_text("other\n")
    time.advance(2)
    runs.end(problem)
    said = [event for event in events() if event["event"] == "block_list"]
    assert len(said) == 1
    assert lists.status()[0]["reason"] == "ads.txt has more than 9 octets"
    assert row[metrics.limit_slot("block_list_size")] == 1


@pytest.mark.parametrize(
    ("ended", "reason", "limit"),
    [
        ({"failure": "disk full", "lists": [], "names": 0}, "disk full", ""),
        (ChildFailure("used up its CPU time", "time"),
         "the compiling process used up its CPU time", "block_list_time"),
        (ChildFailure("reached its memory limit", "memory"),
         "the compiling process reached its memory limit", "compile_memory"),
    ],
)  # fmt: skip
def test_a_run_that_fails_is_told_and_tried_again(lists, runs, time, row, ended, reason, limit):
    runs.end(_compiled(ads=("compiled", 1, "")))
    time.advance(2)
    lists._compile()
    runs.end(ended)
    (status,) = lists.status()
    assert (status["state"], status["reason"], status["names"]) == ("kept", reason, 1)
    assert row[metrics.BLOCK_LIST_COMPILATIONS.slot("failed")] == 1
    if limit:
        assert row[metrics.limit_slot(limit)] == 1
    time.advance(300)
    assert len(runs.open) == 1


def test_a_directory_that_cannot_be_made_is_said(tmp_path, around, runs, file, events):
    (tmp_path / "in-the-way").touch()
    options = BlockListsOptions(tmp_path / "in-the-way", (ListPlan("ads", file, None),))
    BlockLists(options, around, runs).start()
    assert runs.open == []
    assert events()[-1]["event"] == "block_lists"


def test_a_fetched_copy_is_compiled_and_judged(tmp_path, around, runs, time):
    plan = ListPlan("ads", None, "https://lists.example/ads.txt")
    options = BlockListsOptions(tmp_path / "block-lists", (plan,))
    lists = BlockLists(options, around, runs)
    lists.start()
    runs.end(_compiled(ads=("absent", 0, "not fetched yet")))
    time.advance(0)
    assert runs.only()["url"] == plan.url
    (tmp_path / "block-lists" / "fetched" / "ads").write_text("<html>")
    runs.end({"result": "new", "reason": "", "limit": "", "etag": '"1"', "last_modified": ""})
    assert runs.only()["lists"][0]["path"].endswith("fetched/ads")
    runs.end(_compiled(ads=("absent", 0, "no list")))
    assert not (tmp_path / "block-lists" / "fetched" / "ads").exists()
    (status,) = lists.status()
    assert (status["fetch"], status["fetched_at"], status["reason"]) == ("new", 0, "no list")
    lists.refresh()
    time.advance(0)
    assert runs.only()["etag"] == ""
    lists.stop()
