"""A version of a zone with its signatures and its chain of denials.

Works on the nodes of the version as the store keeps them, whether they come
from a file or are those served now, without what was signed before. What an
RRset was signed with in the version before is taken over where nothing of it
changed and it lasts for long enough, so a small change costs a few signatures.

Signatures of one run end at different times, up to a tenth of their lifetime
apart either way, by a digest of owner and type: they come due bit by bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol
from zlib import crc32

from dnsd.authority.build.soa import with_serial
from dnsd.authority.node import FLAG_CUT, FLAG_OCCLUDED, Node, encode_node, signature_times
from dnsd.dnssec import nsec3_chain, nsec_chain
from dnsd.dnssec.nsec3_hash import digest_in
from dnsd.dnssec.signing import Validity
from dnsd.dnssec.zone_names import authoritative_names
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dnsd.authority.signing_keys import KeyRow
    from dnsd.dnssec.policy import SigningPolicy
    from dnsd.dnssec.signing import SigningKey
    from dnsd.dnssec.zone_names import ZoneName

# Clocks of validators may be behind ours by so much.
_EARLIER_S: Final = 3600
# Of its lifetime: the two ends of a jitter, and what is renewed ahead of its time together
# with what is due, lest every RRset of a zone has a run and a serial of its own.
_JITTER: Final = 10
_AHEAD: Final = 100

_PARAM: Final = nsec3_chain.param_rdata(nsec3_chain.NO_EXTRAS)
#: Of the hashes (``keys.of_hash``).
CHAIN: Final = _PARAM[2:]

_ABOUT_KEYS: Final = frozenset((RRType.DNSKEY, RRType.CDS, RRType.CDNSKEY))
_AT_A_CUT: Final = frozenset((RRType.DS, RRType.NSEC))
_MADE: Final = frozenset((RRType.NSEC, RRType.NSEC3, RRType.NSEC3PARAM))

# RRSIG rdata (RFC 4034 §3.1)
_ALGORITHM: Final = 2
_EXPIRATION: Final = slice(8, 12)
_INCEPTION: Final = slice(12, 16)
_TAG: Final = slice(16, 18)


class Previous(Protocol):
    """The version whose signatures may be taken over."""

    def node(self, name: bytes) -> bytes | None:
        """Return the octets of a node."""

    def hashed(self, chain: bytes, digest: bytes) -> bytes | None:
        """Return the octets of a node that holds an NSEC3 record (``ZoneStore.build``)."""


class Signer:
    """Signs one version of one zone: its nodes, and its NSEC3 records if it has any.

    Attributes:
        made: how many signatures were made.
        first_expiration: of all signatures, Unix seconds; 0 before any.
        policy: as it was given.
    """

    def __init__(
        self,
        origin: bytes,
        keys: Sequence[tuple[KeyRow, SigningKey]],
        policy: SigningPolicy,
        wall_now: int,
    ) -> None:
        self.made = 0
        self.first_expiration = 0
        self._origin = origin
        self._for_keys = [key for row, key in keys if row.signs_keys]
        self._for_zone = [key for row, key in keys if row.signs_zone]
        self.policy = policy
        self._wall_now = wall_now

    def nodes(
        self, nodes: Sequence[tuple[bytes, bytes]], previous: Previous | None
    ) -> Iterator[tuple[bytes, bytes]]:
        """Sign the nodes of a version.

        Args:
            nodes: names and node octets in canonical order, as :func:`unsigned`
                leaves them.
            previous: see :class:`Previous`.

        Yields:
            The same with signatures and NSEC records.
        """
        denials = {} if self.policy.nsec3 else self._nsec(nodes)
        for name, octets in nodes:
            node = Node(octets)
            rrsets = node.rrsets(name)
            if name in denials:
                rrsets.append(denials[name])
            before = previous.node(name) if previous is not None else None
            yield name, self.node(name, node.flags, rrsets, before)

    def node(self, name: bytes, flags: int, rrsets: list[RRset], before: bytes | None) -> bytes:
        """Sign one node.

        Args:
            name: its owner.
            flags: of the node.
            rrsets: its own, and its NSEC RRset if it has one; the list is used up.
            before: octets of the node whose signatures may be taken over.
        """
        if name == self._origin and self.policy.nsec3:
            rrsets.append(RRset(name, RRType.NSEC3PARAM, 0, (_PARAM,)))
        self._sign(name, _signed_types(flags), rrsets, before)
        return encode_node(flags, rrsets)

    def hashes(
        self, nodes: Sequence[tuple[bytes, bytes]], previous: Previous | None
    ) -> Iterator[tuple[bytes, bytes, bytes]]:
        """Make and sign the NSEC3 records of a version, as ``ZoneStore.build`` takes them.

        Args:
            nodes: as of :meth:`nodes`.
            previous: see :class:`Previous`.

        Yields:
            Chain, hash, and node octets; nothing where names are denied by NSEC.
        """
        if not self.policy.nsec3:
            return
        ttl = self._denial_ttl(nodes)
        policy = nsec3_chain.Nsec3Policy(opt_out=self.policy.opt_out)
        for owner, rdata in nsec3_chain.chain(self._zone_names(nodes), policy):
            digest = digest_in(owner, self._origin)
            assert digest is not None
            before = previous.hashed(CHAIN, digest) if previous is not None else None
            yield CHAIN, digest, self.hashed(RRset(owner, RRType.NSEC3, ttl, (rdata,)), before)

    def hashed(self, rrset: RRset, before: bytes | None) -> bytes:
        """Sign one NSEC3 RRset; ``before`` as of :meth:`node`."""
        self._sign(rrset.owner, None, [rrset], before)
        return encode_node(0, [rrset])

    def renewed(self, name: bytes, octets: bytes, serial: int | None = None) -> bytes:
        """Make the signatures of a node that are due, and none else.

        Args:
            name: its owner.
            octets: of a node that was signed with the same keys and policy.
            serial: what its SOA gets.
        """
        node = Node(octets)
        rrsets = node.rrsets(name)
        for rrset in rrsets:
            if rrset.type == RRType.SOA and serial is not None:
                rrset.rdatas = (with_serial(rrset.rdatas[0], serial),)
        self._sign(name, _signed_types(node.flags), rrsets, octets)
        return encode_node(node.flags, rrsets)

    def is_due(self, octets: bytes) -> bool:
        """Tell whether any signature of a node is due; if not, its times count."""
        first = 0
        for expiration, inception in signature_times(octets):
            if not self._lasts(expiration, inception):
                return True
            if not first or expiration < first:
                first = expiration
        if first and (not self.first_expiration or first < self.first_expiration):
            self.first_expiration = first
        return False

    def _lasts(self, expiration: int, inception: int) -> bool:
        now, validity = self._wall_now, self.policy.validity_s
        at_least = self.policy.renewal_s + validity // _AHEAD
        return inception <= now and at_least < expiration - now <= validity + validity // _JITTER

    def _nsec(self, nodes: Sequence[tuple[bytes, bytes]]) -> dict[bytes, RRset]:
        ttl = self._denial_ttl(nodes)
        return {
            name: RRset(name, RRType.NSEC, ttl, (rdata,))
            for name, rdata in nsec_chain.chain(self._zone_names(nodes))
        }

    def _zone_names(self, nodes: Sequence[tuple[bytes, bytes]]) -> list[ZoneName]:
        contents: list[tuple[bytes, tuple[int, ...]]] = []
        for name, octets in nodes:
            types = Node(octets).types
            if name == self._origin and self.policy.nsec3:
                types = (*types, RRType.NSEC3PARAM)
            contents.append((name, types))
        return authoritative_names(self._origin, contents)

    def _denial_ttl(self, nodes: Sequence[tuple[bytes, bytes]]) -> int:
        octets = next(octets for name, octets in nodes if name == self._origin)
        soa = Node(octets).rrset(self._origin, RRType.SOA)
        assert soa is not None
        return denial_ttl(soa)

    def _sign(
        self, name: bytes, types: frozenset[int] | None, rrsets: list[RRset], before: bytes | None
    ) -> None:
        """Give RRsets of a name their signatures: those of some types, or with None all."""
        old = Node(before) if before is not None else None
        for rrset in rrsets:
            if types is None or rrset.type in types:
                same = old.rrset(name, rrset.type) if old is not None else None
                rrset.signatures = self._signatures(rrset, same)

    def _signatures(self, rrset: RRset, old: RRset | None) -> tuple[bytes, ...]:
        keys = self._for_keys if rrset.type in _ABOUT_KEYS else self._for_zone
        kept = old.signatures if old is not None and _is_same(old, rrset) else ()
        found = []
        for key in keys:
            signature = next((each for each in kept if self._may_stay(each, key)), None)
            if signature is None:
                signature = key.sign(rrset, self._origin, self._validity(rrset))
                self.made += 1
            found.append(signature)
            expiration = int.from_bytes(signature[_EXPIRATION], "big")
            if not self.first_expiration or expiration < self.first_expiration:
                self.first_expiration = expiration
        return tuple(found)

    def _may_stay(self, signature: bytes, key: SigningKey) -> bool:
        expiration = int.from_bytes(signature[_EXPIRATION], "big")
        inception = int.from_bytes(signature[_INCEPTION], "big")
        return (
            signature[_ALGORITHM] == key.key.algorithm
            and int.from_bytes(signature[_TAG], "big") == key.key.tag
            and self._lasts(expiration, inception)
        )

    def _validity(self, rrset: RRset) -> Validity:
        now, validity = self._wall_now, self.policy.validity_s
        spread = validity // _JITTER
        jitter = crc32(rrset.owner, rrset.type) % (2 * spread + 1) - spread
        return Validity(now - _EARLIER_S, now + validity + jitter)


def denial_ttl(soa: RRset) -> int:
    """Return the TTL of denials of a zone (RFC 9077 §3)."""
    return min(soa.ttl, int.from_bytes(soa.rdatas[0][-4:], "big"))


def unsigned_rrsets(name: bytes, node: Node) -> list[RRset]:
    """Take the RRsets of a node as they were before it was signed."""
    kept = [rrset for rrset in node.rrsets(name) if rrset.type not in _MADE]
    for rrset in kept:
        rrset.signatures = ()
    return kept


def unsigned(
    nodes: Iterator[tuple[bytes, bytes]], origin: bytes, soa_rdata: Callable[[bytes], bytes]
) -> Iterator[tuple[bytes, bytes]]:
    """Take a version as it was before it was signed.

    Args:
        nodes: names and node octets of a signed version.
        origin: the apex.
        soa_rdata: gives the rdata of the SOA to be from that of the version.
    """
    for name, octets in nodes:
        node = Node(octets)
        kept = unsigned_rrsets(name, node)
        for rrset in kept:
            if rrset.type == RRType.SOA and name == origin:
                rrset.rdatas = (soa_rdata(rrset.rdatas[0]),)
        if kept:
            yield name, encode_node(node.flags, kept)


def _signed_types(flags: int) -> frozenset[int] | None:
    """Return which types of a node are signed, None for all (RFC 4035 §2.2)."""
    if flags & FLAG_OCCLUDED:
        return frozenset()
    return _AT_A_CUT if flags & FLAG_CUT else None


def _is_same(old: RRset, new: RRset) -> bool:
    return old.ttl == new.ttl and old.rdatas == new.rdatas
