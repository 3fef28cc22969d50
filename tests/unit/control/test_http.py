import json

import pytest
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport

from dnsd.control.http import ControlFactory, HttpOptions, host_of, is_loopback
from dnsd.control.routes import Answer, to_json
from dnsd.observe import metrics


class Routes:
    """Remembers what arrives and answers as the test says."""

    def __init__(self):
        self.asked = []
        self.answer_with = to_json({"ok": True})

    def answer(self, asked, *, public):
        self.asked.append((asked, public))
        if isinstance(self.answer_with, Exception):
            raise self.answer_with
        return self.answer_with


class Transport(StringTransport):
    aborted = False

    def abortConnection(self):  # noqa: N802
        self.aborted = True
        self.loseConnection()


@pytest.fixture
def routes():
    return Routes()


@pytest.fixture
def connect(routes, around):
    """Open a connection to a listener with these options."""
    factories = {}

    def connect(listener="socket", address=None, **bounds):
        options = HttpOptions(listener, **bounds)
        factory = factories.setdefault(options, ControlFactory(routes, options, around))
        channel = factory.buildProtocol(address or UNIXAddress(None))
        if channel is None:
            return None
        transport = Transport(peerAddress=address)
        channel.makeConnection(transport)
        return channel

    return connect


@pytest.fixture
def exchange(connect):
    """Send octets on a new connection and return status, headers and body."""

    def exchange(octets, listener="socket", *, chunk=None, **bounds):
        channel = connect(listener, **bounds)
        step = chunk or len(octets)
        for start in range(0, len(octets), step):
            if not channel.transport.disconnecting:
                channel.dataReceived(octets[start : start + step])
        return response(channel)

    return exchange


def response(channel):
    head, _, body = channel.transport.value().partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, body


def request(method="GET", target="/status", *headers, body=b"", host="localhost"):
    lines = [f"{method} {target} HTTP/1.1", *([f"Host: {host}"] if host else []), *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(body, *headers):
    return request("POST", "/zones/reload", "Transfer-Encoding: chunked", *headers) + body


def test_a_request_is_answered_and_the_connection_closed(exchange, routes, row):
    status, headers, body = exchange(request("GET", "/zones?limit=3"))
    assert (status, json.loads(body)) == (200, {"ok": True})
    assert headers["content-type"] == "application/json"
    assert headers["connection"] == "close"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert int(headers["content-length"]) == len(body)
    ((asked, public),) = routes.asked
    assert (asked.method, asked.path, asked.query, public) == ("GET", "/zones", "limit=3", False)
    assert row[metrics.HTTP_REQUESTS.slot("socket", "2xx")] == 1


@pytest.mark.parametrize("chunk", [1, 3, 7, 64])
def test_a_request_may_come_in_any_pieces(exchange, routes, chunk):
    octets = request("POST", "/zones/reload", "Content-Type: application/json", body=b'{"x": 1}')
    assert exchange(octets, chunk=chunk)[0] == 200
    asked, _ = routes.asked[0]
    assert (asked.body, asked.content_type) == (b'{"x": 1}', "application/json")


def test_a_chunked_body_is_put_together(exchange, routes):
    assert exchange(chunked(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))[0] == 200
    assert routes.asked[0][0].body == b"abcde"


def test_a_second_request_on_a_connection_is_not_served(exchange, routes):
    exchange(request() * 2)
    assert len(routes.asked) == 1


def test_requests_of_the_loopback_listener_are_marked(exchange, routes, row):
    exchange(request(), "http")
    assert routes.asked[0][1] is True
    assert row[metrics.HTTP_REQUESTS.slot("http", "2xx")] == 1


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost:8053",
        "127.0.0.1",
        "127.0.0.1:8053",
        "127.8.8.8",
        "[::1]",
        "[::1]:8053",
        "192.0.2.7",
        "192.0.2.7:8053",
    ],
)
def test_a_host_that_is_this_machine_is_served(exchange, host):
    assert exchange(request(host=host), hosts=("192.0.2.7",))[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        None,
        "attacker.example",
        "attacker.example:8053",
        "localhost.attacker.example",
        "127.0.0.1.attacker.example",
        "[::ffff:192.0.2.1]",
        "192.0.2.8",
        "localhost:x",
        ":80",
        "[::1",
        "user@localhost",
        "localhost, attacker.example",
        "0.0.0.0",
    ],
)
@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/metrics"), ("GET", "/healthz"), ("GET", "/status"), ("GET", "/no"),
     ("POST", "/zones/reload"), ("OPTIONS", "*")],
)  # fmt: skip
@pytest.mark.parametrize("listener", ["socket", "http"])
def test_any_other_host_is_misdirected(exchange, routes, host, method, target, listener):
    octets = request(method, target, host=host)
    assert exchange(octets, listener, hosts=("192.0.2.7",))[0] == 421
    assert routes.asked == []


@pytest.mark.parametrize(
    ("header", "status"),
    [(b"Host", 421), (b"Origin", 403), (b"Sec-Fetch-Site", 403), (b"Content-Type", 200)],
)
def test_odd_octets_in_a_header_are_octets(exchange, header, status):
    octets = request("POST", "/zones/reload", host=None if header == b"Host" else "localhost")
    octets = octets.replace(b"\r\n\r\n", b"\r\n" + header + b": \xff\xfe\r\n\r\n")
    assert exchange(octets)[0] == status


def test_two_hosts_are_misdirected(exchange):
    assert exchange(request("GET", "/status", "Host: attacker.example"))[0] == 421


@pytest.mark.parametrize(
    "header",
    [
        "Origin: http://attacker.example",
        "Origin: null",
        "Origin: https://localhost",
        "Origin: http://localhost:81",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: nonsense",
    ],
)
def test_another_site_may_not_change_anything(exchange, routes, header):
    assert exchange(request("POST", "/zones/reload", header))[0] == 403
    assert routes.asked == []
    assert exchange(request("GET", "/status", header))[0] == 200


@pytest.mark.parametrize(
    "header",
    ["Origin: http://localhost", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none"],
)
def test_our_own_pages_and_programs_may(exchange, header):
    assert exchange(request("POST", "/zones/reload", header))[0] == 200


def test_a_body_may_be_as_long_as_the_limit(exchange, routes):
    assert exchange(request("POST", "/", body=b"x" * 1000), body_octets=1000)[0] == 200
    assert len(routes.asked[0][0].body) == 1000


@pytest.mark.parametrize("length", ["1001", str(1 << 30), "9" * 19, "9" * 5000])
def test_a_body_announced_as_too_long_is_refused_before_it_comes(exchange, routes, row, length):
    octets = request("POST", "/", f"Content-Length: {length}", "Expect: 100-continue")
    assert exchange(octets, body_octets=1000) == (
        413, {"connection": "close", "content-length": "0"}, b"",
    )  # fmt: skip
    assert routes.asked == []
    assert row[metrics.limit_slot("http_body")] == 1


def test_a_chunked_body_is_refused_where_it_becomes_too_long(connect, routes, row):
    channel = connect(body_octets=1000)
    channel.dataReceived(chunked(b""))
    sent = 0
    while not channel.transport.disconnecting:
        channel.dataReceived(b"64\r\n" + b"x" * 100 + b"\r\n")
        sent += 100
    assert sent == 1100
    channel.dataReceived(b"64\r\n" + b"x" * 100 + b"\r\n0\r\n\r\n")
    assert response(channel)[0] == 413
    assert routes.asked == []
    assert row[metrics.limit_slot("http_body")] == 1


def test_a_whole_chunked_body_that_is_too_long_in_one_read_is_refused(exchange, routes):
    octets = chunked(b"64\r\n" + b"x" * 100 + b"\r\n0\r\n\r\n")
    assert exchange(octets, body_octets=99)[0] == 413
    assert routes.asked == []


@pytest.mark.parametrize(
    "octets",
    [
        request("GET", "/status", *(f"X-{i}: y" for i in range(200))),
        request("GET", "/status", "X: " + "y" * 17_000),
        request("GET", "/" + "x" * 17_000),
        request("GET", "/status", *("X: " + "y" * 1000 for _ in range(17))),
        b"GET / HTTP/1.1\r\nX: y\r\n" + b" z\r\n" * 10_000 + b"\r\n",
        b"x" * 40_000,
    ],
    ids=["count", "one long", "target", "octets", "continued", "no line"],
)
@pytest.mark.parametrize("chunk", [None, 1000])
def test_too_many_or_too_long_headers_are_refused(exchange, routes, row, octets, chunk):
    assert exchange(octets, chunk=chunk)[0] == 431
    assert routes.asked == []
    assert row[metrics.limit_slot("http_headers")] == 1


@pytest.mark.parametrize(
    "octets",
    [
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        request("POST", "/", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(exchange, routes, octets):
    assert exchange(octets)[0] == 400
    assert routes.asked == []


def test_a_request_that_does_not_end_is_cut_off(connect, time, row):
    channel = connect(time_s=30.0)
    channel.dataReceived(b"GET /status HTTP/1.1\r\n")
    for i in range(29):
        time.advance(1)
        channel.dataReceived(f"X-{i}: slow\r\n".encode())
    assert not channel.transport.aborted
    time.advance(1)
    assert channel.transport.aborted
    assert row[metrics.limit_slot("http_time")] == 1


def test_a_long_operation_is_waited_for(connect, routes, time):
    waiting = Deferred()
    routes.answer_with = waiting
    channel = connect(time_s=30.0)
    channel.dataReceived(request("POST", "/zones/reload"))
    time.advance(300)
    assert not channel.transport.aborted
    waiting.callback(to_json({"late": True}))
    assert response(channel)[0] == 200


def test_a_response_that_is_not_read_is_cut_off(connect, time):
    channel = connect(time_s=30.0)
    channel.dataReceived(request())
    time.advance(31)
    assert channel.transport.aborted


def test_a_client_that_went_away_costs_nothing(connect, routes, time):
    waiting = Deferred()
    routes.answer_with = waiting
    channel = connect()
    channel.dataReceived(request("POST", "/zones/reload"))
    channel.connectionLost(None)
    waiting.callback(to_json({"late": True}))
    faults = []
    waiting.addErrback(faults.append)
    assert faults == []
    assert channel.transport.value() == b""
    assert time.getDelayedCalls() == []


def test_connections_are_bounded(connect, row):
    channels = [connect(connections=3) for _ in range(3)]
    assert connect(connections=3) is None
    assert row[metrics.limit_slot("http_connections")] == 1
    channels[0].connectionLost(None)
    assert connect(connections=3) is not None


def test_connections_of_one_address_are_bounded(connect, row):
    here, there = IPv4Address("TCP", "127.0.0.1", 1), IPv4Address("TCP", "127.0.0.2", 1)
    channels = [connect("http", here, connections_per_client=2) for _ in range(2)]
    assert connect("http", here, connections_per_client=2) is None
    assert connect("http", there, connections_per_client=2) is not None
    assert row[metrics.limit_slot("http_connections_per_client")] == 1
    channels[0].connectionLost(None)
    assert connect("http", here, connections_per_client=2) is not None


@pytest.mark.parametrize("late", [False, True])
def test_a_fault_is_answered_and_logged_without_details(exchange, routes, late, events):
    routes.answer_with = ZeroDivisionError("secret")
    if late:
        routes.answer_with = Deferred()
        routes.answer_with.errback(ZeroDivisionError("secret"))
    status, _, body = exchange(request())
    assert status == 500
    assert b"secret" not in body
    assert events()[0]["event"] == "http_fault"


def test_a_response_to_head_has_no_body(exchange, routes):
    routes.answer_with = Answer(405, b'{"error": "GET only"}')
    status, headers, body = exchange(request("HEAD"))
    assert (status, headers["content-length"], body) == (405, "21", b"")


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("a", "a"),
        ("A.Test:80", "a.test"),
        ("[2001:DB8::1]:80", "2001:db8::1"),
        ("[::1]", "::1"),
        ("a:", "a"),
        ("", None),
        (":80", None),
        ("a:b", None),
        ("[::1]x", None),
        ("::1", None),
        ("a:\u0661", None),
    ],
)
def test_the_host_of_a_header(header, host):
    assert host_of(header) == host


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("127.1", False),
        ("a.localhost", False),
        ("192.0.2.1", False),
        ("0.0.0.0", False),
        ("2130706433", False),
    ],
)
def test_loopback_is_known_by_name_and_address(host, loopback):
    assert is_loopback(host) is loopback
