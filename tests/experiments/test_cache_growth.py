"""Random names without end, in short."""

import pytest
from experiments.cache_growth import grow, growth

pytestmark = pytest.mark.slow


def test_neither_the_cache_nor_the_process_grows_with_random_names(tmp_path):
    seen, answered = grow(tmp_path, 4800, looks=4, size="1MiB")
    assert answered >= 4700
    assert all(0 < octets <= limit for octets, limit, *_ in seen)
    entries = [found for _, _, found, _ in seen]
    assert max(entries) < 1500, "most left"
    assert abs(entries[-1] - entries[-2]) <= 0.1 * entries[-1]
    assert growth(seen) <= 0.05
