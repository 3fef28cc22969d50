"""Which names leave the shared cache when it is nearly full.

In this order, in small transactions:

1. zone cuts while they have more than their share: the oldest that was not used;
2. names whose every entry expired: a hand goes round through all names, a slice
   at a time, and looks at more of them while it finds many;
3. the oldest name that was not found twice while it waited. One that was becomes
   *protected*, with a place in another queue, which goes round in the same way
   once protected names have more than their share.

New names only ever push out those of 3 that wait, so a flood of names that are
asked once leaves zone cuts and protected names alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dnsd.resolver.cache import keys
from dnsd.resolver.cache.entries import HEAD, HITS
from dnsd.resolver.cache.lmdb_change import AGAIN, CUTS, ONCE, names_from

if TYPE_CHECKING:
    from dnsd.resolver.cache.admission import CacheBounds
    from dnsd.resolver.cache.lmdb_change import Change, Counts

#: Share of a bound at which eviction begins.
EARLY = 0.9

# Share of a bound from which on it matters what is found.
_FILLING = 0.5
_SLICE = 128
_SLICES = 6
# Of a slice; when fewer expired, the next ones will not have many either.
_WORTHWHILE = _SLICE // 32
_HITS_TO_PROTECT = 2


class Excess(NamedTuple):
    """What is too much.

    Attributes:
        names: that have to leave.
        cuts: zone cuts that have to leave.
        limit: name of the limit, empty when nothing is too much.
    """

    names: int = 0
    cuts: int = 0
    limit: str = ""


def excess(counts: Counts, bounds: CacheBounds, pages: int, pages_limit: int) -> Excess:
    """Return what has to leave.

    Args:
        counts: what is there.
        bounds: what may be.
        pages: of the file that are in use.
        pages_limit: how many may be.
    """
    cuts = counts.cuts - bounds.delegations
    if counts.cut_octets > bounds.octets * bounds.delegation_share:
        cuts = max(cuts, 1 + counts.cuts // 100)
    names = int(counts.entries - EARLY * bounds.entries)
    limit = "cache_entries"
    over = int(pages - EARLY * pages_limit)
    if over > 0:
        by_pages = 1 + over * counts.names // pages
        if by_pages > names:
            names, limit = by_pages, "cache_octets"
    if names > 0:
        return Excess(names, max(0, cuts), limit)
    return Excess(0, cuts, "cache_delegations") if cuts > 0 else Excess()


def fills(counts: Counts, bounds: CacheBounds, pages: int, pages_limit: int) -> bool:
    """Tell whether something will have to leave before long, so that it matters what is found.

    Takes the same as :func:`excess`.
    """
    return (
        counts.entries > _FILLING * bounds.entries
        or counts.cuts > _FILLING * bounds.delegations
        or pages > _FILLING * pages_limit
    )


class Evictor:
    """Evicts; remembers how far its hand went."""

    def __init__(self, bounds: CacheBounds) -> None:
        self._bounds = bounds
        self._hand = b""
        self._cut_hand = b""

    def evict(self, change: Change, too_much: Excess, now: float, keys_limit: int) -> int:
        """Remove some of what is too much.

        Args:
            change: a transaction.
            too_much: what to remove.
            now: shifted seconds.
            keys_limit: most names and zone cuts that the transaction changes.

        Returns:
            How many names and zone cuts were removed.
        """
        removed = steps = 0
        while removed < min(too_much.cuts, keys_limit // 2) and steps < keys_limit // 2:
            removed += self._free_cut(change, now)
            steps += 1
        wanted = removed + min(too_much.names, keys_limit - steps)
        if too_much.names:
            swept = self._sweep(change, now, wanted - removed)
            removed += swept
            steps += swept
        while removed < wanted and steps < keys_limit:
            removed += self._free_name(change, now)
            steps += 1
        return removed

    def tidy(self, change: Change, before: float, now: float, keys_limit: int) -> int:
        """Remove what expired before some time, of the next slices; how much went.

        Args:
            change: a transaction.
            before: shifted seconds; of names, for they may be given after they expired.
            now: shifted seconds; of zone cuts, for they may not.
            keys_limit: most names and zone cuts that the transaction changes.
        """
        removed = self._sweep_cuts(change, now, keys_limit // 2)
        return removed + self._sweep(change, before, keys_limit - removed)

    def _sweep_cuts(self, change: Change, now: float, wanted: int) -> int:
        found = names_from(change, change.databases.delegations, self._cut_hand, _SLICE)
        expired = [item for item in found if HEAD.unpack_from(item[1])[2] <= now][:wanted]
        for key, octets in expired:
            change.remove_cut(keys.to_name(key), octets)
        if len(expired) == wanted:
            self._cut_hand = expired[-1][0]
        else:
            self._cut_hand = found[-1][0] + b"\x00" if len(found) == _SLICE else b""
        return len(expired)

    def _sweep(self, change: Change, before: float, wanted: int) -> int:
        removed = 0
        for _ in range(_SLICES):
            found = names_from(change, change.databases.records, self._hand, _SLICE)
            self._hand = found[-1][0] + b"\x00" if len(found) == _SLICE else b""
            expired = [item for item in found if HEAD.unpack_from(item[1])[2] <= before]
            for key, octets in expired[: wanted - removed]:
                change.remove_node(keys.to_name(key), octets)
            removed += min(len(expired), wanted - removed)
            ends = len(found) < _SLICE
            if removed == wanted or (len(expired) < _WORTHWHILE and not ends):
                break
        return removed

    def _free_cut(self, change: Change, now: float) -> int:
        oldest = change.oldest(CUTS)
        if oldest is None:
            return 0
        zone, octets = oldest
        marks, _, expiry = HEAD.unpack_from(octets)
        if marks & HITS and expiry > now:
            change.requeue(zone, octets, CUTS)
            return 0
        change.remove_cut(zone, octets)
        return 1

    def _free_name(self, change: Change, now: float) -> int:
        crowded = change.counts.protected > self._bounds.protected_share * change.counts.names
        oldest = None if crowded else change.oldest(ONCE)
        needed = _HITS_TO_PROTECT
        if oldest is None:
            oldest, needed = change.oldest(AGAIN), 1
        if oldest is None:
            return 0
        name, octets = oldest
        marks, _, expiry = HEAD.unpack_from(octets)
        if marks & HITS >= needed and expiry > now:
            change.requeue(name, octets, AGAIN)
            return 0
        change.remove_node(name, octets)
        return 1
