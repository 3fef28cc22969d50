import socket

import pytest
from fakes.name_server import NameServer, make_certificate, reply_to

from dnsd.cli.lookup_exchange import AskError, AskOptions, Server, Way, ask
from dnsd.cli.lookup_question import QueryForm, query_octets
from dnsd.wire.message import QR, TC

NAME = b"\x04name\x04test\x00"
QUERY = query_octets(NAME, 1, QueryForm(), lambda n: b"\x12\x34"[:n])
ANSWER = [(NAME, 1, 60, bytes((192, 0, 2, 1)))]
SOON = AskOptions(timeout_s=0.2, tries=2)


@pytest.fixture
def name_server():
    fake = NameServer()
    fake.say = lambda query, _: [reply_to(query, answer=ANSWER)]
    yield fake
    fake.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    return make_certificate(path, "dns.example", addresses=["127.0.0.1"])


@pytest.fixture
def encrypted(certificate):
    fake = NameServer(certificate)
    fake.say = lambda query, _: [reply_to(query, answer=ANSWER)]
    yield fake
    fake.close()


def _ask(fake, way=Way.UDP, options=SOON, **server):
    port = {Way.TLS: "tls_port", Way.HTTPS: "https_port"}.get(way, "port")
    return ask(QUERY, Server("127.0.0.1", getattr(fake, port), **server), way, options)


@pytest.mark.parametrize("way", [Way.UDP, Way.TCP])
def test_a_reply_comes_the_way_that_was_asked(way, name_server):
    reply = _ask(name_server, way)
    assert reply.message.answer[0].rdatas == (bytes((192, 0, 2, 1)),)
    assert (reply.way, reply.truncated, reply.strays, reply.certificate) == (way, False, 0, "")
    assert name_server.heard == [(way.value.lower(), QUERY)]


def test_a_truncated_reply_is_asked_for_over_tcp(name_server):
    name_server.say = lambda query, how: [
        reply_to(query, flags=QR | TC) if how == "udp" else reply_to(query, answer=ANSWER)
    ]
    reply = _ask(name_server)
    assert (reply.way, reply.truncated) == (Way.TCP, True)
    assert reply.message.answer


def test_what_is_no_reply_is_passed_over_and_counted(name_server):
    def say(query, _):
        good = reply_to(query, answer=ANSWER)
        return [b"\x00\x00" + good[2:], b"short", good[:2] + b"\x00" + good[3:], good]

    name_server.say = say
    assert _ask(name_server).strays == 3
    assert _ask(name_server, Way.TCP).message.answer


def test_a_flood_of_other_datagrams_has_an_end(name_server):
    name_server.say = lambda query, _: [b"\xff\xff" + reply_to(query)[2:]] * 150
    with pytest.raises(AskError, match="101 datagrams came, and none was the reply"):
        _ask(name_server, options=AskOptions(timeout_s=30))


def test_a_lost_query_is_sent_again(name_server):
    lost = [[]]
    name_server.say = lambda query, _: lost.pop() if lost else [reply_to(query)]
    assert _ask(name_server).message
    assert len(name_server.heard) == 2


@pytest.mark.parametrize(
    ("way", "said"), [(Way.UDP, "0.4 seconds"), (Way.TCP, "0.2 seconds")], ids=["UDP", "TCP"]
)
def test_silence_has_an_end(way, said, name_server):
    name_server.say = lambda *_: []
    with pytest.raises(AskError, match=f"no reply within {said}"):
        _ask(name_server, way)


@pytest.mark.parametrize("way", [Way.UDP, Way.TCP])
def test_where_nothing_listens_that_is_said(way):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        server = Server("127.0.0.1", unused.getsockname()[1])
        with pytest.raises(AskError, match="nothing listens there") as error:
            ask(QUERY, server, way, SOON)
    assert error.value.refused


def test_a_malformed_reply_says_what_is_wrong(name_server):
    counts = b"\x80\x00\0\1\0\1\0\0\0\0"  # a record behind the question, the OPT, and no more
    name_server.say = lambda query, _: [query[:2] + counts + query[12:] + b"\xc0\xff"]
    with pytest.raises(AskError, match="the reply cannot be read: "):
        _ask(name_server)


@pytest.mark.parametrize("way", [Way.TLS, Way.HTTPS])
def test_a_certificate_that_nobody_signed_is_said_and_no_error(way, encrypted):
    reply = _ask(encrypted, way)
    assert reply.message.answer
    assert reply.certificate.startswith("not verified: self")
    assert [how for how, _ in encrypted.heard] == [way.value.lower()]


@pytest.mark.parametrize("way", [Way.TLS, Way.HTTPS])
@pytest.mark.parametrize(
    ("tls_name", "name", "said"),
    [
        ("", "", "verified for 127.0.0.1"),
        ("", "dns.example", "verified for dns.example"),
        ("dns.example", "other.example", "verified for dns.example"),
    ],
)
def test_a_certificate_is_verified_for_who_was_asked(
    way, tls_name, name, said, encrypted, certificate
):
    options = AskOptions(tls_name=tls_name, authorities=certificate)
    assert _ask(encrypted, way, options, name=name).certificate == said


@pytest.mark.parametrize("way", [Way.TLS, Way.HTTPS])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (AskOptions(tls_name="dns.example"), "self"),
        (AskOptions(tls_name="other.example", authorities=True), "Hostname mismatch"),
    ],
    ids=["unknown authority", "other name"],
)
def test_who_insists_gets_no_reply_from_another(way, options, said, encrypted, certificate):
    if options.authorities:
        options = AskOptions(tls_name=options.tls_name, authorities=certificate)
    with pytest.raises(AskError, match=f"the certificate is not to be trusted: {said}"):
        _ask(encrypted, way, options)
    assert encrypted.heard == []


def test_https_asks_with_id_0_at_the_path(encrypted):
    assert _ask(encrypted, Way.HTTPS, path="/other").message.id == 0
    assert encrypted.heard == [("https", b"\x00\x00" + QUERY[2:])]
    assert encrypted.path == "/other"


def test_what_http_brings_must_be_the_reply(encrypted):
    encrypted.say = lambda query, _: [b"\x00\x01" + reply_to(query)[2:]]
    with pytest.raises(AskError, match="what came is not the reply to our query"):
        _ask(encrypted, Way.HTTPS)


def test_an_http_error_is_no_reply(encrypted):
    encrypted.say = lambda *_: []
    with pytest.raises(AskError, match="HTTP status 503 instead of an answer"):
        _ask(encrypted, Way.HTTPS)


def test_a_server_without_tls_fails_in_words(name_server):
    name_server.tls_port = name_server.port
    with pytest.raises(AskError):
        _ask(name_server, Way.TLS)
