"""RFC 4343: letters of ASCII are equal in either case, and nothing else is."""

import dns.message
import dns.name
import dns.rcode
import pytest
from conformance.conftest import records


@pytest.mark.rfc("4343", "3")
@pytest.mark.parametrize("name", ["WWW.example.test.", "wWw.ExAmPlE.tEsT.", "www.EXAMPLE.TEST."])
def test_letter_case_makes_no_difference(subject, name):
    reply = subject.ask(name, "AAAA")
    assert reply.rcode() == dns.rcode.NOERROR
    assert str(reply.answer[0][0]) == "2001:db8::80"


@pytest.mark.rfc("4343", "3")
@pytest.mark.parametrize(
    ("label", "has_own"),
    [
        (b"\xc3", True),
        (b"\xe3", False),  # a small letter in ISO 8859-1
        (b"[", True),
        (b"{", False),  # 32 above, as small letters are above capital ones
    ],
)
def test_octets_beside_the_letters_are_all_different(subject, label, has_own):
    name = dns.name.Name([label, b"odd", b"example", b"test", b""])
    (text,) = subject.ask(name, "TXT").answer[0][0].strings
    # A wildcard answers for names without records of their own.
    assert (text != b"an asterisk that was escaped") is has_own


@pytest.mark.rfc("4343", "4.1")
def test_the_question_comes_back_in_the_case_of_the_query(subject):
    query = dns.message.make_query("wWw.ExAmPlE.tEsT.", "AAAA", use_edns=False)
    octets = subject.raw(query.to_wire())
    assert octets[12:30] == query.to_wire()[12:30]


@pytest.mark.rfc("4343", "4.1")
def test_the_owner_comes_back_in_the_case_of_the_query(subject):
    reply = subject.ask("wWw.ExAmPlE.tEsT.", "AAAA")
    assert reply.answer[0].name.labels == reply.question[0].name.labels


# knotd and nsd keep names in small letters, as we do.
@pytest.mark.rfc("4343", "4.2")
@pytest.mark.reference("named")
@pytest.mark.lacks("names are kept in small letters, as in knotd and nsd")
def test_a_name_is_sent_in_the_case_of_the_zone_file(subject):
    reply = subject.ask("to-mixed.example.test.")
    assert records(reply.answer) == [
        "MiXeD.Case.example.test. 300 IN A 192.0.2.150",
        "to-mixed.example.test. 300 IN CNAME MiXeD.Case.ExAmPlE.test.",
    ]
