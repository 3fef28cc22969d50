"""RFC 7314: how long a secondary may go on without its primary."""

import dns.edns
import pytest

EXPIRE = 9


def ask(subject, name, rrtype, value=b""):
    reply = subject.ask(name, rrtype, options=[dns.edns.GenericOption(EXPIRE, value)])
    return [option.to_wire() for option in reply.options if option.otype == EXPIRE]


@pytest.mark.rfc("7314", "3.2")
def test_a_primary_tells_the_expire_field_of_the_soa(subject):
    assert ask(subject, "example.test.", "SOA") == [(604800).to_bytes(4, "big")]


# knotd tells it to whoever asks.
@pytest.mark.rfc("7314", "3.2")
@pytest.mark.reference("named")
def test_other_types_than_soa_have_no_such_time(subject):
    assert ask(subject, "example.test.", "NS") == []
    assert ask(subject, "www.example.test.", "SOA") == []


@pytest.mark.rfc("7314", "3.2")
def test_who_does_not_ask_is_not_told(subject):
    assert not subject.ask("example.test.", "SOA", payload=1232).options
