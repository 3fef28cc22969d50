"""RFC 2181 §4: a reply comes from the address and port that the query went to.

The servers listen on the wildcard addresses, in a network that has several
addresses. The client has another one than the server is asked at, so that a
reply whose source the kernel chose is not the one it waits for.
"""

import socket

import dns.message
import pytest
from conformance.conftest import WORLDS, Subject
from peers.namespaces import network
from peers.servers import PACKAGES, SERVERS, Setup, program

pytestmark = pytest.mark.root

ADDRESSES = ["192.0.2.53", "192.0.2.54", "2001:db8::53", "2001:db8::54"]
WILDCARDS = Setup(addresses=("0.0.0.0", "::"))


@pytest.fixture
def subject(request, tmp_path):
    """A server in a network of its own, started for this test."""
    name = "dnsd" if request.param == "dnsd" else "knotd"
    if name != "dnsd" and program(name) is None:
        pytest.skip(f"install the Debian package {PACKAGES[name]}")
    with (
        network(*ADDRESSES),
        SERVERS[name](tmp_path, WORLDS["example"], setup=WILDCARDS) as server,
    ):
        yield Subject(server)


def ask(subject, client, server, kind):
    """Ask one address from another; where the reply came from, and the reply."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    query = dns.message.make_query("www.example.test.", "A", use_edns=False)
    with socket.socket(family, kind) as sock:
        sock.settimeout(10)
        sock.bind((client, 0))
        if kind == socket.SOCK_STREAM:
            octets = query.to_wire()
            sock.connect((server, subject.server.port))
            sock.sendall(len(octets).to_bytes(2, "big") + octets)
            reply = sock.recv(65535)[2:]
            source = sock.getpeername()
        else:
            sock.sendto(query.to_wire(), (server, subject.server.port))
            reply, source = sock.recvfrom(65535)
    assert query.is_response(dns.message.from_wire(reply))
    return source[:2]


@pytest.mark.rfc("2181", "4.1")
def test_a_reply_comes_from_the_address_that_was_asked(subject):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        for server in (*ADDRESSES, "127.0.0.1", "127.0.0.77", "::1"):
            for client in ("::1", "2001:db8::54") if ":" in server else ("127.0.0.2", "192.0.2.54"):
                # RFC 2181 §4.2: the port is the one that was asked, too.
                assert ask(subject, client, server, kind) == (server, subject.server.port)
