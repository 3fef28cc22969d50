"""When to try again: within bounds, never beyond the lifetime."""

from hypothesis import given
from hypothesis import strategies as st

from dnsd.mail.schedule import JITTER, Schedule

chances = st.floats(0, 1)


def test_waits_double_up_to_the_longest():
    schedule = Schedule(first_retry_s=300, max_retry_s=4_000)
    assert [schedule.wait_s(n, 0) for n in (1, 2, 3, 4, 5)] == [300, 600, 1_200, 2_400, 4_000 / 1.2]
    assert [round(schedule.wait_s(n, 1), 6) for n in (1, 2, 9)] == [360, 720, 4_000]


@given(st.integers(1, 10_000), chances, st.integers(1, 600), st.integers(0, 100_000))
def test_every_wait_is_within_its_bounds(attempts, chance, first, more):
    schedule = Schedule(first_retry_s=first, max_retry_s=first + more)
    wait = schedule.wait_s(attempts, chance)
    assert first / (1 + JITTER) <= wait <= (first + more) * (1 + 1e-9)


@given(st.integers(1, 100), chances, st.integers(0, 500_000), st.integers(0, 1_000_000))
def test_the_next_attempt_is_later_and_not_beyond_the_end(attempts, chance, age, more):
    schedule = Schedule()
    now = 1_000_000 + age
    found = schedule.next_attempt(
        1_000_000, attempts, now, not_before=now + more if more else 0.0, chance=chance
    )
    if age >= schedule.lifetime_s:
        assert found is None
    else:
        assert now < found <= 1_000_000 + schedule.lifetime_s
        assert found >= min(now + max(more, 300), 1_000_000 + schedule.lifetime_s)


def test_seconds_are_enough_for_a_test():
    schedule = Schedule(first_retry_s=1, max_retry_s=2, lifetime_s=4, warning_s=1)
    assert schedule.next_attempt(100, 1, 100.0, not_before=0.0, chance=0.0) == 101
    assert schedule.next_attempt(100, 2, 102.5, not_before=0.0, chance=1.0) == 104  # the last one
    assert schedule.next_attempt(100, 3, 104.0, not_before=0.0, chance=0.5) is None


def test_the_sender_is_told_of_a_delay_when_it_is_long_unless_never():
    schedule = Schedule()
    assert not schedule.is_to_be_told(100, 100 + 14_399)
    assert schedule.is_to_be_told(100, 100 + 14_400)
    assert not schedule._replace(warning_s=0).is_to_be_told(100, 1e12)
