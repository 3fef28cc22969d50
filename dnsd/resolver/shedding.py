"""Who is given up when too many client queries wait.

Slow servers, or servers made slow on purpose, would fill every place there is. So
when all are taken, a newcomer gets the place of a query that waited longer than
``shed_after_s``; half of the places are never taken away, so that what is really slow
gets answered too. Unbound does the same (``jostle-timeout``).

A query is as old as its question: counted from the first client that waits for the
same answer, so that asking again keeps nothing young (CVE-2026-42534).
"""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from dnsd.resolver.options import ResolverLimits

Query = TypeVar("Query")

_PROTECTED: Final = -1


class Admission(NamedTuple, Generic[Query]):
    """What becomes of a query that is to wait.

    Attributes:
        admitted: it waits; else it is refused, and nobody was given up for it.
        shed: the query that is given up for it, and waits no longer.
        limit: name of the limit that was hit; empty if there was room.
    """

    admitted: bool
    shed: Query | None = None
    limit: str = ""


class Waiting(Generic[Query]):
    """The client queries that wait for upstream answers, at most ``recursions``."""

    __slots__ = (
        "_half",
        "_most",
        "_numbers",
        "_protected",
        "_queries",
        "_questions",
        "_shed_after_s",
        "_sheddable",
    )

    def __init__(self, limits: ResolverLimits) -> None:
        self._most = limits.recursions
        self._half = limits.recursions // 2
        self._shed_after_s = limits.shed_after_s
        self._numbers = itertools.count()
        # Query → its question, and its number if it may be shed, else -1.
        self._queries: dict[Query, tuple[bytes, int]] = {}
        self._protected = 0
        # Question → when its first query came, how many wait for it.
        self._questions: dict[bytes, tuple[float, int]] = {}
        # A heap: when the question came, number, query. Those that have left stay
        # until they come up, or are more than those that have not.
        self._sheddable: list[tuple[float, int, Query]] = []

    def __len__(self) -> int:
        return len(self._queries)

    def enter(self, query: Query, question: bytes, now: float) -> Admission[Query]:
        """Let a query wait, in the place of another one if need be.

        Args:
            query: stands for it; nothing equal may be waiting.
            question: equal for all that wait for the same answer.
            now: monotonic seconds.
        """
        shed, limit = None, ""
        if len(self._queries) >= self._most:
            shed = self._oldest(now)
            if shed is None:
                return Admission(admitted=False, limit="recursions")
            self.leave(shed)
            limit = "shed_after"
        since, waiters = self._questions.get(question, (now, 0))
        self._questions[question] = since, waiters + 1
        if self._protected < self._half:
            self._protected += 1
            number = _PROTECTED
        else:
            number = next(self._numbers)
            heapq.heappush(self._sheddable, (since, number, query))
        self._queries[query] = question, number
        return Admission(admitted=True, shed=shed, limit=limit)

    def leave(self, query: Query) -> None:
        """Take out a query that was answered or given up; nothing if it is not here."""
        left = self._queries.pop(query, None)
        if left is None:
            return
        question, number = left
        since, waiters = self._questions[question]
        if waiters > 1:
            self._questions[question] = since, waiters - 1
        else:
            del self._questions[question]
        if number == _PROTECTED:
            self._protected -= 1
        elif len(self._sheddable) > 2 * self._most:
            self._sheddable = [each for each in self._sheddable if self._is_here(each)]
            heapq.heapify(self._sheddable)

    def _oldest(self, now: float) -> Query | None:
        """Return the query with the oldest question, if it may be given up now."""
        heap = self._sheddable
        while heap and not self._is_here(heap[0]):
            heapq.heappop(heap)
        if not heap or now - heap[0][0] < self._shed_after_s:
            return None
        return heap[0][2]

    def _is_here(self, entry: tuple[float, int, Query]) -> bool:
        _, number, query = entry
        waiting = self._queries.get(query)
        return waiting is not None and waiting[1] == number
