"""What a signed zone adds to an answer, so that it can be proved.

Beside a referral stands the DS RRset or the proof that there is none; beside a
denial, and beside what a wildcard stands for, the NSEC or NSEC3 records that
show that nothing else is there. Data, a CNAME, and a redirection by DNAME prove
themselves by their signatures.

The chain is looked for, never made, so zones signed elsewhere are served as they
are. Where a chain has a hole there is no proof: a client that validates does not
believe the answer, as the zone would have it, and all others get it.

Cost: none for a zone without signatures; else one or two cursor steps for each of
up to three records, and with NSEC3 as many hashes.

Source: RFC 4035 §3.1, RFC 5155 §7.2.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.authority.keys import chain_key
from dnsd.authority.lookup import Kind, redirection_above
from dnsd.authority.node import FLAG_OCCLUDED, Node
from dnsd.dnssec import nsec_chain
from dnsd.dnssec.claims import Claim
from dnsd.dnssec.nsec3_chain import PublishedChain
from dnsd.dnssec.nsec3_hash import SHA1, Parameters, owner_of
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from dnsd.authority.lookup import Lookup, Zone
    from dnsd.wire.rrset import RRset

#: Hashing is at the expense of whoever answers; BIND signs with no more.
MAX_ITERATIONS: Final = 150

_SOA: Final = int(RRType.SOA)
_DS: Final = int(RRType.DS)
_NSEC: Final = int(RRType.NSEC)
_NSEC3: Final = int(RRType.NSEC3)
_NSEC3PARAM: Final = int(RRType.NSEC3PARAM)
_SALT_OFFSET: Final = 5  # of an NSEC3PARAM

_CLAIMS: Final = {
    Kind.NAME_ERROR: Claim.NXDOMAIN,
    Kind.NO_DATA: Claim.NODATA,
    Kind.REFERRAL: Claim.UNSIGNED_REFERRAL,
}
#: What a signed zone says more to than its data. A tuple: members are found by identity.
PROVED_KINDS: Final = tuple(_CLAIMS)


class Chain(NamedTuple):
    """What a signed zone denies with.

    Attributes:
        key: of an NSEC3 chain, as ``keys.of_hash`` wants it; empty for NSEC.
        parameters: of its hashes.
    """

    key: bytes = b""
    parameters: Parameters = Parameters()


class _HoleError(Exception):
    """The chain lacks a record that a proof needs. Does not leave this module."""


def chain_of(origin: bytes, apex: Node) -> Chain | None:
    """Tell what a zone denies with: NSEC3 if its apex says so (RFC 5155 §7.3), else NSEC.

    Args:
        origin: of the zone.
        apex: its node.

    Returns:
        ``None`` if the zone is not signed.
    """
    soa = apex.rrset(origin, _SOA)
    if soa is None or not soa.signatures:
        return None
    params = apex.rrset(origin, _NSEC3PARAM)
    for rdata in params.rdatas if params is not None else ():
        # Flags other than zero mean that the chain is not to be used (RFC 5155 §4.1.2).
        if rdata[:2] == bytes((SHA1, 0)) and len(rdata) >= _SALT_OFFSET:
            iterations = int.from_bytes(rdata[2:4], "big")
            if iterations <= MAX_ITERATIONS:
                return Chain(chain_key(rdata), Parameters(iterations, rdata[_SALT_OFFSET:]))
    return Chain()


def proofs(zone: Zone, chain: Chain, found: Lookup, name: bytes) -> list[RRset]:
    """Choose what stands in the authority section for those who validate.

    Args:
        zone: that was asked.
        chain: of the zone.
        found: what it says: of one of :data:`PROVED_KINDS`, or from a wildcard.
        name: that was looked up.

    Returns:
        DS, NSEC or NSEC3 RRsets, each once; none if the chain has a hole.
    """
    claim = _CLAIMS.get(found.kind, Claim.WILDCARD_ANSWER)
    encloser = found.closest_encloser
    if claim is Claim.UNSIGNED_REFERRAL:
        name = encloser
        ds = found.node.rrset(name, _DS) if found.node is not None else None
        if ds is not None:
            return [ds]
    try:
        if not chain.key:
            return nsec_chain.choose(claim, name, encloser, partial(_nsec, zone))
        find = partial(_nsec3, zone, chain.key)
        published = PublishedChain(zone.origin, chain.parameters, find)
        return published.choose(claim, name, encloser)
    except _HoleError:
        return []


def _nsec(zone: Zone, name: bytes) -> RRset:
    """Find the NSEC RRset of a name, or of the last before it that is the zone's own."""
    octets = zone.get(name)
    if octets is None:
        before, _ = zone.neighbours(name)
        if before is None:
            raise _HoleError
        name, octets = before, zone.get(before)
    assert octets is not None
    node = Node(octets)
    if node.flags & FLAG_OCCLUDED:
        above = redirection_above(zone, name)
        name = above.closest_encloser
        assert above.node is not None
        node = above.node
    rrset = node.rrset(name, _NSEC)
    if rrset is None:
        raise _HoleError
    return rrset


def _nsec3(zone: Zone, chain: bytes, digest: bytes) -> RRset:
    found = zone.hash_at_or_before(chain, digest)
    if found is None:
        raise _HoleError
    own, octets = found
    rrset = Node(octets).rrset(owner_of(own, zone.origin), _NSEC3)
    if rrset is None:
        raise _HoleError
    return rrset
