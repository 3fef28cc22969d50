"""However the octets of a stream are cut, the same messages and replies come out."""

import pytest
from fuzz.targets.stream import converse, cut, one_input
from hypothesis import given
from hypothesis import strategies as st

from dnsd.query.stream import StreamOptions

# Mostly whole messages, sometimes arbitrary octets behind them.
_STREAMS = st.builds(
    lambda messages, rest: b"".join(len(m).to_bytes(2, "big") + m for m in messages) + rest,
    st.lists(st.binary(max_size=40), max_size=12),
    st.binary(max_size=6),
)
_OPTIONS = st.builds(StreamOptions, in_flight=st.integers(1, 40), unsent_octets=st.integers(1, 200))


@given(octets=_STREAMS, places=st.lists(st.integers(0, 1000), max_size=12), options=_OPTIONS)
def test_any_chunking_gives_the_same_events(octets, places, options):
    whole = converse([octets], options)
    assert converse(cut(octets, places), options) == whole
    assert converse([bytes([octet]) for octet in octets], options) == whole


@given(octets=st.binary(max_size=400))
def test_arbitrary_octets_never_raise(octets):
    one_input(octets)


@pytest.mark.parametrize("size", [1, 7, 4096, 65536])
def test_the_longest_messages_come_through_in_pieces_of_any_size(size):
    octets = b"".join((65535).to_bytes(2, "big") + bytes([i]) * 65535 for i in range(3))
    chunks = [octets[i : i + size] for i in range(0, len(octets), size)]
    messages, sent = converse(chunks, StreamOptions())
    assert [message[0] for message in messages] == [0, 1, 2]
    assert sent == octets
