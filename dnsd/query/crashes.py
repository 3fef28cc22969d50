"""Requests that our own defects failed on, so that none is tried for ever."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CrashOptions:
    """When a request is held back.

    Attributes:
        crashes: failures of the same octets before they are held.
        hold_s: for how long.
        remembered: requests remembered; the oldest is forgotten.
    """

    crashes: int = 2
    hold_s: float = 60.0
    remembered: int = 1024


class Crashes:
    """Remembers the requests that raised an unexpected exception.

    A request is known by a keyed hash of its octets without the ID, so a
    retransmission with another ID is the same request.
    """

    __slots__ = ("_options", "_seen")

    def __init__(self, options: CrashOptions) -> None:
        self._options = options
        self._seen: dict[int, tuple[int, float]] = {}

    def add(self, octets: bytes, now: float) -> None:
        """Note that a request failed."""
        key = hash(octets[2:])
        count, _ = self._seen.pop(key, (0, 0.0))
        if len(self._seen) >= self._options.remembered:
            del self._seen[next(iter(self._seen))]
        self._seen[key] = (count + 1, now + self._options.hold_s)

    def holds(self, octets: bytes, now: float) -> bool:
        """Tell whether a request must not be tried now."""
        if not self._seen:
            return False
        count, until = self._seen.get(hash(octets[2:]), (0, 0.0))
        return count >= self._options.crashes and now < until
