"""How much may be in flight at one zone cut, or at one server, at a time.

A victim whose servers do not answer, while somebody makes us ask them about names
without end, would take all that we have. So each has a share, and while more than
70 % of what it is asked times out, each timeout makes the share a little smaller, down
to a tenth; answers make it grow again. named has the same for servers
(``fetches-per-server``) and the like for zones (``fetches-per-zone``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.resolver.recent import Recent

if TYPE_CHECKING:
    from dnsd.resolver.options import ResolverLimits

#: Share of timeouts above which a quota shrinks.
SICK: Final = 0.7
#: What is left of a quota at least.
LEAST: Final = 0.1
# The share of timeouts is smoothed over about so many exchanges.
_MEMORY: Final = 32
# Share of timeouts below which nothing needs to be remembered: one among many.
_WELL: Final = 1 / (2 * _MEMORY)
# Of the quota, at each timeout: from 200 to 20 in 115 of them.
_SHRINK: Final = 0.98


class Quota:
    """Of one kind of thing: how much is in flight at each, and may be.

    Attributes:
        most: in flight at one that is well.
        limit: name of the limit, as metrics call it.
    """

    __slots__ = ("_busy", "_unwell", "limit", "most")

    def __init__(self, limit: str, most: int, entries: int) -> None:
        self.limit = limit
        self.most = most
        # In flight → allowed, smoothed share of timeouts. Those in use are as many
        # as there are exchanges; of the others only those not well are kept.
        self._busy: dict[bytes, tuple[int, float, float]] = {}
        self._unwell: Recent[tuple[float, float]] = Recent(entries)

    @property
    def turnovers(self) -> int:
        """Times that the oldest that were not well were forgotten."""
        return self._unwell.turnovers

    def allowed(self, key: bytes) -> int:
        """Return how much may be in flight."""
        busy = self._busy.get(key)
        if busy is not None:
            return int(busy[1])
        unwell = self._unwell.get(key)
        return self.most if unwell is None else int(unwell[0])

    def in_flight(self, key: bytes) -> int:
        """Return how much is in flight."""
        busy = self._busy.get(key)
        return 0 if busy is None else busy[0]

    def enter(self, key: bytes) -> bool:
        """Tell whether one more may be in flight; counts it if so."""
        busy = self._busy.get(key)
        if busy is None:
            allowed, share = self._unwell.get(key) or (float(self.most), 0.0)
            count = 0
        else:
            count, allowed, share = busy
        if count >= int(allowed):
            return False
        self._busy[key] = (count + 1, allowed, share)
        return True

    def leave(self, key: bytes, *, timed_out: bool | None) -> None:
        """Count one that entered as ended.

        Args:
            key: as it was entered.
            timed_out: no answer came in time; ``None`` if it was given up and says
                nothing about the other side.
        """
        count, allowed, share = self._busy[key]
        if timed_out:
            share += (1 - share) / _MEMORY
            if share > SICK:
                allowed = max(allowed * _SHRINK, self.most * LEAST, 1.0)
        elif timed_out is not None:
            share -= share / _MEMORY
            allowed = min(allowed + 1, float(self.most))
        if count > 1:
            self._busy[key] = (count - 1, allowed, share)
            return
        del self._busy[key]
        if share < _WELL and allowed >= self.most:
            self._unwell.remove(key)
        else:
            self._unwell.put(key, (allowed, share))


class Quotas:
    """Quotas of zone cuts and of server addresses.

    Attributes:
        zones: by name of the zone: fetches in flight.
        servers: by key, see ``servers``: exchanges in flight.
    """

    __slots__ = ("servers", "zones")

    def __init__(self, limits: ResolverLimits) -> None:
        self.zones = Quota("zone_in_flight", limits.zone_in_flight, limits.server_table)
        self.servers = Quota("server_in_flight", limits.server_in_flight, limits.server_table)
