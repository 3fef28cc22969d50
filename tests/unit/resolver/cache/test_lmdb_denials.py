"""Denials in the file of all processes; what any cache of them does is in test_memory_denials."""

import random

import pytest
from fakes.cache_files import SharedFile
from fakes.denials import HASHED, N, before, denier, place, put, record

from dnsd.resolver.cache.admission import CacheBounds
from dnsd.resolver.cache.contract import Selector
from dnsd.resolver.cache.lmdb_denials import WAITING
from dnsd.resolver.cache.memory_denials import MemoryDenials


@pytest.fixture
def file(tmp_path):
    with SharedFile(tmp_path) as file:
        yield file
        assert file.cache.trouble == ""


def test_what_one_process_wrote_another_finds(file):
    other = file.another_process()
    put(file.cache.denials, "a.test.")
    assert not other.denials.holds(0.0)
    file.cache.commit(0.0)
    assert other.denials.holds(1.5)
    assert before(other.denials, "b.test.", now=1.5) == "a.test."


def test_what_waits_and_what_is_written_are_one_chain(file):
    cache = file.cache.denials
    for name in ("a.test.", "m.test."):
        put(cache, name)
    file.cache.commit(0.0)
    put(cache, "f.test.")
    found = [before(cache, name) for name in ("b.test.", "g.test.", "n.test.")]
    assert found == ["a.test.", "f.test.", "m.test."]


def test_many_are_written_before_they_are_too_many(file):
    for i in range(WAITING + 3):
        put(file.cache.denials, f"n{i}.z{i % 3}.test.", f"z{i % 3}.test.")
    assert len(file.cache.denials.waiting) < WAITING
    assert before(file.cache.denials, "n0.z0.test.", "z0.test.") == "n0.z0.test."


def test_the_longest_key_fits(file):
    name = ".".join([r"\000" * 49] * 5) + "."
    put(file.cache.denials, name, ".")
    file.cache.commit(0.0)
    assert before(file.cache.denials, "z." + ".".join([r"\000" * 49] * 4) + ".", ".", 2.0) == name


def test_what_waits_before_a_flush_does_not_come_after_it(file):
    other = file.another_process()
    put(other.denials, "a.test.")
    file.cache.denials.flush(Selector())
    file.cache.records.flush(Selector())
    file.generation += 1
    other.commit(0.0)
    assert before(other.denials, "b.test.", now=2.0) is None
    assert before(file.cache.denials, "b.test.", now=2.0) is None


def test_a_flush_of_all_records_takes_denials_too(file):
    put(file.cache.denials, "a.test.")
    file.cache.commit(0.0)
    file.cache.records.flush(Selector())
    file.generation += 1
    assert before(file.cache.denials, "b.test.", now=2.0) is None
    put(file.cache.denials, "c.other.test.", "other.test.")
    file.cache.commit(0.0)
    assert before(file.cache.denials, "d.other.test.", "other.test.", now=9.0) == "c.other.test."


def test_a_number_that_went_to_another_zone_gives_nothing(file):
    put(file.cache.denials, "a.test.")
    file.cache.commit(0.0)
    row = file.cache.denials._row(N("test."), 0.0)
    found = file.cache.denials._nearest(row, N("a.test."), place("b.test.", "test."))
    assert found is None


def test_a_file_in_any_order_says_what_memory_says(tmp_path):
    rng = random.Random(7)
    bounds = CacheBounds(octets=4 << 20)
    zones = ("test.", "a.test.", "b.a.test.")
    with SharedFile(tmp_path, bounds) as file:
        shared, plain = file.cache.denials, MemoryDenials(bounds)
        for now in range(600):
            zone = rng.choice(zones)
            name = f"{rng.choice('abcdefgh')}.{zone}"
            way = rng.random()
            if way < 0.6:
                for cache in (shared, plain):
                    cache.put(
                        N(zone),
                        denier(zone),
                        place(name, zone),
                        record(name, expiry=1000.0),
                        float(now),
                    )
            elif way < 0.63:
                file.cache.commit(float(now))
                for cache in (shared, plain):
                    cache.flush(Selector(name=N(name)))
                file.generation += 1
            elif way < 0.8:
                file.cache.commit(float(now))
            asked = f"{rng.choice('abcdefgh')}x.{rng.choice(zones)}"
            zone = asked.partition(".")[2]
            assert before(shared, asked, zone, now) == before(plain, asked, zone, now), now
        assert file.cache.trouble == ""


def test_hashes_need_no_apex(file):
    assert file.cache.denials.before(N("test."), HASHED, 0.0) is None
