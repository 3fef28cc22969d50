from fakes.cache_entries import cut, name, positive

from dnsd.resolver.cache.admission import CacheBounds
from dnsd.resolver.cache.contract import Rank, Selector
from dnsd.resolver.cache.memory import MemoryDelegations, MemoryRecords
from dnsd.resolver.options import ResolverLimits
from dnsd.wire.iana import RRType


def names_in(records):
    return {entry.name for entry in records.entries()}


def once(i, now=0.0, **options):
    return positive(f"n{i}.zone{i % 40}.test.", zone=f"zone{i % 40}.test.", now=now, **options)


def test_entries_and_octets_are_bounded_at_every_moment():
    records = MemoryRecords(CacheBounds(entries=50, octets=1_000_000))
    limits = {records.put(once(i), 0.0) for i in range(200)}
    assert limits == {"", "cache_entries"}
    assert len(names_in(records)) == 50
    records = MemoryRecords(CacheBounds(entries=5000, octets=40_000))
    for i in range(200):
        records.put(once(i), 0.0)
        assert records.statistics().used_octets <= 40_000
    assert records.put(once(201), 0.0) == "cache_octets"


def test_what_expired_leaves_first():
    records = MemoryRecords(CacheBounds(entries=10))
    for i in range(5):
        records.put(once(i), 0.0)
    for i in range(5, 10):
        records.put(once(i, ttl=20), 0.0)
    for i in range(10, 15):
        records.put(once(i, now=30.0), 30.0)
    assert names_in(records) == {once(i).name for i in (*range(5), *range(10, 15))}


def test_a_flood_of_names_asked_once_passes_by_those_asked_again():
    records = MemoryRecords(CacheBounds(entries=1000))
    wanted = [once(i) for i in range(100)]
    for entry in wanted:
        records.put(entry, 0.0)
    misses = asked = 0
    for i in range(20_000):
        records.put(positive(f"x{i}.attack{i % 97}.test.", zone=f"attack{i % 97}.test."), 0.0)
        if i % 4 == 0:
            entry = wanted[asked % 100]
            asked += 1
            if records.find(entry.name, RRType.A, 1.0) is None:
                misses += 1
                records.put(entry, 1.0)
    assert misses <= 0.05 * asked


def test_one_zone_cut_has_no_more_than_its_share():
    records = MemoryRecords(CacheBounds(entries=100))
    other = once(1)
    records.put(other, 0.0)
    limits = [
        records.put(positive(f"x{i}.flood.test.", zone="flood.test."), 0.0) for i in range(30)
    ]
    assert limits == [""] * 10 + ["cache_zone_share"] * 20
    assert len(names_in(records)) == 11
    assert name("x29.flood.test.") in names_in(records)


def test_what_a_forwarder_says_has_no_share():
    records = MemoryRecords(CacheBounds(entries=100))
    for i in range(100):
        assert not records.put(positive(f"x{i}.test.", zone=".", rank=Rank.ANSWER), 0.0)
    assert len(names_in(records)) == 100


def test_entries_too_old_to_be_given_are_freed_with_what_comes():
    records = MemoryRecords(CacheBounds(entries=100), ResolverLimits(stale_age_s=60.0))
    for i in range(40):
        records.put(once(i, ttl=10), 0.0)
    for i in range(20):
        records.put(once(100 + i, now=71.0), 71.0)
    assert len(names_in(records)) == 20


def test_replaced_entries_leave_nothing_behind():
    records = MemoryRecords(CacheBounds(entries=100))
    for i in range(1000):
        records.put(once(i % 3, now=float(i)), float(i))
    assert len(records._expiries) <= 200
    records.flush(Selector())
    assert (records._once, records._protected, records._zones) == ({}, {}, {})


def test_zone_cuts_are_bounded_and_those_in_use_stay():
    delegations = MemoryDelegations(CacheBounds(entries=100))
    used = cut("used.test.")
    delegations.put(used, 0.0)
    limits = []
    for i in range(100):
        limits.append(delegations.put(cut(f"x{i}.test."), 0.0))
        assert delegations.closest(name("www.used.test."), 0.0) == used
    assert limits.count("cache_delegations") == 81
    assert delegations.statistics().delegations == 20
