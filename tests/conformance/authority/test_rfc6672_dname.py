"""RFC 6672: DNAME redirects a whole subtree."""

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest
from conformance.conftest import records
from conformance.octets import record_places


@pytest.mark.rfc("6672", "2.2")
def test_a_name_below_is_redirected_and_found(subject):
    reply = subject.ask("host.old.example.test.")
    assert reply.rcode() == dns.rcode.NOERROR
    assert records(reply.answer) == [
        "host.new.example.test. 300 IN A 192.0.2.110",
        "host.old.example.test. 300 IN CNAME host.new.example.test.",
        "old.example.test. 300 IN DNAME new.example.test.",
    ]


@pytest.mark.rfc("6672", "3.1")
def test_the_cname_that_is_made_has_the_ttl_of_the_dname(subject):
    reply = subject.ask("x.far.example.test.")
    assert {rrset.ttl for rrset in reply.answer} == {300}


@pytest.mark.rfc("6672", "2.3")
def test_the_owner_itself_is_not_redirected(subject):
    reply = subject.ask("old.example.test.", "TXT")
    assert records(reply.answer) == ['old.example.test. 300 IN TXT "beside the DNAME"']


@pytest.mark.rfc("6672", "2.3")
def test_the_owner_is_answered_with_the_dname_when_asked_for_it(subject):
    reply = subject.ask("old.example.test.", "DNAME")
    assert records(reply.answer) == ["old.example.test. 300 IN DNAME new.example.test."]


@pytest.mark.rfc("6672", "2.2")
def test_a_name_that_would_grow_too_long_is_yxdomain(subject):
    label = "y" * 20
    reply = subject.ask(f"{label}.long.example.test.")
    assert reply.rcode() == dns.rcode.YXDOMAIN
    assert [rrset.rdtype for rrset in reply.answer] == [dns.rdatatype.DNAME]


@pytest.mark.rfc("6672", "3.2")
def test_a_redirection_out_of_our_zones_ends_with_the_cname(subject):
    reply = subject.ask("x.far.example.test.")
    assert reply.rcode() == dns.rcode.NOERROR
    assert records(reply.answer) == [
        "far.example.test. 300 IN DNAME elsewhere.example.",
        "x.far.example.test. 300 IN CNAME x.elsewhere.example.",
    ]


@pytest.mark.rfc("6672", "3.2")
def test_a_redirected_name_that_does_not_exist_is_nxdomain(subject):
    reply = subject.ask("none.old.example.test.")
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert len(reply.answer) == 2


# RFC 6672 §2.2, table 1: name asked for, owner and target of a DNAME, where it leads.
TABLE = [
    pytest.param("table.example.test.", None, id="above the owner"),
    pytest.param("x.table.example.test.", None, id="the owner"),
    pytest.param("a.x.table.example.test.", "a.y.target.example.test.", id="one label below"),
    pytest.param("a.b.x.table.example.test.", "a.b.y.target.example.test.", id="two labels below"),
    pytest.param("ax.table.example.test.", None, id="the owner's letters are no suffix of labels"),
    pytest.param("a.old.example.test.", "a.new.example.test.", id="into a sibling"),
    pytest.param("x.cyc.example.test.", "x.c.cyc2.example.test.", id="into a deeper name"),
    pytest.param("short.x.to-root.example.test.", "short.x.", id="to the root"),
]


@pytest.mark.rfc("6672", "2.2")
@pytest.mark.parametrize(("name", "target"), TABLE)
def test_the_owner_at_the_end_of_a_name_is_replaced(subject, name, target):
    reply = subject.ask(name, "CNAME")
    targets = [r[0].target.to_text() for r in reply.answer if r.rdtype == dns.rdatatype.CNAME]
    assert targets == ([target] if target else [])


@pytest.mark.rfc("6672", "2.2")
def test_a_dname_that_leads_into_itself_grows_until_it_ends(subject):
    reply = subject.ask("a.grow.example.test.")
    assert reply.rcode() in (dns.rcode.NOERROR, dns.rcode.YXDOMAIN, dns.rcode.SERVFAIL)
    assert len(reply.answer) >= 2


@pytest.mark.rfc("6672", "2.3")
@pytest.mark.parametrize("rrtype", ["TXT", "NS", "SOA"])
def test_the_apex_of_a_zone_may_have_a_dname_and_keeps_the_rest(subject, rrtype):
    reply = subject.ask("moved.test.", rrtype)
    assert [rrset.rdtype for rrset in reply.answer] == [dns.rdatatype.from_text(rrtype)]


@pytest.mark.rfc("6672", "2.3")
@pytest.mark.reference("nsd")
def test_a_zone_may_be_redirected_as_a_whole(subject):
    reply = subject.ask("www.moved.test.")
    assert records(reply.answer) == [
        "moved.test. 300 IN DNAME other.test.",
        "www.moved.test. 300 IN CNAME www.other.test.",
        "www.other.test. 3600 IN A 192.0.2.201",
    ]


@pytest.mark.rfc("6672", "2.3")
def test_the_owner_of_a_dname_has_no_cname(subject):
    for rrtype in ("A", "CNAME"):
        reply = subject.ask("old.example.test.", rrtype)
        assert reply.rcode() == dns.rcode.NOERROR
        assert not reply.answer


@pytest.mark.rfc("6672", "3.2")
def test_a_cname_may_lead_below_a_dname(subject):
    reply = subject.ask("moved.example.test.")
    assert records(reply.answer) == [
        "host.new.example.test. 300 IN A 192.0.2.110",
        "host.old.example.test. 300 IN CNAME host.new.example.test.",
        "moved.example.test. 300 IN CNAME host.old.example.test.",
        "old.example.test. 300 IN DNAME new.example.test.",
    ]


@pytest.mark.rfc("6672", "3.2")
def test_the_dname_stands_before_the_cname_that_it_makes(subject):
    reply = subject.ask("host.old.example.test.")
    assert [rrset.rdtype for rrset in reply.answer] == [
        dns.rdatatype.DNAME, dns.rdatatype.CNAME, dns.rdatatype.A
    ]  # fmt: skip


@pytest.mark.rfc("6672", "3.2")
def test_the_cname_that_is_made_is_the_answer_to_who_asks_for_it(subject):
    reply = subject.ask("host.old.example.test.", "CNAME")
    assert records(reply.answer) == [
        "host.old.example.test. 300 IN CNAME host.new.example.test.",
        "old.example.test. 300 IN DNAME new.example.test.",
    ]


@pytest.mark.rfc("6672", "3.3")
def test_no_wildcard_stands_for_a_name_below_a_dname(subject):
    beside = subject.ask("y.beside.example.test.", "TXT")
    assert records(beside.answer) == ['y.beside.example.test. 300 IN TXT "this is a wildcard"']
    below = subject.ask("y.sub.beside.example.test.", "TXT")
    assert below.answer[0].rdtype == dns.rdatatype.DNAME


@pytest.mark.rfc("6672", "3.3")
def test_a_dname_may_lead_to_names_that_a_wildcard_stands_for(subject):
    reply = subject.ask("x.into.example.test.", "TXT")
    assert 'x.wild.example.test. 300 IN TXT "this is a wildcard"' in records(reply.answer)


@pytest.mark.rfc("6672", "3.3")
def test_a_wildcard_may_lead_below_a_dname(subject):
    reply = subject.ask("q.far-away.example.test.")
    assert "q.far-away.example.test. 300 IN CNAME host.old.example.test." in records(reply.answer)
    assert "host.new.example.test. 300 IN A 192.0.2.110" in records(reply.answer)


@pytest.mark.rfc("6672", "2.5")
def test_the_target_is_not_compressed(subject):
    query = dns.message.make_query("old.example.test.", "DNAME", use_edns=False)
    (place,) = record_places(subject.raw(query.to_wire()))
    assert place.rdata == dns.name.from_text("new.example.test.").to_wire()
