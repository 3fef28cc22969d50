import itertools
import os
from pathlib import Path

import pytest

from dnsd.control import scan
from dnsd.control.scan import ZoneFiles, look


@pytest.fixture
def zones(tmp_path):
    directory = tmp_path / "zones"
    (directory / "sub.test.").mkdir(parents=True)
    (directory / "a.test.yaml").write_text("1")
    (directory / "sub.test." / "b.yaml").write_text("22")
    return directory


def names(seen):
    return sorted(Path(path).name for path in seen.facts)


def test_files_of_all_directories_are_seen(zones):
    seen = look(ZoneFiles((zones,)))
    assert names(seen) == ["a.test.yaml", "b.yaml"]
    assert seen.directories == (str(zones), str(zones / "sub.test."))
    assert seen.octets == 3
    assert seen.is_whole


@pytest.mark.parametrize("name", [".hidden", "#a.test.yaml#", "a.test.yaml~", ".a.test.yaml.swp"])
def test_what_editors_leave_is_passed_over(zones, name):
    (zones / name).write_text("x")
    assert names(look(ZoneFiles((zones,)))) == ["a.test.yaml", "b.yaml"]


def test_the_file_of_the_root_zone_is_seen(zones):
    (zones / "..yaml").write_text("x")
    assert names(look(ZoneFiles((zones,)))) == ["..yaml", "a.test.yaml", "b.yaml"]


def test_hidden_directories_are_passed_over(zones):
    (zones / ".git").mkdir()
    (zones / ".git" / "index").write_text("x")
    assert look(ZoneFiles((zones,))).directories == (str(zones), str(zones / "sub.test."))


def test_single_files_are_seen_with_their_directory(zones, tmp_path):
    single = tmp_path / "elsewhere" / "c.test.yaml"
    single.parent.mkdir()
    single.write_text("333")
    seen = look(ZoneFiles((zones,), (single,)))
    assert names(seen) == ["a.test.yaml", "b.yaml", "c.test.yaml"]
    assert str(single.parent) in seen.directories


def test_what_is_not_there_is_not_seen(tmp_path):
    seen = look(ZoneFiles((tmp_path / "no",), (tmp_path / "nor" / "this.yaml",)))
    assert seen.facts == {}


def test_a_fifo_is_no_zone_file(zones):
    os.mkfifo(zones / "pipe.yaml")
    assert names(look(ZoneFiles((zones,)))) == ["a.test.yaml", "b.yaml"]


def test_each_kind_of_change_shows_in_the_facts(zones):
    path = zones / "a.test.yaml"
    seen = [look(ZoneFiles((zones,))).facts]
    path.write_text("11")
    seen.append(look(ZoneFiles((zones,))).facts)
    os.utime(path, ns=(1, 1))
    seen.append(look(ZoneFiles((zones,))).facts)
    path.rename(zones / "c.test.yaml")
    seen.append(look(ZoneFiles((zones,))).facts)
    (zones / "c.test.yaml").unlink()
    seen.append(look(ZoneFiles((zones,))).facts)
    for before, after in itertools.pairwise(seen):
        assert before != after


def test_a_link_is_followed_to_the_file_behind_it(zones, tmp_path):
    (tmp_path / "one").write_text("1")
    (tmp_path / "two").write_text("2")
    link = zones / "linked.yaml"
    link.symlink_to(tmp_path / "one")
    before = look(ZoneFiles((zones,))).facts
    link.unlink()
    link.symlink_to(tmp_path / "two")
    assert look(ZoneFiles((zones,))).facts != before


def test_a_loop_of_links_ends(zones):
    (zones / "loop").symlink_to(zones)
    assert names(look(ZoneFiles((zones,)))) == ["a.test.yaml", "b.yaml"]


def test_directories_are_bounded(zones):
    for i in range(scan.MAX_DIRECTORIES):
        (zones / f"d{i}").mkdir()
    seen = look(ZoneFiles((zones,)))
    assert not seen.is_whole
    assert len(seen.directories) == scan.MAX_DIRECTORIES
