"""Octets of messages: small ones in memory, large ones in files, all of them or none."""

from hashlib import blake2b

import pytest
from fakes.disks import BROKEN, FEW_INODES, FULL, NEARLY_FULL, FailingDisk
from fakes.mail import LIMIT, message

from dnsd.mail.spool import CHUNK_OCTETS, ROW_OCTETS, Spool, verified
from dnsd.mail.stores import MessageDamaged, StoreFailed, StoreFull


def _written(spool, octets, queue_id="ID1"):
    found = spool.open(queue_id)
    for start in range(0, len(octets), 10_000):
        found.write(octets[start : start + 10_000])
    return found


def _write_and_seal(found):
    for start in range(0, 100_000, 10_000):
        found.write(message(100_000)[start : start + 10_000])
    found.seal()


def _files(directory):
    return sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())


@pytest.mark.parametrize("size", [0, 1, 2_000, ROW_OCTETS])
def test_a_small_message_touches_no_file(tmp_path, size):
    disk = FailingDisk()
    found = _written(Spool(tmp_path, LIMIT, disk), message(2_000)[:1] * size)
    found.seal()
    assert found.octets == b"F" * size
    assert found.size == size
    assert not found.is_file
    assert {"create", "write", "sync", "rename"}.isdisjoint(disk.calls)
    assert _files(tmp_path) == []


@pytest.mark.parametrize("size", [ROW_OCTETS + 1, 300_000])
def test_a_large_message_is_synced_renamed_and_its_directory_synced(tmp_path, size):
    disk = FailingDisk()
    spool = Spool(tmp_path, LIMIT, disk)
    found = _written(spool, message(size))
    assert _files(tmp_path) == ["tmp/ID1"]
    assert found.octets is None
    del disk.calls[:]
    found.seal()
    found.seal()
    assert disk.calls == ["sync", "close", "rename", "sync_directory"]
    assert _files(tmp_path) == ["large/ID1"]
    chunks = list(spool.read("ID1", found.digest))
    assert b"".join(chunks) == message(size)
    assert max(map(len, chunks)) <= CHUNK_OCTETS


def test_memory_holds_no_more_than_a_row(tmp_path):
    found = _written(Spool(tmp_path, LIMIT), message(ROW_OCTETS + 1))
    assert found._chunks == []


@pytest.mark.parametrize("sealed", [False, True])
def test_abort_leaves_nothing(tmp_path, sealed):
    found = _written(Spool(tmp_path, LIMIT), message(100_000))
    if sealed:
        found.seal()
    found.abort()
    assert _files(tmp_path) == []


@pytest.mark.parametrize(
    ("error", "kind"), [(FULL, StoreFull), (BROKEN, StoreFailed)], ids=["full", "broken"]
)
@pytest.mark.parametrize("call", ["create", "write", "sync", "rename", "sync_directory"])
def test_an_error_of_the_disk_is_one_of_the_store(tmp_path, call, error, kind):
    disk = FailingDisk()
    spool = Spool(tmp_path, LIMIT, disk)
    found = spool.open("ID1")
    disk.calls.clear()
    disk.fail = (call, 1, error)
    with pytest.raises(kind, match="free space"):
        _write_and_seal(found)
    disk.fail = None
    found.abort()
    assert disk.calls.count("sync") <= 1  # what fsync has failed at once is not tried again
    assert _files(tmp_path) == []


@pytest.mark.parametrize("space", [NEARLY_FULL, FEW_INODES])
def test_no_message_is_begun_that_may_not_fit(tmp_path, space):
    disk = FailingDisk()
    spool = Spool(tmp_path, LIMIT, disk)
    disk.free = space
    with pytest.raises(StoreFull, match="too little space"):
        spool.open("ID1")
    disk.free = None
    spool.open("ID1").write(b"x")


@pytest.mark.parametrize(
    "damage",
    [
        lambda octets: octets[:-1],
        lambda octets: octets[:CHUNK_OCTETS],
        lambda octets: octets + b"x",
        lambda octets: b"y" + octets[1:],
        lambda octets: octets[:99_999] + b"y" + octets[100_000:],
        lambda _: b"",
    ],
    ids=["short", "one-chunk", "long", "first", "inside", "empty"],
)
def test_of_a_damaged_message_the_last_octets_never_come(tmp_path, damage):
    spool = Spool(tmp_path, LIMIT)
    found = _written(spool, message(200_000))
    found.seal()
    path = spool.finished("ID1")
    path.write_bytes(damage(message(200_000)))
    came = []
    with pytest.raises(MessageDamaged, match="not those"):
        came.extend(spool.read("ID1", found.digest))
    assert sum(map(len, came)) < 200_000


def test_a_message_that_is_not_there_is_damaged(tmp_path):
    with pytest.raises(MessageDamaged, match="not there"):
        list(Spool(tmp_path, LIMIT).read("ID1", bytes(16)))


def test_clean_takes_what_no_row_names_and_nothing_else(tmp_path):
    spool = Spool(tmp_path, LIMIT)
    _written(spool, message(100_000), "UNFINISHED")
    for queue_id in ("NAMED", "UNNAMED"):
        _written(spool, message(100_000), queue_id).seal()
    (tmp_path / "large" / "directory").mkdir()
    assert spool.clean(frozenset(["NAMED"])) == 2
    assert _files(tmp_path) == ["large/NAMED"]


def test_messages_of_a_table_that_is_gone_are_kept(tmp_path):
    spool = Spool(tmp_path, LIMIT)
    _written(spool, message(100_000)).seal()
    assert spool.put_aside() == 1
    assert _files(tmp_path) == ["without-envelope/ID1"]
    assert spool.put_aside() == 0


def test_removal_of_what_cannot_be_removed_now_is_left_to_the_next_start(tmp_path):
    disk = FailingDisk()
    spool = Spool(tmp_path, LIMIT, disk)
    _written(spool, message(100_000)).seal()
    disk.calls.clear()
    disk.fail = ("remove", 1, BROKEN)
    spool.remove(["ID1"])
    assert _files(tmp_path) == ["large/ID1"]
    assert spool.clean(frozenset()) == 1


def test_an_empty_message_is_whole():
    assert list(verified((), blake2b(digest_size=16).digest(), "X")) == []


@pytest.mark.parametrize(
    "size", [0, 10, ROW_OCTETS - 3, ROW_OCTETS, ROW_OCTETS + 1, 3 * ROW_OCTETS]
)
def test_a_head_stands_before_all_that_was_written(tmp_path, size):
    spool = Spool(tmp_path, 1 << 20)
    found = spool.open("ID1")
    body = bytes(range(256)) * (size // 256 + 1)
    for place in range(0, size, 1000):
        found.write(body[place : min(place + 1000, size)])
    found.prepend(b"head\r\n")
    found.seal()
    assert found.size == size + 6
    whole = b"head\r\n" + body[:size]
    if found.is_file:
        assert b"".join(spool.read("ID1", found.digest)) == whole
    else:
        assert found.octets == whole
        assert b"".join(verified((whole,), found.digest, "ID1")) == whole
    found.abort()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
