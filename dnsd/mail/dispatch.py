"""Which due mail goes where, and how much at once.

Recipients of one message in one domain are one job. Jobs of one domain wait in one line,
which is served by lanes: a lane is one plan and one connection at a time, and takes job
after job from its line. So connections are used again, a slow domain delays no other,
and nothing is ever asked of more than a few connections of one domain.

Source: RFC 5321 §4.5.4.1; limits as Postfix has them, lower where small hosts suffer.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dnsd.mail.queue_table import Due


@dataclass(frozen=True, slots=True)
class DispatchLimits:
    """How much at once.

    Attributes:
        lanes: connections in all.
        lanes_per_domain: connections to one domain.
        starts_per_minute: of connections to one domain.
        recipients: that are due and held here.
        recipients_per_job: of one message for one host (RFC 5321 §4.5.3.1.8).
        jobs_per_lane: messages on one connection.
    """

    lanes: int = 50
    lanes_per_domain: int = 5
    starts_per_minute: int = 20
    recipients: int = 2000
    recipients_per_job: int = 100
    jobs_per_lane: int = 100


class Job(NamedTuple):
    """One message for recipients of one domain."""

    dues: tuple[Due, ...]


@dataclass(slots=True)
class _Line:
    """Jobs of one domain, and who works on them."""

    jobs: deque[Job] = field(default_factory=deque)
    lanes: int = 0
    starts: deque[float] = field(default_factory=deque)


class Dispatch:
    """The lines of all domains.

    Attributes:
        held: recipients that wait in lines.
        lanes: that are at work.
    """

    def __init__(self, limits: DispatchLimits) -> None:
        self.held = 0
        self.lanes = 0
        self._limits = limits
        # In the order in which they are served: who was served goes to the end.
        self._lines: dict[str, _Line] = {}

    @property
    def room(self) -> int:
        """Recipients that may be added."""
        return max(self._limits.recipients - self.held, 0)

    @property
    def full_domains(self) -> frozenset[str]:
        """Domains that have more waiting than their share."""
        share = max(self._limits.recipients // 4, 1)
        return frozenset(
            domain
            for domain, line in self._lines.items()
            if sum(len(job.dues) for job in line.jobs) >= share
        )

    def add(self, dues: Iterable[Due]) -> None:
        """Take recipients that are due, those of one message next to each other."""
        open_jobs: dict[tuple[int, str], list[Due]] = {}
        for due in dues:
            key = (due.message, due.recipient.domain)
            waiting = open_jobs.setdefault(key, [])
            waiting.append(due)
            self.held += 1
            if len(waiting) == self._limits.recipients_per_job:
                self._append(key[1], open_jobs.pop(key))
        for (_, domain), waiting in open_jobs.items():
            self._append(domain, waiting)

    def start(self, now: float) -> str | None:
        """Return a domain for which a lane is to begin; None if none may.

        The first job has a lane of its own; a further one begins for every two jobs that
        wait, because a connection that is there takes a job sooner than one that is made.

        Args:
            now: monotonic seconds.
        """
        limits = self._limits
        if self.lanes >= limits.lanes:
            return None
        for domain, line in self._lines.items():
            if not line.jobs or line.lanes >= limits.lanes_per_domain:
                continue
            if line.lanes and len(line.jobs) <= 2 * line.lanes:
                continue
            while line.starts and line.starts[0] <= now - 60:
                line.starts.popleft()
            if len(line.starts) >= limits.starts_per_minute:
                continue
            line.starts.append(now)
            line.lanes += 1
            self.lanes += 1
            self._lines[domain] = self._lines.pop(domain)
            return domain
        return None

    def next_start(self) -> float | None:
        """Return monotonic seconds at which a line that must pause may go on."""
        pauses = [
            line.starts[0] + 60
            for line in self._lines.values()
            if line.jobs and not line.lanes and line.starts
        ]
        return min(pauses, default=None)

    def next_job(self, domain: str) -> Job | None:
        """Hand a lane its next job; None when its line is empty."""
        line = self._lines[domain]
        if not line.jobs:
            return None
        job = line.jobs.popleft()
        self.held -= len(job.dues)
        return job

    def all_jobs(self, domain: str) -> list[Job]:
        """Hand out all that waits for a domain, because the same happens to all of it."""
        jobs = []
        while job := self.next_job(domain):
            jobs.append(job)
        return jobs

    def ended(self, domain: str, now: float) -> None:
        """Note that a lane ended."""
        line = self._lines[domain]
        line.lanes -= 1
        self.lanes -= 1
        # A line is kept for as long as its starts count.
        stale = [
            name
            for name, each in self._lines.items()
            if not each.jobs and not each.lanes and each.starts and each.starts[-1] <= now - 60
        ]
        for name in stale:
            del self._lines[name]

    def _append(self, domain: str, dues: list[Due]) -> None:
        self._lines.setdefault(domain, _Line()).jobs.append(Job(tuple(dues)))
