import pytest

from dnsd.wire.iana import RRType


def test_a_name_has_one_record_or_a_list_of_them(records):
    text = """
'': [{type: A, value: 192.0.2.1}, {type: TXT, ttl: 60, values: [one, two]}]
www: {type: A, ttl: 5m, values: [192.0.2.1, 192.0.2.2]}
"""
    assert records(text) == [
        "example.test. 3600 A 192.0.2.1",
        'example.test. 60 TXT "one"',
        'example.test. 60 TXT "two"',
        "www.example.test. 300 A 192.0.2.1",
        "www.example.test. 300 A 192.0.2.2",
    ]


@pytest.mark.parametrize("key", ["value", "values"])
@pytest.mark.parametrize("written", ["192.0.2.1", "[192.0.2.1]"])
def test_value_and_values_take_one_or_a_list(records, key, written):
    assert records(f"a: {{type: A, {key}: {written}}}") == ["a.example.test. 3600 A 192.0.2.1"]


@pytest.mark.parametrize(
    ("ttl", "seconds"),
    [("0", 0), ("1", 1), ("1h30m", 5400), ("2147483647", 2147483647), ("4w", 2419200)],
)
def test_a_ttl_is_seconds_or_a_duration(records, ttl, seconds):
    assert records(f"a: {{type: A, value: 192.0.2.1, ttl: {ttl}}}") == [
        f"a.example.test. {seconds} A 192.0.2.1"
    ]


def test_the_place_of_a_record_is_that_of_its_value(zone):
    draft = zone(
        "a:\n  type: A\n  values:\n    - 192.0.2.1\n    - 192.0.2.2\nb:\n  - type: MX\n    value: {preference: 1, exchange: a.test.}\n"
    )
    assert [record.where[1:] for record in draft.records] == [(4, 7), (5, 7), (8, 12)]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        pytest.param("{type: A, value: 192.0.2.1, octodns: {lenient: true, healthcheck: {a: [b]}}}", [], id="metadata"),
        pytest.param("{type: A, value: 192.0.2.1, octodns: null}", [], id="no metadata"),
        pytest.param("{type: A, value: 192.0.2.1, dynamic: {pools: {}}}", ["record-dynamic"], id="dynamic with a plain value"),
        pytest.param("{type: A, dynamic: {pools: {}}}", ["record-dynamic"], id="dynamic alone"),
        pytest.param("{type: A, values: [192.0.2.1], geo: {NA: [192.0.2.2]}}", ["record-geo"], id="geo"),
        pytest.param("{type: A, value: 192.0.2.1, octodns: {ignored: true}}", ["record-ignored"], id="ignored"),
        pytest.param("{type: A, value: 192.0.2.1, octodns: {ignored: false}}", [], id="not ignored"),
        pytest.param("{type: URLFWD, value: {path: /}}", ["record-not-dns"], id="a redirection"),
        pytest.param("{type: Route53Provider/ALIAS, values: [{a: b}]}", ["record-not-dns"], id="a type of a provider"),
    ],
)  # fmt: skip
def test_what_only_octodns_knows_is_warned_about_and_left_out(zone, text, ids):
    draft = zone(f"a: {text}\nb: {{type: A, value: 192.0.2.3}}")
    assert [(problem.id, problem.severity) for problem in draft.problems] == [
        (id_, "warning") for id_ in ids
    ]
    kept = {"record-ignored", "record-not-dns"}.isdisjoint(ids) and "value" in text
    assert [record.owner[1:2] for record in draft.records] == [b"a", b"b"] if kept else [b"b"]


def test_an_alias_is_a_record_of_its_target(zone):
    draft = zone("'': {type: ALIAS, ttl: 60, value: www.example.org.}")
    assert draft.problems == []
    (alias,) = draft.records
    assert (alias.owner, alias.type, alias.ttl, alias.rdata, alias.where[1:]) == (
        b"\x07example\x04test\x00",
        RRType.ALIAS,
        60,
        b"\x03www\x07example\x03org\x00",
        (1, 35),
    )


@pytest.mark.parametrize("text", ["ALIAS", "TYPE65401"])
def test_the_target_of_an_alias_is_one_name(zone, text):
    draft = zone(f"a: {{type: {text}, value: www}}")
    assert [problem.id for problem in draft.problems] == ["alias-name"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        pytest.param("a: [{type: A, value: 192.0.2.1}, {type: A, value: 192.0.2.2}]", ["record-repeated"], id="in one list"),
        pytest.param("a: [{type: A, value: 192.0.2.1}, {type: TYPE1, value: 192.0.2.2}]", ["record-repeated"], id="by another name"),
        pytest.param("a: {type: A, value: 192.0.2.1}\nA: {type: A, value: 192.0.2.2}", ["record-repeated"], id="in another case"),
        pytest.param("A: {type: A, value: 192.0.2.1}\na: {type: A, value: 192.0.2.2}", ["record-repeated"], id="the other way round"),
        pytest.param("'b\\.c': {type: A, value: 192.0.2.1}\n'b\\046c': {type: A, value: 192.0.2.2}", ["record-repeated"], id="in another escape"),
        pytest.param("a: {type: A, value: 192.0.2.1}\nA: {type: TXT, value: x}", [], id="another type in another case"),
        pytest.param("a: {type: A, value: 192.0.2.1}\na: {type: TXT, value: x}", ["yaml-duplicate-key"], id="the same key"),
        pytest.param("a: {type: A, values: [192.0.2.1, 192.0.2.1]}", ["record-value-repeated"], id="the same value"),
        pytest.param("a: {type: TXT, values: ['a;', 'a\\;']}", ["record-value-repeated"], id="the same value written otherwise"),
    ],
)  # fmt: skip
def test_what_is_there_twice_is_reported(problem_ids, text, ids):
    assert problem_ids(text) == ids


def test_a_repeated_value_makes_one_record(zone):
    assert len(zone("a: {type: A, values: [192.0.2.1, 192.0.2.1]}").records) == 1
