"""RFC 1034 §6.2: its example queries, to a server of a root of our own and two zones below."""

import dns.flags
import dns.rcode
import pytest
from conformance.conftest import Arrangement, records

NIC = [
    "nic.invalid. 86400 IN A 192.0.2.73",
    "nic.invalid. 86400 IN A 198.51.100.51",
]
NIC_MX = "nic.invalid. 86400 IN MX 0 nic.invalid."
NIC_HINFO = 'nic.invalid. 86400 IN HINFO "DEC-2060" "TOPS20"'


@pytest.fixture
def arrangement():
    return Arrangement("root")


@pytest.mark.rfc("1034", "6.2.1")
def test_addresses_of_a_host(subject):
    reply = subject.ask("nic.invalid.", "A")
    assert reply.flags & dns.flags.AA
    assert records(reply.answer) == NIC


# knotd and nsd give one RRset over TCP, too.
@pytest.mark.rfc("1034", "6.2.2")
@pytest.mark.reference("named")
def test_everything_a_host_has(subject):
    reply = subject.ask("nic.invalid.", "ANY", tcp=True)
    assert reply.flags & dns.flags.AA
    assert records(reply.answer) == sorted([*NIC, NIC_MX, NIC_HINFO])


@pytest.mark.rfc("1034", "6.2.3")
def test_mail_hosts_come_with_their_addresses(subject):
    reply = subject.ask("nic.invalid.", "MX")
    assert reply.flags & dns.flags.AA
    assert records(reply.answer) == [NIC_MX]
    assert records(reply.additional) == NIC


@pytest.mark.rfc("1034", "6.2.4")
def test_a_type_that_a_host_does_not_have(subject):
    reply = subject.ask("nic.invalid.", "NS")
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags & dns.flags.AA
    assert not reply.answer


@pytest.mark.rfc("1034", "6.2.5")
def test_a_name_that_was_misspelt(subject):
    reply = subject.ask("nci.invalid.", "A")
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert reply.flags & dns.flags.AA
    assert records(reply.authority) == [
        ". 86400 IN SOA a.isi.test. hostmaster.isi.test. 870611 1800 300 604800 86400"
    ]


@pytest.mark.rfc("1034", "6.2.6")
def test_a_name_of_a_domain_that_others_serve(subject):
    reply = subject.ask("brl.example.", "A")
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.flags & dns.flags.AA
    assert not reply.answer
    assert records(reply.authority) == [
        "example. 86400 IN NS nic.invalid.",
        "example. 86400 IN NS ns.example.",
    ]
    assert records(reply.additional) == [*NIC, "ns.example. 86400 IN A 198.51.100.53"]


# named and knotd leave the rest of a chain to the client.
@pytest.mark.rfc("1034", "6.2.7")
@pytest.mark.reference("nsd")
def test_an_alias_is_followed_into_another_zone_of_the_server(subject):
    reply = subject.ask("usc.invalid.", "A")
    assert reply.flags & dns.flags.AA
    assert records(reply.answer) == [
        "c.isi.test. 86400 IN A 192.0.2.52",
        "usc.invalid. 86400 IN CNAME c.isi.test.",
    ]


@pytest.mark.rfc("1034", "6.2.8")
def test_an_alias_itself(subject):
    reply = subject.ask("usc.invalid.", "CNAME")
    assert reply.flags & dns.flags.AA
    assert records(reply.answer) == ["usc.invalid. 86400 IN CNAME c.isi.test."]
