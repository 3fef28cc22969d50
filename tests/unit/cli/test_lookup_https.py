import socket
import ssl

import pytest
from fakes.name_server import NameServer, make_certificate, reply_to

from dnsd.cli.lookup_https import PROTOCOLS, HttpError, post
from dnsd.cli.lookup_question import QueryForm, query_octets

QUERY = query_octets(b"\x01a\x04test\x00", 1, QueryForm(), bytes)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls") / "both.pem", "dns.example")


@pytest.fixture
def server(certificate):
    fake = NameServer(certificate)
    fake.say = lambda query, _: [reply_to(query)]
    yield fake
    fake.close()


@pytest.fixture(params=["https", "http2"])
def way(request):
    return request.param


@pytest.fixture
def ask(server, way):
    def ask(timeout_s=10.0):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(list(PROTOCOLS))
        port = {"https": server.https_port, "http2": server.http2_port}[way]
        with (
            socket.create_connection(("127.0.0.1", port)) as opened,
            context.wrap_socket(opened, server_hostname="dns.example") as stream,
        ):
            return post(stream, ("dns.example", "/dns-query"), QUERY, timeout_s)

    return ask


def test_the_reply_is_the_body(server, ask, way):
    assert ask() == reply_to(QUERY)
    assert server.heard == [(way, QUERY)]
    assert server.path == "/dns-query"


def test_the_longest_message_comes_whole(server, ask):
    server.say = lambda *_: [b"x" * 65_535]
    assert ask() == b"x" * 65_535


@pytest.mark.parametrize("way", ["https"], indirect=True)  # the other's window is no larger
def test_what_is_longer_is_no_message(server, ask):
    server.say = lambda *_: [b"x" * 65_536]
    with pytest.raises(HttpError, match="the answer is longer than a DNS message can be"):
        ask()


def test_an_error_of_http_is_told(server, ask):
    server.say = lambda *_: []
    with pytest.raises(HttpError, match="HTTP status 503 instead of an answer"):
        ask()


def test_a_page_is_no_message(server, ask):
    server.content_type = "text/html; charset=utf-8"
    with pytest.raises(HttpError, match="text/html came instead of application/dns-message"):
        ask()


@pytest.mark.parametrize("way", ["http2"], indirect=True)
def test_a_stream_that_is_reset_is_told(server, ask):
    server.reset = True
    with pytest.raises(HttpError, match="the server ended the request with HTTP/2 error 11"):
        ask()


def test_a_server_that_hangs_up_is_told():
    class Stream:
        """A connection that ends."""

        def selected_alpn_protocol(self):
            return "h2"

        def sendall(self, _):
            pass

        def settimeout(self, _):
            pass

        def recv(self, _):
            return b""

    with pytest.raises(HttpError, match="closed the connection before it replied"):
        post(Stream(), ("dns.example", "/"), QUERY, 1.0)


def test_what_is_no_http2_is_told():
    class Stream:
        """A connection that brings something else."""

        def selected_alpn_protocol(self):
            return "h2"

        def sendall(self, _):
            pass

        def settimeout(self, _):
            pass

        def recv(self, _):
            return b"\0\0\0\x04\0\0\0\0\1"  # settings of a stream, which has none

    with pytest.raises(HttpError, match="no HTTP/2: "):
        post(Stream(), ("dns.example", "/"), QUERY, 1.0)
