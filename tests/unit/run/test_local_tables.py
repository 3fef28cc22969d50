import os

import pytest

from dnsd.control.blocklists_compile import compile_lists
from dnsd.observe import metrics
from dnsd.query.policy import HereAnswers
from dnsd.resolver.local.answer import Source
from dnsd.resolver.local.local_names import LocalNames
from dnsd.resolver.local.special import SpecialNames
from dnsd.run.local_tables import LocalTables, LocalTablesOptions
from dnsd.wire import names

N = names.from_text
A = 1


@pytest.fixture
def world(tmp_path, around, time):
    return World(tmp_path, around, time)


class World:
    """Tables over files in a directory, and what they answer."""

    def __init__(self, directory, around, time):
        self.directory, self.around, self.time = directory, around, time
        self.hosts, self.leases = directory / "hosts", directory / "leases"
        self.block_lists = directory / "block-lists"
        self.block_lists.mkdir()
        (self.block_lists / "good").mkdir()
        self.changes = 0
        names_of_file = LocalNames(SpecialNames(builtin=True), domain=N("home.arpa"), ttl=60)
        self.here = HereAnswers(names_of_file, (), ["ads"])

    def follow(self, **changes):
        self.options = LocalTablesOptions(
            names=[(N("printer"), A, bytes((192, 0, 2, 1)))],
            hosts=[self.hosts], leases=[self.leases], domain=N("home.arpa"), ttl=60,
            block_lists=self.block_lists, actions={"ads": "nxdomain"}, **changes,
        )  # fmt: skip
        self.tables = LocalTables(self.options, self.here, self.around, self._changed)
        self.look()

    def look(self):
        self.time.advance(self.tables.look())

    def answer(self, name):
        """Return the address of a name, or how it is denied, or None."""
        found = self.here.find(N(name), A, 0)
        if found is None or found.source is Source.BLOCK:
            return found and "blocked"
        return found.answer[0].rdatas[0][-1] if found.answer else "denied"

    def compile(self, text):
        (self.directory / "ads.txt").write_text(text)
        report = compile_lists(
            {"directory": str(self.block_lists), "max_octets": 999, "max_names": 99,
             "lists": [{"name": "ads", "path": str(self.directory / "ads.txt"), "form": "auto"}],
             "memory_octets": 0, "store_octets": 1 << 20, "time_s": 0}
        )  # fmt: skip
        assert report["failure"] == ""

    def _changed(self):
        self.changes += 1


def test_names_come_from_configuration_hosts_and_leases(world):
    world.hosts.write_text("192.0.2.2 nas\n")
    world.leases.write_text("0 52:54:00:12:34:56 192.0.2.3 phone *\n")
    world.follow()
    assert [world.answer(f"{name}.home.arpa") for name in ("printer", "nas", "phone", "tv")] == [
        1, 2, 3, "denied",
    ]  # fmt: skip
    assert world.around.row[metrics.LOCAL_NAMES.slot()] == 9  # each with domain and PTR record


def test_a_changed_file_is_followed_and_answers_are_made_anew(world):
    world.follow()
    assert world.changes == 1
    world.look()
    assert world.changes == 1
    world.leases.write_text("0 52:54:00:12:34:56 192.0.2.3 phone *\n")
    world.look()
    assert (world.answer("phone"), world.changes) == (3, 2)


def test_a_file_that_changes_only_its_times_changes_no_answer(world):
    world.hosts.write_text("192.0.2.2 nas\n")
    world.follow()
    os.utime(world.hosts, ns=(1, 1))
    world.look()
    assert world.changes == 1


def test_a_lease_ends_without_a_change_of_its_file(world):
    end = int(world.around.clock.wall_now()) + 100
    world.leases.write_text(f"{end} 52:54:00:12:34:56 192.0.2.3 phone *\n")
    world.follow()
    assert world.answer("phone") == 3
    for _ in range(150):
        world.look()
    assert world.answer("phone") is None


def test_a_file_that_is_gone_has_no_names_and_that_is_said_once(world, events):
    world.hosts.write_text("192.0.2.2 nas\n")
    world.leases.write_text("")
    world.follow()
    world.hosts.unlink()
    for _ in range(3):
        world.look()
    assert world.answer("nas") is None
    (event,) = [event for event in events() if event["event"] == "local_names"]
    assert event["reason"] == "there is no such file"


def test_a_file_that_is_too_large_keeps_the_names_it_had(world, events):
    world.hosts.write_text("192.0.2.2 nas\n")
    world.follow(file_octets=20)
    world.hosts.write_text("192.0.2.9 nas\n" * 9)
    world.look()
    assert world.answer("nas") == 2
    assert world.around.row[metrics.limit_slot("local_file_size")] == 1
    assert events()[-1]["reason"] == "more than 20 octets; not read"


def test_no_more_names_of_a_file_are_taken_than_may_be(world):
    world.hosts.write_text("192.0.2.2 nas\n192.0.2.3 tv\n")
    world.follow(file_names=1)
    assert (world.answer("nas"), world.answer("tv")) == (2, None)
    assert world.around.row[metrics.limit_slot("local_names")] == 1


def test_ordinary_files_hit_no_limit(world):
    world.hosts.write_text("192.0.2.2 nas\n192.0.2.3 tv\n")
    world.follow()
    for limit in ("local_file_size", "local_names"):
        assert world.around.row[metrics.limit_slot(limit)] == 0


def test_lines_that_cannot_be_read_are_said_with_their_place(world, events):
    world.hosts.write_text("192.0.2.2 nas\nnonsense\n")
    world.leases.write_text("")
    world.follow()
    assert world.answer("nas") == 2
    assert events()[-1]["reason"] == "1 lines cannot be read, the first is line 2"


def test_block_lists_are_taken_over_as_they_are_published(world):
    world.follow()
    assert world.answer("ads.example") is None
    world.compile("ads.example\n")
    world.look()
    assert world.answer("ads.example") == "blocked"
    world.compile("other.example\n")
    world.look()
    assert (world.answer("ads.example"), world.answer("other.example")) == (None, "blocked")
    assert world.changes == 3


def test_the_directory_of_block_lists_is_there_before_a_process_is_confined_to_it(world):
    (world.block_lists / "good").rmdir()
    world.block_lists.rmdir()
    world.follow()
    assert world.block_lists.is_dir()


def test_lists_of_an_earlier_run_count_from_the_start(world):
    world.compile("ads.example\n")
    world.follow()
    assert world.answer("ads.example") == "blocked"


def test_a_damaged_store_leaves_the_one_before_in_place_and_is_said_once(world, events):
    world.compile("ads.example\n")
    world.follow()
    (world.block_lists / "compiled-damaged").write_bytes(b"x" * 9000)
    (world.block_lists / "current").write_text("compiled-damaged")
    for _ in range(3):
        world.look()
    assert world.answer("ads.example") == "blocked"
    assert len([event for event in events() if event["event"] == "block_lists"]) == 1
    world.compile("other.example\n")
    world.look()
    assert world.answer("other.example") == "blocked"


def test_a_new_configuration_takes_over_while_the_old_one_ends(world):
    world.compile("ads.example\n")
    world.follow()
    old = world.tables
    world.follow()
    assert world.answer("ads.example") == "blocked"
    old.look()
    assert world.answer("ads.example") == "blocked"
