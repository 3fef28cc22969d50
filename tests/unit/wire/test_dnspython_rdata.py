import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest

from dnsd.wire import dnspython_rdata, presentation
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType

EXAMPLE = b"\x07example\x04test\x00"
TLSA = b"\x03\x01\x01" + bytes(32)


def test_every_type_that_dnspython_knows_is_read_by_one_of_the_two():
    for rrtype in RRType:
        theirs = dns.rdata.get_rdata_class(dns.rdataclass.IN, dns.rdatatype.RdataType(rrtype))
        ours = rrtype in presentation.SYNTAX or rrtype in presentation.STRINGS
        meta = rrtype in (RRType.OPT, RRType.TKEY, RRType.TSIG)
        if theirs is not dns.rdata.GenericRdata and not meta:
            assert ours is not dnspython_rdata.knows(rrtype)
        elif not ours:
            assert not dnspython_rdata.knows(rrtype)


def test_text_becomes_octets_and_text_again():
    octets = dnspython_rdata.read(RRType.TLSA, "3 1 1 " + "00" * 32, None)
    assert octets == TLSA
    dnspython_rdata.check(RRType.TLSA, octets)
    assert dnspython_rdata.write(RRType.TLSA, octets, None) == "3 1 1 " + "00" * 32


def test_names_are_absolute_or_relative_to_the_origin():
    octets = dnspython_rdata.read(RRType.NSEC, "www A", EXAMPLE)
    assert octets.startswith(b"\x03www" + EXAMPLE)
    assert dnspython_rdata.write(RRType.NSEC, octets, EXAMPLE) == "www A"
    assert dnspython_rdata.write(RRType.NSEC, octets, None) == "www.example.test. A"
    with pytest.raises(FormError, match="must end with a dot"):
        dnspython_rdata.read(RRType.NSEC, "www A", None)


@pytest.mark.parametrize(
    ("rrtype", "text"),
    [
        (RRType.TLSA, "x"),
        (RRType.TLSA, "3 1 1 zz"),
        (RRType.SVCB, "1 . key65536=x"),
        (RRType.SVCB, "1 . ipv4hint=x"),
        (RRType.LOC, "91 0 0 N 0 0 0 E 0m"),
        (RRType.NSEC, ". NOTYPE"),
        (RRType.CERT, "x x x x"),
        (RRType.APL, "1:192.0.2.0/99"),
        (RRType.WKS, "192.0.2.1 nosuchprotocol"),
        (RRType.EUI48, "zz-zz-zz-zz-zz-zz"),
        (RRType.RRSIG, "A 8 2 0 20309901000000 20200101000000 1 . aabb"),
        (RRType.GPOS, "x y z"),
    ],
)
def test_whatever_the_library_raises_is_one_exception(rrtype, text):
    with pytest.raises(FormError) as caught:
        dnspython_rdata.read(rrtype, text, None)
    assert caught.value.reason.startswith("not ")
    assert "; it is written: " in caught.value.reason


def test_international_names_are_not_translated_in_silence():
    with pytest.raises(FormError, match="not ASCII"):
        dnspython_rdata.read(RRType.SVCB, "1 faß.test.", None)


def test_malformed_octets_are_refused():
    for judge in (dnspython_rdata.check, lambda t, r: dnspython_rdata.write(t, r, None)):
        with pytest.raises(FormError, match="not TLSA rdata"):
            judge(RRType.TLSA, b"\x03")
