"""CacheFlush in short."""

import pytest
from experiments.cache_flush import FULL, ONCE, flush

pytestmark = pytest.mark.slow


def test_names_that_are_asked_for_again_stay_in_the_cache(tmp_path):
    outcome = flush(tmp_path, seconds=5, calm_s=1, measured_s=1, load=0.6, answer_cache="off")
    assert outcome.failures == []
    assert outcome.filled > FULL
    assert sum(outcome.missed) <= 0.05 * sum(outcome.asked)
    assert outcome.left < len(ONCE), "what nobody asks for again makes room"
