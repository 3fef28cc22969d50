"""RFC 7858: DNS over TLS, and RFC 7830, RFC 8467: the padding of what goes over it."""

import socket

import dns.edns
import dns.flags
import dns.message
import pytest
from conformance.conftest import Arrangement
from conformance.encrypted import framed, http_2, over_tls, parsed, read, secured
from fakes.tls import client_context
from peers.servers import Setup

PADDING = 12
BLOCK = 468

pytestmark = pytest.mark.reference("named")


@pytest.fixture
def arrangement():
    return Arrangement(setup=Setup(is_encrypted=True))


def query(name="www.example.test.", rrtype="A", *options):
    made = dns.message.make_query(name, rrtype, use_edns=0, options=list(options))
    made.flags = 0
    return made


def padded(name="www.example.test.", octets=30):
    return query(name, "A", dns.edns.GenericOption(PADDING, bytes(octets)))


@pytest.mark.rfc("7858", "3.1")
def test_the_first_octets_are_a_handshake_or_there_is_no_answer(subject):
    address = subject.server.address, subject.server.tls_port
    with socket.create_connection(address, 30) as sock:
        sock.sendall(framed(query()))
        received = b""
        try:
            while piece := sock.recv(4096):
                received += piece
        except ConnectionResetError:
            pass
    # An alert at the most.
    assert received[:1] in {b"", b"\x15"}


@pytest.mark.rfc("7858", "3.3")
@pytest.mark.parametrize("name", ["www.example.test.", "none.example.test.", "elsewhere.example."])
def test_everything_that_udp_answers_is_answered_over_tls(subject, name):
    asked = query(name)
    over_udp, secret = subject.exchange(asked), parsed(over_tls(subject, asked))
    assert (secret.rcode(), secret.answer) == (over_udp.rcode(), over_udp.answer)
    assert secret.id == asked.id


@pytest.mark.rfc("7858", "3.3")
@pytest.mark.rfc("7858", "3.4")
def test_queries_sent_together_are_answered_on_one_connection(subject):
    asked = [query() for _ in range(10)]
    with secured(subject, subject.server.tls_port) as sock:
        sock.sendall(b"".join(map(framed, asked)))
        ids = {parsed(read(sock)).id for _ in asked}
        assert ids == {each.id for each in asked}
        sock.sendall(framed(asked[0]))
        assert parsed(read(sock)).id == asked[0].id


@pytest.mark.rfc("7858", "3.4")
def test_a_client_comes_back_to_its_session(subject):
    context = client_context()
    with secured(subject, subject.server.tls_port, context=context) as sock:
        sock.sendall(framed(query()))
        read(sock)
        session = sock.session
    with secured(subject, subject.server.tls_port, context=context, session=session) as sock:
        sock.sendall(framed(query()))
        assert parsed(read(sock)).answer
        assert sock.session_reused


# named says nothing of the time over TLS.
@pytest.mark.rfc("7858", "3.4")
@pytest.mark.rfc("7828", "3.3.2")
def test_a_client_is_told_how_long_its_connection_may_be_silent(subject):
    reply = parsed(
        over_tls(subject, query("www.example.test.", "A", dns.edns.GenericOption(11, b"")))
    )
    assert [len(o.to_wire()) for o in reply.options if o.otype == 11] == [2]


@pytest.mark.rfc("7830", "4")
@pytest.mark.rfc("8467", "4.1")
@pytest.mark.parametrize("name", ["www.example.test.", "none.example.test.", "elsewhere.example."])
@pytest.mark.parametrize("octets", [0, 1, 100])
def test_a_reply_to_a_padded_query_is_whole_blocks(subject, name, octets):
    assert len(over_tls(subject, padded(name, octets))) % BLOCK == 0


@pytest.mark.rfc("8467", "4.1")
def test_so_is_one_over_https(subject):
    with http_2(subject) as web:
        ((status, body),) = web.wait(web.client.post(padded().to_wire()))
    assert status == 200
    assert len(body) % BLOCK == 0


@pytest.mark.rfc("7830", "4")
def test_a_query_without_padding_gets_none(subject):
    reply = parsed(over_tls(subject, query()))
    assert not [o for o in reply.options if o.otype == PADDING]


@pytest.mark.rfc("7830", "3")
def test_padding_is_octets_of_zero(subject):
    reply = parsed(over_tls(subject, padded()))
    (padding,) = [o.to_wire() for o in reply.options if o.otype == PADDING]
    assert not padding.strip(b"\0")


@pytest.mark.rfc("7830", "6")
@pytest.mark.reference("knotd")
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_what_is_not_encrypted_is_not_padded(subject, tcp):
    reply = subject.exchange(padded(), tcp=tcp)
    assert reply.answer
    assert not [o for o in reply.options if o.otype == PADDING]
