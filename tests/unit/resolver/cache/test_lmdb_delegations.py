import pytest
from fakes.cache_entries import cut, name
from fakes.cache_files import SharedFile

from dnsd.resolver.cache.admission import CacheBounds
from dnsd.resolver.cache.lmdb_records import FRONT_NAMES, FRONT_S, WAITING_NAMES

WWW = name("www.example.test.")
CUT = cut("example.test.")
NEWER = cut("example.test.", "ns2.example.test.")


@pytest.fixture
def file(tmp_path):
    with SharedFile(tmp_path) as file:
        yield file


def commit(file, *kept):
    for delegation in kept:
        file.cache.delegations.put(delegation, 0.0)
    file.cache.commit(0.0)


def test_what_waits_is_found_at_once_by_its_own_process_only(file):
    other = file.another_process()
    file.cache.delegations.put(CUT, 0.0)
    assert file.cache.delegations.closest(WWW, 1.0) == CUT
    assert other.delegations.closest(WWW, 1.0) is None
    file.cache.commit(0.0)
    assert other.delegations.closest(WWW, 1.0) == CUT


def test_what_was_put_takes_the_place_of_what_stands_in_front(file):
    commit(file, CUT)
    assert file.cache.delegations.closest(WWW, 1.0) == CUT
    file.cache.delegations.put(NEWER, 1.0)
    assert file.cache.delegations.closest(WWW, 1.0) == NEWER
    file.cache.commit(1.0)
    assert file.cache.delegations.closest(WWW, 1.0) == NEWER


def test_an_expired_cut_that_waits_hides_what_it_replaces(file):
    commit(file, cut("test."), CUT)
    file.cache.delegations.put(cut("example.test.", ttl=5), 0.0)
    assert file.cache.delegations.closest(WWW, 6.0) == cut("test.")


def test_another_process_is_believed_after_a_second_at_the_latest(file):
    other = file.another_process()
    commit(file, CUT)
    assert other.delegations.closest(WWW, 1.0) == CUT
    commit(file, NEWER)
    assert other.delegations.closest(WWW, 1.0 + FRONT_S / 2) == CUT
    assert other.delegations.closest(WWW, 1.0 + FRONT_S) == NEWER
    assert file.cache.delegations.closest(WWW, 1.0) == NEWER


def test_a_moved_generation_is_seen_at_once(file):
    other = file.another_process()
    commit(file, CUT)
    assert other.delegations.closest(WWW, 1.0) == CUT
    commit(file, NEWER)
    file.generation += 1
    assert other.delegations.closest(WWW, 1.0) == NEWER


def test_finding_writes_nothing(file):
    commit(file, CUT)
    before = file.held()
    for _ in range(10):
        assert file.cache.delegations.closest(WWW, 1.0) == CUT
    file.cache.commit(1.0)
    assert file.held() == before


def test_bounded_numbers_of_cuts_wait_and_stand_in_front(tmp_path):
    with SharedFile(tmp_path, CacheBounds(entries=15_000, octets=8 << 20)) as file:
        delegations = file.cache.delegations
        for i in range(2500):
            delegations.put(cut(f"z{i}.test."), 0.0)
        assert len(delegations.waiting) == 2500 % WAITING_NAMES
        file.cache.commit(0.0)
        for i in range(2500):
            assert delegations.closest(name(f"z{i}.test."), 1.0)
        assert 0 < len(delegations._front) <= FRONT_NAMES < 2500


def test_a_damaged_cut_was_never_learned(file):
    with file.cache.environment.begin(file.cache.databases.delegations, write=True) as transaction:
        transaction.put(CUT.zone[::-1], b"garbage")
    assert file.cache.delegations.closest(WWW, 1.0) is None
    assert file.cache.trouble.startswith("error: ")
