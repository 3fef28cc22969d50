"""Whatever comes, no limiter gives more than it may, forgets a debt or takes more room."""

import random

import pytest
from experiments.limiters import NANO, Bucket, Figures, _most_excess, examine
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dnsd.query.ratelimit import Limiter
from dnsd.resolver.client_rates import MissRates, WaitingAnswers
from dnsd.resolver.shedding import Waiting


@settings(
    max_examples=300, deadline=None, suppress_health_check=list(HealthCheck),
    # Shrinking takes minutes: add Phase.shrink when there is something to shrink.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip
@given(st.randoms(use_true_random=False))
def test_limiters_keep_what_they_promise_whatever_comes(rng):
    assert examine(rng).faults == []


def test_the_patterns_reach_what_is_limited():
    total = Figures()
    for seed in range(200):
        total.merge(examine(random.Random(seed)))
    assert total.faults == []
    for kind in ("misses", "replies"):
        assert 0 < total.counts[f"{kind}: allowed"] < total.counts[f"{kind}: arrivals"]
        # Bursts are used up to the last.
        assert total.most[f"{kind}: most over rate x time + burst"] >= 0
    assert total.most["waiting: for one client over its bound"] == 0
    assert total.most["places: over the bound"] == 0
    assert total.counts["places: given up"] > 50


@pytest.mark.parametrize(
    ("faulty", "attribute", "wrong"),
    [
        pytest.param(MissRates, "allow", lambda *_: True, id="misses without bound"),
        pytest.param(Limiter, "allow", lambda *_: True, id="replies without bound"),
        pytest.param(MissRates, "allow", lambda *_: False, id="misses refused"),
        pytest.param(WaitingAnswers, "enter", lambda *_, **__: True, id="waiting without bound"),
        pytest.param(
            Waiting, "_oldest", lambda self, _: next(iter(self._queries)), id="shed young"
        ),
    ],
)
def test_a_limiter_that_does_not_limit_is_seen(monkeypatch, faulty, attribute, wrong):
    monkeypatch.setattr(faulty, attribute, wrong)
    total = Figures()
    for seed in range(20):
        try:
            total.merge(examine(random.Random(seed)))
        except KeyError:  # left without having entered
            return
    assert total.faults


def test_the_oracle_is_a_bucket():
    bucket = Bucket(interval=NANO, burst=2)
    assert [bucket.take(at * NANO) for at in (100, 100, 100, 101, 101, 110, 110, 110)] == [
        True, True, False, True, False, True, True, False,
    ]  # fmt: skip
    assert _most_excess([0, 0, 0], NANO, 2) == 1
    assert _most_excess([0, NANO, NANO, 3 * NANO], NANO, 2) == 0
