"""Some names of a version changed in place: their nodes, signatures and denials.

What is not touched stays as it was signed. Touched are the changed names, the
apex with its serial, and in the chain of denials the names or hashes before those
that came or went.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from dnsd.authority import keys
from dnsd.authority.build.ring import Ring
from dnsd.authority.build.signer import CHAIN, denial_ttl
from dnsd.authority.node import FLAG_OCCLUDED, Node, encode_node
from dnsd.dnssec import nsec3_chain, nsec_chain
from dnsd.dnssec.nsec3_hash import owner_of
from dnsd.wire import names
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.authority.build.node_changes import NodeChanges
    from dnsd.authority.build.signer import Signer
    from dnsd.authority.store import ZoneVersion
    from dnsd.dnssec.zone_names import ZoneName

# NSEC3 rdata without salt (RFC 5155 §3.2): where the next hash begins.
_NEXT_HASH: Final = 6
_HASH_OCTETS: Final = 20
_BITMAP: Final = _NEXT_HASH + _HASH_OCTETS
_HASHES: Final = 1 << 8 * _HASH_OCTETS


@dataclass(frozen=True, slots=True)
class Amendment:
    """Nodes to be written over those of a version, None for those that go.

    Attributes:
        nodes: by name.
        hashes: NSEC3 RRsets, by chain and hash.
    """

    nodes: dict[bytes, bytes | None] = field(default_factory=dict)
    hashes: dict[tuple[bytes, bytes], bytes | None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.nodes) + len(self.hashes)

    def items(self, version: int, origin: bytes) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield keys and octets, as the store takes them."""
        prefix = keys.of_apex(version, origin)
        for name, octets in self.nodes.items():
            yield keys.of_name(prefix, len(name) - len(origin), name), octets
        for (chain, digest), octets in self.hashes.items():
            yield keys.of_hash(prefix, chain, digest), octets


def amend(changes: NodeChanges, signer: Signer | None) -> Amendment:
    """Make an amendment of changed names.

    Args:
        changes: see there; the apex with its new SOA is among them.
        signer: with the keys and the policy that the version was signed with, None
            for one that is not signed.
    """
    amendment = Amendment()
    if signer is None:
        for name in changes.changed:
            rrsets = changes.rrsets(name)
            amendment.nodes[name] = encode_node(changes.flags(name), rrsets) if rrsets else None
        return amendment
    denials: dict[bytes, RRset] = {}
    if signer.policy.nsec3:
        _amend_hashes(changes, signer, amendment)
    else:
        denials = _denials(changes)
    for name in changes.changed.keys() | denials.keys():
        rrsets = changes.rrsets(name)
        if not rrsets:
            amendment.nodes[name] = None
            continue
        if name in denials:
            rrsets.append(denials[name])
        before = changes.version.get(name)
        amendment.nodes[name] = signer.node(name, changes.flags(name), rrsets, before)
    return amendment


def _ttl(changes: NodeChanges) -> int:
    apex = changes.rrsets(changes.origin)
    return denial_ttl(next(rrset for rrset in apex if rrset.type == RRType.SOA))


def _denials(changes: NodeChanges) -> dict[bytes, RRset]:
    """Make the NSEC RRsets that are other ones now, or of a changed name."""
    version = changes.version

    def before(key: bytes) -> Iterator[bytes]:
        for name, octets in version.before(names.from_order_key(key)):
            if not octets[0] & FLAG_OCCLUDED:
                yield names.order_key(name)

    def following(key: bytes) -> bytes:
        name = names.from_order_key(key)
        octets = version.get(name)
        assert octets is not None
        rrset = Node(octets).rrset(name, RRType.NSEC)
        assert rrset is not None
        return names.order_key(_name_at_start(rrset.rdatas[0]))

    ring = Ring(before, following)
    touched = set()
    for name in changes.changed:
        was, now = changes.was(name), changes.now(name)
        if was is not None and now is None:
            ring.leave(names.order_key(name))
        elif was is None and now is not None:
            ring.enter(names.order_key(name))
        if now is not None:
            touched.add(name)
    touched.update(map(names.from_order_key, ring.links))
    ttl = _ttl(changes)
    found = {}
    for name in touched:
        now = changes.now(name)
        assert now is not None
        next_name = names.from_order_key(ring.follows(names.order_key(name)))
        rdata = nsec_chain.rdata(now, next_name)
        found[name] = RRset(name, RRType.NSEC, ttl, (rdata,))
    return found


def _name_at_start(rdata: bytes) -> bytes:
    end = 0
    while rdata[end]:
        end += 1 + rdata[end]
    return rdata[: end + 1]


class _Hashes:
    """The stored circle of NSEC3 records."""

    def __init__(self, version: ZoneVersion) -> None:
        self._version = version

    def get(self, digest: bytes) -> bytes | None:
        """Return the node octets of a hash."""
        found = self._version.hash_at_or_before(CHAIN, digest)
        return found[1] if found is not None and found[0] == digest else None

    def before(self, digest: bytes) -> Iterator[bytes]:
        """Walk backwards from a hash, round and round."""
        while True:
            number = (int.from_bytes(digest, "big") - 1) % _HASHES
            found = self._version.hash_at_or_before(CHAIN, number.to_bytes(_HASH_OCTETS, "big"))
            if found is None:
                return
            digest = found[0]
            yield digest

    def rdata(self, digest: bytes) -> bytes:
        """Return the rdata of a record that is there."""
        octets = self.get(digest)
        assert octets is not None
        rrset = Node(octets).rrset(self._version.origin, RRType.NSEC3)
        assert rrset is not None
        return rrset.rdatas[0]

    def following(self, digest: bytes) -> bytes:
        """Return what follows a hash that is there."""
        return self.rdata(digest)[_NEXT_HASH:_BITMAP]


def _amend_hashes(changes: NodeChanges, signer: Signer, amendment: Amendment) -> None:
    """Make the NSEC3 RRsets that are other ones now, or of a changed name."""
    origin = changes.origin
    policy = nsec3_chain.Nsec3Policy(opt_out=signer.policy.opt_out)
    stored = _Hashes(changes.version)
    ring = Ring(stored.before, stored.following)
    heads: dict[bytes, ZoneName | None] = {}
    for name in _with_ancestors(changes):
        digest = policy.parameters.digest(name)
        now = changes.now(name)
        if _is_hashed(now, policy, has_below=changes.has_below(name)):
            heads[digest] = now
            if stored.get(digest) is None:
                ring.enter(digest)
        elif stored.get(digest) is not None:
            ring.leave(digest)
            amendment.hashes[CHAIN, digest] = None
    ttl = _ttl(changes)
    for digest in heads.keys() | ring.links.keys():
        follows = ring.follows(digest)
        if digest in heads:
            rdata = nsec3_chain.rdata(_with_parameters(heads[digest], origin), follows, policy)
        else:
            before = stored.rdata(digest)
            rdata = before[:_NEXT_HASH] + follows + before[_BITMAP:]
        rrset = RRset(owner_of(digest, origin), RRType.NSEC3, ttl, (rdata,))
        amendment.hashes[CHAIN, digest] = signer.hashed(rrset, stored.get(digest))


def _with_ancestors(changes: NodeChanges) -> set[bytes]:
    """List the changed names and those above them, as far as a chain may speak of them."""
    found = set()
    for name in changes.changed:
        if not changes.flags(name) & FLAG_OCCLUDED:
            found.add(name)
            found.update(each for each in names.ancestors(name, changes.origin))
    return found


def _is_hashed(
    zone_name: ZoneName | None, policy: nsec3_chain.Nsec3Policy, *, has_below: bool
) -> bool:
    if zone_name is None:
        return has_below
    return not (policy.opt_out and zone_name.is_unsigned_delegation)


def _with_parameters(zone_name: ZoneName | None, origin: bytes) -> ZoneName | None:
    """Add the NSEC3PARAM of the apex to its types."""
    if zone_name is None or zone_name.name != origin:
        return zone_name
    return replace(zone_name, types=zone_name.types | {int(RRType.NSEC3PARAM)})
