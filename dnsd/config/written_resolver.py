"""``resolver:`` and ``cache:`` as they are written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import model_validator

from dnsd.config.addresses import Network
from dnsd.config.kinds import (
    Choice,
    Duration,
    Several,
    SeveralSections,
    Size,
    Switch,
    SwitchOr,
    WholeNumber,
)
from dnsd.config.name_kinds import (
    DomainName,
    LocalNames,
    LocalRecord,
    ServerAddress,
    SuffixOrName,
    TypeName,
)
from dnsd.config.places import AnchorsFile, AuthoritiesFile, FilePath, ReadableFile
from dnsd.config.section import Section, key, section
from dnsd.config.time_kinds import FixedTime, PointOfTime
from dnsd.config.written_blocks import ListName, WrittenBlockList
from dnsd.config.written_resolver_limits import WrittenResolverLimits
from dnsd.dnssec.digests import Ds


class WrittenPrivateAddresses(Section):
    """Protection against DNS rebinding."""

    filter: Annotated[str, Choice(("builtin", "none"))] = key(
        "Remove loopback, private and link-local addresses from what strangers answer, so"
        " that no web page can reach machines of yours by a name of its own; none keeps them.",
        "builtin",
        example="none",
    )
    allow: Annotated[list[bytes], Several(DomainName())] = key(
        "Names that may have such addresses, with all names below them.",
        [],
        example=["intranet.example"],
    )

    @model_validator(mode="before")
    @classmethod
    def _take_a_word_alone(cls, written: object) -> object:
        return {"filter": written} if written and isinstance(written, str) else written


class WrittenLocal(Section):
    """Names of machines of yours."""

    names: Annotated[tuple[LocalRecord, ...], LocalNames()] = key(
        "Names with their addresses or other records; PTR records are made from the addresses.",
        {},
        example={"printer": "192.0.2.10", "nas.home.arpa": ["192.0.2.11", "2001:db8::11"]},
    )
    hosts: Annotated[list[Path], Several(FilePath())] = key(
        "Files in the form of /etc/hosts, read again when they change.",
        [],
        example=["/etc/hosts"],
    )
    leases: Annotated[list[Path], Several(FilePath())] = key(
        "Lease files of dnsmasq's DHCP server, followed as they change.",
        [],
        example=["/var/lib/misc/dnsmasq.leases"],
    )
    domain: Annotated[bytes, DomainName()] = key(
        "Domain under which names without a dot are found too (RFC 8375).",
        "home.arpa",
        example="lan",
    )
    ttl: Annotated[float, Duration("0s", "1d")] = key("TTL of local names.", "1m", example="5m")


class WrittenForward(Section):
    """A zone that is not looked up from the root."""

    zone: Annotated[bytes, DomainName()] = key(
        "The zone and all names below it; . is every name.", example="corp.example"
    )
    servers: Annotated[list[str], Several(ServerAddress(), 1)] = key(
        "Addresses of the servers to ask.", example=["192.0.2.1", "2001:db8::1"]
    )
    kind: Annotated[str, Choice(("forward", "stub"))] = key(
        "They are resolvers that do the work, or with stub the zone's own name servers.",
        "forward",
        example="stub",
    )
    transport: Annotated[str, Choice(("udp", "tcp", "tls"))] = key(
        "How they are asked; udp changes to TCP where an answer does not fit.",
        "udp",
        example="tls",
    )
    port: Annotated[int | None, WholeNumber("1", "65535", "auto")] = key(
        "Port they are asked at; auto is 853 for tls, else 53.", "auto", example=5353
    )
    server_name: Annotated[bytes | str, SuffixOrName(("none",))] = key(
        "Name that the servers' certificate must have, tls only; none takes any certificate,"
        " which hides the questions from those who only listen.",
        "none",
        example="dns.example",
    )


class WrittenPolicy(Section):
    """What is different for some clients. Of several policies the first that fits counts."""

    clients: Annotated[list[str], Several(Network(), 1)] = key(
        "Whom it is for.", example=["192.0.2.128/25"]
    )
    block: Annotated[list[str], Several(ListName(), words=(("all", ("all",)), ("none", ())))] = key(
        "Names of the block lists that count for them; all and none are words.",
        "all",
        example=["ads"],
    )
    suppress: Annotated[list[int], Several(TypeName())] = key(
        "Types that are answered as if no name had such records.", [], example=["AAAA", "HTTPS"]
    )
    forward: Annotated[
        list[WrittenForward] | None,
        SeveralSections("a list of mappings with zone and servers"),
    ] = key(
        "Zones that are asked of other servers for these clients, beside those under"
        " resolver.forward, the closest zone first; what is learned for them is kept apart, in"
        " as much memory again.",
        [],
        example=[{"zone": ".", "servers": ["192.0.2.9"]}],
    )


class WrittenNegativeTrustAnchor(Section):
    """A name below which nothing is validated, for some time (RFC 7646)."""

    name: Annotated[bytes, DomainName()] = key(
        "The name and all names below it.", example="broken.example"
    )
    until: Annotated[int, PointOfTime()] = key(
        "When it ends; a date is its beginning in UTC.", example="2027-01-31T18:00:00Z"
    )


class WrittenResolver(Section):
    """Looking up names of other people's zones, from the root of the DNS down."""

    enabled: Annotated[bool, Switch()] = key("Look up names.", "on", example="off")
    allow: Annotated[list[str], Several(Network())] = key(
        "Clients for whom names are looked up; others get our own zones only.",
        ["loopback", "private"],
        example=["loopback", "private", "192.0.2.0/24"],
    )
    root_hints: Annotated[
        Path | None, ReadableFile("a master file of the root's name servers", "builtin")
    ] = key("Where the root servers are.", "builtin", example="root.hints")
    upstream_port: Annotated[int, WholeNumber("1", "65535")] = key(
        "Port at which name servers are asked; another one than 53 is for tests.",
        "53",
        example=5353,
    )
    qname_minimization: Annotated[str, Choice(("relaxed", "strict", "off"))] = key(
        "Tell each name server no more of a name than it needs (RFC 9156); relaxed asks in full"
        " where a server answers wrongly, strict fails there.",
        "relaxed",
        example="strict",
    )
    case_randomization: Annotated[bool, Switch()] = key(
        "Ask in random letter case, which forgers must guess.", "on", example="off"
    )
    trust_anchors: Annotated[tuple[Path | None, dict[bytes, tuple[Ds, ...]]], AnchorsFile()] = key(
        "Keys that DNSSEC validation begins with: builtin are those of the root, with none"
        " nothing is validated.",
        "builtin",
        example="anchors.txt",
    )
    trust_anchor_updates: Annotated[bool, Switch()] = key(
        "Let trust anchors follow the keys of their zones when these are rolled (RFC 5011).",
        "on",
        example="off",
    )
    trust_anchor_signal: Annotated[bool, Switch()] = key(
        "Tell the servers of the root which of its keys are trusted here (RFC 8145).",
        "on",
        example="off",
    )
    root_key_sentinel: Annotated[bool, Switch()] = key(
        "Let clients find out which keys of the root are trusted here (RFC 8509).",
        "on",
        example="off",
    )
    validation_time: Annotated[int | None, FixedTime("0", "4294967295", "none")] = key(
        "Unix time at which signatures must hold, for tests; none is the time it is.",
        "none",
        example=1750000000,
    )
    negative_trust_anchors: Annotated[
        list[WrittenNegativeTrustAnchor] | None,
        SeveralSections("a list of mappings with name and until"),
    ] = key(
        "Names below which nothing is validated for some time, because their owner broke their"
        " signatures (RFC 7646).",
        [],
        example=[{"name": "broken.example", "until": "2027-01-31"}],
    )
    query_local_addresses: Annotated[bool, Switch()] = key(
        "Ask name servers on loopback and private addresses when a zone says so; servers"
        " under forward are always asked.",
        "off",
        example="on",
    )
    ipv6: Annotated[bool | None, SwitchOr("auto")] = key(
        "Reach name servers over IPv6; auto is on where there is a way out by IPv6.",
        "auto",
        example="off",
    )
    edns_size: Annotated[int, WholeNumber("512", "4096")] = key(
        "Octets of the largest UDP reply that we take.", "1232", example=1400
    )
    priming: Annotated[bool, Switch()] = key(
        "Ask the root for its own servers first (RFC 9609).", "on", example="off"
    )
    local_zones: Annotated[
        list[bytes | str],
        Several(SuffixOrName(("builtin",)), words=(("none", ()),)),
    ] = key(
        "Zones answered here: builtin are special-use names and the reverse zones of private"
        " networks (RFC 6761, RFC 6303), a name is one more empty zone, none asks for all.",
        "builtin",
        example=["builtin", "internal.example"],
    )
    minimal_answers: Annotated[bool, Switch()] = key(
        "Leave out what the client did not ask for.", "on", example="off"
    )
    cache_only: Annotated[str, Choice(("allow", "refuse"))] = key(
        "Clients that do not ask for recursion may read the cache, or are refused.",
        "allow",
        example="refuse",
    )
    upstream_cookies: Annotated[bool, Switch()] = key(
        "Send DNS cookies to name servers.", "on", example="off"
    )
    private_addresses: WrittenPrivateAddresses = section("Protection against DNS rebinding.")
    aggressive_nsec: Annotated[bool, Switch()] = key(
        "Answer from the denials of signed zones all that they prove, without asking for each"
        " name (RFC 8198).",
        "on",
        example="off",
    )
    serve_stale: Annotated[bool, Switch()] = key(
        "Give an expired answer when a fresh one cannot be had (RFC 8767).", "on", example="off"
    )
    local: WrittenLocal = section("Names of machines of yours.")
    block: Annotated[
        list[WrittenBlockList] | None,
        SeveralSections("a path, a URL, {file: PATH}, {url: URL}, or a list of these", short=True),
    ] = key(
        "Lists of names that are not looked up, or are whatever other lists say.",
        [],
        example=["ads.txt", {"url": "https://lists.example/hosts.txt", "action": "null"}],
    )
    policies: Annotated[
        list[WrittenPolicy] | None,
        SeveralSections("a list of mappings with clients, block, suppress and forward"),
    ] = key(
        "What is different for some clients; without one every block list counts for everybody.",
        [],
        example=[{"clients": ["192.0.2.128/25"], "block": "none", "suppress": ["AAAA"]}],
    )
    prefetch: Annotated[bool, Switch()] = key(
        "Refresh names that are often asked for shortly before they expire.", "on", example="off"
    )
    limits: WrittenResolverLimits = section("Every budget of the resolver.")
    tls_trust: Annotated[
        Path | None, AuthoritiesFile("certificates of authorities in PEM form", "system")
    ] = key(
        "Authorities that certificates of servers under forward with a server_name must lead"
        " to; system are those that this machine trusts.",
        "system",
        example="authorities.pem",
    )
    forward: Annotated[
        list[WrittenForward] | None,
        SeveralSections("a list of mappings with zone and servers"),
    ] = key(
        "Zones for which certain servers are asked.",
        [],
        example=[{"zone": "corp.example", "servers": ["192.0.2.1"], "transport": "udp"}],
    )


class WrittenCache(Section):
    """What was learned of other people's zones."""

    size: Annotated[int, Size("1MiB", "64GiB")] = key(
        "Disk and memory for it.", "128MiB", example="512MiB"
    )
    min_ttl: Annotated[float, Duration("0s", "1h")] = key(
        "Time for which anything is kept at least.", "1s", example="30s"
    )
    max_ttl: Annotated[float, Duration("1s", "7d")] = key(
        "Time for which anything is kept at most.", "1d", example="1h"
    )
