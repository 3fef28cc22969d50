"""A resolver on a simulated Internet, and what it may have believed afterwards."""

import random
from dataclasses import dataclass, field

from dnsd.resolver.cache.memory import MemoryDelegations, MemoryRecords
from dnsd.resolver.failures import Failures
from dnsd.resolver.options import ResolverOptions
from dnsd.resolver.quotas import Quotas
from dnsd.resolver.resolver import Resolver
from dnsd.resolver.servers import Servers
from dnsd.resolver.world import World


class WatchedDelegations(MemoryDelegations):
    """Keeps a history of what was written, for those who look for forged cuts."""

    def __init__(self):
        super().__init__()
        self.written = []

    def put(self, delegation, now):
        self.written.append((now, delegation))
        super().put(delegation, now)


@dataclass
class Asker:
    """A resolver with its caches, in simulated time.

    Attributes:
        internet: where it asks.
        hints: the root's servers.
        options: of the resolver.
        seed: of its entropy, which is not to be guessed in earnest only.
    """

    internet: object
    hints: object
    options: ResolverOptions = field(default_factory=ResolverOptions)
    seed: int = 0
    configured: dict = field(default_factory=dict)

    def __post_init__(self):
        limits = self.options.limits
        self.records = MemoryRecords()
        self.delegations = WatchedDelegations()
        self.faults = []
        self.world = World(
            self.internet, self.records, self.delegations, Servers(limits), Failures(limits),
            Quotas(limits), self.options, random.Random(self.seed).randbytes, self.hints,
            self.configured,
        )  # fmt: skip
        self.resolver = Resolver(self.world, self.faults.append)

    def start(self, name, rrtype, trace=None):
        """Ask; return the list that will hold the outcome."""
        found = []
        early = self.resolver.resolve(name, rrtype, found.append, trace=trace)
        if hasattr(early, "rcode"):
            found.append(early)
        return found

    def ask(self, name, rrtype, trace=None):
        """Ask and let time pass until the outcome is there; return it."""
        found = self.start(name, rrtype, trace)
        self.internet.run_while(lambda: not found)
        (outcome,) = found
        return outcome
