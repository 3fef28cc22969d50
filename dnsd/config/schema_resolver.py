"""The resolver's part of the configuration the program runs on; see ``schema``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from dnsd.config.name_kinds import LocalRecord
    from dnsd.dnssec.digests import Ds


@dataclass(frozen=True, slots=True)
class ResolverLimits:
    """Every budget of the resolver, in the words of ``resolver.options``.

    ``written_resolver_limits`` says what each one is.
    """

    query_packets: int
    query_octets: int
    query_time_s: float
    query_work: int
    query_rrsets: int
    zone_packets: int
    server_tries: int
    referrals: int
    depth: int
    delegation_names: int
    name_addresses: int
    delegation_addresses: int
    delegation_name_fetches: int
    query_name_fetches: int
    failed_names: int
    alias_links: int
    minimised_steps: int
    single_label_steps: int
    recursions: int
    shed_after_s: float
    fetch_clients: int
    zone_in_flight: int
    server_in_flight: int
    udp_timeout_first_s: float
    udp_timeout_max_s: float
    tcp_timeout_s: float
    server_hold_s: float
    failure_ttl_s: float
    failure_ttl_max_s: float
    rrset_records: int
    rrset_octets: int
    name_types: int
    server_table: int
    failure_table: int
    outgoing_tcp: int
    tcp_reuse_s: float
    tcp_reuse_queries: int
    stale_age_s: float
    stale_ttl_s: int
    stale_wait_s: float
    stale_recheck_s: float
    prefetch_share: float
    client_misses: int
    client_misses_burst: int
    waiting_answers: int
    waiting_answers_proven: int
    late_answer_s: float


@dataclass(frozen=True, slots=True)
class PrivateAddresses:
    """Protection against DNS rebinding.

    Attributes:
        filter: addresses of private networks are taken out of strangers' answers.
        allow: names, in canonical form, that may have them, with all below.
    """

    filter: bool
    allow: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Local:
    """Names of the operator's machines.

    Attributes:
        names: records as configured; PTR records are not among them yet.
        hosts: hosts files; they may be missing.
        leases: lease files of dnsmasq; they may be missing.
        domain: names of one label are found under it too; in canonical form.
        ttl: seconds.
    """

    names: tuple[LocalRecord, ...]
    hosts: tuple[Path, ...]
    leases: tuple[Path, ...]
    domain: bytes
    ttl: int


@dataclass(frozen=True, slots=True)
class BlockList:
    """A list of names and what becomes of them.

    Attributes:
        name: unique among the lists; fit for a file name.
        file: where it is, or None.
        url: where it is fetched from, or None; exactly one of the two is given.
        format: ``auto``, ``hosts`` or ``domains``.
        action: ``nxdomain``, ``null``, ``refuse`` or ``allow``.
        refresh_s: seconds after which a URL is fetched again.
    """

    name: str
    file: Path | None
    url: str | None
    format: str
    action: str
    refresh_s: float


@dataclass(frozen=True, slots=True)
class Forward:
    """A zone for which certain servers are asked.

    Attributes:
        zone: in canonical form; the root for every name.
        servers: addresses as text, at least one.
        stub: they are the zone's own name servers and are not asked to recurse.
        transport: ``udp``, ``tcp`` or ``tls``.
        port: 1..65535.
        server_name: in their certificate, as text without last dot; empty to accept any.
    """

    zone: bytes
    servers: tuple[str, ...]
    stub: bool
    transport: str
    port: int
    server_name: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What is different for some clients; the first policy that fits counts.

    Attributes:
        clients: in the words of ``Authority.allow``.
        block: names of the block lists that count.
        suppress: RR types that no name has.
        forward: zones for which other servers are asked; no zone twice.
    """

    clients: tuple[str, ...]
    block: tuple[str, ...]
    suppress: tuple[int, ...]
    forward: tuple[Forward, ...]


@dataclass(frozen=True, slots=True)
class Validation:
    """What DNSSEC validation begins with.

    Attributes:
        anchors: name of a zone, in canonical form → DS records of its keys; nothing is
            validated without any.
        file: where they stand; None for those that come with the program, and for none.
        follow: anchors follow the keys of their zones.
        key_tag_query: the root is told which of its keys are trusted.
        sentinel: clients may ask which keys of the root are trusted.
        fixed_time: Unix seconds at which signatures must hold; None for the present.
        negative: names, in canonical form, at and below which nothing is validated, each
            with the Unix seconds until which that lasts; no name twice.
    """

    anchors: dict[bytes, tuple[Ds, ...]]
    file: Path | None
    follow: bool
    key_tag_query: bool
    sentinel: bool
    fixed_time: int | None
    negative: tuple[tuple[bytes, int], ...]


@dataclass(frozen=True, slots=True)
class Resolver:
    """Looking up names of other people's zones.

    Attributes:
        enabled: names are looked up.
        allow: for whom, in the words of ``Authority.allow``.
        root_hints: a master file; None for those that come with the program.
        upstream_port: where name servers are asked.
        qname_minimization: ``relaxed``, ``strict`` or ``off``.
        case_randomization: names are asked for in random letter case.
        validation: of what is signed.
        query_local_addresses: name servers on loopback and private addresses are asked.
        ipv6: name servers are reached over IPv6.
        edns_size: octets of the largest UDP reply that is taken.
        priming: the root is asked for its own servers first.
        local_zones: the built-in zones are answered here.
        empty_zones: more zones that are answered here and empty, in canonical form.
        minimal_answers: what was not asked for is left out.
        cache_only: clients that do not ask for recursion may read the cache.
        upstream_cookies: DNS cookies are sent to name servers.
        private_addresses: protection against DNS rebinding.
        aggressive_nsec: denials of signed zones answer for all names they prove.
        serve_stale: expired answers are given when fresh ones cannot be had.
        local: names of the operator's machines.
        block: block lists, in the order of the file.
        policies: what is different for some clients.
        prefetch: hot names are refreshed before they expire.
        limits: every budget.
        tls_trust: PEM file of authorities that certificates of named servers must lead
            to; None for those of the system.
        forward: zones for which certain servers are asked; no zone twice.
    """

    enabled: bool
    allow: tuple[str, ...]
    root_hints: Path | None
    upstream_port: int
    qname_minimization: str
    case_randomization: bool
    validation: Validation
    query_local_addresses: bool
    ipv6: bool
    edns_size: int
    priming: bool
    local_zones: bool
    empty_zones: tuple[bytes, ...]
    minimal_answers: bool
    cache_only: bool
    upstream_cookies: bool
    private_addresses: PrivateAddresses
    aggressive_nsec: bool
    serve_stale: bool
    local: Local
    block: tuple[BlockList, ...]
    policies: tuple[Policy, ...]
    prefetch: bool
    limits: ResolverLimits
    tls_trust: Path | None
    forward: tuple[Forward, ...]


@dataclass(frozen=True, slots=True)
class Cache:
    """What was learned of other people's zones.

    Attributes:
        size_octets: of the store; without one, of the memory of all workers at most.
        min_ttl_s: whole seconds for which anything is kept at least.
        max_ttl_s: whole seconds for which anything is kept at most.
    """

    size_octets: int
    min_ttl_s: int
    max_ttl_s: int
