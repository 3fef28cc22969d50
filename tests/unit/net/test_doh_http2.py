"""DNS over HTTP/2, client against session, in memory."""

import h2.errors
import h2.settings
import pytest
from fakes.doh import MEDIA, PATH, Http2Client
from fakes.octets import query
from hypothesis import given
from hypothesis import strategies as st

from dnsd.net.doh_frames import PREFACE
from dnsd.net.doh_http2 import Http2Session
from dnsd.net.doh_message import DohOptions
from dnsd.query.stream import StreamOptions

QUERY = query("www.example.test.")
REPLY = b"\x12\x34\x80\0" + bytes(8)
CALM_DOWN = h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
PROTOCOL_ERROR = h2.errors.ErrorCodes.PROTOCOL_ERROR


class Talk:
    """A client and the session that it talks to."""

    def __init__(self, window=None, **options):
        self.session = Http2Session(
            DohOptions(**options), StreamOptions(), 0.0, lambda: 1_700_000_000
        )
        self.client = Http2Client(window)
        self.now = 0.0
        self.exchange()

    def exchange(self, pieces=None):
        """Both say what they have to say until neither has."""
        for _ in range(100):
            octets = self.client.take()
            size = pieces or len(octets) or 1
            for i in range(0, len(octets), size):
                self.session.receive(octets[i : i + size], self.now)
            heard = self.listen()
            if not octets and not heard:
                return
        pytest.fail("they talk for ever")

    def listen(self):
        heard = False
        while octets := self.session.octets_to_send(self.now):
            heard = True
            self.client.receive(octets)
        return heard

    def answer_all(self, reply=REPLY):
        asked = []
        while each := self.session.next_query(self.now):
            asked.append(each)
            self.session.answer(each, reply, self.now)
        self.exchange()
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
    stream = getattr(talk.client, method)(QUERY)
    talk.exchange(pieces)
    assert [each.octets for each in talk.answer_all()] == [QUERY]
    assert talk.client.responses[stream] == (200, REPLY)
    assert stream in talk.client.ended
    assert talk.client.headers[stream][b"content-type"] == MEDIA
    assert talk.client.headers[stream][b"content-length"] == b"12"


def test_many_requests_wait_at_once_and_are_answered_in_any_order(talk):
    streams = [talk.client.get(QUERY + bytes([i])) for i in range(20)]
    talk.exchange()
    asked = [talk.session.next_query(0.0) for _ in streams]
    for each in reversed(asked):
        talk.session.answer(each, REPLY + each.octets[-1:], 0.0)
    talk.exchange()
    assert [talk.client.responses[s] for s in streams] == [
        (200, REPLY + bytes([i])) for i in range(20)
    ]


def test_a_connection_lives_through_many_requests(talk):
    for _ in range(2000):
        talk.client.get(QUERY)
        talk.exchange()
        talk.answer_all()
    assert len(talk.client.responses) == 2000
    assert talk.session.limits == []


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        pytest.param(b"GET", b"/", (), b"", 404, id="path"),
        pytest.param(b"GET", PATH, (), b"", 400, id="no query"),
        pytest.param(b"HEAD", PATH, (), b"", 405, id="method"),
        pytest.param(b"POST", PATH, (), b"abc", 415, id="no type"),
        pytest.param(b"POST", PATH, ((b"content-type", MEDIA),), b"abc", 400, id="no DNS"),
        pytest.param(b"GET", PATH + b"?dns=" + b"A" * 9000, (), b"", 414, id="long target"),
    ],
)
def test_a_refused_request_leaves_the_connection_open(talk, method, path, headers, body, status):
    stream = talk.client.request(method, path, headers, body)
    talk.exchange()
    assert talk.client.responses[stream][0] == status
    assert stream in talk.client.ended
    after = talk.client.get(QUERY)
    talk.exchange()
    talk.answer_all()
    assert talk.client.responses[after] == (200, REPLY)


def test_the_body_of_a_refused_request_is_dropped_as_it_comes(talk):
    stream = talk.client.request(b"POST", b"/elsewhere", end=False)
    talk.exchange()
    assert talk.client.responses[stream][0] == 404
    for _ in range(20):
        talk.client.http.send_data(stream, bytes(10000))
        talk.exchange()
    assert talk.session.deadline(0.0) == (2.0, "tcp_whole_message")
    talk.client.http.end_stream(stream)
    talk.exchange()
    assert talk.session.deadline(0.0) == (3.0, "tcp_first_message")
    assert talk.client.resets == {}


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_long_is_refused(make_talk, announced):
    talk = make_talk(body_octets=600)
    length = ((b"content-length", b"700"),) if announced else ()
    headers = ((b"content-type", MEDIA), *length)
    stream = talk.client.request(b"POST", PATH, headers, bytes(700))
    talk.exchange()
    assert talk.client.responses[stream][0] == 413
    assert talk.session.limits == ["doh_body"]


def test_bodies_that_are_not_whole_are_bounded_together(make_talk):
    talk = make_talk(body_octets=600)
    headers = ((b"content-type", MEDIA),)
    streams = [talk.client.request(b"POST", PATH, headers, bytes(500), end=False) for _ in range(3)]
    talk.exchange()
    assert [talk.client.responses.get(s, (0,))[0] for s in streams] == [0, 0, 413]
    for stream in streams[:2]:
        talk.client.http.end_stream(stream)
    talk.exchange()
    assert len(talk.answer_all()) == 2
    after = talk.client.request(b"POST", PATH, headers, bytes(500))
    talk.exchange()
    talk.answer_all()
    assert talk.client.responses[after][0] == 200


def test_headers_in_too_many_octets_end_the_connection(make_talk):
    talk = make_talk(headers_octets=2000)
    talk.client.request(b"GET", PATH, [(b"x", bytes([33 + i % 90]) * 40) for i in range(60)])
    talk.exchange()
    assert talk.client.goodbye == CALM_DOWN
    assert talk.session.limits == ["doh_headers"]


def test_headers_that_only_unpack_to_too_many_octets_end_it_too(make_talk):
    talk = make_talk(headers_octets=2000)
    talk.client.request(b"GET", PATH, [(b"x-same", b"a" * 100)] * 60)
    octets = talk.client.take()
    assert len(octets) < 2000
    talk.session.receive(octets, 0.0)
    talk.listen()
    assert talk.client.goodbye is not None
    assert talk.session.limits == ["doh_headers"]


def test_more_requests_at_once_than_allowed_end_the_connection(make_talk):
    talk = make_talk(streams=10)
    assert talk.client.http.remote_settings.max_concurrent_streams == 10
    talk.client.http.remote_settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] = 1000
    talk.client.http.remote_settings.acknowledge()
    for _ in range(11):
        talk.client.get(QUERY)
    talk.exchange()
    assert talk.session.limits == ["doh_streams"]
    assert talk.session.is_finished
    assert talk.session.next_query(0.0) is None


def test_as_many_requests_as_allowed_wait_for_their_answers(make_talk):
    talk = make_talk(streams=10)
    for _ in range(10):
        talk.client.get(QUERY)
    talk.exchange()
    assert len([talk.session.next_query(0.0) for _ in range(10)]) == 10
    assert talk.session.paused_by == "doh_streams"
    assert talk.session.limits == []


def test_requests_that_are_broken_off_too_often_end_the_connection(make_talk):
    talk = make_talk(resets_per_second=20)
    for _ in range(20):
        talk.client.http.reset_stream(talk.client.get(QUERY))
    talk.exchange()
    assert talk.session.limits == []
    talk.client.http.reset_stream(talk.client.get(QUERY))
    talk.exchange()
    assert talk.client.goodbye == CALM_DOWN
    assert talk.session.limits == ["doh_resets"]


def test_requests_that_we_are_made_to_break_off_count_as_well(make_talk):
    talk = make_talk(resets_per_second=20)
    for _ in range(21):
        stream = talk.client.request(b"POST", PATH, [(b"content-type", MEDIA)], end=False)
        talk.exchange()
        assert talk.session.limits == []
        # A window that passes what is possible (RFC 9113 §6.9.1): only we can reset that.
        window = b"\0\0\4\x08\0" + stream.to_bytes(4, "big") + b"\x7f\xff\xff\xff"
        talk.session.receive(window, 0.0)
        talk.listen()
        assert stream in talk.client.resets
    assert talk.client.goodbye == CALM_DOWN
    assert talk.session.limits == ["doh_resets"]


def test_a_request_that_was_broken_off_is_not_handed_out(talk):
    first, second = talk.client.get(QUERY), talk.client.get(QUERY + b"2")
    talk.client.http.reset_stream(first)
    talk.exchange()
    assert [each.stream for each in talk.answer_all()] == [second]


def test_an_answer_that_comes_after_the_end_of_its_request_goes_nowhere(talk):
    stream = talk.client.get(QUERY)
    talk.exchange()
    asked = talk.session.next_query(0.0)
    talk.client.http.reset_stream(stream)
    talk.exchange()
    talk.session.answer(asked, REPLY, 0.0)
    assert talk.session.octets_to_send(0.0) == b""
    assert not talk.session.is_answering


def test_frames_without_requests_end_the_connection(talk):
    for _ in range(500):
        talk.client.http.ping(bytes(8))
    talk.session.receive(talk.client.take(), 0.0)
    talk.listen()
    assert talk.client.goodbye == CALM_DOWN
    assert talk.session.limits == ["doh_frames"]


def test_a_reply_waits_for_the_clients_flow_control(make_talk):
    talk = make_talk(window=100)
    talk.client.reads = False
    stream = talk.client.get(QUERY)
    talk.exchange()
    talk.answer_all(REPLY + bytes(500))
    assert len(talk.client.responses[stream][1]) == 100
    assert talk.session.unsent_octets == 412
    assert talk.session.wants_octets, "or the word that it goes on is never read"
    assert talk.session.deadline(0.0) == (5.0, "tcp_unsent_time")
    talk.now = 4.0
    talk.client.http.increment_flow_control_window(1000, stream)
    talk.exchange()
    assert talk.client.responses[stream] == (200, REPLY + bytes(500))
    assert talk.session.unsent_octets == 0


def test_a_client_that_reads_nothing_is_asked_for_no_more(make_talk):
    talk = make_talk(window=0)
    for _ in range(60):
        talk.client.get(QUERY)
    talk.exchange()
    answered = 0
    while (asked := talk.session.next_query(0.0)) is not None:
        talk.session.answer(asked, REPLY + bytes(8000), 0.0)
        answered += 1
    assert answered == 9
    assert talk.session.paused_by == "tcp_unsent"


def test_a_client_that_says_goodbye_is_let_go(talk):
    talk.client.get(QUERY)
    talk.exchange()
    asked = talk.session.next_query(0.0)
    talk.client.http.close_connection()
    talk.session.receive(talk.client.take(), 0.0)
    assert talk.session.is_finished
    talk.session.answer(asked, REPLY, 0.0)
    assert talk.session.octets_to_send(0.0) == b""


def test_an_idle_client_is_told_before_we_close(talk):
    talk.session.say_farewell()
    talk.listen()
    assert talk.client.goodbye == h2.errors.ErrorCodes.NO_ERROR
    assert talk.session.is_finished


def test_what_is_no_http_2_is_told_so_and_closed(talk):
    talk.session.receive(b"\0\0\0\x01\x04\0\0\0\0", 0.0)  # HEADERS on stream 0
    talk.listen()
    assert talk.client.goodbye == PROTOCOL_ERROR
    assert talk.session.is_finished


@given(st.lists(st.binary(max_size=60), max_size=30))
def test_no_octets_make_it_fail(parts):
    session = Http2Session(DohOptions(), StreamOptions(), 0.0, lambda: 1_700_000_000)
    session.receive(PREFACE, 0.0)
    for part in parts:
        session.receive(part, 0.0)
        session.octets_to_send(0.0)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10), st.integers(0, 255), st.integers(0, 7), st.binary(max_size=40)
        ),
        max_size=30,
    )
)
def test_no_frames_make_it_fail(frames):
    session = Http2Session(DohOptions(), StreamOptions(), 0.0, lambda: 1_700_000_000)
    session.receive(PREFACE + b"\0\0\0\4\0\0\0\0\0", 0.0)
    for kind, flags, stream, payload in frames:
        head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
        session.receive(head + payload, 0.0)
        while asked := session.next_query(0.0):
            session.answer(asked, REPLY, 0.0)
        session.octets_to_send(0.0)
