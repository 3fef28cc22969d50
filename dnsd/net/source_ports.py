"""Source ports of queries to servers: unpredictable, from nearly the whole range.

Whoever forges replies must hit the port that a query left from. The kernel's own
choice spans 28,232 ports; here it is every port from 1024 on that nobody listens on,
each as likely as any other (RFC 5452 §9.2, RFC 6056 §3.2).
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

LOWEST_PORT: Final = 1024

# Ports drawn at once: a system call for each would cost more than the draw.
_PORTS_A_DRAW: Final = 2048


class SourcePorts:
    """Draws ports.

    To be made after the fork: two processes that share what was drawn ahead would
    send from the same ports.
    """

    __slots__ = ("_denied", "_drawn", "_entropy")

    def __init__(self, entropy: Callable[[int], bytes], denied: Collection[int]) -> None:
        """Draw nothing yet.

        Args:
            entropy: returns so many octets that nobody can guess.
            denied: ports that are never drawn, those that we listen on; a few.
        """
        self._entropy = entropy
        self._denied = frozenset(denied)
        self._drawn: list[int] = []

    def draw(self) -> int:
        """Return a port, 1024..65535 but for the denied ones, all equally likely."""
        while not self._drawn:
            # What falls outside is drawn again, never folded in: no port comes more often.
            denied = self._denied
            numbers = array("H", self._entropy(2 * _PORTS_A_DRAW))
            self._drawn = [n for n in numbers if n >= LOWEST_PORT and n not in denied]
        return self._drawn.pop()
