import sqlite3

import pytest

from dnsd.authority.serials import LastSerial, Serials
from dnsd.authority.store import StoreError
from dnsd.wire import names

A, B = names.from_text("a.test."), names.from_text("b.test.")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "serials.db"


def test_serials_survive_a_restart(path):
    with Serials(path) as serials:
        assert serials.last(A) is None
        serials.record({A: LastSerial(2026030100, b"one"), B: LastSerial(4294967295, b"two")})
    with Serials(path) as serials:
        assert serials.last(A) == (2026030100, b"one")
        assert serials.last(B) == (4294967295, b"two")


def test_the_last_one_counts(path):
    with Serials(path) as serials:
        for number in (7, 9, 8):
            serials.record({A: LastSerial(number, b"x")})
        assert serials.last(A) == (8, b"x")


def test_nothing_is_written_for_nothing(path):
    with Serials(path) as serials:
        before = path.stat().st_size
        serials.record({})
        assert path.stat().st_size == before


def test_all_or_none_are_recorded(path):
    with Serials(path) as serials:
        serials.record({A: LastSerial(1, b"x")})
        with pytest.raises(StoreError):
            serials.record({A: LastSerial(2, b"x"), B: LastSerial("text", b"x")})
        assert serials.last(A) == (1, b"x")
        serials.record({A: LastSerial(3, b"x")})
        assert serials.last(A) == (3, b"x")


def test_what_is_recorded_is_safe_from_a_loss_of_power(path):
    with Serials(path) as serials:
        (level,) = serials._connection.execute("PRAGMA synchronous").fetchone()
    assert level == 2  # FULL


def test_a_full_disk_is_said_and_changes_nothing(path):
    with Serials(path) as serials:
        serials.record({A: LastSerial(1, b"x")})
        (pages,) = serials._connection.execute("PRAGMA page_count").fetchone()
        serials._connection.execute(f"PRAGMA max_page_count = {pages}")
        many = {names.from_text(f"z{i}.test."): LastSerial(i, b"x" * 16) for i in range(999)}
        with pytest.raises(StoreError) as caught:
            serials.record({A: LastSerial(2, b"x"), **many})
        assert str(caught.value) == (
            f"{path}: database or disk is full; free space on this disk, or look whether it fails"
        )
        assert serials.last(A) == (1, b"x")


def test_a_file_that_is_something_else_is_said(path):
    path.write_bytes(b"no database" * 100)
    with pytest.raises(StoreError) as caught:
        Serials(path)
    assert str(caught.value) == (
        f"{path}: file is not a database; move it away; serials then go on from the zone store"
    )


def test_a_directory_that_is_not_there_is_said(tmp_path):
    path = tmp_path / "none" / "serials.db"
    with pytest.raises(StoreError) as caught:
        Serials(path)
    assert str(caught.value) == (
        f"{path}: unable to open database file; its directory must exist and be writable"
    )


def test_a_file_that_another_process_holds_is_said(path, monkeypatch):
    monkeypatch.setattr("dnsd.durable.table.BUSY_TIMEOUT_S", 0)
    with Serials(path) as serials:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught:
            serials.record({A: LastSerial(1, b"x")})
        other.execute("ROLLBACK")
        other.close()
    assert str(caught.value) == f"{path}: database is locked; let nothing else use it"
