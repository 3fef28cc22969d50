import pytest
from twisted.internet.defer import Deferred

from dnsd.control.blocklists_fetches import Fetches
from dnsd.control.blocklists_options import BlockListsOptions, ListPlan
from dnsd.control.child import ChildFailure
from dnsd.observe import metrics

ADS = ListPlan("ads", None, "https://lists.example/ads.txt", refresh_s=3600)
KIDS = ListPlan("kids", None, "https://lists.example/kids.txt", refresh_s=3600)


class World:
    """Fetches over simulated time, with runs that end when a test says so."""

    def __init__(self, directory, around, time):
        self.directory, self.around, self.time = directory, around, time
        self.requests = []
        self.waiting = []
        self.arrived = 0
        for each in (directory, directory / "good", directory / "fetched"):
            each.mkdir(exist_ok=True)

    def start(self, *plans):
        self.requests.clear()
        fetches = Fetches(
            BlockListsOptions(self.directory, plans), self.around, self._run, self._arrive
        )
        fetches.start()
        self.time.advance(0)
        return fetches

    def end(self, result, reason="", limit="", etag=""):
        self.waiting.pop(0).callback(
            {"result": result, "reason": reason, "limit": limit, "etag": etag, "last_modified": ""}
        )

    def take(self, fetches, name):
        """Have a copy judged good, as the compiler does."""
        (self.directory / "good" / name).write_text("x.example\n")
        fetches.judge(name, fetches.fresh_copy(name)[0], good=True)

    def _run(self, request, patience_s):
        self.requests.append(request)
        self.waiting.append(Deferred())
        return self.waiting[-1]

    def _arrive(self):
        self.arrived += 1


@pytest.fixture
def world(tmp_path, around, time):
    return World(tmp_path / "lists", around, time)


def test_what_was_never_fetched_is_fetched_at_once_and_one_at_a_time(world):
    world.start(ADS, KIDS)
    assert [request["url"] for request in world.requests] == [ADS.url]
    world.end("new")
    assert world.arrived == 1
    assert [request["url"] for request in world.requests] == [ADS.url, KIDS.url]


def test_a_list_is_asked_again_after_its_time_and_only_whether_it_changed(world):
    fetches = world.start(ADS)
    world.end("new", etag='"1"')
    world.take(fetches, "ads")
    world.time.advance(3599)
    assert len(world.requests) == 1
    world.time.advance(1)
    assert world.requests[1]["etag"] == '"1"'
    world.end("unchanged")
    assert fetches.told("ads") == ("unchanged", 1_800_003_600)


def test_after_a_restart_a_list_is_asked_for_when_it_is_due(world):
    fetches = world.start(ADS)
    world.end("new", etag='"1"')
    world.take(fetches, "ads")
    fetches.stop()
    world.time.advance(1000)
    world.start(ADS)
    assert world.requests == []
    world.time.advance(2600)
    assert world.requests[0]["etag"] == '"1"'


@pytest.mark.parametrize("change", ["url", "copy", "state"])
def test_a_list_is_fetched_whole_when_what_is_remembered_is_not_of_it(world, change):
    fetches = world.start(ADS)
    world.end("new", etag='"1"')
    world.take(fetches, "ads")
    fetches.stop()
    plan = ADS
    if change == "url":
        plan = ListPlan("ads", None, "https://lists.example/other.txt")
    elif change == "copy":
        (world.directory / "good" / "ads").unlink()
    else:
        (world.directory / "fetched.json").write_text('{"ads": [1]}')
    world.start(plan)
    assert [request["etag"] for request in world.requests] == [""]


def test_a_copy_that_is_no_good_is_thrown_away_and_fetched_whole(world):
    fetches = world.start(ADS)
    (world.directory / "fetched" / "ads").write_text("<html>")
    world.end("new", etag='"1"')
    copy, path = fetches.fresh_copy("ads")
    fetches.judge("ads", copy, good=False)
    assert not path.exists()
    assert fetches.fresh_copy("ads") is None
    world.time.advance(3600)
    assert world.requests[1]["etag"] == ""


def test_a_newer_copy_is_not_judged_by_an_older_one(world):
    fetches = world.start(ADS)
    world.end("new", etag='"1"')
    older, _ = fetches.fresh_copy("ads")
    fetches.refresh()
    world.time.advance(0)
    world.end("new", etag='"2"')
    fetches.judge("ads", older, good=False)
    assert fetches.fresh_copy("ads")[0]["etag"] == '"2"'


def test_a_failure_is_tried_again_ever_more_seldom(world, row, events):
    world.start(ADS)
    for wait_s in (60, 120, 240, 480, 960, 1920, 3600, 3600):
        world.end("failed", "no route to host")
        world.time.advance(wait_s - 1)
        assert len(world.waiting) == 0
        world.time.advance(1)
        assert len(world.waiting) == 1
    assert row[metrics.BLOCK_LIST_FETCHES.slot("failed")] == 8
    assert events()[-1]["reason"] == "no route to host"


@pytest.mark.parametrize(
    ("report", "limit"),
    [
        ({"result": "failed", "reason": "more than 9 octets", "limit": "block_list_size",
          "etag": "", "last_modified": ""}, "block_list_size"),
        (ChildFailure("was stopped after 150 s", "time"), "block_list_time"),
        (ChildFailure("reached its memory limit", "memory"), "compile_memory"),
    ],
)  # fmt: skip
def test_the_limit_that_a_fetch_hits_is_counted(world, row, report, limit):
    fetches = world.start(ADS)
    world.waiting.pop(0).callback(report)
    assert row[metrics.limit_slot(limit)] == 1
    assert fetches.told("ads")[0].startswith("failed: ")


def test_a_list_without_url_has_nothing_to_tell(world):
    assert world.start(ADS).told("other") == ("", 0)
