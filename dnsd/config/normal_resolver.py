"""The resolver's part of the configuration, from as written to as it runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from dnsd.config import schema_resolver as schema
from dnsd.config.kinds import shown
from dnsd.source.nearest import nearest
from dnsd.source.problems import Problem, Severity
from dnsd.wire import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dnsd.config.machine import Machine
    from dnsd.config.written_blocks import WrittenBlockList
    from dnsd.config.written_resolver import (
        WrittenCache,
        WrittenForward,
        WrittenLocal,
        WrittenPolicy,
        WrittenResolver,
    )
    from dnsd.config.written_resolver_limits import WrittenResolverLimits
    from dnsd.source.problems import Where

_FORWARD_PORT: Final = {"udp": 53, "tcp": 53, "tls": 853}
_ALL_LISTS: Final = "all"

# Keys and indices of a list below ``resolver``.
_Place = tuple[str | int, ...]


def resolver(written: WrittenResolver, machine: Machine) -> schema.Resolver:
    """Decide everything that ``resolver:`` may leave open."""
    zones = written.local_zones
    blocks = tuple(_block_list(each) for each in written.block or ())
    return schema.Resolver(
        enabled=written.enabled,
        allow=tuple(written.allow),
        root_hints=written.root_hints,
        upstream_port=written.upstream_port,
        qname_minimization=written.qname_minimization,
        case_randomization=written.case_randomization,
        validation=_validation(written),
        query_local_addresses=written.query_local_addresses,
        ipv6=machine.ipv6_route if written.ipv6 is None else written.ipv6,
        edns_size=written.edns_size,
        priming=written.priming,
        local_zones="builtin" in zones,
        empty_zones=tuple(_empty_zones(written)),
        minimal_answers=written.minimal_answers,
        cache_only=written.cache_only == "allow",
        upstream_cookies=written.upstream_cookies,
        private_addresses=schema.PrivateAddresses(
            filter=written.private_addresses.filter == "builtin",
            allow=tuple(written.private_addresses.allow),
        ),
        aggressive_nsec=written.aggressive_nsec,
        serve_stale=written.serve_stale,
        local=_local(written.local),
        block=blocks,
        policies=tuple(_policy(each, blocks) for each in written.policies or ()),
        prefetch=written.prefetch,
        limits=_limits(written.limits),
        tls_trust=written.tls_trust,
        forward=tuple(_forward(each) for each in written.forward or ()),
    )


def cache(written: WrittenCache) -> schema.Cache:
    """Round times to whole seconds; what is kept at least is never more than at most."""
    return schema.Cache(
        size_octets=written.size,
        min_ttl_s=int(min(written.min_ttl, written.max_ttl)),
        max_ttl_s=int(written.max_ttl),
    )


def check(config: schema.Resolver, where: Callable[..., Where]) -> Iterator[Problem]:
    """Find what is wrong or unwise with values that are each right alone.

    Args:
        config: the normalized section.
        where: finds the place of a path below ``resolver``.
    """
    yield from _twice(
        [each.name for each in config.block], ("block",), where, "name: another, a key of the list"
    )
    yield from _check_forward(config.forward, ("forward",), where)
    yield from _check_negative(config.validation, where)
    known = list(dict.fromkeys(each.name for each in config.block))
    for index, policy in enumerate(config.policies):
        for name in policy.block:
            if name not in known:
                meant = nearest(name, known)
                yield Problem(
                    where("policies", index, "block"),
                    "unknown-list",
                    f"resolver.policies[{index}].block is {shown(name)}, and there is no such block list",
                    ", ".join(known[:12]),
                    f"did you mean {meant}?" if meant else "",
                )
        yield from _check_forward(policy.forward, ("policies", index, "forward"), where)
    if config.enabled and "any" in config.allow:
        yield Problem(
            where("allow"),
            "open-resolver",
            "resolver.allow is any: whoever reaches this server can use it, also to flood others",
            "",
            "allow: [loopback, private]",
            Severity.WARNING,
        )


def _empty_zones(written: WrittenResolver) -> Iterator[bytes]:
    """List the zones beyond the built-in ones; a local domain of one label is one of them.

    Nobody outside knows such a domain, and a name in it would be asked of the root.
    """
    zones = [zone for zone in written.local_zones if isinstance(zone, bytes)]
    yield from zones
    domain = written.local.domain
    if "builtin" in written.local_zones and names.label_count(domain) == 1 and domain not in zones:
        yield domain


def _check_forward(
    forward: tuple[schema.Forward, ...], place: _Place, where: Callable[..., Where]
) -> Iterator[Problem]:
    yield from _twice([names.to_text(each.zone) for each in forward], place, where, "")
    for index, each in enumerate(forward):
        if each.server_name and each.transport != "tls":
            yield Problem(
                where(*place, index, "server_name"),
                "no-certificate",
                f"resolver.{_path(place)}[{index}].server_name is given, but {each.transport} has no certificate",
                "",
                "transport: tls",
            )


def _check_negative(
    validation: schema.Validation, where: Callable[..., Where]
) -> Iterator[Problem]:
    key = "negative_trust_anchors"
    texts = [names.to_text(name) for name, _ in validation.negative]
    yield from _twice(texts, (key,), where, "")
    now = time.time() if validation.fixed_time is None else validation.fixed_time
    for index, (_, until) in enumerate(validation.negative):
        if until <= now:
            yield Problem(
                where(key, index, "until"),
                "passed-time",
                f"resolver.{key}[{index}].until is passed: {texts[index]} is validated again",
                "",
                "leave the entry out",
                Severity.WARNING,
            )


def _twice(
    values: list[str], place: _Place, where: Callable[..., Where], hint: str
) -> Iterator[Problem]:
    key = place[-1]
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        if first.setdefault(value, index) != index:
            yield Problem(
                where(*place, index),
                f"duplicate-{key}".replace("_", "-"),
                f"resolver.{_path(place)}[{index}] is {shown(value)} again, as {key}[{first[value]}]",
                "",
                hint,
            )


def _path(place: _Place) -> str:
    return "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in place)[1:]


def _validation(written: WrittenResolver) -> schema.Validation:
    file, anchors = written.trust_anchors
    return schema.Validation(
        anchors=anchors,
        file=file,
        # At a time that stands still no key ever comes of age.
        follow=written.trust_anchor_updates and written.validation_time is None,
        key_tag_query=written.trust_anchor_signal,
        sentinel=written.root_key_sentinel,
        fixed_time=written.validation_time,
        negative=tuple((each.name, each.until) for each in written.negative_trust_anchors or ()),
    )


def _local(written: WrittenLocal) -> schema.Local:
    return schema.Local(
        names=written.names,
        hosts=tuple(written.hosts),
        leases=tuple(written.leases),
        domain=written.domain,
        ttl=int(written.ttl),
    )


def _block_list(written: WrittenBlockList) -> schema.BlockList:
    return schema.BlockList(
        name=written.place_name if written.name == "auto" else written.name,
        file=written.file,
        url=written.url,
        format=written.format,
        action=written.action,
        refresh_s=written.refresh,
    )


def _policy(written: WrittenPolicy, blocks: tuple[schema.BlockList, ...]) -> schema.Policy:
    block = tuple(written.block)
    return schema.Policy(
        clients=tuple(written.clients),
        block=tuple(each.name for each in blocks) if block == (_ALL_LISTS,) else block,
        suppress=tuple(written.suppress),
        forward=tuple(_forward(each) for each in written.forward or ()),
    )


def _forward(written: WrittenForward) -> schema.Forward:
    name = written.server_name
    return schema.Forward(
        zone=written.zone,
        servers=tuple(written.servers),
        stub=written.kind == "stub",
        transport=written.transport,
        port=written.port or _FORWARD_PORT[written.transport],
        server_name=names.to_text(name).removesuffix(".") if isinstance(name, bytes) else "",
    )


def _limits(written: WrittenResolverLimits) -> schema.ResolverLimits:
    plain = {}
    for name in schema.ResolverLimits.__dataclass_fields__:
        plain[name] = getattr(written, name.removesuffix("_s"))
    # A limit within another is never wider than that one.
    plain["single_label_steps"] = min(plain["single_label_steps"], plain["minimised_steps"])
    plain["udp_timeout_first_s"] = min(plain["udp_timeout_first_s"], plain["udp_timeout_max_s"])
    plain["failure_ttl_s"] = min(plain["failure_ttl_s"], plain["failure_ttl_max_s"])
    plain["stale_ttl_s"] = int(plain["stale_ttl_s"])
    return schema.ResolverLimits(**plain)
