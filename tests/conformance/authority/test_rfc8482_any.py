"""RFC 8482: an answer to ANY that is worth nothing to an attacker."""

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest


@pytest.mark.rfc("8482", "4.1")
def test_any_over_udp_gets_one_rrset(subject):
    reply = subject.ask("example.test.", "ANY")
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags & dns.flags.AA
    assert len(reply.answer) == 1


@pytest.mark.rfc("8482", "4.1")
def test_any_for_a_missing_name_is_nxdomain(subject):
    assert subject.ask("none.example.test.", "ANY").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.rfc("8482", "4.4")
@pytest.mark.reference("named")
def test_any_over_tcp_gets_every_rrset(subject):
    reply = subject.ask("example.test.", "ANY", tcp=True)
    assert {rrset.rdtype for rrset in reply.answer} == {
        dns.rdatatype.SOA, dns.rdatatype.NS, dns.rdatatype.MX, dns.rdatatype.TXT,
    }  # fmt: skip
