"""A zone of a few names and what is true of it, worked out by looking at all of them.

The model shares no code with what it judges: names are tuples of labels from
the root down, and every rule is a search over all names of the zone.
"""

from bisect import bisect_right

from dnsd.dnssec import nsec3_chain, nsec_chain
from dnsd.dnssec.claims import Claim
from dnsd.dnssec.nsec3_chain import Nsec3Policy, PublishedChain
from dnsd.dnssec.zone_names import authoritative_names
from dnsd.wire.rrset import RRset

NS, CNAME, SOA, DNAME, DS, NSEC, DNSKEY, NSEC3, NSEC3PARAM, ANY = (
    2, 5, 6, 39, 43, 47, 48, 50, 51, 255
)  # fmt: skip


def wire(path):
    """The name of a path, as octets."""
    return b"".join(bytes((len(label),)) + label for label in reversed(path)) + b"\x00"


class SmallZone:
    """Names with their types: path → set of types, the apex among them."""

    def __init__(self, apex, contents):
        self.apex = apex
        self.contents = {apex: {SOA, NS, DNSKEY, NSEC3PARAM}} | contents

    def is_cut(self, name):
        return name != self.apex and NS in self.contents.get(name, ())

    def is_hidden(self, name):
        """Whether a zone cut or a DNAME lies above."""
        above = [name[:i] for i in range(len(self.apex), len(name))]
        return any(self.is_cut(x) or DNAME in self.contents.get(x, ()) for x in above)

    def exists(self, name):
        return any(x[: len(name)] == name and not self.is_hidden(x) for x in self.contents)

    def closest_encloser(self, name):
        return next(name[:i] for i in range(len(name), -1, -1) if self.exists(name[:i]))

    def source(self, name):
        """The name whose records answer for a name: itself or a wildcard; or nothing."""
        wildcard = (*self.closest_encloser(name), b"*")
        return name if self.exists(name) else wildcard if self.exists(wildcard) else None

    def is_true(self, claim, name, rrtype, wildcard):
        """Whether this zone may say so."""
        if name[: len(self.apex)] != self.apex or self.is_hidden(name):
            return False
        types = self.contents.get(self.source(name), set())
        match claim:
            case Claim.NXDOMAIN:
                return self.source(name) is None
            case Claim.NODATA:
                if self.source(name) is None or types & {CNAME, rrtype}:
                    return False
                if rrtype == DS:
                    return name != self.apex or self.apex == ()
                return not self.is_cut(self.source(name)) and not (rrtype == ANY and types)
            case Claim.WILDCARD_ANSWER:
                # Given that the wildcard exists, which its signature shows.
                is_above = len(wildcard) <= len(name) and name[: len(wildcard) - 1] == wildcard[:-1]
                return is_above and not self.exists(name[: len(wildcard)])
            case Claim.UNSIGNED_REFERRAL:
                return self.is_cut(name) and DS not in types

    def is_left_out(self, name):
        """Whether opt-out gives the name no record: it does not exist, or is not signed."""
        return not self.exists(name) or (self.is_cut(name) and DS not in self.contents[name])

    def may_be_insecure(self, claim, name, wildcard):
        """Whether opt-out leaves it open if another zone begins at or above the name."""
        if claim is Claim.WILDCARD_ANSWER:
            name = name[: len(wildcard)]
        if name[: len(self.apex)] != self.apex or not self.is_left_out(name):
            return False
        has_record = [i for i in range(len(name)) if not self.is_left_out(name[:i])]
        encloser = name[: max(i for i in has_record if i >= len(self.apex))]
        if self.is_cut(encloser) or DNAME in self.contents.get(encloser, ()):
            return False
        return claim is not Claim.NXDOMAIN or self.is_left_out((*encloser, b"*"))


class Publication:
    """The chain of a small zone, made by ours: ``nsec``, ``nsec3`` or ``opt-out``.

    Attributes:
        rrsets: the whole chain in its own order.
    """

    def __init__(self, zone, kind, parameters=nsec3_chain.NO_EXTRAS):
        self.kind = kind
        apex = wire(zone.apex)
        listed = authoritative_names(apex, [(wire(x), kinds) for x, kinds in zone.contents.items()])
        if kind == "nsec":
            pairs, rrtype = list(nsec_chain.chain(listed)), NSEC
            self._keys = [self._path(owner) for owner, _ in pairs]
        else:
            pairs = nsec3_chain.chain(listed, Nsec3Policy(parameters, opt_out=kind == "opt-out"))
            rrtype = NSEC3
            self._keys = [owner[1:33] for owner, _ in pairs]
        self.rrsets = [RRset(owner, rrtype, 300, (rdata,)) for owner, rdata in pairs]
        self._chain = PublishedChain(apex, parameters, self.find_hash)

    @staticmethod
    def _path(name):
        labels = []
        while name[0]:
            labels.insert(0, name[1 : 1 + name[0]])
            name = name[1 + name[0] :]
        return tuple(labels)

    def _find_name(self, name):
        return self.rrsets[bisect_right(self._keys, self._path(name)) - 1]

    def find_hash(self, digest):
        # Owner labels are the hash as text, which sorts as the hash does.
        label = nsec3_chain.owner_of(digest, b"\x00")[1:33]
        return self.rrsets[bisect_right(self._keys, label) - 1]

    def choose(self, claim, name, closest_encloser):
        """What our authority would send, for paths of names."""
        if self.kind == "nsec":
            return nsec_chain.choose(claim, wire(name), wire(closest_encloser), self._find_name)
        return self._chain.choose(claim, wire(name), wire(closest_encloser))
