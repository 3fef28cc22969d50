"""Building the resolver's caches of one process; see ``wiring``.

All processes share one file. Where it cannot be had, each keeps what it learns in
its own memory, all together no more than the file would have had, and says so. A
process whose file fails again and again while it runs does the same from then on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dnsd.control.operations_cache import CacheOperations
from dnsd.observe import metrics
from dnsd.observe.page import ANY_ZONE
from dnsd.resolver.cache import lmdb_file
from dnsd.resolver.cache.admission import CacheBounds, Setting
from dnsd.resolver.cache.lmdb_flush import flushing
from dnsd.resolver.cache.lmdb_store import SharedCache, open_cache
from dnsd.resolver.cache.memory_denials import MemoryDenials
from dnsd.run import anchor_upkeep
from dnsd.run.flush_board import FlushReader, flushing_everywhere
from dnsd.run.wiring_resolver import memory_caches, resolver_options

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator

    from dnsd.config.schema import Config
    from dnsd.control.surroundings import Surroundings
    from dnsd.resolver.cache.contract import DelegationCache, RecordCache, Selector, Statistics
    from dnsd.resolver.cache.memory import MemoryDelegations, MemoryRecords
    from dnsd.resolver.world import World
    from dnsd.run.inheritance import Inheritance

_BOOT = Path("/proc/sys/kernel/random/boot_id")

#: Errors of the file after which a process does without it.
MOST_TROUBLES: Final = 100
#: Seconds between two lines about the same.
SAY_EVERY_S: Final = 60.0


@dataclass(slots=True)
class Own:
    """Caches in this process's memory, empty at first."""

    records: MemoryRecords
    delegations: MemoryDelegations
    denials: MemoryDenials = field(default_factory=MemoryDenials)


@dataclass(slots=True)
class Caches:
    """What one process keeps of what it learned.

    Attributes:
        records: answers.
        delegations: zone cuts.
        shared: what both are views of; None when they are this process's own.
        own: what is used without the file.
        flushes: what this process is told to flush; None when nobody else flushes.
        world: who learns; changes with the configuration, as do
        apart: who learn beside it, for clients of policies, in caches of their own.
    """

    records: RecordCache
    delegations: DelegationCache
    shared: SharedCache | None
    own: Own
    flushes: FlushReader | None = None
    world: World | None = None
    apart: list[World] = field(default_factory=list)
    _told: int = 0
    _say_at: dict[str, float] = field(default_factory=dict)

    def close(self) -> None:
        """Close the file; for the last use of the caches."""
        if self.shared is not None:
            self.shared.close()

    def learn_for(self, world: World) -> None:
        """Let the procedures of a resolver use the caches."""
        self.world = world
        world.records, world.delegations = self.records, self.delegations
        if world.denials is not None:
            world.denials = self.own.denials if self.shared is None else self.shared.denials

    def commit(self, around: Surroundings) -> None:
        """Let other processes see what was learned here, and do what they say.

        Args:
            around: clock, log and counters of this process.
        """
        if self.flushes is not None:
            self.flushes.take(self.flush_own)
        if self.shared is not None:
            self._count(self.shared.commit_when_due(around.clock.now()), around)

    def tidy(self, around: Surroundings) -> int:
        """Free some of what expired in the file; how much that was."""
        if self.shared is None:
            return 0
        now = around.clock.now()
        freed = self.shared.tidy(now)
        self._count(self.shared.commit(now), around)
        return freed

    def note_found(self, take: Callable[[], set[bytes]], now: float) -> None:
        """Keep what a cache of answers in front gives.

        Args:
            take: tells which names it gave since the last time.
            now: monotonic seconds.
        """
        if self.shared is None:
            self.own.records.note_found(take())
        elif self.shared.noting:
            self.shared.evict(now, take())

    def flush_own(self, selector: Selector) -> tuple[int, int]:
        """Flush what is in memory, not the file; how many entries and zone cuts went."""
        kept: list[Own | World] = (
            [*self.apart] if self.shared is not None else [self.own, *self.apart]
        )
        for each in kept:
            if each.denials is not None:
                each.denials.flush(selector)
        return (
            sum(each.records.flush(selector) for each in kept),
            sum(each.delegations.flush(selector) for each in kept),
        )

    def statistics(self) -> Statistics:
        """Tell how full the caches are."""
        if self.shared is not None:
            return self.shared.statistics()
        records, cuts = self.own.records.statistics(), self.own.delegations.statistics()
        return records._replace(
            delegations=cuts.delegations,
            used_octets=records.used_octets + cuts.used_octets,
            filled_octets=records.filled_octets + cuts.filled_octets,
            limit_octets=records.limit_octets + cuts.limit_octets,
            delegation_octets=cuts.used_octets,
        )

    def _count(self, limits: Counter[str], around: Surroundings) -> None:
        for limit, count in limits.items():
            around.row[metrics.limit_slot(limit)] += count
        if limits.keys() & {"cache_entries", "cache_octets"} and "full" not in self._say_at:
            self._say_at["full"] = around.clock.now()
            around.log.info("cache_full", "the cache is full, what is least asked for leaves it")
        self._tell_trouble(around)

    def _tell_trouble(self, around: Surroundings) -> None:
        shared, now = self.shared, around.clock.now()
        if shared is None or shared.troubles == self._told:
            return
        around.row[_ERRORS] += shared.troubles - self._told
        self._told = shared.troubles
        if shared.troubles >= MOST_TROUBLES:
            shared.close()
            self.shared = None
            self.records, self.delegations = self.own.records, self.own.delegations
            if self.world is not None:
                self.learn_for(self.world)
            around.log.error("cache", f"{lmdb_file.IN_MEMORY}: {shared.trouble}")
        elif now >= self._say_at.get("trouble", now):
            self._say_at["trouble"] = now + SAY_EVERY_S
            around.log.warning("cache_trouble", shared.trouble, times=shared.troubles)


_ERRORS: Final = metrics.CACHE_ERRORS.slot()


def prepare(config: Config) -> tuple[int, str]:
    """Make the file ready, once, before any process opens it.

    Returns:
        Its octets, 0 where there is none and caches are kept in memory; and what the
        operator should know, or nothing.
    """
    if not config.resolver.enabled:
        return 0, ""
    anchor_upkeep.prepare(config)
    made = lmdb_file.prepare_cache(_directory(config), config.cache.size_octets, _moment())
    return config.cache.size_octets if made.usable else 0, made.note


def close_cleanly(config: Config) -> None:
    """Note that the file is whole, after every process has closed it."""
    if config.resolver.enabled:
        lmdb_file.close_cleanly(_directory(config), _moment())


def open_caches(inheritance: Inheritance, row: int | None = None) -> Caches:
    """Open the caches, once in a process and after the fork.

    Args:
        inheritance: the common ground.
        row: of the process on the board of flushes; None for who flushes itself.
    """
    config = inheritance.config
    limits = resolver_options(config).limits
    reader = None if row is None else FlushReader(inheritance.flushes, row)
    own = Own(*memory_caches(config))
    if inheritance.cache_octets and config.resolver.enabled:
        generations = inheritance.page.generations
        setting = Setting(
            CacheBounds(octets=inheritance.cache_octets), limits, lambda: generations[ANY_ZONE]
        )
        opened = open_cache(_directory(config), setting)
        if (shared := opened.cache) is not None:
            return Caches(shared.records, shared.delegations, shared, own, reader)
        inheritance.log.warning("cache", opened.note)
    return Caches(own.records, own.delegations, None, own, reader)


def cache_operations(
    inheritance: Inheritance, caches: Caches, around: Surroundings
) -> CacheOperations:
    """Build what shows and flushes the caches."""
    forget: Callable[[], None] = partial(inheritance.page.bump, ANY_ZONE)

    def steps(selector: Selector) -> Iterator[tuple[int, int] | None]:
        if caches.shared is not None:
            yield from flushing(caches.shared, selector)
        yield caches.flush_own(selector)  # which is empty where workers have their own
        yield from flushing_everywhere(inheritance.flushes, inheritance.page, selector)

    return CacheOperations(caches, forget, around.clock, steps)


def _directory(config: Config) -> Path:
    return config.state_directory / "cache"


def _moment() -> lmdb_file.Moment:
    return lmdb_file.Moment(_BOOT.read_bytes().strip(), time.time(), time.monotonic())
