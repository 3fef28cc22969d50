"""Whatever octets are asked, the reply is one, and no defect shows."""

from fakes.octets import message, opt, option, query, question, tsig
from fuzz.targets.pipeline import one_input
from hypothesis import given
from hypothesis import strategies as st

_NAMES = st.sampled_from(
    ["www.example.test.", "alias.example.test.", "huge.example.test.", "a.sub.example.test.", "."]
)
_NUMBERS = st.one_of(st.sampled_from([0, 1, 2, 3, 6, 16, 41, 250, 252, 255]), st.integers(0, 65535))
_OPTIONS = st.builds(option, st.one_of(st.integers(0, 20), _NUMBERS), st.binary(max_size=48))
_OPT = st.builds(
    lambda options, size, version, flags: opt(*options, size=size, version=version, flags=flags),
    st.lists(_OPTIONS, max_size=40),
    _NUMBERS,
    st.integers(0, 2),
    _NUMBERS,
)
_MESSAGES = st.builds(
    lambda questions, flags, records: message(*questions, flags=flags, additional=records),
    st.lists(st.builds(question, _NAMES, _NUMBERS, _NUMBERS), max_size=2),
    _NUMBERS,
    st.lists(st.one_of(_OPT, st.just(tsig())), max_size=3),
)


@given(octets=_MESSAGES)
def test_messages_of_every_kind_get_a_reply(octets):
    one_input(octets)


@given(
    octets=_MESSAGES,
    place=st.integers(0, 10_000),
    octet=st.integers(0, 255),
    cut=st.integers(0, 30),
)
def test_messages_with_a_wrong_octet_or_end_get_a_reply(octets, place, octet, cut):
    changed = bytearray(octets)
    changed[place % len(changed)] = octet
    one_input(bytes(changed[: len(changed) - cut]))


@given(octets=st.binary(max_size=100), rest=st.binary(max_size=100))
def test_arbitrary_octets_get_a_reply(octets, rest):
    one_input(octets)
    one_input(query() + rest)
