"""RFC 8767: an expired answer is better than none."""

import dns.edns
import dns.rcode
import pytest


@pytest.mark.rfc("8767", "4")
@pytest.mark.rfc("8767", "5")
def test_an_expired_answer_is_given_when_its_servers_fail(subject):
    assert subject.ask("www.stale.test.").answer
    subject.places.servers[subject.places.at("stale")].fails = True
    # Its time to live is a second. Then the servers are asked, and fail.
    reply = subject.until(
        lambda reply: reply.answer and reply.answer[0].ttl > 1, "www.stale.test.", payload=1232
    )
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.answer[0].ttl == 30
    assert [int(each.code) for each in reply.options if each.otype == dns.edns.EDE] == [3]
