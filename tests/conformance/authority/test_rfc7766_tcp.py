"""RFC 7766: DNS over TCP."""

import contextlib
import socket
import struct

import dns.message
import pytest


@contextlib.contextmanager
def connection(subject):
    with socket.create_connection((subject.server.address, subject.server.port), 5) as sock:
        yield sock


def framed(message):
    octets = message.to_wire()
    return struct.pack("!H", len(octets)) + octets


def read(sock):
    stream = sock.makefile("rb")
    (length,) = struct.unpack("!H", stream.read(2))
    return dns.message.from_wire(stream.read(length))


def queries(count):
    made = [dns.message.make_query("www.example.test.", "A", use_edns=False) for _ in range(count)]
    for i, query in enumerate(made):
        query.id = i
    return made


@pytest.mark.rfc("7766", "6.2.1")
def test_a_connection_serves_one_query_after_the_other(subject):
    with connection(subject) as sock:
        for query in queries(3):
            sock.sendall(framed(query))
            assert read(sock).id == query.id


@pytest.mark.rfc("7766", "6.2.1.1")
def test_queries_sent_together_are_all_answered(subject):
    asked = queries(10)
    with connection(subject) as sock, sock.makefile("rb") as stream:
        sock.sendall(b"".join(map(framed, asked)))
        got = set()
        for _ in asked:
            (length,) = struct.unpack("!H", stream.read(2))
            got.add(dns.message.from_wire(stream.read(length)).id)
    assert got == {query.id for query in asked}


@pytest.mark.rfc("7766", "8")
def test_a_message_may_come_in_pieces(subject):
    (query,) = queries(1)
    with connection(subject) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in framed(query):
            sock.sendall(bytes([octet]))
        assert read(sock).answer
