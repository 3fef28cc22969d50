"""Building what the operator may ask beside zones: sightings, traces, caches."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from dnsd.control.operations_sightings import SightingOperations
from dnsd.control.operations_trace import TraceOperations
from dnsd.control.routes_resolver import cache_routes, trace_routes
from dnsd.control.routes_sightings import sighting_routes
from dnsd.query.lookout import Board
from dnsd.run.wiring_cache import cache_operations
from dnsd.run.wiring_resolver import fresh_world, network

if TYPE_CHECKING:
    from dnsd.config.schema import Config
    from dnsd.control.operations import Operations
    from dnsd.control.routes import Table
    from dnsd.control.surroundings import Surroundings
    from dnsd.net.upstream import Upstream
    from dnsd.run.inheritance import Inheritance
    from dnsd.run.wiring_cache import Caches


def further_routes(
    inheritance: Inheritance, operations: Operations, caches: Caches, around: Surroundings
) -> Table:
    """Build the routes that depend on what this daemon does.

    Args:
        inheritance: the common ground.
        operations: those that every daemon has.
        caches: of this process.
        around: of the process.
    """
    config = inheritance.config
    sightings = SightingOperations(Board(inheritance.sightings), around.clock)
    table = dict(sighting_routes(operations, sightings))
    if not config.resolver.enabled:
        return table
    table |= trace_routes(_trace(config, around))
    # Where each worker keeps its own, control can flush them, and sees none of them.
    is_seen = caches.shared is not None or not config.workers
    found = cache_operations(inheritance, caches, around)
    return {**table, **cache_routes(found, is_seen=is_seen)}


def _trace(config: Config, around: Surroundings) -> TraceOperations:
    return TraceOperations(
        lambda: fresh_world(config, network(config, around), around.clock.wall_now),
        lambda world: cast("Upstream", world.network).stop(),
        partial(around.log.fault, "trace"),
    )
