"""``resolver.limits:`` as it is written: every budget of the resolver."""

from __future__ import annotations

from typing import Annotated

from dnsd.config.kinds import Duration, Share, Size, WholeNumber
from dnsd.config.section import Section, key


class WrittenResolverLimits(Section):
    """Every budget of the resolver. Numbers count for each worker."""

    query_packets: Annotated[int, WholeNumber("1", "1000")] = key(
        "Packets sent to servers for one client query, all that it causes included.",
        "100",
        example=50,
    )
    query_octets: Annotated[int, Size("512", "64MiB")] = key(
        "Octets received for one client query.", "256KiB", example="64KiB"
    )
    query_time: Annotated[float, Duration("100ms", "1m")] = key(
        "Time after which a client query is given up.", "8s", example="5s"
    )
    query_work: Annotated[int, WholeNumber("100", "1000000")] = key(
        "Work units of one client query; a packet is 100.", "20000", example=10000
    )
    query_rrsets: Annotated[int, WholeNumber("1", "10000")] = key(
        "RRsets that one client query may add to the cache.", "40", example=100
    )
    zone_packets: Annotated[int, WholeNumber("1", "1000")] = key(
        "Packets sent to the servers of one zone for one name and type.", "12", example=20
    )
    server_tries: Annotated[int, WholeNumber("1", "10")] = key(
        "Packets sent to one server by one transport for one name and type (RFC 9520).",
        "3",
        example=2,
    )
    referrals: Annotated[int, WholeNumber("1", "1000")] = key(
        "Referrals followed for one name and type.", "40", example=20
    )
    depth: Annotated[int, WholeNumber("1", "16")] = key(
        "Look-ups of name servers' addresses inside one another.", "7", example=4
    )
    delegation_names: Annotated[int, WholeNumber("1", "100")] = key(
        "Name servers kept of a zone.", "13", example=26
    )
    name_addresses: Annotated[int, WholeNumber("1", "100")] = key(
        "Addresses kept of one name server.", "6", example=4
    )
    delegation_addresses: Annotated[int, WholeNumber("1", "1000")] = key(
        "Addresses kept of all name servers of a zone.", "26", example=13
    )
    delegation_name_fetches: Annotated[int, WholeNumber("1", "100")] = key(
        "Name servers of one zone whose addresses are looked up.", "8", example=4
    )
    query_name_fetches: Annotated[int, WholeNumber("1", "1000")] = key(
        "The same for one client query.", "16", example=8
    )
    failed_names: Annotated[int, WholeNumber("1", "100")] = key(
        "Name servers that turn out to have no address before a zone is given up.",
        "5",
        example=3,
    )
    alias_links: Annotated[int, WholeNumber("1", "100")] = key(
        "CNAME and DNAME records followed.", "11", example=8
    )
    minimised_steps: Annotated[int, WholeNumber("1", "127")] = key(
        "Queries with a shortened name for one name and type (RFC 9156 §2.3).", "10", example=6
    )
    single_label_steps: Annotated[int, WholeNumber("0", "127")] = key(
        "How many of these add only one label; at most minimised_steps.", "4", example=2
    )
    recursions: Annotated[int, WholeNumber("1", "100000")] = key(
        "Client queries that wait for servers.", "1000", example=5000
    )
    shed_after: Annotated[float, Duration("0s", "1m")] = key(
        "Age from which half of them may be given up for newer ones.", "200ms", example="1s"
    )
    fetch_clients: Annotated[int, WholeNumber("1", "100000")] = key(
        "Queries that wait for one name and type.", "100", example=500
    )
    zone_in_flight: Annotated[int, WholeNumber("1", "100000")] = key(
        "Names and types being asked of the servers of one zone.", "200", example=1000
    )
    server_in_flight: Annotated[int, WholeNumber("1", "100000")] = key(
        "Queries in flight to one server.", "200", example=1000
    )
    udp_timeout_first: Annotated[float, Duration("1ms", "10s")] = key(
        "Wait for the first answer of a server over UDP; at most udp_timeout_max.",
        "400ms",
        example="1s",
    )
    udp_timeout_max: Annotated[float, Duration("1ms", "1m")] = key(
        "Longest wait for an answer over UDP.", "3s", example="1s"
    )
    tcp_timeout: Annotated[float, Duration("1ms", "1m")] = key(
        "Wait for an answer over TCP or TLS, with connecting.", "3s", example="5s"
    )
    server_hold: Annotated[float, Duration("0s", "1h")] = key(
        "Longest time that a dead server is left alone.", "1m", example="10s"
    )
    failure_ttl: Annotated[float, Duration("1s", "5m")] = key(
        "First time that a failure is remembered; it doubles (RFC 9520); at most failure_ttl_max.",
        "5s",
        example="1s",
    )
    failure_ttl_max: Annotated[float, Duration("1s", "5m")] = key(
        "Longest time that a failure is remembered.", "5m", example="30s"
    )
    rrset_records: Annotated[int, WholeNumber("1", "10000")] = key(
        "Records of an RRset that is kept.", "100", example=500
    )
    rrset_octets: Annotated[int, Size("64", "60KiB")] = key(
        "Octets of an RRset that is kept.", "8KiB", example="32KiB"
    )
    name_types: Annotated[int, WholeNumber("1", "1000")] = key(
        "Types kept at one name.", "100", example=50
    )
    server_table: Annotated[int, WholeNumber("16", "10000000")] = key(
        "Server addresses remembered.", "20000", example=5000
    )
    failure_table: Annotated[int, WholeNumber("16", "10000000")] = key(
        "Names and types remembered that could not be resolved.", "20000", example=5000
    )
    outgoing_tcp: Annotated[int, WholeNumber("1", "10000")] = key(
        "Connections to servers.", "64", example=200
    )
    tcp_reuse: Annotated[float, Duration("0s", "10m")] = key(
        "Time that an idle connection to a server is kept.", "30s", example="10s"
    )
    tcp_reuse_queries: Annotated[int, WholeNumber("1", "100000")] = key(
        "Queries sent over one connection to a server.", "100", example=1000
    )
    stale_age: Annotated[float, Duration("1s", "7d")] = key(
        "Age up to which an expired answer may be given.", "1d", example="1h"
    )
    stale_ttl: Annotated[float, Duration("1s", "1h")] = key(
        "TTL of an expired answer (RFC 8767 §4).", "30s", example="10s"
    )
    stale_wait: Annotated[float, Duration("0s", "10s")] = key(
        "A client's wait before it gets an expired answer.", "1.8s", example="500ms"
    )
    stale_recheck: Annotated[float, Duration("1s", "1h")] = key(
        "Time between attempts to refresh an expired answer.", "30s", example="10s"
    )
    prefetch_share: Annotated[float, Share("0%", "100%")] = key(
        "Share of all look-ups that may be for names about to expire.", "10%", example="5%"
    )
    client_misses: Annotated[int, WholeNumber("0", "1000000")] = key(
        "Questions a second of one client that must be looked up; 0 is no limit. All"
        " workers share it.",
        "200",
        example=1000,
    )
    client_misses_burst: Annotated[int, WholeNumber("1", "1000000")] = key(
        "How many of these may come at once.", "400", example=2000
    )
    waiting_answers: Annotated[int, WholeNumber("1", "100000")] = key(
        "Answers that one client may wait for over UDP without a cookie.", "100", example=50
    )
    waiting_answers_proven: Annotated[int, WholeNumber("1", "100000")] = key(
        "The same with a cookie, or over TCP.", "1000", example=500
    )
    late_answer: Annotated[float, Duration("100ms", "1m")] = key(
        "Age from which an answer is not sent to a client over UDP that waits for many.",
        "1.9s",
        example="1s",
    )
