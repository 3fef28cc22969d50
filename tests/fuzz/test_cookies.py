"""No option is accepted as a cookie of ours unless we made it."""

from fuzz.targets.cookies import one_input
from hypothesis import given
from hypothesis import strategies as st


@given(octets=st.binary(max_size=60))
def test_no_octets_are_a_valid_cookie(octets):
    one_input(octets)
