"""The caches of one process: views of the shared file, or its own memory."""

import errno
import os
import resource
from contextlib import suppress

import pytest
from fakes.cache_entries import cut, positive

from dnsd.observe import metrics
from dnsd.observe.page import Role
from dnsd.resolver.cache.contract import Entry, Kind, Rank, Security, Selector
from dnsd.resolver.cache.memory import MemoryDelegations, MemoryRecords
from dnsd.run import wiring_cache
from dnsd.run.wiring_cache import MOST_TROUBLES, SAY_EVERY_S, Own
from dnsd.wire import names
from dnsd.wire.rrset import RRset

NAME = names.from_text("www.example.test.")


def entry(now):
    rrset = RRset(NAME, 1, 300, (b"\xc0\0\2\1",))
    return Entry(
        NAME, 1, Kind.POSITIVE, Rank.AUTHORITATIVE, Security.INDETERMINATE, now, now + 300, rrset
    )


@pytest.fixture
def prepared(inherited):
    """An inheritance whose cache has a file."""

    def make(text="cache: {size: 16MiB}\n"):
        inheritance = inherited(text)
        inheritance.config.state_directory.mkdir(exist_ok=True)
        octets, note = wiring_cache.prepare(inheritance.config)
        object.__setattr__(inheritance, "cache_octets", octets)
        return inheritance, note

    return make


def test_what_was_learned_is_there_after_a_restart(prepared, around, time):
    time.advance(1)
    now = 1.0
    inheritance, note = prepared()
    assert inheritance.cache_octets == 16 << 20
    assert note == ""
    caches = wiring_cache.open_caches(inheritance)
    caches.records.put(entry(now), now)
    caches.commit(around)
    time.advance(1)
    caches.commit(around)
    caches.close()
    wiring_cache.close_cleanly(inheritance.config)
    inheritance, note = prepared()
    assert note == ""
    caches = wiring_cache.open_caches(inheritance)
    assert caches.records.find(NAME, 1, now + 1).rrset.rdatas == (b"\xc0\0\2\1",)
    caches.close()


def test_a_damaged_file_is_said_and_made_anew(prepared):
    inheritance, _ = prepared()
    file = inheritance.config.state_directory / "cache" / "data.mdb"
    file.write_bytes(b"torn" * (file.stat().st_size // 4))
    inheritance, note = prepared()
    assert note.startswith("the cache starts empty")
    assert inheritance.cache_octets


def test_without_a_file_each_process_keeps_its_own(prepared):
    inheritance, note = prepared("cache: {size: 1MiB}\n")
    assert inheritance.cache_octets == 0
    assert "kept in memory only" in note
    caches = wiring_cache.open_caches(inheritance)
    assert caches.shared is None
    caches.records.put(entry(0.0), 0.0)
    assert caches.records.find(NAME, 1, 0.0) is not None
    caches.close()


def test_a_daemon_that_does_not_resolve_has_no_file(prepared):
    inheritance, note = prepared("resolver: {enabled: off}\n")
    assert (inheritance.cache_octets, note) == (0, "")
    assert not (inheritance.config.state_directory / "cache").exists()


def test_a_flush_moves_the_generation_of_what_was_made_of_it(prepared, around):
    inheritance, _ = prepared()
    caches = wiring_cache.open_caches(inheritance)
    before = inheritance.page.generations[0]
    wiring_cache.cache_operations(inheritance, caches, around).flush(Selector())
    assert inheritance.page.generations[0] > before
    caches.close()


def lines(events, kind):
    return [event for event in events() if event["event"] == kind]


def test_a_disk_that_is_full_leaves_the_cache_in_memory(prepared, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.posix_fallocate", full)
    inheritance, note = prepared()
    assert inheritance.cache_octets == 0
    assert note.startswith("the cache is kept in memory only: No space left on device")


def test_without_a_descriptor_left_the_cache_is_in_memory(prepared, events):
    inheritance, _ = prepared()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        caches = wiring_cache.open_caches(inheritance)
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    caches.records.put(entry(0.0), 0.0)
    assert caches.records.find(NAME, 1, 0.0) is not None
    (line,) = lines(events, "cache")
    assert "kept in memory only" in line["text"]
    assert "Too many open files" in line["text"]


class Learner:
    """Who has the caches, as a resolver's ``World`` does."""

    records = delegations = denials = None


def test_denials_are_kept_where_the_rest_is(prepared, around):
    caches = wiring_cache.open_caches(prepared()[0])
    learner = Learner()
    caches.learn_for(learner)
    assert learner.denials is None, "turned off"
    learner.denials = caches.own.denials
    caches.learn_for(learner)
    assert learner.denials is caches.shared.denials
    break_file(caches)
    for _ in range(MOST_TROUBLES):
        learner.records.find(NAME, 1, 0.0)
    caches.commit(around)
    assert learner.denials is caches.own.denials


def break_file(caches):
    """Let every read and write of the file fail."""
    caches.shared.environment.close()
    caches.shared.records._front.clear()


def test_errors_of_the_file_are_counted_and_said_once_a_minute(prepared, around, events, time):
    caches = wiring_cache.open_caches(prepared()[0])
    break_file(caches)
    for _ in range(10):
        assert caches.records.find(NAME, 1, 0.0) is None
        caches.commit(around)
        time.advance(1)
    assert around.row[metrics.CACHE_ERRORS.slot()] == caches.shared.troubles >= 10
    assert len(lines(events, "cache_trouble")) == 1
    time.advance(SAY_EVERY_S)
    caches.records.find(NAME, 1, 0.0)
    caches.commit(around)
    first, second = (line["times"] for line in lines(events, "cache_trouble"))
    assert second >= first + 10


def test_a_file_that_fails_again_and_again_is_done_without(prepared, around, events):
    caches = wiring_cache.open_caches(prepared()[0])
    learner = Learner()
    caches.learn_for(learner)
    break_file(caches)
    for _ in range(MOST_TROUBLES):
        learner.records.find(NAME, 1, 0.0)
    caches.commit(around)
    learner.records.put(entry(0.0), 0.0)
    learner.delegations.put(cut("example.test."), 0.0)
    assert learner.records.find(NAME, 1, 0.0) is not None
    assert caches.statistics()[:4] == (1, 0, 0, 1)
    (line,) = lines(events, "cache")
    assert "kept in memory only" in line["text"]
    caches.commit(around)
    caches.close()


def test_a_full_cache_is_said_once_and_counted(prepared, around, events):
    caches = wiring_cache.open_caches(prepared("cache: {size: 4MiB}\n")[0])
    for i in range(6000):
        caches.records.put(positive(f"n{i}.z{i % 40}.test.", rdatas=[bytes(900)]), 0.0)
        if i % 50 == 0:
            caches.commit(around)
    assert around.row[metrics.limit_slot("cache_octets")] > 1000
    assert len(lines(events, "cache_full")) == 1
    assert caches.statistics().filled_octets <= 4 << 20
    caches.close()


@pytest.mark.parametrize(("size", "workers"), [("1MiB", 3), ("16MiB", 0), ("64GiB", 2)])
def test_all_workers_together_keep_what_the_configuration_says(inherited, size, workers):
    inheritance = inherited(f"workers: {workers}\ncache: {{size: {size}}}\n")
    limit = 0
    for _ in range(max(1, workers)):
        caches = wiring_cache.open_caches(inheritance)
        for i in range(2000):
            caches.records.put(positive(f"n{i}.z{i % 40}.test."), 0.0)
            caches.delegations.put(cut(f"z{i}.test."), 0.0)
        figures = caches.statistics()
        assert figures.used_octets <= figures.limit_octets
        limit += figures.limit_octets
    assert limit <= inheritance.config.cache.size_octets


def test_a_flush_reaches_what_every_worker_keeps_to_itself(inherited, around, time):
    inheritance = inherited("workers: 2\n")
    page = inheritance.page
    workers = []
    for row in (1, 3):
        page.facts(row).claim(row, Role.WORKER, 0)
        page.facts(row).say_ready()
        workers.append(wiring_cache.open_caches(inheritance, row))
        for text in ("a.example.test.", "b.example.test."):
            workers[-1].records.put(positive(text), 0.0)
    control = wiring_cache.open_caches(inheritance)
    found = []
    operations = wiring_cache.cache_operations(inheritance, control, around)
    operations.flush(Selector(name=names.from_text("a.example.test."))).addCallback(found.append)
    for _ in range(10):
        time.advance(0.05)
        for caches in workers:
            caches.commit(around)
    assert found == [{"records": 2, "cuts": 0}]
    assert [caches.statistics().positive for caches in workers] == [1, 1]


@pytest.mark.parametrize("has_file", [True, False])
def test_a_flush_reaches_what_is_kept_for_clients_of_policies(
    inherited, prepared, around, time, has_file
):
    inheritance = prepared()[0] if has_file else inherited()
    caches = wiring_cache.open_caches(inheritance)
    assert (caches.shared is not None) == has_file
    caches.apart = [Own(MemoryRecords(), MemoryDelegations()) for _ in range(2)]
    for kept in (caches, *caches.apart):
        for text in ("a.example.test.", "b.example.test."):
            kept.records.put(positive(text), 0.0)
        kept.delegations.put(cut("a.example.test."), 0.0)
    if has_file:
        caches.shared.settle(0.0)
    found = []
    operations = wiring_cache.cache_operations(inheritance, caches, around)
    operations.flush(Selector(tree=names.from_text("a.example.test."))).addCallback(found.append)
    for _ in range(10):
        time.advance(0.05)
    assert found == [{"records": 3, "cuts": 3}]
    assert [each.records.statistics().positive for each in caches.apart] == [1, 1]
    caches.close()


def test_names_given_by_the_answer_cache_are_kept(inherited):
    caches = wiring_cache.open_caches(inherited("cache: {size: 1MiB}\n"))
    wanted = positive("www.example.test.", zone="example.test.", ttl=9000)
    caches.records.put(wanted, 0.0)
    for i in range(20_000):
        zone = f"z{i % 40}.test."
        caches.records.put(positive(f"n{i}.{zone}", zone=zone, ttl=9000), 0.0)
        if i % 50 == 0:
            caches.note_found(lambda: {wanted.name}, 0.0)
    assert caches.records.find(wanted.name, 1, 0.0) is not None


def test_tidying_frees_what_is_too_old_to_be_given(prepared, around, time):
    caches = wiring_cache.open_caches(prepared()[0])
    for i in range(300):
        caches.records.put(positive(f"n{i}.test.", ttl=60), 0.0)
    caches.shared.commit(0.0)
    time.advance(2 * 86400)
    assert sum(caches.tidy(around) for _ in range(100)) == 300
    assert caches.statistics().positive == 0
    caches.close()
