"""Signed zones with an NSEC3 chain, for the simulated Internet."""

from bisect import bisect_right

from fakes.signed_internet import VALIDITY, SignedZone

from dnsd.dnssec.nsec3_chain import Nsec3Policy, PublishedChain, chain, param_rdata
from dnsd.dnssec.nsec3_hash import digest_in
from dnsd.dnssec.zone_names import authoritative_names
from dnsd.lab.zone import zone
from dnsd.wire.rrset import RRset

NSEC3, NSEC3PARAM = 50, 51


class HashedZone(SignedZone):
    """A zone whose denials are NSEC3 records; they are not names of what it serves.

    Attributes:
        policy: how they are made.
    """

    def __init__(self, origin, text, *, policy=None, **how):
        super().__init__(origin, text, **how)
        self.policy = policy or Nsec3Policy()
        apex, validity = self.origin, how.get("validity", VALIDITY)
        param = RRset(apex, NSEC3PARAM, 0, (param_rdata(self.policy.parameters),))
        param.signatures = (self.key.sign(param, apex, validity),)
        rrsets = [each for each in self.zone.rrsets if each.type != 47] + [param]
        contents = {}
        for rrset in rrsets:
            contents.setdefault(rrset.owner, set()).add(rrset.type)
        self.denials = {}
        for owner, octets in chain(authoritative_names(apex, contents.items()), self.policy):
            rrset = RRset(owner, NSEC3, 60, (octets,))
            rrset.signatures = (self.key.sign(rrset, apex, validity),)
            self.denials[digest_in(owner, apex)] = rrset
        self._hashes = sorted(self.denials)
        self.zone = zone(apex, rrsets)
        self.rrsets = {(rrset.owner, rrset.type): rrset for rrset in rrsets}

    def _find(self, digest):
        return self.denials[self._hashes[bisect_right(self._hashes, digest) - 1]]

    def choose(self, claim, name, encloser):
        published = PublishedChain(self.origin, self.policy.parameters, self._find)
        return published.choose(claim, name, encloser)


def opt_out(origin, text, **how):
    """A zone that leaves unsigned delegations out of its chain."""
    return HashedZone(origin, text, policy=Nsec3Policy(opt_out=True), **how)
