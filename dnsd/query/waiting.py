"""Clients that wait for an answer of the resolver, bounded and each with an end.

enters      unless too many wait already, or too many for this client
is shed     when the table is full and newer clients come
gets stale  an expired answer, after ``stale_wait_s``, once tried
overdue     after ``query_time_s`` and a little: whatever went wrong meanwhile,
            a client that entered is answered

Those who may not have names resolved wait for what our zones say by an ALIAS. However
many addresses they have, or pretend to have, they are together one client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnsd.query.cookies import VALID
from dnsd.resolver.client_rates import WAITING_LIMIT
from dnsd.wire.message import RA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dnsd.query.replies import Exchange
    from dnsd.resolver import shedding
    from dnsd.resolver.client_rates import WaitingAnswers
    from dnsd.resolver.follow import Local
    from dnsd.resolver.resolver import Task

# The resolver ends a resolution by itself; this much later nobody does any more.
_GRACE_S = 0.5
# No client has this address.
_STRANGERS = bytes(4)


@dataclass(slots=True, eq=False)
class Waiter:
    """A client that waits.

    Attributes:
        exchange: its request, and where its answer goes.
        name: what is to be found for it; where an answer of ours leads.
        local: answers what is not to be asked for upstream.
        done: to be called once when the answer is there.
        task: what finds it.
        is_refused: it may not wait.
    """

    exchange: Exchange
    name: bytes
    local: Local
    done: Callable[[], None]
    task: Task | None = None
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class WaitingOptions:
    """How long clients wait.

    Attributes:
        stale_s: wait before an expired answer is given.
        time_s: longest wait.
        late_s: over UDP without a good cookie, an answer that is this late is not
            sent to a client address for which more than ``late_clients`` wait:
            whoever collects answers to release them all at once gets none (DNSBomb).
        late_clients: see ``late_s``.
    """

    stale_s: float = 1.8
    time_s: float = 8.0
    late_s: float = 1.9
    late_clients: int = 20


class Waiting:
    """All clients of one process that wait, oldest first."""

    def __init__(
        self,
        options: WaitingOptions,
        places: shedding.Waiting[Waiter],
        answers: WaitingAnswers,
    ) -> None:
        """Begin with nobody.

        Args:
            options: times.
            places: how many may wait, and who must go for whom.
            answers: how many may wait for one client.
        """
        self._options = options
        self._places = places
        self._answers = answers
        self._waiters: dict[Waiter, None] = {}
        self._untried: dict[Waiter, None] = {}

    def __len__(self) -> int:
        return len(self._waiters)

    def enter(self, waiter: Waiter) -> tuple[str, Waiter | None]:
        """Take a client in.

        Args:
            waiter: its request is the newest.

        Returns:
            The name of the limit that keeps it out, empty if none does; and who
            must go for it, to be answered by the caller and then to leave. Why it
            must is noted in its exchange.
        """
        exchange = waiter.exchange
        request = exchange.request
        client = _counted_as(exchange)
        if not self._answers.enter(client, proven=client != _STRANGERS and _is_proven(exchange)):
            return WAITING_LIMIT, None
        query = exchange.query
        question = waiter.name + query.qtype.to_bytes(2, "big")
        admission = self._places.enter(waiter, question, request.now)
        if not admission.admitted:
            self._answers.leave(client)
            return admission.limit, None
        if admission.shed is not None:
            admission.shed.exchange.limits += (admission.limit,)
        self._waiters[waiter] = None
        self._untried[waiter] = None
        return "", admission.shed

    def leave(self, waiter: Waiter) -> None:
        """Let a client go with its answer; nothing happens when it has gone."""
        if self.forget(waiter):
            waiter.done()

    def forget(self, waiter: Waiter) -> bool:
        """Take a client out that is answered in another way; whether it was in."""
        if waiter not in self._waiters:
            return False
        del self._waiters[waiter]
        self._untried.pop(waiter, None)
        self._places.leave(waiter)
        self._answers.leave(_counted_as(waiter.exchange))
        return True

    def is_too_late(self, waiter: Waiter, now: float) -> bool:
        """Tell whether an answer would come so late that it must not be sent."""
        request = waiter.exchange.request
        if _is_proven(waiter.exchange) or now - request.now < self._options.late_s:
            return False
        return self._answers.count(_counted_as(waiter.exchange)) > self._options.late_clients

    def due_for_stale(self, now: float) -> Iterator[Waiter]:
        """Hand out, once each, those who have waited long enough for an old answer."""
        due = now - self._options.stale_s
        while self._untried:
            waiter = next(iter(self._untried))
            if waiter.exchange.request.now > due:
                return
            del self._untried[waiter]
            yield waiter

    def overdue(self, now: float) -> list[Waiter]:
        """Return those whose time is up although nothing ended their wait."""
        due = now - self._options.time_s - _GRACE_S
        found = []
        for waiter in self._waiters:
            if waiter.exchange.request.now > due:
                break
            found.append(waiter)
        return found


def _counted_as(exchange: Exchange) -> bytes:
    """Return the address of the client that a query counts for."""
    return exchange.request.client if exchange.flags & RA else _STRANGERS


def _is_proven(exchange: Exchange) -> bool:
    """Tell whether a query came from the address that it seems to come from."""
    return not exchange.is_datagram or exchange.verdict == VALID
