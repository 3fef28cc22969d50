"""Putting files: whole, private where asked, and the old one kept when it fails."""

import os
import stat
from pathlib import Path

import pytest

from dnsd.durable import files


def path_of(descriptor):
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


def test_a_file_replaces_the_one_that_was_there(tmp_path):
    path = tmp_path / "key"
    files.put(path, b"old")
    files.put(path, b"new", 0o600)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_another_left_aside_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"not ours")
    (tmp_path / "key.new").symlink_to(victim)
    files.put(tmp_path / "key", b"ours")
    assert victim.read_bytes() == b"not ours"
    assert (tmp_path / "key").read_bytes() == b"ours"


def test_a_failure_keeps_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "key"
    files.put(path, b"old")

    def fail(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input"):
        files.put(path, b"new")
    assert path.read_bytes() == b"old"


def test_the_directory_is_synced_after_the_rename(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda number: seen.append(path_of(number)))
    files.put(tmp_path / "key", b"octets")
    assert seen == [str(tmp_path / "key.new"), str(tmp_path)]
