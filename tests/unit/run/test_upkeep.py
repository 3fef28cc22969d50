"""What happens at regular times, in simulated time."""

from __future__ import annotations

import pytest

from dnsd.observe import metrics
from dnsd.observe.page import Role
from dnsd.query.cookies import Cookies
from dnsd.run.cookie_secrets import PERIOD_S, secrets_at
from dnsd.run.upkeep import Repeating, beating, changing_secrets, sampling


def advance(time, seconds, step=0.125):
    for _ in range(round(seconds / step)):
        time.advance(step)


def test_it_is_done_at_once_and_then_as_often_as_it_says(time, around):
    done = []
    repeating = Repeating(around.clock, lambda: done.append(time.seconds()) or 2.0)
    repeating.start()
    advance(time, 5.0)
    assert done == [0.0, 2.0, 4.0]
    repeating.stop()
    advance(time, 5.0)
    assert len(done) == 3
    repeating.stop()


def test_it_is_done_again_after_a_fault(time, around):
    faults = iter([ValueError("a defect")])
    done = []

    def act():
        for fault in faults:
            raise fault
        done.append(time.seconds())
        return 2.0

    repeating = Repeating(around.clock, act)
    with pytest.raises(ValueError, match="a defect"):
        repeating.start()
    advance(time, 4.0)
    assert done == [1.0, 3.0]
    repeating.stop()


def test_a_process_beats_several_times_a_second(time, around):
    page = metrics.new_page(rows=1)
    beating(page, 0, Role.WORKER, around).start()
    advance(time, 1.0)
    assert page.facts(0).beats >= 5


def test_the_responder_is_sampled(time, around):
    class Responder:
        samples = 0

        def sample(self):
            self.samples += 1

    responder = Responder()
    sampling(responder, around.clock).start()
    advance(time, 10.0)
    assert responder.samples == 6


def test_cookies_get_the_secrets_of_the_day_within_a_minute(time, around):
    seed = bytes(range(32))
    cookies = Cookies([bytes(16)])
    changing_secrets(cookies, seed, around.clock).start()
    client = b"\xc0\0\x02\x01"
    for _ in range(2):
        wall_now = around.clock.wall_now()
        expected = Cookies(secrets_at(seed, wall_now))
        assert cookies.make(b"client__", client, 5) == expected.make(b"client__", client, 5)
        advance(time, PERIOD_S, step=30.0)
