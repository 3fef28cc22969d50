"""What is answered for a local name."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dnsd.resolver.outcome import Explanation
    from dnsd.wire.rrset import RRset


class Source(enum.IntEnum):
    """Where a local answer comes from; the number of its counter."""

    NAMES = 0
    HOSTS = 1
    LEASE = 2
    SPECIAL = 3
    BLOCK = 4
    SUPPRESSED = 5


@dataclass(frozen=True, slots=True)
class LocalAnswer:
    """An answer that needs no asking.

    Attributes:
        rcode: NOERROR, NXDOMAIN or REFUSED.
        source: where it comes from.
        answer: RRsets; empty for a name that has none of the type.
        authority: the SOA of a denial, where there is a zone to deny it.
        explanation: why, if there is something to explain.
        unfinished: the target of an alias, to be asked for next; or empty.
    """

    rcode: int
    source: Source
    answer: list[RRset] = field(default_factory=list)
    authority: list[RRset] = field(default_factory=list)
    explanation: Explanation | None = None
    unfinished: bytes = b""
