"""What the procedures of one process work with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dnsd.wire.names import ROOT, parent

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.resolver.cache.contract import DelegationCache, DenialCache, RecordCache
    from dnsd.resolver.commands import Network
    from dnsd.resolver.delegation import Delegation
    from dnsd.resolver.failures import Failures
    from dnsd.resolver.follow import Local
    from dnsd.resolver.options import ResolverOptions
    from dnsd.resolver.quotas import Quotas
    from dnsd.resolver.security.trust import Trust
    from dnsd.resolver.servers import Servers


@dataclass(slots=True)
class World:
    """Everything a procedure may use; one for each process.

    Attributes:
        network: carries exchanges, tells the time.
        records: answers.
        delegations: zone cuts, written by referrals.
        servers: what was learned of each server address.
        failures: what failed lately.
        quotas: how much is in flight at one zone cut and one server.
        options: of the resolver.
        entropy: returns so many octets that nobody can guess.
        hints: the root's servers to begin with.
        configured: forward and stub zones, by name.
        local: what is known here of a name and type without asking anybody.
        denials: of signed zones, for answers that nobody need be asked for (RFC 8198);
            ``None`` makes none.
        trust: where validation begins; ``None`` validates nothing.
    """

    network: Network
    records: RecordCache
    delegations: DelegationCache
    servers: Servers
    failures: Failures
    quotas: Quotas
    options: ResolverOptions
    entropy: Callable[[int], bytes]
    hints: Delegation
    configured: dict[bytes, Delegation] = field(default_factory=dict)
    local: Local | None = None
    denials: DenialCache | None = None
    trust: Trust | None = None

    def configured_above(self, name: bytes) -> Delegation | None:
        """Return the closest forward or stub zone at or above a name."""
        if not self.configured:
            return None
        while True:
            found = self.configured.get(name)
            if found is not None or name == ROOT:
                return found
            name = parent(name)

    def whom_to_ask(self, name: bytes, now: float) -> Delegation:
        """Return the deepest zone cut known at or above a name.

        What is configured for forwarding wins over all that was learned; a stub
        zone wins over what was learned above it.
        """
        configured = self.configured_above(name)
        if configured is not None and configured.forward:
            return configured
        learned = self.delegations.closest(name, now)
        if configured is not None and (
            learned is None or len(learned.zone) <= len(configured.zone)
        ):
            return configured
        return learned or self.hints
