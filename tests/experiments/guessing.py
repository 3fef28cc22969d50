"""What somebody who guesses could learn from numbers of 16 bits that he saw.

Predictors are fed one number after the other and say what comes next; chance hits one
time in as many as there are numbers. Beside them the linear complexity: a generator
that is linear over GF(2), as the Mersenne Twister (19,937 bits of state) and all
xorshift generators are in each of their bits, is wholly known after twice as many
bits as it has state (Massey 1969), even if only every n-th output is seen.
"""

import math

SPAN = 1 << 16


def _step_from_three(a, b, c):
    """Solve the linear congruence that led from ``c`` over ``b`` to ``a``; the next number."""
    if (b - c) & 1 == 0:
        return None
    factor = (a - b) * pow(b - c, -1, SPAN)
    return (a + factor * (a - b)) % SPAN


PREDICTORS = {
    "the same again": lambda a, b, c: a,
    "one more": lambda a, b, c: (a + 1) % SPAN,
    "the same step": lambda a, b, c: (2 * a - b) % SPAN,
    "the same bits changed": lambda a, b, c: a ^ b ^ c,
    "its octets exchanged": lambda a, b, c: (a >> 8 | a << 8) % SPAN,
    "a linear congruence": _step_from_three,
}


def hits(numbers):
    """Count what each predictor would have guessed right, and one that remembers."""
    found = dict.fromkeys([*PREDICTORS, "what followed it before"], 0)
    followed = {}
    for a, b, c, actual in zip(numbers[2:], numbers[1:], numbers, numbers[3:], strict=False):
        for name, predict in PREDICTORS.items():
            found[name] += predict(a, b, c) == actual
        found["what followed it before"] += followed.get(a) == actual
        followed[a] = actual
    return found


def linear_complexity(bits):
    """Return the length of the shortest linear feedback register that makes some bits.

    Berlekamp and Massey's algorithm, polynomials as whole numbers. Chance gives half
    of the number of bits, and is seldom off by more than a few.
    """
    current, before, length, since, seen = 1, 1, 0, -1, 0
    for n, bit in enumerate(bits):
        seen = seen << 1 | bit  # the newest bit is the lowest
        if (current & seen).bit_count() & 1:
            kept = current
            current ^= before << (n - since)
            if 2 * length <= n:
                length, since, before = n + 1 - length, n, kept
    return length


def correlation(first, second):
    """Return Pearson's coefficient of two sequences of the same length."""
    n = len(first)
    mean, other = sum(first) / n, sum(second) / n
    product = sum(a * b for a, b in zip(first, second, strict=True)) / n - mean * other
    variance = sum(a * a for a in first) / n - mean * mean
    variation = sum(b * b for b in second) / n - other * other
    return product / math.sqrt(variance * variation)


def serial_correlation(numbers):
    """Return the coefficient of each number with the next."""
    return correlation(numbers[:-1], numbers[1:])
