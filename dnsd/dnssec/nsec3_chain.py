"""What a zone publishes with NSEC3: the chain, and which of it an answer takes.

Zones of ours have no salt and no iterations (RFC 9276 §3.1), yet both may be
given, for zones that others signed and for tests. The owners' TTL is that of
NSEC (RFC 9077 §3).

With opt-out, unsigned delegations have no record. Empty non-terminals have one
even where only unsigned delegations lie below, which RFC 5155 §7.1 leaves to
the signer: without it the closest *provable* encloser of names there is higher
up, and beside a wildcard at that one no name error could be proven.

Source: RFC 5155 §7.1, §7.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from dnsd.dnssec.bitmaps import render
from dnsd.dnssec.claims import Claim
from dnsd.dnssec.nsec3 import next_closer
from dnsd.dnssec.nsec3_hash import SHA1, Parameters, owner_of
from dnsd.dnssec.zone_names import ZoneName, empty_non_terminals
from dnsd.wire.iana import RRType
from dnsd.wire.names import parent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dnsd.wire.rrset import RRset

_WILDCARD: Final = b"\x01*"
_OPT_OUT: Final = 0x01
_RRSIG: Final = int(RRType.RRSIG)


#: RFC 9276 §3.1: neither salt nor iterations hide anything.
NO_EXTRAS: Final = Parameters()


@dataclass(frozen=True, slots=True)
class Nsec3Policy:
    """How the NSEC3 chain of a zone is made.

    Attributes:
        parameters: of the hash.
        opt_out: leave unsigned delegations out; for zones that hold little else.
    """

    parameters: Parameters = NO_EXTRAS
    opt_out: bool = False


def param_rdata(parameters: Parameters) -> bytes:
    """Make the NSEC3PARAM rdata of the apex; its flags are zero (RFC 5155 §4.1.2)."""
    return _head(parameters, 0)


def rdata(zone_name: ZoneName | None, following: bytes, policy: Nsec3Policy) -> bytes:
    """Make the NSEC3 rdata of a name.

    Args:
        zone_name: what has the record; ``None`` for an empty non-terminal.
        following: next hash of the chain, 20 octets.
        policy: of the zone.
    """
    types = set() if zone_name is None else set(zone_name.types)
    if zone_name is not None and not zone_name.is_unsigned_delegation:
        types.add(_RRSIG)
    head = _head(policy.parameters, _OPT_OUT if policy.opt_out else 0)
    return head + bytes((len(following),)) + following + render(types)


def _head(parameters: Parameters, flags: int) -> bytes:
    salt = parameters.salt
    iterations = parameters.iterations.to_bytes(2, "big")
    return bytes((SHA1, flags)) + iterations + bytes((len(salt),)) + salt


def chain(zone_names: Sequence[ZoneName], policy: Nsec3Policy) -> list[tuple[bytes, bytes]]:
    """Make the whole chain.

    Args:
        zone_names: all of the zone, the apex first, with NSEC3PARAM in its types.
        policy: of the zone.

    Returns:
        Owner and rdata in the order of the hashes.

    Raises:
        ValueError: two names have one hash; another salt helps (RFC 5155 §7.1).
    """
    apex = zone_names[0].name
    digest = policy.parameters.digest
    kept = [each for each in zone_names if not (policy.opt_out and each.is_unsigned_delegation)]
    hashed: list[tuple[bytes, ZoneName | None]] = [(digest(each.name), each) for each in kept]
    hashed += [(digest(name), None) for name in empty_non_terminals(apex, zone_names)]
    hashed.sort(key=lambda pair: pair[0])
    if any(a[0] == b[0] for a, b in pairwise(hashed)):
        raise ValueError("two names of the zone have one NSEC3 hash: it needs another salt")
    return [
        (owner_of(own, apex), rdata(zone_name, following, policy))
        for (own, zone_name), (following, _) in pairwise((*hashed, hashed[0]))
    ]


@dataclass(frozen=True, slots=True)
class PublishedChain:
    """The chain of one zone, as answers use it.

    Attributes:
        apex: of the zone.
        parameters: of its hashes.
        find: gives the NSEC3 RRset of a hash, or of the last before it, and
            before the first the last of all. The argument is 20 octets.
    """

    apex: bytes
    parameters: Parameters
    find: Callable[[bytes], RRset]

    def choose(self, claim: Claim, name: bytes, closest_encloser: bytes) -> list[RRset]:
        """Choose the fewest NSEC3 RRsets that prove what an answer says.

        A signed referral, a redirection by DNAME, and data of the name itself
        need none.

        Args:
            claim: what the answer says of the name.
            name: in question; of an UNSIGNED_REFERRAL the zone cut.
            closest_encloser: the longest existing name that is the name or
                above it: the name itself unless it does not exist; then a
                NODATA is a wildcard's.

        Returns:
            One to three RRsets (RFC 5155 §7.2).
        """
        if claim is Claim.WILDCARD_ANSWER:
            return [self._at_or_before(next_closer(name, closest_encloser))]
        # Opt-out leaves names out of the chain: what is provable may be higher up.
        encloser = closest_encloser
        match = self._at_or_before(encloser)
        while encloser != self.apex and not self._is_of(match, encloser):
            encloser = parent(encloser)
            match = self._at_or_before(encloser)
        if encloser == name:
            return [match]
        chosen = [match, self._at_or_before(next_closer(name, encloser))]
        if name != closest_encloser:
            chosen.append(self._at_or_before(_WILDCARD + encloser))
        return list({rrset.owner: rrset for rrset in chosen}.values())

    def _at_or_before(self, name: bytes) -> RRset:
        return self.find(self.parameters.digest(name))

    def _is_of(self, rrset: RRset, name: bytes) -> bool:
        return rrset.owner == owner_of(self.parameters.digest(name), self.apex)
