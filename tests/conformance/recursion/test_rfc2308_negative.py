"""RFC 2308: denials are kept, for as long as their SOA says."""

import dns.rcode
import pytest


def asked(subject, name):
    return [each for each in subject.internet.about(name) if each.name == name]


@pytest.mark.rfc("2308", "5")
@pytest.mark.parametrize(
    ("name", "rrtype", "rcode"),
    [
        ("none.negative.test.", "A", dns.rcode.NXDOMAIN),
        ("www.nodata.test.", "MX", dns.rcode.NOERROR),
    ],
    ids=["NXDOMAIN", "NODATA"],
)
def test_a_denial_is_asked_for_once(subject, name, rrtype, rcode):
    first = subject.ask(name, rrtype)
    before = len(asked(subject, name))
    again = [subject.ask(name, rrtype) for _ in range(3)]
    assert [reply.rcode() for reply in (first, *again)] == [rcode] * 4
    assert len(asked(subject, name)) == before


@pytest.mark.rfc("2308", "5")
@pytest.mark.reference("named")
def test_the_denial_of_a_name_denies_all_its_types(subject):
    subject.ask("gone.negative.test.", "A")
    before = len(asked(subject, "gone.negative.test."))
    assert subject.ask("gone.negative.test.", "MX").rcode() == dns.rcode.NXDOMAIN
    assert len(asked(subject, "gone.negative.test.")) == before


@pytest.mark.rfc("2308", "3")
@pytest.mark.rfc("2308", "5")
@pytest.mark.parametrize(
    ("name", "longest"),
    [("x.negative.test.", 60), ("x.brief.test.", 20)],
    ids=["MINIMUM", "the TTL of the SOA"],
)
def test_it_is_kept_no_longer_than_the_lesser_of_minimum_and_ttl_of_the_soa(subject, name, longest):
    for _ in range(2):
        (soa,) = subject.ask(name).authority
        assert (soa.rdtype, 0 < soa.ttl <= longest) == (6, True)


@pytest.mark.rfc("2308", "7.1")
def test_a_failure_is_kept_and_is_no_denial(subject):
    subject.places.servers[subject.places.at("failing")].fails = True
    assert subject.ask("www.failing.test.").rcode() == dns.rcode.SERVFAIL
    before = len(subject.internet.about("failing.test."))
    for _ in range(5):
        assert subject.ask("www.failing.test.").rcode() == dns.rcode.SERVFAIL
    assert len(subject.internet.about("failing.test.")) == before
