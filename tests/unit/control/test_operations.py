import pytest
from twisted.internet.defer import Deferred

from dnsd.authority.build.row_notes import RowNotes
from dnsd.authority.store import StoreError, ZoneRow, open_store
from dnsd.control.operations import Operations, Program
from dnsd.observe import metrics
from dnsd.observe.page import Role
from dnsd.wire import names

PROBLEM = {
    "file": "zones/b.test.yaml", "line": 3, "column": 7, "id": "x", "severity": "error",
    "message": "m", "expected": "", "hint": "",
}  # fmt: skip


class Reloader:
    """Remembers what it was asked; its state is set by the test."""

    def __init__(self):
        self.last = None
        self.broken = []
        self.totals = (0, 0, 0)
        self.is_running = False
        self.asked = []

    def request(self, cause, *, force=False):
        self.asked.append((cause, force))
        return Deferred()

    def diff(self):
        self.asked.append("diff")
        return Deferred()


@pytest.fixture
def reloader():
    return Reloader()


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "store", map_size=16 << 20)
    yield store
    store.close()


@pytest.fixture
def operations(page, store, reloader, around):
    program = Program("1.2.3", ("127.0.0.1 port 53",), ("Landlock is missing",))
    return Operations(program, page, store, reloader, around)


def publish(store, *origins, **facts):
    rows = {}
    for slot, text in enumerate(origins, start=1):
        notes = RowNotes(file=f"zones/{text}yaml", serial=2026010100 + slot, records=slot)
        origin = names.from_text(text)
        rows[origin] = ZoneRow(store.build(origin, []), slot, notes.to_octets(), **facts)
    store.publish(rows)


def test_a_crashed_process_is_told_until_the_next_one_starts(operations, page):
    metrics.enter_row(page, 1, 22, Role.WORKER, 2000)
    page.facts(1).release()
    assert operations.status()["processes"] == []
    page.facts(1).say_missing(is_missing=True)
    (process,) = operations.status()["processes"]
    assert (process["role"], process["pid"], process["ready"]) == ("worker", 0, False)


def test_status_tells_program_processes_zones_and_reload(operations, page, reloader, time):
    metrics.enter_row(page, 0, 11, Role.SUPERVISOR, 1000)
    metrics.enter_row(page, 2, 22, Role.WORKER, 2000)
    page.facts(2).say_ready()
    page.facts(2).beat(5.0)
    time.advance(7.5)
    reloader.totals = (5, 2, 50)
    kept = {"origin": "b.test.", "status": "kept"}
    refused = {"origin": "c.test.", "status": "refused"}
    reloader.broken = [kept, refused]
    reloader.is_running = True
    status = operations.status()
    assert status["version"] == "1.2.3"
    assert status["listen"] == ["127.0.0.1 port 53"]
    assert status["notices"] == ["Landlock is missing"]
    assert status["processes"] == [
        {"role": "supervisor", "pid": 11, "ready": False, "started_at": 1000, "silent_s": 0.0},
        {"role": "worker", "pid": 22, "ready": True, "started_at": 2000, "silent_s": 2.5},
    ]
    assert status["zones"] == {
        "served": 5, "generated": 2, "records": 50, "kept": [kept], "refused": [refused],
    }  # fmt: skip
    assert (status["reload"], status["reloading"]) == (None, True)
    assert status["block_lists"] == []
    operations.block_lists = lambda: [{"name": "ads"}]
    assert operations.status()["block_lists"] == [{"name": "ads"}]


@pytest.mark.parametrize(
    ("role", "is_ready", "health"),
    [
        (Role.WORKER, True, "ok"),
        (Role.SINGLE, True, "ok"),
        (Role.WORKER, False, "failing"),
        (Role.CONTROL, True, "failing"),
    ],
)
def test_health_is_that_queries_are_answered(operations, page, role, is_ready, health):
    metrics.enter_row(page, 0, 11, role, 1000)
    if is_ready:
        page.facts(0).say_ready()
    assert operations.health()["status"] == health
    assert bool(operations.health()["reasons"]) == (health == "failing")


def test_a_dead_worker_does_not_answer_queries(operations, page):
    metrics.enter_row(page, 0, 11, Role.WORKER, 1000)
    page.facts(0).say_ready()
    page.facts(0).release()
    assert operations.health()["status"] == "failing"


def test_zones_come_page_by_page(operations, store):
    publish(store, *(f"z{i:02}.test." for i in range(25)))
    found, after, pages = [], None, 0
    while True:
        page = operations.zones(after, 10)
        found += [zone["origin"] for zone in page["zones"]]
        pages += 1
        if not page["next"]:
            break
        after = names.from_text(page["next"])
    assert sorted(found) == [f"z{i:02}.test." for i in range(25)]
    assert pages == 3


def test_a_full_page_at_the_end_has_no_next_one(operations, store):
    publish(store, "a.test.", "b.test.")
    assert operations.zones(None, 2)["next"] == ""


def test_a_zone_is_shown_with_what_is_wrong_with_its_file(operations, store, reloader):
    publish(store, "a.test.", "b.test.")
    reloader.broken = [{"origin": "b.test.", "status": "kept", "problems": [PROBLEM]}]
    assert operations.zone(names.from_text("b.test.")) == {
        "origin": "b.test.", "file": "zones/b.test.yaml", "generated": False,
        "serial": 2026010102, "records": 2, "kept": True, "problems": [PROBLEM], "signing": None,
    }  # fmt: skip
    assert operations.zone(names.from_text("a.test."))["kept"] is False
    assert operations.zone(names.from_text("c.test.")) is None


def test_a_generated_zone_says_so(operations, store):
    publish(store, "2.0.192.in-addr.arpa.", generated=True)
    assert operations.zone(names.from_text("2.0.192.in-addr.arpa."))["generated"] is True


def test_serials_are_for_the_metrics(operations, store, reloader):
    publish(store, "a.test.", "b.test.")
    reloader.totals = (2, 0, 3)
    assert operations.serials() == [(("a.test.",), 2026010101), (("b.test.",), 2026010102)]
    reloader.totals = (51, 0, 3)
    assert operations.serials() == []


def test_a_store_that_cannot_be_read_does_not_end_the_metrics(
    page, reloader, around, events, monkeypatch
):
    class Broken:
        def snapshot(self):
            raise StoreError("the disk is gone")

    operations = Operations(Program("1"), page, Broken(), reloader, around)
    assert operations.serials() == []
    assert events()[0]["text"] == "the disk is gone"


def test_commands_are_handed_on(operations, reloader):
    operations.reload(force=True)
    operations.diff()
    assert reloader.asked == [("command", True), "diff"]
