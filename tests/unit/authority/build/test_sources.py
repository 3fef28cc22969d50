import os
from pathlib import Path

import pytest

from dnsd.authority.build.sources import (
    ZoneSource,
    find_sources,
    is_current,
    read_source,
    signature,
)
from dnsd.authority.zonefile.draft import SoaSettings, ZoneDraft
from dnsd.source.problems import Where
from dnsd.wire import names


def test_zone_files_and_split_zones_are_found_and_nothing_else(tmp_path):
    for name in ("b.test.yaml", "a.test.yaml", "..yaml", ".hidden.yaml", "notes.txt", "x.yaml~"):
        (tmp_path / name).write_text("")
    (tmp_path / "split.test.").mkdir()
    (tmp_path / "parts").mkdir()
    (tmp_path / "directory.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    sources, problems = find_sources((tmp_path,), ())
    names_found = [source.path.name for source in sources]
    assert names_found == ["..yaml", "a.test.yaml", "b.test.yaml", "split.test."]
    assert {source.directory for source in sources} == {tmp_path}
    assert problems == []


def test_a_file_named_twice_is_found_once(tmp_path):
    (tmp_path / "a.test.yaml").write_text("")
    sources, _ = find_sources((tmp_path, tmp_path), (tmp_path / "a.test.yaml",))
    assert len(sources) == 1


def test_a_single_file_may_include_from_its_own_directory(tmp_path):
    sources, _ = find_sources((), (tmp_path / "a.test.yaml",))
    assert sources == [ZoneSource(tmp_path / "a.test.yaml", tmp_path)]


def test_a_directory_that_cannot_be_read_is_said_and_the_others_are_searched(tmp_path):
    (tmp_path / "a.test.yaml").write_text("")
    sources, problems = find_sources((tmp_path / "none", tmp_path), ())
    assert len(sources) == 1
    assert [problem.id for problem in problems] == ["zone-unreadable"]


def test_a_signature_tells_octets_and_not_times(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("x")
    before = signature([str(path)])
    os.utime(path, (1, 1))
    assert signature([str(path)]) == before
    path.write_text("y")
    assert signature([str(path)]) != before
    path.unlink()
    assert signature([str(path)]) == {str(path): ""}


def test_the_signature_of_a_directory_tells_which_zone_files_are_in_it(tmp_path):
    before = signature([str(tmp_path)])
    (tmp_path / "a.txt").write_text("")
    assert signature([str(tmp_path)]) == before
    (tmp_path / "a.yaml").write_text("")
    assert signature([str(tmp_path)]) != before


def test_what_is_no_file_has_no_signature_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.yaml")
    assert signature([str(tmp_path / "a.yaml")]) == {str(tmp_path / "a.yaml"): ""}


def test_a_file_beyond_what_is_read_is_not_read_for_its_signature(tmp_path):
    path = tmp_path / "a.yaml"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    huge = signature([str(path)])
    path.write_text("")
    assert signature([str(path)]) == huge


def _draft(path, *files):
    return ZoneDraft(
        names.from_text("a.test."), SoaSettings(Where(str(path))), files=(str(path), *files)
    )


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "a.test.yaml"
    path.write_text("one")
    return ZoneSource(path, tmp_path)


def test_a_zone_that_was_read_is_current_until_a_file_changes(source):
    _, found = read_source(source, {}, lambda path, _: _draft(path))
    assert is_current(found, source)
    source.path.write_text("two")
    assert not is_current(found, source)


def test_an_empty_or_foreign_signature_is_not_current(source):
    assert not is_current({}, source)
    assert not is_current({"/elsewhere": "00"}, source)


def test_a_file_that_is_gone_is_not_current(source):
    _, found = read_source(source, {}, lambda path, _: _draft(path))
    source.path.unlink()
    assert not is_current(found, source)
    assert not is_current(signature([source.name]), source)


def test_a_file_that_changes_while_it_is_read_is_read_again_next_time(source):
    def read(path, _):
        path.write_text("changed behind the reader's back")
        return _draft(path)

    _, found = read_source(source, {}, read)
    assert not is_current(found, source)


def test_a_part_that_changes_while_it_is_read_is_read_again_next_time(source):
    part = source.directory / "part"
    part.write_text("one")

    def read(path, _):
        part.write_text(part.read_text() + "!")
        return _draft(path, str(part))

    _, found = read_source(source, {}, read)
    assert not is_current(found, source)


def test_parts_that_are_known_cost_no_second_reading(source):
    part = source.directory / "part"
    part.write_text("one")
    readings = []

    def read(path, directory):
        readings.append((path, directory))
        return _draft(path, str(part))

    _, found = read_source(source, {}, read)
    assert readings == [(source.path, source.directory)] * 2
    assert is_current(found, source)
    read_source(source, found, read)
    assert len(readings) == 3


def test_a_part_that_is_no_longer_read_does_not_count(source):
    _, found = read_source(source, {"/gone": "00"}, lambda path, _: _draft(path))
    assert list(found) == [source.name]


def test_a_file_that_cannot_be_read_at_all_is_a_problem_and_no_traceback(source):
    def read(path, _):
        raise PermissionError(13, "Permission denied")

    draft, found = read_source(source, {}, read)
    assert [str(problem) for problem in draft.problems] == [
        f"{source.name}: zone-unreadable: permission denied\n    expected: a file dnsd may read"
    ]
    assert found == {}


def test_a_split_zone_is_signed_by_its_directory_and_files(tmp_path):
    split = tmp_path / "a.test."
    split.mkdir()
    (split / "one.yaml").write_text("")
    source = ZoneSource(split, tmp_path)
    _, found = read_source(source, {}, lambda path, _: _draft(path, str(split / "one.yaml")))
    assert set(found) == {str(split), str(split / "one.yaml")}
    (split / "two.yaml").write_text("")
    assert not is_current(found, source)


def test_a_source_is_named_by_its_path():
    assert ZoneSource(Path("zones/a.test.yaml"), Path("zones")).name == "zones/a.test.yaml"
