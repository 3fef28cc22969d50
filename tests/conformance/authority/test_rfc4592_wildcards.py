"""RFC 4592: wildcards, on the example zone of its section 2.2.1 in our names."""

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest
from conformance.conftest import Arrangement, records

WILDCARD = 'IN TXT "this is a wildcard"'


def is_no_data(reply):
    return (
        reply.rcode() == dns.rcode.NOERROR
        and bool(reply.flags & dns.flags.AA)
        and not reply.answer
        and [rrset.rdtype for rrset in reply.authority] == [dns.rdatatype.SOA]
    )


@pytest.mark.rfc("4592", "2.1.1")
@pytest.mark.parametrize("label", ["a\\*", "\\*a", "\\*\\*"])
def test_an_asterisk_beside_other_letters_makes_no_wildcard(subject, label):
    assert subject.ask(f"{label}.stars.example.test.", "TXT").answer
    assert subject.ask("xa.stars.example.test.", "TXT").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.rfc("4592", "2.1.1")
def test_an_escaped_asterisk_alone_is_a_wildcard(subject):
    reply = subject.ask("any.odd.example.test.", "TXT")
    assert records(reply.answer) == [
        'any.odd.example.test. 300 IN TXT "an asterisk that was escaped"'
    ]


@pytest.mark.rfc("4592", "2.1.3")
def test_an_asterisk_inside_a_name_stands_for_itself(subject):
    reply = subject.ask("sub.*.wild.example.test.", "TXT")
    assert records(reply.answer) == ['sub.*.wild.example.test. 300 IN TXT "this is not a wildcard"']
    reply = subject.ask("sub.other.wild.example.test.", "TXT")
    assert records(reply.answer) == [f"sub.other.wild.example.test. 300 {WILDCARD}"]


@pytest.mark.rfc("4592", "2.2.1")
def test_a_wildcard_answers_for_a_name_that_does_not_exist(subject):
    reply = subject.ask("host3.wild.example.test.", "MX")
    assert records(reply.answer) == ["host3.wild.example.test. 300 IN MX 10 mail.example.test."]
    assert reply.flags & dns.flags.AA


@pytest.mark.rfc("4592", "2.2.1")
def test_a_wildcard_without_the_type_is_no_data(subject):
    assert is_no_data(subject.ask("host3.wild.example.test.", "A"))


@pytest.mark.rfc("4592", "2.2.1")
def test_a_wildcard_answers_for_several_labels(subject):
    reply = subject.ask("foo.bar.wild.example.test.", "TXT")
    assert records(reply.answer) == [f"foo.bar.wild.example.test. 300 {WILDCARD}"]


@pytest.mark.rfc("4592", "2.2.1")
def test_a_name_that_exists_is_not_answered_by_a_wildcard(subject):
    assert is_no_data(subject.ask("host1.wild.example.test.", "MX"))


@pytest.mark.rfc("4592", "2.2.1")
def test_the_asterisk_label_below_a_wildcard_exists_itself(subject):
    assert is_no_data(subject.ask("sub.*.wild.example.test.", "MX"))


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


@pytest.mark.rfc("4592", "2.2.2")
def test_an_empty_non_terminal_is_not_answered_by_a_wildcard(subject):
    # _tcp.host1 exists because _ssh._tcp.host1 does.
    assert is_no_data(subject.ask("_tcp.host1.wild.example.test.", "TXT"))


@pytest.mark.rfc("4592", "2.3")
def test_the_wildcard_name_itself_can_be_asked_for(subject):
    reply = subject.ask("*.wild.example.test.", "MX")
    assert records(reply.answer) == ["*.wild.example.test. 300 IN MX 10 mail.example.test."]


@pytest.mark.rfc("4592", "2.3")
def test_an_asterisk_in_a_question_is_a_label_like_others(subject):
    reply = subject.ask("*.foo.wild.example.test.", "TXT")
    assert records(reply.answer) == [f"*.foo.wild.example.test. 300 {WILDCARD}"]


@pytest.mark.rfc("4592", "3.3.1")
def test_only_the_wildcard_right_below_the_closest_encloser_counts(subject):
    # The closest encloser of these is host1, which has no wildcard below it.
    assert subject.ask("x.host1.wild.example.test.", "TXT").rcode() == dns.rcode.NXDOMAIN
    assert subject.ask("x.y.host1.wild.example.test.", "TXT").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.rfc("4592", "3.3.3")
def test_a_cname_at_a_wildcard_is_followed(subject):
    reply = subject.ask("any.cname.example.test.", "AAAA")
    assert records(reply.answer) == [
        "any.cname.example.test. 300 IN CNAME www.example.test.",
        "www.example.test. 300 IN AAAA 2001:db8::80",
    ]


@pytest.mark.rfc("4592", "3.3.3")
def test_a_cname_at_a_wildcard_is_not_followed_when_asked_for(subject):
    reply = subject.ask("any.cname.example.test.", "CNAME")
    assert records(reply.answer) == ["any.cname.example.test. 300 IN CNAME www.example.test."]


@pytest.mark.rfc("4592", "4.5")
def test_an_srv_may_be_made_from_a_wildcard(subject):
    reply = subject.ask("_xmpp._tcp.example.test.", "SRV")
    assert records(reply.answer) == [
        "_xmpp._tcp.example.test. 300 IN SRV 10 60 5061 www.example.test."
    ]
    assert len(reply.additional) == 2


class TestOwnersThatHadBetterNotBeWildcards:
    """Where RFC 4592 §4 leaves it open, we do as knotd and nsd do: the records are data."""

    @pytest.fixture
    def arrangement(self):
        return Arrangement("odd")

    @pytest.mark.rfc("4592", "3.3.2")
    def test_the_example_at_the_top_of_a_zone(self, subject):
        reply = subject.ask("host3.wild.test.", "TXT")
        assert records(reply.answer) == [f"host3.wild.test. 300 {WILDCARD}"]
        assert is_no_data(subject.ask("host1.wild.test.", "TXT"))
        assert subject.ask("x.host1.wild.test.", "TXT").rcode() == dns.rcode.NXDOMAIN

    @pytest.mark.rfc("4592", "4.1")
    def test_an_apex_may_begin_with_an_asterisk(self, subject):
        reply = subject.ask("*.star.test.", "SOA")
        assert reply.flags & dns.flags.AA
        assert len(reply.answer) == 1

    @pytest.mark.rfc("4592", "4.1")
    def test_an_apex_with_an_asterisk_stands_for_no_other_name(self, subject):
        assert subject.ask("x.star.test.", "TXT").rcode() == dns.rcode.REFUSED
        assert subject.ask("x.*.star.test.", "TXT").rcode() == dns.rcode.NXDOMAIN

    # knotd refers to the name servers, without AA.
    @pytest.mark.rfc("4592", "4.2")
    @pytest.mark.reference("nsd")
    def test_an_ns_at_a_wildcard_delegates_nothing(self, subject):
        reply = subject.ask("any.cut.wild.test.", "NS")
        assert reply.flags & dns.flags.AA
        assert records(reply.answer) == ["any.cut.wild.test. 300 IN NS ns1.elsewhere.example."]

    @pytest.mark.rfc("4592", "4.3")
    def test_a_chain_may_lead_from_wildcard_to_wildcard(self, subject):
        reply = subject.ask("a.chain.wild.test.", "A")
        assert records(reply.answer) == [
            "a.chain.wild.test. 300 IN CNAME x.chain2.wild.test.",
            "host1.wild.test. 300 IN A 192.0.2.101",
            "x.chain2.wild.test. 300 IN CNAME host1.wild.test.",
        ]

    @pytest.mark.rfc("4592", "4.3")
    def test_a_chain_may_come_back_to_its_own_wildcard(self, subject):
        reply = subject.ask("a.round.wild.test.", "A")
        assert reply.rcode() == dns.rcode.NOERROR
        assert records(reply.answer) == [
            "a.round.wild.test. 300 IN CNAME again.round.wild.test.",
            "again.round.wild.test. 300 IN CNAME again.round.wild.test.",
        ]

    @pytest.mark.rfc("4592", "4.4")
    def test_a_dname_at_a_wildcard_redirects_nothing(self, subject):
        reply = subject.ask("any.redirect.wild.test.", "DNAME")
        assert records(reply.answer) == ["any.redirect.wild.test. 300 IN DNAME other.wild.test."]
        assert is_no_data(subject.ask("host.any.redirect.wild.test.", "A"))

    @pytest.mark.rfc("4592", "4.5")
    @pytest.mark.parametrize(
        ("name", "rrtype", "host"),
        [
            ("a.srv.wild.test.", "SRV", "a.hosts.wild.test."),
            ("a.mx.wild.test.", "MX", "b.hosts.wild.test."),
        ],
    )
    def test_the_host_of_a_service_may_be_made_from_a_wildcard_too(
        self, subject, name, rrtype, host
    ):
        reply = subject.ask(name, rrtype)
        assert len(reply.answer) == 1
        assert records(reply.additional) == [f"{host} 300 IN A 192.0.2.20"]

    @pytest.mark.rfc("4592", "4.6")
    def test_a_ds_at_a_wildcard_is_data(self, subject):
        reply = subject.ask("any.signed.wild.test.", "DS")
        assert reply.flags & dns.flags.AA
        assert len(reply.answer) == 1

    @pytest.mark.rfc("4592", "4.9")
    def test_a_wildcard_without_records_still_stands_for_names(self, subject):
        assert is_no_data(subject.ask("any.empty.wild.test.", "TXT"))
        assert is_no_data(subject.ask("*.empty.wild.test.", "TXT"))
        assert subject.ask("sub.*.empty.wild.test.", "TXT").answer
