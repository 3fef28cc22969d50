"""Options of the resolver: every budget by its name, as in ``resolver.limits``."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ResolverLimits:
    """Every budget of the resolver; of one worker unless said.

    Attributes:
        query_packets: packets sent upstream for one client query, never reset.
        query_octets: octets received for one client query.
        query_time_s: seconds until a client query is given up.
        query_work: work units of one client query: an exchange is 100.
        query_rrsets: RRsets that one client query may add to the cache.
        zone_packets: packets sent to the servers of one zone cut for one fetch.
        server_tries: packets to one server address by one transport for one fetch.
        referrals: referrals followed by one fetch.
        depth: look-ups of name server addresses inside one another.
        delegation_names: name servers kept of a referral.
        name_addresses: addresses kept of one name server.
        delegation_addresses: addresses kept of a referral in all.
        delegation_name_fetches: name servers without address looked up for one cut.
        query_name_fetches: the same for one client query.
        failed_names: name servers without address that turn out to have none,
            before a cut is given up.
        alias_links: CNAME and DNAME records followed.
        minimised_steps: queries with a shortened name for one fetch (RFC 9156 §2.3).
        single_label_steps: how many of these add only one label.
        recursions: client queries that wait for upstream answers.
        shed_after_s: age from which half of them may be given up for newer ones.
        fetch_clients: tasks that wait for one fetch.
        zone_in_flight: fetches in flight at the servers of one zone cut.
        server_in_flight: exchanges in flight with one server address.
        udp_timeout_first_s: wait for an unknown server's first answer.
        udp_timeout_max_s: longest wait for an answer over UDP.
        tcp_timeout_s: wait for an answer over TCP or TLS, from connecting on.
        server_hold_s: longest time that a dead server is left alone.
        failure_ttl_s: first time that a failure is remembered; it doubles.
        failure_ttl_max_s: longest time that a failure is remembered.
        rrset_records: records of an RRset that is kept.
        rrset_octets: octets of an RRset that is kept.
        name_types: types kept at one name.
        server_table: server addresses remembered.
        failure_table: questions remembered that could not be resolved.
        outgoing_tcp: connections to servers.
        tcp_reuse_s: time that an idle connection to a server is kept.
        tcp_reuse_queries: queries sent over one connection to a server.
        stale_age_s: age up to which an expired answer may be given.
        stale_ttl_s: TTL of an expired answer.
        stale_wait_s: a client's wait before it gets an expired answer.
        stale_recheck_s: time between attempts to refresh an expired answer.
        prefetch_share: share of all fetches that may be prefetches.
        client_misses: questions a second of one client that the cache cannot
            answer; 0 for no limit. All workers share it.
        client_misses_burst: how many of these may come at once.
        waiting_answers: answers waited for by one client that may be forged.
        waiting_answers_proven: the same for one with a cookie, or over a stream.
        late_answer_s: age from which an answer is not sent to a client over UDP for
            which many wait.
    """

    query_packets: int = 100
    query_octets: int = 262_144
    query_time_s: float = 8.0
    query_work: int = 20_000
    query_rrsets: int = 40
    zone_packets: int = 12
    server_tries: int = 3
    referrals: int = 40
    depth: int = 7
    delegation_names: int = 13
    name_addresses: int = 6
    delegation_addresses: int = 26
    delegation_name_fetches: int = 8
    query_name_fetches: int = 16
    failed_names: int = 5
    alias_links: int = 11
    minimised_steps: int = 10
    single_label_steps: int = 4
    recursions: int = 1000
    shed_after_s: float = 0.2
    fetch_clients: int = 100
    zone_in_flight: int = 200
    server_in_flight: int = 200
    udp_timeout_first_s: float = 0.4
    udp_timeout_max_s: float = 3.0
    tcp_timeout_s: float = 3.0
    server_hold_s: float = 60.0
    failure_ttl_s: float = 5.0
    failure_ttl_max_s: float = 300.0
    rrset_records: int = 100
    rrset_octets: int = 8192
    name_types: int = 100
    server_table: int = 20_000
    failure_table: int = 20_000
    outgoing_tcp: int = 64
    tcp_reuse_s: float = 30.0
    tcp_reuse_queries: int = 100
    stale_age_s: float = 86_400.0
    stale_ttl_s: int = 30
    stale_wait_s: float = 1.8
    stale_recheck_s: float = 30.0
    prefetch_share: float = 0.1
    client_misses: int = 200
    client_misses_burst: int = 400
    waiting_answers: int = 100
    waiting_answers_proven: int = 1000
    late_answer_s: float = 1.9


@dataclass(frozen=True, slots=True)
class ResolverOptions:
    """How the resolver works.

    Attributes:
        port: where name servers are asked; not 53 only in tests and the lab.
        minimisation: ``relaxed``, ``strict`` or ``off`` (RFC 9156).
        case_randomization: spell QNAMEs in random letter case.
        edns_size: octets of the largest UDP reply we take.
        cookies: send DNS cookies to servers.
        ipv4: name servers are reached over IPv4.
        ipv6: name servers are reached over IPv6.
        query_local_addresses: ask name servers on loopback and private addresses.
        priming: ask the root for its own servers before anything else (RFC 9609).
        serve_stale: give expired answers when fresh ones cannot be had (RFC 8767).
        prefetch: refresh hot names before they expire.
        min_ttl: seconds; lower TTLs are raised to it.
        max_ttl: seconds; higher TTLs are lowered to it.
        negative_ttl_max: seconds; longest time that a denial is kept.
        delegation_ttl_min: seconds; shortest time that a delegation is kept.
        limits: budgets.
    """

    port: int = 53
    minimisation: str = "relaxed"
    case_randomization: bool = True
    edns_size: int = 1232
    cookies: bool = True
    ipv4: bool = True
    ipv6: bool = False
    query_local_addresses: bool = False
    priming: bool = True
    serve_stale: bool = True
    prefetch: bool = True
    min_ttl: int = 1
    max_ttl: int = 86_400
    negative_ttl_max: int = 3_600
    delegation_ttl_min: int = 30
    limits: ResolverLimits = field(default_factory=ResolverLimits)
