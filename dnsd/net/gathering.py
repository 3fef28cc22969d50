"""What is put off until a reader has read all that it reads in one turn.

A name server's reply leads to a reply to a client. Read many in one turn, and their
replies can be sent together; read one, and it need not wait for anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Gathering:
    """Calls made when a reader has done, for the readers of one reactor.

    Attributes:
        is_open: a reader is reading, and will call :meth:`close`.
    """

    __slots__ = ("_calls", "is_open")

    def __init__(self) -> None:
        self.is_open = False
        self._calls: list[Callable[[], object]] = []

    def open(self) -> None:
        """Begin to gather; to be closed whatever happens."""
        self.is_open = True

    def at_close(self, call: Callable[[], object]) -> None:
        """Call something when the reader has done; only while it reads."""
        self._calls.append(call)

    def close(self) -> None:
        """Make the calls."""
        self.is_open = False
        calls, self._calls = self._calls, []
        for call in calls:
            call()
