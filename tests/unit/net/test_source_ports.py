"""Which ports come out, for entropy that repeats from run to run."""

import hashlib
import math
from collections import Counter

import pytest

from dnsd.net.source_ports import LOWEST_PORT, SourcePorts

HIGHEST_PORT = 65535


class Seeded:
    """Octets that look random and are the same in every run."""

    def __init__(self, seed):
        self.seed = seed
        self.calls = 0

    def __call__(self, count):
        self.calls += 1
        return hashlib.shake_256(b"%d/%d" % (self.seed, self.calls)).digest(count)


def chance_of_more(statistic, freedom):
    """Tell how likely a chi-square statistic is to be larger (Wilson and Hilferty)."""
    third = (statistic / freedom) ** (1 / 3)
    spread = 2 / (9 * freedom)
    return 0.5 * math.erfc((third - 1 + spread) / math.sqrt(2 * spread))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_stretch_of_the_range_is_as_likely_as_any_other(seed):
    ports = SourcePorts(Seeded(seed), ())
    draws = 129_024  # two for each port
    stretches = Counter((ports.draw() - LOWEST_PORT) // 64 for _ in range(draws))
    expected = draws / 1008
    statistic = sum((stretches[i] - expected) ** 2 / expected for i in range(1008))
    assert set(stretches) == set(range(1008))
    assert 1e-6 < chance_of_more(statistic, 1007) < 1 - 1e-6


def test_the_measure_of_chance_sees_a_kernel_that_uses_half_of_the_range():
    expected = 129_024 / 1008
    statistic = sum((2 * expected * (i % 2) - expected) ** 2 / expected for i in range(1008))
    assert chance_of_more(statistic, 1007) < 1e-6


def test_both_ends_of_the_range_are_drawn_and_nothing_beyond():
    entropy = iter([0, 1023, 1024, 65535, 5])
    ports = SourcePorts(lambda count: next(entropy).to_bytes(2, "little"), ())
    assert [ports.draw(), ports.draw()] == [1024, 65535]


def test_ports_that_we_listen_on_are_never_drawn():
    denied = set(range(LOWEST_PORT, HIGHEST_PORT + 1)) - {5353, 40000}
    ports = SourcePorts(Seeded(4), denied)
    assert {ports.draw() for _ in range(50)} == {5353, 40000}


def test_repeated_ports_are_as_rare_as_chance_makes_them():
    ports = SourcePorts(Seeded(5), ())
    draws = 10_000
    repeated = draws - len({ports.draw() for _ in range(draws)})
    expected = draws - 64_512 * (1 - (1 - 1 / 64_512) ** draws)
    assert abs(repeated - expected) < 5 * math.sqrt(expected)


def test_entropy_is_asked_for_rarely_and_not_before_it_is_needed():
    entropy = Seeded(6)
    ports = SourcePorts(entropy, ())
    assert entropy.calls == 0
    for _ in range(1000):
        ports.draw()
    assert entropy.calls == 1
