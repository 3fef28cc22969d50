"""Time for everything that runs on the reactor.

Twisted keeps time with the wall clock, so a step of the system's time would
fire timers early or lose them. :func:`use_monotonic_time` gives the reactor the
monotonic clock, once, before anything is scheduled on it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class DelayedCall(Protocol):
    """What Twisted's ``IDelayedCall`` offers that is used here."""

    def active(self) -> bool:
        """Tell whether the call is still to be made."""

    def cancel(self) -> None:
        """Do not make the call."""


class Reactor(Protocol):
    """What Twisted's ``IReactorTime`` offers that is used here."""

    # A plain attribute, because it is replaced.
    seconds: Callable[[], float]

    def callLater(  # noqa: N802 - Twisted's name
        self, delay: float, call: Callable[[], object], /
    ) -> DelayedCall:
        """Call something after a delay."""


def use_monotonic_time(reactor: Reactor) -> None:
    """Make a reactor count its delays in monotonic time."""
    reactor.seconds = time.monotonic


class Timer:
    """One call in the future."""

    __slots__ = ("_call",)

    def __init__(self, call: DelayedCall) -> None:
        self._call = call

    def cancel(self) -> None:
        """Do not call; nothing happens when the call was made already."""
        if self._call.active():
            self._call.cancel()


class Clock:
    """The time, and calls in the future.

    Times are monotonic seconds of the reactor; what it was at another moment of
    the same process may be subtracted, nothing else may be done with it.

    Attributes:
        now: returns monotonic seconds.
    """

    def __init__(self, reactor: Reactor, wall_time: Callable[[], float] = time.time) -> None:
        """Take a reactor over.

        Args:
            reactor: keeps monotonic time, see :func:`use_monotonic_time`.
            wall_time: returns Unix seconds.
        """
        self._reactor = reactor
        # Not a method: it is asked many times a query.
        self.now = reactor.seconds
        self._wall_time = wall_time

    def wall_now(self) -> int:
        """Return Unix seconds."""
        return int(self._wall_time())

    def call_later(self, delay_s: float, call: Callable[[], object]) -> Timer:
        """Call something once, after a delay of 0 seconds or more."""
        return Timer(self._reactor.callLater(delay_s, call))
