"""Type bit maps are read with care and written in the shortest way."""

import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.dnssec.bitmaps import TypeBitmap, render
from dnsd.wire.errors import FormError

GOOD = [
    ("no type at all", "", []),
    ("A, the second bit", "00 01 40", [1]),
    ("the first and the last bit of an octet", "00 02 00 81", [8, 15]),
    ("A, MX, RRSIG, NSEC, TYPE1234 (RFC 4034 §4.3)",
     "00 06 400100000003 04 1b" + 26 * "00" + "20", [1, 15, 46, 47, 1234]),
    ("the last type", "ff 20" + 31 * "00" + "01", [65535]),
]  # fmt: skip
BAD = [
    ("a window without its length", "00", "1 to 32"),
    ("a window without bits", "00 00", "1 to 32"),
    ("a window of 33 octets", "00 21" + 33 * "ff", "1 to 32"),
    ("a window cut off", "00 02 40", "1 to 32"),
    ("the same window twice", "00 01 40 00 01 40", "out of order"),
    ("windows in falling order", "01 01 40 00 01 40", "out of order"),
]


@pytest.mark.parametrize(("octets", "types"), [row[1:] for row in GOOD], ids=[x[0] for x in GOOD])
def test_types_are_read_and_written(octets, types):
    bitmap = TypeBitmap(bytes.fromhex(octets))
    assert [rrtype for rrtype in range(65536) if rrtype in bitmap] == types
    assert render(reversed(types)) == bitmap.octets == bytes.fromhex(octets)


@pytest.mark.parametrize(("octets", "reason"), [row[1:] for row in BAD], ids=[x[0] for x in BAD])
def test_malformed_bit_maps_are_refused(octets, reason):
    with pytest.raises(FormError, match=reason):
        TypeBitmap(bytes.fromhex(octets))


def test_zeros_at_the_end_of_a_window_are_let_pass():
    bitmap = TypeBitmap(bytes.fromhex("00 04 40000000"))
    assert 1 in bitmap
    assert 25 not in bitmap


@given(st.lists(st.integers(0, 65535) | st.integers(1, 60), max_size=20))
def test_dnspython_reads_the_same_types(types):
    octets = b"\x01a\x00" + render(types)
    rdata = dns.rdata.from_wire("IN", "NSEC", octets, 0, len(octets))
    read = {
        window * 256 + i * 8 + bit
        for window, bits in rdata.windows
        for i, octet in enumerate(bits)
        for bit in range(8)
        if octet & 0x80 >> bit
    }
    bitmap = TypeBitmap(render(types))
    assert read == set(types) == {x for x in {*types, *range(0, 65536, 7)} if x in bitmap}
    assert rdata.to_wire() == octets
