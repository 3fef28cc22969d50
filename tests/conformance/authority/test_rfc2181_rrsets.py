"""RFC 2181: whole RRsets of one TTL, truncation, where data belongs, names of any octets."""

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype
import pytest
from conformance.conftest import records


@pytest.mark.rfc("2181", "5")
def test_the_same_record_twice_is_one(subject):
    reply = subject.ask("ttls.example.test.")
    assert records(reply.answer) == [
        "ttls.example.test. 300 IN A 192.0.2.140",
        "ttls.example.test. 300 IN A 192.0.2.141",
    ]


@pytest.mark.rfc("2181", "5.1")
@pytest.mark.parametrize(("name", "rrtype", "count"), [
    ("www.example.test.", "A", 2),
    ("example.test.", "MX", 2),
    ("big.example.test.", "TXT", 3),
])  # fmt: skip
def test_all_records_of_an_rrset_are_sent(subject, name, rrtype, count):
    assert len(subject.ask(name, rrtype, tcp=True).answer[0]) == count


@pytest.mark.rfc("2181", "5.2")
def test_all_records_of_an_rrset_have_one_ttl(subject):
    for name, rrtype in (("www.example.test.", "A"), ("example.test.", "MX")):
        octets = subject.ask(name, rrtype)
        assert len({line.split()[1] for line in records(octets.answer)}) == 1


@pytest.mark.rfc("2181", "5.4.1")
def test_glue_is_not_an_authoritative_answer(subject):
    reply = subject.ask("ns.child.example.test.")
    assert not reply.flags & dns.flags.AA
    assert not reply.answer
    assert [r.rdtype for r in reply.authority] == [dns.rdatatype.NS]


@pytest.mark.rfc("2181", "6.1")
def test_above_a_cut_only_the_child_has_authority(subject):
    # The parent's copy of the NS RRset has another TTL.
    (ns,) = subject.ask("nested.example.test.", "NS").answer
    assert ns.ttl == 3600
    reply = subject.ask("www.child.example.test.")
    assert not reply.flags & dns.flags.AA


@pytest.mark.rfc("2181", "7.1")
def test_a_denial_has_the_soa_in_its_authority_section_and_nothing_beside(subject):
    for name, rrtype in (("none.example.test.", "A"), ("www.example.test.", "MX")):
        reply = subject.ask(name, rrtype)
        assert [rrset.rdtype for rrset in reply.authority] == [dns.rdatatype.SOA]
        assert not reply.additional


@pytest.mark.rfc("2181", "7.2")
def test_the_soa_has_a_ttl_like_any_record(subject):
    assert subject.ask("example.test.", "SOA").answer[0].ttl == 3600


@pytest.mark.rfc("2181", "8")
@pytest.mark.parametrize(("name", "ttl"), [
    ("zero.example.test.", 0),
    ("long-lived.example.test.", 2**31 - 1),
])  # fmt: skip
def test_a_ttl_has_31_bits(subject, name, ttl):
    assert subject.ask(name).answer[0].ttl == ttl


@pytest.mark.rfc("2181", "9")
def test_an_rrset_that_does_not_fit_sets_tc_and_is_not_sent_in_part(subject):
    reply = subject.ask("big.example.test.", "TXT")
    assert reply.flags & dns.flags.TC
    assert not reply.answer
    whole = subject.ask("big.example.test.", "TXT", tcp=True)
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0]) == 3


@pytest.mark.rfc("2181", "9")
def test_a_reply_that_fits_the_client_is_whole(subject):
    reply = subject.ask("big.example.test.", "TXT", payload=1232)
    assert not reply.flags & dns.flags.TC
    assert len(reply.answer[0]) == 3


@pytest.mark.rfc("2181", "9")
def test_tc_is_not_set_for_useful_records_that_did_not_fit(subject):
    reply = subject.ask("mail.sizes.test.", "MX")
    assert len(reply.answer[0]) == 10
    assert len(reply.additional) < 20
    assert not reply.flags & dns.flags.TC
    assert len(subject.ask("mail.sizes.test.", "MX", payload=1232).additional) == 20


@pytest.mark.rfc("2181", "10.1")
def test_a_cname_answers_for_every_other_type(subject):
    for rrtype in ("TXT", "MX", "TYPE65280"):
        reply = subject.ask("alias.example.test.", rrtype)
        assert records(reply.answer) == ["alias.example.test. 300 IN CNAME www.example.test."]


@pytest.mark.rfc("2181", "10.2")
def test_an_address_may_have_several_ptr_records(subject):
    reply = subject.ask("ptr.example.test.", "PTR")
    assert {ptr.target.to_text() for ptr in reply.answer[0]} == {
        "www.example.test.",
        "mail.example.test.",
    }


@pytest.mark.rfc("2181", "11")
@pytest.mark.parametrize(("label", "text"), [
    (b"\0", b"a zero octet"),
    (b"a.b", b"a dot"),
    (b"a b", b"a space"),
    (b"\xc8\xff", b"high octets"),
    (b'@$;"', b"punctuation"),
])  # fmt: skip
def test_a_label_may_hold_any_octets(subject, label, text):
    name = dns.name.Name([label, b"odd", b"example", b"test", b""])
    reply = subject.ask(name, "TXT")
    assert reply.flags & dns.flags.AA
    assert [rrset.name for rrset in reply.answer] == [name]
    assert reply.answer[0][0].strings == (text,)


@pytest.mark.rfc("2181", "11")
def test_a_dot_in_a_label_does_not_part_it(subject):
    parted = dns.name.Name([b"a", b"b", b"odd", b"example", b"test", b""])
    # The wildcard beside it answers.
    assert subject.ask(parted, "TXT").answer[0][0].strings == (b"an asterisk that was escaped",)
