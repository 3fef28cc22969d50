"""What is done for the resolver's caches at regular times, beside writing to the file.

Every process that answers tells its caches what its answer cache gave. One process
tidies the file and shows how full it is: control, or the only one there is. A
process that keeps its own shows that itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.observe import metrics
from dnsd.resolver.cache.lmdb_file import IN_MEMORY
from dnsd.run.upkeep import Repeating

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dnsd.control.shapes import CacheStatus
    from dnsd.control.surroundings import Surroundings
    from dnsd.net.clock import Clock
    from dnsd.net.responder import Responder
    from dnsd.observe.page import SlotPage
    from dnsd.resolver.cache.contract import Statistics
    from dnsd.run.wiring_cache import Caches

#: Seconds between two looks at what the answer cache gave.
FOUND_S: Final = 1.0
#: Seconds between two looks at how full the caches are.
MEASURE_S: Final = 2.0
#: Seconds until the next slice is tidied: a cache of 300,000 names takes three hours.
TIDY_S: Final = 5.0
#: The same while there is much to free.
TIDY_SOON_S: Final = 0.1

_MUCH: Final = 20

_ENTRIES = tuple(metrics.CACHE_ENTRIES.slot(kind) for kind in metrics.CACHE_KINDS)
_OCTETS = tuple(metrics.CACHE_OCTETS.slot(kind) for kind in metrics.CACHE_KINDS)
_FILLED = metrics.CACHE_FILLED.slot()
_MOST_OCTETS = metrics.CACHE_MOST_OCTETS.slot()
_MOST_ENTRIES = metrics.CACHE_MOST_ENTRIES.slot()
_IN_MEMORY = metrics.CACHES_IN_MEMORY.slot()


def noting_found(responder: Responder, caches: Caches, clock: Clock) -> Repeating:
    """Tell the caches what is asked for and never reaches them."""

    def act() -> float:
        caches.note_found(responder.take_found, clock.now())
        return FOUND_S

    return Repeating(clock, act)


def tidying(caches: Caches, around: Surroundings) -> Repeating:
    """Free what expired too long ago to be given; for one process of the daemon."""

    def act() -> float:
        return TIDY_SOON_S if caches.tidy(around) >= _MUCH else TIDY_S

    return Repeating(around.clock, act)


def measuring(caches: Caches, around: Surroundings, shows: Callable[[], bool]) -> Repeating:
    """Show how full the caches are.

    Args:
        caches: of this process.
        around: its counters are written to.
        shows: whether this process is who shows it.
    """

    def act() -> float:
        if shows():
            show(caches.statistics(), around.row)
            around.row[_IN_MEMORY] = caches.shared is None
        return MEASURE_S

    return Repeating(around.clock, act)


def show(figures: Statistics, row: memoryview) -> None:
    """Write how full a cache is to the counters of a process."""
    entries = (*figures[:3], figures.delegations)
    for slot, number in zip(_ENTRIES, entries, strict=True):
        row[slot] = number
    octets = (*figures.kind_octets, figures.delegation_octets)
    for slot, number in zip(_OCTETS, octets, strict=True):
        row[slot] = number
    row[_FILLED] = figures.filled_octets
    row[_MOST_OCTETS] = figures.limit_octets
    row[_MOST_ENTRIES] = figures.limit_entries


def cache_status(page: SlotPage, notices: Iterable[str]) -> CacheStatus:
    """Tell how full the caches of all processes are, by what they show.

    Args:
        page: counters of all processes.
        notices: of the start; one may say why there is no file.
    """
    rows = [page.row(i) for i in range(page.row_count) if page.facts(i).pid]

    def total(*slots: int) -> int:
        return sum(row[slot] for row in rows for slot in slots)

    *entries, cuts = _ENTRIES
    in_memory = total(_IN_MEMORY)
    said = [notice.removeprefix(f"{IN_MEMORY}: ") for notice in notices if IN_MEMORY in notice]
    return {
        "entries": total(*entries),
        "limit_entries": total(_MOST_ENTRIES),
        "cuts": total(cuts),
        "octets": total(_FILLED),
        "limit_octets": total(_MOST_OCTETS),
        "in_memory": in_memory,
        "reason": (said or ["its file failed, see the log"])[0] if in_memory else "",
    }
