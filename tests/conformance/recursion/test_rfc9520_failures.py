"""RFC 9520: who cannot be resolved is not asked for again and again."""

import dns.rcode
import pytest


# Unbound tries for longer than a client waits.
@pytest.mark.rfc("9520", "3.2")
@pytest.mark.reference("named")
def test_a_failure_is_asked_for_once_in_a_while(subject):
    assert subject.ask("www.gone.test.").rcode() == dns.rcode.SERVFAIL
    before = len(subject.internet.seen)
    for _ in range(5):
        assert subject.ask("www.gone.test.").rcode() == dns.rcode.SERVFAIL
    assert len(subject.internet.seen) == before


@pytest.mark.rfc("9520", "3.1")
def test_a_server_that_fails_is_asked_a_few_times_only(subject):
    subject.places.servers[subject.places.at("failing")].fails = True
    assert subject.ask("other.failing.test.").rcode() == dns.rcode.SERVFAIL
    seen = subject.internet.about("other.failing.test.", at=subject.places.at("failing"))
    assert 0 < len(seen) <= 12
