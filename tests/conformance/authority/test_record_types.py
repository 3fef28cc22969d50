"""Each type that we claim: a record is served as the zone file has it."""

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from conformance.conftest import Arrangement
from conformance.octets import record_places
from conformance.worlds import APEX_TYPES, RECORD_TYPES


def rows(types, name):
    return [
        pytest.param(
            name.format(rrtype.lower()),
            rrtype,
            text,
            id=rrtype,
            marks=pytest.mark.rfc(number, "rdata"),
        )
        for rrtype, number, text in types
    ]


def check(subject, name, rrtype, text):
    reply = subject.ask(name, rrtype)
    (rrset,) = reply.answer
    (served,) = rrset
    written = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(rrtype), text)
    assert served.to_wire() == written.to_wire()
    # Newer types than RFC 1035's are not compressed either.
    if rrset.rdtype > dns.rdatatype.TXT:
        place = record_places(reply.wire)[0]
        assert place.rdata == written.to_wire()


@pytest.mark.reference("named")
@pytest.mark.parametrize(("name", "rrtype", "text"), rows(RECORD_TYPES, "{}.types.test."))
def test_a_record_is_served_as_written(subject, name, rrtype, text):
    check(subject, name, rrtype, text)


class TestKeys:
    @pytest.fixture
    def arrangement(self):
        return Arrangement("odd")

    @pytest.mark.parametrize(("name", "rrtype", "text"), rows(APEX_TYPES, "keys.test."))
    def test_what_only_an_apex_may_have_is_served_as_written(self, subject, name, rrtype, text):
        check(subject, name, rrtype, text)


@pytest.mark.rfc("3596", "2.1")
def test_a_name_has_ipv4_and_ipv6_addresses_side_by_side(subject):
    assert len(subject.ask("www.example.test.", "A").answer[0]) == 2
    assert len(subject.ask("www.example.test.", "AAAA").answer[0]) == 1


@pytest.mark.rfc("3596", "3")
def test_ipv6_addresses_come_with_ns_and_mx_too(subject):
    found = {rrset.rdtype for rrset in subject.ask("example.test.", "NS").additional}
    assert found == {dns.rdatatype.A, dns.rdatatype.AAAA}


@pytest.mark.rfc("2782", "target")
def test_an_srv_brings_the_addresses_of_its_target(subject):
    reply = subject.ask("_sip._tcp.example.test.", "SRV")
    assert [(r.name.to_text(), len(r)) for r in reply.additional] == [
        ("www.example.test.", 2),
        ("www.example.test.", 1),
    ]


@pytest.mark.rfc("2782", "target")
def test_an_srv_of_no_service_brings_nothing(subject):
    reply = subject.ask("none._tcp.example.test.", "SRV")
    assert reply.answer[0][0].to_text() == "0 0 0 ."
    assert not reply.additional


@pytest.mark.rfc("7505", "3")
def test_a_null_mx_is_served_and_brings_nothing(subject):
    reply = subject.ask("nullmx.example.test.", "MX")
    assert reply.answer[0][0].to_text() == "0 ."
    assert not reply.additional
    assert not reply.authority


@pytest.mark.rfc("4509", "2.1")
def test_a_ds_with_a_digest_of_sha_256_is_served(subject):
    (ds,) = subject.ask("child.example.test.", "DS").answer[0]
    assert ds.digest_type == 2
    assert len(ds.digest) == 32
