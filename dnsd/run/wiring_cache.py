"""Building the resolver's caches of one process; see ``wiring``.

All processes share one file. Where it cannot be had, each keeps what it learns in
its own memory, which the operator was told at the start.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dnsd.control.operations_cache import CacheOperations
from dnsd.observe import metrics
from dnsd.observe.page import ANY_ZONE
from dnsd.resolver.cache import lmdb_file
from dnsd.resolver.cache.admission import CacheBounds
from dnsd.resolver.cache.lmdb_flush import flushing
from dnsd.resolver.cache.lmdb_store import Setting as CacheSetting
from dnsd.resolver.cache.lmdb_store import SharedCache, open_cache
from dnsd.resolver.cache.memory import MemoryDelegations, MemoryRecords
from dnsd.run.wiring_resolver import resolver_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.config.schema import Config
    from dnsd.control.surroundings import Surroundings
    from dnsd.resolver.cache.contract import DelegationCache, RecordCache
    from dnsd.run.inheritance import Inheritance

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(slots=True)
class Caches:
    """What one process keeps of what it learned.

    Attributes:
        records: answers.
        delegations: zone cuts.
        shared: what both are views of; None when they are this process's own.
    """

    records: RecordCache
    delegations: DelegationCache
    shared: SharedCache | None

    def close(self) -> None:
        """Close the file; for the last use of the caches."""
        if self.shared is not None:
            self.shared.close()

    def commit(self, row: memoryview, now: float) -> None:
        """Let other processes see what was learned here.

        Args:
            row: counters of this process.
            now: monotonic seconds.
        """
        hits: Counter[str] = Counter()
        if self.shared is not None:
            hits = self.shared.commit_when_due(now)
        for limit, count in hits.items():
            row[metrics.limit_slot(limit)] += count


def prepare(config: Config) -> tuple[int, str]:
    """Make the file ready, once, before any process opens it.

    Returns:
        Its octets, 0 where there is none and caches are kept in memory; and what the
        operator should know, or nothing.
    """
    if not config.resolver.enabled:
        return 0, ""
    made = lmdb_file.prepare_cache(_directory(config), config.cache.size_octets, _moment())
    return config.cache.size_octets if made.usable else 0, made.note


def close_cleanly(config: Config) -> None:
    """Note that the file is whole, after every process has closed it."""
    if config.resolver.enabled:
        lmdb_file.close_cleanly(_directory(config), _moment())


def open_caches(inheritance: Inheritance) -> Caches:
    """Open the caches, once in a process and after the fork."""
    config = inheritance.config
    limits = resolver_options(config).limits
    if inheritance.cache_octets and config.resolver.enabled:
        generations = inheritance.page.generations
        setting = CacheSetting(
            CacheBounds(octets=inheritance.cache_octets), limits, lambda: generations[ANY_ZONE]
        )
        opened = open_cache(_directory(config), setting)
        if opened.cache is not None:
            return Caches(opened.cache.records, opened.cache.delegations, opened.cache)
        inheritance.log.warning("cache", opened.note)
    bounds = CacheBounds(octets=config.cache.size_octets)
    return Caches(MemoryRecords(bounds, limits), MemoryDelegations(bounds), None)


def cache_operations(
    inheritance: Inheritance, caches: Caches, around: Surroundings
) -> CacheOperations:
    """Build what shows and flushes the caches."""
    forget: Callable[[], None] = partial(inheritance.page.bump, ANY_ZONE)
    flush = None if caches.shared is None else partial(flushing, caches.shared)
    return CacheOperations(caches.records, caches.delegations, forget, around.clock, flush)


def _directory(config: Config) -> Path:
    return config.state_directory / "cache"


def _moment() -> lmdb_file.Moment:
    return lmdb_file.Moment(_BOOT.read_bytes().strip(), time.time(), time.monotonic())
