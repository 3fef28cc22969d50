"""RFC 8914: why a resolver has no answer."""

import dns.edns
import dns.rcode
import pytest


def codes(reply):
    return [int(option.code) for option in reply.options if option.otype == dns.edns.EDE]


# Unbound 1.17 says 22 only when it had no server to ask, named 9.18 nothing.
@pytest.mark.rfc("8914", "4.23")
@pytest.mark.reference(None)
def test_a_zone_whose_servers_cannot_be_reached_is_explained(subject):
    reply = subject.ask("www.gone.test.", payload=1232)
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert set(codes(reply)) <= {22, 23}
    assert codes(reply)


@pytest.mark.rfc("8914", "4.21")
def test_a_resolver_that_is_not_asked_to_resolve_says_so(subject):
    reply = subject.ask("www.vanished.test.", flags=0, payload=1232, tcp=True)
    assert reply.rcode() == dns.rcode.REFUSED
    assert codes(reply) == [20]


@pytest.mark.rfc("8914", "2")
@pytest.mark.reference("named")
def test_without_edns_there_is_no_explanation(subject):
    assert subject.ask("www.gone.test.").edns == -1


@pytest.mark.rfc("8914", "3")
def test_an_answer_needs_no_explanation(subject):
    assert codes(subject.ask("www.plain.test.", payload=1232)) == []
