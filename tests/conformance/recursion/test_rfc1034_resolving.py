"""RFC 1034 and 1035: from the root down, and what a resolver's replies look like."""

import dns.flags
import dns.rcode
import pytest
from conformance.recursion.conftest import untimed


@pytest.mark.rfc("1034", "5.3.3")
def test_a_name_is_found_from_the_root_down(subject):
    reply = subject.ask("www.plain.test.")
    assert reply.rcode() == dns.rcode.NOERROR
    assert untimed(reply.answer) == ["www.plain.test. IN A 192.0.2.80"]
    assert subject.internet.about("test.", at=subject.places.root)


@pytest.mark.rfc("1034", "5.3.3")
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("alias.plain.test.", ["alias.plain.test. IN CNAME www.plain.test.", "www.plain.test. IN A 192.0.2.80"]),
        ("out.plain.test.", ["out.plain.test. IN CNAME www.other.test.", "www.other.test. IN A 192.0.2.81"]),
    ],
    ids=["inside a zone", "to another zone"],
)  # fmt: skip
def test_aliases_are_followed(subject, name, lines):
    assert untimed(subject.ask(name).answer) == lines


@pytest.mark.rfc("1034", "3.6.2")
def test_aliases_in_a_circle_are_no_answer(subject):
    reply = subject.ask("loop1.plain.test.")
    assert not [rrset for rrset in reply.answer if rrset.rdtype == 1]


@pytest.mark.rfc("1034", "5.3.3")
def test_another_server_is_asked_where_one_refuses(subject):
    assert untimed(subject.ask("www.second.test.").answer) == ["www.second.test. IN A 192.0.2.80"]


@pytest.mark.rfc("1035", "4.1.1")
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_recursion_is_available_and_the_answer_not_authoritative(subject, tcp):
    flags = subject.ask("www.flags.test.", tcp=tcp).flags
    assert flags & (dns.flags.QR | dns.flags.RA | dns.flags.RD)
    assert not flags & (dns.flags.AA | dns.flags.TC)


@pytest.mark.rfc("1034", "4.3.1")
def test_nobody_is_asked_for_who_does_not_want_recursion(subject):
    reply = subject.ask("www.vanished.test.", flags=0)
    assert not reply.answer
    assert not reply.flags & dns.flags.RD
    assert subject.internet.about("vanished.test.") == []


@pytest.mark.rfc("1034", "4.3.1")
@pytest.mark.reference("named")
def test_who_does_not_want_recursion_gets_what_is_known(subject):
    subject.ask("www.cached.test.")
    reply = subject.ask("www.cached.test.", flags=0)
    assert [rrset.rdtype for rrset in reply.answer] == [1]
    assert not reply.flags & dns.flags.AA


@pytest.mark.rfc("1035", "7.4")
def test_what_was_found_is_kept(subject):
    for _ in range(5):
        assert subject.ask("www.counted.test.").answer
    asked = [each for each in subject.internet.about("counted.test.") if each.query.qtype == 1]
    assert len([each for each in asked if each.name == "www.counted.test."]) == 1


@pytest.mark.rfc("4035", "3.2.2")
def test_checking_disabled_comes_back(subject):
    assert subject.ask("www.flags.test.", flags=dns.flags.RD | dns.flags.CD).flags & dns.flags.CD
    assert not subject.ask("www.flags.test.").flags & dns.flags.CD


@pytest.mark.rfc("4035", "3.2.3")
@pytest.mark.parametrize("flags", [dns.flags.RD, dns.flags.RD | dns.flags.AD])
def test_what_was_not_validated_is_not_authentic(subject, flags):
    assert not subject.ask("www.flags.test.", flags=flags).flags & dns.flags.AD
    edns = subject.ask("www.flags.test.", flags=flags, payload=1232, ednsflags=dns.flags.DO)
    assert not edns.flags & dns.flags.AD
