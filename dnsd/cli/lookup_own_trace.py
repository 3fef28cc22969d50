"""A trace or a chain of trust without a daemon: the resolver runs here, for as long as it takes.

With the options of the configuration: root hints, forward zones, limits. What goes
wrong inside is printed, since there is no log.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from dnsd.control.operations_trace import TraceOperations
from dnsd.observe import metrics
from dnsd.observe.log import EventLog
from dnsd.run import reactors
from dnsd.run.wiring_resolver import fresh_world, network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twisted.internet.defer import Deferred

    from dnsd.config.schema import Config
    from dnsd.control.chain_shapes import TrustChain
    from dnsd.control.shapes import Trace

Told = TypeVar("Told")


def trace_here(config: Config, questions: Iterable[tuple[bytes, int]]) -> list[Trace]:
    """Find answers and tell every step; once in a process, for there is one reactor.

    Args:
        config: of the resolver.
        questions: names in canonical form and types, asked one after another.
    """
    return _find_here(config, questions, TraceOperations.trace)


def chains_here(config: Config, questions: Iterable[tuple[bytes, int]]) -> list[TrustChain]:
    """Find answers and tell their chains of trust; once in a process, as :func:`trace_here`.

    Args:
        config: of the resolver.
        questions: names in canonical form and types, asked one after another.
    """
    return _find_here(config, questions, TraceOperations.chain)


def _find_here(
    config: Config,
    questions: Iterable[tuple[bytes, int]],
    find: Callable[[TraceOperations, bytes, int], Deferred[Told]],
) -> list[Told]:
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
    found: list[Told] = []

    def ask_next() -> None:
        if not left:
            upstream.stop()
            around.reactor.stop()
            return
        find(operations, *left.pop(0)).addCallback(take)

    def take(told: Told) -> None:
        found.append(told)
        ask_next()

    around.reactor.callWhenRunning(ask_next)
    reactors.run(around, {})
    return found
