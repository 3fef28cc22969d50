"""A zone cut as it is kept: a scrubbed referral within its bounds.

A delegation is written from nothing else, and lives as long as its parent's
servers said, at most ``max_ttl``: nothing that the child's own servers say makes
it live longer, so a revoked name ends when its referral does (CVE-2022-30698,
CVE-2026-40622).

Bounds (CVE-2022-3204, CVE-2026-3592): the first ``delegation_names`` servers,
``name_addresses`` addresses of each, ``delegation_addresses`` different ones in
all. An address of the machine, of the local network, or of no single machine is no
name server's unless ``query_local_addresses`` says so (RFC 6890).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.resolver.delegation import Delegation

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.resolver.options import ResolverOptions
    from dnsd.resolver.scrub import Scrubbed

_MAPPED = bytes(10) + b"\xff\xff"  # IPv4-mapped (RFC 4291 §2.5.5.2)


def delegation_of(
    scrubbed: Scrubbed,
    now: float,
    source: bytes,
    options: ResolverOptions,
    hit: Callable[[str], object] | None = None,
) -> Delegation:
    """Make a delegation of a referral.

    Args:
        scrubbed: a reply that means a referral.
        now: monotonic seconds when it came.
        source: address of the server that sent it.
        options: bounds of names, addresses and TTL, and which addresses may be asked.
        hit: told the names of the limits that left something out.
    """
    servers = scrubbed.servers[: options.limits.delegation_names]
    addresses, reached = _bounded(servers, scrubbed.addresses, options)
    if hit is not None:
        if len(servers) < len(scrubbed.servers):
            hit("delegation_names")
        for limit in reached:
            hit(limit)
    ttl = max(options.delegation_ttl_min, min(scrubbed.ttl, options.max_ttl))
    return Delegation(scrubbed.cut, servers, addresses, now + ttl, source, ds=scrubbed.ds)


def _bounded(
    servers: tuple[bytes, ...], given: dict[bytes, tuple[bytes, ...]], options: ResolverOptions
) -> tuple[dict[bytes, tuple[bytes, ...]], dict[str, None]]:
    """Return the addresses that are kept, and the names of the limits reached."""
    limits = options.limits
    kept: dict[bytes, tuple[bytes, ...]] = {}
    reached: dict[str, None] = {}
    different: set[bytes] = set()
    for server in servers:
        mine = [x for x in dict.fromkeys(given.get(server, ())) if may_ask(x, options)]
        if len(mine) > limits.name_addresses:
            reached["name_addresses"] = None
            del mine[limits.name_addresses :]
        fresh = [address for address in mine if address not in different]
        room = limits.delegation_addresses - len(different)
        if len(fresh) > room:
            reached["delegation_addresses"] = None
            mine = [address for address in mine if address not in fresh[room:]]
            del fresh[room:]
        different.update(fresh)
        if mine:
            kept[server] = tuple(mine)
    return kept, reached


def may_ask(address: bytes, options: ResolverOptions) -> bool:
    """Tell whether an address may be a name server's.

    Args:
        address: 4 or 16 octets.
        options: ``query_local_addresses`` allows what is local.
    """
    if len(address) not in (4, 16):
        return False
    first, second = address[0], address[1]
    if len(address) == 4:
        # Multicast, reserved and broadcast; "this network" (RFC 6890 §2.2.2).
        if first >= 224 or first == 0:
            return False
        return options.query_local_addresses or not (
            first in (10, 127)
            or (first == 192 and second == 168)
            or (first == 172 and second & 0xF0 == 16)
            or (first == 169 and second == 254)
            or (first == 100 and second & 0xC0 == 64)
        )
    # Multicast, unspecified, IPv4-mapped: an address in disguise.
    if first == 0xFF or not any(address) or address.startswith(_MAPPED):
        return False
    return options.query_local_addresses or not (
        first & 0xFE == 0xFC or (first == 0xFE and second & 0x80) or address == bytes(15) + b"\x01"
    )
