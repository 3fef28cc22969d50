"""RFC 9471: a referral brings the addresses without which nobody gets there."""

import dns.flags
import dns.rdatatype
import pytest
from conformance.conftest import records


@pytest.mark.rfc("9471", "3.1")
def test_addresses_inside_the_delegated_zone_are_in_the_referral(subject):
    reply = subject.ask("www.child.example.test.")
    lines = records(reply.additional)
    assert "ns.child.example.test. 300 IN A 198.51.100.1" in lines
    assert "ns.child.example.test. 300 IN AAAA 2001:db8:1::1" in lines


@pytest.mark.rfc("9471", "3.2")
def test_addresses_inside_a_sibling_are_in_the_referral(subject):
    reply = subject.ask("www.child.example.test.")
    assert "ns.sibling.example.test. 300 IN A 198.51.100.2" in records(reply.additional)


@pytest.mark.rfc("9471", "2")
def test_a_server_outside_has_no_address_here(subject):
    reply = subject.ask("www.foreign.example.test.")
    assert records(reply.authority) == ["foreign.example.test. 300 IN NS ns.elsewhere.example."]
    assert not reply.additional


@pytest.mark.rfc("2181", "5.4.1")
def test_glue_is_not_an_authoritative_answer(subject):
    reply = subject.ask("ns.child.example.test.")
    assert not reply.flags & dns.flags.AA
    assert not reply.answer
    assert [r.rdtype for r in reply.authority if r.rdtype != dns.rdatatype.DS] == [dns.rdatatype.NS]


@pytest.mark.rfc("1034", "4.2.1")
def test_other_records_below_a_cut_are_hidden(subject):
    reply = subject.ask("occluded.child.example.test.", "TXT")
    assert not reply.flags & dns.flags.AA
    assert not reply.answer
