"""One connection to a name server, over a transport without sockets."""

import pytest
from twisted.internet.testing import StringTransport

from dnsd.net.upstream_connection import Server, ServerConnection
from dnsd.resolver.acceptance import judge
from dnsd.resolver.commands import Result, Transport

SERVER = Server(b"\xc0\x00\x02\x35", 53, Transport.TCP, "")


def query(number, name=b"\x03wWw\x04test\x00"):
    return number.to_bytes(2, "big") + b"\0\0\0\1" + bytes(6) + name + b"\0\1\0\1"


def reply_to(octets):
    return octets[:2] + b"\x84" + octets[3:]


def frame(*messages):
    return b"".join(len(message).to_bytes(2, "big") + message for message in messages)


class Waiting:
    def __init__(self, octets):
        self.query = octets
        self.sendings = 0
        self.reply = None

    def sent(self):
        self.sendings += 1

    def answered(self, reply):
        assert self.reply is None
        self.reply = reply


class Owner:
    def __init__(self):
        self.judge = judge
        self.rests = 0
        self.losses = []

    def rest(self, connection):
        self.rests += 1

    def lost(self, connection, result):
        self.losses.append((result, list(connection.waiting)))


class Bench:
    def __init__(self):
        self.owner = Owner()
        self.connection = ServerConnection(self.owner, SERVER)
        self.transport = StringTransport()
        self.transport.setTcpNoDelay = lambda enabled: None
        self.stops = 0
        self.connection.stop_connecting = self.stop

    def stop(self):
        self.stops += 1

    def ask(self, *octets):
        waiting = [Waiting(each) for each in octets]
        for each in waiting:
            self.connection.send(each)
        return waiting

    def connect(self):
        self.connection.makeConnection(self.transport)


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def connected(bench):
    bench.connect()
    return bench


def test_queries_wait_for_the_connection_and_are_then_sent_at_once(bench):
    first, second = bench.ask(query(1), query(2))
    assert (first.sendings, bench.connection.is_open) == (0, False)
    bench.connect()
    assert bench.transport.value() == frame(query(1), query(2))
    (third,) = bench.ask(query(3))
    assert bench.transport.value() == frame(query(1), query(2), query(3))
    assert [first.sendings, second.sendings, third.sendings] == [1, 1, 1]
    assert bench.connection.sent == 3


def test_a_query_and_its_length_are_one_write(bench):
    writes = []
    bench.transport.write = writes.append
    bench.connect()
    bench.ask(query(1))
    assert writes == [frame(query(1))]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_replies_in_any_pieces_and_any_order_find_their_queries(connected, size):
    waiting = connected.ask(*map(query, range(5)))
    octets = frame(*(reply_to(each.query) for each in reversed(waiting)))
    for start in range(0, len(octets), size):
        connected.connection.dataReceived(octets[start : start + size])
    assert [each.reply for each in waiting] == [reply_to(each.query) for each in waiting]
    assert connected.connection.replies == 5
    assert connected.owner.rests == 1
    assert connected.owner.losses == []


def test_equal_identifiers_are_told_apart_by_their_questions(connected):
    first, second = connected.ask(query(1), query(1, b"\5other\4test\0"))
    connected.connection.dataReceived(frame(reply_to(second.query)))
    assert (first.reply, second.reply) == (None, reply_to(second.query))


def test_changed_letter_case_is_accepted_on_a_connection(connected):
    (waiting,) = connected.ask(query(1))
    reply = reply_to(query(1, b"\3www\4test\0"))
    connected.connection.dataReceived(frame(reply))
    assert waiting.reply == reply


@pytest.mark.parametrize(
    "message",
    [b"", b"\0\1", query(1), reply_to(query(9)), reply_to(query(1, b"\5other\4test\0"))],
    ids=["empty", "too short", "a query", "another identifier", "another question"],
)
def test_a_message_that_fits_nothing_ends_the_connection(connected, message):
    (waiting,) = connected.ask(query(1))
    connected.connection.dataReceived(frame(message, reply_to(query(1))))
    assert connected.transport.disconnected
    assert connected.owner.losses == [(Result.CLOSED, [waiting])]
    assert waiting.reply is None


def test_the_reply_to_a_query_that_was_given_up_is_left_out_once(connected):
    late, other = connected.ask(query(1), query(2))
    connected.connection.give_up(late)
    connected.connection.dataReceived(frame(reply_to(query(1)), reply_to(query(2))))
    assert other.reply == reply_to(query(2))
    assert connected.owner.losses == []
    connected.connection.dataReceived(frame(reply_to(query(1))))
    assert connected.owner.losses == [(Result.CLOSED, [])]


def test_a_query_given_up_before_it_was_sent_is_not_sent(bench):
    late, _ = bench.ask(query(1), query(2))
    bench.connection.give_up(late)
    bench.connect()
    assert bench.transport.value() == frame(query(2))
    assert bench.connection.sent == 1


def test_octets_that_nobody_asked_for_do_not_keep_a_connection(connected):
    connected.ask(query(1))
    connected.connection.dataReceived(frame(reply_to(query(1))))
    connected.connection.dataReceived(b"\x00")
    assert connected.owner.rests == 1


def test_a_connection_is_usable_until_it_is_retired_or_closed(connected):
    assert connected.connection.is_usable
    connected.connection.is_retired = True
    assert not connected.connection.is_usable


def test_what_waits_is_given_back_once_when_the_connection_ends(connected):
    (waiting,) = connected.ask(query(1))
    connected.connection.connectionLost()
    connected.connection.connectionLost()
    connected.connection.abort()
    assert connected.owner.losses == [(Result.CLOSED, [waiting])]


def test_what_waits_is_given_back_when_there_is_no_connection(bench):
    (waiting,) = bench.ask(query(1))
    bench.connection.connection_failed(Result.UNREACHABLE)
    assert bench.owner.losses == [(Result.UNREACHABLE, [waiting])]


def test_an_attempt_to_connect_can_be_ended(bench):
    bench.connection.abort()
    assert bench.stops == 1
    bench.connection.close()
    assert bench.stops == 1


@pytest.mark.parametrize("is_retired", [False, True])
def test_a_connection_is_closed_in_good_manners_unless_it_may_be_dead(connected, is_retired):
    connected.connection.is_retired = is_retired
    connected.connection.close()
    assert connected.transport.disconnecting
    assert connected.transport.disconnected is is_retired
    assert connected.owner.losses == [(Result.CLOSED, [])]
