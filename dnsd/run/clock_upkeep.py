"""Saying that the clock of this machine is wrong, when signatures show it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from dnsd.observe import metrics
from dnsd.run.upkeep import Repeating

if TYPE_CHECKING:
    from dnsd.control.surroundings import Surroundings
    from dnsd.run.wiring_cache import Caches

_LOOK_S: Final = 2.0
#: Seconds between two lines that say the same.
SAY_EVERY_S: Final = 600.0

_SUSPECT = metrics.RESOLVER_CLOCK_SUSPECT.slot()


def watching_clock(caches: Caches, around: Surroundings) -> Repeating:
    """Show whether the clock is suspect, and say so in the log.

    Args:
        caches: know who validates.
        around: clock, log and counters of the process.
    """
    said_at = float("-inf")
    was = False

    def act() -> float:
        nonlocal said_at, was
        trust = caches.world.trust if caches.world is not None else None
        is_suspect = trust is not None and trust.clock.is_suspect
        around.row[_SUSPECT] = is_suspect
        now = around.clock.now()
        if trust is not None and is_suspect and (not was or now - said_at >= SAY_EVERY_S):
            said_at = now
            shown = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(trust.unix_time()))
            around.log.error(
                "clock_suspect",
                "signatures near the root fail for the time alone, so the clock of this machine"
                f" may be wrong: it says {shown} UTC; what is signed is answered with SERVFAIL"
                " until it is right",
                signature=trust.clock.last,
            )
        elif was and not is_suspect:
            around.log.info("clock_right", "signatures near the root hold again")
        was = is_suspect
        return _LOOK_S

    return Repeating(around.clock, act)
