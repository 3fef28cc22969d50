"""Lines of commands out of octets, none longer than a limit.

A line ends with LF; whether CR stands before it, the grammar looks. What is longer than
the limit is dropped up to its end and told of once, however it was cut on its way.
"""

from __future__ import annotations

from typing import Final


class TooLong:
    """Stands for a line that was too long."""

    __slots__ = ()


TOO_LONG: Final = TooLong()


class Lines:
    """Octets of a client that were not read yet."""

    __slots__ = ("_is_dropping", "_octets")

    def __init__(self) -> None:
        self._octets = b""
        self._is_dropping = False

    def __len__(self) -> int:
        return len(self._octets)

    def feed(self, octets: bytes) -> None:
        """Add what came."""
        self._octets += octets

    def take_line(self, limit: int) -> bytes | TooLong | None:
        """Take the next line.

        Args:
            limit: octets of it, its end included.

        Returns:
            It with its end; ``TOO_LONG`` where one was; ``None`` if none is whole.
        """
        end = self._octets.find(b"\n") + 1
        if not end:
            if len(self._octets) >= limit:
                self._is_dropping = True
            if self._is_dropping:
                self._octets = b""
            return None
        line, self._octets = self._octets[:end], self._octets[end:]
        if self._is_dropping or len(line) > limit:
            self._is_dropping = False
            return TOO_LONG
        return line

    def take_all(self) -> bytes:
        """Take all octets there are."""
        octets, self._octets = self._octets, b""
        return octets
