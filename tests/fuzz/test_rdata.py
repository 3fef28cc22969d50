"""Rdata of every type keeps what is promised of it, as octets and as text."""

from fuzz.octets import typed_rdata
from fuzz.targets.rdata import TYPES, one_rdata, one_text
from hypothesis import given
from hypothesis import strategies as st

words = st.sampled_from(
    ["0", "1", "3", "255", "65535", "70000", "a", "www.example.test.", "@", ".", "A", "MX", "TYPE1", "ab", "aabb",
     "AAAA", "192.0.2.1", "2001:db8::1", "alpn=h2", 'port="53"', "key65000=x", "mandatory=alpn", '"a b"', '"', "(", ")",
     ";", "\\", "\\#", "\\065", "\\300", "N", "E", "52.5", "10m", "-", "1h", "20300101000000", "ü", "\ud800", "\x00", "\n"]
)  # fmt: skip
texts = st.lists(words, max_size=10).flatmap(
    lambda parts: st.sampled_from([" ", " ", "", "\n"]).map(lambda space: space.join(parts))
)


@given(typed_rdata())
def test_rdata_that_is_nearly_right(typed):
    one_rdata(*typed)


@given(st.sampled_from(TYPES), st.binary(max_size=60))
def test_any_octets(rrtype, octets):
    one_rdata(rrtype, octets)


@given(st.sampled_from(TYPES), texts)
def test_text_of_words_that_mean_something(rrtype, text):
    one_text(rrtype, text)


@given(st.sampled_from(TYPES), st.text(max_size=40))
def test_any_text(rrtype, text):
    one_text(rrtype, text)
