"""The request that killed two workers is dropped, any other is answered."""

from __future__ import annotations

import pytest

from dnsd.query.request import Reply, Request, Transport
from dnsd.run import quarantine
from dnsd.run.quarantine import Guarded, Quarantine


def request(octets, now=0.0):
    return Request(octets, b"\x7f\0\0\1", 5353, None, Transport.UDP, now, 1_700_000_000)


def never(*_):
    """Take a reply of a later turn, of which there must be none here."""
    raise AssertionError("a reply came late")


class Killing:
    """A pipeline that dies of one request, as a crash would end the process."""

    def __init__(self, deadly):
        self.deadly = deadly

    def reply(self, request, later):
        if request.octets[2:] == self.deadly:
            raise SystemExit
        return Reply(b"answer")


@pytest.fixture
def shared():
    return Quarantine(rows=3)


def die(shared, row, octets, now):
    """Let the process of a row die of a request; whether it is held from then on."""
    with pytest.raises(SystemExit):
        Guarded(Killing(octets[2:]), shared, row).reply(request(octets, now), never)
    return shared.died(row, now)


def test_two_deaths_hold_a_request_for_a_minute(shared):
    assert not die(shared, 0, b"\0\1deadly", 10.0)
    assert die(shared, 1, b"\0\2deadly", 11.0)
    survivor = Guarded(Killing(b""), shared, 2)
    assert survivor.reply(request(b"\0\3deadly", 12.0), never).dropped == "quarantine"
    assert survivor.reply(request(b"\0\3deadly", 70.999), never).dropped == "quarantine"
    assert survivor.reply(request(b"\0\3deadly", 71.0), never).octets == b"answer"


def test_other_requests_are_answered_meanwhile(shared):
    die(shared, 0, b"\0\1deadly", 10.0)
    die(shared, 1, b"\0\1deadly", 10.0)
    survivor = Guarded(Killing(b""), shared, 2)
    assert survivor.reply(request(b"\0\1Deadly", 12.0), never).octets == b"answer"


def test_a_death_after_the_hold_holds_again_at_once(shared):
    die(shared, 0, b"\0\1deadly", 10.0)
    die(shared, 1, b"\0\1deadly", 10.0)
    assert die(shared, 0, b"\0\1deadly", 100.0)


def test_two_deaths_of_different_requests_hold_neither(shared):
    assert not die(shared, 0, b"\0\1one", 10.0)
    assert not die(shared, 1, b"\0\1two", 11.0)


def test_a_death_with_nothing_in_hand_holds_nothing(shared):
    guarded = Guarded(Killing(b""), shared, 0)
    for _ in range(2):
        guarded.reply(request(b"\0\1fine"), never)
        assert not shared.died(0, 1.0)


def test_the_held_request_that_ends_first_makes_room(shared):
    for number in range(quarantine.HELD + 1):
        octets = b"\0\0" + bytes([number])
        die(shared, 0, octets, float(number))
        assert die(shared, 1, octets, float(number))
    survivor = Guarded(Killing(b""), shared, 2)
    assert survivor.reply(request(b"\0\0\0", 20.0), never).octets == b"answer"
    for number in range(1, quarantine.HELD + 1):
        assert survivor.reply(request(b"\0\0" + bytes([number]), 20.0), never).dropped


def test_single_deaths_are_forgotten_oldest_first(shared):
    for number in range(quarantine.REMEMBERED + 1):
        die(shared, 0, b"\0\0" + bytes([number]), 1.0)
    assert not die(shared, 0, b"\0\0\0", 2.0)
    assert die(shared, 0, b"\0\0" + bytes([quarantine.REMEMBERED]), 2.0)
