"""RFC 6840 §5: the AD and CD bits at a server that validates nothing."""

import dns.flags
import dns.rcode
import pytest


@pytest.mark.rfc("6840", "5.7")
@pytest.mark.parametrize("flags", [dns.flags.AD, dns.flags.AD | dns.flags.CD])
def test_ad_in_a_query_does_no_harm(subject, flags):
    reply = subject.ask("www.example.test.", flags=flags)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.answer


@pytest.mark.rfc("6840", "5.8")
@pytest.mark.parametrize("name", ["www.example.test.", "none.example.test."])
def test_ad_is_not_set_by_who_did_not_validate(subject, name):
    for flags in (0, dns.flags.AD):
        for ednsflags in (0, dns.flags.DO):
            reply = subject.ask(name, flags=flags, ednsflags=ednsflags)
            assert not reply.flags & dns.flags.AD
