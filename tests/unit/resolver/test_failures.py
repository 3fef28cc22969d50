"""What failed lately (RFC 9520)."""

import pytest

from dnsd.resolver.failures import LIMIT, Failures
from dnsd.resolver.options import ResolverLimits
from dnsd.resolver.outcome import Explanation

NAME = b"\x03www\x07example\x04test\x00"
WHY = Explanation(22, "nobody answers")


def failures(**limits):
    return Failures(ResolverLimits(**limits))


def test_a_failure_is_remembered_for_five_seconds():
    known = failures()
    assert known.find(NAME, 1, 100.0) is None
    known.failed((NAME, 1), 100.0, WHY)
    assert known.find(NAME, 1, 104.9) == WHY
    assert known.find(NAME, 1, 105.0) is None


def test_a_failure_is_of_one_name_and_type():
    known = failures()
    known.failed((NAME, 1), 100.0, WHY)
    assert known.find(NAME, 28, 100.0) is None
    assert known.find(NAME[4:], 1, 100.0) is None


def test_each_failure_after_another_lasts_twice_as_long_up_to_five_minutes():
    known = failures()
    now, lengths = 100.0, []
    for _ in range(9):
        known.failed((NAME, 1), now, WHY)
        start = now
        while known.find(NAME, 1, now):
            now += 1
        lengths.append(now - start)
    assert lengths == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_a_thousand_questions_in_a_minute_lead_to_five_attempts():
    known = failures()
    attempts = 0
    for i in range(1000):
        now = 60.0 * i / 1000
        if known.find(NAME, 1, now) is None:
            attempts += 1
            known.failed((NAME, 1), now, WHY)
    assert attempts == 4  # at 0, 5, 15 and 35 seconds


def test_failures_at_the_same_time_count_once():
    known = failures()
    for at in (100.0, 100.1, 104.0):
        known.failed((NAME, 1), at, WHY)
    assert known.find(NAME, 1, 105.0) is None


@pytest.mark.parametrize(
    ("pause", "length"),
    [(5.0, 10), (304.9, 10), (305.0, 5)],
    ids=["at once", "just within five minutes", "long ago"],
)
def test_only_a_failure_soon_after_another_lasts_longer(pause, length):
    known = failures()
    known.failed((NAME, 1), 0.0, WHY)
    known.failed((NAME, 1), pause, WHY)
    assert known.find(NAME, 1, pause + length - 0.1) == WHY
    assert known.find(NAME, 1, pause + length) is None


def test_a_failure_of_our_own_network_does_not_grow():
    known = failures()
    for at in (0.0, 5.0, 10.0, 15.0):
        known.failed((NAME, 1), at, WHY, grows=False)
    assert known.find(NAME, 1, 20.0) is None


def test_success_begins_anew():
    known = failures()
    known.failed((NAME, 1), 0.0, WHY)
    known.forget(NAME, 1)
    assert known.find(NAME, 1, 0.0) is None
    known.failed((NAME, 1), 5.0, WHY)
    assert known.find(NAME, 1, 10.0) is None


def test_all_can_be_forgotten():
    known = failures()
    known.failed((NAME, 1), 0.0, WHY)
    known.clear()
    assert known.find(NAME, 1, 0.0) is None


def test_names_without_end_take_bounded_room():
    known = failures(failure_table=100)
    for i in range(1000):
        known.failed((b"\x04%04d\x00" % i, 1), 0.0, WHY)
    assert LIMIT == "failure_table"
    assert known.turnovers == 18
    kept = sum(known.find(b"\x04%04d\x00" % i, 1, 0.0) is not None for i in range(1000))
    assert 50 <= kept <= 100


def test_few_failures_reach_no_bound():
    known = failures()
    for i in range(1000):
        known.failed((b"\x04%04d\x00" % i, 1), 0.0, WHY)
    assert known.turnovers == 0


def test_a_failure_lasts_as_long_as_clients_are_content_with_old_answers():
    known = failures()
    known.failed((NAME, 1), 0.0, WHY, least_s=30.0)
    assert known.find(NAME, 1, 29.9) == WHY
    assert known.find(NAME, 1, 30.0) is None


def test_a_shortened_name_that_misleads_says_nothing_of_the_question():
    known = failures()
    known.misled(NAME, 10.0)
    assert known.is_misleading(NAME, 14.9)
    assert not known.is_misleading(NAME, 15.1)
    assert known.find(NAME, 1, 10.0) is None
    known.clear()
    assert not known.is_misleading(NAME, 10.0)
