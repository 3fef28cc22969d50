"""RFC 3597: types that nobody has heard of."""

import dns.message
import dns.name
import dns.rdatatype
import pytest
from conformance.octets import record_places


def answer_places(subject, name, rrtype):
    query = dns.message.make_query(name, rrtype, use_edns=False)
    octets = subject.raw(query.to_wire())
    wanted = dns.rdatatype.from_text(rrtype)
    return [place for place in record_places(octets) if place.type == wanted]


@pytest.mark.rfc("3597", "3")
@pytest.mark.parametrize(
    ("name", "rrtype", "rdata"),
    [
        ("unknown.example.test.", "TYPE65280", "0a000001"),
        ("empty.example.test.", "TYPE65283", ""),
    ],
)
def test_an_unknown_type_is_served_octet_for_octet(subject, name, rrtype, rdata):
    (place,) = answer_places(subject, name, rrtype)
    assert place.rdata.hex() == rdata


@pytest.mark.rfc("3597", "4")
def test_what_looks_like_a_name_in_an_unknown_type_is_left_alone(subject):
    (place,) = answer_places(subject, "pointed.example.test.", "TYPE65282")
    assert place.rdata == dns.name.from_text("example.test.").to_wire()


@pytest.mark.rfc("3597", "4")
@pytest.mark.parametrize(
    ("name", "rrtype", "end"),
    [
        ("_sip._tcp.example.test.", "SRV", "www.example.test."),
        ("naptr.example.test.", "NAPTR", "_sip._udp.example.test."),
        ("kx.example.test.", "KX", "www.example.test."),
        ("old.example.test.", "DNAME", "new.example.test."),
        ("alias.svc.example.test.", "HTTPS", "svc.example.test."),
    ],
)
def test_names_of_types_younger_than_rfc_1035_are_not_compressed(subject, name, rrtype, end):
    place, *_ = answer_places(subject, name, rrtype)
    assert place.rdata.endswith(dns.name.from_text(end).to_wire())


@pytest.mark.rfc("3597", "5")
def test_a_known_type_may_be_written_like_an_unknown_one(subject):
    (place,) = answer_places(subject, "generic.example.test.", "A")
    assert place.rdata == bytes([192, 0, 2, 153])


@pytest.mark.rfc("3597", "6")
def test_rdata_of_unknown_types_is_compared_bit_by_bit(subject):
    places = answer_places(subject, "bits.example.test.", "TYPE65281")
    assert sorted(place.rdata for place in places) == [b"ABC", b"abc"]


@pytest.mark.rfc("3597", "7")
def test_an_unknown_type_brings_nothing(subject):
    assert not subject.ask("pointed.example.test.", "TYPE65282").additional
