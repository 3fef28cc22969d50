"""RFC 7873 and RFC 9018: cookies."""

import dns.edns
import dns.message
import dns.rcode
import pytest

CLIENT = b"12345678"


def cookie(reply):
    return [o.to_wire() for o in reply.options if o.otype == 10]


def ask(subject, value, name="example.test.", **how):
    return subject.ask(name, "SOA", options=[dns.edns.GenericOption(10, value)], **how)


@pytest.mark.rfc("7873", "5.2.3")
@pytest.mark.reference("named")
def test_a_client_cookie_gets_a_server_cookie(subject):
    reply = ask(subject, CLIENT)
    (value,) = cookie(reply)
    assert value[:8] == CLIENT
    assert len(value) == 24
    assert value[8:12] == b"\1\0\0\0"  # RFC 9018 §4.2 version 1, reserved
    assert reply.answer


@pytest.mark.rfc("7873", "5.2.4")
@pytest.mark.reference("named")
def test_an_invalid_server_cookie_gets_an_answer_and_a_fresh_one(subject):
    reply = ask(subject, CLIENT + bytes(16))
    (value,) = cookie(reply)
    assert value[8:] != bytes(16)
    assert reply.rcode() in (dns.rcode.NOERROR, dns.rcode.BADCOOKIE)


@pytest.mark.rfc("7873", "5.2.5")
@pytest.mark.reference("named")
def test_a_server_cookie_is_accepted_again(subject):
    (value,) = cookie(ask(subject, CLIENT))
    reply = ask(subject, value)
    assert cookie(reply)[0][:8] == CLIENT
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.answer


@pytest.mark.rfc("7873", "5.2.1")
@pytest.mark.reference("named")
def test_who_sends_no_cookie_gets_none(subject):
    assert cookie(subject.ask("example.test.", "SOA", payload=1232)) == []


@pytest.mark.rfc("7873", "5.2.3")
@pytest.mark.reference("named")
def test_cookies_are_answered_over_tcp_and_to_refused_names_too(subject):
    assert len(cookie(ask(subject, CLIENT, tcp=True))[0]) == 24
    assert len(cookie(ask(subject, CLIENT, name="elsewhere.example."))[0]) == 24


@pytest.mark.rfc("7873", "5.2.2")
@pytest.mark.reference("named")
@pytest.mark.parametrize("length", [1, 7, 9, 15, 41])
def test_a_cookie_of_impossible_length_is_formerr(subject, length):
    assert ask(subject, bytes(length)).rcode() == dns.rcode.FORMERR


@pytest.mark.rfc("7873", "5.4")
@pytest.mark.reference("named")
def test_a_query_without_a_question_gets_a_cookie(subject):
    query = dns.message.make_query("example.test.", "SOA", use_edns=False)
    query.flags = 0
    query.question = []
    query.use_edns(edns=0, payload=1232, options=[dns.edns.GenericOption(10, CLIENT)])
    reply = subject.exchange(query)
    assert reply.rcode() == dns.rcode.NOERROR
    assert len(cookie(reply)[0]) == 24
