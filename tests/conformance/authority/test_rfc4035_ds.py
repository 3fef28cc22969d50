"""RFC 4035 §3.1.4.1: DS belongs to the parent's side of a cut."""

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest


@pytest.mark.rfc("4035", "3.1.4.1")
def test_ds_at_a_cut_is_answered_by_the_parent(subject):
    reply = subject.ask("child.example.test.", "DS")
    assert reply.flags & dns.flags.AA
    assert [rrset.rdtype for rrset in reply.answer] == [dns.rdatatype.DS]


@pytest.mark.rfc("4035", "3.1.4.1")
def test_ds_is_answered_by_the_parent_when_the_child_is_here_too(subject):
    reply = subject.ask("nested.example.test.", "DS")
    assert reply.flags & dns.flags.AA
    assert reply.answer[0][0].key_tag == 54321


@pytest.mark.rfc("4035", "3.1.4.1")
def test_ds_at_an_apex_without_a_parent_here_is_no_data(subject):
    reply = subject.ask("other.test.", "DS")
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer
    assert [r.rdtype for r in reply.authority] == [dns.rdatatype.SOA]


@pytest.mark.rfc("4035", "3.1.4.1")
def test_a_cut_without_ds_says_no_data_from_the_parent(subject):
    reply = subject.ask("sibling.example.test.", "DS")
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags & dns.flags.AA
    assert not reply.answer
    assert [r.rdtype for r in reply.authority] == [dns.rdatatype.SOA]
