"""What experiments say with their figures: the machine, and what chance alone would give."""

import math
import os
import platform


def machine():
    """Name what the figures were measured on."""
    return (
        f"on {os.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}"
    )


def chi_square(counts, expected):
    """Return the sum of squared deviations over what is expected."""
    return sum((count - mean) ** 2 / mean for count, mean in zip(counts, expected, strict=True))


def chi_square_p(value, freedom):
    """Return how likely chance is to give such a value or a greater one.

    The upper regularised incomplete gamma function Q(freedom / 2, value / 2): its series
    below the middle, Lentz's continued fraction above.
    """
    a, x = freedom / 2, value / 2
    if x <= 0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = a
        while term > total * 1e-16:
            n += 1
            term *= x / n
            total += term
        return max(0.0, 1 - front * total)
    b = x + 1 - a
    c, d = 1e300, 1 / b
    fraction = d
    for i in range(1, 1_000_000):
        step = -i * (i - a)
        b += 2
        d = 1 / (step * d + b)
        c = b + step / c
        fraction *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return front * fraction


def poisson_limit(mean, chance=1e-6):
    """Return the count that chance passes more seldom than so."""
    count, term = 0, math.exp(-mean)
    total = term
    while 1 - total > chance and count < 100_000:
        count += 1
        term *= mean / count
        total += term
    return count
