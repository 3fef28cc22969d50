"""The one place where Twisted's reactor comes from.

A reactor opens its epoll instance when it is imported, and two processes that
share one steal each other's events. So it is imported here, in a function, and that
is called after the fork.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, cast

# The class of reactors and all it needs, shared by all forks; no reactor is made by it.
import twisted.internet.epollreactor  # noqa: F401

from dnsd.control.surroundings import Surroundings
from dnsd.net.clock import Clock, use_monotonic_time
from dnsd.observe.bridge import TwistedBridge

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.observe.log import EventLog


def begin(log: EventLog, row: memoryview) -> Surroundings:
    """Make this process's reactor, once.

    Args:
        log: of the process; Twisted's own log goes there too.
        row: counters of the process.
    """
    from twisted.internet import reactor  # noqa: PLC0415 - see the module's docstring
    from twisted.logger import formatEvent, globalLogBeginner  # noqa: PLC0415 - likewise

    ours: Any = reactor
    use_monotonic_time(ours)
    # Neither zope's interfaces nor the types of events say what these are.
    bridge: Any = TwistedBridge(log, row, cast("Any", formatEvent))
    globalLogBeginner.beginLoggingTo([bridge], discardBuffer=True, redirectStandardIO=False)
    return Surroundings(ours, Clock(ours), log, row)


def run(around: Surroundings, reactions: dict[int, Callable[[], None]]) -> None:
    """Run the reactor until somebody stops it.

    Args:
        around: see `begin`.
        reactions: what to do, on the reactor, when a signal comes.
    """
    reactor = around.reactor

    def catch() -> None:
        # After Twisted has set its own: it needs SIGCHLD, the others are ours.
        for number, react in reactions.items():
            signal.signal(number, lambda *_, react=react: reactor.callFromThread(react))

    reactor.callWhenRunning(catch)
    reactor.run()
