"""One limit for all guesses at passwords, whatever protocol they come over.

An address may fail so many times a minute and a day, its network three times as often
and the wider one nine times: a guesser with many addresses in one place gains little.
A try counts when it begins, so that tries side by side count too; a right password
takes its count back.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final, NamedTuple

PER_MINUTE: Final = 10
PER_DAY: Final = 50
_WIDER: Final = (1, 3, 9)

# Bits of an address, its network and the wider one. One customer has a whole IPv6 /64.
_BITS: Final = {4: (32, 24, 16), 6: (64, 48, 32)}

_MINUTE_S: Final = 60
_DAY_S: Final = 86_400
# 100,000 places take some 20 MB; the one that failed first goes first.
_MAX_PLACES: Final = 100_000


class _Count(NamedTuple):
    """Tries of one place, in the current minute and day."""

    minute: int
    in_minute: int
    day: int
    in_day: int


_Place = tuple[int, int, int]  # version, bits, number of the network


class PasswordLimit:
    """Counts tries by address and network.

    Attributes:
        refused: tries that were over the limit.
    """

    def __init__(self, per_minute: int = PER_MINUTE, per_day: int = PER_DAY) -> None:
        """Count with these limits for one address."""
        self.refused = 0
        self._limits = (per_minute, per_day)
        self._counts: dict[_Place, _Count] = {}

    def begin(self, address: str, now: float) -> bool:
        """Count a try, unless there were too many; then no password is to be checked.

        Args:
            address: of the client, as text.
            now: monotonic seconds.
        """
        places = _places(address)
        counts = [self._count(place, now) for place in places]
        per_minute, per_day = self._limits
        for count, factor in zip(counts, _WIDER, strict=True):
            if count.in_minute >= per_minute * factor or count.in_day >= per_day * factor:
                self.refused += 1
                return False
        for place, count in zip(places, counts, strict=True):
            self._counts.pop(place, None)
            if len(self._counts) >= _MAX_PLACES:
                del self._counts[next(iter(self._counts))]
            self._counts[place] = count._replace(
                in_minute=count.in_minute + 1, in_day=count.in_day + 1
            )
        return True

    def succeeded(self, address: str, now: float) -> None:
        """Take a try back: the password was right."""
        for place in _places(address):
            count = self._count(place, now)
            if place in self._counts:
                self._counts[place] = count._replace(
                    in_minute=max(count.in_minute - 1, 0), in_day=max(count.in_day - 1, 0)
                )

    def _count(self, place: _Place, now: float) -> _Count:
        minute, day = int(now // _MINUTE_S), int(now // _DAY_S)
        found = self._counts.get(place)
        if found is None or found.day != day:
            return _Count(minute, 0, day, 0)
        if found.minute != minute:
            return _Count(minute, 0, day, found.in_day)
        return found


def _places(address: str) -> list[_Place]:
    found = ip_address(address)
    if found.version == 6 and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    number, width = int(found), found.max_prefixlen
    return [(found.version, bits, number >> (width - bits)) for bits in _BITS[found.version]]
