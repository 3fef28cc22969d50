"""RFC 8906: a server answers everything, also what it does not know."""

import struct

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest


@pytest.mark.rfc("8906", "8.1.1")
def test_a_known_type(subject):
    reply = subject.ask("example.test.", "SOA")
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags & dns.flags.AA


@pytest.mark.rfc("8906", "8.1.2")
def test_an_unknown_type_is_no_data(subject):
    reply = subject.ask("example.test.", "TYPE1000")
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags & dns.flags.AA
    assert not reply.answer


@pytest.mark.rfc("8906", "8.1.3.1")
@pytest.mark.parametrize("flag", [dns.flags.CD, dns.flags.AD], ids=["CD", "AD"])
def test_a_header_flag_of_dnssec_does_no_harm(subject, flag):
    reply = subject.ask("example.test.", "SOA", flags=flag)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.answer
    assert not reply.flags & dns.flags.AD


@pytest.mark.rfc("8906", "8.1.3.2")
def test_the_reserved_header_bit_is_clear_in_the_reply(subject):
    reply = subject.ask("example.test.", "SOA", flags=0x0040)
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.flags & 0x0040
    assert reply.answer


@pytest.mark.rfc("8906", "8.1.4")
@pytest.mark.parametrize("opcode", [3, 7, 15])
def test_an_unknown_opcode_is_notimp(subject, opcode):
    query = struct.pack("!6H", 77, opcode << 11, 0, 0, 0, 0)
    reply = dns.message.from_wire(subject.raw(query))
    assert reply.rcode() == dns.rcode.NOTIMP
    assert reply.opcode() == opcode
    assert reply.flags & dns.flags.QR


@pytest.mark.rfc("8906", "8.1.5")
def test_tcp_is_answered(subject):
    reply = subject.ask("example.test.", "SOA", tcp=True)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.answer


@pytest.mark.rfc("8906", "3.1.4")
@pytest.mark.reference("nsd")
@pytest.mark.parametrize("rdclass", ["CH", "HS", "CLASS65280"])
def test_another_class_is_refused(subject, rdclass):
    query = dns.message.make_query("example.test.", "SOA", rdclass, use_edns=False)
    assert subject.exchange(query).rcode() == dns.rcode.REFUSED


@pytest.mark.rfc("1035", "4.1.1")
def test_a_response_gets_no_reply(subject):
    query = dns.message.make_query("example.test.", "SOA", use_edns=False)
    query.flags = dns.flags.QR
    with pytest.raises(TimeoutError):
        subject.raw(query.to_wire(), timeout_s=0.4)


@pytest.mark.rfc("9619", "4")
@pytest.mark.reference("named")
def test_two_questions_are_formerr(subject):
    octets = bytearray(dns.message.make_query("example.test.", "SOA", use_edns=False).to_wire())
    octets[5] = 2
    reply = subject.raw(bytes(octets + octets[12:]))
    assert reply[3] & 15 == dns.rcode.FORMERR


@pytest.mark.rfc("1035", "4.1.4")
@pytest.mark.reference("named")
@pytest.mark.parametrize(
    "name",
    [b"\xc0\x0c", b"\x41" + bytes(65) + b"\0", b"\x81x\0", b"\xff\xff"],
    ids=["pointer to itself", "label type 01", "label type 10", "pointer past the end"],
)
def test_a_malformed_question_is_formerr(subject, name):
    octets = struct.pack("!6H", 78, 0, 1, 0, 0, 0) + name + b"\0\1\0\1"
    reply = subject.raw(octets)
    assert reply[:2] == octets[:2]
    assert reply[3] & 15 == dns.rcode.FORMERR
