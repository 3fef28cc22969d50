"""Random signed worlds, and what may happen to their replies on the way."""

from dataclasses import replace

from fakes.signed_internet import DNAME, DNSKEY, DS, NSEC, VALIDITY, SignedZone, key_of
from fakes.signed_nsec3 import NSEC3, HashedZone, opt_out
from fakes.signed_world import SignedWorld, every_rrset, without_signatures

from dnsd.dnssec import nsec3_chain, nsec3_hash, nsec_chain
from dnsd.dnssec.zone_names import ZoneName
from dnsd.wire import names
from dnsd.wire.rrset import RRset

N = names.from_text
A, NS, CNAME, SOA, MX, AAAA = 1, 2, 5, 6, 15, 28
ORIGINS = ("a.test.", "b.test.", "c.a.test.", "evil.test.")
LABELS = (
    "www",
    "mail",
    "x.wild",
    "nobody",
    "deep.ent",
    "ent",
    "alias",
    "away",
    "y.old",
    "no.deep.ent",
    "sub",
)
_OF_NAMES = frozenset((NS, CNAME, SOA, DNAME, MX))
TYPES = (A, A, A, AAAA, MX, DS, DNSKEY, CNAME)


def any_world(rng):
    """A root, a TLD and up to four zones below; what is signed differs, and how."""
    origins = [each for each in ORIGINS if rng.random() < 0.8 or each == "a.test."]
    texts = {".": "", "test.": ""} | {each: _lines(rng, origins) for each in origins}
    makers = {each: rng.choice((SignedZone, HashedZone, opt_out)) for each in texts}
    loose = [each for each in origins if rng.random() < 0.3]
    unknown = [each for each in loose if rng.random() < 0.3]
    unsigned = [each for each in loose if each not in unknown]
    return SignedWorld(texts, unsigned=unsigned, unknown=unknown, make=makers)


def _lines(rng, origins):
    lines = ["www A 192.0.2.80", "deep.ent A 192.0.2.81"]
    optional = ["mail MX 10 www", "*.wild A 192.0.2.82", "* A 192.0.2.83", "alias CNAME www",
                f"away CNAME www.{rng.choice(origins)}", f"old DNAME {rng.choice(origins)}",
                f"*.ent CNAME www.{rng.choice(origins)}", "www AAAA 2001:db8::1"]  # fmt: skip
    return "".join(
        line + "\n" for line in lines + [each for each in optional if rng.random() < 0.6]
    )


def any_question(rng, world):
    origin = rng.choice([each for each in world.zones if each != "."])
    if rng.random() < 0.2:
        return origin, rng.choice((DS, DNSKEY, A, SOA))
    return f"{rng.choice(LABELS)}.{origin}", rng.choice(TYPES)


class Mutation:
    """Changes some replies of some servers; deterministic in what it was made of.

    Attributes:
        target: only replies about this name are changed, and the way to it is left
            alone; ``None`` for all.
        owner: name of the zone whose key it signs with.
        done: what was changed, for people.
    """

    def __init__(self, rng, world, *, share=0.3, servers=None):
        self.rng, self.world, self.share = rng, world, share
        self.target = None
        # Who may be anywhere on the way has no key; a liar at home has his own.
        self.owner = servers[0] if servers else "nobody."
        self.done = []
        self.usual = rng.choice((*_WAYS, None, None))
        for origin in servers or world.servers:
            world.servers[origin].tamper = self._tamper(origin)

    def end(self):
        """Let all servers say the truth again."""
        for server in self.world.servers.values():
            server.tamper = lambda _name, _type, found: found

    def _tamper(self, origin):
        def tamper(qname, qtype, found):
            if self.target not in (None, qname) or self.rng.random() >= self.share:
                return found
            for _ in range(self.rng.choice((1, 1, 2, 3))):
                way = self.usual or self.rng.choice(_WAYS)
                found = way(self, origin, qname, qtype, found)
                self.done.append((way.__name__, names.to_text(qname), qtype))
            return found

        return tamper

    def any_rrset(self):
        """A true RRset of any zone, signed or not."""
        zone = self.world.zones[self.rng.choice(list(self.world.zones))]
        if not isinstance(zone, SignedZone):
            return self.rng.choice(zone.rrsets)
        return self.rng.choice([*zone.rrsets.values(), *zone.denials.values()])

    def one_of(self, found, change):
        """Change one RRset of the answer or authority section."""
        count = len(found.answer) + len(found.authority)
        chosen, seen = self.rng.randrange(count) if count else -1, iter(range(count))
        return every_rrset(found, lambda each: change(each) if next(seen) == chosen else each)


def _drop(mutation, _origin, _qname, _qtype, found):
    return mutation.one_of(found, lambda _each: None)


def _alter(mutation, _origin, _qname, _qtype, found):
    def alter(rrset):
        if rrset.type in _OF_NAMES:
            return (
                replace(rrset, rdatas=(N("www.evil.test."),))
                if rrset.type not in (SOA, MX)
                else None
            )
        octets = bytearray(rrset.rdatas[0])
        octets[-1] ^= 1
        return replace(rrset, rdatas=(bytes(octets), *rrset.rdatas[1:]))

    return mutation.one_of(found, alter)


def _strip(mutation, _origin, _qname, _qtype, found):
    return mutation.one_of(found, lambda each: replace(each, signatures=()))


def _strip_all(_mutation, _origin, _qname, _qtype, found):
    return without_signatures(found)


def _forge(mutation, _origin, qname, qtype, found):
    """An answer, or a denial, without any signature."""
    if qtype in (A, CNAME, AAAA):
        octets = b"\6" * (16 if qtype == AAAA else 4) if qtype != CNAME else N("www.evil.test.")
        return replace(found, rcode=0, authoritative=True, authority=[],
                       answer=[RRset(qname, qtype, 300, (octets,))])  # fmt: skip
    soa = RRset(N("test."), SOA, 300, (bytes(22),))
    return replace(found, rcode=mutation.rng.choice((0, 3)), answer=[], authority=[soa])


def _break(mutation, _origin, _qname, _qtype, found):
    def broken(rrset):
        return replace(
            rrset, signatures=tuple(bytes((*x[:-1], x[-1] ^ 1)) for x in rrset.signatures)
        )

    return mutation.one_of(found, broken)


def _fields(mutation, _origin, _qname, _qtype, found):
    """One octet of the fixed fields or of the signer of each signature."""
    place = mutation.rng.randrange(22)

    def change(rrset):
        return replace(rrset, signatures=tuple(
            x[:place] + bytes((x[place] ^ (1 << mutation.rng.randrange(8)),)) + x[place + 1 :]
            for x in rrset.signatures))  # fmt: skip

    return mutation.one_of(found, change)


def _reorder(mutation, _origin, _qname, _qtype, found):
    answer, authority = list(found.answer), list(found.authority)
    mutation.rng.shuffle(answer)
    mutation.rng.shuffle(authority)
    if mutation.rng.random() < 0.3:
        answer, authority = authority, answer
    return replace(found, answer=answer, authority=authority)


def _rcode(mutation, _origin, _qname, _qtype, found):
    return replace(found, rcode=mutation.rng.choice((0, 0, 2, 3, 3, 5)))


def _authority(_mutation, _origin, _qname, _qtype, found):
    return replace(found, authoritative=not found.authoritative)


def _ttl(mutation, _origin, _qname, _qtype, found):
    return mutation.one_of(found, lambda each: replace(each, ttl=86_400))


def _add(mutation, _origin, _qname, _qtype, found):
    """A true RRset of any zone besides, or in the place of all."""
    other = mutation.any_rrset()
    section = mutation.rng.choice(("answer", "authority"))
    kept = getattr(found, section) if mutation.rng.random() < 0.7 else []
    return replace(found, **{section: mutation.rng.choice(([*kept, other], [other, *kept]))})


def _replay(mutation, origin, qname, _qtype, found):
    """Another answer of the same server, perhaps with its owners renamed."""
    rng = mutation.rng
    other, rrtype = N(f"{rng.choice(LABELS)}.{origin}".replace("..", ".")), rng.choice(TYPES)
    said = mutation.world.servers[origin].truth(other, rrtype)
    if said is None:
        return found
    if rng.random() < 0.5:
        said = every_rrset(
            said, lambda each: replace(each, owner=qname) if each.owner == other else each
        )
    return said if rng.random() < 0.6 else replace(said, answer=found.answer)


def _elsewhere(mutation, _origin, qname, qtype, found):
    """What the server of another zone says."""
    other = mutation.rng.choice(list(mutation.world.servers))
    return mutation.world.servers[other].truth(qname, qtype) or found


def _swap(mutation, _origin, _qname, _qtype, found):
    """DS, DNSKEY and signatures of others in the place of one's own."""
    other = mutation.any_rrset()

    def swap(rrset):
        if mutation.rng.random() < 0.5:
            return replace(rrset, signatures=other.signatures)
        if rrset.type in (DS, DNSKEY):
            origin = mutation.rng.choice(ORIGINS)
            key = key_of(origin)
            octets = key.ds(rrset.owner) if rrset.type == DS else key.dnskey
            return replace(rrset, rdatas=(octets,))
        return replace(rrset, rdatas=other.rdatas) if rrset.type == other.type else rrset

    return every_rrset(found, swap)


def _cut(mutation, origin, qname, _qtype, found):
    """Denials that nobody signed: the name is a zone cut, or does not exist."""
    cut = ZoneName(qname, frozenset((NS,)), is_cut=True)
    policy = nsec3_chain.Nsec3Policy(opt_out=mutation.rng.random() < 0.5)
    owner = nsec3_hash.owner_of(policy.parameters.digest(qname), N(origin))
    forged = [RRset(owner, NSEC3, 60, (nsec3_chain.rdata(cut, b"\xff" * 20, policy),)),
              RRset(qname, NSEC, 60, (nsec_chain.rdata(cut, b"\1z" + qname),))]  # fmt: skip
    return replace(found, authority=[*found.authority, mutation.rng.choice(forged)])


def _own_key(mutation, _origin, qname, qtype, found):
    """Signed by one's own key in the name of somebody above, or of the name itself."""
    rng = mutation.rng
    signer = (
        rng.choice([qname, *names.ancestors(qname, names.ROOT)]) if qname != names.ROOT else qname
    )
    key = key_of(mutation.owner)
    octets = {DNSKEY: key.dnskey, DS: key.ds(qname)}.get(qtype, b"\6\6\6\6")
    rrset = RRset(qname, qtype, 300, (octets,))
    if qtype not in (A, DS, DNSKEY):
        return found
    rrset.signatures = (key.sign(rrset, signer, VALIDITY),)
    return replace(found, rcode=0, authoritative=True, answer=[rrset], authority=[])


def _wide(mutation, _origin, qname, _qtype, found):
    """Records that say too much: wildcards, DNAMEs, NSEC that lead out of evil.test."""
    rng = mutation.rng
    key, apex = key_of(mutation.owner), N("evil.test.")
    places = [each for each in (qname, apex) if names.is_subdomain(each, apex)] or [apex]
    place, other = rng.choice(places), N(rng.choice(("www.a.test.", "test.", "b.test.", ".")))
    hashed = nsec3_hash.owner_of(bytes(20), rng.choice((apex, N("test."), N("a.test."))))
    policy = nsec3_chain.Nsec3Policy(opt_out=rng.random() < 0.5)
    made = rng.choice([
        RRset(place, DNAME, 300, (other,)), RRset(place, CNAME, 300, (other,)),
        RRset(b"\1*" + apex, A, 300, (b"\6\6\6\6",)), RRset(place, A, 300, (b"\6\6\6\6",)),
        RRset(place, NSEC, 60, (other + b"\0\1\x40",)), RRset(place, NS, 300, (N("ns.evil.test."),)),
        RRset(hashed, NSEC3, 60, (nsec3_chain.rdata(None, b"\xff" * 20, policy),)),
        RRset(N("a.test."), DS, 300, (key.ds(N("a.test.")),)),
        RRset(N("test."), SOA, 300, (bytes(22),)),
    ])  # fmt: skip
    if names.is_subdomain(made.owner, apex):
        made.signatures = (key.sign(made, apex, VALIDITY),)
    else:
        made.signatures = (key.sign(made, names.ROOT, VALIDITY),)
    section = rng.choice(("answer", "authority"))
    rcode = rng.choice((found.rcode, 0, 3))
    return replace(found, rcode=rcode, **{section: [*getattr(found, section), made]})


def _true_denials(mutation, origin, most):
    """Some true proofs of a zone, if it is signed."""
    zone = mutation.world.zones[origin]
    if not isinstance(zone, SignedZone):
        return []
    denials = list(zone.denials.values())
    return mutation.rng.sample(denials, min(len(denials), mutation.rng.randrange(most + 1)))


def _deny(mutation, origin, _qname, _qtype, found):
    """A denial with the true SOA, and true proofs of something else."""
    zone = mutation.world.zones[origin]
    soa = [each for each in getattr(zone, "zone", zone).rrsets if each.type == SOA]
    proof = _true_denials(mutation, origin, 8)
    return replace(found, rcode=mutation.rng.choice((0, 3)), authoritative=True, answer=[],
                   authority=[*soa, *proof])  # fmt: skip


def _expand(mutation, origin, qname, qtype, found):
    """What a wildcard gives, for a name for which it does not stand."""
    zone = mutation.world.zones[origin]
    rrsets = [each for each in getattr(zone, "zone", zone).rrsets
              if each.owner.startswith(b"\1*") and each.type in (qtype, CNAME)]  # fmt: skip
    if not rrsets:
        return found
    return replace(found, rcode=0, answer=[replace(mutation.rng.choice(rrsets), owner=qname)],
                   authority=_true_denials(mutation, origin, 8))  # fmt: skip


def _downgrade(mutation, origin, qname, qtype, found):
    """An unsigned answer, and a zone cut without DS that is made up for it."""
    if qtype == DS:
        return _cut(mutation, origin, qname, qtype, found)
    return _forge(mutation, origin, qname, qtype, found)


_WAYS = (_deny, _deny, _expand, _expand, _downgrade, _downgrade, _drop, _alter, _strip, _strip_all, _forge, _break, _fields, _reorder, _rcode, _authority,
         _ttl, _add, _replay, _elsewhere, _swap, _cut, _own_key, _wide)  # fmt: skip
