"""RFC 6672 §3: redirections as a resolver gives them on."""

import dns.rdatatype
import pytest


@pytest.mark.rfc("6672", "3.1")
def test_a_redirection_comes_with_its_alias_and_its_end(subject):
    for _ in range(2):  # asked for, then from the cache
        answer = subject.ask("www.old.moving.test.").answer
        assert [dns.rdatatype.to_text(rrset.rdtype) for rrset in answer] == ["DNAME", "CNAME", "A"]
        assert answer[1][0].target.to_text() == "www.new.moving.test."
        assert answer[2].name.to_text() == "www.new.moving.test."


@pytest.mark.rfc("6672", "2.3")
def test_the_name_itself_is_not_redirected(subject):
    reply = subject.ask("old.moving.test.", "DNAME")
    assert [rrset.rdtype for rrset in reply.answer] == [dns.rdatatype.DNAME]
    assert not subject.ask("stay.moving.test.", "DNAME").answer
