"""The delegation cache that all processes share, as one of them sees it.

It has the same parts as ``lmdb_records``: a small dictionary in front, zone cuts
that wait to be written, the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.resolver.cache import cuts, lmdb_flush
from dnsd.resolver.cache.entries import HITS
from dnsd.resolver.cache.lmdb_records import (
    DAMAGE,
    FRONT_NAMES,
    FRONT_S,
    NOTED_NAMES,
    WAITING_NAMES,
)
from dnsd.wire.names import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dnsd.resolver.cache.contract import Selector
    from dnsd.resolver.cache.lmdb_store import SharedCache
    from dnsd.resolver.delegation import Delegation


class SharedDelegations:
    """A delegation cache; see :class:`~dnsd.resolver.cache.contract.DelegationCache`.

    Attributes:
        waiting: what the next ``commit`` writes.
        found: how often zone cuts were found since they were written.
    """

    def __init__(self, store: SharedCache, generation: Callable[[], int]) -> None:
        self._store = store
        self._generation = generation
        self._seen = generation()
        self._begin = store.environment.begin
        self._database = store.databases.delegations
        self._shift = store.shift
        self.waiting: dict[bytes, Delegation] = {}
        self.found: dict[bytes, int] = {}
        self._front: dict[bytes, tuple[Delegation, float]] = {}

    def closest(self, name: bytes, now: float) -> Delegation | None:
        """Return the deepest current zone cut at or above a name."""
        if self._generation() != self._seen:
            self._look_again()
        try:
            return self._read(name, now)
        except DAMAGE as error:
            self._store.failed(error)
            return None

    def _read(self, name: bytes, now: float) -> Delegation | None:
        transaction = None
        try:
            while True:
                known = self._front.get(name)
                if known is not None and known[1] > now:
                    return known[0]
                delegation = self.waiting.get(name)
                if delegation is not None and delegation.expiry > now:
                    return delegation
                if transaction is None:
                    transaction = self._begin(self._database)
                octets = None if delegation else transaction.get(name[::-1])
                if octets:
                    delegation = cuts.decode(octets, name, self._shift)
                    if delegation.expiry > now:
                        self._note(name, octets[0] & HITS)
                        if len(self._front) >= FRONT_NAMES:
                            self._front.clear()
                        self._front[name] = (delegation, min(now + FRONT_S, delegation.expiry))
                        return delegation
                if name == ROOT:
                    return None
                name = name[1 + name[0] :]
        finally:
            if transaction is not None:
                transaction.abort()

    def put(self, delegation: Delegation, now: float) -> str:
        """Keep a zone cut; it is written by the next ``commit``, which reports limits."""
        if self._generation() != self._seen:
            self._look_again()
        self.waiting[delegation.zone] = delegation
        self._front.pop(delegation.zone, None)
        if len(self.waiting) >= WAITING_NAMES:
            self._store.settle(now)
        return ""

    def delegations(self) -> Iterator[Delegation]:
        """Go over all zone cuts in the file, in slices."""
        for zone, octets in self._store.slices(self._database):
            yield cuts.decode(octets, zone, self._shift)

    def flush(self, selector: Selector) -> int:
        """Remove what is selected, for all processes; how many zone cuts went.

        The caller moves the generation afterwards.
        """
        steps = lmdb_flush.flushing(self._store, selector, records=False)
        return sum(step.delegations for step in steps)

    def forget(self) -> None:
        """Forget what is not in the file: something was flushed."""
        self._seen = self._generation()
        self.waiting.clear()
        self._front.clear()

    def _look_again(self) -> None:
        """Read anew what others may have changed, and forget what waits if it must not come."""
        self._seen = self._generation()
        self._front.clear()
        self._store.forget_flushed()

    def _note(self, zone: bytes, hits: int) -> None:
        if hits >= 2 or not self._store.noting:
            return
        if zone in self.found:
            self.found[zone] += 1
        elif len(self.found) < NOTED_NAMES:
            self.found[zone] = 1
