"""Who asks for a run of the compiler when only signatures are due."""

import pytest

from dnsd.control.renewal import Renewal

DAY = 86400
WALL_NOW = 1_800_000_000


class Reloader:
    def __init__(self, renew_at, expires):
        self.renew_at, self.expires = renew_at, expires
        self.causes = []

    def request(self, cause):
        self.causes.append(cause)


def renewal(around, renew_in, expires_in):
    reloader = Reloader(renew_in and WALL_NOW + renew_in, expires_in and WALL_NOW + expires_in)
    return reloader, Renewal(reloader, around)


@pytest.mark.parametrize(("due_in", "delay"), [(0, 10), (5, 5), (3 * DAY, 10)])
def test_nothing_is_asked_for_before_it_is_due(around, due_in, delay):
    reloader, found = renewal(around, due_in, due_in and 9 * DAY)
    assert found.look() == delay
    assert reloader.causes == []


def test_what_is_due_is_asked_for_once_and_again_after_an_hour(around, time, events):
    reloader, found = renewal(around, 10, 10 + 4 * DAY)
    time.advance(10)
    for _ in range(360):
        time.advance(found.look())
    assert reloader.causes == ["signatures"]
    for _ in range(360):
        time.advance(found.look())
    assert reloader.causes == ["signatures"] * 2
    assert events() == []


def test_after_a_renewal_the_next_one_counts(around, time):
    reloader, found = renewal(around, 10, 10 + 4 * DAY)
    time.advance(10)
    found.look()
    reloader.renew_at += 100
    assert found.look() == 10
    time.advance(100)
    found.look()
    assert reloader.causes == ["signatures"] * 2


def test_a_renewal_that_does_not_come_is_a_warning_days_before_the_end(around, time, events):
    _, found = renewal(around, 10, 10 + 4 * DAY)
    time.advance(10 + DAY // 2)
    found.look()
    assert events() == []
    time.advance(3601)
    found.look()
    (event,) = events()
    assert event["event"] == "signatures_not_renewed"
    assert event["level"] == "warning"
    assert event["days_left"] == 3.46
