"""Having signatures renewed in time, and saying so when that fails.

The compiler renews whatever is due in each of its runs; here is who asks for a
run when nothing else does. A renewal that fails is tried again every hour, and
is a warning of its own once an eighth of the time that is left for it is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dnsd.control.reload import Reloader
    from dnsd.control.surroundings import Surroundings

# The system's clock may be set meanwhile, and any run may change what is due.
_LOOK_S: Final = 10.0
_SHORTEST_S: Final = 1.0
_AGAIN_S: Final = 3600
_PATIENCE: Final = 8


class Renewal:
    """Asks for runs of the compiler when signatures are due."""

    def __init__(self, reloader: Reloader, around: Surroundings) -> None:
        self._reloader = reloader
        self._around = around
        self._asked_for = 0
        self._asked_at = 0

    def look(self) -> float:
        """Ask for a run if one is due.

        Returns:
            Seconds until it is time to look again.
        """
        now = self._around.clock.wall_now()
        due = self._reloader.renew_at
        if not due:
            return _LOOK_S
        if now < due:
            return min(_LOOK_S, max(_SHORTEST_S, due - now))
        if due != self._asked_for or not 0 <= now - self._asked_at < _AGAIN_S:
            self._asked_for, self._asked_at = due, now
            self._warn(due, now)
            self._reloader.request("signatures")
        return _LOOK_S

    def _warn(self, due: int, now: int) -> None:
        expires = self._reloader.expires
        if now - due > (expires - due) // _PATIENCE:
            self._around.log.warning(
                "signatures_not_renewed",
                "signatures of a zone should have been renewed: dnsd zone list, dnsd key status",
                days_left=round((expires - now) / 86400, 2),
            )
