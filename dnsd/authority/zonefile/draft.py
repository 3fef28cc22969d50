"""A zone as its file says it: records with places, before any check.

A draft is what every reader of zone files returns and what
``authority.build`` works on. It may be wrong: then ``problems`` holds errors,
and nothing may be served from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from dnsd.source.problems import Problem, Where

DEFAULT_TTL = 3600  # octoDNS's default for records that do not say


@dataclass(slots=True)
class Record:
    """One record of one file.

    Attributes:
        owner: name in canonical form.
        type: RR type, 0..65535.
        ttl: seconds, 0..2147483647.
        rdata: octets, embedded names uncompressed.
        where: the value in the file, or the record when it has no single value.
    """

    owner: bytes
    type: int
    ttl: int
    rdata: bytes
    where: Where


@dataclass(slots=True)
class SoaSettings:
    """What the zone says about the SOA that the server keeps for it.

    A SOA record at the apex in :attr:`ZoneDraft.records` overrides all of it,
    serial included. ``None`` leaves the choice to ``authority.build.soa``.

    Attributes:
        primary: MNAME.
        hostmaster: RNAME, the first label being the local part.
        refresh: seconds between a secondary's checks.
        retry: seconds until a failed check is repeated.
        expire: seconds until a secondary gives up.
        minimum: TTL of negative answers (RFC 2308 §4).
        ttl: TTL of the SOA record itself.
        where: the ``soa:`` block, or the file.
    """

    where: Where
    primary: bytes | None = None
    hostmaster: bytes | None = None
    # RIPE-203's values for a small zone; expire is above refresh + retry.
    refresh: int = 86400
    retry: int = 7200
    expire: int = 3600000
    minimum: int = 3600
    ttl: int = 3600


@dataclass(slots=True)
class ReverseSettings:
    """Which addresses of a forward zone get PTR records made for them.

    Attributes:
        networks: addresses inside these; empty means every address.
        where: the ``reverse:`` key.
    """

    networks: tuple[IPv4Network | IPv6Network, ...]
    where: Where


@dataclass(slots=True)
class DnssecSettings:
    """How the zone is signed.

    Attributes:
        policy: name of a policy.
        where: the ``dnssec:`` key.
    """

    policy: str
    where: Where


@dataclass(slots=True)
class ZoneDraft:
    """One zone as read from its file or files.

    Attributes:
        origin: name in canonical form; the root if nothing says which zone it is.
        soa: settings of the SOA kept by the server.
        records: in the order of the file.
        reverse: PTR records to make, ``None`` for none.
        dnssec: the zone is signed, ``None`` for a zone that is not.
        silenced: ids of warnings the operator does not want to see.
        problems: everything wrong, in no order; errors forbid using the draft.
        files: every file read for it, the zone's own first.
        is_named: something says which zone it is.
    """

    origin: bytes
    soa: SoaSettings
    records: list[Record] = field(default_factory=list)
    reverse: ReverseSettings | None = None
    dnssec: DnssecSettings | None = None
    silenced: frozenset[str] = frozenset()
    problems: list[Problem] = field(default_factory=list)
    files: tuple[str, ...] = ()
    is_named: bool = True
