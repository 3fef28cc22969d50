"""DNS over HTTP/1.1, client against session, in memory."""

import pytest
from fakes.doh import MEDIA, Http1Client, target
from fakes.octets import query
from hypothesis import given
from hypothesis import strategies as st

from dnsd.net.doh_http1 import Http1Session
from dnsd.net.doh_message import DohOptions
from dnsd.query.stream import StreamOptions

QUERY = query("www.example.test.")
REPLY = b"\x12\x34\x80\0" + bytes(8)


class Talk:
    """A client and the session that it talks to."""

    def __init__(self, **options):
        self.session = Http1Session(
            DohOptions(**options), StreamOptions(), 0.0, lambda: 1_700_000_000
        )
        self.client = Http1Client()
        self.now = 0.0

    def say(self, octets, pieces=None):
        size = pieces or len(octets) or 1
        for i in range(0, len(octets), size):
            self.session.receive(octets[i : i + size], self.now)
        return self.listen()

    def listen(self):
        while octets := self.session.octets_to_send(self.now):
            self.client.receive(octets)
        return self.client.responses

    def answer(self, reply=REPLY):
        asked = self.session.next_query(self.now)
        assert asked is not None
        self.session.answer(asked, reply, self.now)
        self.listen()
        return asked


@pytest.fixture
def talk():
    return Talk()


@pytest.fixture
def make_talk():
    return Talk


@pytest.mark.parametrize("pieces", [None, 1, 7])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_query_is_handed_out_and_its_reply_goes_back(talk, method, pieces):
    assert talk.say(getattr(talk.client, method)(QUERY), pieces) == []
    assert talk.answer().octets == QUERY
    assert talk.client.responses == [(200, REPLY)]
    headers = talk.client.headers[0]
    assert headers[b"content-type"] == MEDIA
    assert headers[b"cache-control"] == b"max-age=0"
    assert headers[b"date"] == b"Tue, 14 Nov 2023 22:13:20 GMT"


def test_many_queries_use_one_connection(talk):
    for _ in range(50):
        talk.say(talk.client.get(QUERY))
        talk.answer()
    assert talk.client.responses == [(200, REPLY)] * 50
    assert not talk.session.is_finished


def test_what_is_sent_ahead_waits_its_turn(talk):
    octets = b"GET " + target(QUERY) + b" HTTP/1.1\r\nhost: x.test\r\n\r\n"
    talk.session.receive(octets * 3, 0.0)
    for _ in range(3):
        assert not talk.session.wants_octets
        asked = talk.session.next_query(0.0)
        assert talk.session.next_query(0.0) is None
        talk.session.answer(asked, REPLY, 0.0)
    assert talk.session.wants_octets
    assert talk.session.octets_to_send(0.0).count(b"HTTP/1.1 200") == 3


def test_many_refusals_at_once_are_no_recursion(talk):
    octets = b"GET / HTTP/1.1\r\nhost: x.test\r\n\r\n" * 3000
    talk.session.receive(octets, 0.0)
    sent = b""
    while chunk := talk.session.octets_to_send(0.0):
        sent += chunk
    assert sent.count(b"HTTP/1.1 404") == 3000


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        pytest.param(b"GET", b"/", (), b"", 404, id="path"),
        pytest.param(b"GET", b"/dns-query", (), b"", 400, id="no query"),
        pytest.param(b"DELETE", b"/dns-query", (), b"", 405, id="method"),
        pytest.param(
            b"POST", b"/dns-query", ((b"content-length", b"3"),), b"abc", 415, id="no type"
        ),
        pytest.param(b"GET", b"/dns-query?dns=" + b"A" * 9000, (), b"", 414, id="long target"),
    ],
)
def test_a_refused_request_leaves_the_connection_open(talk, method, path, headers, body, status):
    ((got, _),) = talk.say(talk.client.request(method, path, headers, body))
    assert got == status
    talk.say(talk.client.get(QUERY))
    talk.answer()
    assert talk.client.responses[-1] == (200, REPLY)


@pytest.mark.parametrize("told", [True, False], ids=["announced", "in chunks"])
def test_behind_a_body_that_is_too_long_the_connection_ends(make_talk, told):
    talk = make_talk(body_octets=600)
    length = (b"content-length", b"9000") if told else (b"transfer-encoding", b"chunked")
    headers = [(b"content-type", MEDIA), length]
    octets = talk.client.request(b"POST", b"/dns-query", headers, bytes(9000))
    ((status, _),) = talk.say(octets[:-1], pieces=1000)
    assert status == 413
    assert talk.session.limits == ["doh_body"]
    assert not talk.session.is_finished, "or the response is lost"
    assert talk.session.wants_octets
    assert talk.session.deadline(0.0) == (2.0, "tcp_whole_message")
    talk.session.receive(octets[-1:], 0.0)
    assert talk.session.is_finished


def test_headers_that_are_too_long_end_the_connection(make_talk):
    talk = make_talk(headers_octets=2000)
    octets = b"GET /dns-query HTTP/1.1\r\nhost: x.test\r\nx: " + b"a" * 2000
    ((status, _),) = talk.say(octets, pieces=500)
    assert status == 431
    assert talk.session.limits == ["doh_headers"]
    assert talk.session.is_finished


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"\x16\x03\x01\0\0\r\n\r\n", id="TLS"),
        pytest.param(b"GET /dns-query HTTP/1.1\r\n\r\n", id="no host"),
        pytest.param(b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", id="two hosts"),
        pytest.param(
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\n",
            id="two lengths",
        ),
    ],
)
def test_what_is_no_http_is_told_so_and_closed(talk, octets):
    ((status, _),) = talk.say(octets)
    assert status == 400
    assert talk.session.is_finished


def test_a_client_that_waits_for_100_gets_it(talk):
    more = [(b"expect", b"100-continue")]
    octets = talk.client.post(QUERY, more=more)
    head, body = octets[: -len(QUERY)], octets[-len(QUERY) :]
    assert talk.say(head) == [(100, b"")]
    talk.say(body)
    talk.answer()
    assert talk.client.responses == [(100, b""), (200, REPLY)]


def test_a_client_that_waits_for_100_in_vain_sends_no_body(talk):
    octets = talk.client.post(QUERY, media=b"text/plain", more=[(b"expect", b"100-continue")])
    ((status, _),) = talk.say(octets[: -len(QUERY)])
    assert status == 415
    assert talk.session.is_finished


def test_an_old_client_is_answered_and_closed(talk):
    talk.session.receive(b"GET " + target(QUERY) + b" HTTP/1.0\r\n\r\n", 0.0)
    asked = talk.session.next_query(0.0)
    talk.session.answer(asked, REPLY, 0.0)
    assert talk.session.octets_to_send(0.0).endswith(REPLY)
    assert talk.session.octets_to_send(0.0) == b""
    assert talk.session.is_finished


def test_a_client_that_ends_gets_its_answer_first(talk):
    talk.say(talk.client.get(QUERY))
    talk.session.end(0.0)
    assert not talk.session.is_finished
    talk.answer()
    assert talk.client.responses == [(200, REPLY)]
    assert talk.session.is_finished


@given(
    st.lists(
        st.one_of(
            st.binary(min_size=1, max_size=60),
            st.sampled_from(
                [
                    b"GET " + target(QUERY) + b" HTTP/1.1\r\nhost: a\r\n\r\n",
                    b"POST /dns-query HTTP/1.1\r\nhost: a\r\n",
                    b"content-type: application/dns-message\r\n",
                    b"transfer-encoding: chunked\r\n",
                    b"expect: 100-continue\r\n",
                    b"content-length: 3\r\n",
                    b"\r\n",
                    b"3\r\nabc\r\n0\r\n\r\n",
                ]
            ),
        ),
        max_size=30,
    ),
    st.booleans(),
)
def test_no_octets_make_it_fail(parts, ends):
    session = Http1Session(DohOptions(), StreamOptions(), 0.0, lambda: 1_700_000_000)
    for part in parts:
        session.receive(part, 0.0)
        while asked := session.next_query(0.0):
            session.answer(asked, REPLY, 0.0)
        session.octets_to_send(0.0)
    if ends:
        session.end(0.0)
    assert len(session.limits) <= len(parts)


def test_a_query_without_an_answer_still_gets_a_response(talk):
    talk.say(talk.client.get(QUERY))
    talk.answer(b"")
    assert talk.client.responses[0][0] == 503
