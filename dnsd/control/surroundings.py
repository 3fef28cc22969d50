"""What every part of the control interface works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dnsd.net.gathering import Gathering

if TYPE_CHECKING:
    from dnsd.net.clock import Clock
    from dnsd.observe.log import EventLog


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One process's reactor, clocks, log and counters.

    Attributes:
        reactor: Twisted's; an interface for each use has no common type.
        clock: the time, and calls in the future.
        log: of this process.
        row: counters of this process.
        gathering: of what replies of name servers lead to.
    """

    reactor: Any
    clock: Clock
    log: EventLog
    row: memoryview
    gathering: Gathering = field(default_factory=Gathering)
