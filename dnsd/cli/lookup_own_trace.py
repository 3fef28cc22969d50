"""A trace without a daemon: the resolver runs here, for as long as it takes.

With the options of the configuration: root hints, forward zones, limits. What goes
wrong inside is printed, since there is no log.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from dnsd.control.operations_trace import TraceOperations
from dnsd.observe import metrics
from dnsd.observe.log import EventLog
from dnsd.run import reactors
from dnsd.run.wiring_resolver import fresh_world, network

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dnsd.config.schema import Config
    from dnsd.control.shapes import Trace


def trace_here(config: Config, questions: Iterable[tuple[bytes, int]]) -> list[Trace]:
    """Find answers and tell every step; once in a process, for there is one reactor.

    Args:
        config: of the resolver.
        questions: names in canonical form and types, asked one after another.
    """
    page = metrics.new_page(rows=1)
    log = EventLog(sys.stderr.fileno())
    around = reactors.begin(log, page.row(0))
    upstream = network(config, around)
    operations = TraceOperations(
        partial(fresh_world, config, upstream, around.clock.wall_now),
        lambda _: None,
        lambda error: log.fault("resolver", error),
    )
    left = list(questions)
    found: list[Trace] = []

    def ask_next() -> None:
        if not left:
            upstream.stop()
            around.reactor.stop()
            return
        operations.trace(*left.pop(0)).addCallback(take)

    def take(trace: Trace) -> None:
        found.append(trace)
        ask_next()

    around.reactor.callWhenRunning(ask_next)
    reactors.run(around, {})
    return found
