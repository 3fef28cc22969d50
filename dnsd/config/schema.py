"""The configuration the program runs on: normalized, frozen, complete.

Paths are absolute, durations are seconds, sizes are octets, shares lie between
0 and 1, and no ``auto`` is left. Defaults and bounds stand in ``written``, where
the keys are documented; a value of these types comes from ``loader.load`` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dnsd.config.schema_mail import Mail
    from dnsd.config.schema_resolver import Cache, Resolver
    from dnsd.dnssec.policy import SigningPolicy
    from dnsd.source.problems import Problem


@dataclass(frozen=True, slots=True)
class Listener:
    """One address and port that clients ask.

    Attributes:
        address: IPv4 or IPv6 address as text; ``0.0.0.0`` and ``::`` are wildcards.
        port: 1..65535, the same for every transport.
        transports: of ``udp``, ``tcp``, ``dot``, ``doh`` and ``doh-http`` at least one,
            in that order; of those over TCP only one.
    """

    address: str
    port: int
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate of DNS over TLS and HTTPS; both are None for one of our own making.

    Attributes:
        certificate: PEM file of the certificate and those that lead to its issuer.
        key: PEM file of its private key.
    """

    certificate: Path | None
    key: Path | None


@dataclass(frozen=True, slots=True)
class Https:
    """DNS over HTTPS (RFC 8484).

    Attributes:
        path: of the URL that clients are told.
        proxies: whose word on who the client is counts, in the words of
            ``Authority.allow``.
    """

    path: str
    proxies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Response rate limiting of UDP replies to clients without a valid cookie.

    Attributes:
        responses_per_second: for each client network and name class; 0 is no limit.
        errors_per_second: the same for errors, denials and referrals; 0 is no limit.
        exempt: networks never limited, in the words of ``Authority.allow``.
    """

    responses_per_second: int
    errors_per_second: int
    exempt: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Authority:
    """Zones this server answers for.

    Attributes:
        zone_directories: directories whose zone files are all served.
        zone_files: single zone files served beside them.
        packaged: the zones are the example that comes with the program.
        allow: who may ask: ``any``, ``loopback``, ``private``, addresses, networks.
        rate_limit: response rate limiting.
        max_deletion_share: share of a zone's records that one reload may remove.
        watch: a changed file is served without a command.
    """

    zone_directories: tuple[Path, ...]
    zone_files: tuple[Path, ...]
    packaged: bool
    allow: tuple[str, ...]
    rate_limit: RateLimit
    max_deletion_share: float
    watch: bool


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """What the server says about itself; empty is not answered.

    Attributes:
        nsid: octets of the NSID option (RFC 5001), also ``id.server`` and
            ``hostname.bind``; at most 255.
        version: text of ``version.bind`` and ``version.server``; at most 255 octets.
    """

    nsid: bytes
    version: bytes


@dataclass(frozen=True, slots=True)
class Cookies:
    """DNS cookies (RFC 7873, RFC 9018).

    Attributes:
        enabled: cookies are verified and answered.
        file: the secrets are from there; None when the server makes its own.
        secrets: 16 octets each, the one in use first, then the one before it; empty
            means that the server makes and rotates its own.
    """

    enabled: bool
    file: Path | None
    secrets: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Cookies(enabled={self.enabled}, file={self.file}, secrets=<{len(self.secrets)}>)"


@dataclass(frozen=True, slots=True)
class Control:
    """Where the running daemon is asked and told things.

    Attributes:
        socket: the unix socket of the HTTP API.
        http: loopback address and port of metrics and health, or None.
    """

    socket: Path
    http: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Log:
    """What is written to the log.

    Attributes:
        level: ``debug``, ``info``, ``warning`` or ``error``.
    """

    level: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Every budget of the server; counts are for each worker unless said.

    ``written.WrittenLimits`` says what each one is. ``compile_time_s`` is for each
    100,000 records. The idle times never grow from ``tcp_idle_s`` to
    ``tcp_idle_full_s``, nor is one network allowed more than everybody.
    """

    edns_size: int
    datagrams_per_turn: int
    formerr_rate: int
    chaos_rate: int
    rate_table: int
    view_table: int
    answer_cache_entries: int
    answer_cache_aliases: int
    tcp_clients: int
    tcp_clients_per_net: int
    tcp_first_message_s: float
    tcp_whole_message_s: float
    tcp_idle_s: float
    tcp_idle_busy_s: float
    tcp_idle_full_s: float
    tcp_in_flight: int
    tcp_unsent_octets: int
    tcp_unsent_time_s: float
    tls_handshake_s: float
    tls_handshakes: int
    doh_clients: int
    doh_streams: int
    doh_resets: int
    doh_body_octets: int
    doh_headers_octets: int
    zone_store_octets: int
    compile_memory_octets: int
    compile_time_s: float
    local_file_octets: int
    local_names: int
    block_list_octets: int
    block_list_names: int
    block_list_time_s: float
    block_store_octets: int
    watch_delay_s: float
    http_connections: int
    http_connections_per_client: int
    http_body_octets: int
    log_rate: int
    worker_silence_s: float
    restart_delay_s: float
    restart_delay_max_s: float
    drain_s: float
    stop_s: float


@dataclass(frozen=True, slots=True)
class Config:
    """All of ``dnsd.yaml``.

    Attributes:
        file: the file it was read from, None for the built-in defaults.
        listen: at least one listener, no address and port twice.
        workers: worker processes; 0 runs everything in one process.
        state_directory: where the server keeps what it must not forget.
        user: user to become after binding, None to stay who we are.
        answer_cache: ready answers are kept and sent again.
        signing_policies: how zones may be signed, by name; one is ``default``.
        warnings: what the operator should know although the file can be used.
    """

    file: Path | None
    listen: tuple[Listener, ...]
    workers: int
    state_directory: Path
    user: str | None
    tls: Tls
    https: Https
    resolver: Resolver
    cache: Cache
    authority: Authority
    server_identity: ServerIdentity
    cookies: Cookies
    mail: Mail
    control: Control
    log: Log
    answer_cache: bool
    limits: Limits
    signing_policies: Mapping[str, SigningPolicy]
    warnings: tuple[Problem, ...]

    @property
    def zone_store(self) -> Path:
        """The directory of the store of compiled zones."""
        return self.state_directory / "zone-store"

    @property
    def block_lists(self) -> Path:
        """The directory of fetched block lists and of the store of compiled ones."""
        return self.state_directory / "block-lists"

    @property
    def signing_keys(self) -> Path:
        """The directory of private keys of signed zones."""
        return self.state_directory / "keys"

    @property
    def serials(self) -> Path:
        """The file of the last serial of every zone."""
        return self.state_directory / "serials.db"
