import pytest

from dnsd.wire.edns import Edns
from dnsd.wire.errors import FormError
from dnsd.wire.reader import Reader
from dnsd.wire.rrset import RRset
from dnsd.wire.sections import read_section

A, NS, TXT, RRSIG, OPT, TSIG, AAAA = 1, 2, 16, 46, 41, 250, 28
START = bytes(12)
WWW = b"\x03www\x04test\x00"
ADDRESS, OTHER = b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x02"
TO_WWW = b"\xc0\x0c"


def record(owner, rrtype, rdata, ttl=60, rdclass=1):
    numbers = rrtype.to_bytes(2, "big") + rdclass.to_bytes(2, "big") + ttl.to_bytes(4, "big")
    return owner + numbers + len(rdata).to_bytes(2, "big") + rdata


def rrsig(covered):
    return covered.to_bytes(2, "big") + b"\x0d\x02" + bytes(14) + b"\x04test\x00" + bytes(64)


def read(*records, section=0):
    """Read records that follow a name at octet 12."""
    reader = Reader(START + WWW + b"".join(records), 12 + len(WWW))
    found = read_section(reader, section, len(records))
    assert reader.remaining == 0
    return found


def test_records_of_one_rrset_stand_together_and_the_lowest_ttl_holds():
    rrsets, edns, tsig = read(
        record(TO_WWW, A, ADDRESS),
        record(TO_WWW, TXT, b"\x01x"),
        record(TO_WWW, A, OTHER, ttl=30),
        record(TO_WWW, A, ADDRESS, ttl=90),
        record(b"\x03WWW" + b"\xc0\x10", A, b"\xc0\x00\x02\x03"),
    )
    assert rrsets == [
        RRset(WWW, A, 30, (ADDRESS, OTHER, b"\xc0\x00\x02\x03")),
        RRset(WWW, TXT, 60, (b"\x01x",)),
    ]
    assert edns is None
    assert tsig is None


def test_signatures_go_to_what_they_cover_and_others_stay():
    rrsets, _, _ = read(
        record(TO_WWW, RRSIG, rrsig(A), ttl=20),
        record(TO_WWW, RRSIG, rrsig(TXT)),
        record(TO_WWW, A, ADDRESS),
        record(TO_WWW, RRSIG, rrsig(RRSIG)),
    )
    assert [(each.type, each.ttl, each.rdatas, each.signatures) for each in rrsets] == [
        (RRSIG, 60, (rrsig(TXT),), ()),
        (A, 20, (ADDRESS,), (rrsig(A),)),
        (RRSIG, 60, (rrsig(RRSIG),), ()),
    ]


@pytest.mark.parametrize("rrtype", [0xC000, 0xC00C, 0xFFFF])
def test_the_type_behind_the_root_is_no_pointer(rrtype):
    rrsets, _, _ = read(record(b"\x00", rrtype, b"xyz"))
    assert rrsets == [RRset(b"\x00", rrtype, 60, (b"xyz",))]


def test_addresses_of_another_class_are_opaque():
    rrsets, _, _ = read(record(TO_WWW, A, b"xyz", rdclass=3), record(TO_WWW, A, ADDRESS))
    assert [(each.rdclass, each.rdatas) for each in rrsets] == [(3, (b"xyz",)), (1, (ADDRESS,))]


def test_edns_and_tsig_are_no_rrsets():
    tsig = b"\x04hmac\x00" + bytes(16)
    rrsets, edns, found = read(
        record(b"\x00", OPT, b"", ttl=0x8000, rdclass=1232),
        record(TO_WWW, AAAA, bytes(16)),
        record(TO_WWW, TSIG, tsig, ttl=0, rdclass=255),
        section=2,
    )
    assert rrsets == [RRset(WWW, AAAA, 60, (bytes(16),))]
    assert edns == Edns(1232, do=True)
    assert found == RRset(WWW, TSIG, 0, (tsig,), rdclass=255)


@pytest.mark.parametrize(
    ("records", "section"),
    [
        pytest.param([record(TO_WWW, A, b"abc")], 0, id="half an address"),
        pytest.param([record(TO_WWW, A, ADDRESS)[:-1]], 0, id="an address cut off"),
        pytest.param([record(TO_WWW, AAAA, ADDRESS)], 0, id="an IPv4 address as IPv6"),
        pytest.param([record(TO_WWW, NS, WWW + b"\x00")], 0, id="octets behind a server's name"),
        pytest.param([record(TO_WWW, NS, b"\x03www")], 0, id="half a name"),
        pytest.param([TO_WWW + bytes(9)], 0, id="half a record"),
        pytest.param([record(b"\x00", OPT, b"")], 1, id="EDNS in the authority section"),
        pytest.param([record(b"\x00", OPT, b"")] * 2, 2, id="EDNS twice"),
        pytest.param([record(TO_WWW, TSIG, WWW, 0, 255)] * 2, 2, id="a TSIG that is not last"),
    ],
)
def test_what_is_malformed_is_refused(records, section):
    with pytest.raises(FormError):
        read(*records, section=section)


def test_a_servers_name_ends_where_its_rdata_ends():
    # The name would go on in the record that follows.
    short = record(TO_WWW, NS, b"\x03ww")
    with pytest.raises(FormError):
        read(short, record(b"w\x00", A, ADDRESS))
