"""A conversation over a stream: framing, deadlines and back-pressure."""

import pytest

from dnsd.query.stream import StreamOptions, StreamSession

OPTIONS = StreamOptions(in_flight=3, unsent_octets=100)


def frame(*messages):
    return b"".join(len(message).to_bytes(2, "big") + message for message in messages)


def session(now=0.0, options=OPTIONS):
    return StreamSession(options, now)


def take(of, now=0.0):
    """All messages that are handed out now."""
    return list(iter(lambda: of.next_message(now), None))


@pytest.mark.parametrize(
    ("octets", "messages"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"\0", [], id="half a length"),
        pytest.param(b"\0\5", [], id="a length"),
        pytest.param(b"\0\5quer", [], id="all but the last octet"),
        pytest.param(b"\0\5query", [b"query"], id="a message"),
        pytest.param(b"\0\5query\0\5sec", [b"query"], id="and half of another"),
        pytest.param(frame(b"one", b"two"), [b"one", b"two"], id="two"),
        pytest.param(frame(b"", b"two"), [b"", b"two"], id="an empty one"),
        pytest.param(frame(b"x" * 65535), [b"x" * 65535], id="the longest"),
    ],
)
def test_messages_are_what_their_lengths_say(octets, messages):
    stream = session()
    stream.receive(octets, 0.0)
    assert take(stream) == messages


def test_replies_are_framed_in_the_order_they_are_given():
    stream = session()
    stream.receive(frame(b"1", b"2", b"3"), 0.0)
    take(stream)
    stream.send(b"second", 0.0)
    stream.send(b"", 0.0)
    stream.send(b"first", 0.0)
    assert stream.octets_to_send(0.0) == frame(b"second", b"first")
    assert stream.octets_to_send(0.0) == b""


def test_no_more_queries_are_taken_than_may_be_in_flight():
    stream = session()
    stream.receive(frame(*[bytes([i]) for i in range(5)]), 0.0)
    assert take(stream) == [b"\0", b"\1", b"\2"]
    assert stream.paused_by == "tcp_in_flight"
    assert not stream.wants_octets
    stream.send(b"", 0.0)
    assert take(stream) == [b"\3"]


def test_a_client_that_does_not_read_is_not_asked_for_more():
    stream = session()
    stream.receive(frame(b"1", b"2", b"3"), 0.0)
    assert stream.next_message(0.0) == b"1"
    stream.send(b"r" * 98, 0.0)
    assert stream.paused_by == "tcp_unsent"
    assert stream.next_message(0.0) is None
    assert not stream.wants_octets
    assert len(stream.octets_to_send(0.0)) == 100
    assert stream.paused_by == "tcp_unsent", "handed to the transport is not sent"
    assert stream.octets_to_send(0.0) == b""
    assert take(stream) == [b"2", b"3"]


def test_what_waits_for_a_client_is_bounded_by_the_limit_and_one_reply():
    stream = session(options=StreamOptions())
    stream.receive(frame(*[b"q"] * 100), 0.0)
    while stream.next_message(0.0) is not None:
        stream.send(b"r" * 65535, 0.0)
    assert stream.unsent_octets <= 65536 + 65537


def test_long_replies_are_handed_out_in_pieces_so_that_progress_is_seen():
    stream = session()
    stream.receive(frame(b"q"), 0.0)
    take(stream)
    stream.send(b"r" * 65535, 0.0)
    pieces = list(iter(lambda: stream.octets_to_send(0.0), b""))
    assert b"".join(pieces) == frame(b"r" * 65535)
    assert max(map(len, pieces)) == 16384


FIRST, WHOLE, IDLE, STALL = "tcp_first_message", "tcp_whole_message", "tcp_idle", "tcp_unsent_time"


def test_the_first_message_has_three_seconds_from_the_connection():
    stream = session(now=10.0)
    assert stream.deadline(0.0) == (13.0, FIRST)
    stream.receive(b"\0", 10.5)
    assert stream.deadline(0.0) == (12.5, WHOLE), "and two from its first octet"
    late = session(now=10.0)
    late.receive(b"\0", 12.9)
    assert late.deadline(0.0) == (13.0, FIRST)


def test_octets_that_trickle_do_not_move_the_deadline_of_a_message():
    stream = session()
    stream.receive(frame(b"first"), 0.0)
    take(stream)
    stream.send(b"", 0.0)
    for i, octet in enumerate(frame(b"second")[:-1]):
        stream.receive(bytes([octet]), 1.0 + i)
    assert stream.deadline(0.0) == (3.0, WHOLE)


def test_the_rest_of_a_message_that_came_behind_another_has_its_own_time():
    stream = session()
    stream.receive(frame(b"first") + b"\0\6sec", 0.0)
    assert take(stream, now=1.5) == [b"first"]
    stream.send(b"", 1.5)
    assert stream.deadline(0.0) == (3.5, WHOLE)


def test_no_deadline_runs_while_we_are_the_ones_who_are_awaited():
    stream = session()
    stream.receive(frame(b"q"), 0.0)
    assert stream.deadline(0.0) == (float("inf"), "")
    take(stream)
    assert stream.is_answering
    assert stream.deadline(0.0) == (float("inf"), "")


@pytest.mark.parametrize(
    ("load", "idle_s"),
    [(0.0, 10.0), (0.49, 10.0), (0.5, 1.0), (0.79, 1.0), (0.8, 0.2), (1.0, 0.2)],
)
def test_the_more_are_connected_the_shorter_one_may_be_idle(load, idle_s):
    stream = session()
    stream.receive(frame(b"q"), 0.0)
    take(stream)
    stream.send(b"", 5.0)
    assert stream.deadline(load) == (5.0 + idle_s, IDLE)


def test_a_client_that_stops_reading_has_five_seconds_from_its_last_progress():
    stream = session()
    stream.receive(frame(b"q"), 0.0)
    take(stream)
    stream.send(b"r" * 40000, 1.0)
    assert stream.deadline(0.0) == (6.0, STALL)
    stream.octets_to_send(1.0)
    assert stream.deadline(0.0) == (6.0, STALL), "handing octets out is no progress"
    stream.octets_to_send(4.0)
    assert stream.deadline(0.0) == (9.0, STALL), "that they went is"
    stream.octets_to_send(8.0)
    stream.octets_to_send(9.0)
    assert stream.deadline(0.0) == (19.0, IDLE)


def test_a_reply_after_a_quiet_time_has_its_own_five_seconds():
    stream = session()
    stream.receive(frame(b"q"), 0.0)
    take(stream)
    stream.send(b"r", 100.0)
    assert stream.deadline(0.0) == (105.0, STALL)


def test_a_client_that_ended_still_gets_its_replies():
    stream = session()
    stream.receive(frame(b"1", b"2") + b"\0\5rest", 0.0)
    stream.end()
    assert not stream.is_finished
    assert not stream.wants_octets
    take(stream)
    stream.send(b"r", 0.0)
    stream.send(b"", 0.0)
    assert not stream.is_finished
    assert stream.octets_to_send(0.0) == frame(b"r")
    assert not stream.is_finished
    stream.octets_to_send(0.0)
    assert stream.is_finished
