"""How a flush reaches the caches that processes keep in their own memory.

Control writes what to flush on a board in shared memory; every worker looks at it
many times a second, flushes its own, and writes how much that was. A worker that
looked away for more flushes than there is room for flushes everything.

    posted   8   flushes until now
    rows     n x 24   flushes that the row has taken; entries and zone cuts removed
    places   8 x 2048  a flush each: its octets (2), its selector as JSON

Control writes ``posted`` and the places, the process in a row that row's numbers.
"""

from __future__ import annotations

import json
import mmap
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from dnsd.observe.page import Role
from dnsd.resolver.cache.contract import Selector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dnsd.observe.page import SlotPage

#: Flushes that the board has room for.
PLACES: Final = 8
#: How often control looks whether all have taken a flush.
LOOKS: Final = 40

_PLACE_OCTETS: Final = 2048  # names in hexadecimal are 510 each
_ROW: Final = 3
_TAKEN, _ENTRIES, _CUTS = range(_ROW)


class FlushBoard:
    """The memory; made before the first fork."""

    def __init__(self, rows: int) -> None:
        numbers = 8 * (1 + rows * _ROW)
        octets = memoryview(mmap.mmap(-1, numbers + PLACES * _PLACE_OCTETS))
        self._numbers = octets[:numbers].cast("Q")
        self._places = octets[numbers:]

    @property
    def posted(self) -> int:
        """Flushes until now."""
        return self._numbers[0]

    def row(self, index: int) -> memoryview:
        """Return the numbers of a row."""
        return self._numbers[1 + index * _ROW : 1 + (index + 1) * _ROW]

    def post(self, selector: Selector) -> None:
        """Tell all processes to flush; only one process may."""
        octets = json.dumps(asdict(selector), default=bytes.hex).encode()
        start = self.posted % PLACES * _PLACE_OCTETS
        self._places[start : start + 2] = len(octets).to_bytes(2, "big")
        self._places[start + 2 : start + 2 + len(octets)] = octets
        self._numbers[0] += 1

    def selector(self, flush: int) -> Selector:
        """Return what a flush selects, counted from 0; everything if that is not known."""
        start = flush % PLACES * _PLACE_OCTETS
        size = int.from_bytes(self._places[start : start + 2], "big")
        octets = bytes(self._places[start + 2 : start + 2 + size])
        if self.posted - flush >= PLACES:  # looked at last: it may just be written over
            return Selector()
        found: dict[str, Any] = json.loads(octets)
        for key in ("name", "tree", "server"):
            if found[key] is not None:
                found[key] = bytes.fromhex(found[key])
        return Selector(**found)


class FlushReader:
    """One process's look at the board; what was posted before it was made is not its own."""

    def __init__(self, board: FlushBoard, row: int) -> None:
        self._board = board
        self._row = board.row(row)
        self._row[_TAKEN] = board.posted

    def take(self, flush: Callable[[Selector], tuple[int, int]]) -> None:
        """Do what was posted since the last time.

        Args:
            flush: removes what is selected; how many entries and zone cuts went.
        """
        while (taken := self._row[_TAKEN]) < self._board.posted:
            entries, cuts = flush(self._board.selector(taken))
            self._row[_ENTRIES] += entries
            self._row[_CUTS] += cuts
            self._row[_TAKEN] = taken + 1


def flushing_everywhere(
    board: FlushBoard, page: SlotPage, selector: Selector
) -> Iterator[tuple[int, int] | None]:
    """Have all workers flush their own.

    Args:
        board: shared.
        page: tells who works in which row.
        selector: what to flush.

    Returns:
        None as long as somebody has not yet, at most :data:`LOOKS` times; then how
        many entries and zone cuts went.
    """
    rows = [board.row(i) for i in range(page.row_count) if _works(page, i)]
    entries = sum(row[_ENTRIES] for row in rows)
    cuts = sum(row[_CUTS] for row in rows)
    board.post(selector)
    posted = board.posted
    for _ in range(LOOKS):
        if all(row[_TAKEN] >= posted for row in rows):
            break
        yield None
    yield sum(row[_ENTRIES] for row in rows) - entries, sum(row[_CUTS] for row in rows) - cuts


def _works(page: SlotPage, row: int) -> bool:
    facts = page.facts(row)
    return facts.role is Role.WORKER and facts.pid != 0 and facts.ready
