import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.wire import presentation_fields as field
from dnsd.wire.errors import FormError


def accepted(read, token):
    try:
        return read(token)
    except FormError:
        return None


@pytest.mark.parametrize("token", ["0.0.0.0", "192.0.2.1", "255.255.255.255"])
def test_ipv4_addresses_are_read(token):
    octets = ipaddress.IPv4Address(token).packed
    assert field.read_ipv4(token) == octets
    assert field.ipv4_text(octets) == token


@pytest.mark.parametrize(
    "token",
    ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.-4", "1.2.3.4 ", "1.2.3.\u0664", "1..2.3", "0x1.2.3.4", "1.2.3.4/24"],
)  # fmt: skip
def test_what_is_no_ipv4_address_is_refused(token):
    with pytest.raises(FormError) as caught:
        field.read_ipv4(token)
    assert caught.value.reason == f"{token!a} is not an IPv4 address"


@pytest.mark.parametrize(
    "token",
    ["::", "::1", "1::", "2001:db8::1", "2001:DB8:0:0:0:0:0:1", "1:2:3:4:5:6:7:8", "::ffff:192.0.2.1",
     "1:2:3:4:5:6:192.0.2.1", "::192.0.2.1", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::192.0.2.1"],
)  # fmt: skip
def test_ipv6_addresses_are_read(token):
    assert field.read_ipv6(token) == ipaddress.IPv6Address(token).packed


@pytest.mark.parametrize(
    "token",
    ["", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7:8::", "12345::", "g::",
     "1:2:3:4:5:6:7:192.0.2.1", "192.0.2.1::", "192.0.2.1", "::192.0.2.1:1", "fe80::1%eth0", "::+1", "::-1",
     ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:", "::1 ", ":: 1", "::\u0661", "::1/64", "::1.2.3", "1:" * 5000],
)  # fmt: skip
def test_what_is_no_ipv6_address_is_refused(token):
    with pytest.raises(FormError, match="is not an IPv6 address"):
        field.read_ipv6(token)


@given(st.text("0123456789abcdefABCDEF:.", max_size=45))
def test_addresses_are_those_of_the_standard_library(token):
    for read, kind in (
        (field.read_ipv4, ipaddress.IPv4Address),
        (field.read_ipv6, ipaddress.IPv6Address),
    ):
        try:
            theirs = kind(token).packed
        except ValueError:
            theirs = None
        assert accepted(read, token) == theirs


@given(
    st.binary(min_size=16, max_size=16)
    | st.lists(st.sampled_from([b"\0\0", b"\0\1", b"\xff\xff"]), min_size=8, max_size=8).map(
        b"".join
    )
)
def test_ipv6_text_is_that_of_rfc_5952_and_reads_back(octets):
    text = field.ipv6_text(octets)
    assert field.read_ipv6(text) == octets
    if not text.startswith("::ffff:"):
        assert text == str(ipaddress.IPv6Address(octets))


def test_an_ipv4_address_in_ipv6_keeps_its_dots():
    """RFC 5952 §5."""
    assert field.ipv6_text(bytes(10) + b"\xff\xff\xc0\x00\x02\x01") == "::ffff:192.0.2.1"


@pytest.mark.parametrize(("limit", "size"), [(255, 1), (65535, 2), (4294967295, 4)])
def test_integers_have_their_limit(limit, size):
    read = field.read_integer(limit)
    assert read("0", None) == bytes(size)
    assert read(str(limit), None) == b"\xff" * size
    assert field.write_integer(size)(b"x" + b"\xff" * size, 1, None) == (str(limit), 1 + size)
    for token in (str(limit + 1), "-1", "+1", "1_0", "0x1", "", "\u0663", "1" * 5000, "1.0"):
        with pytest.raises(FormError, match=f"is not an integer from 0 to {limit}"):
            read(token, None)


@pytest.mark.parametrize(
    ("token", "seconds"),
    [("0", 0), ("3600", 3600), ("1h", 3600), ("1h30m", 5400), ("2W", 1209600), ("1d1s", 86401), ("4294967295", 4294967295)],
)  # fmt: skip
def test_seconds_may_have_units(token, seconds):
    assert field.read_seconds(token, None) == seconds.to_bytes(4, "big")


@pytest.mark.parametrize(
    "token", ["", "h", "1x", "-1", "1h-", "4294967296", "9999999w", "1 h", "\u0661h", "1h" * 30]
)
def test_what_is_no_number_of_seconds_is_refused(token):
    with pytest.raises(FormError):
        field.read_seconds(token, None)


@pytest.mark.parametrize(
    ("token", "value"),
    [
        pytest.param("abc", b"abc", id="plain"),
        pytest.param('"a b"', b"a b", id="quoted"),
        pytest.param('""', b"", id="empty"),
        pytest.param(r"\"\\", b'"\\', id="escaped characters"),
        pytest.param(r"\000\255", b"\x00\xff", id="escaped octets"),
        pytest.param("für", b"f\xc3\xbcr", id="UTF-8"),
        pytest.param(r"\ü", b"\xc3\xbc", id="an escape before UTF-8"),
        pytest.param("a\\\nb", b"a\nb", id="an escaped line end"),
    ],
)
def test_strings_are_read(token, value):
    assert field.string_value(token) == value


@pytest.mark.parametrize("token", [r"\256", r"\12", r"\1x2", r'"\999"'])
def test_a_wrong_escape_is_refused(token):
    with pytest.raises(FormError, match="a backslash and three digits up to 255"):
        field.string_value(token)


@given(st.binary(max_size=300))
def test_a_string_reads_back(value):
    text = field.string_text(value)
    assert text.isascii()
    assert text.isprintable()
    assert field.string_value(text) == value


def test_strings_have_their_length_before_them():
    assert field.read_string("x" * 255, None) == b"\xff" + b"x" * 255
    assert field.write_string(b"_\x03a b!", 1, None) == ('"a b"', 5)
    with pytest.raises(FormError, match="256 octets"):
        field.read_string("x" * 256, None)


def test_names_are_relative_to_their_origin():
    example = b"\x07example\x04test\x00"
    assert field.read_name("www", example) == b"\x03www" + example
    assert field.name_text(b"\x03www" + example, example) == "www"
    assert field.name_text(example, example) == "@"
    assert field.name_text(b"\x03www\x00", example) == "www."
    assert field.name_text(b"\x03www" + example, None) == "www.example.test."
    assert field.write_name(b"\x00\x0a" + example, 2, None) == ("example.test.", 16)


def test_a_long_token_is_not_repeated_in_full():
    assert len(field.quoted("x" * 10_000)) < 70
