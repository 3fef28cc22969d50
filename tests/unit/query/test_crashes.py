"""A request that failed twice is not tried again for a minute."""

from dnsd.query.crashes import Crashes, CrashOptions

REQUEST = b"\0\1request"
SAME = b"\0\2request"
OTHER = b"\0\1another"


def test_two_failures_hold_a_request_whatever_its_id():
    crashes = Crashes(CrashOptions())
    crashes.add(REQUEST, 10.0)
    assert not crashes.holds(REQUEST, 10.0)
    crashes.add(SAME, 20.0)
    assert crashes.holds(REQUEST, 20.0)
    assert crashes.holds(SAME, 79.9)
    assert not crashes.holds(OTHER, 20.0)


def test_the_hold_ends_and_one_more_failure_begins_it_again():
    crashes = Crashes(CrashOptions(hold_s=60.0))
    crashes.add(REQUEST, 0.0)
    crashes.add(REQUEST, 0.0)
    assert not crashes.holds(REQUEST, 60.0)
    crashes.add(REQUEST, 61.0)
    assert crashes.holds(REQUEST, 62.0)


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first():
    crashes = Crashes(CrashOptions(crashes=1, remembered=3))
    for i in range(5):
        crashes.add(b"id" + bytes([i]), 0.0)
    assert [crashes.holds(b"id" + bytes([i]), 1.0) for i in range(5)] == [False] * 2 + [True] * 3
