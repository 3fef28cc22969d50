"""Names keep what is promised of them wherever they stand."""

from fuzz.octets import TELLING
from fuzz.targets.name import one_input
from hypothesis import given
from hypothesis import strategies as st

pieces = st.one_of(
    st.sampled_from(
        [b"\x00", b"\x01a", b"\x03WwW", b"\x3f" + b"x" * 63, b"\xc0", b"\x40", b"\x80"]
    ),
    st.integers(0, 300).map(lambda offset: (0xC000 | offset).to_bytes(2, "big")),
    st.sampled_from(TELLING).map(lambda octet: bytes((octet,))),
)


@given(st.integers(0, 400), st.lists(pieces, max_size=40).map(b"".join))
def test_names_between_labels_and_pointers(offset, octets):
    one_input(offset.to_bytes(2, "big") + bytes(10) + octets)


@given(st.binary(max_size=100))
def test_any_octets(octets):
    one_input(octets)
