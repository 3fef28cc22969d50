"""RFC 1123 §6.1: what every name server must do."""

import struct

import dns.flags
import dns.message
import dns.rcode
import pytest
from conformance.octets import record_places


@pytest.mark.rfc("1123", "6.1.2.1")
def test_a_record_with_a_ttl_of_zero_is_served(subject):
    (rrset,) = subject.ask("zero.example.test.").answer
    assert rrset.ttl == 0


@pytest.mark.rfc("1123", "6.1.2.3")
def test_unused_fields_of_a_reply_are_zero(subject):
    query = dns.message.make_query("none.example.test.", "A", use_edns=False)
    query.flags = 0
    octets = subject.raw(query.to_wire())
    assert struct.unpack("!H", octets[2:4])[0] & 0x0070 == 0


@pytest.mark.rfc("1123", "6.1.2.4")
def test_replies_are_compressed(subject):
    query = dns.message.make_query("child.example.test.", "NS", use_edns=False)
    octets = subject.raw(query.to_wire())
    assert len(octets) < len(dns.message.from_wire(octets).to_wire()) + 40
    assert all(place.owner_octets[0] >= 0xC0 for place in record_places(octets)[:2])


@pytest.mark.rfc("1123", "6.1.3.2")
def test_udp_and_tcp_are_answered_alike(subject):
    for name in ("www.example.test.", "none.example.test.", "www.child.example.test."):
        assert (
            subject.ask(name).to_text().splitlines()[1:]
            == (subject.ask(name, tcp=True).to_text().splitlines()[1:])
        )


@pytest.mark.rfc("1123", "6.1.3.2")
def test_over_udp_a_reply_that_is_too_long_is_truncated(subject):
    reply = subject.ask("big.example.test.", "TXT")
    assert reply.flags & dns.flags.TC
    assert reply.rcode() == dns.rcode.NOERROR


@pytest.mark.rfc("1123", "6.1.3.5")
def test_new_types_need_no_new_server(subject):
    assert subject.ask("unknown.example.test.", "TYPE65280").answer
