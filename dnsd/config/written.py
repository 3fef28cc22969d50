"""``dnsd.yaml`` as it is written: every key, its sentence, default and example.

This is the reference of the configuration. ``describe`` prints it, the JSON
Schema for editors is made from it, and nothing is documented anywhere else.
Defaults stand here as a person would write them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import model_validator

from dnsd.config.addresses import Address, LoopbackEndpoint, Network
from dnsd.config.kinds import Choice, Several, SeveralSections, Share, Switch, Text, WholeNumber
from dnsd.config.name_kinds import UrlPath
from dnsd.config.places import FilePath, SecretFile, SocketPath, UserName, ZonePath
from dnsd.config.section import Section, key, section
from dnsd.config.written_dnssec import WrittenDnssec
from dnsd.config.written_limits import WrittenLimits
from dnsd.config.written_mail import WrittenMail
from dnsd.config.written_resolver import WrittenCache, WrittenResolver
from dnsd.config.written_tls import WrittenTls

TRANSPORTS = ("udp", "tcp", "dot", "doh", "doh-http")


class WrittenListener(Section):
    """One address and port."""

    address: Annotated[str, Address()] = key(
        "Address to answer on; 0.0.0.0 and :: are every address of the machine.",
        example="192.0.2.53",
    )
    port: Annotated[int | None, WholeNumber("1", "65535", "auto")] = key(
        "Port to answer on; auto is 53 for udp and tcp, 853 for dot, 443 for doh and 80 for"
        " doh-http where these are allowed, else 5300, 8853, 8443 and 8080.",
        "auto",
        example=53,
    )
    transports: Annotated[list[str], Several(Choice(TRANSPORTS), 1)] = key(
        "Transports to answer on: dot is DNS over TLS, doh is DNS over HTTPS, doh-http is the"
        " same without TLS behind a proxy of yours that adds it.",
        ["udp", "tcp"],
        example=["udp", "tcp", "dot"],
    )


class WrittenHttps(Section):
    """DNS over HTTPS."""

    path: Annotated[str, UrlPath()] = key(
        "Path of the URL that clients are told.", "/dns-query", example="/dns/secret-path"
    )
    proxies: Annotated[list[str], Several(Network())] = key(
        "Proxies whose Forwarded and X-Forwarded-For headers say who the client is.",
        [],
        example=["loopback"],
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
    tls: WrittenTls = section("The certificate of DNS over TLS and HTTPS.")
    https: WrittenHttps = section("DNS over HTTPS.")
    resolver: WrittenResolver = section("Looking up names of other people's zones.")
    cache: WrittenCache = section("What was learned of other people's zones.")
    authority: WrittenAuthority = section("The zones this server answers for.")
    dnssec: WrittenDnssec = section("Signing the zones this server answers for.")
    server_identity: WrittenServerIdentity = section("What the server tells about itself.")
    cookies: WrittenCookies = section("DNS cookies.")
    mail: WrittenMail = section("Taking mail, and bringing it to where it belongs.")
    control: WrittenControl = section("Where the running daemon is asked and told things.")
    log: WrittenLog = section("What is written to the log.")
    answer_cache: Annotated[bool, Switch()] = key(
        "Keep ready answers and send them again.", "on", example="off"
    )
    limits: WrittenLimits = section("Every budget of the server.")
