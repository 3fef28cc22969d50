"""What chance gives, against values of published tables and exact sums."""

import math
import random

import pytest
from experiments.figures import chi_square, chi_square_p, poisson_limit


@pytest.mark.parametrize(
    ("value", "freedom", "p"),
    [
        (3.841, 1, 0.05),
        (6.635, 1, 0.01),
        (18.307, 10, 0.05),
        (29.588, 10, 0.001),
        (124.342, 100, 0.05),
        (149.449, 100, 0.001),
        (77.929, 100, 0.95),
    ],
)
def test_p_of_chi_square_is_that_of_the_tables(value, freedom, p):
    assert chi_square_p(value, freedom) == pytest.approx(p, rel=2e-3)


def test_p_for_many_degrees_of_freedom_is_that_of_the_normal_distribution():
    freedom = 65_535
    for z in (-3.0, -1.0, 0.0, 1.0, 3.0):
        value = freedom * (1 - 2 / (9 * freedom) + z * math.sqrt(2 / (9 * freedom))) ** 3
        assert chi_square_p(value, freedom) == pytest.approx(
            math.erfc(z / math.sqrt(2)) / 2, rel=0.01
        )


def test_uneven_counts_have_a_small_p():
    draw = random.Random(5)
    counts = [0] * 100
    for _ in range(10_000):
        counts[draw.randrange(100)] += 1
    assert chi_square_p(chi_square(counts, [100] * 100), 99) > 1e-3
    counts[7] += 100
    assert chi_square_p(chi_square(counts, [101] * 100), 99) < 1e-3


def test_a_count_above_the_limit_is_as_seldom_as_said():
    for mean in (0.5, 4.0, 118.0):
        limit = poisson_limit(mean)
        tail = 1 - sum(
            math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(limit + 1)
        )
        assert tail <= 1.01e-6
        assert tail > 1e-8
