import pytest
from fakes.cache_entries import name, nodata, nxdomain, positive
from fakes.cache_files import SharedFile

from dnsd.resolver.cache.admission import CacheBounds
from dnsd.resolver.cache.lmdb_records import FRONT_NAMES, FRONT_S, NOTED_NAMES, WAITING_NAMES
from dnsd.wire.iana import RRType

WWW = name("www.example.test.")
A = positive("www.example.test.")
NEWER = positive("www.example.test.", rdatas=[b"\xc0\x00\x02\x09"])


@pytest.fixture
def file(tmp_path):
    with SharedFile(tmp_path) as file:
        yield file


def commit(file, *kept):
    for entry in kept:
        file.cache.records.put(entry, 0.0)
    file.cache.commit(0.0)


def test_what_waits_is_found_at_once_by_its_own_process_only(file):
    other = file.another_process()
    file.cache.records.put(A, 0.0)
    assert file.cache.records.find(WWW, RRType.A, 1.0) == A
    assert other.records.find(WWW, RRType.A, 1.0) is None
    file.cache.commit(0.0)
    assert other.records.find(WWW, RRType.A, 1.0) == A


def test_what_waits_joins_what_is_in_the_file(file):
    commit(file, A)
    file.cache.records.put(nodata("www.example.test."), 0.0)
    assert file.cache.records.find(WWW, RRType.A, 1.0) == A
    file.cache.records.put(nxdomain("www.example.test."), 0.0)
    assert file.cache.records.find(WWW, RRType.A, 1.0) == nxdomain("www.example.test.")
    assert file.cache.records.find_stale(WWW, RRType.A, 1.0, 5.0) == nxdomain("www.example.test.")


def test_another_process_is_believed_after_a_second_at_the_latest(file):
    other = file.another_process()
    commit(file, A)
    assert other.records.find(WWW, RRType.A, 1.0) == A
    commit(file, NEWER)
    assert other.records.find(WWW, RRType.A, 1.0 + FRONT_S / 2) == A
    assert other.records.find(WWW, RRType.A, 1.0 + FRONT_S) == NEWER
    assert file.cache.records.find(WWW, RRType.A, 1.0) == NEWER


def test_what_was_put_takes_the_place_of_what_stands_in_front(file):
    commit(file, A)
    assert file.cache.records.find(WWW, RRType.A, 1.0) == A
    file.cache.records.put(NEWER, 1.0)
    assert file.cache.records.find(WWW, RRType.A, 1.0) == NEWER
    file.cache.commit(1.0)
    assert file.cache.records.find(WWW, RRType.A, 1.0) == NEWER


def test_what_is_in_front_expires_like_the_rest(file):
    commit(file, positive("www.example.test.", ttl=5))
    assert file.cache.records.find(WWW, RRType.A, 4.9)
    assert file.cache.records.find(WWW, RRType.A, 5.0) is None


def test_a_moved_generation_is_seen_at_once(file):
    other = file.another_process()
    commit(file, A)
    assert other.records.find(WWW, RRType.A, 1.0) == A
    commit(file, NEWER)
    file.generation += 1
    assert other.records.find(WWW, RRType.A, 1.0) == NEWER


def test_finding_writes_nothing(file):
    commit(file, A, nxdomain("gone.test."))
    before = file.held()
    for _ in range(10):
        file.cache.records.find(WWW, RRType.A, 1.0)
        file.cache.records.find(name("a.gone.test."), RRType.A, 1.0)
    assert file.held() == before
    assert not file.cache.commit(1.0)
    assert file.held() == before


def test_a_bounded_number_of_names_waits(file):
    records = file.cache.records
    for i in range(WAITING_NAMES - 1):
        records.put(positive(f"n{i}.z{i % 20}.test.", zone=f"z{i % 20}.test."), 0.0)
    assert len(records.waiting) == WAITING_NAMES - 1
    records.put(A, 0.0)
    assert records.waiting == {}


def test_in_front_and_noted_stand_bounded_numbers_of_names(tmp_path):
    with SharedFile(tmp_path, CacheBounds(entries=4000, octets=4 << 20)) as file:
        commit(
            file, *(positive(f"n{i}.z{i % 20}.test.", zone=f"z{i % 20}.test.") for i in range(2500))
        )
        assert file.cache.noting
        for i in range(2500):
            assert file.cache.records.find(name(f"n{i}.z{i % 20}.test."), RRType.A, 1.0)
        assert len(file.cache.records.found) == NOTED_NAMES
        assert 0 < len(file.cache.records._front) <= FRONT_NAMES < 2500


def test_nothing_is_noted_while_there_is_room(file):
    commit(file, A)
    file.cache.records.find(WWW, RRType.A, 1.0)
    assert file.cache.records.found == {}


def test_a_damaged_node_was_never_learned(file):
    with file.cache.environment.begin(file.cache.databases.records, write=True) as transaction:
        transaction.put(WWW[::-1], b"\x00" * 17 + b"\x05garbage")
    assert file.cache.records.find(WWW, RRType.A, 1.0) is None
    assert file.cache.records.find_stale(WWW, RRType.A, 1.0, 5.0) is None
    assert file.cache.records.put(A, 1.0) == ""
    assert file.cache.trouble.startswith("error: ")
