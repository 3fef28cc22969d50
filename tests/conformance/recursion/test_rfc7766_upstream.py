"""RFC 7766: what does not fit into a datagram is asked for over TCP."""

import pytest
from dns.flags import TC

from dnsd.resolver.commands import Transport


@pytest.mark.rfc("7766", "5")
def test_a_truncated_answer_is_asked_for_over_tcp(subject):
    (answer,) = subject.ask("www.long.test.", "TXT", tcp=True).answer
    assert sum(map(len, answer[0].strings)) == 2000
    ways = [each.transport for each in subject.internet.about("www.long.test.")]
    assert Transport.UDP in ways
    assert ways[-1] is Transport.TCP


@pytest.mark.rfc("7766", "5")
def test_a_client_is_told_to_do_the_same(subject):
    reply = subject.ask("www.long.test.", "TXT", payload=1232)
    assert reply.flags & TC
