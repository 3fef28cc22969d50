"""RFC 9619: a query has one question."""

import dns.message
import dns.rcode
import pytest


@pytest.mark.rfc("9619", "4")
@pytest.mark.reference("named")
@pytest.mark.parametrize("count", [2, 3])
def test_several_questions_are_formerr(subject, count):
    octets = bytearray(dns.message.make_query("example.test.", "SOA", use_edns=False).to_wire())
    octets[5] = count
    reply = subject.raw(bytes(octets + octets[12:] * (count - 1)))
    assert reply[3] & 15 == dns.rcode.FORMERR


@pytest.mark.rfc("9619", "4")
def test_no_question_is_formerr(subject):
    octets = bytearray(dns.message.make_query("example.test.", "SOA", use_edns=False).to_wire())
    assert subject.raw(bytes(octets[:4]) + bytes(8))[3] & 15 == dns.rcode.FORMERR


# knotd is silent.
@pytest.mark.rfc("9619", "4")
@pytest.mark.reference("named")
def test_more_questions_announced_than_sent_are_formerr(subject):
    octets = bytearray(dns.message.make_query("example.test.", "SOA", use_edns=False).to_wire())
    octets[5] = 2
    assert subject.raw(bytes(octets))[3] & 15 == dns.rcode.FORMERR
