"""What every cache of denials does; that of one process, and that which all share."""

import pytest
from fakes.cache_files import SharedFile
from fakes.denials import HASHED, TRUST, N, before, denier, hashed, place, put, soa

from dnsd.resolver.cache.admission import CacheBounds
from dnsd.resolver.cache.contract import Selector
from dnsd.resolver.cache.lmdb_denials import SharedDenials
from dnsd.resolver.cache.memory_denials import MemoryDenials

BOUNDS = CacheBounds(octets=4 << 20)


class Committing:
    """Puts in one process, and looks in another, or in the same."""

    def __init__(self, file, reader):
        self._file, self._reader = file, reader

    def put(self, *args):
        self._file.cache.denials.put(*args)
        self._file.cache.commit(args[-1])
        assert self._file.cache.trouble == ""
        # As a second later, when what is in front of the file is looked up anew.
        self._reader._front.clear()
        self._reader._counted_at = float("-inf")

    def flush(self, selector):
        found = self._file.cache.denials.flush(selector)
        self._file.generation += 1
        return found

    def __getattr__(self, name):
        return getattr(self._reader, name)


@pytest.fixture(params=["memory", "waiting", "file", "another process"])
def cache(request, tmp_path):
    if request.param == "memory":
        yield MemoryDenials(BOUNDS)
        return
    with SharedFile(tmp_path, BOUNDS) as file:
        if request.param == "waiting":
            yield file.cache.denials
        elif request.param == "file":
            yield Committing(file, file.cache.denials)
        else:
            yield Committing(file, file.another_process().denials)


def test_the_record_next_before_a_name_is_found(cache):
    assert not cache.holds(0.0)
    for name in ("test.", "f.test.", "b.test.", "a.b.test.", "*.b.test."):
        put(cache, name)
    cache.zone(N("test."), 5.0)
    assert cache.holds(5.0)
    names = ["test.", "*.test.", "b.test.", r"\000.b.test.", "aa.b.test.", "c.test.", "zz.zz.test."]
    found = [before(cache, name, now=5.0) for name in names]
    assert found == ["test.", "test.", "b.test.", "b.test.", "a.b.test.", "a.b.test.", "f.test."]


def test_zones_are_kept_apart(cache):
    put(cache, "a.test.")
    put(cache, "b.a.test.", "a.test.")
    assert before(cache, "c.a.test.") == "a.test."
    assert before(cache, "c.a.test.", "a.test.") == "b.a.test."
    assert before(cache, "a.a.test.", "a.test.") is None
    assert cache.zone(N("b.a.test."), 0.0) is None


def test_what_is_kept_comes_back_as_it_was(cache):
    put(cache, "a.test.")
    found = cache.before(N("test."), place("b.test.", "test."), 0.0)
    assert found.expiry == pytest.approx(300.0)
    assert found.rrset.signatures == (b"signature",)
    assert cache.zone(N("test."), 0.0) == denier("test.")


def test_what_expired_is_not_given_nor_what_stands_before_it(cache):
    put(cache, "a.test.", expiry=500.0)
    put(cache, "b.test.", expiry=100.0)
    assert before(cache, "c.test.", now=99.0) == "b.test."
    assert before(cache, "c.test.", now=101.0) is None
    assert before(cache, "aa.test.", now=101.0) == "a.test."


def test_a_record_takes_the_place_of_the_one_before(cache):
    put(cache, "a.test.", expiry=100.0)
    put(cache, "a.test.", expiry=500.0)
    assert before(cache, "b.test.", now=101.0) == "a.test."


def test_the_last_hash_stands_before_the_first(cache):
    zone = N("test.")
    for octet in (0x40, 0x80):
        digest = bytes((octet,)) * 20
        cache.put(zone, denier("test.", chain=HASHED), digest, hashed(digest), 0.0)
    found = [cache.before(zone, bytes((octet,)) * 20, 0.0) for octet in (0x10, 0x50, 0x90)]
    assert [each.rrset.owner[1] for each in found] == [0x80, 0x40, 0x80]


def test_another_chain_of_a_zone_or_another_trust_begins_anew(cache):
    zone, digest = N("test."), b"\x40" * 20
    put(cache, "a.test.")
    cache.put(zone, denier("test.", chain=HASHED), digest, hashed(digest), 0.0)
    assert cache.zone(zone, 0.0).chain == HASHED
    put(cache, "b.test.", trust=b"anchors2")
    assert cache.zone(zone, 0.0) == denier("test.", trust=b"anchors2")
    assert (before(cache, "aa.test."), before(cache, "c.test.")) == (None, "b.test.")


def test_the_soa_stays_when_a_record_comes_without(cache):
    put(cache, "a.test.")
    put(cache, "b.test.", with_soa=False)
    assert cache.zone(N("test."), 0.0).soa == soa("test.")


@pytest.mark.parametrize(
    ("selector", "left"),
    [
        (Selector(), set()),
        (Selector(type=1), set()),
        (Selector(negative=True), set()),
        (Selector(server=bytes(4)), set()),
        (Selector(bogus=True), {"test.", "a.test.", "b.test."}),
        (Selector(name=N("x.a.test.")), {"b.test."}),
        (Selector(name=N("test.")), {"a.test.", "b.test."}),
        (Selector(tree=N("a.test.")), {"b.test."}),
        (Selector(tree=N("test.")), set()),
        (Selector(tree=N("other.")), {"test.", "a.test.", "b.test."}),
    ],
)
def test_a_flush_takes_the_zones_that_may_deny_what_is_selected(cache, selector, left):
    for zone in ("test.", "a.test.", "b.test."):
        put(cache, f"name.{zone}", zone)
    gone = cache.flush(selector)
    if isinstance(cache, SharedDenials):  # what waits goes with every flush, as all of it does
        return
    assert (gone > 0) is (len(left) < 3)
    found = {zone for zone in ("test.", "a.test.", "b.test.") if cache.zone(N(zone), 0.0)}
    assert found == left


def test_the_oldest_leave_when_there_are_too_many():
    bounds = CacheBounds(octets=4 << 20)
    cache = MemoryDenials(bounds)
    limits = [put(cache, f"n{i}.z{i % 9}.test.", f"z{i % 9}.test.") for i in range(2000)]
    assert len(cache) == bounds.denials < 2000
    assert set(limits) == {"", "cache_denials"}
    assert before(cache, "n1999.z1.test.", "z1.test.") == "n1999.z1.test."


def test_a_zone_has_its_share():
    cache = MemoryDenials(CacheBounds(octets=100_000))
    put(cache, "a.bank.test.", "bank.test.")
    for i in range(100):
        put(cache, f"n{i}.evil.test.", "evil.test.")
    assert len(cache) == 1 + CacheBounds(octets=100_000).zone_denials
    assert before(cache, "b.bank.test.", "bank.test.") == "a.bank.test."
    assert before(cache, "n99.evil.test.", "evil.test.") == "n99.evil.test."


def test_what_expired_leaves_with_what_comes():
    cache = MemoryDenials(BOUNDS)
    put(cache, "a.test.", expiry=10.0)
    put(cache, "b.test.", now=11.0)
    assert len(cache) == 1


def test_those_that_came_first_may_be_taken_out():
    cache = MemoryDenials(BOUNDS)
    for name in ("c.test.", "a.test.", "b.test."):
        put(cache, name)
    assert next(kept.rrset.owner for _, _, _, kept in cache.records()) == N("c.test.")
    cache.remove_first(2)
    assert [each[3].rrset.owner for each in cache.records()] == [N("b.test.")]
    assert cache.zone(N("test."), 0.0).trust == TRUST
