"""Messages keep what is promised of them, well formed, damaged or arbitrary."""

from fuzz.octets import message_octets
from fuzz.targets.message import one_input
from hypothesis import given
from hypothesis import strategies as st


@given(message_octets())
def test_messages_that_are_nearly_right(octets):
    one_input(octets)


@given(st.binary(max_size=200))
def test_any_octets(octets):
    one_input(octets)
