import dns.edns
import pytest

from dnsd.wire import edns_options as options
from dnsd.wire.edns_options import ClientSubnet, Cookie, Error, ZoneVersion
from dnsd.wire.errors import FormError

EXAMPLE = b"\x07example\x04test\x00"

# Each: reader, writer or None, octets, value.
GOOD = {
    "client cookie": (options.parse_cookie, options.render_cookie, b"abcdefgh", Cookie(b"abcdefgh")),
    "both cookies": (options.parse_cookie, options.render_cookie, b"abcdefgh" * 3, Cookie(b"abcdefgh", b"abcdefgh" * 2)),
    "IPv4 subnet": (options.parse_client_subnet, options.render_client_subnet, b"\x00\x01\x18\x00\xc0\x00\x02", ClientSubnet(1, 24, 0, b"\xc0\x00\x02")),
    "IPv6 subnet": (options.parse_client_subnet, options.render_client_subnet, b"\x00\x02\x14\x10\x20\x01\x00", ClientSubnet(2, 20, 16, b"\x20\x01\x00")),
    "no address": (options.parse_client_subnet, options.render_client_subnet, b"\x00\x01\x00\x00", ClientSubnet(1, 0, 0, b"")),
    "error": (options.parse_error, options.render_error, b"\x00\x14", Error(20)),
    "error with text": (options.parse_error, options.render_error, b"\x00\x06f\xc3\xbcr", Error(6, "für")),
    "keepalive asked": (options.parse_keepalive, options.render_keepalive, b"", None),
    "keepalive": (options.parse_keepalive, options.render_keepalive, b"\x00\x64", 100),
    "expire asked": (options.parse_expire, options.render_expire, b"", None),
    "expire": (options.parse_expire, options.render_expire, b"\x00\x01\x51\x80", 86400),
    "chain": (options.parse_chain, None, EXAMPLE, EXAMPLE),
    "report channel": (options.parse_report_channel, None, b"\x07EXAMPLE\x04test\x00", EXAMPLE),
    "key tags": (options.parse_key_tags, options.render_key_tags, b"\x4f\x66\x96\x70", (20326, 38512)),
    "zone version asked": (options.parse_zone_version, options.render_zone_version, b"", None),
    "zone version": (options.parse_zone_version, options.render_zone_version, b"\x02\x00\x00\x00\x00\x09", ZoneVersion(2, 0, b"\x00\x00\x00\x09")),
    "zone version of a private type": (options.parse_zone_version, options.render_zone_version, b"\x02\xf6ab", ZoneVersion(2, 246, b"ab")),
    "algorithms": (options.parse_algorithms, options.render_algorithms, b"\x08\x0d", (8, 13)),
}  # fmt: skip


@pytest.mark.parametrize(("parse", "render", "octets", "value"), GOOD.values(), ids=GOOD.keys())
def test_a_value_is_read_and_written(parse, render, octets, value):
    assert parse(octets) == value
    if render is not None:
        assert render(value) == octets


@pytest.mark.parametrize(
    ("parse", "octets"),
    [
        pytest.param(options.parse_cookie, b"", id="cookie of nothing"),
        pytest.param(options.parse_cookie, bytes(7), id="cookie of 7"),
        pytest.param(options.parse_cookie, bytes(15), id="cookie of 15"),
        pytest.param(options.parse_cookie, bytes(41), id="cookie of 41"),
        pytest.param(options.parse_client_subnet, b"\x00\x01\x18", id="subnet of 3"),
        pytest.param(options.parse_client_subnet, b"\x00\x03\x00\x00", id="subnet family"),
        pytest.param(options.parse_client_subnet, b"\x00\x01\x21\x00" + bytes(5), id="prefix 33"),
        pytest.param(options.parse_client_subnet, b"\x00\x01\x18\x21abc", id="scope 33"),
        pytest.param(options.parse_client_subnet, b"\x00\x01\x18\x00\xc0\x00", id="too short"),
        pytest.param(options.parse_client_subnet, b"\x00\x01\x18\x00" + bytes(4), id="too long"),
        pytest.param(options.parse_client_subnet, b"\x00\x01\x14\x00\xc0\x00\x0f", id="stray bits"),
        pytest.param(options.parse_error, b"\x00", id="half an error"),
        pytest.param(options.parse_error, b"\x00\x01\xff", id="error not UTF-8"),
        pytest.param(options.parse_keepalive, b"\x00", id="keepalive of 1"),
        pytest.param(options.parse_expire, b"\x00\x01", id="expire of 2"),
        pytest.param(options.parse_chain, EXAMPLE + b"x", id="chain and more"),
        pytest.param(options.parse_chain, b"\xc0\x00", id="chain compressed"),
        pytest.param(options.parse_chain, b"", id="chain of nothing"),
        pytest.param(options.parse_report_channel, b"\x07exam", id="report channel cut off"),
        pytest.param(options.parse_key_tags, b"\x00\x01\x02", id="half a key tag"),
        pytest.param(options.parse_zone_version, b"\x02", id="zone version of 1"),
        pytest.param(options.parse_zone_version, b"\x02\x00\x01", id="half a serial"),
    ],
)
def test_a_malformed_value_is_refused(parse, octets):
    with pytest.raises(FormError):
        parse(octets)


def test_the_final_nul_of_an_error_text_is_dropped():
    """RFC 8914 §2: EXTRA-TEXT might be null terminated."""
    assert options.parse_error(b"\x00\x00abc\x00") == Error(0, "abc")


def test_padding_is_zero():
    """RFC 7830 §3."""
    assert options.render_padding(3) == b"\x00\x00\x00"


@pytest.mark.parametrize("text", ["192.0.2.0/24", "2001:db8::/32", "192.0.2.128/25"])
def test_dnspython_writes_the_subnets_we_read(text):
    theirs = dns.edns.ECSOption.from_text(text)
    assert options.render_client_subnet(options.parse_client_subnet(theirs.to_wire())) == theirs.to_wire()  # fmt: skip
