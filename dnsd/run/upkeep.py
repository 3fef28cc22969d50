"""What a process does at regular times: beat, sample, change cookie secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.observe.page import ANY_ZONE
from dnsd.observe.pulse import Pulse
from dnsd.run.cookie_secrets import next_change_s, secrets_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.control.surroundings import Surroundings
    from dnsd.net.clock import Clock, Timer
    from dnsd.net.responder import Responder
    from dnsd.observe.page import Role, SlotPage
    from dnsd.query.cookies import Cookies
    from dnsd.query.recursion import Recursion
    from dnsd.run.wiring_cache import Caches

_SAMPLE_S = 2.0
_AFTER_FAULT_S = 1.0
_TICK_S = 0.1
_COMMIT_S = 0.05
# The system's clock may be set meanwhile, so the day is looked at more often.
_LONGEST_WAIT_S = 60.0


class Repeating:
    """Does something again and again."""

    def __init__(self, clock: Clock, act: Callable[[], float]) -> None:
        """Get ready.

        Args:
            clock: of the process.
            act: what to do; returns the seconds until it is due again.
        """
        self._clock = clock
        self._act = act
        self._timer: Timer | None = None

    def start(self) -> None:
        """Do it now and from now on, also when a defect of ours makes it fail."""
        delay_s = _AFTER_FAULT_S
        try:
            delay_s = self._act()
        finally:
            self._timer = self._clock.call_later(delay_s, self.start)

    def stop(self) -> None:
        """Do it no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def beating(page: SlotPage, row: int, role: Role, around: Surroundings) -> Repeating:
    """Show the supervisor that this process lives.

    Args:
        page: shared page.
        row: row of the process.
        role: what the process does.
        around: clock and log of the process.
    """
    clock = around.clock
    pulse = Pulse(page.row(row), page.facts(row), role, clock.now(), around.log)
    return Repeating(clock, lambda: pulse.tick(clock.now()))


def sampling(responder: Responder, clock: Clock) -> Repeating:
    """Write to the counters what the responder's parts keep for themselves."""

    def act() -> float:
        responder.sample()
        return _SAMPLE_S

    return Repeating(clock, act)


def serving_waiters(recursion: Recursion, clock: Clock) -> Repeating:
    """Give those who have waited for long what there is."""

    def act() -> float:
        recursion.tick(clock.now())
        return _TICK_S

    return Repeating(clock, act)


def keeping_learned(
    recursion: Recursion, caches: Caches, page: SlotPage, around: Surroundings
) -> Repeating:
    """Share what was learned with other processes, and forget failures when told to.

    Args:
        recursion: what learns.
        caches: where it is kept.
        page: a flush or a reload moves its first generation.
        around: clock and counters of the process.
    """
    seen = page.generations[ANY_ZONE]

    def act() -> float:
        nonlocal seen
        caches.commit(around)
        generation = page.generations[ANY_ZONE]
        if generation != seen:
            seen = generation
            recursion.forget_failures()
        return _COMMIT_S

    return Repeating(around.clock, act)


def changing_secrets(cookies: Cookies, seed: bytes, clock: Clock) -> Repeating:
    """Give cookies the secrets of the day.

    Args:
        cookies: of this process.
        seed: what all processes derive the secrets from.
        clock: of the process.
    """

    def act() -> float:
        wall_now = clock.wall_now()
        cookies.replace_secrets(secrets_at(seed, wall_now))
        return min(float(next_change_s(wall_now)), _LONGEST_WAIT_S)

    return Repeating(clock, act)
