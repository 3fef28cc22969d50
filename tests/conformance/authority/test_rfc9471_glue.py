"""RFC 9471: a referral brings the addresses without which nobody gets there."""

import dns.flags
import dns.rdatatype
import pytest
from conformance.conftest import records


@pytest.mark.rfc("9471", "2.1")
def test_addresses_inside_the_delegated_zone_are_in_the_referral(subject):
    reply = subject.ask("www.child.example.test.")
    lines = records(reply.additional)
    assert "ns.child.example.test. 300 IN A 198.51.100.1" in lines
    assert "ns.child.example.test. 300 IN AAAA 2001:db8:1::1" in lines


@pytest.mark.rfc("9471", "2.2")
def test_addresses_inside_a_sibling_are_in_the_referral(subject):
    reply = subject.ask("www.child.example.test.")
    assert "ns.sibling.example.test. 300 IN A 198.51.100.2" in records(reply.additional)


@pytest.mark.rfc("9471", "2.2")
def test_a_server_outside_has_no_address_here(subject):
    reply = subject.ask("www.foreign.example.test.")
    assert records(reply.authority) == ["foreign.example.test. 300 IN NS ns.elsewhere.example."]
    assert not reply.additional


@pytest.mark.rfc("9471", "2.3")
@pytest.mark.parametrize(("here", "there", "address"), [(1, 2, 12), (2, 1, 11)])
def test_siblings_that_need_each_other_can_be_reached(subject, here, there, address):
    reply = subject.ask(f"www.cycle{here}.example.test.")
    assert records(reply.additional) == [
        f"ns.cycle{there}.example.test. 300 IN A 198.51.100.{address}"
    ]


@pytest.mark.rfc("9471", "2.4")
def test_a_delegation_without_its_address_is_still_a_referral(subject):
    reply = subject.ask("www.lost.example.test.")
    assert records(reply.authority) == ["lost.example.test. 300 IN NS ns.lost.example.test."]
    assert not reply.additional
    assert not reply.flags & dns.flags.TC


@pytest.mark.rfc("9471", "3.1")
def test_tc_is_set_when_addresses_inside_the_delegated_zone_do_not_fit(subject):
    reply = subject.ask("www.wide.sizes.test.")
    assert reply.flags & dns.flags.TC
    for whole in (
        subject.ask("www.wide.sizes.test.", payload=1232),
        subject.ask("www.wide.sizes.test.", tcp=True),
    ):
        assert not whole.flags & dns.flags.TC
        assert len(whole.additional) == 16


@pytest.mark.rfc("9471", "3.2")
def test_addresses_inside_a_sibling_may_be_left_out(subject):
    reply = subject.ask("www.beside.sizes.test.")
    assert not reply.flags & dns.flags.TC
    assert 0 < len(reply.additional) < 16
    assert len(subject.ask("www.beside.sizes.test.", payload=1232).additional) == 16


@pytest.mark.rfc("9471", "3.3")
def test_addresses_of_name_servers_stand_in_the_additional_section(subject):
    reply = subject.ask("www.child.example.test.")
    assert {rrset.rdtype for rrset in reply.authority} == {dns.rdatatype.NS}
    assert {rrset.rdtype for rrset in reply.additional} == {dns.rdatatype.A, dns.rdatatype.AAAA}
