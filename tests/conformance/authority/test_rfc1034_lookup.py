"""RFC 1034 §4.3.2: the algorithm, step by step."""

import dns.flags
import dns.rcode
import pytest
from conformance.conftest import records


@pytest.mark.rfc("1034", "4.3.2")
def test_step_2_no_zone_of_the_server_is_refused(subject):
    reply = subject.ask("www.elsewhere.example.")
    assert reply.rcode() == dns.rcode.REFUSED
    assert not reply.flags & dns.flags.AA
    assert not reply.answer


@pytest.mark.rfc("1034", "4.3.2")
def test_step_2_the_nearest_zone_answers(subject):
    reply = subject.ask("www.nested.example.test.")
    assert records(reply.answer) == ["www.nested.example.test. 3600 IN A 192.0.2.211"]
    assert reply.flags & dns.flags.AA


@pytest.mark.rfc("1034", "4.3.2")
def test_step_3a_a_name_with_the_type_is_answered(subject):
    reply = subject.ask("www.example.test.")
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags & dns.flags.AA
    assert records(reply.answer) == [
        "www.example.test. 300 IN A 192.0.2.80",
        "www.example.test. 300 IN A 192.0.2.81",
    ]


@pytest.mark.rfc("1034", "4.3.2")
def test_step_3a_a_cname_is_followed_within_the_zone(subject):
    reply = subject.ask("alias2.example.test.", "AAAA")
    assert records(reply.answer) == [
        "alias.example.test. 300 IN CNAME www.example.test.",
        "alias2.example.test. 300 IN CNAME alias.example.test.",
        "www.example.test. 300 IN AAAA 2001:db8::80",
    ]


@pytest.mark.rfc("1034", "4.3.2")
def test_step_3b_a_cut_gives_a_referral(subject):
    reply = subject.ask("www.child.example.test.")
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.flags & dns.flags.AA
    assert not reply.answer
    assert records(r for r in reply.authority if r.rdtype == dns.rdatatype.NS) == [
        "child.example.test. 300 IN NS ns.child.example.test.",
        "child.example.test. 300 IN NS ns.sibling.example.test.",
    ]


@pytest.mark.rfc("1034", "4.3.2")
def test_step_3c_a_name_that_does_not_exist(subject):
    reply = subject.ask("none.example.test.")
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert reply.flags & dns.flags.AA
    assert [rrset.rdtype for rrset in reply.authority] == [dns.rdatatype.SOA]


@pytest.mark.rfc("1034", "3.6.2")
def test_a_cname_itself_is_answered_when_asked_for(subject):
    reply = subject.ask("alias.example.test.", "CNAME")
    assert records(reply.answer) == ["alias.example.test. 300 IN CNAME www.example.test."]


@pytest.mark.rfc("1034", "3.6.2")
def test_a_loop_of_cnames_ends_with_what_was_found(subject):
    reply = subject.ask("loop1.example.test.")
    assert reply.rcode() == dns.rcode.NOERROR
    assert records(reply.answer) == [
        "loop1.example.test. 300 IN CNAME loop2.example.test.",
        "loop2.example.test. 300 IN CNAME loop1.example.test.",
    ]


@pytest.mark.rfc("1034", "3.7.1")
@pytest.mark.parametrize(
    "name", ["www.example.test.", "none.example.test.", "a.child.example.test."]
)
def test_a_reply_repeats_the_question(subject, name):
    reply = subject.ask(name)
    (question,) = reply.question
    assert question.to_text() == f"{name} IN A"


@pytest.mark.rfc("1034", "3.7.1")
def test_the_answer_section_holds_what_was_asked_for(subject):
    reply = subject.ask("www.example.test.", "AAAA")
    assert records(reply.answer) == ["www.example.test. 300 IN AAAA 2001:db8::80"]


@pytest.mark.rfc("1034", "4.3.1")
@pytest.mark.parametrize(
    "name",
    ["www.example.test.", "none.example.test.", "a.child.example.test.", "a.elsewhere.test."],
)
def test_a_server_without_recursion_answers_the_same_when_recursion_is_desired(subject, name):
    plain = subject.ask(name)
    desired = subject.ask(name, flags=dns.flags.RD)
    assert desired.flags == plain.flags | dns.flags.RD
    assert not desired.flags & dns.flags.RA
    for section in ("answer", "authority", "additional"):
        assert records(getattr(desired, section)) == records(getattr(plain, section))


@pytest.mark.rfc("1034", "4.3.3")
def test_a_record_made_from_a_wildcard_has_the_name_that_was_asked_for(subject):
    reply = subject.ask("some.wild.example.test.", "TXT")
    assert records(reply.answer) == ['some.wild.example.test. 300 IN TXT "this is a wildcard"']


@pytest.mark.rfc("1034", "4.3.3")
def test_a_wildcard_does_not_reach_into_another_zone(subject):
    reply = subject.ask("some.subdel.wild.example.test.", "TXT")
    assert not reply.answer
    assert not reply.flags & dns.flags.AA


@pytest.mark.rfc("1034", "4.3.3")
def test_a_wildcard_does_not_stand_for_a_name_that_exists(subject):
    reply = subject.ask("host1.wild.example.test.", "TXT")
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer


@pytest.mark.rfc("1034", "4.2.1")
def test_the_name_servers_at_a_cut_are_answered_by_referral_only(subject):
    reply = subject.ask("child.example.test.", "NS")
    assert not reply.answer
    assert not reply.flags & dns.flags.AA
    assert reply.authority[0].rdtype == dns.rdatatype.NS


@pytest.mark.rfc("1034", "4.2.1")
def test_other_records_below_a_cut_are_hidden(subject):
    reply = subject.ask("occluded.child.example.test.", "TXT")
    assert not reply.flags & dns.flags.AA
    assert not reply.answer
