"""Opening small SQLite files: made, durable, and closed when they cannot be used."""

import sqlite3

import pytest

from dnsd.durable.table import open_table

SCHEMA = "CREATE TABLE IF NOT EXISTS seen (number INTEGER PRIMARY KEY) STRICT"
FULL = 2


def test_a_file_is_made_and_found_again(tmp_path):
    first = open_table(tmp_path / "table", SCHEMA)
    first.execute("INSERT INTO seen VALUES (7)")
    first.close()
    again = open_table(tmp_path / "table", SCHEMA)
    assert again.execute("SELECT number FROM seen").fetchall() == [(7,)]
    again.close()


def test_what_was_written_outlasts_a_power_failure(tmp_path):
    connection = open_table(tmp_path / "table", SCHEMA)
    assert connection.execute("PRAGMA synchronous").fetchone() == (FULL,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_what_is_no_such_file_is_refused(tmp_path):
    (tmp_path / "table").write_bytes(b"no table at all" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        open_table(tmp_path / "table", SCHEMA)
