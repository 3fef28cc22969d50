"""Files that include each other, and what bounds them."""

from dnsd.source.entry_stream import EntryStream
from dnsd.source.includes import MAX_INCLUDE_DEPTH
from dnsd.source.nodes import Limits, zone_policy


def test_an_include_stands_for_the_root_of_its_file(read):
    value = {"a": ["1"], "b": {"x": "1", "y": "2"}}
    text = "a: !include list.yaml\nb: {<<: !include mapping.yaml, y: 2}"
    assert read(text, list="[1]", mapping="{x: 1, y: 1}") == (value, [])


def test_anchors_do_not_cross_files(read):
    assert read("a: &x 1\nb: !include other.yaml", other="*x")[1] == ["yaml-alias"]


def test_a_broken_include_is_reported_and_the_rest_is_read(read):
    value, ids = read("a: !include bad.yaml\nb: !!str 1", bad="[")
    assert value == {"a": None, "b": "1"}
    assert ids == ["yaml-syntax", "yaml-tag"]


def test_an_include_that_is_no_yaml_at_all_is_reported(read, tmp_path):
    (tmp_path / "bad.yaml").write_bytes(b"\xff")
    assert read("a: !include bad.yaml")[1] == ["yaml-encoding"]


def test_files_include_each_other_to_a_depth(read):
    def chain(length):
        files = {f"f{i}": f"!include f{i + 1}.yaml" for i in range(1, length)}
        return {**files, f"f{length}": "end"}

    assert read("!include f1.yaml", **chain(MAX_INCLUDE_DEPTH)) == ("end", [])
    assert read("!include f1.yaml", **chain(MAX_INCLUDE_DEPTH + 1))[1] == ["include-depth"]


def test_files_that_include_each_other_in_a_circle_are_refused(read):
    assert read("!include a.yaml", a="!include b.yaml", b="!include a.yaml")[1] == [
        "include-circle"
    ]


def test_included_files_count_into_the_size(read):
    text = "[!include a.yaml, !include a.yaml]"
    assert read(text, Limits(octets=100), a="x" * 40)[1] == ["yaml-size"]


def test_each_file_is_named_once_in_the_order_of_its_opening(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("x")
    text = b"[!include b.yaml, !include a.yaml, !include b.yaml]"
    with EntryStream(text, str(tmp_path / "z.yaml"), zone_policy(tmp_path), []) as stream:
        stream.node()
    assert stream.files == [str(tmp_path / f"{name}.yaml") for name in ("z", "b", "a")]


def test_problems_end_the_reading_at_their_limit(read):
    limits = Limits(problems=2)
    ids = ["yaml-encoding", "yaml-tag", "too-many-problems"]
    assert read("[!include a.yaml, !x a, !x b]", limits, a="\udcff")[1] == ids
