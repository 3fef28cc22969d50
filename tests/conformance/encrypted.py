"""Clients of DNS over TLS and HTTPS for the conformance tests."""

import contextlib
import socket
import struct

import dns.message
from fakes.doh import Http1Client, Http2Client
from fakes.tls import client_context

PATIENCE_S = 30


@contextlib.contextmanager
def secured(subject, port, *protocols, context=None, session=None):
    """A connection inside TLS."""
    context = context or client_context(*protocols)
    with (
        socket.create_connection((subject.server.address, port), PATIENCE_S) as plain,
        context.wrap_socket(plain, session=session, suppress_ragged_eofs=True) as sock,
    ):
        yield sock


def framed(message):
    octets = message if isinstance(message, bytes) else message.to_wire()
    return struct.pack("!H", len(octets)) + octets


def read(sock):
    """Read one message; ``None`` when the server has closed."""
    octets = b""
    while len(octets) < 2 or len(octets) < 2 + struct.unpack("!H", octets[:2])[0]:
        wanted = 2 if len(octets) < 2 else 2 + struct.unpack("!H", octets[:2])[0]
        piece = sock.recv(wanted - len(octets))
        if not piece:
            return None
        octets += piece
    return octets[2:]


def over_tls(subject, message):
    """Exchange one message over TLS."""
    with secured(subject, subject.server.tls_port, "dot") as sock:
        sock.sendall(framed(message))
        return read(sock)


class Web:
    """A connection that speaks HTTP/2."""

    def __init__(self, sock):
        self.sock = sock
        self.client = Http2Client()

    def wait(self, *streams):
        """Send what there is to send, and wait for the responses."""
        self.sock.sendall(self.client.take())
        while not all(s in self.client.ended or s in self.client.resets for s in streams):
            octets = self.sock.recv(65536)
            assert octets, "closed before the response"
            self.client.receive(octets)
            self.sock.sendall(self.client.take())
        return [self.client.responses[stream] for stream in streams]


@contextlib.contextmanager
def http_2(subject):
    with secured(subject, subject.server.https_port, "h2") as sock:
        assert sock.selected_alpn_protocol() == "h2"
        yield Web(sock)


def http_1(subject, request):
    """One request over HTTP/1.1: status, headers and body; ``request`` makes its octets."""
    client = Http1Client()
    with secured(subject, subject.server.https_port, "http/1.1") as sock:
        sock.sendall(request(client))
        while not client.responses or not client.headers:
            client.receive(sock.recv(65536))
        while len(client.responses[0][1]) < int(client.headers[0].get(b"content-length", 0)):
            client.receive(sock.recv(65536))
    return (*client.responses[0], client.headers[0])


def parsed(octets):
    return dns.message.from_wire(octets, one_rr_per_rrset=False)
