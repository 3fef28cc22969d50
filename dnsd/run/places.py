"""A place to be filled by a process, and the processes in it.

A place has two rows of the shared page, because a process and its successor run at
once for a while and each needs counters of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnsd.observe.page import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.run.restarts import Restarts, Silence

SUPERVISOR_ROW = 0


def roles_for(workers: int, *, mail: bool) -> list[tuple[Role, int]]:
    """List the places of a daemon: what each is for, and which sockets are made for it.

    Args:
        workers: how many answer DNS.
        mail: whether there is mail.
    """
    of_workers = [(Role.WORKER, share) for share in range(workers)]
    return [*of_workers, (Role.CONTROL, -1), *([(Role.MAIL, -1)] if mail else [])]


def rows_for(places: int) -> int:
    """Return how many rows the shared page needs for the supervisor and so many places."""
    return 1 + 2 * places


def rows_of(place: int) -> tuple[int, int]:
    """Return the two rows of a place, counted from 0."""
    return 1 + 2 * place, 2 + 2 * place


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a process works.

    Attributes:
        role: worker, control or mail.
        share: which sockets of DNS clients are made for it; -1 for none.
        row: its row of the shared page.
    """

    role: Role
    share: int
    row: int

    def __str__(self) -> str:
        return self.role.name.lower() if self.share < 0 else f"worker {self.share}"


@dataclass(slots=True)
class Process:
    """One child.

    Attributes:
        pid: its process id.
        seat: where it works.
        version: of the configuration it runs on.
        started_at: monotonic seconds.
        silence: how long it has not beaten.
        is_ready: whether it said that it serves.
        is_doomed: it was killed, or will be if it does not end by itself.
        end_by: when it is killed unless it has ended, monotonic seconds.
    """

    pid: int
    seat: Seat
    version: int
    started_at: float
    silence: Silence
    is_ready: bool = False
    is_doomed: bool = False
    end_by: float | None = None


@dataclass(slots=True)
class Place:
    """One worker's place, or that of control or mail."""

    role: Role
    share: int
    rows: tuple[int, int]
    restarts: Restarts
    current: Process | None = None
    successor: Process | None = None
    predecessor: Process | None = None
    restart_at: float | None = None

    def processes(self) -> Iterator[Process]:
        """Iterate over who is there."""
        for process in (self.current, self.successor, self.predecessor):
            if process is not None:
                yield process

    def free_seat(self) -> Seat:
        """Return a seat with a row that nobody in this place has."""
        taken = {process.seat.row for process in self.processes()}
        row = next(row for row in self.rows if row not in taken)
        return Seat(self.role, self.share, row)
