"""One timer for everything that waits for servers.

A resolver sets a timer for each query it sends, and nearly all are cancelled. A
call of the reactor for each costs as much as half of the exchange; here setting and
cancelling are one entry of a dictionary. Time is cut into ticks, what is due in the
same tick shares a bucket, and one call of the reactor waits for the earliest bucket::

    _ticks    heap of tick numbers   [812, 813, 841]
    _buckets  tick → {timed: None}    812: {a, c}   813: {}   841: {b}

Something is never called early, and up to a tick and a turn late. A bucket that was
emptied by cancelling stays until its tick.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from twisted.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.net.clock import Clock, Timer

TICKS_A_SECOND: Final = 100

_NEVER: Final = 1 << 62

_log = Logger()


class Timed:
    """Something with a time limit, in at most one bucket."""

    __slots__ = ("bucket",)

    bucket: dict[Timed, None] | None

    def __init__(self) -> None:
        self.bucket = None

    def expire(self) -> None:
        """Do what is to be done when the time is up."""
        raise NotImplementedError

    def stop_timer(self) -> None:
        """Let the time limit not happen; nothing happens when there is none."""
        if self.bucket is not None:
            del self.bucket[self]
            self.bucket = None


class _Call(Timed):
    """A call in the future."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__()
        self._call = call

    def expire(self) -> None:
        self._call()

    def cancel(self) -> None:
        """Do not call; nothing happens when the call was made already."""
        self.stop_timer()


class TimerWheel:
    """Calls ``expire`` of things when their time is up.

    Attributes:
        now: returns monotonic seconds.
    """

    def __init__(self, clock: Clock) -> None:
        """Take the time from a clock."""
        self._clock = clock
        self.now = clock.now
        self._buckets: dict[int, dict[Timed, None]] = {}
        self._ticks: list[int] = []
        self._soon: dict[Timed, None] = {}
        self._armed_tick = _NEVER
        self._armed: Timer | None = None
        self._armed_soon: Timer | None = None

    def start_timer(self, timed: Timed, now: float, delay_s: float) -> None:
        """Expire something after a delay, in a later turn.

        Args:
            timed: in no bucket.
            now: monotonic seconds.
            delay_s: 0 or less is as soon as possible.
        """
        if delay_s <= 0:
            bucket = self._soon
            if self._armed_soon is None:
                self._armed_soon = self._clock.call_later(0, self._expire_soon)
        else:
            tick = int((now + delay_s) * TICKS_A_SECOND) + 1
            found = self._buckets.get(tick)
            bucket = self._begin(tick) if found is None else found
        bucket[timed] = None
        timed.bucket = bucket

    def call_later(self, delay_s: float, call: Callable[[], object]) -> _Call:
        """Call something once, after a delay, in a later turn."""
        timed = _Call(call)
        self.start_timer(timed, self._clock.now(), delay_s)
        return timed

    def stop(self) -> None:
        """Let nothing expire that waits now."""
        for armed in (self._armed, self._armed_soon):
            if armed is not None:
                armed.cancel()
        self._armed = self._armed_soon = None
        self._armed_tick = _NEVER
        for bucket in (self._soon, *self._buckets.values()):
            for timed in bucket:
                timed.bucket = None
            bucket.clear()
        self._buckets.clear()
        self._ticks.clear()

    def _begin(self, tick: int) -> dict[Timed, None]:
        bucket: dict[Timed, None] = {}
        self._buckets[tick] = bucket
        heapq.heappush(self._ticks, tick)
        self._arm()
        return bucket

    def _arm(self) -> None:
        """Have the reactor call at the earliest tick."""
        if self._ticks and self._ticks[0] < self._armed_tick:
            if self._armed is not None:
                self._armed.cancel()
            self._armed_tick = self._ticks[0]
            delay = self._armed_tick / TICKS_A_SECOND - self._clock.now()
            self._armed = self._clock.call_later(max(delay, 0.0), self._expire_ticks)

    def _expire_ticks(self) -> None:
        self._armed = None
        self._armed_tick = _NEVER
        # A millionth of a tick, so that rounding does not leave a bucket to the next turn.
        tick = int(self._clock.now() * TICKS_A_SECOND + 1e-6)
        due = []
        while self._ticks and self._ticks[0] <= tick:
            due.append(self._buckets.pop(heapq.heappop(self._ticks)))
        self._arm()
        for bucket in due:
            _expire(bucket)

    def _expire_soon(self) -> None:
        self._armed_soon = None
        # What is added while these expire is for the next turn.
        bucket, self._soon = self._soon, {}
        _expire(bucket)


def _expire(bucket: dict[Timed, None]) -> None:
    for timed in list(bucket):
        # One that expired before it may have stopped it.
        if timed.bucket is bucket:
            timed.stop_timer()
            try:
                timed.expire()
            except Exception:  # noqa: BLE001 - the others in the bucket are due too
                _log.failure("a timer failed")
