"""Which names of a zone its NSEC or NSEC3 chain speaks of, and with which types.

Out of what a zone holds: glue and all else below a zone cut is not the zone's,
what lies below a DNAME is not served, and of a zone cut itself the NS and the
DS count (RFC 4035 §2.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.dnssec.nsec import path_of
from dnsd.wire.iana import RRType
from dnsd.wire.names import is_subdomain, parent

if TYPE_CHECKING:
    from collections.abc import Iterable

_NS: Final = int(RRType.NS)
_DS: Final = int(RRType.DS)
_DNAME: Final = int(RRType.DNAME)
_AT_A_CUT: Final = frozenset((_NS, _DS))
# What signing makes; the chains add what belongs there themselves.
_MADE: Final = frozenset((RRType.RRSIG, RRType.NSEC, RRType.NSEC3))


@dataclass(frozen=True, slots=True)
class ZoneName:
    """One name that has records of the zone.

    Attributes:
        name: in canonical form.
        types: at least one, without RRSIG, NSEC and NSEC3; at a zone cut NS,
            and DS if it is there.
        is_cut: another zone begins here.
    """

    name: bytes
    types: frozenset[int]
    is_cut: bool = False

    @property
    def is_unsigned_delegation(self) -> bool:
        """Whether nothing at the name is signed but its denial; opt-out may leave it out."""
        return self.is_cut and _DS not in self.types


def authoritative_names(
    apex: bytes, contents: Iterable[tuple[bytes, Iterable[int]]]
) -> list[ZoneName]:
    """Take the names of a zone that its chain speaks of.

    Args:
        apex: in canonical form.
        contents: each name of the zone that has records, once, in any order,
            and the types there; names outside the zone are left out.

    Returns:
        In canonical order, without empty non-terminals.
    """
    inside = [(path_of(name), name, types) for name, types in contents if is_subdomain(name, apex)]
    inside.sort(key=lambda entry: entry[0])
    found: list[ZoneName] = []
    roof: tuple[bytes, ...] | None = None  # the last zone cut or DNAME
    for path, name, types in inside:
        if roof is not None and path[: len(roof)] == roof:
            continue
        kept = frozenset(types) - _MADE
        is_cut = _NS in kept and name != apex
        if is_cut:
            kept &= _AT_A_CUT
        if is_cut or _DNAME in kept:
            roof = path
        if kept:
            found.append(ZoneName(name, kept, is_cut))
    return found


def empty_non_terminals(apex: bytes, zone_names: Iterable[ZoneName]) -> set[bytes]:
    """Find the names that exist only because others lie below them (RFC 5155 §7.1).

    Args:
        apex: no name above it counts, and neither does it.
        zone_names: all of the zone.
    """
    own = set()
    above = set()
    for zone_name in zone_names:
        name = zone_name.name
        own.add(name)
        while name != apex and (name := parent(name)) not in above:
            above.add(name)
    return above - own - {apex}
