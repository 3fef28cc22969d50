"""``limits:`` as it is written: every budget of the server but the resolver's own."""

from __future__ import annotations

from typing import Annotated

from dnsd.config.kinds import Duration, Size, WholeNumber
from dnsd.config.section import Section, key


class WrittenLimits(Section):
    """Every budget of the server. Numbers count for each worker."""

    edns_size: Annotated[int, WholeNumber("512", "4096")] = key(
        "Octets of the largest UDP reply.", "1232", example=1400
    )
    datagrams_per_turn: Annotated[int, WholeNumber("1", "1024")] = key(
        "Datagrams read from one socket before the others get their turn.", "64", example=128
    )
    formerr_rate: Annotated[int, WholeNumber("0", "1000")] = key(
        "Malformed queries a second that one client network gets an answer to; 0 is no limit.",
        "1",
        example=5,
    )
    chaos_rate: Annotated[int, WholeNumber("0", "1000")] = key(
        "Questions a second for the server's identity that one client network gets an answer to;"
        " 0 is no limit.",
        "3",
        example=10,
    )
    rate_table: Annotated[int, WholeNumber("16", "10000000")] = key(
        "Places in each row of the table of rates, 8 octets each, rounded up to a power of two.",
        "65536",
        example=1048576,
    )
    view_table: Annotated[int, WholeNumber("16", "10000000")] = key(
        "Clients whose permission is remembered, about 200 octets each.", "32768", example=5000
    )
    answer_cache_entries: Annotated[int, WholeNumber("16", "10000000")] = key(
        "Ready answers kept, about 250 octets each.", "65536", example=10000
    )
    answer_cache_aliases: Annotated[int, WholeNumber("16", "10000000")] = key(
        "Spellings of queries that lead straight to a ready answer, about 350 octets each.",
        "65536",
        example=10000,
    )
    tcp_clients: Annotated[int, WholeNumber("1", "100000")] = key(
        "Open TCP connections.", "500", example=2000
    )
    tcp_clients_per_net: Annotated[int, WholeNumber("1", "100000")] = key(
        "Open TCP connections of one IPv4 address or IPv6 /56 network.", "20", example=50
    )
    tcp_first_message: Annotated[float, Duration("10ms", "5m")] = key(
        "Time from connecting until the first query is complete.", "3s", example="10s"
    )
    tcp_whole_message: Annotated[float, Duration("10ms", "5m")] = key(
        "Time from the first octet of a query until it is complete.", "2s", example="5s"
    )
    tcp_idle: Annotated[float, Duration("10ms", "1h")] = key(
        "Time a connection may be silent.", "10s", example="30s"
    )
    tcp_idle_busy: Annotated[float, Duration("10ms", "1h")] = key(
        "The same while half of all connections are taken; at most tcp_idle.", "1s", example="5s"
    )
    tcp_idle_full: Annotated[float, Duration("10ms", "1h")] = key(
        "The same while four fifths of them are taken; at most tcp_idle_busy.",
        "200ms",
        example="1s",
    )
    tcp_in_flight: Annotated[int, WholeNumber("1", "10000")] = key(
        "Queries of one connection that may wait for their answers.", "32", example=100
    )
    tcp_unsent: Annotated[int, Size("1KiB", "64MiB")] = key(
        "Replies a client has not read yet before no more of its queries are read.",
        "64KiB",
        example="256KiB",
    )
    tcp_unsent_time: Annotated[float, Duration("10ms", "5m")] = key(
        "Time after which a client that reads nothing is disconnected.", "5s", example="20s"
    )
    tls_handshake: Annotated[float, Duration("10ms", "1m")] = key(
        "Time for the handshake of a TLS connection.", "5s", example="10s"
    )
    tls_handshakes: Annotated[int, WholeNumber("1", "10000")] = key(
        "TLS handshakes a second of one client network.", "20", example=100
    )
    doh_clients: Annotated[int, WholeNumber("1", "100000")] = key(
        "Open connections of DNS over HTTPS.", "200", example=1000
    )
    doh_streams: Annotated[int, WholeNumber("1", "1000")] = key(
        "Requests of one such connection that may wait for their answers.", "100", example=32
    )
    doh_resets: Annotated[int, WholeNumber("1", "100000")] = key(
        "Requests a second that one such connection may break off.", "200", example=50
    )
    doh_body: Annotated[int, Size("512", "65535")] = key(
        "Octets of the largest query over HTTPS.", "65535", example="4KiB"
    )
    doh_headers: Annotated[int, Size("1KiB", "64KiB")] = key(
        "Octets of the headers of one request.", "16KiB", example="8KiB"
    )
    zone_store_size: Annotated[int, Size("1MiB", "1TiB")] = key(
        "Address space set aside for compiled zones; disk is used only as needed.",
        "64GiB",
        example="1GiB",
    )
    compile_memory: Annotated[int, Size("64MiB", "64GiB")] = key(
        "Memory of the process that compiles zones.", "1GiB", example="4GiB"
    )
    compile_time: Annotated[float, Duration("1s", "1d")] = key(
        "Processor time for compiling zones, for each 100,000 records; by the clock it may"
        " take four times as long.",
        "30s",
        example="2m",
    )
    local_file_size: Annotated[int, Size("1KiB", "64MiB")] = key(
        "Size of a hosts or lease file.", "1MiB", example="64KiB"
    )
    local_names: Annotated[int, WholeNumber("1", "1000000")] = key(
        "Names taken from one hosts or lease file, which every process reads.",
        "10000",
        example=1000,
    )
    block_list_size: Annotated[int, Size("1KiB", "1GiB")] = key(
        "Size of one block list.", "64MiB", example="16MiB"
    )
    block_list_names: Annotated[int, WholeNumber("1", "100000000")] = key(
        "Names taken from one block list.", "5000000", example=100000
    )
    block_list_time: Annotated[float, Duration("1s", "1h")] = key(
        "Time for fetching one block list.", "2m", example="30s"
    )
    block_store_size: Annotated[int, Size("1MiB", "1TiB")] = key(
        "Disk for compiled block lists.", "2GiB", example="256MiB"
    )
    watch_delay: Annotated[float, Duration("1ms", "1m")] = key(
        "Time without changes to wait for before changed zone files are read.",
        "100ms",
        example="2s",
    )
    http_connections: Annotated[int, WholeNumber("1", "10000")] = key(
        "Connections to the control socket and the metrics address.", "64", example=16
    )
    http_connections_per_client: Annotated[int, WholeNumber("1", "10000")] = key(
        "Those of one address.", "16", example=4
    )
    http_body: Annotated[int, Size("1KiB", "64MiB")] = key(
        "Size of the largest request to the control socket.", "1MiB", example="64KiB"
    )
    log_rate: Annotated[int, WholeNumber("1", "100000")] = key(
        "Lines a second for one kind of event; the rest is counted.", "100", example=10
    )
    worker_silence: Annotated[float, Duration("100ms", "1h")] = key(
        "Time without a sign of life after which a process is replaced.", "5s", example="30s"
    )
    restart_delay: Annotated[float, Duration("10ms", "1m")] = key(
        "Wait before a crashed process is started again, doubled each time.",
        "100ms",
        example="1s",
    )
    restart_delay_max: Annotated[float, Duration("10ms", "1h")] = key(
        "The longest such wait.", "30s", example="5m"
    )
    drain: Annotated[float, Duration("0s", "5m")] = key(
        "Time that open connections get to finish when the server stops.", "5s", example="1s"
    )
    stop: Annotated[float, Duration("100ms", "10m")] = key(
        "Time after which a process that does not stop is killed.", "30s", example="10s"
    )
