"""Connections of DNS over HTTP over a transport without sockets."""

import dns.message
import pytest
from fakes.doh import Http1Client, Http2Client
from fakes.octets import query
from fakes.streams import Server

from dnsd.net.doh import DohServer, doh
from dnsd.net.doh_message import DohOptions
from dnsd.observe import metrics
from dnsd.query.acl import Networks
from dnsd.query.request import Transport
from dnsd.query.stream import StreamOptions

QUERY = query("www.example.test.")
PROXIES = Networks.from_text(["198.51.100.1"])


class Web:
    """A server of DNS over HTTP; replies are the queries with QR set."""

    def __init__(self, server=None, **options):
        self.server = Server(doh(server or DohServer()), **options)
        self.server.responder.reply = reply_to

    def connect(self, speaker, address="198.51.100.1"):
        connection = self.server.connect(address)
        return connection and Browser(speaker, connection)

    def hits(self, limit):
        return self.server.responder.hits(limit)


def reply_to(octets):
    return octets[:2] + b"\x80" + octets[3:]


class Browser:
    """A client that speaks HTTP over its connection."""

    def __init__(self, speaker, connection):
        self.speaker = speaker
        self.connection = connection
        self.read = 0

    def say(self, octets, size=None):
        for i in range(0, len(octets), size or len(octets) or 1):
            self.connection.send(octets[i : i + (size or len(octets))])
        self.listen()

    def listen(self):
        for _ in range(20):
            self.connection.transport.drain()
        received = self.connection.received
        if received[self.read :]:
            self.speaker.receive(received[self.read :])
        self.read = len(received)


@pytest.fixture
def make_web():
    return Web


@pytest.fixture
def web():
    return Web()


@pytest.mark.parametrize("size", [None, 1, 3])
def test_http_1_is_told_by_its_first_octets(web, size):
    browser = web.connect(Http1Client())
    browser.say(browser.speaker.get(QUERY), size)
    browser.say(browser.speaker.post(QUERY), size)
    assert browser.speaker.responses == [(200, reply_to(QUERY))] * 2


@pytest.mark.parametrize("size", [None, 1, 3])
def test_http_2_is_told_by_its_first_octets(web, size):
    browser = web.connect(Http2Client())
    streams = [browser.speaker.get(QUERY), browser.speaker.post(QUERY)]
    browser.say(browser.speaker.take(), size)
    assert [browser.speaker.responses[s] for s in streams] == [(200, reply_to(QUERY))] * 2


def test_a_put_is_no_preface(web):
    browser = web.connect(Http1Client())
    browser.say(b"PUT / HTTP/1.1\r\nhost: x.test\r\n\r\n")
    assert browser.connection.received.startswith(b"HTTP/1.1 404")


def test_a_request_says_who_asked_and_how(web):
    browser = web.connect(Http2Client())
    browser.speaker.get(QUERY)
    browser.say(browser.speaker.take())
    (request,) = web.server.responder.requests
    assert request.octets == QUERY
    assert request.client == b"\xc6\x33\x64\x01"
    assert request.client_port == 40000
    assert request.transport is Transport.HTTPS
    assert request.idle_s == 0.0, "HTTP has its own word for that"
    assert web.server.responder.row[metrics.TCP_CONNECTIONS.slot("doh")] == 1


def test_a_proxy_is_the_client_unless_its_word_counts(make_web):
    for proxies, client in [(Networks(()), b"\xc6\x33\x64\x01"), (PROXIES, b"\xc0\0\2\x07")]:
        web = make_web(DohServer(proxies=proxies))
        browser = web.connect(Http1Client())
        browser.say(browser.speaker.post(QUERY, more=[(b"x-forwarded-for", b"192.0.2.7")]))
        assert web.server.responder.requests[0].client == client


def test_a_proxy_that_tells_nothing_that_can_be_read_is_refused(make_web):
    web = make_web(DohServer(proxies=PROXIES))
    browser = web.connect(Http1Client())
    browser.say(browser.speaker.post(QUERY, more=[(b"x-forwarded-for", b"somebody")]))
    assert browser.speaker.responses[0][0] == 400
    assert web.server.responder.requests == []


def test_replies_may_come_later_and_in_any_order(web):
    waiting = []

    def respond(request, send_late):
        waiting.append((request, send_late))

    web.server.responder.respond = respond
    browser = web.connect(Http2Client())
    streams = [browser.speaker.get(QUERY + bytes([i])) for i in range(3)]
    browser.say(browser.speaker.take())
    assert browser.speaker.responses == {}
    for request, send_late in reversed(waiting):
        send_late(request, reply_to(request.octets))
    browser.listen()
    assert [browser.speaker.responses[s] for s in streams] == [
        (200, reply_to(QUERY + bytes([i]))) for i in range(3)
    ]


def test_a_reply_that_comes_when_its_client_is_gone_goes_nowhere(web):
    waiting = []
    web.server.responder.respond = lambda *each: waiting.append(each)
    browser = web.connect(Http1Client())
    browser.say(browser.speaker.get(QUERY))
    browser.connection.protocol.connectionLost()
    ((request, send_late),) = waiting
    send_late(request, QUERY)
    assert browser.connection.received == b""


def test_limits_of_http_are_counted(make_web):
    web = make_web(DohServer(DohOptions(body_octets=512, resets_per_second=5)))
    browser = web.connect(Http2Client())
    browser.speaker.post(bytes(600))
    browser.say(browser.speaker.take())
    assert web.hits("doh_body") == 1
    for _ in range(6):
        browser.speaker.http.reset_stream(browser.speaker.get(QUERY))
    browser.say(browser.speaker.take())
    assert web.hits("doh_resets") == 1
    assert browser.connection.is_closed


def test_requests_that_wait_are_counted_when_they_are_too_many(make_web):
    web = make_web(DohServer(DohOptions(streams=3)))
    web.server.responder.respond = lambda *_: None
    browser = web.connect(Http2Client())
    for _ in range(3):
        browser.speaker.get(QUERY)
    browser.say(browser.speaker.take())
    assert web.hits("doh_streams") == 1
    assert not browser.connection.is_closed


def test_there_are_so_many_connections_and_the_quietest_makes_room(make_web):
    web = make_web(clients=2)
    first, second = (web.connect(Http1Client(), f"198.51.100.{i}") for i in (1, 2))
    first.say(first.speaker.get(QUERY))
    assert web.connect(Http1Client(), "198.51.100.3")
    assert web.hits("doh_clients") == 1
    assert second.connection.is_closed
    assert not first.connection.is_closed


@pytest.mark.parametrize(
    ("sent", "alive_s", "limit"),
    [
        pytest.param(b"", 3.0, "tcp_first_message", id="nothing"),
        pytest.param(b"PRI", 3.0, "tcp_first_message", id="no version"),
        pytest.param(b"GET /dns-query", 2.0, "tcp_whole_message", id="half a request"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 3.0, "tcp_first_message", id="preface"),
    ],
)
def test_a_slow_client_is_closed_in_time(web, sent, alive_s, limit):
    client = web.server.connect()
    client.send(sent)
    web.server.pass_time(alive_s - 0.1, client)
    assert not client.is_closed
    web.server.pass_time(0.3, client)
    assert client.is_closed
    assert web.hits(limit) == 1


def test_an_idle_client_of_http_2_is_told_before_it_is_closed(web):
    browser = web.connect(Http2Client())
    browser.speaker.get(QUERY)
    browser.say(browser.speaker.take())
    web.server.pass_time(10.2, browser.connection)
    browser.listen()
    assert browser.speaker.goodbye == 0
    assert browser.connection.is_closed


def test_pings_keep_nobody_connected(web):
    browser = web.connect(Http2Client())
    browser.speaker.get(QUERY)
    browser.say(browser.speaker.take())
    for _ in range(11):
        web.server.pass_time(1.0, browser.connection)
        if not browser.connection.is_closed:
            browser.speaker.http.ping(bytes(8))
            browser.say(browser.speaker.take())
    assert browser.connection.is_closed
    assert web.hits("tcp_idle") == 1


def test_a_client_that_does_not_read_is_closed(make_web):
    web = make_web(stream=StreamOptions(unsent_octets=1000))
    web.server.responder.reply = lambda octets: reply_to(octets) + bytes(900)
    browser = web.connect(Http2Client())
    browser.connection.transport.reads = False
    for _ in range(8):
        browser.speaker.get(QUERY)
    browser.connection.send(browser.speaker.take())
    assert len(web.server.responder.requests) < 8
    assert not browser.connection.is_read
    web.server.pass_time(5.3, browser.connection)
    assert browser.connection.is_closed
    assert web.hits("tcp_unsent") == 1
    assert web.hits("tcp_unsent_time") == 1


def test_a_client_that_sends_its_end_gets_its_reply_first(web):
    browser = web.connect(Http1Client())
    octets = browser.speaker.get(QUERY)
    browser.connection.send(octets[:-1])
    browser.connection.send(octets[-1:])
    browser.connection.protocol.readConnectionLost()
    browser.listen()
    assert browser.speaker.responses == [(200, reply_to(QUERY))]
    assert browser.connection.is_closed


def test_real_replies_say_how_long_they_may_be_kept(web):
    message = dns.message.make_response(dns.message.from_wire(QUERY))
    message.answer.append(dns.rrset.from_text("www.example.test.", 77, "IN", "A", "192.0.2.1"))
    web.server.responder.reply = lambda _: message.to_wire()
    browser = web.connect(Http2Client())
    stream = browser.speaker.get(QUERY)
    browser.say(browser.speaker.take())
    assert browser.speaker.headers[stream][b"cache-control"] == b"max-age=77"
