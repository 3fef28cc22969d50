"""RFC 6604 and RFC 1035 §4.1.1: rcode and AA of a chain of aliases."""

import dns.flags
import dns.rcode
import pytest
from conformance.conftest import records


@pytest.mark.rfc("6604", "2.1")
@pytest.mark.parametrize(
    "name",
    [
        "outside.example.test.",
        "to-child.example.test.",
        "alias.example.test.",
        "x.far.example.test.",
    ],
)
def test_aa_is_that_of_the_first_owner(subject, name):
    assert subject.ask(name).flags & dns.flags.AA


@pytest.mark.rfc("6604", "2.2")
def test_ad_is_for_those_who_validated(subject):
    for flags in (0, dns.flags.AD):
        assert not subject.ask("alias.example.test.", flags=flags).flags & dns.flags.AD


@pytest.mark.rfc("6604", "3")
@pytest.mark.parametrize(
    ("name", "rcode"),
    [
        ("dangling.example.test.", dns.rcode.NXDOMAIN),
        ("none.old.example.test.", dns.rcode.NXDOMAIN),
        ("to-nodata.example.test.", dns.rcode.NOERROR),
        ("alias2.example.test.", dns.rcode.NOERROR),
        # How that one ends, the server cannot know.
        ("outside.example.test.", dns.rcode.NOERROR),
        ("x.far.example.test.", dns.rcode.NOERROR),
    ],
)
def test_the_rcode_is_that_of_the_end_of_the_chain(subject, name, rcode):
    assert subject.ask(name).rcode() == rcode


@pytest.mark.rfc("1034", "4.3.2")
@pytest.mark.reference("nsd")
def test_a_chain_goes_on_in_another_zone_of_the_server(subject):
    reply = subject.ask("to-other.example.test.")
    assert records(reply.answer) == [
        "to-other.example.test. 300 IN CNAME www.other.test.",
        "www.other.test. 3600 IN A 192.0.2.201",
    ]


@pytest.mark.rfc("1034", "4.3.2")
def test_a_chain_into_a_delegation_ends_with_a_referral(subject):
    reply = subject.ask("to-child.example.test.")
    assert reply.rcode() == dns.rcode.NOERROR
    assert records(reply.answer) == ["to-child.example.test. 300 IN CNAME www.child.example.test."]
    assert {rrset.name.to_text() for rrset in reply.authority} == {"child.example.test."}
