"""The shared cache as a whole: bounds, floods, several processes, and its disk."""

import os
import signal
from collections import Counter

import pytest
from fakes.cache_entries import cut, name, nodata, nxdomain, positive
from fakes.cache_files import SharedFile

from dnsd.resolver.cache import entries
from dnsd.resolver.cache.admission import CacheBounds
from dnsd.resolver.cache.contract import Rank, Selector
from dnsd.resolver.cache.lmdb_store import WAIT_S, WORTHWHILE, open_cache
from dnsd.resolver.options import ResolverLimits
from dnsd.wire.iana import RRType


@pytest.fixture
def file(tmp_path):
    with SharedFile(tmp_path) as file:
        yield file


def once(i, **options):
    return positive(f"n{i}.zone{i % 40}.test.", zone=f"zone{i % 40}.test.", **options)


def put(file, made, now=0.0, turn=10):
    """Put entries, some a turn, and sum up the limits that were reached."""
    limits = Counter()
    made = list(made)
    for start in range(0, len(made), turn):
        for entry in made[start : start + turn]:
            file.cache.records.put(entry, now)
        limits += file.cache.commit(now)
    assert file.cache.trouble == ""
    return limits


def held_names(file):
    return set(file.held()[0])


def test_ordinary_traffic_reaches_no_limit(file):
    assert put(file, (once(i) for i in range(300))) == Counter()
    assert len(held_names(file)) == 300


def test_entries_are_bounded(file):
    assert put(file, (once(i) for i in range(1500)))["cache_entries"] == 600
    assert file.cache.statistics().positive == 900
    assert held_names(file) == {once(i).name for i in range(600, 1500)}


def test_pages_are_bounded(tmp_path):
    with SharedFile(tmp_path, CacheBounds(octets=4 << 20)) as file:
        limits = put(file, (once(i, rdatas=[bytes(900)]) for i in range(6000)))
        assert limits.keys() == {"cache_octets"}
        figures = file.cache.statistics()
        assert figures.filled_octets <= figures.limit_octets
        assert figures.used_octets > figures.limit_octets * 0.4, "room is not wasted"
        assert once(5999).name in held_names(file)


def test_the_largest_nodes_find_room_too(tmp_path):
    with SharedFile(tmp_path, CacheBounds(octets=4 << 20)) as file:
        for i in range(400):
            for rrtype in range(65280, 65288):
                file.cache.records.put(once(i, rrtype=rrtype, rdatas=[bytes(8000)]), 0.0)
            file.cache.commit(0.0)
        assert file.cache.trouble == ""
        assert once(399).name in held_names(file)


def test_what_expired_leaves_first(file):
    put(file, (once(i) for i in range(400)))
    put(file, (once(i, ttl=20) for i in range(400, 800)))
    put(file, (once(i, now=30.0) for i in range(800, 1200)), 30.0)
    stays = {once(i).name for i in (*range(400), *range(800, 1200))}
    assert stays <= held_names(file)


def test_a_flood_of_names_asked_once_passes_by_those_asked_again(file):
    wanted = [once(i) for i in range(100)]
    put(file, wanted)
    misses = asked = 0
    now = 1.0
    for i in range(20_000):
        flood = positive(f"x{i}.attack{i % 97}.test.", zone=f"attack{i % 97}.test.", ttl=9000)
        file.cache.records.put(flood, now)
        if i % 4 == 0:
            entry = wanted[asked % 100]
            asked += 1
            if file.cache.records.find(entry.name, RRType.A, now) is None:
                misses += 1
                file.cache.records.put(entry, now)
        if i % 20 == 0:
            file.cache.commit(now)
            now += 0.1  # the cache holds some seconds' worth of the flood, as a large one does
    assert misses <= 0.05 * asked


def test_a_flood_of_zone_cuts_leaves_those_in_use_and_all_entries(file):
    put(file, (once(i) for i in range(500)))
    used = cut("used.test.")
    file.cache.delegations.put(used, 0.0)
    limits = Counter()
    now = 1.0
    for i in range(2000):
        file.cache.delegations.put(cut(f"x{i}.test."), now)
        assert file.cache.delegations.closest(name("www.used.test."), now) == used
        if i % 10 == 0:
            limits += file.cache.commit(now)
            now += 1.0
    assert limits.keys() == {"cache_delegations"}
    assert file.cache.statistics().positive == 500
    assert file.cache.statistics().delegations <= 210


def test_one_zone_cut_has_no_more_than_its_share(file):
    put(file, (once(i) for i in range(100)))
    flood = (positive(f"x{i}.flood.test.", zone="flood.test.") for i in range(500))
    assert put(file, flood) == Counter(cache_zone_share=400)
    flooded = {n for n in held_names(file) if n.endswith(name("flood.test."))}
    assert len(flooded) == 100
    assert len(held_names(file)) == 200
    assert name("x499.flood.test.") in flooded


def test_what_a_forwarder_says_has_no_share(file):
    said = [positive(f"x{i}.test.", zone=".", rank=Rank.ANSWER) for i in range(300)]
    assert put(file, said) == Counter()
    assert len(held_names(file)) == 300


def test_names_given_by_a_cache_in_front_count_as_found(file):
    put(file, (once(i) for i in range(600)))
    for _ in range(2):
        file.cache.evict(0.0, [once(0).name])
    put(file, (once(i) for i in range(600, 2000)))
    assert once(0).name in held_names(file)
    assert once(1).name not in held_names(file)


def test_entries_too_old_to_be_given_are_freed_in_time(tmp_path):
    with SharedFile(tmp_path, limits=ResolverLimits(stale_age_s=60.0)) as file:
        put(file, (once(i, ttl=10) for i in range(100)))
        put(file, (once(i, ttl=30) for i in range(100, 200)))
        assert sum(file.cache.tidy(70.0) for _ in range(30)) == 100
        assert held_names(file) == {once(i).name for i in range(100, 200)}


def test_a_turn_with_little_to_write_does_not_write_yet(file):
    records = file.cache.records
    for i in range(WORTHWHILE - 1):
        records.put(once(i), 5.0)
        assert file.cache.commit_when_due(5.0) == Counter()
    assert len(records.waiting) == WORTHWHILE - 1
    records.put(once(100), 5.0)
    file.cache.commit_when_due(5.0)
    assert records.waiting == {}
    records.put(once(101), 6.0)
    file.cache.commit_when_due(6.0)
    assert len(records.waiting) == 1
    file.cache.commit_when_due(6.01 + WAIT_S)
    assert records.waiting == {}


def test_a_turn_with_nothing_to_write_still_says_what_was_found(file):
    put(file, (once(i) for i in range(600)))
    reader = file.another_process()
    reader.commit_when_due(4.0)
    reader.records.find(once(0).name, RRType.A, 5.0)
    assert reader.records.found == {once(0).name: 1}
    reader.commit_when_due(5.0)
    assert reader.records.found == {}
    assert file.held()[0][once(0).name][0] & entries.HITS == 1


def test_limits_reached_between_two_commits_are_reported_by_the_next(file):
    for i in range(1000):  # so many that some are written before they are asked to be
        file.cache.records.put(once(i), 0.0)
    assert file.cache.commit(0.0)["cache_entries"] == 100
    assert file.cache.commit(0.0) == Counter()


def test_two_processes_write_one_name_and_nothing_is_lost(file):
    other = file.another_process()
    file.cache.records.put(positive("www.test."), 0.0)
    other.records.put(nodata("www.test."), 0.0)
    other.records.put(positive("www.test.", RRType.MX), 0.0)
    file.cache.commit(0.0)
    other.commit(0.0)
    kept = [e.type for e in file.cache.records.entries()]
    assert sorted(kept) == [RRType.A, RRType.MX, RRType.AAAA]
    # The later one says that there is no such name; the earlier one had not heard of it.
    file.cache.records.put(positive("www.test.", RRType.TXT), 1.0)
    other.records.put(nxdomain("www.test."), 1.0)
    file.cache.commit(1.0)
    other.commit(1.0)
    assert list(file.cache.records.entries()) == [nxdomain("www.test.")]


def test_figures_are_the_same_in_all_processes(file):
    other = file.another_process()
    put(file, [once(1), nodata("a.test."), nxdomain("b.test.")])
    file.cache.delegations.put(cut("test."), 0.0)
    file.cache.commit(0.0)
    figures = other.statistics()
    assert figures == file.cache.statistics()
    assert figures[:4] == (1, 1, 1, 1)
    records, cuts = file.held()
    octets = sum(len(k) + len(v) for held in (records, cuts) for k, v in held.items())
    assert figures.used_octets == octets


def test_a_process_killed_while_it_writes_leaves_a_whole_file(file):
    put(file, [once(1)])
    environment, databases = file.cache.environment, file.cache.databases
    file.cache.close()
    child = os.fork()
    if not child:
        cache = open_cache(file.directory, file.setting).cache
        environment = cache.environment
        cache.records.put(once(2), 0.0)
        cache.commit(0.0)
        transaction = environment.begin(write=True)
        transaction.put(b"half", b"done", db=cache.databases.records)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    del environment, databases
    file.cache = open_cache(file.directory, file.setting).cache
    assert held_names(file) == {once(1).name, once(2).name}
    file.cache.tidy(0.0)
    put(file, [once(3)])
    assert once(3).name in held_names(file)


def test_a_file_that_is_none_is_said_and_not_opened(tmp_path, file):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "data.mdb").write_bytes(b"garbage" * 1000)
    opened = open_cache(tmp_path / "other", file.setting)
    assert opened.cache is None
    assert opened.note.startswith("the cache is kept in memory only: ")
    (tmp_path / "new").mkdir()
    opened = open_cache(tmp_path / "new", file.setting)
    assert opened.note == "the cache is kept in memory only: it has no header"


def test_an_error_of_the_file_leaves_a_resolver_without_a_cache(file):
    cache = file.cache
    put(file, [once(1)])
    cache.close()
    assert cache.records.find(once(1).name, RRType.A, 1.0) is None
    assert cache.delegations.closest(once(1).name, 1.0) is None
    cache.records.put(once(2), 1.0)
    cache.delegations.put(cut("test."), 1.0)
    cache.commit(1.0)
    cache.tidy(1.0)
    assert list(cache.records.entries()) == []
    assert cache.statistics().positive == 1
    assert cache.trouble


def test_every_place_in_a_queue_is_of_somebody(file):
    put(file, (once(i, ttl=20 + i % 50) for i in range(1500)), turn=7)
    put(file, (once(i) for i in range(700, 1900)), now=40.0, turn=13)
    with file.cache.environment.begin(file.cache.databases.queue) as transaction:
        queue = dict(transaction.cursor())
    records, _ = file.held()
    places = {}
    for owner, octets in records.items():
        marks, sequence, _ = entries.HEAD.unpack_from(octets)
        which = bytes((bool(marks & entries.PROTECTED),))
        places[which + sequence.to_bytes(8, "big")] = owner[::-1]
    assert queue == places


def test_zone_cuts_that_expired_are_freed_in_time(file):
    for i in range(150):
        file.cache.delegations.put(cut(f"x{i}.test.", ttl=60 if i % 3 else 6000), 0.0)
        file.cache.commit(0.0)
    assert sum(file.cache.tidy(70.0) for _ in range(80)) == 100
    assert {zone.zone for zone in file.cache.delegations.delegations()} == {
        name(f"x{i}.test.") for i in range(0, 150, 3)
    }


def test_one_tidying_changes_a_bounded_number_of_names(tmp_path):
    with SharedFile(tmp_path, limits=ResolverLimits(stale_age_s=0)) as file:
        put(file, (once(i, ttl=60) for i in range(500)))
        for i in range(150):
            file.cache.delegations.put(cut(f"x{i}.test.", ttl=60), 0.0)
        file.cache.commit(0.0)
        freed = [file.cache.tidy(70.0) for _ in range(300)]
        assert max(freed) <= file.cache.keys_limit
        assert sum(freed) == 650
        assert file.cache.statistics().used_octets == 0


def test_a_new_generation_loses_nothing_that_waits(file):
    other = file.another_process()
    other.records.put(once(1), 0.0)
    other.delegations.put(cut("x.test."), 0.0)
    file.generation += 1  # new zones, say
    assert other.records.find(once(1).name, RRType.A, 0.0) is not None
    assert other.delegations.closest(name("www.x.test."), 0.0) is not None
    other.commit(0.0)
    assert file.cache.statistics()[:4] == (1, 0, 0, 1)


def test_a_flush_takes_what_waits_elsewhere_before_it_is_written(file):
    other = file.another_process()
    other.records.put(once(1), 0.0)
    other.delegations.put(cut("x.test."), 0.0)
    file.generation += 1
    file.cache.records.flush(Selector())
    file.generation += 1
    assert other.records.find(once(1).name, RRType.A, 0.0) is None
    assert other.delegations.closest(name("www.x.test."), 0.0) is None
    other.commit(0.0)
    assert file.cache.statistics()[:4] == (0, 0, 0, 0)


def test_octets_are_told_by_kind(file):
    put(file, [positive("a.test."), nodata("b.test."), nxdomain("c.test.")])
    file.cache.delegations.put(cut("x.test."), 0.0)
    file.cache.commit(0.0)
    figures = file.cache.statistics()
    assert all(figures.kind_octets)
    assert sum(figures.kind_octets) + figures.delegation_octets < figures.used_octets
    file.cache.records.flush(Selector())
    assert file.cache.statistics().kind_octets == (0, 0, 0)
