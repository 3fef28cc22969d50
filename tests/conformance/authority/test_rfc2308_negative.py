"""RFC 2308: what a denial carries, and for how long it may be kept."""

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest
from conformance.conftest import records

SOA = "IN SOA ns1.example.test. hostmaster.example.test. 7 7200 3600 604800 300"


@pytest.mark.rfc("2308", "2.1")
def test_a_name_error_has_the_soa_in_its_authority_section(subject):
    reply = subject.ask("none.example.test.")
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert reply.flags & dns.flags.AA
    assert not reply.answer
    assert records(reply.authority) == [f"example.test. 300 {SOA}"]


@pytest.mark.rfc("2308", "2.1.1")
def test_a_name_error_of_the_second_type_has_no_ns_beside_the_soa(subject):
    reply = subject.ask("none.example.test.")
    assert dns.rdatatype.NS not in {rrset.rdtype for rrset in reply.authority}


@pytest.mark.rfc("2308", "2.1")
def test_a_cname_that_leads_to_no_name_gives_nxdomain_and_the_soa(subject):
    reply = subject.ask("dangling.example.test.")
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert records(reply.answer) == ["dangling.example.test. 300 IN CNAME none.example.test."]
    assert records(reply.authority) == [f"example.test. 300 {SOA}"]


@pytest.mark.rfc("2308", "2.2")
def test_no_data_is_noerror_with_the_soa(subject):
    reply = subject.ask("www.example.test.", "MX")
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags & dns.flags.AA
    assert not reply.answer
    assert records(reply.authority) == [f"example.test. 300 {SOA}"]


@pytest.mark.rfc("2308", "2.2")
def test_a_cname_that_leads_to_no_data_gives_noerror_and_the_soa(subject):
    reply = subject.ask("to-nodata.example.test.", "A")
    assert reply.rcode() == dns.rcode.NOERROR
    assert records(reply.answer) == ["to-nodata.example.test. 300 IN CNAME txt.example.test."]
    assert records(reply.authority) == [f"example.test. 300 {SOA}"]


@pytest.mark.rfc("2308", "2.2")
def test_a_referral_can_be_told_from_no_data(subject):
    reply = subject.ask("www.child.example.test.")
    assert not reply.flags & dns.flags.AA
    assert dns.rdatatype.SOA not in {rrset.rdtype for rrset in reply.authority}


@pytest.mark.rfc("2308", "3")
def test_the_soa_has_the_lower_of_its_ttl_and_its_minimum(subject):
    reply = subject.ask("none.other.test.")
    assert [rrset.ttl for rrset in reply.authority] == [60]
    assert subject.ask("other.test.", "SOA").answer[0].ttl == 3600


@pytest.mark.rfc("2308", "3")
def test_the_soa_is_that_of_the_nearest_zone(subject):
    reply = subject.ask("none.nested.example.test.")
    assert [rrset.name.to_text() for rrset in reply.authority] == ["nested.example.test."]
    assert [rrset.ttl for rrset in reply.authority] == [120]
