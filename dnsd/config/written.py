"""``dnsd.yaml`` as it is written: every key, its sentence, default and example.

This is the reference of the configuration. ``describe`` prints it, the JSON
Schema for editors is made from it, and nothing is documented anywhere else.
Defaults stand here as a person would write them.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads the annotations
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from dnsd.config.addresses import Address, LoopbackEndpoint, Network
from dnsd.config.kinds import (
    Choice,
    Duration,
    Several,
    SeveralSections,
    Share,
    Size,
    Switch,
    Text,
    WholeNumber,
    refuse,
    shown,
)
from dnsd.config.places import FilePath, SecretFile, SocketPath, UserName, ZonePath


def key(doc: str, default: Any = ..., *, example: Any, otherwise: str = "") -> Any:
    """Declare a key.

    Args:
        doc: its sentence.
        default: as written in a file; left out for a key that must be written.
        example: as written in a file.
        otherwise: the default in words, where it is no plain value.
    """
    extra: dict[str, JsonValue] | None = {"x-default": otherwise} if otherwise else None
    return Field(default, description=doc, examples=[example], json_schema_extra=extra)


def section(doc: str) -> Any:
    """Declare a mapping of keys that may be left out as a whole."""
    return Field({}, description=doc)


class Section(BaseModel):
    """A mapping with a closed set of keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _take_a_mapping(cls, written: object) -> object:
        if written is None or written == "":
            return {}  # every key of the section is commented out
        if not isinstance(written, dict):
            expected = f"a mapping with the keys {', '.join(cls.model_fields)}"
            refuse("not-a-mapping", f"is {shown(written)}", expected)
        return written


class WrittenListener(Section):
    """One address and port."""

    address: Annotated[str, Address()] = key(
        "Address to answer on; 0.0.0.0 and :: are every address of the machine.",
        example="192.0.2.53",
    )
    port: Annotated[int | None, WholeNumber("1", "65535", "auto")] = key(
        "Port to answer on; auto is 53 where that is allowed, else 5300.", "auto", example=53
    )
    transports: Annotated[list[str], Several(Choice(("udp", "tcp")), 1)] = key(
        "Transports to answer on.", ["udp", "tcp"], example=["udp", "tcp"]
    )


class WrittenZones(Section):
    """One place with zone files."""

    file: Annotated[Path, ZonePath()] = key(
        "A zone file, or a directory of them.",
        example="extra/example.org.yaml",
    )

    @model_validator(mode="before")
    @classmethod
    def _take_a_path_alone(cls, written: object) -> object:
        return {"file": written} if isinstance(written, str) else written


class WrittenRateLimit(Section):
    """How many like replies one network gets over UDP."""

    responses_per_second: Annotated[int, WholeNumber("0", "1000000")] = key(
        "Like replies a second to one client network (/24, /56); 0 is no limit. Every"
        " reply beyond it says to ask again over TCP.",
        "50",
        example=200,
    )
    errors_per_second: Annotated[int, WholeNumber("0", "1000000")] = key(
        "The same for denials, referrals and errors; 0 is no limit.", "5", example=20
    )
    exempt: Annotated[list[str], Several(Network())] = key(
        "Clients without these limits.", ["loopback"], example=["loopback", "192.0.2.0/24"]
    )


class WrittenAuthority(Section):
    """The zones this server answers for."""

    zones: Annotated[
        list[WrittenZones] | None,
        SeveralSections("a path, {file: PATH}, or a list of these", short=True),
    ] = key(
        "Zones to serve: a directory of zone files, or a list of directories and of"
        " {file: NAME.yaml}.",
        None,
        example=["zones", {"file": "extra/example.org.yaml"}],
        otherwise="zones, or the example that comes with dnsd where there is no such directory",
    )
    allow: Annotated[list[str], Several(Network())] = key(
        "Clients who may ask for these zones; all others are refused.",
        ["any"],
        example=["loopback", "private", "192.0.2.0/24"],
    )
    rate_limit: WrittenRateLimit = section("Response rate limiting over UDP.")
    max_deletion_share: Annotated[float, Share("0%", "100%")] = key(
        "A reload that removes more of a zone's records than this needs --force.",
        "30%",
        example="50%",
    )
    watch: Annotated[bool, Switch()] = key(
        "Serve a changed zone file without being told to reload.", "on", example="off"
    )


class WrittenServerIdentity(Section):
    """What the server tells about itself; empty is not answered."""

    nsid: Annotated[bytes, Text(255)] = key(
        "Name of this server, told to those who ask with NSID, id.server or hostname.bind.",
        "",
        example="ns1",
    )
    version: Annotated[bytes, Text(255)] = key(
        "Version told to those who ask for version.server or version.bind.",
        "",
        example="dnsd",
    )


class WrittenCookies(Section):
    """DNS cookies, which tell real clients from forged addresses."""

    enabled: Annotated[bool, Switch()] = key("Answer and verify DNS cookies.", "on", example="off")
    secret_file: Annotated[tuple[Path | None, tuple[bytes, ...]], SecretFile()] = key(
        "Secrets shared by several servers at one address: 32 hexadecimal digits a line,"
        " the one in use first. Without it the server makes and rotates its own.",
        "none",
        example="cookie.secret",
    )


class WrittenControl(Section):
    """Where the running daemon is asked and told things."""

    socket: Annotated[str, SocketPath()] = key(
        "Unix socket of the command line, below the state directory.",
        "control.sock",
        example="/run/dnsd/control.sock",
    )
    http: Annotated[tuple[str, int] | None, LoopbackEndpoint()] = key(
        "Loopback address of /metrics and /healthz.", "127.0.0.1:8053", example="[::1]:9153"
    )


class WrittenLog(Section):
    """What is written to the log, one line of JSON an event."""

    level: Annotated[str, Choice(("debug", "info", "warning", "error"))] = key(
        "The least important events that are written.", "info", example="warning"
    )


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


class WrittenConfig(Section):
    """The whole file."""

    listen: Annotated[
        list[WrittenListener] | None,
        SeveralSections("a list of mappings with address, port and transports, or auto", "auto", 1),
    ] = key(
        "Addresses and ports to answer on.",
        None,
        example=[{"address": "192.0.2.53", "port": 53, "transports": ["udp", "tcp"]}],
        otherwise="127.0.0.1 and ::1",
    )
    workers: Annotated[int | None, WholeNumber("0", "64", "auto")] = key(
        "Worker processes; 0 runs everything in one process, auto is one a core.",
        "0",
        example="auto",
    )
    state_directory: Annotated[Path, FilePath()] = key(
        "Directory of what the server must not forget: compiled zones and their serials.",
        "var",
        example="/var/lib/dnsd",
    )
    user: Annotated[str | None, UserName()] = key(
        "User to become after binding, when started by root; auto is dnsd where there is"
        " such a user, none is to stay root.",
        "auto",
        example="dnsd",
    )
    authority: WrittenAuthority = section("The zones this server answers for.")
    server_identity: WrittenServerIdentity = section("What the server tells about itself.")
    cookies: WrittenCookies = section("DNS cookies.")
    control: WrittenControl = section("Where the running daemon is asked and told things.")
    log: WrittenLog = section("What is written to the log.")
    answer_cache: Annotated[bool, Switch()] = key(
        "Keep ready answers and send them again.", "on", example="off"
    )
    limits: WrittenLimits = section("Every budget of the server.")
