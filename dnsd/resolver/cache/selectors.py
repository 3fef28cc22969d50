"""Whether an operator's selection covers an entry or a zone cut.

The denial of a name says something of every type, so a selected type covers it
as well. A zone cut is NS records, never a denial and never validated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.resolver.cache.contract import NXDOMAIN_TYPE, Kind, Security
from dnsd.wire.iana import RRType
from dnsd.wire.names import is_subdomain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dnsd.resolver.cache.contract import Entry, Selector
    from dnsd.resolver.delegation import Delegation


def selects_name(selector: Selector, name: bytes) -> bool:
    """Tell whether a name is covered, whatever is kept of it."""
    if selector.name is not None and name != selector.name:
        return False
    return selector.tree is None or is_subdomain(name, selector.tree)


def selects_entry(selector: Selector, entry: Entry) -> bool:
    """Tell whether an entry is covered: every condition that is given holds."""
    return (
        selects_name(selector, entry.name)
        and (selector.type is None or entry.type in (selector.type, NXDOMAIN_TYPE))
        and not (selector.negative and entry.kind == Kind.POSITIVE)
        and not (selector.bogus and entry.security != Security.BOGUS)
        and (selector.server is None or entry.server == selector.server)
    )


def selects_denials(selector: Selector) -> bool:
    """Tell whether kept denials may be covered at all.

    They are of no type, for they say something of every one. Who sent them is not kept,
    so that all fall with what any server said. None of them is bogus.
    """
    return not selector.bogus


def zones_that_deny(selector: Selector, zones: Iterable[bytes]) -> list[bytes]:
    """List the zones that may deny something selected: those at and above it, and in a tree.

    Args:
        selector: for which denials are covered at all.
        zones: of which denials are kept.
    """
    place = selector.name if selector.name is not None else selector.tree
    if place is None:
        return list(zones)
    return [
        zone
        for zone in zones
        if is_subdomain(place, zone) or (selector.name is None and is_subdomain(zone, place))
    ]


def selects_delegation(selector: Selector, delegation: Delegation) -> bool:
    """Tell whether a zone cut is covered: every condition that is given holds."""
    return (
        selects_name(selector, delegation.zone)
        and selector.type in (None, RRType.NS)
        and not selector.negative
        and not selector.bogus
        and (selector.server is None or delegation.source == selector.server)
    )
