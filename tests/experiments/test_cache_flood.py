"""A flood of names asked once, in short."""

import pytest
from experiments.cache_flood import BOUND, BOUNDS, flood

pytestmark = pytest.mark.slow


def test_names_that_the_answer_cache_gives_stay_in_the_record_cache(tmp_path):
    shares, hits, entries = flood(tmp_path, 6400, is_told=True)
    assert min(shares) >= BOUND
    assert hits > 5000
    assert entries > BOUNDS.entries / 2, "the cache is full"


def test_they_would_leave_it_if_the_answer_cache_told_nothing(tmp_path):
    shares, _, _ = flood(tmp_path, 6400, is_told=False)
    assert shares[-1] < 0.1
