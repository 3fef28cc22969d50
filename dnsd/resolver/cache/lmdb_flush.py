"""Removing what an operator selects from the shared cache, whichever process asks.

It goes a slice at a time, so that others get their turn between two. The file
counts the flush first, so that no process writes what it learned before. Each
process has entries in its memory too: it forgets them when the generation moves,
so move that before and after.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from dnsd.resolver.cache import cuts as cut_layout
from dnsd.resolver.cache import entries, keys
from dnsd.resolver.cache.contract import Selector
from dnsd.resolver.cache.lmdb_denials_change import remove_zones
from dnsd.resolver.cache.selectors import selects_delegation, selects_entry, selects_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.resolver.cache.lmdb_change import Change
    from dnsd.resolver.cache.lmdb_store import SharedCache


class Flushed(NamedTuple):
    """What one step of a flush removed.

    Attributes:
        entries: of all kinds.
        delegations: zone cuts.
    """

    entries: int = 0
    delegations: int = 0


def flushing(
    cache: SharedCache, selector: Selector, *, records: bool = True, delegations: bool = True
) -> Iterator[Flushed]:
    """Remove what is selected, some at each step.

    Args:
        cache: the shared cache.
        selector: what to remove.
        records: remove entries.
        delegations: remove zone cuts.
    """
    everything = selector == Selector()

    def begin(change: Change) -> Flushed:
        change.counts.flushes += 1
        cache.flushes = change.counts.flushes
        if not everything:
            if records:
                remove_zones(change, selector)
            return Flushed()
        gone = Flushed(change.counts.entries * records, change.counts.cuts * delegations)
        change.drop(records=records, cuts=delegations)
        return gone

    cache.records.forget()
    cache.delegations.forget()
    cache.denials.forget()
    yield cache.write(begin) or Flushed()
    if everything:
        return
    prefix = keys.of_name(selector.name or selector.tree or b"")
    if records:
        yield from _flushing_records(cache, selector, prefix)
    if delegations:
        yield from _flushing_delegations(cache, selector, prefix)


def _flushing_records(cache: SharedCache, selector: Selector, prefix: bytes) -> Iterator[Flushed]:
    def is_selected(name: bytes, octets: bytes) -> bool:
        return selects_name(selector, name) and any(
            selects_entry(selector, entry)
            for entry in entries.all_entries(octets, name, cache.shift)
        )

    found = cache.slices(cache.databases.records, prefix)
    selected = (name for name, octets in found if is_selected(name, octets))
    while names := list(islice(selected, cache.keys_limit)):

        def work(change: Change, names: list[bytes] = names) -> int:
            return sum(_flush_name(change, name, selector, cache.shift) for name in names)

        yield Flushed(entries=cache.write(work) or 0)


def _flush_name(change: Change, name: bytes, selector: Selector, shift: float) -> int:
    octets = change.node(name)
    if octets is None:
        return 0
    packed = entries.split(octets)
    stay = [p for p in packed if not selects_entry(selector, entries.unpack(name, p, shift))]
    if not stay:
        change.remove_node(name, octets)
    elif len(stay) < len(packed):
        change.put_node(name, octets, stay)
    return len(packed) - len(stay)


def _flushing_delegations(
    cache: SharedCache, selector: Selector, prefix: bytes
) -> Iterator[Flushed]:
    found = cache.slices(cache.databases.delegations, prefix)
    selected = (
        zone
        for zone, octets in found
        if selects_delegation(selector, cut_layout.decode(octets, zone, cache.shift))
    )
    while zones := list(islice(selected, cache.keys_limit)):

        def work(change: Change, zones: list[bytes] = zones) -> int:
            removed = 0
            for zone in zones:
                octets = change.cut(zone)
                if octets is not None:
                    change.remove_cut(zone, octets)
                    removed += 1
            return removed

        yield Flushed(delegations=cache.write(work) or 0)
