"""Building the resolver of one process from the configuration; see ``wiring``."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING

from dnsd.net.upstream import Upstream
from dnsd.net.upstream_options import UpstreamOptions
from dnsd.query.policy import OURSELVES
from dnsd.query.policy_recursion import Apart, PolicyRecursion
from dnsd.query.rebinding import PrivateFilter
from dnsd.query.recursion import RecursionOptions, Sources
from dnsd.query.waiting import Waiting, WaitingOptions
from dnsd.resolver import shedding
from dnsd.resolver.acceptance import judge
from dnsd.resolver.cache.memory import MEMORY_BOUNDS, MemoryDelegations, MemoryRecords
from dnsd.resolver.cache.memory_denials import MemoryDenials
from dnsd.resolver.client_rates import ClientLimits, MissRates, WaitingAnswers
from dnsd.resolver.commands import Transport
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.failures import Failures
from dnsd.resolver.hints import builtin_hints
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.resolver.quotas import Quotas
from dnsd.resolver.resolver import Resolver
from dnsd.resolver.security.trust import Trust
from dnsd.resolver.servers import Servers
from dnsd.resolver.world import World
from dnsd.run import anchor_upkeep
from dnsd.run.root_hints import read_root_hints
from dnsd.wire.names import from_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.authority.answer import Answer
    from dnsd.config.schema import Config
    from dnsd.config.schema_resolver import Forward
    from dnsd.control.surroundings import Surroundings
    from dnsd.net.upstream_connection import Server
    from dnsd.observe.log import EventLog
    from dnsd.query.policy import HereAnswers
    from dnsd.query.recursion import Recursion
    from dnsd.resolver.commands import Network
    from dnsd.run.wiring_cache import Caches
    from dnsd.wire.rrset import RRset


def resolver_options(config: Config) -> ResolverOptions:
    """Return how the resolver works."""
    resolver, cache = config.resolver, config.cache
    limits = {each.name: getattr(resolver.limits, each.name) for each in fields(ResolverLimits)}
    return ResolverOptions(
        port=resolver.upstream_port,
        minimisation=resolver.qname_minimization,
        case_randomization=resolver.case_randomization,
        edns_size=resolver.edns_size,
        cookies=resolver.upstream_cookies,
        ipv6=resolver.ipv6,
        query_local_addresses=resolver.query_local_addresses,
        priming=resolver.priming,
        serve_stale=resolver.serve_stale,
        prefetch=resolver.prefetch,
        min_ttl=cache.min_ttl_s,
        max_ttl=cache.max_ttl_s,
        limits=ResolverLimits(**limits),
    )


def recursion(
    config: Config,
    authority: Callable[..., Answer | None],
    here: HereAnswers,
    caches: Caches,
    around: Surroundings,
) -> Recursion | None:
    """Build what finds names for clients; ``None`` if that is turned off.

    Args:
        config: of the program.
        authority: our zones.
        here: what is answered without asking.
        caches: what was learned, and is shared.
        around: reactor, clock, log, counters of the process.
    """
    if not config.resolver.enabled:
        return None
    world = fresh_world(config, network(config, around), around.clock.wall_now)
    caches.learn_for(world)
    rates = MissRates(_client_limits(config))

    def sources(world: World, forward: tuple[Forward, ...]) -> Sources:
        return Sources(
            resolver=Resolver(world, lambda error: around.log.fault("resolver", error)),
            authority=authority,
            local_names=here,
            rates=rates,
            without_private=_private_filter(config, forward, authority, here),
        )

    options = RecursionOptions(config.resolver.cache_only, config.resolver.serve_stale)
    forward = config.resolver.forward
    apart = {}
    worlds = _worlds_apart(config, world, around.clock.wall_now)
    caches.apart = list(worlds.values())
    for number, own in worlds.items():
        elsewhere = config.resolver.policies[number - 1].forward
        asks = sources(own, (*forward, *elsewhere))
        apart[number] = Apart(asks, options, _waiting(config))
        own.local = partial(apart[number].here, OURSELVES)
    found = PolicyRecursion(sources(world, forward), options, _waiting(config), apart)
    world.local = partial(found.here, OURSELVES)
    return found


def _worlds_apart(config: Config, usual: World, wall_now: Callable[[], int]) -> dict[int, World]:
    """Build what questions of policies that forward elsewhere are answered from.

    Servers are the same whoever asks them; what they say is not, nor who serves a zone.
    All their caches together are as large as one in memory.
    """
    apart = {}
    count = sum(bool(policy.forward) for policy in config.resolver.policies)
    for number, policy in enumerate(config.resolver.policies, 1):
        if policy.forward:
            own = fresh_world(config, usual.network, wall_now)
            own.servers, own.quotas.servers = usual.servers, usual.quotas.servers
            own.configured |= _all_configured(policy.forward, own.options.port)
            own.records, own.delegations = memory_caches(config, count)
            apart[number] = own
    return apart


def memory_caches(config: Config, shares: int = 1) -> tuple[MemoryRecords, MemoryDelegations]:
    """Make caches of one process in its memory.

    All workers together keep no more in theirs than the configuration says.

    Args:
        config: of the program.
        shares: so many such pairs of caches share what one process may keep.
    """
    most = MEMORY_BOUNDS.octets
    octets = min(most, config.cache.size_octets // max(1, config.workers)) // shares
    bounds = replace(
        MEMORY_BOUNDS, octets=octets, entries=max(1, MEMORY_BOUNDS.entries * octets // most)
    )
    for_records = replace(bounds, octets=int(octets * (1 - bounds.delegation_share)))
    limits = resolver_options(config).limits
    return MemoryRecords(for_records, limits), MemoryDelegations(bounds)


def _waiting(config: Config) -> Waiting:
    limits = resolver_options(config).limits
    return Waiting(
        WaitingOptions(
            stale_s=limits.stale_wait_s,
            time_s=limits.query_time_s,
            late_s=limits.late_answer_s,
        ),
        shedding.Waiting(limits),
        WaitingAnswers(_client_limits(config)),
    )


def _client_limits(config: Config) -> ClientLimits:
    limits = config.resolver.limits
    return ClientLimits(
        misses_per_second=limits.client_misses,
        misses_burst=limits.client_misses_burst,
        waiting=limits.waiting_answers,
        waiting_proven=limits.waiting_answers_proven,
        workers=max(1, config.workers),
    )


def fresh_world(config: Config, reached_by: Network, wall_now: Callable[[], int]) -> World:
    """Build what the resolver's procedures work with, nothing learned yet, in memory.

    Args:
        config: of the program.
        reached_by: carries the exchanges.
        wall_now: returns Unix seconds.
    """
    options = resolver_options(config)
    limits = options.limits
    return World(
        network=reached_by,
        records=MemoryRecords(),
        delegations=MemoryDelegations(),
        servers=Servers(limits),
        failures=Failures(limits),
        quotas=Quotas(limits),
        options=options,
        entropy=os.urandom,
        hints=_hints(config),
        configured=_all_configured(config.resolver.forward, options.port),
        denials=MemoryDenials() if config.resolver.aggressive_nsec else None,
        trust=_trust(config, wall_now),
    )


def _trust(config: Config, wall_now: Callable[[], int]) -> Trust | None:
    """Return where validation begins; ``None`` if there are no anchors."""
    validation = config.resolver.validation
    if not validation.anchors:
        return None
    fixed = validation.fixed_time
    unix_time = wall_now if fixed is None else lambda: fixed
    return Trust(
        anchor_upkeep.anchors(config),
        unix_time,
        dict(validation.negative),
        sentinel=validation.sentinel,
    )


def network(config: Config, around: Surroundings) -> Upstream:
    """Build what carries exchanges with servers on the reactor of one process."""
    options = resolver_options(config)
    limits = options.limits
    ports = frozenset(listener.port for listener in config.listen)
    trust = config.resolver.tls_trust
    return Upstream(
        around.reactor,
        around.clock,
        around.row,
        UpstreamOptions(
            judge=judge,
            entropy=os.urandom,
            denied_ports=ports,
            edns_size=options.edns_size,
            connections=limits.outgoing_tcp,
            reuse_s=limits.tcp_reuse_s,
            reuse_queries=limits.tcp_reuse_queries,
            trust="" if trust is None else str(trust),
            distrusted=partial(_tell_of_certificate, around.log),
            gathering=around.gathering,
        ),
    )


def _tell_of_certificate(log: EventLog, server: Server, why: str) -> None:
    address = ipaddress.ip_address(server.address)
    log.warning(
        "server_certificate",
        f"the certificate of {server.name} at {address} port {server.port} is not trusted, so"
        f" that server is told nothing: {why}",
        server=server.name,
        address=str(address),
        port=server.port,
    )


def _hints(config: Config) -> Delegation:
    path = config.resolver.root_hints
    return builtin_hints() if path is None else read_root_hints(path)


def _all_configured(forward: tuple[Forward, ...], usual_port: int) -> dict[bytes, Delegation]:
    return {each.zone: _configured(each, usual_port) for each in forward}


def _configured(forward: Forward, usual_port: int) -> Delegation:
    name = from_text(forward.server_name or ".")
    return Delegation(
        forward.zone,
        (name,),
        {name: tuple(ipaddress.ip_address(text).packed for text in forward.servers)},
        forward=not forward.stub,
        stub=forward.stub,
        # Servers at the usual port are those that other zones may have.
        port=0 if forward.port == usual_port else forward.port,
        transport=Transport[forward.transport.upper()],
    )


def _private_filter(
    config: Config,
    forward: tuple[Forward, ...],
    authority: Callable[..., Answer | None],
    here: HereAnswers,
) -> Callable[[bytes, list[RRset]], list[RRset] | None]:
    resolver = config.resolver
    if not resolver.private_addresses.filter:
        return lambda _name, _rrsets: None

    def is_ours(name: bytes) -> bool:
        if authority(name, 1, every_type=False) is not None:
            return True
        return here.is_local(name)

    trees = (*resolver.private_addresses.allow, *(each.zone for each in forward))
    return PrivateFilter(trees, is_ours)
