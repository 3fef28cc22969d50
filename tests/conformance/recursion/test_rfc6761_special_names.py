"""RFC 6761 and 6303: names that a resolver answers itself."""

import dns.rcode
import pytest
from conformance.recursion.conftest import untimed


@pytest.fixture
def local_zones():
    return True


@pytest.mark.rfc("6761", "6.3")
@pytest.mark.parametrize(
    ("rrtype", "address"), [("A", "127.0.0.1"), ("AAAA", "::1")], ids=["A", "AAAA"]
)
def test_localhost_is_this_machine(subject, rrtype, address):
    (line,) = untimed(subject.ask("localhost.", rrtype).answer)
    assert line.split()[-1] == address
    assert subject.internet.about("localhost.") == []


@pytest.mark.rfc("6761", "6.2")
@pytest.mark.rfc("6761", "6.4")
@pytest.mark.parametrize("name", ["www.invalid.", "invalid.", "www.test."])
def test_names_that_nobody_has_do_not_exist(subject, name):
    reply = subject.ask(name)
    assert reply.rcode() in (dns.rcode.NXDOMAIN, dns.rcode.NOERROR)
    assert not reply.answer
    assert subject.internet.about(name) == []


@pytest.mark.rfc("6303", "3")
@pytest.mark.parametrize(
    "name",
    [
        "1.0.0.10.in-addr.arpa.",
        "1.1.168.192.in-addr.arpa.",
        "1.0.16.172.in-addr.arpa.",
        "1.1.254.169.in-addr.arpa.",
        "1.2.0.192.in-addr.arpa.",
        "0.8.b.d.0.1.0.0.2.ip6.arpa.",
        "0.8.e.f.ip6.arpa.",
        "0.d.f.ip6.arpa.",
    ],
)
def test_addresses_of_private_networks_have_no_names_elsewhere(subject, name):
    reply = subject.ask(name, "PTR")
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert [rrset.rdtype for rrset in reply.authority] == [6]
    assert subject.internet.about(name) == []


@pytest.mark.rfc("6303", "3")
def test_loopback_addresses_are_localhost(subject):
    (line,) = untimed(subject.ask("1.0.0.127.in-addr.arpa.", "PTR").answer)
    assert line.split()[-1] == "localhost."
    assert subject.internet.about("127.in-addr.arpa.") == []
