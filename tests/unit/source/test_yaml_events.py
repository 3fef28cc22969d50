import pytest
import yaml

from dnsd.source.problems import ConfigError, Where
from dnsd.source.yaml_events import MAX_TAG_DIRECTIVES, open_events, syntax_problem


def all_events(octets):
    next_event = open_events(octets, "a.yaml")
    events = [next_event()]
    while not isinstance(events[-1], yaml.StreamEndEvent):
        events.append(next_event())
    return events


def test_marks_carry_the_name_of_the_file():
    scalars = [event for event in all_events(b"a:\n  b") if isinstance(event, yaml.ScalarEvent)]
    marks = [
        (scalar.start_mark.name, scalar.start_mark.line, scalar.start_mark.column)
        for scalar in scalars
    ]
    assert marks == [("a.yaml", 0, 0), ("a.yaml", 1, 2)]


def test_columns_count_characters():
    scalars = [
        event for event in all_events("é: b".encode()) if isinstance(event, yaml.ScalarEvent)
    ]
    assert scalars[1].start_mark.column == 3


def test_a_byte_order_mark_is_passed_over():
    assert all_events(b"\xef\xbb\xbfa")[2].value == "a"


@pytest.mark.parametrize(
    ("octets", "problem_id", "where"),
    [
        pytest.param(b"a: b\nc: \xff", "yaml-encoding", Where("a.yaml", 2, 4), id="not UTF-8"),
        pytest.param("a: b".encode("utf-16"), "yaml-encoding", Where("a.yaml", 1, 1), id="UTF-16"),
        pytest.param(
            b"%TAG !a! tag:a\n" * (MAX_TAG_DIRECTIVES + 1) + b"---\n",
            "yaml-directive",
            Where("a.yaml", MAX_TAG_DIRECTIVES + 1, 5),
            id="a flood of directives",
        ),
    ],
)
def test_some_octets_are_refused_before_they_are_read(octets, problem_id, where):
    with pytest.raises(ConfigError) as caught:
        open_events(octets, "a.yaml")
    assert [(problem.id, problem.where) for problem in caught.value.problems] == [
        (problem_id, where)
    ]


@pytest.mark.parametrize(
    ("octets", "where", "problem_id"),
    [
        pytest.param(b"a: [", Where("a.yaml", 2, 1), "yaml-syntax", id="a list that never ends"),
        pytest.param(b"a\n\tb: c", Where("a.yaml", 2, 3), "yaml-syntax", id="a tab"),
        pytest.param(b"\nx: *", Where("a.yaml", 2, 4), "yaml-syntax", id="a star alone"),
        pytest.param(b"{a: b: c}", Where("a.yaml", 1, 6), "yaml-syntax", id="a colon in a value"),
        pytest.param("é: \x07".encode(), Where("a.yaml", 1, 4), "yaml-character", id="a bell"),
    ],
)
def test_a_syntax_error_has_its_place(octets, where, problem_id):
    with pytest.raises(yaml.YAMLError) as caught:
        all_events(octets)
    problem = syntax_problem(caught.value, octets, "a.yaml")
    assert (problem.where, problem.id) == (where, problem_id)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: [1, 'two', \"thr\\x65e\"]\n",
        "'': &x {type: A, value: ~}\n? long\n: *x\n<<: *x\n",
        "--- !include a.yaml\n...\n",
        "|\n  kept\n  lines\n",
        "- >\n  folded\n  lines\n-\n- no # comment\n",
        "{}",
    ],
)
def test_the_parser_of_pyyaml_says_the_same_where_libyaml_is_missing(text):
    loader = yaml.BaseLoader(text.encode())
    theirs = []
    while loader.check_event():
        theirs.append(loader.get_event())
    assert [content(event) for event in all_events(text.encode())] == list(map(content, theirs))


def content(event):
    """What we read of an event, but for its place."""
    style = getattr(event, "style", None) or None
    return type(event), *(getattr(event, key, None) for key in ("value", "anchor", "tag")), style
