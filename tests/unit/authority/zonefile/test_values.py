import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.authority.zonefile.octodns import record_type
from dnsd.authority.zonefile.values import Reading, address_type
from dnsd.source.marked_yaml import parse
from dnsd.wire import rdata


@pytest.mark.parametrize(
    ("written", "text"),
    [
        pytest.param(r"v=DMARC1\; p=reject", '"v=DMARC1; p=reject"', id="escaped semicolons"),
        pytest.param("v=DMARC1; p=reject", '"v=DMARC1; p=reject"', id="plain semicolons"),
        pytest.param(r"'a\b\010\\'", r'"a\\b\\010\\\\"', id="other backslashes are themselves"),
        pytest.param('\'"one" "two"\'', '"onetwo"', id="strings in quotes"),
        pytest.param(
            "'one\" \"two'", '"onetwo"', id="a border of strings without the quotes around"
        ),
        pytest.param("'\"one\"'", '"one"', id="one string in quotes"),
        pytest.param("'one \"two\" three'", r'"one \"two\" three"', id="quotes inside"),
        pytest.param("''", '""', id="empty"),
        pytest.param("'null'", '"null"', id="null in quotes"),
        pytest.param("no", '"no"', id="what YAML takes for false"),
        pytest.param("12:30:45", '"12:30:45"', id="what YAML takes for a number"),
        pytest.param("café", r'"caf\195\169"', id="not ASCII"),
        pytest.param(r'"\x01\t"', r'"\001\009"', id="control characters"),
        pytest.param("x" * 255, f'"{"x" * 255}"', id="one full string"),
        pytest.param("x" * 256, f'"{"x" * 255}" "x"', id="one character more"),
        pytest.param("x" * 510, f'"{"x" * 255}" "{"x" * 255}"', id="two full strings"),
        pytest.param('"a\\\n   b"', '"ab"', id="a string over two lines"),
        pytest.param(r"\#hash", r'"\\#hash"', id="nearly the generic form"),
    ],
)
def test_txt_is_the_whole_string(value, written, text):
    assert value("TXT", f"[{written}]") == text


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=300))
def test_any_text_is_in_txt_what_it_is(text):
    escaped = "".join(f"\\U{ord(character):08x}" for character in text)
    problems = []
    kind = record_type("TXT")
    octets = kind.read(
        kind, parse(f'"{escaped}"'.encode(), "a").root, Reading(problems.append, ".")
    )
    if text.startswith(('"', "\\#")):
        return  # the two other forms
    assert problems == []
    assert b"".join(rdata.to_strings(octets)).decode() == text.replace("\\;", ";")


def test_a_name_without_its_final_dot_is_absolute_as_in_octodns(zone):
    draft = zone("x: {type: CNAME, value: www.example.org}")
    assert draft.records[0].rdata == b"\x03www\x07example\x03org\x00"
    (problem,) = draft.problems
    assert (problem.id, problem.severity, problem.hint) == (
        "cname-dot",
        "warning",
        "www.example.org.",
    )


@pytest.mark.parametrize(
    ("text", "rrtype"),
    [
        ("192.0.2.1", "A"),
        ("2001:db8::1", "AAAA"),
        ("::", "AAAA"),
        ("192.0.2.256", ""),
        ("host", ""),
        ("", ""),
    ],
)
def test_an_address_tells_its_type(text, rrtype):
    assert address_type(text) == rrtype


@pytest.mark.parametrize(
    ("rrtype", "written", "ids"),
    [
        pytest.param("MX", "{preference: 70000, exchange: mx}", ["mx-preference-range", "mx-exchange-name"], id="two fields"),
        pytest.param("DS", "{key_tag: 1, algorithm: 8, digest_type: 2, digest: '00'}", ["ds-value"], id="a digest too short"),
        pytest.param("LOC", "{lat_degrees: 91, lat_minutes: 0, lat_seconds: 0, lat_direction: N, long_degrees: 0, long_minutes: 0, long_seconds: 0, long_direction: E, altitude: 0}", ["loc-value"], id="north of the pole"),
        pytest.param("HTTPS", "{svcpriority: 1, targetname: ., svcparams: {port: https}}", ["https-value"], id="a port with a name"),
        pytest.param("HTTPS", "{svcpriority: 1, targetname: ., svcparams: {ALPN: h2}}", ["https-svcparams-kind"], id="a parameter in capitals"),
        pytest.param("HTTPS", "{svcpriority: 1, targetname: ., svcparams: {mandatory: [port]}}", ["https-value"], id="a mandatory parameter that is missing"),
        pytest.param("TXT", "'" + "x" * 66000 + "'", ["txt-value"], id="more than rdata holds"),
        pytest.param("SOA", "ns1 hostmaster 1 2 3 4 5", ["soa-value"], id="relative names in text"),
        pytest.param("CERT", "nonsense", ["cert-value"], id="rdata of a rare type"),
        pytest.param("A", "[[]]", ["a-value"], id="a list in a list"),
        pytest.param("A", "{value: 192.0.2.1}", ["a-value"], id="a mapping"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_value_has_a_name(problem_ids, rrtype, written, ids):
    assert problem_ids(f"x: {{type: {rrtype}, value: {written}}}") == ids


def test_broken_nodes_are_not_reported_twice(problem_ids):
    text = "x: [{type: A, value: *a}, {type: MX, value: {preference: *a, exchange: *a}}, {type: TXT, values: *a}]"
    assert problem_ids(text) == ["yaml-alias"] * 4
