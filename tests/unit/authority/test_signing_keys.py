"""Private keys: safe on disk before they are named, and never taken for another."""

import os
import stat

import pytest

from dnsd.authority import signing_keys
from dnsd.authority.signing_keys import ACTIVE, CSK, KSK, ZSK, SigningKeys, rows_in
from dnsd.authority.store import StoreError
from dnsd.dnssec.keys import Key
from dnsd.wire import names

ZONE = names.from_text("example.test.")
OTHER = names.from_text("other.test.")


@pytest.fixture
def keys(tmp_path):
    found = SigningKeys(tmp_path / "keys")
    yield found
    found.close()


@pytest.mark.parametrize("algorithm", [8, 13, 15])
@pytest.mark.parametrize("role", [CSK, KSK, ZSK])
def test_a_key_that_was_made_is_there_after_a_restart(keys, algorithm, role, tmp_path):
    row = keys.make(ZONE, algorithm, role, 1000)
    keys.make(OTHER, 13, CSK, 1001)
    keys.close()
    again = SigningKeys(tmp_path / "keys")
    assert again.of_zone(ZONE) == [row]
    assert (row.algorithm, row.role, row.state, row.created) == (algorithm, role, ACTIVE, 1000)
    assert Key(row.dnskey).tag == row.tag
    assert Key(row.dnskey).is_entry_point == (role != ZSK)
    assert again.load(row).dnskey == row.dnskey
    again.close()


def test_a_csk_signs_everything_and_the_two_others_half_each():
    row = signing_keys.KeyRow(ZONE, 1, 13, CSK, ACTIVE, 0, bytes(68))
    assert (row.signs_keys, row.signs_zone) == (True, True)
    assert (row._replace(role=KSK).signs_keys, row._replace(role=KSK).signs_zone) == (True, False)
    assert (row._replace(role=ZSK).signs_keys, row._replace(role=ZSK).signs_zone) == (False, True)


def test_only_our_user_reads_the_files(keys, tmp_path):
    row = keys.make(ZONE, 13, CSK, 0)
    file = row.path(tmp_path / "keys")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert not list(file.parent.glob("*.new"))


def test_a_file_is_whole_and_synced_before_its_row(keys, tmp_path, monkeypatch):
    order = []
    fsync = os.fsync

    def noted(descriptor):
        order.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    keys.make(ZONE, 13, CSK, 0)
    assert order == ["file", "directory"]


def test_a_disk_that_fails_leaves_no_row(keys, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        keys.make(ZONE, 13, CSK, 0)
    assert keys.of_zone(ZONE) == []
    monkeypatch.undo()
    assert keys.make(ZONE, 13, CSK, 0).zone == ZONE, "what was left behind is in nobody's way"


@pytest.mark.parametrize("fault", ["gone", "empty", "another key", "another algorithm"])
def test_a_private_key_that_is_not_the_published_one_is_refused(keys, fault, tmp_path):
    row = keys.make(ZONE, 13, CSK, 0)
    file = row.path(tmp_path / "keys")
    if fault == "gone":
        file.unlink()
    elif fault == "empty":
        file.write_bytes(b"")
    else:
        other = keys.make(OTHER, 13 if fault == "another key" else 15, CSK, 0)
        file.write_bytes(other.path(tmp_path / "keys").read_bytes())
    with pytest.raises(StoreError, match=r"backup; until then the zone stays as it was signed"):
        keys.load(row)


def test_two_keys_of_a_zone_never_share_a_tag(keys, monkeypatch):
    first = keys.make(ZONE, 13, CSK, 0)
    made = [keys.load(first), signing_keys.signing.make_key(13)]
    monkeypatch.setattr(signing_keys.signing, "make_key", lambda *_, **__: made.pop(0))
    second = keys.make(ZONE, 13, CSK, 0)
    assert second.dnskey != first.dnskey
    assert not made


def test_names_that_are_no_file_names_have_files_of_their_own(tmp_path):
    texts = [
        r"a\/b.test.",
        r"a\000b.test.",
        ".",
        "x" * 60 + "." + "y" * 60 + "." + "z" * 60 + ".",
        "a.test.",
    ]
    rows = [
        signing_keys.KeyRow(names.from_text(text), 7, 13, CSK, ACTIVE, 0, bytes(68))
        for text in texts
    ]
    files = {row.path(tmp_path) for row in rows}
    assert len(files) == len(texts)
    assert all(file.parent == tmp_path and len(file.name) < 200 for file in files)
    assert tmp_path / "a.test+013+00007.pem" in files


def test_listing_writes_nothing(tmp_path):
    assert rows_in(tmp_path / "keys") == []
    assert not (tmp_path / "keys").exists()
    keys = SigningKeys(tmp_path / "keys")
    rows = [keys.make(OTHER, 13, CSK, 5), keys.make(ZONE, 13, KSK, 6), keys.make(ZONE, 13, ZSK, 7)]
    assert rows_in(tmp_path / "keys") == sorted(rows, key=lambda row: (row.zone, row.created))
    keys.close()


def test_a_file_that_is_no_table_is_told_in_words(tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "keys.db").write_bytes(b"no database at all" * 100)
    keys = SigningKeys(tmp_path / "keys")
    with pytest.raises(StoreError, match="signing keys in"):
        keys.of_zone(ZONE)
    with pytest.raises(StoreError, match="signing keys in"):
        keys.make(ZONE, 13, CSK, 5)
    with pytest.raises(StoreError, match="signing keys"):
        rows_in(tmp_path / "keys")
