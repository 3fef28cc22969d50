"""What the resolver needs of its caches.

Times are monotonic seconds of the machine (``CLOCK_MONOTONIC``), so that all
processes mean the same by them. Nothing here reads a clock.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.resolver.delegation import Delegation
    from dnsd.resolver.outcome import Explanation
    from dnsd.wire.rrset import RRset

#: Type under which the denial of a whole name is kept.
NXDOMAIN_TYPE = 0


class Kind(enum.IntEnum):
    """What an entry says."""

    POSITIVE = 0
    NODATA = 1
    NXDOMAIN = 2


class Rank(enum.IntEnum):
    """How far an entry is to be trusted (RFC 2181 §5.4.1), the higher the more.

    Glue has no rank: it lives in delegations and is never answered.
    """

    ANSWER = 1  # of a server that is not authoritative: a forwarder's
    AUTHORITATIVE = 2
    CONFIGURED = 3


class Security(enum.IntEnum):
    """What validation found (RFC 4035 §4.3)."""

    INDETERMINATE = 0
    INSECURE = 1
    SECURE = 2
    BOGUS = 3


@dataclass(slots=True)
class Entry:
    """What is known of one name and type. Caches hand out shared ones: do not change them.

    Attributes:
        name: owner, in canonical form.
        type: RR type; :data:`NXDOMAIN_TYPE` for the denial of the name.
        kind: what it says.
        rank: how far it is to be trusted.
        security: what validation found.
        stored: monotonic seconds when it was learned.
        expiry: monotonic seconds until which it may be believed.
        rrset: of a positive entry, its TTL as learned (bounded).
        proof: of a denial the SOA RRset first; else what proves a wildcard.
        zone: the zone cut whose server said it; an ancestor of ``name`` or it.
        server: the address of that server; empty for configured data.
        explanation: why it is bogus, or not secure although it is signed; ``None`` where
            that needs none.
    """

    name: bytes
    type: int
    kind: Kind
    rank: Rank
    security: Security
    stored: float
    expiry: float
    rrset: RRset | None
    proof: tuple[RRset, ...] = ()
    zone: bytes = b"\x00"
    server: bytes = b""
    explanation: Explanation | None = None


class RecordCache(Protocol):
    """Answers, by name and type. Never steers whom we ask."""

    def find(self, name: bytes, rrtype: int, now: float, *, below: bytes = b"\x00") -> Entry | None:
        """Return what answers a question now.

        In this order: the entry of the type, a CNAME at the name, the denial of the
        name, the denial of an ancestor that is a proper subdomain of ``below``
        (RFC 8020).

        Args:
            name: in canonical form.
            rrtype: type asked for.
            now: entries that expired before are passed over.
            below: the configured zone that the name lies in, whose parent's denial
                does not count; the root for none.
        """
        ...

    def find_stale(self, name: bytes, rrtype: int, now: float, max_age_s: float) -> Entry | None:
        """Return an expired entry of the type, a CNAME or the name's own denial.

        Args:
            name: in canonical form.
            rrtype: type asked for.
            now: monotonic seconds.
            max_age_s: how long ago it may have expired.
        """
        ...

    def put(self, entry: Entry, now: float) -> str:
        """Keep an entry, unless a current one of a higher rank is there.

        A denial of a name removes the name's other entries, and data at a name
        remove its denial. Too large entries are left out. What else is kept of
        the name keeps its own expiry.

        Returns:
            The name of the limit that was reached, empty for none:
            ``rrset_records`` and ``rrset_octets``, the entry was left out;
            ``name_types``, another type of the name was; ``cache_zone_share``,
            another entry of the zone cut, or this one; ``cache_entries`` and
            ``cache_octets``, others were.
        """
        ...

    def entries(self) -> Iterator[Entry]:
        """Go over all entries, expired ones too."""
        ...

    def flush(self, selector: Selector) -> int:
        """Remove what is selected; how many entries went."""
        ...


class DelegationCache(Protocol):
    """Zone cuts, by name. Written by referrals only."""

    def closest(self, name: bytes, now: float) -> Delegation | None:
        """Return the deepest current zone cut at or above a name."""
        ...

    def put(self, delegation: Delegation, now: float) -> str:
        """Keep a zone cut in place of what was known of it.

        Returns:
            ``cache_delegations`` when others were left out for it, else empty.
        """
        ...

    def delegations(self) -> Iterator[Delegation]:
        """Go over all zone cuts."""
        ...

    def flush(self, selector: Selector) -> int:
        """Remove what is selected; how many zone cuts went."""
        ...


class Kept(NamedTuple):
    """A secure RRset, and until when it may be believed.

    Attributes:
        rrset: with its signatures.
        expiry: monotonic seconds.
    """

    rrset: RRset
    expiry: float


class Denier(NamedTuple):
    """What is known of a zone whose denials are kept.

    Attributes:
        chain: which of its chains of denials is kept: nothing for that of NSEC records,
            of NSEC3 their iterations and salt as in the rdata (RFC 5155 §3.2).
        soa: that goes with a denial, its expiry as RFC 2308 §5 has it; ``None`` if
            none was seen.
        trust: what the validator took for true when it judged them, by which these are
            told from those of another configuration; 8 octets.
    """

    chain: bytes
    soa: Kept | None
    trust: bytes


class DenialCache(Protocol):
    """NSEC and NSEC3 RRsets that are secure, in the order of their zone's chain (RFC 8198).

    The place of a record in the chain of its zone is given as octets whose order is that
    of the chain: of NSEC the order key of its owner less that of the zone, of NSEC3 the
    hash. One chain of a zone is kept, that which was seen last.
    """

    def holds(self, now: float) -> bool:
        """Tell, at hardly any cost, whether there may be anything."""
        ...

    def zone(self, zone: bytes, now: float) -> Denier | None:
        """Return what is known of a zone; ``None`` if no denial of it is kept."""
        ...

    def before(self, zone: bytes, place: bytes, now: float) -> Kept | None:
        """Return the record at a place, or the one next before it.

        Of NSEC3 the last one comes before the first. ``None`` if there is none or it
        expired: what stands before that is not looked for.
        """
        ...

    def put(self, zone: bytes, denier: Denier, place: bytes, kept: Kept, now: float) -> str:
        """Keep a record of a zone, and what is known of the zone now.

        Returns:
            The name of the limit that was reached, empty for none: ``cache_denials``
            when others left for it.
        """
        ...

    def flush(self, selector: Selector) -> int:
        """Remove what may deny anything that is selected; how much that was."""
        ...


@dataclass(frozen=True, slots=True)
class Selector:
    """What to show or flush; all conditions that are given must hold.

    Attributes:
        name: exactly this name.
        tree: this name and all below.
        type: this type only.
        negative: denials only.
        bogus: what failed validation only.
        server: what this server address said only.
    """

    name: bytes | None = None
    tree: bytes | None = None
    type: int | None = None
    negative: bool = False
    bogus: bool = False
    server: bytes | None = None


class Statistics(NamedTuple):
    """How full a cache is.

    Attributes:
        positive: entries that hold records.
        nodata: denials of a type.
        nxdomain: denials of a name.
        delegations: zone cuts.
        used_octets: what all of these take.
        filled_octets: the same with the room that is lost between them.
        limit_octets: how many ``filled_octets`` there may be.
        limit_entries: how many entries there may be.
        kind_octets: what entries take by :class:`Kind`, their names left out.
        delegation_octets: what zone cuts take.
    """

    positive: int = 0
    nodata: int = 0
    nxdomain: int = 0
    delegations: int = 0
    used_octets: int = 0
    filled_octets: int = 0
    limit_octets: int = 0
    limit_entries: int = 0
    kind_octets: tuple[int, ...] = (0, 0, 0)
    delegation_octets: int = 0
