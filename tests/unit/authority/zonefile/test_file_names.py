import pytest

from dnsd.authority.zonefile.file_names import is_hidden, split_files


@pytest.mark.parametrize(
    ("name", "hidden"),
    [("example.test.yaml", False), ("..yaml", False), (".yaml", True), (".#a.yaml", True), ("...yaml", True)],
)  # fmt: skip
def test_a_dot_in_front_hides_every_file_but_that_of_the_root_zone(name, hidden):
    assert is_hidden(name) is hidden


def test_a_split_zone_is_read_by_name_without_what_editors_leave(tmp_path):
    for name in ("b.yaml", "$a.test.yaml", "notes.txt", ".hidden.yaml", "..yaml"):
        (tmp_path / name).write_text("")
    (tmp_path / ".#b.yaml").symlink_to("somebody@host")
    assert [path.name for path in split_files(tmp_path)] == ["$a.test.yaml", "b.yaml"]
