"""Zone files keep what is promised of them, whatever octets they are made of."""

import pytest
from fuzz.targets.zone_yaml import one_document, one_zone
from hypothesis import given
from hypothesis import strategies as st

from dnsd.source.problems import errors

WORDS = [
    "www",
    "@",
    "*",
    "no",
    "010",
    "12:30",
    "~",
    "null",
    "''",
    '""',
    "zone",
    "records",
    "soa",
    "ttl",
    "type",
    "value",
    "values",
    "A",
    "AAAA",
    "MX",
    "TXT",
    "SRV",
    "CAA",
    "TYPE65280",
    "ALIAS",
    "URLFWD",
    "192.0.2.1",
    "2001:db8::1",
    "preference",
    "exchange",
    "mx.",
    "mx.example.test",
    "10",
    "70000",
    "-1",
    "0x10",
    "a;b",
    "a\\;b",
    '"a\\x01"',
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "-",
    "?",
    "|",
    ">",
    "&",
    "*",
    "&a",
    "*a",
    "!",
    "!include",
    "!!str",
    "<<:",
    "#",
    "%",
    "`",
    "'",
    '"',
    "\\",
    "---",
    "...",
    "é",
    "\t",
]
SEPARATORS = ["", " ", "\n", "\n  ", "\n- ", ": ", ", "]

# Words in any order are nearly never YAML; with some structure half of them are.
scalars = st.sampled_from(
    [word for word in WORDS if word not in "{}[],:-?|>&*!#%`'\"\\" or not word] + ["x"]
)
quoted = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=9).map(
    lambda text: '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'
)
nodes = st.recursive(
    scalars | quoted,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(scalars | quoted, inner), max_size=4).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=15,
)
typed = st.builds(
    "{{type: {}, {}: {}}}".format,
    st.sampled_from(
        ["A", "AAAA", "MX", "TXT", "NS", "CAA", "TYPE65280", "ALIAS", "X/Y", "ANY", "soa"]
    ),
    st.sampled_from(["value", "values", "ttl", "valeu"]),
    nodes
    | st.sampled_from(
        ["192.0.2.1", "[192.0.2.1, 192.0.2.1]", "{preference: 1, exchange: a.}", "a."]
    ),
)
zones = st.lists(st.tuples(scalars | quoted, typed | nodes), max_size=5).map(
    lambda pairs: "\n".join(f"? {key}\n: {value}" for key, value in pairs)
)
wrapped = zones.map(
    lambda text: "ttl: 60\nrecords:\n" + "\n".join(f"  {line}" for line in text.split("\n"))
)
soup = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SEPARATORS)), max_size=15).map(
    lambda pairs: "".join(word + separator for word, separator in pairs)
)


GOOD = r"""
'': [{type: NS, value: ns1.example.test.}, {type: MX, values: [{preference: 10, exchange: mx.example.test.}]}]
www: [{type: A, ttl: 5m, values: &web [192.0.2.1, 192.0.2.2]}, {type: TXT, values: *web}]
'*.dyn': {type: AAAA, value: '2001:db8::1'}
_dmarc: {type: TXT, value: v=DMARC1\; p=reject}
txt: {type: TXT, values: ['"one" "two"', "a;b\xe9", '']}
_imaps._tcp: {type: SRV, value: {priority: 0, weight: 1, port: 993, target: mx.example.test.}}
caa: {type: CAA, value: {tag: issue, value: ca.example}}
svc: {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {alpn: [h2, h3], port: 443}}}
loc: {type: LOC, value: 1 N 2 E 3m}
new: {type: TYPE65280, value: \# 2 abcd}
café: {type: CNAME, value: example.org}
a\.b: {type: PTR, value: host.example.test., octodns: {lenient: true}}
merged: {<<: {type: A, ttl: 60}, value: 192.0.2.3}
""".strip().split("\n")
good_zones = st.lists(st.sampled_from(GOOD), unique=True, max_size=6).map(
    lambda lines: "\n".join(["{}"][len(lines) :] + lines)
)
good_wrapped = good_zones.map(
    lambda text: "soa: {minimum: 60}\nrecords:\n  " + text.replace("\n", "\n  ")
)
changes = st.tuples(
    st.integers(0, 400), st.integers(0, 2), st.sampled_from([*"'\"{}[],:*&!#-\\ \n0a.é", ""])
)


def changed(text, change):
    """Put something in place of a few characters."""
    start, count, new = change
    start %= len(text) + 1
    return text[:start] + new + text[start + count :]


@pytest.fixture(scope="session")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzzed")


@given(text=zones | wrapped | nodes | soup)
def test_text_that_is_nearly_a_zone(directory, text):
    one_zone(text.encode(errors="surrogatepass"), directory)


@given(text=good_zones | good_wrapped)
def test_a_good_zone(directory, text):
    draft = one_zone(text.encode(), directory)
    assert errors(draft.problems) == []


@given(text=st.builds(changed, good_zones | good_wrapped, changes))
def test_a_good_zone_with_a_few_characters_changed(directory, text):
    one_zone(text.encode(), directory)


@given(octets=st.binary(max_size=80))
def test_any_octets(directory, octets):
    one_zone(octets, directory)
    one_document(octets)


@given(text=nodes | soup)
def test_text_that_is_nearly_a_configuration(text):
    one_document(text.encode(errors="surrogatepass"))
