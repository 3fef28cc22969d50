"""Where trust begins: anchors, and names below which it was taken back.

Source: RFC 4035 §4.2 for anchors, RFC 7646 for negative ones.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from dnsd.resolver.outcome import Explanation
from dnsd.resolver.recent import Recent
from dnsd.resolver.security.clock import ClockWatch
from dnsd.wire.iana import ExtendedError
from dnsd.wire.names import ROOT, parent

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from dnsd.dnssec.digests import Ds

# An entry is about 300 octets with its key.
_REASONS: Final = 10_000
_BOGUS: Final = Explanation(int(ExtendedError.DNSSEC_BOGUS))


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
        reasons: why what is not secure is so, by name and type; as long as there is room.
    """

    anchors: dict[bytes, tuple[Ds, ...]]
    unix_time: Callable[[], int]
    negative: dict[bytes, int] = field(default_factory=dict)
    sentinel: bool = False
    clock: ClockWatch = field(default_factory=ClockWatch)
    mark: bytes = field(init=False, default=b"")
    reasons: Recent[Explanation] = field(default_factory=partial(Recent, _REASONS))

    def __post_init__(self) -> None:
        """Sum the anchors up."""
        digest = hashlib.sha256(repr(sorted(self.anchors.items())).encode()).digest()
        object.__setattr__(self, "mark", digest[:8])

    def note(self, name: bytes, rrtype: int, reason: Explanation | None) -> None:
        """Remember why what a name has of a type is not secure; ``None`` if it is."""
        if reason is None:
            self.reasons.remove(_key(name, rrtype))
        else:
            self.reasons.put(_key(name, rrtype), reason)

    def reason(self, name: bytes, rrtype: int) -> Explanation | None:
        """Return why what a name has of a type is not secure, if that is known."""
        return self.reasons.get(_key(name, rrtype))

    def why(self, name: bytes, rrtype: int) -> Explanation:
        """Return why what a name has of a type is bogus."""
        return self.reason(name, rrtype) or _BOGUS

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


def _key(name: bytes, rrtype: int) -> bytes:
    # A name ends with its root label, so what follows is always the type.
    return name + rrtype.to_bytes(2, "big")


def _closest(table: Container[bytes], name: bytes) -> bytes | None:
    while name not in table:
        if name == ROOT:
            return None
        name = parent(name)
    return name
