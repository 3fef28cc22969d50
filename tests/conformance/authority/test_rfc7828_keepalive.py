"""RFC 7828: how long a connection may be silent."""

import dns.edns
import pytest

KEEPALIVE = 11


@pytest.mark.rfc("7828", "3.3.2")
@pytest.mark.reference("named")
def test_a_client_is_told_how_long_its_connection_may_be_silent(subject):
    options = [dns.edns.GenericOption(KEEPALIVE, b"")]
    reply = subject.ask("www.example.test.", tcp=True, options=options)
    assert [len(o.to_wire()) for o in reply.options if o.otype == KEEPALIVE] == [2]


@pytest.mark.rfc("7828", "3.2.1")
@pytest.mark.reference("named")
def test_over_udp_the_keepalive_option_is_ignored(subject):
    options = [dns.edns.GenericOption(KEEPALIVE, b"")]
    reply = subject.ask("www.example.test.", options=options)
    assert reply.answer
    assert not [o for o in reply.options if o.otype == KEEPALIVE]
