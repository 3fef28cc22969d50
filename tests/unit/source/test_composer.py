"""What YAML offers beyond plain values: bounds on it, and bombs against them."""

import pytest

from dnsd.source.marked_yaml import parse
from dnsd.source.nodes import CONFIG_POLICY, Limits
from dnsd.source.problems import ConfigError, Where


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("a: &x [1, 2]\nb: *x", {"a": ["1", "2"], "b": ["1", "2"]}, id="an alias"),
        pytest.param("a: &x 1\nb: *x\nc: &x 2\nd: *x", {"a": "1", "b": "1", "c": "2", "d": "2"}, id="an anchor moves"),
        pytest.param("&x a: *x", {"a": "a"}, id="an anchor on a key"),
        pytest.param("b: &b {x: 1, y: 2}\na: {<<: *b, x: 3}", {"b": {"x": "1", "y": "2"}, "a": {"x": "3", "y": "2"}}, id="a written key beats a merged one"),
        pytest.param("a: {x: 3, <<: {x: 1, y: 2}}", {"a": {"x": "3", "y": "2"}}, id="wherever the merge stands"),
        pytest.param("a: {<<: [{x: 1}, {x: 2, y: 2}]}", {"a": {"x": "1", "y": "2"}}, id="the first of a list wins"),
        pytest.param("a: {<<: {x: 1}, <<: {x: 2}}", {"a": {"x": "2"}}, id="of several merges the last wins"),
        pytest.param("a: {'<<': 1}", {"a": {"<<": "1"}}, id="a quoted merge is a key"),
    ],
)  # fmt: skip
def test_references_do_what_yaml_says(read, text, value):
    assert read(text) == (value, [])


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        pytest.param("a: *b", ["yaml-alias"], id="no anchor"),
        pytest.param("a: *b\nb: &b 1", ["yaml-alias"], id="the anchor comes later"),
        pytest.param("a: &a [*a]", ["yaml-alias"], id="inside itself"),
        pytest.param("a: {b: 1, b: 2, b: 3}", ["yaml-duplicate-key"] * 2, id="the same key three times"),
        pytest.param("a: {<<: 1}", ["yaml-merge"], id="a merge of text"),
        pytest.param("a: {<<: [1, {b: 2}]}", ["yaml-merge"], id="a merge of a list with text"),
        pytest.param("a: !!python/object:os.system x", ["yaml-tag"], id="a tag of Python"),
        pytest.param("a: ! x", ["yaml-tag"], id="the tag without a name"),
        pytest.param("!x a: 1", ["yaml-tag"], id="a tag on a key"),
        pytest.param("!include a: 1", ["yaml-tag"], id="an include as a key"),
        pytest.param("a: !include {b: c}", ["yaml-tag"], id="an include of a mapping"),
        pytest.param("*a : 1", ["yaml-key"], id="an alias as a key"),
        pytest.param("{a: b}: 1", ["yaml-key"], id="a mapping as a key"),
        pytest.param("%YAML 1.1\n%TAG !e! tag:e,1:\n---\na: !e!x 1", ["yaml-directive", "yaml-tag"], id="a directive"),
    ],
)  # fmt: skip
def test_what_is_no_use_in_a_zone_is_reported_and_passed_over(read, text, ids):
    assert read(text)[1] == ids


def test_files_that_are_included_together_are_joined(read):
    files = {"one": "[1, 2]", "two": "- 3", "three": "{x: 1, y: 1}", "four": "y: 2\nz: 2"}
    lists, mappings = "a: !include [one.yaml, two.yaml]", "a: !include\n- three.yaml\n- four.yaml\n"
    assert read(lists, **files) == ({"a": ["1", "2", "3"]}, [])
    assert read(mappings, **files) == ({"a": {"x": "1", "y": "2", "z": "2"}}, [])
    assert read("a: !include [two.yaml]", **files) == ({"a": ["3"]}, [])
    assert read("a: !include []") == ({"a": None}, [])


@pytest.mark.parametrize(
    ("text", "value", "ids"),
    [
        pytest.param("a: !include [one.yaml, three.yaml]", None, ["include-list"], id="kinds mixed"),
        pytest.param("a: !include [words.yaml]", None, ["include-list"], id="a file of text"),
        pytest.param("a: !include [[one.yaml]]", None, ["include-list"], id="a list in the list"),
        pytest.param("a: !include [*x]", None, ["yaml-alias"], id="an alias of nothing"),
        pytest.param("a: !include [no.yaml]", None, ["include-unreadable"], id="no such file"),
        pytest.param("a: !include [no.yaml, one.yaml]", ["1"], ["include-unreadable"], id="one of two"),
        pytest.param("a: !include [zone.yaml]", None, ["include-circle"], id="itself"),
        pytest.param("? !include [one.yaml]\n: b", None, ["yaml-key"], id="as a key"),
    ],
)  # fmt: skip
def test_what_cannot_be_joined_is_reported(read, text, value, ids):
    found, problems = read(text, one="[1]", three="{x: 1}", words="x", zone=text)
    assert problems == ids
    assert found == ({"a": value} if text.startswith("a") else {})


def test_a_configuration_includes_nothing_not_even_together():
    with pytest.raises(ConfigError) as caught:
        parse(b"a: !include [b.yaml]", "a.yaml")
    assert [problem.id for problem in caught.value.problems] == ["yaml-tag"]


def test_duplicate_keys_name_both_lines():
    with pytest.raises(ConfigError) as caught:
        parse(b"a: 1\nb: 2\n\na: 3\n", "a.yaml")
    (problem,) = caught.value.problems
    assert problem.where == Where("a.yaml", 4, 1)
    assert problem.message == "the key 'a' stands in line 1 already"


# -- bounds -------------------------------------------------------------------

SMALL = Limits(
    octets=200, depth=4, nodes=21, expansion=3, free_expansion=10, max_expansion=50, problems=5
)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        pytest.param("[[[[]]]]", [], id="as deep as allowed"),
        pytest.param("[[[[[]]]]]", ["yaml-depth"], id="deeper"),
        pytest.param("[" + "a, " * 20 + "]", [], id="as many nodes as allowed"),
        pytest.param("[" + "a, " * 21 + "]", ["yaml-nodes"], id="one more"),
        pytest.param("[&a [1, 2, 3, 4], *a, *a]", [], id="free expansion"),
        pytest.param("[&a [1, 2, 3, 4], *a, *a, *a]", [], id="four times the nodes"),
        pytest.param("[&a [1, 2, 3, 4], *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a]", ["yaml-expansion"], id="more"),
        pytest.param("a" * 201, ["yaml-size"], id="too big"),
        pytest.param("[" + "!x a, " * 9 + "]", ["yaml-tag"] * 5 + ["too-many-problems"], id="too many problems"),
    ],
)  # fmt: skip
def test_each_limit_is_where_it_says(read, text, ids):
    assert read(text, SMALL)[1] == ids


def test_a_file_included_again_and_again_counts_as_expansion(read):
    text = "[" + "!include ten.yaml, " * 8 + "]"
    ten = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
    assert read(text, Limits(free_expansion=20), ten=ten)[1] == ["yaml-expansion"]


def levels(line, count):
    """Lines of which each doubles the one before it."""
    return "".join(line.format(i=i, before=i - 1) for i in range(1, count))


# Each would cost seconds to hours, gigabytes, or the stack, if nothing counted.
BOMBS = {
    "aliases, nine of nine levels": (
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + levels("a{i}: &a{i} [" + "*a{before}, " * 9 + "]\n", 9),
        "yaml-expansion",
    ),
    "merges that double": ("a0: &a0 {x: 1, y: 2}\n" + levels("a{i}: &a{i} {{<<: [*a{before}, *a{before}], k{i}: 1}}\n", 30), "yaml-expansion"),
    "merges of everything before": (
        "".join(f"a{i}: &a{i} {{k{i}: 1, <<: [{', '.join(f'*a{j}' for j in range(i))}]}}\n" for i in range(60)),
        "yaml-expansion",
    ),
    "a big list, aliased often": ("a: &a [" + "x, " * 5000 + "]\nb: [" + "*a, " * 5000 + "]\n", "yaml-expansion"),
    "aliases of aliases of text": ("a0: &a0 x\n" + levels("a{i}: &a{i} [*a{before}, *a{before}]\n", 40), "yaml-expansion"),
    "deep lists": ("[" * 100_000, "yaml-depth"),
    "deep mappings": ("{a: " * 100_000, "yaml-depth"),
    "deep blocks": ("".join(f"{' ' * i}a:\n" for i in range(2000)), "yaml-depth"),
    "dashes": ("- " * 100_000, "yaml-depth"),
    "question marks": ("? " * 100_000, "yaml-depth"),
    "directives": ("".join(f"%TAG !a{i}! tag:a\n" for i in range(50_000)) + "---\na: b\n", "yaml-directive"),
    "one list": ("[" + "a," * 300_000 + "]", "yaml-nodes"),
    "one mapping": ("a: {" + "".join(f"{i}," for i in range(300_000)) + "}", "yaml-nodes"),
    "anchors": ("[" + "".join(f"&a{i} x," for i in range(300_000)) + "]", "yaml-nodes"),
    "problems": ("[" + "!x a," * 200_000 + "]", "too-many-problems"),
    "size": ("#" * (Limits().octets + 1), "yaml-size"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_where_it_goes_off(read, name):
    text, problem_id = BOMBS[name]
    assert read(text)[1][-1] == problem_id


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_a_configuration_too(name):
    with pytest.raises(ConfigError) as caught:
        parse(BOMBS[name][0].encode(), "dnsd.yaml", policy=CONFIG_POLICY)
    assert caught.value.problems[0].where.file == "dnsd.yaml"


@pytest.mark.parametrize("line", ["[!include {0}, !include {0}]", "!include [{0}, {0}]"])
def test_includes_that_double_are_refused(read, line):
    files = {f"f{i}": line.format(f"f{i + 1}.yaml") for i in range(1, 8)}
    assert read("[!include f1.yaml]", **files, f8="[" + "x, " * 2000 + "]")[1] == ["yaml-expansion"]


def test_a_report_repeats_no_more_of_a_file_than_somebody_reads():
    with pytest.raises(ConfigError) as caught:
        parse(b"a: &%(n)b 1\nb: *%(n)b\n? *%(n)b\n: 1" % {b"n": b"a" * 5000}, "a.yaml")
    assert [problem.id for problem in caught.value.problems] == [
        "yaml-anchor", "yaml-alias", "yaml-key",
    ]  # fmt: skip
    assert max(len(str(problem)) for problem in caught.value.problems) < 400
