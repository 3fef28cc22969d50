"""What is the same in both versions of HTTP: rhythm, bounds, deadlines."""

import pytest

from dnsd.net.doh_message import NO_QUERY, DohOptions, Head
from dnsd.net.doh_session import HttpQuery, HttpSession
from dnsd.query.stream import StreamOptions

REPLY = b"\x12\x34\x80\0" + bytes(8)
BLOCKED = 700


class Plain(HttpSession):
    """A version of HTTP in which every octet is a request, and bodies are all there is."""

    waits_since = None
    blocked = 0

    def _feed(self, octets):
        self._queries += [HttpQuery(i, Head(), bytes([octet])) for i, octet in enumerate(octets)]

    def _respond(self, stream, response):
        self._write(response.body)

    def _farewell(self):
        self._write(b"bye")

    @property
    def _waits_since(self):
        return self.waits_since

    @property
    def _blocked_octets(self):
        return self.blocked


@pytest.fixture
def session():
    stream = StreamOptions(unsent_octets=20)
    return Plain(DohOptions(streams=3), stream, 0.0, lambda: 1_700_000_000)


def test_queries_are_handed_out_in_order_and_counted(session):
    session.receive(b"abc", 0.0)
    assert session.has_message
    assert [session.next_query(0.0).octets for _ in range(3)] == [b"a", b"b", b"c"]
    assert session.next_query(0.0) is None
    assert session.is_answering


def test_no_query_is_handed_out_while_a_limit_is_hit(session):
    session.receive(b"abcd", 0.0)
    asked = [session.next_query(0.0) for _ in range(3)]
    assert session.paused_by == "doh_streams"
    assert session.next_query(0.0) is None
    session.answer(asked[0], REPLY, 0.0)
    session.answer(asked[1], REPLY, 0.0)
    assert session.paused_by == "tcp_unsent"
    assert not session.wants_octets
    assert session.octets_to_send(0.0) == REPLY * 2
    assert session.paused_by == "tcp_unsent", "the kernel has not taken them yet"
    assert session.octets_to_send(0.0) == b""
    assert session.next_query(0.0).octets == b"d"


def test_what_flow_control_holds_back_pauses_queries_and_not_reading(session):
    session.receive(b"a", 0.0)
    session.blocked = BLOCKED
    assert session.unsent_octets == BLOCKED
    assert session.paused_by == "tcp_unsent"
    assert session.wants_octets
    assert not session.has_octets


def test_a_refused_query_is_in_flight_no_more(session):
    session.receive(b"a", 0.0)
    session.refuse(session.next_query(0.0), NO_QUERY, 0.0)
    assert not session.is_answering
    assert session.octets_to_send(0.0) == b"400 Bad Request\n"


@pytest.mark.parametrize(
    ("load", "idle_s"), [(0.0, 10.0), (0.5, 1.0), (0.8, 0.2)], ids=["free", "busy", "full"]
)
def test_an_idle_connection_has_less_time_when_there_are_many(session, load, idle_s):
    session.receive(b"a", 0.0)
    session.answer(session.next_query(0.0), REPLY, 5.0)
    session.octets_to_send(5.0)
    session.octets_to_send(6.0)
    assert session.deadline(load) == (6.0 + idle_s, "tcp_idle")


def test_deadlines_follow_what_is_waited_for(session):
    assert session.deadline(0.0) == (3.0, "tcp_first_message")
    session.waits_since = 0.5
    assert session.deadline(0.0) == (2.5, "tcp_whole_message")
    session.waits_since = 1.5
    assert session.deadline(0.0) == (3.0, "tcp_first_message")
    session.waits_since = None
    session.receive(b"a", 2.0)
    assert session.deadline(0.0) == (float("inf"), "")
    asked = session.next_query(2.0)
    assert session.deadline(0.0) == (float("inf"), "")
    session.answer(asked, REPLY, 4.0)
    assert session.deadline(0.0) == (9.0, "tcp_unsent_time")
    session.octets_to_send(5.0)
    session.octets_to_send(6.0)
    session.waits_since = 6.0
    assert session.deadline(0.0) == (8.0, "tcp_whole_message")


def test_a_client_that_ends_gets_what_it_is_owed(session):
    session.receive(b"a", 0.0)
    session.end(0.0)
    assert not session.wants_octets
    session.answer(session.next_query(0.0), REPLY, 0.0)
    assert not session.is_finished
    session.octets_to_send(0.0)
    assert not session.is_finished
    session.octets_to_send(0.0)
    assert session.is_finished


def test_a_farewell_is_said_once_and_nothing_is_read_after_it(session):
    session.say_farewell()
    session.say_farewell()
    session.receive(b"a", 0.0)
    assert not session.has_message
    assert session.octets_to_send(0.0) == b"bye"
    assert not session.is_finished
    assert session.octets_to_send(0.0) == b""
    assert session.is_finished
