"""Clients that wait: who may, in which order they are served, and that all of them leave."""

import pytest
from fakes import octets

from dnsd.query.cookies import CLIENT_ONLY, VALID
from dnsd.query.replies import Exchange
from dnsd.query.request import Request, Transport
from dnsd.query.waiting import Waiter, Waiting, WaitingOptions
from dnsd.resolver import shedding
from dnsd.resolver.client_rates import ClientLimits, WaitingAnswers
from dnsd.resolver.options import ResolverLimits
from dnsd.wire.message import RA, RD, parse_query

CLIENT, OTHER = b"\xc0\0\2\1", b"\xc0\0\2\2"
UDP, TCP, *_ = Transport


class Room:
    """Where clients wait, and who has left it with an answer."""

    def __init__(self, **limits):
        clients = {key: limits.pop(key) for key in ("waiting", "waiting_proven") if key in limits}
        self.answers = WaitingAnswers(ClientLimits(**clients))
        self.places = shedding.Waiting(ResolverLimits(**limits))
        self.waiting = Waiting(WaitingOptions(), self.places, self.answers)
        self.left = []

    def client(self, name="www.example.", now=0.0, *, client=CLIENT, transport=UDP,
               verdict=CLIENT_ONLY, flags=RA):  # fmt: skip
        query = parse_query(octets.query(name, flags=RD))
        request = Request(query.raw, client, 5353, None, transport, now, 0)
        exchange = Exchange(request, query, 0, transport is UDP, verdict, flags=flags)
        waiter = Waiter(exchange, query.qname, lambda *_: None, lambda: self.left.append(waiter))
        return waiter

    def enter(self, *args, **kwargs):
        waiter = self.client(*args, **kwargs)
        assert self.waiting.enter(waiter) == ("", None)
        return waiter


@pytest.mark.parametrize(
    ("limits", "limit"),
    [({"recursions": 2}, "recursions"), ({"waiting": 2}, "waiting_answers")],
    ids=["recursions", "waiting_answers"],
)
def test_who_finds_no_room_is_told_the_name_of_the_limit(limits, limit):
    room = Room(**limits)
    room.enter()
    second = room.enter()
    refused = room.client()
    assert room.waiting.enter(refused) == (limit, None)
    assert (len(room.waiting), len(room.places), room.answers.count(CLIENT)) == (2, 2, 2)
    room.waiting.leave(refused)
    assert room.left == [], "it never was in"
    room.waiting.leave(second)
    assert room.waiting.enter(refused) == ("", None)


@pytest.mark.parametrize(
    ("transport", "verdict"), [(UDP, CLIENT_ONLY), (UDP, VALID), (TCP, CLIENT_ONLY)]
)
def test_strangers_are_together_one_client_and_keep_none_of_ours_out(transport, verdict):
    room = Room(waiting=2, waiting_proven=100)
    strangers = [
        room.client(client=bytes((198, 51, 100, i)), transport=transport, verdict=verdict, flags=0)
        for i in range(4)
    ]
    entered = [room.waiting.enter(each) for each in strangers]
    assert entered == [("", None)] * 2 + [("waiting_answers", None)] * 2
    room.enter()
    room.waiting.leave(strangers[0])
    assert room.waiting.enter(strangers[3]) == ("", None)


def test_ordinary_traffic_hits_no_limit():
    room = Room()
    for number in range(50):
        room.enter(f"n{number}.example.", number / 100)


@pytest.mark.parametrize(
    ("transport", "verdict", "may_wait"),
    [
        pytest.param(UDP, CLIENT_ONLY, False, id="UDP"),
        pytest.param(UDP, VALID, True, id="UDP with a cookie"),
        pytest.param(TCP, CLIENT_ONLY, True, id="TCP"),
    ],
)
def test_who_cannot_be_somebody_else_may_wait_for_more(transport, verdict, may_wait):
    room = Room(waiting=1, waiting_proven=2)
    room.enter()
    limit, _ = room.waiting.enter(room.client(transport=transport, verdict=verdict))
    assert (limit == "") is may_wait


def test_each_client_is_counted_for_itself():
    room = Room(waiting=1)
    room.enter()
    room.enter(client=OTHER)


class TestShedding:
    def test_an_old_one_goes_for_a_new_one_and_says_why(self):
        room = Room(recursions=2)
        room.enter("protected.example.")
        old = room.enter("old.example.")
        new = room.client("new.example.", 0.3)
        assert room.waiting.enter(new) == ("", old)
        assert old.exchange.limits == ("shed_after",)
        assert new.exchange.limits == ()

    def test_the_caller_lets_it_leave(self):
        room = Room(recursions=2)
        room.enter("protected.example.")
        old = room.enter("old.example.")
        room.waiting.enter(room.client("new.example.", 0.3))
        assert (len(room.waiting), room.left) == (3, [])
        room.waiting.leave(old)
        assert (len(room.waiting), room.left) == (2, [old])
        assert (len(room.places), room.answers.count(CLIENT)) == (2, 2)

    def test_asking_again_keeps_no_question_young(self):
        room = Room(recursions=4)
        room.enter("a.example.")
        room.enter("b.example.")
        same = room.enter("same.example.", 0.0)
        again = room.enter("same.example.", 0.15)
        assert room.waiting.enter(room.client("new.example.", 0.21)) == ("", same)
        assert room.waiting.enter(room.client("newer.example.", 0.21)) == ("", again)


class TestLeaving:
    def test_it_is_told_once_that_its_answer_is_there(self):
        room = Room()
        waiter = room.enter()
        for _ in range(3):
            room.waiting.leave(waiter)
        assert room.left == [waiter]
        assert (len(room.waiting), len(room.places), len(room.answers)) == (0, 0, 0)

    def test_who_is_answered_in_another_way_is_told_nothing(self):
        room = Room()
        waiter = room.enter()
        assert room.waiting.forget(waiter)
        assert not room.waiting.forget(waiter)
        room.waiting.leave(waiter)
        assert (room.left, len(room.waiting), len(room.places), len(room.answers)) == ([], 0, 0, 0)

    def test_others_stay(self):
        room = Room()
        first, second = room.enter(), room.enter()
        room.waiting.leave(first)
        assert (len(room.waiting), room.answers.count(CLIENT)) == (1, 1)
        assert list(room.waiting.due_for_stale(9.0)) == [second]


class TestExpiredAnswers:
    def test_they_are_due_after_a_while_for_the_oldest_first(self):
        room = Room()
        first, second, _ = room.enter(now=0.0), room.enter(now=0.5), room.enter(now=1.0)
        assert list(room.waiting.due_for_stale(1.79)) == []
        assert list(room.waiting.due_for_stale(2.31)) == [first, second]

    def test_nobody_is_handed_out_twice(self):
        room = Room()
        waiter = room.enter()
        assert list(room.waiting.due_for_stale(1.8)) == [waiter]
        assert list(room.waiting.due_for_stale(5.0)) == []
        assert len(room.waiting) == 1, "it still waits"

    def test_those_who_leave_meanwhile_are_left_out(self):
        room = Room()
        first, second, third = room.enter(), room.enter(), room.enter()
        handed_out = []
        for waiter in room.waiting.due_for_stale(2.0):
            handed_out.append(waiter)
            room.waiting.leave(second)
        assert handed_out == [first, third]

    def test_those_who_come_meanwhile_have_not_waited_long_enough(self):
        room = Room()
        room.enter()
        for _ in room.waiting.due_for_stale(2.0):
            room.enter(now=2.0)
        assert len(room.waiting) == 2


def test_the_time_of_a_client_is_up_a_little_after_that_of_its_resolution():
    room = Room()
    first, _ = room.enter(now=0.0), room.enter(now=1.0)
    assert room.waiting.overdue(8.49) == []
    assert room.waiting.overdue(8.5) == [first]
    assert room.waiting.overdue(8.6) == [first], "until it leaves"
    room.waiting.leave(first)
    assert room.waiting.overdue(8.6) == []


@pytest.mark.parametrize(
    ("transport", "verdict", "now", "waiting", "too_late"),
    [
        pytest.param(UDP, CLIENT_ONLY, 1.9, 21, True, id="late, and many wait"),
        pytest.param(UDP, CLIENT_ONLY, 1.89, 21, False, id="in time"),
        pytest.param(UDP, CLIENT_ONLY, 9.0, 20, False, id="few wait"),
        pytest.param(TCP, CLIENT_ONLY, 9.0, 21, False, id="over a stream"),
        pytest.param(UDP, VALID, 9.0, 21, False, id="with a good cookie"),
    ],
)
def test_answers_collected_for_one_address_are_not_let_go_at_one_moment(
    transport, verdict, now, waiting, too_late
):
    room = Room()
    waiter = [room.enter(transport=transport, verdict=verdict) for _ in range(waiting)][-1]
    assert room.waiting.is_too_late(waiter, now) is too_late
    other = room.enter(client=OTHER)
    assert not room.waiting.is_too_late(other, now)
