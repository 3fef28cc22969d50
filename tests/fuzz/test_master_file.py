"""Master files keep what is promised of them, whatever text they are made of."""

from fuzz.targets.master_file import one_text
from hypothesis import given
from hypothesis import strategies as st

WORDS = [
    "www",
    "@",
    "a.b",
    "www.example.test.",
    "*",
    "60",
    "1h",
    "4294967296",
    "IN",
    "CH",
    "A",
    "AAAA",
    "MX",
    "TXT",
    "NS",
    "SOA",
    "CNAME",
    "TYPE65280",
    "ANY",
    "192.0.2.1",
    "::",
    "10",
    "mx",
    "mx.",
    '"a;b"',
    '""',
    '"',
    "(",
    ")",
    ";",
    "\\",
    "\\#",
    "\\065",
    "\\300",
    "2",
    "abcd",
    "$TTL",
    "$ORIGIN",
    "$GENERATE",
    "1-3",
    "h$",
    "192.0.2.$",
    "${1,3,x}",
    "$INCLUDE",
    "ü",
    "\x00",
]
SEPARATORS = [" ", " ", " ", "\n", "\n ", "\t", "\r\n", ""]
texts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SEPARATORS)), max_size=25).map(
    lambda pairs: "$TTL 60\n" + "".join(word + separator for word, separator in pairs)
)


@given(texts)
def test_text_that_is_nearly_a_master_file(text):
    one_text(text)


@given(st.text(max_size=60))
def test_any_text(text):
    one_text(text)
