"""Bounds and counts of the denials in a file, and the octets of its rows."""

import pytest
from fakes.cache_files import SharedFile
from fakes.denials import HASHED, N, before, denier, put, record

from dnsd.resolver.cache import lmdb_denials_change as change
from dnsd.resolver.cache.admission import CacheBounds

BOUNDS = CacheBounds(octets=4 << 20)


@pytest.fixture
def file(tmp_path):
    with SharedFile(tmp_path, BOUNDS) as file:
        yield file
        assert file.cache.trouble == ""


def counted(file):
    """What the counts say, and what stands there."""
    databases = file.cache.databases
    with file.cache.environment.begin() as transaction:
        found = [
            transaction.stat(database)["entries"]
            for database in (databases.denials, databases.denial_queue)
        ]
        octets = transaction.get(b"denials", db=databases.state)
        rows = dict(transaction.cursor(databases.denial_zones))
    assert found == [change.count(octets)] * 2
    return found[0], {
        key[::-1]: change.unpack_row(row, key[::-1], 0.0) for key, row in rows.items()
    }


@pytest.mark.parametrize("chain", [b"", HASHED, b"\x00\x05\x02ab"])
@pytest.mark.parametrize("with_soa", [True, False])
def test_a_row_is_what_it_was(chain, with_soa):
    row = change.Row(7, 3, denier("test.", chain=chain, with_soa=with_soa))
    assert change.unpack_row(change.pack_row(row, 10.0), N("test."), 10.0) == row


def test_the_oldest_leave_when_there_are_too_many(file):
    limits = 0
    for i in range(2000):
        zone = f"z{i % 9}.test."
        put(file.cache.denials, f"n{i}.{zone}", zone)
        if i % 50 == 49:
            limits += file.cache.commit(0.0)["cache_denials"]
    count, rows = counted(file)
    assert (count, limits) == (BOUNDS.denials, 2000 - BOUNDS.denials)
    assert sum(row.records for row in rows.values()) == count
    assert before(file.cache.denials, "n1999.z1.test.", "z1.test.", 2.0) == "n1999.z1.test."
    assert before(file.cache.denials, "n0.z0.test.", "z0.test.", 2.0) != "n0.z0.test."


def test_a_zone_has_its_share(file):
    put(file.cache.denials, "a.bank.test.", "bank.test.")
    for i in range(2000):
        put(file.cache.denials, f"n{i}.evil.test.", "evil.test.")
    file.cache.commit(0.0)
    count, rows = counted(file)
    assert count == 1 + BOUNDS.zone_denials
    assert rows[N("evil.test.")].records == BOUNDS.zone_denials
    assert before(file.cache.denials, "b.bank.test.", "bank.test.", 2.0) == "a.bank.test."


def test_what_expired_and_whose_zone_is_gone_leaves_with_what_comes(file):
    for i in range(5):
        put(file.cache.denials, f"n{i}.test.", expiry=10.0)
    file.cache.commit(0.0)
    put(file.cache.denials, "a.test.", trust=b"anchors2", now=1.0)
    file.cache.commit(1.0)
    assert counted(file)[0] == 6
    for i in range(3):
        put(file.cache.denials, f"b{i}.test.", trust=b"anchors2", now=11.0)
    file.cache.commit(11.0)
    count, rows = counted(file)
    assert count == 4
    assert rows[N("test.")].records == 4


def test_a_row_goes_with_its_last_record(file):
    put(file.cache.denials, "a.test.", expiry=10.0)
    file.cache.commit(0.0)
    put(file.cache.denials, "a.other.", "other.", now=11.0)
    file.cache.commit(11.0)
    assert counted(file)[1].keys() == {N("other.")}


def test_a_record_of_another_zone_is_not_read():
    octets = change._pack(1, N("test."), record("a.test."), 0.0)
    assert change.unpack(octets, N("test."), 0.0) == record("a.test.")
    assert change.unpack(octets, N("a.test."), 0.0) is None
    assert change.unpack(octets, N("best."), 0.0) is None
