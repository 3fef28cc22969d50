"""RFC 8020: NXDOMAIN means that nothing is below either."""

import dns.rcode
import dns.rdatatype
import pytest


@pytest.mark.rfc("8020", "2")
@pytest.mark.parametrize("name", ["deep.example.test.", "very.deep.example.test."])
def test_an_empty_non_terminal_is_no_data(subject, name):
    reply = subject.ask(name)
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer
    assert [r.rdtype for r in reply.authority] == [dns.rdatatype.SOA]


@pytest.mark.rfc("8020", "2")
def test_a_name_beside_an_empty_non_terminal_is_nxdomain(subject):
    assert subject.ask("eep.example.test.").rcode() == dns.rcode.NXDOMAIN
    assert subject.ask("x.deep.example.test.").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.rfc("8020", "2")
def test_every_name_below_a_missing_one_is_nxdomain(subject):
    assert subject.ask("a.b.c.none.example.test.").rcode() == dns.rcode.NXDOMAIN
