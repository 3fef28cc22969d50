"""EDNS options keep what is promised of them."""

from fuzz.octets import damaged, options
from fuzz.targets.edns import one_input
from hypothesis import given
from hypothesis import strategies as st

from dnsd.wire.edns import render_options


@given(options.map(render_options).flatmap(lambda octets: st.just(octets) | damaged(octets)))
def test_options_that_are_nearly_right(octets):
    one_input(octets)


@given(st.binary(max_size=60))
def test_any_octets(octets):
    one_input(octets)


@given(options.map(render_options), st.integers(1, 200))
def test_a_flood_of_options(octets, count):
    one_input(octets * count)
