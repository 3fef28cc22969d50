"""Rows, and statements for many of them."""

import sqlite3

import pytest
from fakes.mail import envelope

from dnsd.mail import queue_table
from dnsd.mail.stores import StoreFailed, StoreFull


def test_the_table_is_made_once_and_is_durable(tmp_path):
    for _ in range(2):
        connection = queue_table.open_queue(tmp_path / "queue.db")
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        connection.close()


def test_only_our_user_reads_the_files(tmp_path):
    connection = queue_table.open_queue(tmp_path / "queue.db")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"queue.db", "queue.db-wal", "queue.db-shm"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    connection.close()


def test_a_directory_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(StoreFailed, match="must exist"):
        queue_table.open_queue(tmp_path / "none" / "queue.db")


def test_a_reader_changes_nothing(tmp_path):
    queue_table.open_queue(tmp_path / "queue.db").close()
    reader = queue_table.open_reader(tmp_path / "queue.db")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM messages")
    reader.close()


@pytest.mark.parametrize("count", [0, 1, 5, 64, 129, 250])
def test_statements_in_shapes_reach_every_row_once(count):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a, b)")
    shapes = queue_table._shaped("INSERT INTO t VALUES ", "(?, ?)")
    rows = [(i, str(i)) for i in range(count)]
    assert queue_table.in_shapes(connection, shapes, rows) == count
    assert connection.execute("SELECT a, b FROM t ORDER BY a").fetchall() == rows


def test_keys_of_one_message_are_neighbours():
    rows = queue_table.recipient_rows(7, envelope("a@example.org", "b@example.org"))
    assert [row[0] for row in rows] == [7 << 10, (7 << 10) + 1]
    assert [row[1:3] for row in rows] == [("a", "example.org"), ("b", "example.org")]


@pytest.mark.parametrize(
    ("code", "kind", "advice"),
    [
        (sqlite3.SQLITE_FULL, StoreFull, "free space"),
        (sqlite3.SQLITE_IOERR, StoreFailed, "whether it fails"),
        (sqlite3.SQLITE_CORRUPT, StoreFailed, "move it away"),
        (sqlite3.SQLITE_CANTOPEN, StoreFailed, "writable"),
        (sqlite3.SQLITE_BUSY, StoreFailed, "nothing else"),
    ],
)
def test_errors_say_what_helps(tmp_path, code, kind, advice):
    error = sqlite3.OperationalError("some error")
    error.sqlite_errorcode = code | 256
    found = queue_table.explained(error, tmp_path / "queue.db")
    assert type(found) is kind
    assert advice in str(found)
