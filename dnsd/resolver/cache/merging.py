"""How an entry joins what is kept of its name already.

The same rules as ``memory`` has, on octets (RFC 2181 §5.4.1: the higher rank
stays while it is current).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dnsd.resolver.cache import admission
from dnsd.resolver.cache.contract import NXDOMAIN_TYPE

if TYPE_CHECKING:
    from dnsd.resolver.cache.entries import Packed


class Merged(NamedTuple):
    """What becomes of a name.

    Attributes:
        packed: its entries now; None when nothing changes.
        limit: name of the limit that was reached, empty for none.
    """

    packed: list[Packed] | None
    limit: str = ""


def merge(kept: list[Packed], added: Packed, now: float, name_types: int) -> Merged:
    """Join an entry to those of its name.

    Args:
        kept: entries of the name until now.
        added: the new one.
        now: shifted seconds.
        name_types: how many types a name may have.
    """
    if not kept:
        return Merged([added])
    rank = added.rank
    denied = added.type == NXDOMAIN_TYPE
    stay = []
    for entry in kept:
        if denied or entry.type in (added.type, NXDOMAIN_TYPE):
            if entry.rank > rank and entry.expiry > now:
                return Merged(None)
        else:
            stay.append(entry)
    limit = ""
    if len(stay) >= name_types:
        leaves = admission.type_to_leave((entry.type, entry.stored) for entry in stay)
        stay = [entry for entry in stay if entry.type != leaves]
        limit = "name_types"
    stay.append(added)
    return Merged(stay, limit)
