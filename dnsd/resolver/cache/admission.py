"""What may enter the cache, and what a cache may hold.

One name, one RRset, one zone cut: each has its bound, so that nobody fills the
cache with what only he asks for (CVE-2024-1737: many types or records at one
name make every look-up there slow).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dnsd.resolver.cache.contract import Rank
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dnsd.resolver.cache.contract import Entry
    from dnsd.resolver.cache.entries import Packed
    from dnsd.resolver.delegation import Delegation
    from dnsd.resolver.options import ResolverLimits
    from dnsd.wire.rrset import RRset

#: Types that many ask for: the last to leave a name that has too many.
ESSENTIAL_TYPES = frozenset(
    {
        RRType.A,
        RRType.AAAA,
        RRType.CAA,
        RRType.CNAME,
        RRType.DNAME,
        RRType.DNSKEY,
        RRType.DS,
        RRType.HTTPS,
        RRType.MX,
        RRType.NAPTR,
        RRType.NS,
        RRType.PTR,
        RRType.SOA,
        RRType.SRV,
        RRType.SVCB,
        RRType.TLSA,
        RRType.TXT,
    }
)

_ENTRY_OCTETS = 24  # times, numbers and lengths of an entry
_RRSET_OCTETS = 10
_MOST_DENIALS = 50_000
_FEWEST_DENIALS = 16
_OCTETS_A_DENIAL = 2_600


@dataclass(frozen=True, slots=True)
class CacheBounds:
    """How much a cache may hold.

    Attributes:
        entries: of all names together.
        octets: of records and zone cuts together.
        zone_share: how much of ``entries`` one zone cut may take.
        protected_share: how much entries that were asked for again may take, out
            of reach of those that never were.
        delegation_share: how much of ``entries`` and ``octets`` zone cuts may take.
    """

    entries: int = 300_000
    octets: int = 128 << 20
    zone_share: float = 0.1
    protected_share: float = 0.6
    delegation_share: float = 0.2

    @property
    def denials(self) -> int:
        """NSEC and NSEC3 records for aggressive use: some 400 octets each, a sixth of all."""
        return max(_FEWEST_DENIALS, min(_MOST_DENIALS, self.octets // _OCTETS_A_DENIAL))

    @property
    def zone_denials(self) -> int:
        """The same of one zone, so that who owns one does not push out all others."""
        return max(1, self.denials // 4)

    @property
    def zone_entries(self) -> int:
        """Entries of one zone cut."""
        return max(1, int(self.entries * self.zone_share))

    @property
    def delegations(self) -> int:
        """Zone cuts."""
        return max(1, int(self.entries * self.delegation_share))


class Setting(NamedTuple):
    """What a cache in a file is opened with.

    Attributes:
        bounds: how much it may hold; ``octets`` are those of the file.
        limits: of names and RRsets.
        generation: moves when something was flushed, in whatever process.
    """

    bounds: CacheBounds
    limits: ResolverLimits
    generation: Callable[[], int]


def rrset_octets(rrset: RRset) -> int:
    """Count the octets of an RRset and its signatures, owner left out."""
    return sum(map(len, rrset.rdatas)) + sum(map(len, rrset.signatures))


def refused(entry: Entry, limits: ResolverLimits) -> str:
    """Return the name of the limit that an entry is over, empty for none.

    The RRsets of a denial count like any other: they are as large as their
    sender likes (CVE-2026-33258).
    """
    octets = 0
    rrsets = entry.proof if entry.rrset is None else (entry.rrset, *entry.proof)
    for rrset in rrsets:
        fields = rrset.rdatas + rrset.signatures
        if len(fields) > limits.rrset_records:
            return "rrset_records"
        octets += sum(map(len, fields))
    return "rrset_octets" if octets > limits.rrset_octets else ""


def type_to_leave(stored: Iterable[tuple[int, float]]) -> int:
    """Return which type leaves a name that has too many: of those less asked for the oldest.

    Args:
        stored: types and when each was learned.
    """
    return min(stored, key=lambda item: (item[0] in ESSENTIAL_TYPES, item[1]))[0]


def has_zone_share(entry: Entry | Packed) -> bool:
    """Tell whether an entry counts against its zone cut.

    What a forwarder says has the apex of the forward zone as its cut, often the
    root, so it does not.
    """
    return entry.rank == Rank.AUTHORITATIVE


def entry_octets(entry: Entry) -> int:
    """Count what an entry takes, its name left out."""
    octets = _ENTRY_OCTETS + len(entry.server)
    if entry.explanation is not None:
        octets += len(entry.explanation.text)
    for rrset in entry.proof if entry.rrset is None else (entry.rrset, *entry.proof):
        fields = len(rrset.rdatas) + len(rrset.signatures)
        octets += _RRSET_OCTETS + len(rrset.owner) + 2 * fields + rrset_octets(rrset)
    return octets


def delegation_octets(delegation: Delegation) -> int:
    """Count what a zone cut takes, its name left out."""
    return (
        _ENTRY_OCTETS
        + len(delegation.source)
        + sum(map(len, delegation.servers))
        + sum(
            len(name) + sum(map(len, addresses)) for name, addresses in delegation.addresses.items()
        )
        + sum(map(len, delegation.ds))
    )
