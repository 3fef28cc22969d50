"""RFC 4592: wildcards, on the example zone of its section 2.2.1 in our names."""

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest
from conformance.conftest import records


@pytest.mark.rfc("4592", "2.2.1")
def test_a_wildcard_answers_for_a_name_that_does_not_exist(subject):
    reply = subject.ask("host3.wild.example.test.", "MX")
    assert records(reply.answer) == ["host3.wild.example.test. 300 IN MX 10 mail.example.test."]
    assert reply.flags & dns.flags.AA


@pytest.mark.rfc("4592", "2.2.1")
def test_a_wildcard_without_the_type_is_no_data(subject):
    reply = subject.ask("host3.wild.example.test.", "A")
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer
    assert [r.rdtype for r in reply.authority] == [dns.rdatatype.SOA]


@pytest.mark.rfc("4592", "2.2.1")
def test_a_wildcard_answers_for_several_labels(subject):
    reply = subject.ask("foo.bar.wild.example.test.", "TXT")
    assert records(reply.answer) == ['foo.bar.wild.example.test. 300 IN TXT "this is a wildcard"']


@pytest.mark.rfc("4592", "2.2.1")
def test_a_name_that_exists_is_not_answered_by_a_wildcard(subject):
    reply = subject.ask("host1.wild.example.test.", "MX")
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer


@pytest.mark.rfc("4592", "2.2.1")
def test_the_asterisk_label_below_a_wildcard_exists_itself(subject):
    reply = subject.ask("sub.*.wild.example.test.", "MX")
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer


@pytest.mark.rfc("4592", "2.2.1")
def test_an_empty_non_terminal_is_not_answered_by_a_wildcard(subject):
    # _tcp.host1 exists because _ssh._tcp.host1 does.
    reply = subject.ask("_tcp.host1.wild.example.test.", "TXT")
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer


@pytest.mark.rfc("4592", "2.2.1")
def test_a_name_below_an_existing_one_is_not_answered_from_above_it(subject):
    reply = subject.ask("_telnet._tcp.host1.wild.example.test.", "SRV")
    assert reply.rcode() == dns.rcode.NXDOMAIN


@pytest.mark.rfc("4592", "2.2.1")
def test_a_name_below_a_cut_is_not_answered_by_a_wildcard(subject):
    reply = subject.ask("host.subdel.wild.example.test.", "A")
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.flags & dns.flags.AA
    assert records(reply.authority) == ["subdel.wild.example.test. 300 IN NS ns.elsewhere.example."]


@pytest.mark.rfc("4592", "2.2.1")
def test_a_name_below_the_asterisk_label_does_not_get_its_records(subject):
    reply = subject.ask("ghost.*.wild.example.test.", "MX")
    assert reply.rcode() == dns.rcode.NXDOMAIN


@pytest.mark.rfc("4592", "2.3")
def test_the_wildcard_name_itself_can_be_asked_for(subject):
    reply = subject.ask("*.wild.example.test.", "MX")
    assert records(reply.answer) == ["*.wild.example.test. 300 IN MX 10 mail.example.test."]


@pytest.mark.rfc("4592", "3.3.3")
def test_a_cname_at_a_wildcard_is_followed(subject):
    reply = subject.ask("any.cname.example.test.", "AAAA")
    assert records(reply.answer) == [
        "any.cname.example.test. 300 IN CNAME www.example.test.",
        "www.example.test. 300 IN AAAA 2001:db8::80",
    ]
