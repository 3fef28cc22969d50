"""The simulated Internet: what gets through, when, and what an exchange is told."""

import random

import pytest
from fakes.octets import query

from dnsd.lab.authority import Authority, Sent
from dnsd.lab.internet import Internet, Route
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.commands import Exchange, Result, Transport

ADDRESS = b"\xc0\0\2\1"
QUERY = query("wWw.example.test.", 1)
REPLY = Authority([zone_from_text("example.test.", "www A 192.0.2.2")]).reply(QUERY)
WRONG_ID = b"\xff\xff" + REPLY[2:]
LOWERED = REPLY.replace(b"\x03wWw", b"\x03www")
OTHER = Authority([zone_from_text("example.test.", "")]).reply(query("other.example.test.", 1))


class Server:
    """Sends what it is told to, whatever comes."""

    def __init__(self, *sent):
        self.sent = sent
        self.queries = []

    def receive(self, octets, transport, now):
        self.queries.append((octets, transport, now))
        return self.sent


class Forger:
    def __init__(self, *sent):
        self.sent = sent

    def throw(self, packet):
        return self.sent


def internet(*sent, route=None, chance=lambda: 1.0):
    world = Internet(chance, start=100.0)
    world.servers[ADDRESS] = Server(*sent)
    world.route = route or Route()
    return world


def ask(world, transport=Transport.UDP, timeout_s=1.0):
    """Carry out one exchange; return how it ended, and when."""
    ended = []
    exchange = Exchange(ADDRESS, 53, transport, QUERY, timeout_s)
    world.exchange(exchange, lambda result: ended.append((result, world.now())))
    assert ended == []
    world.run()
    assert world.in_flight == 0
    ((result, at),) = ended
    return result.result, result.octets, pytest.approx(result.seconds), pytest.approx(at - 100)


@pytest.mark.parametrize(
    ("transport", "seconds"),
    [(Transport.UDP, 0.02), (Transport.TCP, 0.04), (Transport.TLS, 0.06)],
)
def test_a_reply_takes_a_round_trip_and_those_of_the_handshake(transport, seconds):
    assert ask(internet(Sent(REPLY)), transport) == (Result.REPLY, REPLY, seconds, seconds)


@pytest.mark.parametrize(
    ("sent", "result", "seconds"),
    [
        pytest.param([], Result.TIMED_OUT, 1.0, id="silence"),
        pytest.param([Sent(REPLY, 0.5)], Result.REPLY, 0.52, id="a slow server"),
        pytest.param([Sent(REPLY, 5.0)], Result.TIMED_OUT, 1.0, id="too late"),
        pytest.param([Sent(b"")], Result.UNREACHABLE, 0.02, id="nobody listens"),
        pytest.param([Sent(WRONG_ID)], Result.WRONG_ID, 0.02, id="wrong ID"),
        pytest.param([Sent(LOWERED)], Result.CASE_CHANGED, 1.0, id="letter case changed"),
        pytest.param([Sent(LOWERED), Sent(REPLY, 0.1)], Result.REPLY, 0.12, id="case, then right"),
        pytest.param([Sent(OTHER)], Result.TIMED_OUT, 1.0, id="another question"),
        pytest.param([Sent(b"garbage"), Sent(REPLY, 0.1)], Result.REPLY, 0.12, id="garbage first"),
        pytest.param([Sent(REPLY), Sent(WRONG_ID, 0.1)], Result.REPLY, 0.02, id="wrong ID later"),
        pytest.param([Sent(REPLY + bytes(1233))], Result.TIMED_OUT, 1.0, id="too long"),
    ],
)
def test_datagrams_are_judged_and_only_the_right_one_ends_the_wait(sent, result, seconds):
    found = ask(internet(*sent))
    assert (found[0], found[2]) == (result, seconds)


@pytest.mark.parametrize(
    ("sent", "result"),
    [
        pytest.param([], Result.TIMED_OUT, id="silence"),
        pytest.param([Sent(b"")], Result.CLOSED, id="closed"),
        pytest.param([Sent(WRONG_ID)], Result.CLOSED, id="something else"),
        pytest.param([Sent(REPLY + bytes(1233))], Result.REPLY, id="long"),
    ],
)
def test_connections_bring_the_reply_or_end(sent, result):
    assert ask(internet(*sent), Transport.TCP)[0] is result


@pytest.mark.parametrize(
    ("route", "transport", "result"),
    [
        (Route(silent=True), Transport.UDP, Result.TIMED_OUT),
        (Route(silent=True), Transport.TCP, Result.TIMED_OUT),
        (Route(unreachable=True), Transport.UDP, Result.UNREACHABLE),
        (Route(unreachable=True), Transport.TCP, Result.UNREACHABLE),
        (Route(tcp=False), Transport.UDP, Result.REPLY),
        (Route(tcp=False), Transport.TCP, Result.UNREACHABLE),
        (Route(loss=1.0), Transport.UDP, Result.TIMED_OUT),
        (Route(loss=1.0), Transport.TCP, Result.REPLY),
    ],
)
def test_routes(route, transport, result):
    assert ask(internet(Sent(REPLY), route=route, chance=lambda: 0.5), transport)[0] is result


def test_a_route_to_one_address_goes_before_the_usual_one():
    world = internet(Sent(REPLY))
    world.routes[ADDRESS] = Route(delay_s=0.2)
    assert ask(world)[2] == 0.4


def test_an_address_where_nobody_is_stays_silent():
    world = internet()
    del world.servers[ADDRESS]
    assert ask(world)[0] is Result.TIMED_OUT


def test_loss_duplicates_and_jitter_are_drawn():
    ended = []
    world = internet(
        Sent(REPLY), route=Route(loss=0.3, duplicates=0.5, jitter_s=0.2),
        chance=random.Random(1).random,
    )  # fmt: skip
    for _ in range(300):
        exchange = Exchange(ADDRESS, 53, Transport.UDP, QUERY, 1.0)
        world.exchange(exchange, ended.append)
    world.run()
    replies = [each.seconds for each in ended if each.result is Result.REPLY]
    assert len(ended) == 300
    assert 100 < len(replies) < 200
    assert min(replies) < 0.1
    assert max(replies) > 0.3


def test_who_throws_datagrams_in_does_not_see_them_come_over_tcp():
    world = internet(Sent(REPLY))
    world.bystanders.append(Forger(Sent(WRONG_ID, 0.001)))
    assert ask(world)[0] is Result.WRONG_ID
    assert ask(world, Transport.TCP)[0] is Result.REPLY


def test_what_was_sent_is_kept_and_counted():
    world = internet(Sent(REPLY))
    ask(world)
    assert [packet[:3] for packet in world.packets] == [(100.0, ADDRESS, Transport.UDP)]
    assert world.counts == {ADDRESS: 1}
    assert world.octets_received == len(REPLY)
    assert world.servers[ADDRESS].queries == [(QUERY, Transport.UDP, 100.01)]


def test_a_cancelled_exchange_is_told_nothing_and_is_not_in_flight():
    world = internet(Sent(REPLY))
    ended = []
    attempt = world.exchange(Exchange(ADDRESS, 53, Transport.UDP, QUERY, 1.0), ended.append)
    attempt.cancel()
    attempt.cancel()
    assert world.in_flight == 0
    world.run()
    assert ended == []


def test_things_happen_in_the_order_of_their_time_and_else_of_their_making():
    world = Internet(start=0.0)
    happened = []
    for delay_s, what in ((2.0, "c"), (1.0, "a"), (1.0, "b"), (9.0, "e")):
        world.call_later(delay_s, lambda what=what: happened.append((what, world.now())))
    cancelled = world.call_later(1.5, lambda: happened.append("never"))
    cancelled.cancel()
    world.run(until=5.0)
    assert (happened, world.now()) == ([("a", 1.0), ("b", 1.0), ("c", 2.0)], 5.0)
    world.call_later(1.0, lambda: happened.append(("d", world.now())))
    world.run_while(lambda: len(happened) < 4)
    assert happened[-1] == ("d", 6.0)
    world.run()
    assert happened[-1] == ("e", 9.0)


def test_the_clock_does_not_wait_for_what_was_cancelled():
    world = Internet(start=0.0)
    world.call_later(5.0, lambda: None).cancel()
    world.run()
    assert world.now() == 0.0
