"""RFC 1035: header, question, records and compression of replies, sizes, and simple types."""

import struct

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest
from conformance.conftest import records
from conformance.octets import record_places
from conformance.worlds import longest_name

RD, RA, AA, TC, Z, AD, CD = 0x0100, 0x0080, 0x0400, 0x0200, 0x0040, 0x0020, 0x0010


def question(name="www.example.test.", rrtype="A", flags=0):
    query = dns.message.make_query(name, rrtype, use_edns=False)
    query.flags = flags
    return query.to_wire()


@pytest.mark.rfc("1035", "4.1.1")
@pytest.mark.parametrize("number", [0, 1, 0x8000, 0xFFFF])
def test_the_id_is_copied(subject, number):
    octets = struct.pack("!H", number) + question()[2:]
    assert subject.raw(octets)[:2] == octets[:2]


@pytest.mark.rfc("1035", "4.1.1")
def test_a_reply_says_that_it_is_one_and_repeats_the_opcode(subject):
    for opcode in (0, 2):
        octets = bytearray(question())
        octets[2] |= opcode << 3
        assert subject.raw(bytes(octets))[2] & 0xF8 == 0x80 | opcode << 3


@pytest.mark.rfc("1035", "4.1.1")
@pytest.mark.parametrize(
    ("name", "is_authoritative"),
    [
        ("www.example.test.", True),
        ("none.example.test.", True),
        ("alias.example.test.", True),
        ("www.child.example.test.", False),
        ("www.elsewhere.example.", False),
    ],
)
def test_aa_tells_whose_data_it_is(subject, name, is_authoritative):
    assert bool(subject.ask(name).flags & dns.flags.AA) is is_authoritative


# knotd says FORMERR to a query that claims to be truncated.
@pytest.mark.rfc("1035", "4.1.1")
@pytest.mark.reference("named")
def test_bits_that_only_a_reply_may_have_are_ignored_and_not_copied(subject):
    reply = subject.raw(question(flags=AA | TC | RA))
    flags = struct.unpack("!H", reply[2:4])[0]
    assert flags & (AA | TC | RA | 0xF) == AA


@pytest.mark.rfc("1035", "4.1.1")
def test_rd_is_copied_and_ra_is_not_set(subject):
    reply = subject.ask("www.example.test.", flags=dns.flags.RD)
    assert reply.flags & dns.flags.RD
    assert not reply.flags & dns.flags.RA
    assert not subject.ask("www.example.test.").flags & dns.flags.RD


@pytest.mark.rfc("1035", "4.1.1")
def test_z_must_be_zero_in_a_reply(subject):
    assert not subject.raw(question(flags=Z))[3] & Z


@pytest.mark.rfc("1035", "4.1.1")
def test_the_counts_are_those_of_the_records(subject):
    octets = subject.raw(question("example.test.", "MX"))
    assert struct.unpack("!4H", octets[4:12]) == (1, 2, 0, 1)
    assert len(record_places(octets)) == 3


@pytest.mark.rfc("1035", "4.1.1")
def test_a_header_alone_is_formerr(subject):
    reply = subject.raw(struct.pack("!6H", 9, 0, 0, 0, 0, 0))
    assert struct.unpack("!6H", reply) == (9, 0x8001, 0, 0, 0, 0)


@pytest.mark.rfc("1035", "4.1.1")
def test_a_response_gets_no_reply(subject):
    with pytest.raises(TimeoutError):
        subject.raw(question(flags=0x8000), timeout_s=0.4)


@pytest.mark.rfc("1035", "4.1.2")
@pytest.mark.parametrize("name", [".", "example.test.", "*.example.test.", "a.b.c.example.test."])
@pytest.mark.parametrize("rrtype", ["A", "SOA", "TYPE65000"])
def test_the_question_comes_back_octet_for_octet(subject, name, rrtype):
    octets = question(name, rrtype)
    reply = subject.raw(octets)
    assert reply[4:6] == b"\0\1"
    assert reply[12 : len(octets)] == octets[12:]


@pytest.mark.rfc("1035", "4.1.3")
def test_a_record_has_owner_type_class_ttl_and_length(subject):
    octets = subject.raw(question("ns2.example.test."))
    (place,) = record_places(octets)
    assert place.owner.to_text() == "ns2.example.test."
    assert (place.type, place.rdclass, place.ttl) == (1, 1, 3600)
    assert place.rdata == bytes([192, 0, 2, 2])


@pytest.mark.rfc("1035", "4.1.4")
def test_owners_and_names_of_the_first_types_are_compressed(subject):
    octets = subject.raw(question("example.test.", "NS"))
    name_servers = [place for place in record_places(octets) if place.type == dns.rdatatype.NS]
    # Every owner is a pointer to the question, every name one label and a pointer.
    assert [place.owner_octets for place in name_servers] == [b"\xc0\x0c"] * 2
    assert [len(place.rdata) for place in name_servers] == [6, 6]


@pytest.mark.rfc("1035", "4.1.4")
def test_pointers_lead_to_names_before_them(subject):
    for rrtype in ("NS", "MX", "SOA"):
        octets = subject.raw(question("example.test.", rrtype))
        for place in record_places(octets):
            if place.owner_octets[0] >= 0xC0:
                assert struct.unpack("!H", place.owner_octets)[0] & 0x3FFF < place.offset


@pytest.mark.rfc("1035", "4.1.4")
@pytest.mark.reference("named")
@pytest.mark.parametrize(
    "name",
    [b"\xc0\x0c", b"\x41" + bytes(65) + b"\0", b"\x81x\0", b"\xff\xff", b"\x05abc"],
    ids=["pointer to itself", "label type 01", "label type 10", "pointer past the end", "no end"],
)
def test_a_malformed_question_is_formerr(subject, name):
    octets = struct.pack("!6H", 78, 0, 1, 0, 0, 0) + name + b"\0\1\0\1"
    reply = subject.raw(octets)
    assert reply[:2] == octets[:2]
    assert reply[3] & 15 == dns.rcode.FORMERR


@pytest.mark.rfc("1035", "2.3.4")
def test_the_longest_name_is_answered(subject):
    name = longest_name("sizes.test.")
    reply = subject.ask(name, "TXT")
    assert records(reply.answer) == [f'{name} 300 IN TXT "long"']


@pytest.mark.rfc("1035", "2.3.4")
def test_a_name_of_more_than_a_hundred_labels_is_answered(subject):
    reply = subject.ask(f"{'a.' * 120}sizes.test.", "TXT")
    assert len(reply.answer) == 1
    assert subject.ask(f"{'a.' * 60}sizes.test.", "TXT").rcode() == dns.rcode.NOERROR


@pytest.mark.rfc("1035", "2.3.4")
@pytest.mark.reference("named")
def test_a_name_that_is_too_long_is_formerr(subject):
    octets = struct.pack("!6H", 79, 0, 1, 0, 0, 0) + b"\x01a" * 128 + b"\0\0\1\0\1"
    assert subject.raw(octets)[3] & 15 == dns.rcode.FORMERR


@pytest.mark.rfc("1035", "4.2.1")
def test_a_reply_of_512_octets_is_whole_and_of_513_is_truncated(subject):
    octets = subject.raw(question("00512.sizes.test.", "TXT"))
    assert len(octets) == 512
    assert not octets[2] & 2
    octets = subject.raw(question("00513.sizes.test.", "TXT"))
    assert len(octets) < 512
    assert octets[2] & 2


@pytest.mark.rfc("1035", "4.2.2")
def test_over_tcp_a_reply_may_be_large(subject):
    octets = subject.raw(question("65000.sizes.test.", "TXT"), tcp=True)
    assert len(octets) == 65000
    assert not octets[2] & 2


# knotd and nsd answer as to QTYPE ANY over UDP.
@pytest.mark.rfc("1035", "3.2.3")
@pytest.mark.reference("named")
def test_type_asterisk_asks_for_all_records(subject):
    reply = subject.ask("www.example.test.", "ANY", tcp=True)
    assert {rrset.rdtype for rrset in reply.answer} == {dns.rdatatype.A, dns.rdatatype.AAAA}


@pytest.mark.rfc("1035", "3.2.3")
@pytest.mark.parametrize("rrtype", ["MAILB", "MAILA"])
def test_the_query_types_for_mailboxes_find_nothing(subject, rrtype):
    reply = subject.ask("example.test.", rrtype)
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer


# nsd, knotd and named differ about class ANY; that a query of it gets no data of
# class IN with AA is common to nsd and named.
@pytest.mark.rfc("1035", "3.2.5")
@pytest.mark.reference("nsd")
def test_class_asterisk_gets_no_authoritative_answer(subject):
    query = dns.message.make_query("example.test.", "SOA", "ANY", use_edns=False)
    assert not subject.raw(query.to_wire())[2] & 4


@pytest.mark.rfc("1035", "3.3.9")
def test_an_mx_brings_the_addresses_that_we_have(subject):
    reply = subject.ask("example.test.", "MX")
    assert len(reply.answer[0]) == 2
    assert records(reply.additional) == ["mail.example.test. 600 IN A 192.0.2.25"]


@pytest.mark.rfc("1035", "3.3.11")
def test_an_ns_brings_the_addresses_that_we_have(subject):
    reply = subject.ask("example.test.", "NS")
    assert records(reply.additional) == [
        "ns1.example.test. 3600 IN A 192.0.2.1",
        "ns1.example.test. 3600 IN AAAA 2001:db8::1",
        "ns2.example.test. 3600 IN A 192.0.2.2",
    ]


@pytest.mark.rfc("1035", "3.3.12")
def test_a_ptr_brings_nothing(subject):
    reply = subject.ask("ptr.example.test.", "PTR")
    assert len(reply.answer[0]) == 2
    assert not reply.additional


@pytest.mark.rfc("1035", "3.3.1")
def test_a_cname_brings_nothing_when_asked_for(subject):
    reply = subject.ask("alias.example.test.", "CNAME")
    assert records(reply.answer) == ["alias.example.test. 300 IN CNAME www.example.test."]
    assert not reply.additional


@pytest.mark.rfc("1035", "3.3.13")
def test_a_soa_is_served_field_by_field(subject):
    (soa,) = subject.ask("example.test.", "SOA").answer[0]
    assert soa.to_text() == "ns1.example.test. hostmaster.example.test. 7 7200 3600 604800 300"


@pytest.mark.rfc("1035", "3.3.14")
def test_a_txt_keeps_its_strings_apart(subject):
    reply = subject.ask("strings.example.test.", "TXT")
    assert reply.answer[0][0].strings == (b"one", b"", b'three; with "quotes"')
    reply = subject.ask("octets.example.test.", "TXT")
    assert reply.answer[0][0].strings == (b"\x00\x01\x7f\x80\xff",)


@pytest.mark.rfc("3425", "3")
def test_an_inverse_query_is_notimp(subject):
    octets = bytearray(question())
    octets[2] |= 1 << 3
    assert subject.raw(bytes(octets))[3] & 15 == dns.rcode.NOTIMP
