"""Calls to the disk: as the kernel has them."""

import errno

import pytest

from dnsd.durable.disk import Disk, is_full


def test_a_file_is_made_written_renamed_and_read(tmp_path):
    disk = Disk()
    disk.make_directory(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    made = disk.create(tmp_path / "a" / "b" / "one")
    disk.write(made, b"hel")
    disk.write(made, b"lo")
    disk.sync(made)
    disk.close(made)
    assert (tmp_path / "a" / "b" / "one").stat().st_mode & 0o777 == 0o600
    disk.rename(tmp_path / "a" / "b" / "one", tmp_path / "two")
    disk.sync_directory(tmp_path)
    opened = disk.open(tmp_path / "two")
    assert [disk.read(opened, 4), disk.read(opened, 4), disk.read(opened, 4)] == [
        b"hell",
        b"o",
        b"",
    ]
    disk.close(opened)
    assert sorted(disk.names(tmp_path)) == ["a", "two"]
    disk.remove(tmp_path / "two")
    disk.remove(tmp_path / "two")  # away already
    assert disk.names(tmp_path) == ["a"]


def test_what_is_there_is_not_made_again_and_links_are_not_followed(tmp_path):
    disk = Disk()
    disk.close(disk.create(tmp_path / "one"))
    with pytest.raises(FileExistsError):
        disk.create(tmp_path / "one")
    (tmp_path / "link").symlink_to(tmp_path / "one")
    with pytest.raises(OSError, match=r".") as caught:
        disk.open(tmp_path / "link")
    assert caught.value.errno == errno.ELOOP


def test_space_is_what_a_user_may_take(tmp_path):
    space = Disk().space(tmp_path)
    assert space.octets > 0
    assert 0 < space.inodes <= 1


@pytest.mark.parametrize(
    ("number", "full"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EIO, False)]
)
def test_a_full_disk_is_told_from_one_that_fails(number, full):
    assert is_full(OSError(number, "x")) is full
