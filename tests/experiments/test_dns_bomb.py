"""A DNS bomb, in short."""

import pytest
from experiments.dns_bomb import VICTIMS, WITHOUT_LIMITS, bomb, judge, peak

pytestmark = pytest.mark.slow


def test_answers_let_go_at_one_moment_are_a_hundred_for_a_victim(tmp_path):
    outcome = bomb(tmp_path, 0.35, seconds=2)
    assert judge(outcome) == []
    assert outcome.full > 100
    assert outcome.dropped > 100, "more were collected than may be"


def test_without_the_limits_they_are_more(tmp_path):
    outcome = bomb(tmp_path, 3.0, seconds=2, limits=WITHOUT_LIMITS)
    assert outcome.failures == []
    assert outcome.dropped == 0
    # Let go at two moments at most.
    assert outcome.full > 2 * VICTIMS * 100


@pytest.mark.parametrize(
    ("arrivals", "most"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([(1.0, 5), (1.05, 6), (1.2, 7)], 11, id="two in one window"),
        pytest.param([(1.0, 5), (1.2, 6), (1.25, 7)], 13, id="the later two"),
    ],
)
def test_the_peak_is_the_most_in_any_window(arrivals, most):
    assert peak(arrivals) == most
