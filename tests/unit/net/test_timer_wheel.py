"""The one timer, in time that stands still."""

import pytest
from twisted.internet.task import Clock as FakeReactor
from twisted.logger import globalLogPublisher

from dnsd.net.clock import Clock
from dnsd.net.timer_wheel import Timed, TimerWheel


class Bell(Timed):
    def __init__(self, times):
        super().__init__()
        self.times = times
        self.reaction = lambda: None

    def expire(self):
        self.times.append(self)
        self.reaction()


class Bench:
    def __init__(self):
        self.reactor = FakeReactor()
        self.reactor.advance(1000.0)
        self.wheel = TimerWheel(Clock(self.reactor))
        self.rung = []

    def bell(self, delay_s):
        bell = Bell(self.rung)
        self.wheel.start_timer(bell, self.reactor.seconds(), delay_s)
        return bell

    @property
    def reactor_calls(self):
        return len(self.reactor.getDelayedCalls())


@pytest.fixture
def bench():
    return Bench()


def test_what_is_due_expires_once_and_in_order(bench):
    late, early, other = bench.bell(0.5), bench.bell(0.1), bench.bell(0.1)
    bench.reactor.advance(0.099)
    assert bench.rung == []
    bench.reactor.advance(0.012)
    assert bench.rung == [early, other]
    bench.reactor.advance(5)
    assert bench.rung == [early, other, late]
    assert bench.reactor_calls == 0


@pytest.mark.parametrize("delay_s", [0.001, 0.0099, 0.01, 0.123, 1.0, 3.3333])
def test_nothing_expires_early_or_a_tick_late(bench, delay_s):
    bench.bell(delay_s)
    bench.reactor.advance(delay_s - 1e-6)
    assert len(bench.rung) == 0
    bench.reactor.advance(0.0101)
    assert len(bench.rung) == 1


def test_what_was_stopped_does_not_expire(bench):
    bell = bench.bell(0.1)
    bell.stop_timer()
    bell.stop_timer()
    bench.reactor.advance(1)
    assert bench.rung == []


def test_one_may_stop_another_of_the_same_moment(bench):
    first, second = bench.bell(0.1), bench.bell(0.1)
    first.reaction = second.stop_timer
    bench.reactor.advance(1)
    assert bench.rung == [first]


@pytest.mark.parametrize("delay_s", [0, -1, 0.1])
def test_what_is_started_by_an_expiry_has_a_later_turn(bench, delay_s):
    first = bench.bell(delay_s)
    rung_at_once = []

    def start_another():
        bench.bell(0)
        bench.bell(-1)
        rung_at_once.extend(bench.rung)

    first.reaction = start_another
    assert bench.rung == []
    bench.reactor.advance(1)
    assert rung_at_once == [first]
    assert len(bench.rung) == 3


def test_one_that_fails_leaves_the_others_alone(bench):
    events = []
    globalLogPublisher.addObserver(events.append)
    try:
        first, second = bench.bell(0.1), bench.bell(0.1)
        first.reaction = lambda: 1 / 0
        bench.reactor.advance(1)
    finally:
        globalLogPublisher.removeObserver(events.append)
    assert bench.rung == [first, second]
    assert [event["log_failure"].type for event in events] == [ZeroDivisionError]


def test_a_thousand_timers_cost_one_call_of_the_reactor(bench):
    for i in range(1000):
        bench.bell(0.3 + i / 10_000)
    assert bench.reactor_calls == 1
    bench.bell(0.05)
    assert bench.reactor_calls == 1
    bench.reactor.advance(0.061)
    assert len(bench.rung) == 1


def test_a_call_is_made_later_or_cancelled(bench):
    calls = []
    bench.wheel.call_later(0, lambda: calls.append("soon"))
    bench.wheel.call_later(0.2, lambda: calls.append("later"))
    cancelled = bench.wheel.call_later(0.2, lambda: calls.append("never"))
    assert calls == []
    bench.reactor.advance(0)
    assert calls == ["soon"]
    cancelled.cancel()
    bench.reactor.advance(1)
    assert calls == ["soon", "later"]
    cancelled.cancel()


def test_a_stopped_wheel_forgets_everything(bench):
    bell = bench.bell(0.1)
    bench.bell(0)
    bench.wheel.stop()
    assert bench.reactor_calls == 0
    bench.reactor.advance(1)
    assert bench.rung == []
    bell.stop_timer()
