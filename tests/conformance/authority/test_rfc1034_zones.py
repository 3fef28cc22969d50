"""RFC 1034 §4.2: the root zone, zones in zones, and hundreds of them in one server."""

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest
from conformance.conftest import Arrangement, records
from conformance.worlds import many_origins

NESTED = [".", "test.", "deep.test.", "deeper.deep.test."]


@pytest.fixture
def arrangement():
    return Arrangement("root")


def soa_owners(reply):
    return [r.name.to_text() for r in reply.authority if r.rdtype == dns.rdatatype.SOA]


@pytest.mark.rfc("1034", "4.2")
def test_the_root_zone_is_a_zone_like_others(subject):
    reply = subject.ask(".", "SOA")
    assert reply.flags & dns.flags.AA
    assert [rrset.rdtype for rrset in reply.answer] == [dns.rdatatype.SOA]
    assert len(subject.ask(".", "NS").answer[0]) == 2


@pytest.mark.rfc("1034", "4.2")
def test_under_a_root_zone_no_name_is_somebody_elses(subject):
    for name in ("nowhere.", "a.b.nowhere.", "example2."):
        reply = subject.ask(name)
        assert reply.rcode() == dns.rcode.NXDOMAIN
        assert soa_owners(reply) == ["."]


@pytest.mark.rfc("1034", "4.2.1")
@pytest.mark.parametrize("origin", NESTED)
def test_each_of_four_nested_zones_answers_for_itself(subject, origin):
    apex = subject.ask(origin, "SOA")
    assert apex.flags & dns.flags.AA
    assert apex.answer[0].name.to_text() == origin
    missing = subject.ask("none." + origin.lstrip("."))
    assert missing.rcode() == dns.rcode.NXDOMAIN
    assert soa_owners(missing) == [origin]


@pytest.mark.rfc("4035", "3.1.4.1")
@pytest.mark.parametrize(
    ("origin", "key_tag"),
    [("test.", 1111), ("deep.test.", 2222), ("deeper.deep.test.", 3333)],
)
def test_ds_of_each_nested_zone_comes_from_the_zone_above(subject, origin, key_tag):
    reply = subject.ask(origin, "DS")
    assert reply.flags & dns.flags.AA
    assert [ds.key_tag for ds in reply.answer[0]] == [key_tag]


@pytest.mark.rfc("4035", "3.1.4.1")
def test_the_root_has_no_ds(subject):
    reply = subject.ask(".", "DS")
    assert reply.rcode() == dns.rcode.NOERROR
    assert soa_owners(reply) == ["."]


@pytest.mark.rfc("1034", "4.2.1")
def test_what_the_parent_holds_below_a_cut_does_not_show_through_the_child(subject):
    reply = subject.ask("ns.deeper.deep.test.")
    assert records(reply.answer) == ["ns.deeper.deep.test. 300 IN A 192.0.2.205"]
    assert subject.ask("only.deeper.deep.test.").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.rfc("1034", "4.3.2")
@pytest.mark.reference("nsd")
def test_an_alias_leads_into_the_zone_below(subject):
    reply = subject.ask("alias.deep.test.")
    assert records(reply.answer) == [
        "alias.deep.test. 300 IN CNAME www.deeper.deep.test.",
        "www.deeper.deep.test. 300 IN A 192.0.2.206",
    ]


@pytest.mark.rfc("1034", "4.2")
def test_each_of_hundreds_of_zones_answers_from_its_own_records(subject):
    for origin in many_origins():
        reply = subject.ask(f"www.{origin}", "TXT")
        assert records(reply.answer) == [f'www.{origin} 300 IN TXT "{origin}"']
        assert soa_owners(subject.ask(f"none.{origin}")) == [origin]
