"""What an authoritative server may do and ours does not yet, and how it refuses meanwhile."""

import struct

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update
import pytest

KEY = dns.tsig.Key("nobody.test.", b"0123456789abcdef0123456789abcdef")


def signed():
    query = dns.message.make_query("example.test.", "SOA", use_edns=False)
    query.use_tsig(KEY)
    return query.to_wire()


@pytest.mark.rfc("8945", "5.2.1")
def test_a_signature_of_an_unknown_key_is_notauth(subject):
    assert subject.raw(signed())[3] & 15 == dns.rcode.NOTAUTH


@pytest.mark.rfc("8945", "5.2.1")
@pytest.mark.lacks("replies have no TSIG record yet")
def test_the_reply_to_an_unknown_key_says_badkey(subject):
    octets = subject.raw(signed())
    reply = dns.message.from_wire(octets, keyring=False)
    (tsig,) = [r for r in reply.additional if r.rdtype == dns.rdatatype.TSIG] or [reply.tsig]
    assert tsig[0].error == dns.rcode.BADKEY


@pytest.mark.rfc("5936", "2.2.1")
@pytest.mark.reference("nsd")
@pytest.mark.parametrize("rrtype", ["AXFR", "IXFR"])
def test_a_transfer_that_is_not_allowed_is_refused(subject, rrtype):
    reply = subject.ask("example.test.", rrtype, tcp=True)
    assert reply.rcode() == dns.rcode.REFUSED
    assert not reply.answer


@pytest.mark.rfc("5936", "2.2.1")
@pytest.mark.parametrize("name", ["www.example.test.", "elsewhere.example."])
def test_a_transfer_of_what_is_no_zone_here_is_notauth(subject, name):
    assert subject.ask(name, "AXFR", tcp=True).rcode() == dns.rcode.NOTAUTH


@pytest.mark.rfc("5936", "4.2")
def test_a_transfer_over_udp_is_not_implemented(subject):
    assert subject.ask("example.test.", "AXFR").rcode() == dns.rcode.NOTIMP


@pytest.mark.rfc("2136", "3.3")
@pytest.mark.reference("named")
def test_an_update_that_is_not_allowed_is_refused(subject):
    update = dns.update.UpdateMessage("example.test.")
    update.add("fresh", 300, "A", "192.0.2.250")
    reply = dns.message.from_wire(subject.raw(update.to_wire()))
    assert reply.rcode() == dns.rcode.REFUSED
    assert subject.ask("fresh.example.test.").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.rfc("2136", "3.1.1")
@pytest.mark.reference("named")
def test_an_update_of_what_is_no_zone_here_is_notauth(subject):
    update = dns.update.UpdateMessage("elsewhere.example.")
    update.add("fresh", 300, "A", "192.0.2.250")
    reply = dns.message.from_wire(subject.raw(update.to_wire()))
    assert reply.rcode() == dns.rcode.NOTAUTH


# knotd closes the connection.
@pytest.mark.rfc("8490", "5.1")
@pytest.mark.reference("named")
def test_a_session_is_not_implemented(subject):
    keepalive = b"\0\1\0\x08\0\0\x3a\x98\0\0\x3a\x98"
    octets = struct.pack("!6H", 5, 6 << 11, 0, 0, 0, 0) + keepalive
    reply = subject.raw(octets, tcp=True)
    assert reply[3] & 15 == dns.rcode.NOTIMP
    assert reply[2] >> 3 & 15 == 6
