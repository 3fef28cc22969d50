import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.source.marked_yaml import parse
from dnsd.source.nodes import CONFIG_POLICY
from dnsd.source.problems import ConfigError, Where

# What YAML 1.1 makes of them, were they not left alone: False, True, None, 8,
# 83, 16, 45296, 62, a date, a float, infinity, an int, …
TOKENS = [
    "no",
    "No",
    "on",
    "off",
    "yes",
    "y",
    "n",
    "true",
    "False",
    "010",
    "0123",
    "0x10",
    "0o17",
    "0b11",
    "1_000",
    "-1",
    "+1",
    "1e3",
    "1.0",
    ".5",
    ".inf",
    ".nan",
    "12:34:56",
    "1:2",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "=",
    "192.0.2.1",
    "1.10",
]


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_that_yaml_would_type_stays_text_as_key_and_as_value(token):
    assert parse(f"{token}: {token}".encode(), "a.yaml").plain() == {token: token}
    assert parse(f"- {token}\n- '{token}'".encode(), "a.yaml").plain() == [token, token]


def test_no_value_is_none_and_quoted_it_is_text():
    document = parse(b"a:\nb: ~\nc: null\nd: ''\ne: 'null'\nf: '~'", "a.yaml")
    assert document.plain() == {"a": None, "b": None, "c": None, "d": "", "e": "null", "f": "~"}


DOCUMENT = parse(
    b"listen:\n  - {address: 192.0.2.1,\n     port: 53}\nlog:\n  level: info\n", "dnsd.yaml"
)


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        pytest.param((), (1, 1), (1, 1), id="the whole"),
        pytest.param(("listen",), (2, 3), (1, 1), id="a list"),
        pytest.param(("listen", 0), (2, 5), (2, 5), id="an item"),
        pytest.param(("listen", 0, "port"), (3, 12), (3, 6), id="a key in an item"),
        pytest.param(("listen", 0, "transports"), (2, 5), (2, 5), id="a key that is missing"),
        pytest.param(("listen", 7, "port"), (2, 3), (1, 1), id="an item that is missing"),
        pytest.param(("log", "Log", "level"), (5, 10), (5, 3), id="a step that is not of the file"),
        pytest.param(("log", 0), (5, 3), (4, 1), id="a number where there is no list"),
    ],
)
def test_a_path_leads_to_its_place_or_to_the_nearest_ancestor(path, value, key):
    assert DOCUMENT.where(path) == Where("dnsd.yaml", *value)
    assert DOCUMENT.where_key(path) == Where("dnsd.yaml", *key)


def test_every_problem_is_raised_at_once():
    with pytest.raises(ConfigError) as caught:
        parse(b"a: &x b\nc: *x\na: !!str d\n? [e]\n: f\n", "a.yaml")
    assert [problem.id for problem in caught.value.problems] == [
        "yaml-anchor",
        "yaml-alias",
        "yaml-tag",
        "yaml-duplicate-key",
        "yaml-key",
    ]


@pytest.mark.parametrize(
    ("octets", "problem_id"),
    [
        pytest.param(b"", "yaml-empty", id="empty"),
        pytest.param(b"# only a comment\n", "yaml-empty", id="only a comment"),
        pytest.param(b"a\n---\nb\n", "yaml-document", id="two documents"),
        pytest.param(b"a: !include b.yaml", "yaml-tag", id="an include"),
        pytest.param(b"<<: {a: b}\nc: d", "yaml-merge", id="a merge"),
        pytest.param(b"a" * (CONFIG_POLICY.limits.octets + 1), "yaml-size", id="too big"),
    ],
)
def test_what_a_configuration_may_not_be(octets, problem_id):
    with pytest.raises(ConfigError) as caught:
        parse(octets, "a.yaml")
    assert caught.value.problems[-1].id == problem_id


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)
values = st.recursive(
    st.none() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def flow(value):
    """Write a value as YAML, every text in double quotes."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(character):08x}" for character in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"


@given(values)
def test_what_is_written_is_read(value):
    assert parse(flow(value).encode(), "a.yaml").plain() == value


@given(st.binary(max_size=60) | st.text("ab:-?!&*[]{},'\"|>%@#\n \t<", max_size=40).map(str.encode))
def test_any_octets_are_a_document_or_problems(octets):
    problems = None
    try:
        parse(octets, "a.yaml").plain()
    except ConfigError as error:
        problems = error.problems
    assert problems is None or {problem.where.file for problem in problems} == {"a.yaml"}
