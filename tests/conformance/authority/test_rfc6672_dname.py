"""RFC 6672: DNAME redirects a whole subtree."""

import dns.flags
import dns.rcode
import pytest
from conformance.conftest import records


@pytest.mark.rfc("6672", "2.2")
def test_a_name_below_is_redirected_and_found(subject):
    reply = subject.ask("host.old.example.test.")
    assert reply.rcode() == dns.rcode.NOERROR
    assert records(reply.answer) == [
        "host.new.example.test. 300 IN A 192.0.2.110",
        "host.old.example.test. 300 IN CNAME host.new.example.test.",
        "old.example.test. 300 IN DNAME new.example.test.",
    ]


@pytest.mark.rfc("6672", "3.1")
def test_the_cname_that_is_made_has_the_ttl_of_the_dname(subject):
    reply = subject.ask("x.far.example.test.")
    assert {rrset.ttl for rrset in reply.answer} == {300}


@pytest.mark.rfc("6672", "2.3")
def test_the_owner_itself_is_not_redirected(subject):
    reply = subject.ask("old.example.test.", "TXT")
    assert records(reply.answer) == ['old.example.test. 300 IN TXT "beside the DNAME"']


@pytest.mark.rfc("6672", "2.3")
def test_the_owner_is_answered_with_the_dname_when_asked_for_it(subject):
    reply = subject.ask("old.example.test.", "DNAME")
    assert records(reply.answer) == ["old.example.test. 300 IN DNAME new.example.test."]


@pytest.mark.rfc("6672", "2.2")
def test_a_name_that_would_grow_too_long_is_yxdomain(subject):
    label = "y" * 20
    reply = subject.ask(f"{label}.long.example.test.")
    assert reply.rcode() == dns.rcode.YXDOMAIN
    assert [rrset.rdtype for rrset in reply.answer] == [dns.rdatatype.DNAME]


@pytest.mark.rfc("6672", "3.2")
def test_a_redirection_out_of_our_zones_ends_with_the_cname(subject):
    reply = subject.ask("x.far.example.test.")
    assert reply.rcode() == dns.rcode.NOERROR
    assert records(reply.answer) == [
        "far.example.test. 300 IN DNAME elsewhere.example.",
        "x.far.example.test. 300 IN CNAME x.elsewhere.example.",
    ]


@pytest.mark.rfc("6672", "3.2")
def test_a_redirected_name_that_does_not_exist_is_nxdomain(subject):
    reply = subject.ask("none.old.example.test.")
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert len(reply.answer) == 2
