"""The composition root: the only place that builds objects from configuration.

Each function takes what already exists and returns one finished object; nothing is
started, bound or read here. Both shapes of the daemon are wired by the same calls:
one process makes all of it, a worker the DNS side, control the rest.
"""

from __future__ import annotations

from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING, NamedTuple

from dnsd.authority.answer import answer
from dnsd.authority.store import open_store
from dnsd.authority.zones import Zones
from dnsd.control.compiler import Compiler, CompilerOptions
from dnsd.control.http import ControlFactory, HttpOptions
from dnsd.control.operations import Operations, Program
from dnsd.control.reload import Reloader
from dnsd.control.renewal import Renewal
from dnsd.control.routes import Routes
from dnsd.control.scan import ZoneFiles
from dnsd.control.watch import Watcher, WatchOptions
from dnsd.net.listeners import Endpoint, receive_drops
from dnsd.net.responder import Responder
from dnsd.net.udp_batch import UdpBatch
from dnsd.observe.exposition import Exposition
from dnsd.observe.page import ANY_ZONE
from dnsd.query.acl import Networks
from dnsd.query.answer_cache import AnswerCacheOptions
from dnsd.query.cookies import Cookies
from dnsd.query.finish import FinishOptions
from dnsd.query.identity import Identity
from dnsd.query.lookout import Lookout
from dnsd.query.parts import Parts
from dnsd.query.pipeline import Pipeline
from dnsd.query.policy import policy_number
from dnsd.query.ratelimit import Limiter, LimiterOptions
from dnsd.query.views import ViewOptions, Views
from dnsd.run import anchor_upkeep, wiring_local, wiring_streams
from dnsd.run.cache_upkeep import cache_status, measuring, noting_found, tidying
from dnsd.run.clock_upkeep import watching_clock
from dnsd.run.cookie_secrets import secrets_at
from dnsd.run.interface import Interface
from dnsd.run.quarantine import Guarded
from dnsd.run.serving import Serving
from dnsd.run.upkeep import (
    Repeating,
    changing_secrets,
    keeping_learned,
    sampling,
    serving_waiters,
)
from dnsd.run.wiring_operations import further_routes
from dnsd.run.wiring_resolver import recursion

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from dnsd.authority.store import ZoneStore
    from dnsd.config.schema import Config
    from dnsd.control.surroundings import Surroundings
    from dnsd.query.policy import HereAnswers
    from dnsd.query.recursion import Recursion
    from dnsd.run.inheritance import Inheritance
    from dnsd.run.wiring_cache import Caches


class Stores(NamedTuple):
    """What one process has open.

    Attributes:
        zones: what it answers from.
        caches: what the resolver learned.
    """

    zones: ZoneStore
    caches: Caches


def store_path(config: Config) -> Path:
    """Return the directory of compiled zones."""
    return config.zone_store


def serials_path(config: Config) -> Path:
    """Return the file of serials, which survives the loss of the store."""
    return config.serials


def endpoints(config: Config) -> list[Endpoint]:
    """List what is bound for DNS clients."""
    return [
        Endpoint(listener.address, listener.port, transport)
        for listener in config.listen
        for transport in listener.transports
    ]


def zone_files(config: Config) -> ZoneFiles:
    """Return where zone files are."""
    return ZoneFiles(config.authority.zone_directories, config.authority.zone_files)


def compiler_options(config: Config) -> CompilerOptions:
    """Return what the compiler is told."""
    limits = config.limits
    return CompilerOptions(
        where=zone_files(config),
        store=store_path(config),
        serials=serials_path(config),
        signing_keys=config.signing_keys,
        max_deletion_share=config.authority.max_deletion_share,
        store_octets=limits.zone_store_octets,
        memory_octets=limits.compile_memory_octets,
        time_s=limits.compile_time_s,
        policies=config.signing_policies,
    )


def _query_parts(
    inheritance: Inheritance, row: int, stores: Stores, here: HereAnswers, around: Surroundings
) -> Parts:
    """Build what the steps of a query work with."""
    config = inheritance.config
    limits, rates = config.limits, config.authority.rate_limit
    wall_now = around.clock.wall_now()
    secrets = config.cookies.secrets or secrets_at(inheritance.cookie_seed, wall_now)
    authority = partial(answer, Zones(stores.zones))
    recursion_found = recursion(config, authority, here, stores.caches, around)
    return Parts(
        authority=authority,
        views=Views(
            ViewOptions(
                allow=Networks.from_text(config.authority.allow),
                unlimited=Networks.from_text(rates.exempt),
                clients=limits.view_table,
                recursion=Networks.from_text(config.resolver.allow) if recursion_found else None,
                policy=partial(policy_number, wiring_local.policies(config)),
            )
        ),
        limiter=Limiter(
            LimiterOptions(
                responses_per_second=rates.responses_per_second,
                errors_per_second=rates.errors_per_second,
                chaos_per_second=limits.chaos_rate,
                formerr_per_second=limits.formerr_rate,
                workers=max(1, config.workers),
                cells=limits.rate_table,
            )
        ),
        cookies=Cookies(secrets) if config.cookies.enabled else None,
        identity=Identity(config.server_identity.nsid, config.server_identity.version),
        finish=FinishOptions(limits.edns_size),
        recursion=recursion_found,
        lookout=Lookout(inheritance.sightings, row),
    )


def _responder(inheritance: Inheritance, parts: Parts, row: int, around: Surroundings) -> Responder:
    """Build what answers queries in one process."""
    config, limits = inheritance.config, inheritance.config.limits
    cache = AnswerCacheOptions(limits.answer_cache_entries, limits.answer_cache_aliases)
    return Responder(
        parts,
        Guarded(Pipeline(parts), inheritance.quarantine, row),
        cache if config.answer_cache else None,
        (around.row, inheritance.page.generations),
        around.log,
    )


def open_zones(config: Config) -> ZoneStore:
    """Open the store for answering, once in a process and after the fork.

    Raises:
        StoreError: it cannot be read.
    """
    size = config.limits.zone_store_octets
    return open_store(store_path(config), map_size=size, read_only=True)


def asking(inheritance: Inheritance, stores: Stores, around: Surroundings) -> Recursion | None:
    """Build what finds names for a process that serves no DNS client."""
    config = inheritance.config
    here = wiring_local.here_answers(config, around)
    authority = partial(answer, Zones(stores.zones))
    return recursion(config, authority, here, stores.caches, around)


def serving(inheritance: Inheritance, row: int, stores: Stores, around: Surroundings) -> Serving:
    """Build the DNS side of one process.

    Args:
        inheritance: the common ground.
        row: the process's row.
        stores: open.
        around: reactor, clock, log, counters of the process.
    """
    config, page = inheritance.config, inheritance.page
    here = wiring_local.here_answers(config, around)
    parts = _query_parts(inheritance, row, stores, here, around)
    responder = _responder(inheritance, parts, row, around)
    upkeep = [sampling(responder, around.clock)]
    if parts.cookies is not None and not inheritance.config.cookies.secrets:
        upkeep.append(changing_secrets(parts.cookies, inheritance.cookie_seed, around.clock))
    if parts.recursion is not None:
        upkeep.append(serving_waiters(parts.recursion, around.clock))
        upkeep.append(keeping_learned(parts.recursion, stores.caches, page, around))
        upkeep.append(noting_found(responder, stores.caches, around.clock))
        upkeep.append(watching_clock(stores.caches, around))
        if config.resolver.validation.anchors:
            ask = parts.recursion.resolver.refresh
            upkeep.append(anchor_upkeep.refreshing(config, stores.caches, ask, around))
            upkeep.append(anchor_upkeep.adopting(config, stores.caches, page, around))
        upkeep.append(measuring(stores.caches, around, partial(_is_own, stores.caches, config)))
        # Every process says so itself, once its own tables are the new ones.
        tables = wiring_local.local_tables(config, here, around, partial(page.bump, ANY_ZONE))
        upkeep.append(Repeating(around.clock, tables.look))
    streams = wiring_streams.streams(inheritance, responder, around.clock)
    datagrams = inheritance.config.limits.datagrams_per_turn

    def reader_of(opened: socket.socket) -> UdpBatch:
        return UdpBatch(around.reactor, opened, responder, datagrams, around.gathering)

    found = Serving(inheritance.listeners, reader_of, streams, upkeep, around)
    found.recursion = parts.recursion
    return found


def _is_own(caches: Caches, config: Config) -> bool:
    """Tell whether nobody else shows how full these caches are."""
    return not config.workers or caches.shared is None


def reloader(inheritance: Inheritance, around: Surroundings) -> Reloader:
    """Build what has zones compiled, one in a daemon: two would not wait for each other."""
    compiler = Compiler(compiler_options(inheritance.config), around)
    return Reloader(compiler, inheritance.page, around)


def interface(
    inheritance: Inheritance, stores: Stores, reloader: Reloader, around: Surroundings
) -> Interface:
    """Build the control side of one process."""
    config, limits = inheritance.config, inheritance.config.limits
    program = Program(version(), tuple(map(str, endpoints(config))), inheritance.notices)
    operations = Operations(program, inheritance.page, stores.zones, reloader, around)
    block_lists = wiring_local.block_lists(config, around)
    operations.block_lists = block_lists.status
    if config.resolver.enabled:
        operations.cache = partial(cache_status, inheritance.page, inheritance.notices)
    exposition = Exposition(
        inheritance.page,
        version=program.version,
        zone_serials=operations.serials,
        receive_drops=partial(receive_drops, inheritance.listeners),
        block_list_names=block_lists.names,
    )
    routes = Routes(
        operations, exposition, further_routes(inheritance, operations, stores.caches, around)
    )

    def factory(listener: str, *hosts: str) -> ControlFactory:
        options = HttpOptions(
            listener="socket" if listener == "socket" else "http",
            hosts=hosts,
            connections=limits.http_connections,
            connections_per_client=limits.http_connections_per_client,
            body_octets=limits.http_body_octets,
        )
        return ControlFactory(routes, options, around)

    sockets = []
    if inheritance.control_socket is not None:
        sockets.append((inheritance.control_socket.socket, factory("socket")))
    if inheritance.control_http is not None:
        sockets.append((inheritance.control_http, factory("http")))
    watcher = None
    if config.authority.watch:
        options = WatchOptions(zone_files(config), limits.watch_delay_s)
        watcher = Watcher(options, around, partial(_request, reloader, "change"))
    found = Interface(reloader, watcher, tuple(sockets), around, block_lists)
    found.upkeep = [Repeating(around.clock, Renewal(reloader, around).look)]
    if config.resolver.enabled:
        caches = stores.caches
        found.upkeep.append(tidying(caches, around))
        if config.resolver.validation.follow and config.resolver.validation.anchors:
            found.upkeep.append(anchor_upkeep.following(config, caches, around))
        if config.workers:
            found.upkeep.append(measuring(caches, around, lambda: caches.shared is not None))
    return found


def _request(reloader: Reloader, cause: str) -> None:
    """Have zones compiled; the outcome goes to log and status."""
    reloader.request(cause)


def version() -> str:
    """Return the version of the program."""
    try:
        return metadata.version("dnsd")
    except metadata.PackageNotFoundError:
        return "unknown"  # started from a checkout that is not installed
