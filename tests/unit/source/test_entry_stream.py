import pytest

from dnsd.source.entry_stream import EntryStream
from dnsd.source.nodes import CONFIG_POLICY, Limits, Mapping, Policy, Scalar, zone_policy
from dnsd.source.problems import Problem, Severity, Where


@pytest.fixture
def entries(tmp_path):
    """Read a file entry by entry: pairs of texts, the ids of problems, the files read."""

    def read(text, **files):
        for name, content in files.items():
            (tmp_path / f"{name}.yaml").write_text(content)
        problems = []
        pairs = []
        file = str(tmp_path / "zone.yaml")
        with EntryStream(text.encode(), file, zone_policy(tmp_path), problems) as stream:
            pairs.extend((key.value, shown(node)) for key, node in stream.mapping())
        names = [name.removeprefix(f"{tmp_path}/") for name in stream.files]
        return pairs, [problem.id for problem in problems], names

    return read


def shown(node):
    return node.value if isinstance(node, Scalar) else type(node).__name__


def test_entries_come_in_the_order_of_the_file(entries):
    text = "b: 1\na: [2]\n'': {c: 3}\n"
    assert entries(text) == ([("b", "1"), ("a", "Sequence"), ("", "Mapping")], [], ["zone.yaml"])


@pytest.mark.parametrize("text", ["{}", "{a: 1}", "a: 1\nb: 2", "--- {a: 1}\n..."])
def test_the_mapping_may_be_written_in_any_style(entries, text):
    assert entries(text)[1] == []


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        pytest.param("", ["yaml-empty"], id="empty"),
        pytest.param("---", ["yaml-empty"], id="null"),
        pytest.param("[a]", ["yaml-kind"], id="a list"),
        pytest.param("a", ["yaml-kind"], id="text"),
        pytest.param("*a", ["yaml-alias"], id="an alias"),
        pytest.param("!x {a: 1}", ["yaml-tag"], id="a tag"),
        pytest.param("!include no.yaml", ["include-unreadable"], id="an include of nothing"),
        pytest.param("a: 1\na: 2", ["yaml-duplicate-key"], id="a key twice"),
        pytest.param("? [a]\n: 1\n*b : 2", ["yaml-key", "yaml-key"], id="keys that are no text"),
        pytest.param("!x a: 1", ["yaml-tag"], id="a tag on a key"),
        pytest.param("&x {a: *x}", ["yaml-alias"], id="an alias of the whole"),
        pytest.param("a: 1\n---\nb: 2", ["yaml-document"], id="two documents"),
    ],
)
def test_what_is_wrong_at_this_level_is_reported(entries, text, ids):
    assert entries(text)[1] == ids


def test_only_the_first_of_two_equal_keys_is_read(entries):
    assert entries("a: 1\na: 2\nb: 3")[0] == [("a", "1"), ("b", "3")]


def test_the_root_may_be_another_file(entries):
    pairs, problems, files = entries("!include other.yaml", other="a: 1")
    assert (pairs, problems, files) == ([("a", "1")], [], ["zone.yaml", "other.yaml"])


@pytest.mark.parametrize(
    "merge",
    [
        "!include other.yaml",
        "[!include other.yaml]",
        "!include [other.yaml]",
        "{b: merged, c: merged}",
        "[{b: merged}, {b: later, c: merged}]",
    ],
)
def test_what_is_merged_follows_without_what_is_written(entries, merge):
    text = f"<<: {merge}\na: written\nb: written\n"
    pairs, problems, _ = entries(text, other="b: merged\nc: merged\n")
    assert pairs == [("a", "written"), ("b", "written"), ("c", "merged")]
    assert problems == []


def test_a_broken_file_that_is_merged_is_reported_and_the_rest_is_read(entries):
    pairs, problems, _ = entries(
        "<<: [!include bad.yaml]\n<<: !include worse.yaml\na: 1", bad="[", worse="b: 2\n]"
    )
    assert pairs == [("a", "1"), ("b", "2")]
    assert problems == ["yaml-syntax", "yaml-syntax"]


def test_an_anchor_of_one_entry_serves_the_next(entries):
    text = "a: &x [1]\nb: *x\n<<: *x"
    assert entries(text)[:2] == ([("a", "Sequence"), ("b", "Sequence")], ["yaml-merge"])


def test_a_value_can_be_read_apart():
    found = []
    with EntryStream(b"a: 1\nrecords: {b: 2, c: 3}\nd: 4", "z", CONFIG_POLICY, []) as stream:
        for key, node in stream.mapping(apart="records"):
            assert (node is None) == (key.value == "records")
            found.append(key.value)
            if node is None:
                assert not stream.is_list()
                found.extend(inner.value for inner, _ in stream.mapping())
    assert found == ["a", "records", "b", "c", "d"]


def test_the_root_may_be_several_files(entries):
    pairs, problems, files = entries("!include [one.yaml, two.yaml]", one="a: 1", two="b: 2")
    assert (pairs, problems) == ([("a", "1"), ("b", "2")], [])
    assert files == ["zone.yaml", "one.yaml", "two.yaml"]


def test_files_to_include_are_no_list():
    with EntryStream(b"!include [a]", "z", CONFIG_POLICY, []) as stream:
        assert not stream.is_list()


def test_a_list_is_seen_before_it_is_read():
    with EntryStream(b"[a]", "z", CONFIG_POLICY, []) as stream:
        assert stream.is_list()
        assert stream.is_list()
        assert not isinstance(stream.node(), Mapping)


def test_a_file_that_cannot_be_opened_has_no_node_and_no_entries():
    problems = []
    with EntryStream(b"\xff", "z", CONFIG_POLICY, problems) as stream:
        assert stream.node() is None
        assert list(stream.mapping()) == []
        assert not stream.is_list()
    assert [problem.id for problem in problems] == ["yaml-encoding"]


def test_warnings_never_end_the_reading():
    def warning(i):
        return Problem(Where("z", i), "w", "m", "e", "h", Severity.WARNING)

    problems = []
    policy = Policy(limits=Limits(problems=3))
    for _ in range(2):  # files that share the list
        with EntryStream(b"a: 1", "z", policy, problems) as stream:
            for i in range(1, 9):
                stream.report(warning(i))
            assert len(list(stream.mapping())) == 1
    assert [problem.id for problem in problems] == ["w", "w", "w", "too-many-warnings"]
    assert problems[3] == Problem(
        Where("z", 4), "too-many-warnings", "and more warnings; the first 3 are listed",
        severity=Severity.WARNING,
    )  # fmt: skip
    with EntryStream(b"[a, !x b, !x c, !x d, !x e]", "z", policy, problems) as stream:
        stream.node()
    assert [problem.id for problem in problems[4:]] == ["yaml-tag"] * 3 + ["too-many-problems"]


def test_reading_ends_where_the_file_stops_being_yaml():
    problems, found = [], []
    with EntryStream(b"a: 1\nb: 2\n]\n", "z", CONFIG_POLICY, problems) as stream:
        found.extend(key.value for key, _ in stream.mapping())
        raise AssertionError("never reached")
    assert found == ["a", "b"]
    assert [problem.id for problem in problems] == ["yaml-syntax"]


def test_the_limit_of_nodes_is_that_of_one_entry():
    policy = Policy(limits=Limits(nodes=6))
    problems = []
    with EntryStream(
        b"".join(b"%d: [1, 2, 3]\n" % i for i in range(50)), "z", policy, problems
    ) as stream:
        assert sum(1 for _ in stream.mapping()) == 50
    assert problems == []


def test_anchored_values_are_held_and_counted_together():
    policy = Policy(references=True, limits=Limits(nodes=6))
    problems = []
    with EntryStream(b"a: &a [1, 2, 3]\nb: &b [1, 2, 3]", "z", policy, problems) as stream:
        list(stream.mapping())
    assert [problem.id for problem in problems] == ["yaml-nodes"]


def test_an_error_of_ours_is_not_swallowed():
    with pytest.raises(ZeroDivisionError), EntryStream(b"a: 1", "z", CONFIG_POLICY, []):
        raise ZeroDivisionError
