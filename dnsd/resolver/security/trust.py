"""Where trust begins: anchors, and names below which it was taken back.

Source: RFC 4035 §4.2 for anchors, RFC 7646 for negative ones.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dnsd.resolver.security.clock import ClockWatch
from dnsd.wire.names import ROOT, parent

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from dnsd.dnssec.digests import Ds


@dataclass(frozen=True, slots=True)
class Trust:
    """What a validator takes for true without being shown.

    Attributes:
        anchors: name of a zone, in canonical form → DS records of its keys.
        unix_time: returns Unix seconds.
        negative: names, in canonical form, at and below which nothing is validated →
            Unix seconds until which that lasts.
        sentinel: clients may learn which keys of the root are trusted (RFC 8509).
        clock: whether that of this machine may be wrong.
        mark: tells by its octets these anchors from others.
    """

    anchors: dict[bytes, tuple[Ds, ...]]
    unix_time: Callable[[], int]
    negative: dict[bytes, int] = field(default_factory=dict)
    sentinel: bool = False
    clock: ClockWatch = field(default_factory=ClockWatch)
    mark: bytes = field(init=False, default=b"")

    def __post_init__(self) -> None:
        """Sum the anchors up."""
        digest = hashlib.sha256(repr(sorted(self.anchors.items())).encode()).digest()
        object.__setattr__(self, "mark", digest[:8])

    def anchor_above(self, name: bytes) -> bytes | None:
        """Return the closest anchor at or above a name; ``None`` if there is none."""
        return _closest(self.anchors, name)

    def is_taken_back(self, name: bytes) -> bool:
        """Tell whether a negative trust anchor stands at or above a name, closer than an anchor.

        Source: RFC 7646 §2.
        """
        found = _closest(self.negative, name)
        if found is None or self.negative[found] <= self.unix_time():
            return False
        anchor = self.anchor_above(name)
        return anchor is None or len(anchor) <= len(found)


def _closest(table: Container[bytes], name: bytes) -> bytes | None:
    while name not in table:
        if name == ROOT:
            return None
        name = parent(name)
    return name
