import os
import resource

import pytest
from fakes.cache_entries import name, positive
from fakes.cache_files import BOUNDS, MOMENT, SharedFile

from dnsd.resolver.cache import lmdb_file
from dnsd.resolver.cache.admission import CacheBounds
from dnsd.resolver.cache.lmdb_file import Moment, prepare_cache
from dnsd.wire.iana import RRType

WWW = name("www.example.test.")
ENTRY = positive("www.example.test.", now=1000.0, ttl=300)
OCTETS = BOUNDS.octets


def fill(tmp_path, moment=MOMENT):
    """Make a file with one entry, as a process leaves it that was killed."""
    with SharedFile(tmp_path, moment=moment) as file:
        file.cache.records.put(ENTRY, 1000.0)
        file.cache.commit(1000.0)
    return file


def found(file, now):
    return file.cache.records.find(WWW, RRType.A, now)


def test_a_new_file_is_no_news_and_has_all_its_blocks(tmp_path):
    with SharedFile(tmp_path) as file:
        assert file.note == ""
        status = (file.directory / "data.mdb").stat()
        assert status.st_size == OCTETS
        assert status.st_blocks * 512 >= OCTETS
        assert found(file, 1000.0) is None


def test_what_a_killed_process_wrote_is_kept_in_the_same_boot(tmp_path):
    fill(tmp_path)
    with SharedFile(tmp_path, moment=MOMENT._replace(monotonic=1100.0)) as file:
        assert file.note == ""
        assert found(file, 1299.0) == ENTRY
        assert found(file, 1300.0) is None


def test_a_file_that_was_not_closed_before_the_machine_stopped_is_thrown_away(tmp_path):
    fill(tmp_path)
    with SharedFile(tmp_path, moment=Moment(b"boot 2", MOMENT.wall + 60, 5.0)) as file:
        assert file.note == (
            "the cache starts empty, its file was not closed before the machine stopped"
        )
        assert list(file.cache.records.entries()) == []


def test_times_go_on_in_the_next_boot_as_the_wall_clock_does(tmp_path):
    fill(tmp_path).close_cleanly(MOMENT._replace(wall=MOMENT.wall + 10, monotonic=1010.0))
    # The machine was off for 100 s, and has been up for 5.
    with SharedFile(tmp_path, moment=Moment(b"boot 2", MOMENT.wall + 110, 5.0)) as file:
        assert file.note == ""
        assert found(file, 5.0).expiry == pytest.approx(5.0 + 300 - 110)
        assert found(file, 196.0) is None
        file.close_cleanly(Moment(b"boot 2", MOMENT.wall + 120, 15.0))
    with SharedFile(tmp_path, moment=Moment(b"boot 3", MOMENT.wall + 130, 2.0)) as file:
        assert found(file, 2.0).expiry == pytest.approx(2.0 + 300 - 130)


def test_no_entry_lives_longer_because_the_clock_went_back(tmp_path):
    fill(tmp_path).close_cleanly()
    with SharedFile(tmp_path, moment=Moment(b"boot 2", 0.0, 5.0)) as file:
        assert file.note == (
            "the cache starts empty, the clock stands before the time at which its file was closed"
        )


def test_a_file_is_clean_for_one_boot_only(tmp_path):
    fill(tmp_path).close_cleanly()
    with SharedFile(tmp_path, moment=Moment(b"boot 2", MOMENT.wall + 60, 5.0)):
        pass  # ends without being closed cleanly
    with SharedFile(tmp_path, moment=Moment(b"boot 3", MOMENT.wall + 90, 5.0)) as file:
        assert "was not closed" in file.note


def _cut(path):
    with path.open("r+b") as file:
        file.truncate(OCTETS // 2)


def _another_version(path):
    path.write_bytes(path.read_bytes().replace(b"dnsd cache 4", b"dnsd cache 0"))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        pytest.param(_cut, "its file has 2097152 octets instead of 4194304", id="cut-short"),
        pytest.param(
            lambda path: path.write_bytes(os.urandom(OCTETS)), "its file cannot be used", id="garbage"
        ),
        pytest.param(
            lambda path: path.write_bytes(bytes(OCTETS)), "its file cannot be used", id="zeros"
        ),
        pytest.param(
            lambda path: path.write_bytes(b""), "its file has 0 octets", id="empty"
        ),
        pytest.param(
            _another_version, "another version of dnsd wrote it", id="another-version"
        ),
    ],
)  # fmt: skip
def test_a_damaged_file_is_replaced_and_that_is_said(tmp_path, damage, reason):
    file = fill(tmp_path)
    damage(file.directory / "data.mdb")
    with SharedFile(tmp_path) as file:
        assert file.note.startswith("the cache starts empty, ")
        assert reason in file.note
        assert found(file, 1000.0) is None
        file.cache.records.put(ENTRY, 1000.0)
        file.cache.commit(1000.0)
        assert list(file.cache.records.entries()) == [ENTRY]


def test_a_file_of_another_size_is_replaced(tmp_path):
    fill(tmp_path)
    with SharedFile(tmp_path, CacheBounds(octets=OCTETS // 4 * 5)) as file:
        assert "its file has 4194304 octets instead of 5242880" in file.note
    with SharedFile(tmp_path, BOUNDS) as file:
        assert "its file was made for 5242880 octets, not 4194304" in file.note


def test_without_room_the_cache_stays_in_memory_and_nothing_on_the_disk(tmp_path):
    directory = tmp_path / "cache"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (OCTETS // 2, hard))
    try:
        prepared = prepare_cache(directory, OCTETS, MOMENT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not prepared.usable
    assert prepared.note == (
        f"the cache is kept in memory only: File too large, {OCTETS} octets in {directory}"
    )
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda directory: directory.write_text("a file"), id="no-directory"),
        pytest.param(lambda directory: (directory / "data.mdb").mkdir(parents=True), id="no-file"),
    ],
)
def test_a_place_that_cannot_be_used_leaves_the_cache_in_memory(tmp_path, spoil):
    directory = tmp_path / "cache"
    spoil(directory)
    prepared = prepare_cache(directory, OCTETS, MOMENT)
    assert not prepared.usable
    assert prepared.note.startswith("the cache is kept in memory only: ")


def test_a_cache_too_small_for_its_transactions_is_kept_in_memory(tmp_path):
    prepared = prepare_cache(tmp_path / "cache", lmdb_file.SMALLEST_OCTETS - 1, MOMENT)
    assert not prepared.usable


def test_closing_what_is_not_there_or_not_ours_does_nothing(tmp_path):
    lmdb_file.close_cleanly(tmp_path, MOMENT)
    (tmp_path / "data.mdb").write_bytes(b"garbage" * 10_000)
    lmdb_file.close_cleanly(tmp_path, MOMENT)
    assert (tmp_path / "data.mdb").read_bytes() == b"garbage" * 10_000
