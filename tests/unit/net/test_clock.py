"""The reactor's time, and calls that can be cancelled at any moment."""

import time

from twisted.internet.task import Clock as FakeReactor

from dnsd.net.clock import Clock, use_monotonic_time


def test_calls_are_made_after_their_delay():
    reactor = FakeReactor()
    clock = Clock(reactor)
    calls = []
    clock.call_later(2.0, lambda: calls.append(clock.now()))
    reactor.advance(1.9)
    assert calls == []
    reactor.advance(0.1)
    assert calls == [2.0]


def test_a_call_can_be_cancelled_before_and_after_it_was_made():
    reactor = FakeReactor()
    calls = []
    made = Clock(reactor).call_later(1.0, lambda: calls.append("made"))
    cancelled = Clock(reactor).call_later(1.0, lambda: calls.append("cancelled"))
    cancelled.cancel()
    cancelled.cancel()
    reactor.advance(1.0)
    made.cancel()
    assert calls == ["made"]
    assert not reactor.getDelayedCalls()


def test_unix_time_is_told_in_whole_seconds():
    assert Clock(FakeReactor(), wall_time=lambda: 1_700_000_000.9).wall_now() == 1_700_000_000


def test_a_reactor_is_given_the_monotonic_clock():
    class Reactor(FakeReactor):
        seconds = staticmethod(time.time)

    reactor = Reactor()
    use_monotonic_time(reactor)
    before = time.monotonic()
    assert before <= Clock(reactor).now() <= time.monotonic()
