"""RFC 7766: DNS over TCP."""

import contextlib
import socket
import struct

import dns.message
import dns.rcode
import pytest
from conformance.conftest import Arrangement
from peers.servers import Setup

PATIENCE_S = 30


@contextlib.contextmanager
def connection(subject):
    address = subject.server.address, subject.server.port
    with socket.create_connection(address, PATIENCE_S) as sock:
        yield sock


def framed(message):
    octets = message.to_wire()
    return struct.pack("!H", len(octets)) + octets


def read(stream):
    (length,) = struct.unpack("!H", stream.read(2))
    return dns.message.from_wire(stream.read(length))


def queries(count, name="www.example.test."):
    made = [dns.message.make_query(name, "A", use_edns=False) for _ in range(count)]
    for i, query in enumerate(made):
        query.id = i
    return made


@pytest.mark.rfc("7766", "5")
@pytest.mark.parametrize(
    "name", ["www.example.test.", "none.example.test.", "a.elsewhere.example."]
)
def test_everything_that_udp_answers_is_answered_over_tcp(subject, name):
    over_udp, over_tcp = subject.ask(name), subject.ask(name, tcp=True)
    assert (over_tcp.rcode(), over_tcp.answer) == (over_udp.rcode(), over_udp.answer)


@pytest.mark.rfc("7766", "6.2.1")
def test_a_connection_serves_one_query_after_the_other(subject):
    with connection(subject) as sock, sock.makefile("rb") as stream:
        for query in queries(3):
            sock.sendall(framed(query))
            assert read(stream).id == query.id


@pytest.mark.rfc("7766", "6.2.1.1")
@pytest.mark.rfc("7766", "7")
def test_queries_sent_together_are_all_answered_in_any_order(subject):
    asked = [*queries(10), *queries(10, "none.example.test.")]
    for i, query in enumerate(asked):
        query.id = i
    with connection(subject) as sock, sock.makefile("rb") as stream:
        sock.sendall(b"".join(map(framed, asked)))
        got = {}
        for _ in asked:
            reply = read(stream)
            got[reply.id] = reply
    assert got.keys() == {query.id for query in asked}
    # Each reply belongs to the query whose ID it has.
    assert all(query.is_response(got[query.id]) for query in asked)


@pytest.mark.rfc("7766", "6.2.3")
def test_a_client_may_have_several_connections(subject):
    (query,) = queries(1)
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            sock = stack.enter_context(connection(subject))
            sock.sendall(framed(query))
            assert read(stack.enter_context(sock.makefile("rb"))).answer


@pytest.mark.rfc("7766", "6.2.4")
def test_a_client_that_says_no_more_still_gets_its_answers(subject):
    asked = queries(3)
    with connection(subject) as sock, sock.makefile("rb") as stream:
        sock.sendall(b"".join(map(framed, asked)))
        sock.shutdown(socket.SHUT_WR)
        assert {read(stream).id for _ in asked} == {0, 1, 2}
        assert stream.read() == b""


@pytest.mark.rfc("7766", "8")
def test_a_message_may_come_in_pieces(subject):
    (query,) = queries(1)
    with connection(subject) as sock, sock.makefile("rb") as stream:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in framed(query):
            sock.sendall(bytes([octet]))
        assert read(stream).answer


@pytest.mark.rfc("7766", "8")
def test_two_messages_may_come_in_one_piece_and_a_half(subject):
    first, second = map(framed, queries(2))
    with connection(subject) as sock, sock.makefile("rb") as stream:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(first + second[:5])
        assert read(stream).id == 0
        sock.sendall(second[5:])
        assert read(stream).id == 1


@pytest.mark.rfc("7766", "8")
def test_a_long_reply_is_whole(subject):
    query = dns.message.make_query("65000.sizes.test.", "TXT", use_edns=False)
    with connection(subject) as sock, sock.makefile("rb") as stream:
        sock.sendall(framed(query))
        assert len(read(stream).wire) == 65000


class TestIdle:
    @pytest.fixture
    def arrangement(self):
        return Arrangement(setup=Setup(tcp_idle_s=1))

    @pytest.mark.rfc("7766", "6.2.3")
    def test_the_server_closes_a_connection_that_stays_silent(self, subject):
        (query,) = queries(1)
        with connection(subject) as sock, sock.makefile("rb") as stream:
            sock.sendall(framed(query))
            assert read(stream).answer
            assert stream.read() == b""

    @pytest.mark.rfc("7766", "6.2.3")
    def test_the_server_answers_again_after_it_closed_a_connection(self, subject):
        (query,) = queries(1)
        with connection(subject) as sock, sock.makefile("rb") as stream:
            sock.sendall(framed(query))
            read(stream)
            assert stream.read() == b""
        assert subject.exchange(query, tcp=True).rcode() == dns.rcode.NOERROR
