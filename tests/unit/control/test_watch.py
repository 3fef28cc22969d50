import errno
import os
import select

import pytest

from dnsd.control.scan import ZoneFiles
from dnsd.control.surroundings import Surroundings
from dnsd.control.watch import POLL_S, POLL_WITH_EVENTS_S, Inotify, Watcher, WatchOptions
from dnsd.observe import metrics

DELAY_S = 0.1


class Readers:
    """The part of a reactor that watches descriptors, run by hand."""

    def __init__(self):
        self.readers = []

    def addReader(self, reader):  # noqa: N802
        self.readers.append(reader)

    def removeReader(self, reader):  # noqa: N802
        self.readers.remove(reader)

    def deliver(self):
        """Let everybody read what is there; tell whether anything was."""
        ready = [r for r in self.readers if select.select([r], [], [], 0)[0]]
        for reader in ready:
            reader.doRead()
        return bool(ready)


@pytest.fixture
def readers():
    return Readers()


@pytest.fixture
def zones(tmp_path):
    directory = tmp_path / "zones"
    directory.mkdir()
    (directory / "a.test.yaml").write_text("1")
    return directory


@pytest.fixture
def changes():
    return []


@pytest.fixture
def watch(around, readers, zones, changes):
    """Start a watcher; all of them are stopped in the end."""
    started = []
    surroundings = Surroundings(readers, around.clock, around.log, around.row)

    def start(where=None):
        options = WatchOptions(where or ZoneFiles((zones,)), DELAY_S)
        watcher = Watcher(options, surroundings, lambda: changes.append(around.clock.now()))
        watcher.start()
        started.append(watcher)
        return watcher

    yield start
    for watcher in started:
        watcher.stop()
    assert not readers.readers


def test_nothing_is_told_when_nothing_changes(watch, readers, time, changes):
    watch()
    time.pump([POLL_WITH_EVENTS_S] * 3)
    assert not readers.deliver()
    assert changes == []


@pytest.mark.parametrize(
    "change",
    [
        lambda zones: (zones / "a.test.yaml").write_text("22"),
        lambda zones: (zones / "b.test.yaml").write_text("1"),
        lambda zones: (zones / "a.test.yaml").unlink(),
        lambda zones: (zones / "a.test.yaml").rename(zones / "c.test.yaml"),
        lambda zones: (zones / "a.test.yaml").chmod(0),
        lambda zones: (zones / "b.test.yaml").symlink_to(zones / "a.test.yaml"),
    ],
    ids=["written", "made", "removed", "renamed", "permission", "linked"],
)
def test_a_change_is_told_once_it_is_over(watch, readers, zones, time, changes, change):
    watch()
    change(zones)
    assert readers.deliver()
    assert changes == []
    time.advance(DELAY_S)
    assert changes == [DELAY_S]
    time.advance(DELAY_S)
    assert changes == [DELAY_S]


def test_a_file_replaced_by_rename_is_told(watch, readers, zones, time, changes):
    watch()
    (zones / ".a.test.yaml.new").write_text("22")
    (zones / ".a.test.yaml.new").rename(zones / "a.test.yaml")
    readers.deliver()
    time.advance(DELAY_S)
    assert len(changes) == 1


def test_an_editors_copy_is_not_told(watch, readers, zones, time, changes):
    watch()
    (zones / ".a.test.yaml.swp").write_text("x")
    assert readers.deliver()
    time.advance(1)
    assert changes == []


def test_changes_close_together_are_told_once(watch, readers, zones, time, changes):
    watch()
    for i in range(5):
        (zones / f"b{i}.test.yaml").write_text("1")
        readers.deliver()
        time.advance(DELAY_S * 0.9)
    assert changes == []
    time.advance(DELAY_S * 0.2)
    assert len(changes) == 1


def test_changes_without_end_are_told_all_the_same(watch, readers, zones, time, changes):
    watch()
    for i in range(25):
        (zones / "a.test.yaml").write_text("1" * i)
        readers.deliver()
        time.advance(DELAY_S * 0.5)
    assert len(changes) == 1
    assert changes[0] == pytest.approx(DELAY_S * 10)


def test_a_file_in_a_directory_made_later_is_told(watch, readers, zones, time, changes):
    watch()
    (zones / "sub.test.").mkdir()
    readers.deliver()
    time.advance(DELAY_S)
    (zones / "sub.test." / "x.yaml").write_text("1")
    assert readers.deliver()
    time.advance(DELAY_S)
    assert len(changes) == 1
    (zones / "sub.test." / "x.yaml").write_text("22")
    assert readers.deliver()
    time.advance(DELAY_S)
    assert len(changes) == 2


def test_a_directory_removed_and_made_again_is_watched(watch, readers, zones, time, changes):
    watch()
    sub = zones / "sub.test."
    for octets in ("1", "22", "333"):
        sub.mkdir()
        readers.deliver()
        time.advance(DELAY_S)
        (sub / "x.yaml").write_text(octets)
        readers.deliver()
        time.advance(DELAY_S)
        (sub / "x.yaml").unlink()
        sub.rmdir()
        readers.deliver()
        time.advance(DELAY_S)
    assert len(changes) == 6


def test_a_single_file_is_watched(watch, readers, zones, time, changes):
    watch(ZoneFiles((), (zones / "a.test.yaml",)))
    (zones / "other.yaml").write_text("1")
    readers.deliver()
    time.advance(DELAY_S)
    assert changes == []
    (zones / "a.test.yaml").write_text("22")
    readers.deliver()
    time.advance(DELAY_S)
    assert len(changes) == 1


def test_a_change_without_an_event_is_seen_by_looking(watch, zones, time, changes):
    watch()
    (zones / "a.test.yaml").write_text("22")
    time.advance(POLL_WITH_EVENTS_S)
    assert len(changes) == 1


def test_a_turned_link_to_the_directory_is_seen_by_looking(watch, tmp_path, zones, time, changes):
    link = tmp_path / "current"
    link.symlink_to(zones)
    watch(ZoneFiles((link,)))
    other = tmp_path / "other"
    other.mkdir()
    link.unlink()
    link.symlink_to(other)
    time.advance(POLL_WITH_EVENTS_S)
    assert len(changes) == 1


def test_without_room_for_watches_files_are_looked_at_each_second(
    watch, zones, time, changes, events, monkeypatch
):
    monkeypatch.setattr(Inotify, "watch", lambda self, directory: False)
    watch()
    (zones / "a.test.yaml").write_text("22")
    time.advance(POLL_S)
    assert len(changes) == 1
    time.pump([POLL_S] * 3)
    assert len(changes) == 1
    assert [event["event"] for event in events()] == ["zone_watch"]


def test_without_inotify_files_are_looked_at_each_second(
    watch, zones, time, changes, events, monkeypatch
):
    def refuse(self, happened):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(Inotify, "__init__", refuse)
    watch()
    (zones / "a.test.yaml").write_text("22")
    time.advance(POLL_S)
    assert len(changes) == 1
    assert events()[0]["reason"] == "Too many open files"


def test_too_many_directories_are_told_once(watch, zones, time, events, row, monkeypatch):
    monkeypatch.setattr("dnsd.control.scan.MAX_DIRECTORIES", 3)
    for i in range(5):
        (zones / f"d{i}").mkdir()
    watch()
    time.pump([POLL_WITH_EVENTS_S] * 3)
    assert [event["event"] for event in events()] == ["zone_directories"]
    assert row[metrics.limit_slot("watched_directories")] == 1


def test_a_stopped_watcher_tells_nothing(watch, readers, zones, time, changes):
    watcher = watch()
    (zones / "a.test.yaml").write_text("22")
    readers.deliver()
    watcher.stop()
    time.pump([POLL_WITH_EVENTS_S] * 3)
    assert changes == []
    assert time.getDelayedCalls() == []
