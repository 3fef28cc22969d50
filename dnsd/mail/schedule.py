"""When a recipient is tried again, given up, and its sender told of the delay.

Waits double from the first to the longest, each up to a fifth longer than its nominal length, so that
what was deferred together does not come back together. At the end of the lifetime there
is one last attempt.

Source: RFC 5321 §4.5.4.1.
"""

from __future__ import annotations

from math import ceil
from typing import Final, NamedTuple

# Share by which a wait is longer at most.
JITTER: Final = 0.2


class Schedule(NamedTuple):
    """How long to try, and how often; seconds, each from 1 on.

    Attributes:
        first_retry_s: wait after the first attempt.
        max_retry_s: the longest wait, from ``first_retry_s`` on.
        lifetime_s: after that the recipient has failed.
        warning_s: after that the sender is told of the delay, once; 0: never.
    """

    first_retry_s: int = 300
    max_retry_s: int = 4_000
    lifetime_s: int = 432_000
    warning_s: int = 14_400

    def wait_s(self, attempts: int, chance: float) -> float:
        """Return how long to wait after an attempt.

        Args:
            attempts: made so far, from 1.
            chance: uniform in 0..1.

        Returns:
            Seconds, ``first_retry_s`` to ``max_retry_s``, except that where the two are
            too close for the jitter it may be a fifth less than the first.
        """
        doublings = min(attempts - 1, 40)  # of one second: longer than any lifetime
        nominal = min(self.first_retry_s * 2.0**doublings, self.max_retry_s / (1 + JITTER))
        return nominal * (1 + JITTER * chance)

    def expires_at(self, received_at: int) -> int:
        """Return when a recipient has failed, Unix seconds."""
        return received_at + self.lifetime_s

    def next_attempt(
        self, received_at: int, attempts: int, now: float, *, not_before: float, chance: float
    ) -> int | None:
        """Return when to try again, or None if it is too late for that.

        Args:
            received_at: Unix seconds.
            attempts: made so far, from 1.
            now: Unix seconds.
            not_before: Unix seconds before which it is of no use, or 0.
            chance: uniform in 0..1.
        """
        end = self.expires_at(received_at)
        if now >= end:
            return None
        return min(ceil(max(now + self.wait_s(attempts, chance), not_before)), end)

    def is_to_be_told(self, received_at: int, now: float) -> bool:
        """Tell whether a message waits for so long that its sender should know."""
        return bool(self.warning_s) and now >= received_at + self.warning_s
