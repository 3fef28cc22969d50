import dns.rdata
import dns.rdatatype
import pytest

from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType
from dnsd.wire.layouts import (
    COMPRESSED,
    DECOMPRESSED,
    LAYOUTS,
    LOWERED,
    NAME,
    REST,
    STRING,
    fields,
    rdata_uncompressed,
)
from dnsd.wire.reader import Reader

TEXTS = {
    RRType.NS: "a.b.",
    RRType.SOA: "a.b. c.d. 1 2 3 4 5",
    RRType.MX: "1 a.b.",
    RRType.RP: "a.b. c.d.",
    RRType.AFSDB: "1 a.b.",
    RRType.RT: "1 a.b.",
    RRType.PX: "1 a.b. c.d.",
    RRType.SRV: "1 2 3 a.b.",
    RRType.NAPTR: '1 2 "x" "yy" "zzz" a.b.',
    RRType.KX: "1 a.b.",
    RRType.DNAME: "a.b.",
    RRType.RRSIG: "A 8 2 60 20300101000000 20200101000000 1 a.b. aabb",
    RRType.NSEC: "a.b. A MX",
    RRType.SVCB: "1 a.b. alpn=h2",
    RRType.HTTPS: "1 a.b. port=443",
    RRType.DSYNC: "CDS NOTIFY 53 a.b.",
    RRType.LP: "1 a.b.",
    RRType.A: "192.0.2.1",
    RRType.AAAA: "2001:db8::1",
}


@pytest.mark.parametrize("rrtype", TEXTS)
def test_a_layout_finds_the_names_that_dnspython_wrote(rrtype):
    rdata = dns.rdata.from_text("IN", dns.rdatatype.RdataType(rrtype), TEXTS[rrtype]).to_wire()
    found = list(fields(Reader(rdata), LAYOUTS[rrtype], len(rdata), compressed=False))
    assert b"".join(octets for _, octets in found) == rdata
    names = [octets for item, octets in found if item == NAME]
    assert names == [b"\x01a\x01b\x00", b"\x01c\x01d\x00"][: LAYOUTS[rrtype].count(NAME)]


def test_layouts_have_the_rest_only_at_the_end():
    for layout in LAYOUTS.values():
        assert REST not in layout[:-1]
        assert all(item > 0 or item in (NAME, STRING, REST) for item in layout)


def test_every_type_with_rules_about_names_has_a_layout_with_a_name():
    for rrtype in COMPRESSED | DECOMPRESSED | LOWERED:
        assert NAME in LAYOUTS[rrtype]
    assert COMPRESSED < DECOMPRESSED


def test_pointers_are_expanded_and_the_end_is_given_back():
    message = bytes(12) + b"\x01a\x01b\x00" + b"\x00\x0a\xc0\x0c" + b"more"
    reader = Reader(message, 17)
    assert rdata_uncompressed(reader, RRType.MX, 4) == b"\x00\x0a\x01a\x01b\x00"
    assert (reader.offset, reader.end) == (21, len(message))


@pytest.mark.parametrize(
    ("rrtype", "rdata"),
    [
        pytest.param(RRType.A, b"\x01\x02\x03", id="A of 3"),
        pytest.param(RRType.AAAA, bytes(17), id="AAAA of 17"),
        pytest.param(RRType.NS, b"", id="NS of nothing"),
        pytest.param(RRType.NS, b"\x01a\x00x", id="octets behind the name"),
        pytest.param(RRType.MX, b"\x00\x0a\x05ab", id="label over the end"),
        pytest.param(RRType.SOA, b"\x00\x00" + bytes(19), id="SOA of 19 octets of numbers"),
        pytest.param(RRType.SOA, b"\x00\x00" + bytes(21), id="SOA of 21 octets of numbers"),
        pytest.param(RRType.NAPTR, bytes(4) + b"\x05ab", id="string over the end"),
        pytest.param(RRType.RRSIG, bytes(17), id="half an RRSIG"),
        pytest.param(RRType.SVCB, b"\x00\x01\xc0\x0c", id="pointer in SVCB"),
    ],
)
def test_rdata_that_does_not_fit_its_layout_is_refused(rrtype, rdata):
    reader = Reader(bytes(12) + rdata, 12)
    with pytest.raises(FormError):
        rdata_uncompressed(reader, rrtype, len(rdata))
    assert reader.end == 12 + len(rdata)


def test_rdata_over_the_end_of_the_message_is_refused():
    for rrtype in (RRType.NS, RRType.TXT, RRType.A):
        with pytest.raises(FormError):
            rdata_uncompressed(Reader(b"\x01a\x00"), rrtype, 4)


def test_types_without_a_layout_are_opaque():
    assert rdata_uncompressed(Reader(b"\xc0\x0cabc"), 65280, 4) == b"\xc0\x0cab"
