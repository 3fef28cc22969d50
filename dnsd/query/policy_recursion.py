"""Recursion in which clients of some policies have their names looked up elsewhere.

A policy that forwards has a resolver apart: its own records, zone cuts, failures,
fetches under way and how many of them a zone may have, so that nothing its servers say,
or do not say, reaches other clients, nor what others were told its own. What is known
of servers, and the rate of each client, are the same for all.

The caches apart are in the memory of the process and not shown to the operator; what
is flushed is flushed in them too.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dnsd.query.recursion import Found, Recursion, RecursionOptions, Sources
from dnsd.query.views import POLICY_SHIFT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dnsd.query.replies import Exchange
    from dnsd.query.waiting import Waiting


class Apart(Recursion):
    """Recursion for the clients of one policy, whose resolver has caches of its own."""

    def turnovers(self) -> dict[str, int]:
        """Return hits of limits that no reply tells of, without those of everybody's tables."""
        zones = self.resolver.world.quotas.zones.turnovers
        return super().turnovers() | {"server_table": zones}


class PolicyRecursion(Recursion):
    """Recursion for all clients of one process."""

    def __init__(
        self,
        sources: Sources,
        options: RecursionOptions,
        waiting: Waiting,
        apart: Mapping[int, Apart],
    ) -> None:
        """Begin.

        Args:
            sources: for everybody else.
            options: see there.
            waiting: of everybody else.
            apart: by number of the policy, see ``policy.policy_number``.
        """
        super().__init__(sources, options, waiting)
        self._apart = apart

    def answer(self, exchange: Exchange, done: Callable[[], None]) -> Found:
        """Answer a client's question, from where its policy says."""
        if self._apart:
            apart = self._apart.get(exchange.view >> POLICY_SHIFT)
            if apart is not None:
                return apart.answer(exchange, done)
        return super().answer(exchange, done)

    def tick(self, now: float) -> None:
        """Serve those who have waited long enough; see there."""
        super().tick(now)
        for apart in self._apart.values():
            apart.tick(now)

    def forget_failures(self) -> None:
        """Try again what failed: something was changed or flushed."""
        super().forget_failures()
        for apart in self._apart.values():
            apart.forget_failures()

    def turnovers(self) -> dict[str, int]:
        """Return hits of limits that no reply tells of; see there."""
        found = Counter(super().turnovers())
        for apart in self._apart.values():
            found.update(apart.turnovers())
        return dict(found)
