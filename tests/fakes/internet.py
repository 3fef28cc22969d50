"""A resolver on a simulated Internet, and what it may have believed afterwards."""

import random
from dataclasses import dataclass, field

from dnsd.resolver.cache.memory import MemoryDelegations, MemoryRecords
from dnsd.resolver.cache.memory_denials import MemoryDenials
from dnsd.resolver.failures import Failures
from dnsd.resolver.options import ResolverOptions
from dnsd.resolver.quotas import Quotas
from dnsd.resolver.resolver import Resolver
from dnsd.resolver.servers import Servers
from dnsd.resolver.world import World


class WatchedDelegations:
    """Keeps a history of what was written, for those who look for forged cuts."""

    def __init__(self, cache):
        self.cache = cache
        self.written = []

    def put(self, delegation, now):
        self.written.append((now, delegation))
        return self.cache.put(delegation, now)

    def __getattr__(self, name):
        return getattr(self.cache, name)


@dataclass
class Asker:
    """A resolver with its caches, in simulated time.

    Attributes:
        internet: where it asks.
        hints: the root's servers.
        options: of the resolver.
        seed: of its entropy, which is not to be guessed in earnest only.
        configured: forward and stub zones.
        caches: of records and of delegations; in memory unless given.
    """

    internet: object
    hints: object
    options: ResolverOptions = field(default_factory=ResolverOptions)
    seed: int = 0
    configured: dict = field(default_factory=dict)
    caches: tuple = ()

    def __post_init__(self):
        limits = self.options.limits
        self.records, delegations = self.caches or (MemoryRecords(), MemoryDelegations())
        self.delegations = WatchedDelegations(delegations)
        self.denials = MemoryDenials()
        self.faults = []
        self.world = World(
            self.internet, self.records, self.delegations, Servers(limits), Failures(limits),
            Quotas(limits), self.options, random.Random(self.seed).randbytes, self.hints,
            self.configured, denials=self.denials,
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
