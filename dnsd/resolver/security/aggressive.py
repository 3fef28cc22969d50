"""Answers made of denials that are kept, for names that nobody asked for before.

What a secure denial proves of a whole span of names is believed of every one of them
(RFC 8198 §5.1 to §5.3): the name does not exist, it lacks the type, or a wildcard that
is kept answers for it. It holds as a rule that

- nothing is learned but from a denial or a wildcard answer that is secure as a whole,
- an answer is made only if the records prove it as they would in a reply, by the same
  function; so the parent's record at a zone cut says nothing below it, and a span
  with opt-out says nothing (RFC 5155 §12.2),
- it lasts no longer than any of the records, the SOA and their signatures, and no longer
  than the zone says that denials last (RFC 8198 §5.4),
- nobody but the closest zone whose denials are kept is heard, down from the closest
  zone cut that is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.dnssec import denial, nsec, nsec3, signatures
from dnsd.dnssec.canonical import WILDCARD, owner_labels, signed_owner
from dnsd.dnssec.claims import DENIAL_TYPES, Claim, Proven, Statement
from dnsd.dnssec.nsec3_hash import HashWork, Parameters, digest_in
from dnsd.dnssec.validation import MAX_SIGNATURES_READ
from dnsd.resolver.cache.admission import rrset_octets
from dnsd.resolver.cache.contract import Denier, Entry, Kept, Kind, Rank, Security
from dnsd.wire.iana import RRType
from dnsd.wire.names import ROOT, ancestors, is_subdomain, order_key, parent
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.resolver.budget import Budget
    from dnsd.resolver.cache.contract import DenialCache
    from dnsd.resolver.world import World

_NSEC: Final = int(RRType.NSEC)
_DS: Final = int(RRType.DS)
# Of a wildcard these would be another matter: a zone cut, what redirects below it.
_NOT_OF_WILDCARDS: Final = frozenset(map(int, (RRType.NS, RRType.DNAME, RRType.DS, RRType.SOA)))
#: Blocks of SHA-1 for one answer. Names of ten labels take 40 without iterations; of a zone
#: with many of these an upstream answer is the cheaper one.
MAX_HASHING: Final = 120
#: Octets of an RRset that is kept: two RSA signatures of 2048 bits and a long bit map are 800.
MAX_OCTETS: Final = 1000
# A record is not written again while it lasts nearly as long as the new one.
_AS_GOOD: Final = 0.75


def learn_denial(
    world: World, proof: tuple[RRset, ...] | list[RRset], ttl: int, budget: Budget
) -> None:
    """Keep what a secure denial rests on.

    Args:
        world: the cache.
        proof: the SOA RRset first, then the records that prove it, all secure and
            their TTLs what their signatures allow.
        ttl: seconds that the denial is kept.
        budget: of the client query.
    """
    if world.denials is None or world.trust is None:
        return
    now = world.network.now()
    soa = Kept(proof[0], now + ttl)
    for rrset in proof[1:]:
        limit = _put(world, proof[0].owner, soa, Kept(rrset, now + min(ttl, rrset.ttl)))
        if limit:
            budget.hit(limit)


def learn_wildcard(world: World, entry: Entry, proof: tuple[RRset, ...]) -> list[Entry]:
    """Keep what a secure wildcard answer rests on.

    Args:
        world: the cache.
        entry: the answer, as it is kept.
        proof: that nothing is closer to its name, secure.

    Returns:
        The wildcard's own RRset, to be kept under its own name; none if it is known or
        nobody may be answered with it.
    """
    rrset = entry.rrset
    if world.denials is None or world.trust is None or rrset is None:
        return []
    found = _source(rrset)
    if found is None:
        return []
    zone, wildcard = found
    now = world.network.now()
    for record in proof:
        ttl = min(record.ttl, world.options.negative_ttl_max)
        _put(world, zone, None, Kept(record, now + ttl))
    known = world.records.find(wildcard, rrset.type, now)
    if rrset.type in _NOT_OF_WILDCARDS or (known is not None and known.type == rrset.type):
        return []
    own = RRset(wildcard, rrset.type, rrset.ttl, rrset.rdatas, rrset.signatures)
    return [
        Entry(
            wildcard, rrset.type, Kind.POSITIVE, entry.rank, Security.SECURE,
            entry.stored, entry.expiry, own, (), entry.zone, entry.server,
        )
    ]  # fmt: skip


def synthesise(world: World, name: bytes, rrtype: int) -> Entry | None:
    """Answer a question by denials that are kept; ``None`` if they do not.

    Args:
        world: the caches.
        name: in canonical form; nothing else is kept that answers.
        rrtype: a type of data.
    """
    denials, trust = world.denials, world.trust
    now = world.network.now()
    if denials is None or trust is None or not denials.holds(now):
        return None
    # The DS of a zone is its parent's to deny (RFC 4035 §2.4).
    at = parent(name) if rrtype == _DS and name != ROOT else name
    shortest = len(world.whom_to_ask(at, now).zone)
    while len(at) >= shortest:
        denier = denials.zone(at, now)
        if denier is not None and denier.trust == trust.mark:
            if denier.soa is None or denier.soa.expiry <= now or trust.is_taken_back(name):
                return None
            return _Zone(world, denials, at, denier).answer(name, rrtype)
        if at == ROOT:
            break
        at = parent(at)
    return None


class _Zone:
    """A zone whose denials are kept, and one question."""

    def __init__(self, world: World, denials: DenialCache, zone: bytes, denier: Denier) -> None:
        self._world = world
        self._denials = denials
        self._zone = zone
        self._denier = denier
        self._now = world.network.now()
        self._work = HashWork(MAX_HASHING)
        self._kept: list[Kept] = []
        self._wildcard = b""

    def answer(self, name: bytes, rrtype: int) -> Entry | None:
        """Find the records that speak of a name, and what they prove."""
        if self._denier.chain:
            self._find_hashes(name)
        else:
            self._find_names(name)
        if not self._kept:
            return None
        for claim, kind in ((Claim.NXDOMAIN, Kind.NXDOMAIN), (Claim.NODATA, Kind.NODATA)):
            used = self._prove(Statement(claim, self._zone, name, rrtype))
            if used:
                return self._denial(name, rrtype, kind, used)
        return self._expanded(name, rrtype) if self._wildcard else None

    def _before(self, place: bytes) -> RRset | None:
        kept = self._denials.before(self._zone, place, self._now)
        if kept is None:
            return None
        if kept not in self._kept:
            self._kept.append(kept)
        return kept.rrset

    def _find_names(self, name: bytes) -> None:
        """Find the NSEC record at or before a name, and that of its wildcard."""
        rrset = self._before(_place(name, self._zone))
        record = nsec.read(rrset, self._zone) if rrset is not None else None
        path = nsec.path_of(name)
        if record is None or record.owner == path or not record.covers(path):
            return
        if not record.passes_through(path):
            self._wildcard = WILDCARD + nsec.name_of(record.closest_encloser(path))
            self._before(_place(self._wildcard, self._zone))

    def _find_hashes(self, name: bytes) -> None:
        """Find the NSEC3 records of a name, or of its closest encloser and what follows."""
        iterations = int.from_bytes(self._denier.chain[:2], "big")
        parameters = Parameters(iterations, self._denier.chain[3:])
        names = [name, *ancestors(name, self._zone)]
        # What is hashed here is hashed again by the proof, with the name itself.
        if (2 * len(names) + 3) * parameters.cost(name) > MAX_HASHING:
            return
        match: Kept | None = None
        for at in reversed(names):
            digest = parameters.digest(at)
            kept = self._denials.before(self._zone, digest, self._now)
            if kept is not None and digest_in(kept.rrset.owner, self._zone) == digest:
                match = kept
                continue
            record = nsec3.read(kept.rrset, self._zone) if kept is not None else None
            if kept is None or record is None or not record.covers(digest):
                match = None  # of which nothing is known, nor of what is above it
                continue
            if record.opt_out:
                return
            # What encloses it need not be known for a wildcard there that is.
            self._kept = [kept] if match in (None, kept) else [match, kept]
            self._wildcard = WILDCARD + parent(at)
            self._before(parameters.digest(self._wildcard))
            return
        if match is not None:
            self._kept = [match]

    def _prove(self, statement: Statement) -> tuple[RRset, ...]:
        """Return the records that prove a statement, none if it is not secure."""
        rrsets = [kept.rrset for kept in self._kept]
        proven = denial.prove(statement, rrsets, self._work)
        return proven.records if isinstance(proven, Proven) else ()

    def _expiry(self, used: tuple[RRset, ...]) -> float:
        return min(kept.expiry for kept in self._kept if kept.rrset in used)

    def _denial(self, name: bytes, rrtype: int, kind: Kind, used: tuple[RRset, ...]) -> Entry:
        soa = self._denier.soa
        assert soa is not None
        expiry = min(soa.expiry, self._expiry(used))
        return Entry(
            name, rrtype, kind, Rank.AUTHORITATIVE, Security.SECURE, self._now, expiry,
            None, (soa.rrset, *used), self._zone,
        )  # fmt: skip

    def _expanded(self, name: bytes, rrtype: int) -> Entry | None:
        """Answer with the wildcard that stands for a name (RFC 8198 §5.3)."""
        wildcard = self._wildcard
        found = self._world.records.find(wildcard, rrtype, self._now)
        if found is None or found.security is not Security.SECURE or found.name != wildcard:
            return None
        rrset = found.rrset
        if rrset is None or rrset.type in _NOT_OF_WILDCARDS or _signer(rrset) != self._zone:
            return None
        statement = Statement(Claim.WILDCARD_ANSWER, self._zone, name, wildcard=wildcard)
        used = self._prove(statement)
        if not used:
            return None
        own = RRset(name, rrset.type, rrset.ttl, rrset.rdatas, rrset.signatures)
        return Entry(
            name, found.type, Kind.POSITIVE, found.rank, Security.SECURE, self._now,
            min(found.expiry, self._expiry(used)), own, used, self._zone,
        )  # fmt: skip


def _put(world: World, zone: bytes, soa: Kept | None, kept: Kept) -> str:
    """Keep one record of a zone, unless it is there already; the limit that was reached."""
    denials, trust, rrset = world.denials, world.trust, kept.rrset
    assert denials is not None
    assert trust is not None
    if rrset.type not in DENIAL_TYPES or len(rrset.rdatas) != 1 or _is_large(rrset):
        return ""
    if soa is not None and _is_large(soa.rrset):
        return ""
    chain, place = b"", digest_in(rrset.owner, zone) or b""
    if rrset.type == _NSEC:
        place = _place(rrset.owner, zone)
    else:
        record = nsec3.read(rrset, zone)
        if record is None or record.parameters.is_too_costly:
            return ""
        chain = rrset.rdatas[0][2 : 5 + rrset.rdatas[0][4]]
    now = world.network.now()
    known = denials.zone(zone, now)
    denier = Denier(chain, soa, trust.mark)
    if known is not None and (known.chain, known.trust) == (chain, trust.mark):
        there = denials.before(zone, place, now)
        if there is not None and _is_as_good(there, kept, now) and _has_soa(known, soa, now):
            return ""
    return denials.put(zone, denier, place, kept, now)


def _is_large(rrset: RRset) -> bool:
    return len(rrset.owner) + rrset_octets(rrset) > MAX_OCTETS


def _is_as_good(there: Kept, kept: Kept, now: float) -> bool:
    a, b = there.rrset, kept.rrset
    if (a.owner, a.rdatas) != (b.owner, b.rdatas):
        return False
    return there.expiry - now >= _AS_GOOD * (kept.expiry - now)


def _has_soa(known: Denier, soa: Kept | None, now: float) -> bool:
    if soa is None:
        return True
    if known.soa is None or known.soa.rrset.rdatas != soa.rrset.rdatas:
        return False
    return known.soa.expiry - now >= _AS_GOOD * (soa.expiry - now)


def _place(name: bytes, zone: bytes) -> bytes:
    """Return the place of a name in the chain of a zone that it lies in."""
    return order_key(name)[len(order_key(zone)) :]


def _signatures(rrset: RRset) -> Iterator[signatures.Signature]:
    for rdata in rrset.signatures[:MAX_SIGNATURES_READ]:
        signature = signatures.from_wire(rdata)
        if signature is not None and is_subdomain(rrset.owner, signature.signer):
            yield signature


def _signer(rrset: RRset) -> bytes | None:
    """Return the zone by whose keys an RRset was judged: the closest that signed it."""
    return max((each.signer for each in _signatures(rrset)), key=len, default=None)


def _source(rrset: RRset) -> tuple[bytes, bytes] | None:
    """Return the zone and the wildcard of an expanded RRset; ``None`` if that is not plain.

    Which of its signatures was verified is not kept: all of that zone must say the same.
    """
    zone = _signer(rrset)
    labels = {each.labels for each in _signatures(rrset) if each.signer == zone}
    if zone is None or len(labels) != 1:
        return None
    (count,) = labels
    if count >= owner_labels(rrset.owner):
        return None
    wildcard = signed_owner(rrset.owner, count)
    return (zone, wildcard) if is_subdomain(parent(wildcard), zone) else None
