"""PTR records made from forward zones that ask for them with ``reverse:``.

Every address that a forward zone answers for gives a PTR back to its name:
not those of wildcards, which stand for names without number, and not those
at or below a delegation, which another zone answers for.

A PTR goes into the closest reverse zone that has a file. Where none has, the
server makes one, a /24 (IPv4) or a /64 (IPv6), with the name servers and the
SOA settings of the forward zone. What a reverse zone's file says of a name
wins: a PTR or CNAME written there, or a delegation above it, and nothing is
added.

Source: RFC 1035 §3.5, RFC 3596 §2.5.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, NamedTuple

from dnsd.authority.build.findings import warning
from dnsd.authority.build.sorted_zone import CUT, OCCLUDED
from dnsd.authority.node import FLAG_CUT, FLAG_OCCLUDED, Node
from dnsd.authority.zonefile.draft import Record, SoaSettings, ZoneDraft
from dnsd.wire import names, rdata
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from dnsd.authority.build.findings import Findings
    from dnsd.authority.build.sorted_zone import SortedZone
    from dnsd.source.problems import Where

MANY_NAMES = warning("reverse-many-names", "RFC 1912 §2.1", "few names for one address")

# An address with hundreds of names, as of a web host, would fill a message.
MAX_NAMES_OF_ADDRESS = 16

_IPV4_SUFFIX = b"\x07in-addr\x04arpa\x00"
_IPV6_SUFFIX = b"\x03ip6\x04arpa\x00"
_DECIMAL = tuple(bytes([len(str(i))]) + str(i).encode() for i in range(256))
_NIBBLES = tuple(b"\x01%x\x01%x" % (i & 15, i >> 4) for i in range(256))
_IPV6_HOST_OCTETS = 32  # sixteen labels of one nibble: the last 64 bits


class Pointer(NamedTuple):
    """One PTR record to be.

    Attributes:
        owner: name of the address, in canonical form.
        target: name of the host.
        ttl: of the address record.
        where: what asked for it.
    """

    owner: bytes
    target: bytes
    ttl: int
    where: Where


@dataclass(frozen=True, slots=True)
class Donor:
    """What a generated reverse zone takes over from a forward zone.

    Attributes:
        name_servers: NS rdata of the apex.
        ttl: of these NS.
        soa: settings for the kept SOA.
    """

    name_servers: tuple[bytes, ...]
    ttl: int
    soa: SoaSettings


def is_reverse(origin: bytes) -> bool:
    """Tell whether a zone is for names of addresses."""
    return names.is_subdomain(origin, _IPV4_SUFFIX) or names.is_subdomain(origin, _IPV6_SUFFIX)


def owner_of(address: bytes) -> bytes:
    """Return the name under ``in-addr.arpa`` or ``ip6.arpa`` of an address's octets."""
    if len(address) == 4:
        return b"".join(_DECIMAL[octet] for octet in reversed(address)) + _IPV4_SUFFIX
    return b"".join(_NIBBLES[octet] for octet in reversed(address)) + _IPV6_SUFFIX


class Networks:
    """Addresses that get PTR records; no network means every address."""

    __slots__ = ("_by_length", "text")

    def __init__(self, networks: Iterable[IPv4Network | IPv6Network]) -> None:
        found = tuple(networks)
        self.text = [str(network) for network in found]
        self._by_length = {
            octets: [
                (int(network.netmask), int(network.network_address))
                for network in found
                if network.version == version
            ]
            for octets, version in ((4, 4), (16, 6))
        }

    @classmethod
    def from_text(cls, text: Iterable[str]) -> Networks:
        """Read what :attr:`text` holds."""
        return cls(map(ip_network, text))

    def contains(self, address: bytes) -> bool:
        """Tell whether an address is in one of the networks."""
        if not self.text:
            return True
        number = int.from_bytes(address, "big")
        return any(number & mask == network for mask, network in self._by_length[len(address)])


def pointers_of_zone(zone: SortedZone, networks: Networks, where: Where) -> list[Pointer]:
    """Make the PTR records of a zone that was just read."""
    found = []
    for record in zone.records:
        if record.type not in (RRType.A, RRType.AAAA):
            continue
        owner = record.owner
        if zone.marks[owner] & (OCCLUDED | CUT) or owner.startswith(b"\x01*"):
            continue
        if networks.contains(record.rdata):
            found.append(Pointer(owner_of(record.rdata), owner, record.ttl, where))
    return found


def pointers_of_nodes(
    nodes: Iterable[tuple[bytes, bytes]], networks: Networks, where: Where
) -> list[Pointer]:
    """Make the PTR records of a zone that is served."""
    found = []
    for owner, octets in nodes:
        node = Node(octets)
        if node.flags & (FLAG_OCCLUDED | FLAG_CUT) or owner.startswith(b"\x01*"):
            continue
        for rrtype in (RRType.A, RRType.AAAA):
            rrset = node.rrset(owner, rrtype)
            if rrset is not None:
                found += [
                    Pointer(owner_of(address), owner, rrset.ttl, where)
                    for address in rrset.rdatas
                    if networks.contains(address)
                ]
    return found


def donor_of(
    soa: bytes, soa_ttl: int, name_servers: Sequence[bytes], ns_ttl: int, where: Where
) -> Donor:
    """Take what a generated zone needs from the apex of a forward zone.

    Args:
        soa: rdata of its SOA.
        soa_ttl: seconds.
        name_servers: rdata of its NS.
        ns_ttl: seconds.
        where: what asked for reverse zones.
    """
    primary, hostmaster = rdata.names_in(RRType.SOA, soa)
    refresh, retry, expire, minimum = struct.unpack(">4I", soa[-16:])
    settings = SoaSettings(where, primary, hostmaster, refresh, retry, expire, minimum, soa_ttl)
    return Donor(tuple(sorted(name_servers)), ns_ttl, settings)


def check_pointers(pointers: Iterable[Pointer], findings: Findings) -> None:
    """Say which addresses have more names than get a PTR record."""
    for owner, group in _by_owner(pointers):
        if len(group) > MAX_NAMES_OF_ADDRESS:
            message = f"{names.to_text(owner)} would have {len(group)} PTR records"
            hint = f"only the first {MAX_NAMES_OF_ADDRESS} are made; networks: leaves out others"
            findings.add(MANY_NAMES, group[0].where, message, hint)


def digest(pointers: Sequence[Pointer], donor: Donor) -> str:
    """Digest everything that a forward zone gives to reverse zones, as hex."""
    soa = donor.soa
    state = blake2b(digest_size=16)
    state.update(repr((donor.name_servers, donor.ttl, soa.primary, soa.hostmaster)).encode())
    state.update(repr((soa.refresh, soa.retry, soa.expire, soa.minimum, soa.ttl)).encode())
    for pointer in sorted(pointers):
        state.update(b"%b%b%d " % (pointer.owner, pointer.target, pointer.ttl))
    return state.hexdigest()


def closest_zone(owner: bytes, origins: Container[bytes]) -> bytes | None:
    """Return the reverse zone with a file that a PTR belongs to, if any."""
    name = owner
    while name != names.ROOT:
        if name in origins:
            return name
        name = names.parent(name)
    return None


def generated_origin(owner: bytes) -> bytes:
    """Return the zone that is made for a PTR: its /24 or /64."""
    if owner.endswith(_IPV4_SUFFIX):
        return names.parent(owner)
    return owner[_IPV6_HOST_OCTETS:]


def add_pointers(draft: ZoneDraft, pointers: Iterable[Pointer]) -> None:
    """Add PTR records to a reverse zone's draft where its file leaves room."""
    written = set()
    roofs = set()
    for record in draft.records:
        if record.type in (RRType.PTR, RRType.CNAME):
            written.add(record.owner)
        if record.type == RRType.DNAME or (
            record.type == RRType.NS and record.owner != draft.origin
        ):
            roofs.add(record.owner)
    for owner, group in _by_owner(pointers):
        if owner in written or _is_below(owner, roofs, draft.origin):
            continue
        ttl = min(pointer.ttl for pointer in group)
        draft.records += [
            Record(owner, RRType.PTR, ttl, pointer.target, pointer.where)
            for pointer in group[:MAX_NAMES_OF_ADDRESS]
        ]


def generated_draft(origin: bytes, pointers: Sequence[Pointer], donor: Donor) -> ZoneDraft:
    """Make the draft of a reverse zone that has no file."""
    draft = ZoneDraft(origin, donor.soa)
    where = pointers[0].where
    draft.records += [
        Record(origin, RRType.NS, donor.ttl, name_server, where)
        for name_server in donor.name_servers
    ]
    draft.files = (where.file,)
    add_pointers(draft, pointers)
    return draft


def _by_owner(pointers: Iterable[Pointer]) -> Iterator[tuple[bytes, list[Pointer]]]:
    """Group pointers by address; each target once, in canonical order."""
    groups: dict[bytes, dict[bytes, Pointer]] = {}
    for pointer in pointers:
        groups.setdefault(pointer.owner, {}).setdefault(pointer.target, pointer)
    for owner, by_target in groups.items():
        yield owner, sorted(by_target.values(), key=lambda p: names.order_key(p.target))


def _is_below(owner: bytes, roofs: set[bytes], origin: bytes) -> bool:
    """Tell whether a delegation or DNAME of the zone stands at or above a name."""
    return bool(roofs) and any(name in roofs for name in (owner, *names.ancestors(owner, origin)))
