import dns.edns
import dns.message
import pytest

from dnsd.wire import edns
from dnsd.wire.edns import MAX_OPTIONS, Edns, parse_options, render_opt, render_options
from dnsd.wire.errors import FormError

NSID = b"\x00\x03\x00\x00"
COOKIE = b"\x00\x0a\x00\x08abcdefgh"


@pytest.mark.parametrize(
    ("rdata", "options"),
    [
        pytest.param(b"", (), id="none"),
        pytest.param(NSID, ((3, b""),), id="one, empty"),
        pytest.param(COOKIE + NSID, ((10, b"abcdefgh"), (3, b"")), id="two"),
        pytest.param(COOKIE + b"\x00\x0a\x00\x01x", ((10, b"abcdefgh"),), id="a second COOKIE"),
        pytest.param(NSID + b"\x00\x03\x00\x01x", ((3, b""),), id="a second NSID"),
        pytest.param(b"\x00\x0c\x00\x01\x00" * 3, ((12, b"\x00"),), id="more PADDING"),
        pytest.param(b"\x00\x0f\x00\x02\x00\x01" * 2, ((15, b"\x00\x01"),) * 2, id="two errors"),
        pytest.param(b"\xfd\xe9\x00\x01x", ((65001, b"x"),), id="unknown"),
    ],
)
def test_options_are_read(rdata, options):
    assert parse_options(rdata) == options


@pytest.mark.parametrize(
    ("rdata", "offset"),
    [
        pytest.param(b"\x00", 0, id="one octet"),
        pytest.param(b"\x00\x03\x00", 0, id="half a length"),
        pytest.param(NSID + b"\x00\x0a\x00\x08abc", 8, id="too long"),
    ],
)
def test_an_option_over_the_end_is_refused(rdata, offset):
    with pytest.raises(FormError) as caught:
        parse_options(rdata)
    assert caught.value.offset == offset


class CountingOctets(bytes):
    """Octets that count how often one of them, or a slice, is taken."""

    taken = 0

    def __getitem__(self, key):
        CountingOctets.taken += 1
        return super().__getitem__(key)


@pytest.mark.parametrize("option", [b"\xfd\xe9\x00\x00", COOKIE], ids=["unknown", "repeats"])
def test_a_flood_of_options_is_not_read(option):
    CountingOctets.taken = 0
    options = parse_options(CountingOctets(option * 16000))
    assert len(options) in (1, MAX_OPTIONS)
    assert CountingOctets.taken <= 5 * MAX_OPTIONS


def test_opt_is_read_from_its_fields():
    read = edns.from_opt(4096, 0x01008000, COOKIE)
    assert read == Edns(4096, 0, True, 1, ((10, b"abcdefgh"),))
    assert read.option(10) == b"abcdefgh"
    assert read.option(3) is None


def test_version_and_flags_do_not_mix():
    assert edns.from_opt(512, 0x00010000, b"") == Edns(512, 1)
    # All bits of Z but DO are for others to define (RFC 6891 §6.1.4).
    assert edns.from_opt(512, 0x00007FFF, b"") == Edns(512)


@pytest.mark.parametrize(
    "value",
    [
        Edns(1232),
        Edns(1232, do=True),
        Edns(65535, 1, True, 255),
        Edns(512, options=((3, b"ns1"), (10, b"abcdefgh"), (65001, b""))),
    ],
)
def test_opt_is_written_as_dnspython_reads_it(value):
    octets = render_opt(value)
    query = dns.message.from_wire(bytes(10) + b"\x00\x01" + octets)
    assert query.payload == value.udp_size
    assert query.edns == value.version
    assert bool(query.ednsflags & 0x8000) == value.do
    assert query.ednsflags >> 24 == value.extended_rcode
    assert [(int(o.otype), o.to_wire()) for o in query.options] == list(value.options)


def test_options_are_written_as_they_are_read():
    assert render_options(parse_options(COOKIE + NSID)) == COOKIE + NSID
