"""Memory that all processes of the daemon share: counters, generations, facts.

One anonymous shared mapping is made before the first fork. Everything in it is
an unsigned number of 64 bits, so that a hot counter is ``row[slot] += 1`` and
nothing else:

    generations   ZONE_GENERATIONS slots, one region
    readers       one slot a listening socket: 1 + the row that reads it, 0 = nobody
    facts         one FACTS_WIDTH block a row: who runs in it, and when it was last alive
    rows          one block of counters a row, laid out by `metrics.py`

A **row** belongs to one process at a time. A replaced process hands its row to
its successor with the counters in it, so that sums over the rows never fall;
two processes that run at once need two rows.

There are no locks. Each slot has one writer: a row the process in it,
generations the process that publishes zones, readers and the claim of a row
the supervisor. An aligned slot is stored by one instruction, so a reader sees
the number before or after, never half of it.
"""

from __future__ import annotations

import enum
import mmap
from typing import Final

# Slot 0 moves with every published change; 1..4095 belong to zones.
ZONE_GENERATIONS: Final = 4096
ANY_ZONE: Final = 0

FACTS_WIDTH: Final = 8  # a row's facts fill one cache line of 64 octets
_LINE: Final = 8  # slots a cache line: rows never share one

_MAX = (1 << 64) - 1


class Role(enum.IntEnum):
    """What a process does; also the values of every label ``role``."""

    SUPERVISOR = 1
    WORKER = 2
    CONTROL = 3
    SINGLE = 4  # everything in one process
    MAIL = 5


class _Fact(enum.IntEnum):
    PID = 0
    ROLE = 1
    READY = 2
    BEATS = 3
    BEAT_AT = 4  # monotonic, microseconds
    STARTED_AT = 5  # Unix time, seconds
    MISSING = 6


class SlotPage:
    """The shared mapping and the views of its regions.

    Attributes:
        generations: see `ZONE_GENERATIONS`; compared by caches, moved by `bump`.
        readers: for each listening socket 1 + the row that reads it, 0 nobody.
        row_count: how many rows there are.
    """

    def __init__(self, rows: int, width: int, sockets: int = 0) -> None:
        """Make a page of zeros.

        Args:
            rows: processes that may run at once, the supervisor included.
            width: counters a row; `metrics.TABLE.width`.
            sockets: listening sockets that processes share out.
        """
        self.row_count = rows
        self._readers_at = ZONE_GENERATIONS
        self._facts_at = self._readers_at + _whole_lines(sockets)
        self._rows_at = self._facts_at + rows * FACTS_WIDTH
        self._stride = _whole_lines(width)
        self._width = width
        octets = 8 * (self._rows_at + rows * self._stride)
        self._slots = memoryview(mmap.mmap(-1, octets)).cast("Q")
        self.generations = self._slots[:ZONE_GENERATIONS]
        self.readers = self._slots[self._readers_at : self._readers_at + sockets]

    def row(self, index: int) -> memoryview:
        """Return the counters of one row, a view of ``Q`` slots."""
        self._check(index)
        start = self._rows_at + index * self._stride
        return self._slots[start : start + self._width]

    def facts(self, index: int) -> ProcessFacts:
        """Return who runs in one row."""
        self._check(index)
        start = self._facts_at + index * FACTS_WIDTH
        return ProcessFacts(self._slots[start : start + FACTS_WIDTH])

    def bump(self, generation: int) -> None:
        """Make everything that was cached under one generation out of date."""
        self.generations[generation] = (self.generations[generation] + 1) & _MAX

    def bump_all_zones(self) -> None:
        """Make every cached answer from a zone out of date."""
        for generation in range(ZONE_GENERATIONS):
            self.bump(generation)

    def sockets_of(self, index: int) -> list[int]:
        """List the listening sockets that one row reads."""
        return [socket for socket, reader in enumerate(self.readers) if reader == index + 1]

    def assign_socket(self, socket: int, index: int | None) -> None:
        """Say which row reads a listening socket; ``None`` is nobody."""
        self.readers[socket] = 0 if index is None else index + 1

    def _check(self, index: int) -> None:
        if not 0 <= index < self.row_count:
            raise IndexError(f"row {index} of {self.row_count}")


class ProcessFacts:
    """Who runs in a row; a view, so every reading is the present state."""

    def __init__(self, slots: memoryview) -> None:
        self._slots = slots

    def claim(self, pid: int, role: Role, wall_now: int) -> None:
        """Give the row to a process; it is not ready yet and has no heartbeat."""
        self._slots[_Fact.READY] = 0
        self._slots[_Fact.MISSING] = 0
        self._slots[_Fact.BEATS] = 0
        self._slots[_Fact.BEAT_AT] = 0
        self._slots[_Fact.STARTED_AT] = wall_now
        self._slots[_Fact.ROLE] = role
        self._slots[_Fact.PID] = pid

    def release(self) -> None:
        """Take the row back after its process ended; its counters stay."""
        self._slots[_Fact.PID] = 0
        self._slots[_Fact.READY] = 0

    def say_missing(self, *, is_missing: bool) -> None:
        """Tell whether a process should be in the row and is not, because it crashed."""
        self._slots[_Fact.MISSING] = is_missing

    def say_ready(self) -> None:
        """Tell the supervisor that the process serves."""
        self._slots[_Fact.READY] = 1

    def beat(self, now: float) -> None:
        """Show that the process is alive at ``now``, monotonic seconds."""
        self._slots[_Fact.BEAT_AT] = int(now * 1e6)
        self._slots[_Fact.BEATS] += 1

    @property
    def pid(self) -> int:
        """Process id; 0 while the row is free."""
        return self._slots[_Fact.PID]

    @property
    def role(self) -> Role | None:
        """Role of the process that is or was last in the row."""
        number = self._slots[_Fact.ROLE]
        return Role(number) if number else None

    @property
    def missing(self) -> bool:
        """Whether the process crashed and the next one has not started yet."""
        return bool(self._slots[_Fact.MISSING])

    @property
    def ready(self) -> bool:
        """Whether the process serves."""
        return bool(self._slots[_Fact.READY])

    @property
    def beats(self) -> int:
        """Heartbeats since the claim."""
        return self._slots[_Fact.BEATS]

    @property
    def beat_at_s(self) -> float:
        """Monotonic seconds of the last heartbeat; 0.0 before the first.

        The monotonic clock of Linux counts alike in all processes.
        """
        return self._slots[_Fact.BEAT_AT] / 1e6

    @property
    def started_at(self) -> int:
        """Unix time of the claim, seconds."""
        return self._slots[_Fact.STARTED_AT]


def _whole_lines(slots: int) -> int:
    return (slots + _LINE - 1) // _LINE * _LINE
