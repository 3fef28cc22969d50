"""The one table of every metric: name, labels, help, and where its slots are.

Whoever counts binds the slot once and adds to the row of its process:

    hits = metrics.ANSWER_CACHE_HITS.slot()
    row[hits] += 1

The hottest counts share a block, one slot for each transport, type class, rcode
class and zone set, so that a query costs one addition; several metrics are sums
over that block.

Names are ``dnsd_<package>_<noun>_<unit>``, counters end in ``_total``; what
concerns no single package has no package in its name. This module is long because
it is one table.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from dnsd.observe.limits import LIMITS, MAX_LIMITS, UNREGISTERED
from dnsd.observe.page import Role, SlotPage
from dnsd.observe.table import Kind, Metric, Table
from dnsd.query.request import FOUND, Transport, ZoneSet
from dnsd.resolver.commands import Result
from dnsd.resolver.commands import Transport as ServerTransport
from dnsd.resolver.outcome import BOGUS_REASONS, STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable

TABLE: Final = Table()


def new_page(rows: int, sockets: int = 0) -> SlotPage:
    """Make the page that this table lays out; see `SlotPage`."""
    return SlotPage(rows, TABLE.width, sockets)


def enter_row(page: SlotPage, index: int, pid: int, role: Role, wall_now: int) -> memoryview:
    """Give a row to a process: its counters stay, the gauges in it start at zero.

    Args:
        page: the shared page.
        index: a row that no other process is in.
        pid: the process.
        role: what it does.
        wall_now: Unix time, seconds.

    Returns:
        The row.
    """
    row = page.row(index)
    for metric in TABLE.metrics.values():
        if isinstance(metric, Metric) and metric.kind is Kind.GAUGE:
            for (slot,) in metric.series.values():
                row[slot] = 0
    row[PROCESSES.slot(role.name.lower())] = 1
    page.facts(index).claim(pid, role, wall_now)
    return row


# --- the block of hot counts ------------------------------------------------------

TRANSPORTS: Final = tuple(transport.label for transport in Transport)

STREAM_TRANSPORTS: Final = TRANSPORTS[1:]

TYPE_CLASSES: Final = (
    "A", "AAAA", "NS", "SOA", "PTR", "MX", "TXT", "SRV", "HTTPS", "DNSSEC", "ANY", "other",
)  # fmt: skip
_OTHER_TYPE: Final = TYPE_CLASSES.index("other")
_DNSSEC_TYPES = (43, 46, 47, 48, 50, 51, 59, 60)  # DS to CDNSKEY
_TYPE_CLASS: Final[dict[int, int]] = {
    number: TYPE_CLASSES.index(name)
    for name, numbers in (
        ("A", (1,)), ("AAAA", (28,)), ("NS", (2,)), ("SOA", (6,)), ("PTR", (12,)), ("MX", (15,)),
        ("TXT", (16,)), ("SRV", (33,)), ("HTTPS", (64, 65)), ("DNSSEC", _DNSSEC_TYPES),
        ("ANY", (255,)),
    )
    for number in numbers
}  # fmt: skip

RCODE_CLASSES: Final = (
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "NOTAUTH",
    "BADVERS", "BADCOOKIE", "other",
)  # fmt: skip
_OTHER_RCODE: Final = RCODE_CLASSES.index("other")
_RCODE_CLASS: Final[dict[int, int]] = {
    **{number: number for number in range(7)},
    9: RCODE_CLASSES.index("NOTAUTH"),
    16: RCODE_CLASSES.index("BADVERS"),
    23: RCODE_CLASSES.index("BADCOOKIE"),
}


# Strides are powers of two: slot = first | transport << 10 | type << 6 | rcode << 2 | zone set.
_HOT_WIDTH: Final = len(TRANSPORTS) << 10
_HOT_FIRST: Final = TABLE.reserve(_HOT_WIDTH)


def hot_slot(transport: int, qtype: int, rcode: int, zone_set: int) -> int:
    """Return the slot that counts a query of this kind with this outcome.

    Args:
        transport: number of the transport, an index of `TRANSPORTS`.
        qtype: type asked for, 0..65535.
        rcode: extended rcode of the response.
        zone_set: a `ZoneSet`.
    """
    type_class = _TYPE_CLASS.get(qtype, _OTHER_TYPE)
    rcode_class = _RCODE_CLASS.get(rcode, _OTHER_RCODE)
    return _HOT_FIRST + (transport << 10 | type_class << 6 | rcode_class << 2 | zone_set)


def _hot_parts() -> Iterable[tuple[str, str, str, str, int]]:
    """List transport, type class, rcode class, zone set and slot of the block."""
    for (t, transport), (y, rrtype), (r, rcode), zones in itertools.product(
        enumerate(TRANSPORTS), enumerate(TYPE_CLASSES), enumerate(RCODE_CLASSES), ZoneSet
    ):
        slot = _HOT_FIRST + (t << 10 | y << 6 | r << 2 | zones)
        yield transport, rrtype, rcode, zones.name.lower(), slot


# --- query ------------------------------------------------------------------------

QUERIES: Final = TABLE.total(
    "dnsd_query_queries_total",
    "Queries that got a response, by transport and type class; other: also those not readable.",
    ("transport", "type"),
    (((transport, rrtype), slot) for transport, rrtype, _, _, slot in _hot_parts()),
)
RESPONSES: Final = TABLE.total(
    "dnsd_query_responses_total",
    "Responses sent, by transport and rcode.",
    ("transport", "rcode"),
    (((transport, rcode), slot) for transport, _, rcode, _, slot in _hot_parts()),
)
ZONE_SET_RESPONSES: Final = TABLE.total(
    "dnsd_query_zone_set_responses_total",
    "Responses sent, by the kind of zone they came from and rcode.",
    ("zone_set", "rcode"),
    (((zones, rcode), slot) for _, _, rcode, zones, slot in _hot_parts()),
)
LATENCY: Final = TABLE.histogram(
    "dnsd_query_latency_seconds",
    "Time from reading a query to handing its response to the kernel, by use of the answer cache.",
    {"cache": ("hit", "miss")},
    bounds=22,  # 1 µs to 2 s
    resolution=1e-6,
)
TRUNCATED: Final = TABLE.counter(
    "dnsd_query_truncated_responses_total",
    "Responses sent with the TC bit, those of rate limiting left out.",
    {"transport": TRANSPORTS},
)
FAULTS: Final = TABLE.counter(
    "dnsd_query_faults_total",
    "Queries answered SERVFAIL because the program raised an exception.",
)
ANSWER_CACHE_HITS: Final = TABLE.counter(
    "dnsd_query_answer_cache_hits_total", "Queries answered from the answer cache."
)
ANSWER_CACHE_MISSES: Final = TABLE.counter(
    "dnsd_query_answer_cache_misses_total",
    "Queries looked for in the answer cache and not found there or out of date.",
)
ANSWER_CACHE_ENTRIES: Final = TABLE.gauge(
    "dnsd_query_answer_cache_entries", "Replies in the answer caches of all processes."
)

# --- net --------------------------------------------------------------------------

DATAGRAMS_RECEIVED: Final = TABLE.counter(
    "dnsd_net_datagrams_received_total", "Datagrams read from listening sockets."
)
DATAGRAM_BATCHES: Final = TABLE.counter(
    "dnsd_net_datagram_batches_total", "Times that a batch of datagrams was read from a socket."
)
DROP_REASONS: Final = (
    "response",  # QR is set
    "source_port",  # source port 0
    "malformed",  # not even a header, or no FORMERR is due
    "send_buffer",  # the kernel had no room for the response
    "send_failed",  # or would not send it
    "quarantine",  # the request killed two processes
    "crowded",  # too many wait for the resolver
    "late",  # the answer came too late for a client that waits for many
    "other",
)
DATAGRAMS_DROPPED: Final = TABLE.counter(
    "dnsd_net_datagrams_dropped_total",
    "Datagrams that got no response or whose response was lost here, by reason.",
    {"reason": DROP_REASONS},
)
DATAGRAMS_OVERFLOWED: Final = TABLE.reading(
    "dnsd_net_receive_buffer_drops_total",
    "Datagrams that the kernel dropped because they came faster than they were read.",
    (),
    at_most=1,
    kind=Kind.COUNTER,
)
TCP_CONNECTIONS: Final = TABLE.gauge(
    "dnsd_net_tcp_connections",
    "TCP connections of DNS clients that are open, by transport.",
    {"transport": STREAM_TRANSPORTS},
)
TCP_CONNECTIONS_OPENED: Final = TABLE.counter(
    "dnsd_net_tcp_connections_opened_total",
    "TCP connections of DNS clients accepted, by transport.",
    {"transport": STREAM_TRANSPORTS},
)
TLS_HANDSHAKES: Final = TABLE.counter(
    "dnsd_net_tls_handshakes_total",
    "TLS handshakes of DNS clients, by transport and how they ended.",
    {"transport": STREAM_TRANSPORTS[1:], "result": ("full", "resumed", "failed")},
)

# --- resolver ---------------------------------------------------------------------

SERVER_TRANSPORTS: Final = tuple(transport.name.lower() for transport in ServerTransport)
EXCHANGES: Final = TABLE.counter(
    "dnsd_resolver_exchanges_total",
    "Queries sent to name servers, by transport and how each ended.",
    {"transport": SERVER_TRANSPORTS, "result": tuple(result.name.lower() for result in Result)},
)
EXCHANGE_LATENCY: Final = TABLE.histogram(
    "dnsd_resolver_exchange_latency_seconds",
    "Time from sending a query to a name server to receiving the reply, by transport.",
    {"transport": SERVER_TRANSPORTS},
    bounds=13,  # 0.5 ms to 2 s
    resolution=0.0005,
)
NEAR_MISSES: Final = TABLE.counter(
    "dnsd_resolver_near_misses_total",
    "Replies with a wrong ID that came from the server asked; somebody may be guessing.",
)
DISCARD_REASONS: Final = (
    "not_the_reply",  # malformed, or of another question
    "letter_case",  # its question is spelled in other letter case
    "other_sender",  # came from another address in the moment before we connect
)
DISCARDED_DATAGRAMS: Final = TABLE.counter(
    "dnsd_resolver_discarded_datagrams_total",
    "Datagrams from name servers that were not taken for the reply, by reason.",
    {"reason": DISCARD_REASONS},
)
SERVER_CONNECTIONS: Final = TABLE.gauge(
    "dnsd_resolver_tcp_connections", "Connections to name servers, those being made included."
)

LOCAL_SOURCES: Final = ("names", "hosts", "lease", "special", "block", "suppressed")
LOCAL_ANSWERS: Final = TABLE.counter(
    "dnsd_resolver_local_answers_total",
    "Names that were answered without asking anybody, by what answered.",
    {"source": LOCAL_SOURCES},
)
LOCAL_NAMES: Final = TABLE.gauge(
    "dnsd_resolver_local_names", "Local names with their PTR records, in each process."
)

# --- resolver: what is kept ---------------------------------------------------------

CACHE_KINDS: Final = ("data", "nodata", "nxdomain", "cut")
CACHE_ENTRIES: Final = TABLE.gauge(
    "dnsd_resolver_cache_entries",
    "What the resolver's cache holds, by kind; cut: zone cuts.",
    {"kind": CACHE_KINDS},
)
CACHE_OCTETS: Final = TABLE.gauge(
    "dnsd_resolver_cache_bytes",
    "Octets of what the resolver's cache holds, by kind, names left out in the file.",
    {"kind": CACHE_KINDS},
)
CACHE_FILLED: Final = TABLE.gauge(
    "dnsd_resolver_cache_filled_bytes",
    "Octets of the resolver's cache in use, with the room that is lost between entries.",
)
CACHE_MOST_OCTETS: Final = TABLE.gauge(
    "dnsd_resolver_cache_limit_bytes", "Octets of the resolver's cache that may be in use."
)
CACHE_MOST_ENTRIES: Final = TABLE.gauge(
    "dnsd_resolver_cache_limit_entries", "Entries that the resolver's cache may hold."
)
CACHES_IN_MEMORY: Final = TABLE.gauge(
    "dnsd_resolver_caches_in_memory",
    "Processes that resolve and keep what they learn to themselves, for want of the file.",
)
CACHE_ERRORS: Final = TABLE.counter(
    "dnsd_resolver_cache_errors_total",
    "Errors of the file of the resolver's cache; what was in question is looked up anew.",
)

# --- resolver: what clients get ----------------------------------------------------

RESOLVER_ANSWERS: Final = TABLE.counter(
    "dnsd_resolver_answers_total",
    "Answers of the resolver that the answer cache did not have, by how they were found.",
    {"found": FOUND},
)
RESOLVER_VALIDATION: Final = TABLE.counter(
    "dnsd_resolver_validation_total",
    "Answers of the resolver that the answer cache did not have, by what validation found.",
    {"status": (*STATUSES, "bogus")},
)
RESOLVER_BOGUS: Final = TABLE.counter(
    "dnsd_resolver_bogus_total",
    "Answers withheld as bogus, by the reason (RFC 8914); other: keys could not be had.",
    {"reason": BOGUS_REASONS},
)
RESOLVER_CLOCK_SUSPECT: Final = TABLE.gauge(
    "dnsd_resolver_clock_suspect",
    "Processes whose clock may be wrong: signatures near the root fail for the time alone.",
)
RESOLVER_DISBELIEVED: Final = TABLE.counter(
    "dnsd_resolver_disbelieved_record_sets_total",
    "Record sets in replies that their server had no authority to send; none was kept.",
)
RESOLVER_LATENCY: Final = TABLE.histogram(
    "dnsd_resolver_latency_seconds",
    "Time from reading a query to the resolver's answer, by whether something was asked for it.",
    {"cache": ("hit", "miss")},
    bounds=14,  # 1 ms to 8 s
    resolution=0.001,
)

# --- authority --------------------------------------------------------------------

ZONES: Final = TABLE.gauge(
    "dnsd_authority_zones",
    "Zones served, by where they come from.",
    {"zone_set": ("file", "generated")},
)
ZONE_RECORDS: Final = TABLE.gauge("dnsd_authority_records", "Records of all zones served.")
ZONES_KEPT: Final = TABLE.gauge(
    "dnsd_authority_zones_kept", "Zones served in an older version because their file is refused."
)
ZONES_REFUSED: Final = TABLE.gauge(
    "dnsd_authority_zones_refused", "Zones not served at all because their file is refused."
)
FIRST_EXPIRATION: Final = TABLE.gauge(
    "dnsd_authority_first_expiration_timestamp_seconds",
    "Unix time when the first signature of our zones ends; 0 where none is signed.",
)
ZONE_LOAD_ERRORS: Final = TABLE.counter(
    "dnsd_authority_zone_load_errors_total", "Zones that a reload refused."
)

ZONE_SERIAL: Final = TABLE.reading(
    "dnsd_authority_zone_serial",
    "Serial of each zone served; left out when there are more than 50.",
    ("zone",),
    at_most=50,
)

# --- control ----------------------------------------------------------------------

RELOAD_RESULTS: Final = ("published", "unchanged", "refused", "failed")
RELOADS: Final = TABLE.counter(
    "dnsd_control_reloads_total",
    "Runs of the zone compiler, by result; refused: at least one zone was.",
    {"result": RELOAD_RESULTS},
)
LAST_RELOAD: Final = TABLE.gauge(
    "dnsd_control_last_successful_reload_timestamp_seconds",
    "Unix time of the last reload that refused no zone.",
)
RELOAD_DURATION: Final = TABLE.histogram(
    "dnsd_control_reload_duration_seconds",
    "Time from the request for a reload to its end.",
    {},
    bounds=12,  # 50 ms to 100 s
    resolution=0.05,
)
BLOCK_LIST_FETCHES: Final = TABLE.counter(
    "dnsd_control_block_list_fetches_total",
    "Requests for block lists with a URL, by result.",
    {"result": ("new", "unchanged", "failed")},
)
BLOCK_LIST_COMPILATIONS: Final = TABLE.counter(
    "dnsd_control_block_list_compilations_total",
    "Runs that compile all block lists, by result; failed: those before are used.",
    {"result": ("published", "failed")},
)
BLOCK_LIST_NAMES: Final = TABLE.reading(
    "dnsd_control_block_list_names",
    "Names of each block list that are compiled.",
    ("list",),
    at_most=50,
)
HTTP_REQUESTS: Final = TABLE.counter(
    "dnsd_control_http_requests_total",
    "Requests to the control interface, by listener and class of status.",
    {"listener": ("socket", "http"), "status": ("2xx", "3xx", "4xx", "5xx")},
)

# --- observe ----------------------------------------------------------------------

LOG_SUPPRESSED: Final = TABLE.counter(
    "dnsd_observe_log_lines_suppressed_total", "Events that were counted and not written."
)
LOG_LOST: Final = TABLE.counter(
    "dnsd_observe_log_lines_lost_total", "Events that could not be written."
)
UNCAUGHT_EXCEPTIONS: Final = TABLE.counter(
    "dnsd_observe_uncaught_exceptions_total", "Exceptions that reached the reactor; each a fault."
)

# --- processes --------------------------------------------------------------------

ROLES: Final = tuple(role.name.lower() for role in Role)
PROCESSES: Final = TABLE.gauge(
    "dnsd_run_processes", "Processes that run, by role.", {"role": ROLES}
)
RESTARTS: Final = TABLE.counter(
    "dnsd_run_restarts_total", "Processes started again after they ended by themselves or hung.",
    {"role": ROLES},
)  # fmt: skip
CPU: Final = TABLE.counter(
    "dnsd_run_cpu_seconds_total", "CPU time used by processes, by role.", {"role": ROLES}, 1e-6
)
RESIDENT_MEMORY: Final = TABLE.gauge(
    "dnsd_run_resident_memory_bytes",
    "Resident memory of processes, by role; shared pages count in each.",
    {"role": ROLES},
)
DESCRIPTORS: Final = TABLE.gauge(
    "dnsd_run_open_descriptors", "Open file descriptors of processes, by role.", {"role": ROLES}
)
REACTOR_LAG: Final = TABLE.histogram(
    "dnsd_run_reactor_lag_seconds",
    "How much later than asked for a timer ran, by role.",
    {"role": [role for role in ROLES if role != "supervisor"]},  # which has no reactor
    bounds=9,  # 2 ms to 512 ms
    resolution=0.002,
)

BUILD: Final = TABLE.reading(
    "dnsd_build_info", "Versions of the program; the value is 1.", ("version", "python"), at_most=1
)

# --- mail -------------------------------------------------------------------------

MAIL_COMMANDS: Final = ("EHLO", "MAIL", "RCPT", "DATA", "AUTH", "STARTTLS", "other")

MAIL_CONNECTIONS: Final = TABLE.gauge(
    "dnsd_mail_connections", "Connections of SMTP clients that are open."
)
MAIL_CONNECTIONS_OPENED: Final = TABLE.counter(
    "dnsd_mail_connections_opened_total", "Connections of SMTP clients accepted."
)
MAIL_REPLIES: Final = TABLE.counter(
    "dnsd_mail_replies_total",
    "Replies to commands of SMTP clients, by command and class of the reply.",
    {"command": MAIL_COMMANDS, "class": ("done", "deferred", "refused")},
)
MAIL_MESSAGES_RECEIVED: Final = TABLE.counter(
    "dnsd_mail_messages_received_total",
    "Messages that SMTP clients began to send, by what became of them.",
    {"result": ("accepted", "deferred", "refused", "aborted")},
)
MAIL_AUTHENTICATIONS: Final = TABLE.counter(
    "dnsd_mail_authentications_total",
    "Attempts to log in over SMTP, by their end.",
    {"result": ("accepted", "refused", "deferred")},
)
MAIL_HANDSHAKES: Final = TABLE.counter(
    "dnsd_mail_tls_handshakes_total",
    "TLS handshakes of SMTP clients, by how they ended.",
    {"result": ("full", "resumed", "failed")},
)

# --- everywhere -------------------------------------------------------------------

LIMIT_HITS: Final = TABLE.counter(
    "dnsd_limit_hits_total",
    "Times that a limit was reached, by its name.",
    {"limit": tuple(LIMITS)},
    at_most=MAX_LIMITS,
)
_LIMIT_SLOTS: Final = {name: LIMIT_HITS.slot(name) for name in LIMITS}
_DROP_SLOTS: Final = {reason: DATAGRAMS_DROPPED.slot(reason) for reason in DROP_REASONS}


def limit_slot(name: str) -> int:
    """Return the slot of a limit; an unknown name counts as `UNREGISTERED`."""
    return _LIMIT_SLOTS.get(name, _LIMIT_SLOTS[UNREGISTERED])


def drop_slot(reason: str) -> int:
    """Return the slot of a reason to drop a datagram; an unknown one is ``other``."""
    return _DROP_SLOTS.get(reason, _DROP_SLOTS["other"])
