"""RFC 5001 and RFC 4892: what a server tells about itself, when it is set to."""

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import pytest
from conformance.conftest import Arrangement
from peers.servers import Setup

IDENTITY = "ns7.example.test"
VERSION = "something, version 9"
SERVER_NAMES = ["id.server.", "hostname.bind."]
VERSION_NAMES = ["version.bind.", "version.server."]


def nsid_of(reply):
    return [option.to_wire() for option in reply.options if option.otype == dns.edns.NSID]


def chaos(subject, name, rrtype="TXT", **edns):
    query = dns.message.make_query(name, rrtype, "CH", use_edns=False)
    if edns:
        query.use_edns(**edns)
    return subject.exchange(query)


def asked(value=b""):
    return {"options": [dns.edns.GenericOption(dns.edns.NSID, value)]}


class TestSet:
    @pytest.fixture
    def arrangement(self):
        return Arrangement(setup=Setup(identity=IDENTITY, version=VERSION))

    @pytest.mark.rfc("5001", "2.2")
    @pytest.mark.parametrize(
        "name", ["www.example.test.", "none.example.test.", "a.child.example.test."]
    )
    def test_who_asks_for_the_identifier_gets_it(self, subject, name):
        assert nsid_of(subject.ask(name, **asked())) == [IDENTITY.encode()]
        assert nsid_of(subject.ask(name, tcp=True, **asked())) == [IDENTITY.encode()]

    @pytest.mark.rfc("5001", "2.2")
    def test_who_does_not_ask_does_not_get_it(self, subject):
        assert nsid_of(subject.ask("www.example.test.", payload=1232)) == []
        assert subject.ask("www.example.test.").edns == -1

    @pytest.mark.rfc("5001", "2.1")
    def test_a_value_in_the_query_makes_no_difference(self, subject):
        assert nsid_of(subject.ask("www.example.test.", **asked(b"x"))) == [IDENTITY.encode()]

    @pytest.mark.rfc("4892", "3.1")
    @pytest.mark.parametrize("name", SERVER_NAMES)
    def test_the_server_has_a_name_of_class_chaos(self, subject, name):
        reply = chaos(subject, name)
        assert reply.rcode() == dns.rcode.NOERROR
        (rrset,) = reply.answer
        assert rrset.rdclass == dns.rdataclass.CH
        assert rrset[0].strings == (IDENTITY.encode(),)

    @pytest.mark.rfc("4892", "3.1")
    @pytest.mark.parametrize("name", VERSION_NAMES)
    def test_the_version_has_a_name_of_class_chaos(self, subject, name):
        assert chaos(subject, name).answer[0][0].strings == (VERSION.encode(),)

    @pytest.mark.rfc("4892", "3.1")
    def test_letter_case_makes_no_difference_to_these_names(self, subject):
        assert chaos(subject, "ID.Server.").answer

    # knotd and nsd answer the same to a question of class IN as if they had no such zone.
    @pytest.mark.rfc("4892", "3.1")
    def test_class_in_has_no_such_names(self, subject):
        assert subject.ask("id.server.", "TXT").rcode() == dns.rcode.REFUSED

    @pytest.mark.rfc("4892", "3.1")
    def test_other_names_of_class_chaos_are_refused(self, subject):
        assert chaos(subject, "example.test.").rcode() == dns.rcode.REFUSED


class TestNotSet:
    @pytest.mark.rfc("5001", "2.2")
    @pytest.mark.reference("named")
    def test_the_identifier_is_not_told(self, subject):
        assert nsid_of(subject.ask("www.example.test.", **asked())) == []

    # named and knotd have other ways to hide them.
    @pytest.mark.rfc("4892", "3.1")
    @pytest.mark.reference("nsd")
    @pytest.mark.parametrize("name", [*SERVER_NAMES, *VERSION_NAMES])
    def test_the_names_of_class_chaos_are_refused(self, subject, name):
        reply = chaos(subject, name)
        assert reply.rcode() == dns.rcode.REFUSED
        assert not reply.answer
