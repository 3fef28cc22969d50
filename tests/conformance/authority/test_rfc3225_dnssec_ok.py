"""RFC 3225: the DO bit of a query and of its reply."""

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

SIGNING = {dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3, dns.rdatatype.DNSKEY}
NAMES = ["www.example.test.", "none.example.test.", "a.child.example.test.", "a.elsewhere.test."]


@pytest.mark.rfc("3225", "3")
@pytest.mark.parametrize("name", NAMES)
def test_the_bit_is_copied(subject, name):
    assert subject.ask(name, ednsflags=dns.flags.DO).ednsflags & dns.flags.DO
    assert not subject.ask(name, ednsflags=0).ednsflags & dns.flags.DO


@pytest.mark.rfc("3225", "3")
@pytest.mark.parametrize("name", NAMES)
def test_without_the_bit_there_are_no_records_of_signing(subject, name):
    reply = subject.ask(name, ednsflags=0)
    found = {r.rdtype for r in (*reply.answer, *reply.authority, *reply.additional)}
    assert not found & SIGNING


@pytest.mark.rfc("3225", "3")
def test_of_an_unsigned_zone_the_answer_is_the_same(subject):
    with_do = subject.ask("www.example.test.", ednsflags=dns.flags.DO)
    assert with_do.rcode() == dns.rcode.NOERROR
    assert with_do.answer == subject.ask("www.example.test.").answer
