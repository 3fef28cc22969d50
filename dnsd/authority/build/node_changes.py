"""What some changed names do to the nodes of a version that is served.

Flags of a node depend on what stands above and below it. Where a change reaches
beyond its own name, as a new zone cut over names that are there does, the version
has to be built anew; the rest is a matter of the changed names alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.authority.build.signer import unsigned_rrsets
from dnsd.authority.node import (
    FLAG_APEX,
    FLAG_CUT,
    FLAG_DNAME,
    FLAG_OCCLUDED,
    FLAG_WILDCARD_CHILD,
    Node,
)
from dnsd.dnssec.zone_names import authoritative_names
from dnsd.wire import names
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dnsd.authority.store import ZoneVersion
    from dnsd.dnssec.zone_names import ZoneName
    from dnsd.wire.rrset import RRset

_STAR: Final = b"\x01*"
_ROOFS: Final = FLAG_CUT | FLAG_DNAME


class FarReachingError(Exception):
    """A change reaches beyond its own names."""


class NodeChanges:
    """A version of which some names are changed.

    Attributes:
        origin: the apex.
        changed: RRsets of each changed name without what signing makes, an empty
            list for a name that went; in canonical order.
        version: how it was.
    """

    def __init__(self, version: ZoneVersion, changed: Mapping[bytes, list[RRset]]) -> None:
        """Join changes with what is there.

        Raises:
            FarReachingError: see there.
        """
        self.version = version
        self.origin = version.origin
        self.changed = {name: changed[name] for name in sorted(changed, key=names.order_key)}
        self._flags: dict[bytes, int] = {}
        for name, rrsets in self.changed.items():
            self._flags[name] = self._flags_of(name, {rrset.type for rrset in rrsets})

    def flags(self, name: bytes) -> int:
        """Return the flags of a name's node, 0 without one."""
        if name in self._flags:
            return self._flags[name]
        octets = self.version.get(name)
        return octets[0] if octets is not None else 0

    def rrsets(self, name: bytes) -> list[RRset]:
        """Return the RRsets of a name without what signing makes."""
        if name in self.changed:
            return list(self.changed[name])
        octets = self.version.get(name)
        return [] if octets is None else unsigned_rrsets(name, Node(octets))

    def was(self, name: bytes) -> ZoneName | None:
        """Return what the chain of denials said of a name, None for nothing."""
        octets = self.version.get(name)
        if octets is None or octets[0] & FLAG_OCCLUDED:
            return None
        return self._zone_name(name, unsigned_rrsets(name, Node(octets)))

    def now(self, name: bytes) -> ZoneName | None:
        """Return what the chain of denials is to say of a name, None for nothing."""
        return (
            None if self.flags(name) & FLAG_OCCLUDED else self._zone_name(name, self.rrsets(name))
        )

    def had_below(self, name: bytes) -> bool:
        """Tell whether any name below this one had records."""
        return self.version.has_below(name)

    def has_below(self, name: bytes) -> bool:
        """Tell whether any name below this one has records now."""
        for below, rrsets in self.changed.items():
            if rrsets and below != name and names.is_subdomain(below, name):
                return True
        return any(self.changed.get(below, True) for below in self.version.names_below(name))

    def _zone_name(self, name: bytes, rrsets: list[RRset]) -> ZoneName | None:
        types = [rrset.type for rrset in rrsets]
        return next(iter(authoritative_names(self.origin, [(name, types)])), None)

    def _flags_of(self, name: bytes, types: set[int]) -> int:
        octets = self.version.get(name)
        flags = self._above(name)
        if name == self.origin:
            flags |= FLAG_APEX
        elif RRType.NS in types and not flags:
            flags |= FLAG_CUT
        if RRType.DNAME in types:
            flags |= FLAG_DNAME
        if self._has_wildcard(name):
            flags |= FLAG_WILDCARD_CHILD
        before = octets[0] if octets is not None else 0
        if (octets is None) != (not types) and b"*" in names.to_labels(name):
            raise FarReachingError
        if (before ^ flags) & _ROOFS and (name == self.origin or self.version.has_below(name)):
            raise FarReachingError
        return flags

    def _above(self, name: bytes) -> int:
        """Tell whether a zone cut or a DNAME stands above a name."""
        above = name
        while above != self.origin:
            above = names.parent(above)
            flags = self.flags(above)
            if flags & (FLAG_OCCLUDED | FLAG_DNAME) or (flags & FLAG_CUT and above != self.origin):
                return FLAG_OCCLUDED
        return 0

    def _has_wildcard(self, name: bytes) -> bool:
        wildcard = _STAR + name
        if len(wildcard) > names.MAX_NAME_OCTETS:
            return False
        return self.version.get(wildcard) is not None or self.version.has_below(wildcard)
