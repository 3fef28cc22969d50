"""The share of the shared cache that the names of one zone cut may take.

A flood of names of one zone cut makes room for itself only: when the zone cut has
its share, another name of it leaves for a new one. That is one that stands nearby
in the order of keys, which is as good as any, for flooded names are all alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.resolver.cache import admission, entries, keys
from dnsd.resolver.cache.entries import PROTECTED
from dnsd.resolver.cache.lmdb_change import names_from
from dnsd.wire.names import is_subdomain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dnsd.resolver.cache.entries import Packed
    from dnsd.resolver.cache.lmdb_change import Change

# Names looked at for one that may leave.
_NEIGHBOURS = 16


def full_zones(change: Change, name: bytes, added: Iterable[Packed], most: int) -> set[bytes]:
    """Return the zone cuts that have their share already.

    Args:
        change: a transaction.
        name: whose entries are to be added.
        added: those that take the place of no other.
        most: entries of one zone cut.
    """
    return {
        zone
        for entry in added
        if admission.has_zone_share(entry)
        and change.zone_entries(zone := name[-entry.zone_octets :]) >= most
    }


def remove_neighbour(change: Change, zone: bytes, name: bytes) -> bool:
    """Remove an unprotected name of a zone cut that stands near another name of it."""
    for start in (keys.of_name(name), keys.of_name(zone)):
        for key, octets in names_from(change, change.databases.records, start, _NEIGHBOURS):
            found = keys.to_name(key)
            if found == name or octets[0] & PROTECTED or not is_subdomain(found, zone):
                continue
            if any(found[-p.zone_octets :] == zone for p in entries.split(octets)):
                change.remove_node(found, octets)
                return True
    return False
