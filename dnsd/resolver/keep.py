"""From what a server said, scrubbed, to entries of the cache.

TTLs are brought into bounds here and nowhere else. What the budget of a client
query does not allow to be stored is still returned, and answers that client once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.dnssec import denial
from dnsd.dnssec.claims import DENIAL_TYPES
from dnsd.resolver.alias_chain import made_of
from dnsd.resolver.cache.contract import NXDOMAIN_TYPE, Entry, Kind, Rank, Security
from dnsd.resolver.scrub import Meaning
from dnsd.resolver.security import aggressive
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from dnsd.resolver.budget import Budget
    from dnsd.resolver.outcome import Explanation
    from dnsd.resolver.told import Told
    from dnsd.resolver.world import World
    from dnsd.wire.rrset import RRset

_DNAME = int(RRType.DNAME)
_MINIMUM_OCTETS = 4

#: What is bogus is kept so long, so that it is not asked for and validated at once again.
BOGUS_TTL: Final = 60


def keep_chain(world: World, told: Told, zone: bytes, budget: Budget) -> Entry:
    """Keep the RRsets of an answer.

    Args:
        world: the cache and its bounds.
        told: a reply with at least one RRset in its chain.
        zone: whose server said it.
        budget: of the client query.

    Returns:
        The entry of the first name of the chain. A CNAME made of a DNAME has that
        as its proof; a DNAME of which none could be made is the entry itself.
    """
    first: Entry | None = None
    entry: Entry | None = None
    securities = told.judged.chain if told.judged is not None else []
    for i, rrset in enumerate(told.said.chain):
        security = securities[i] if securities else Security.INDETERMINATE
        entry = _positive(world, told, rrset, zone, security)
        dname = made_of(told.said.chain, i)
        if dname is not None:
            entry.proof = (told.said.chain[dname],)
        if told.judged is not None:
            entry.proof += told.judged.proofs[i]
        elif rrset.signatures and denial.is_expanded(rrset):
            entry.proof += tuple(x for x in told.said.proof if x.type in DENIAL_TYPES)
        _put(world, entry, budget)
        if security is Security.SECURE and told.judged is not None and told.judged.proofs[i]:
            for wildcard in aggressive.learn_wildcard(world, entry, told.judged.proofs[i]):
                _put(world, wildcard, budget)
        if rrset.type != _DNAME and first is None:
            first = entry
    # A DNAME alone is what was asked for, or makes too long a name.
    found = first or entry
    assert found is not None
    return found


def keep_denial(world: World, told: Told, name: bytes, rrtype: int, budget: Budget) -> Entry:
    """Keep a denial (RFC 2308 §5), if it has the SOA that says for how long.

    Args:
        world: the cache and its bounds.
        told: a NODATA or NXDOMAIN.
        name: what is denied.
        rrtype: that was asked for. If all of the name is denied that is kept, unless it
            is bogus, or said by the zone that begins there: what was believed of other
            types, and what the zone above says of DS, must not be lost by it.
        budget: of the client query.
    """
    options = world.options
    now = world.network.now()
    proof = told.said.proof
    ttl = 0
    if proof:
        soa = proof[0]
        minimum = int.from_bytes(soa.rdatas[0][-_MINIMUM_OCTETS:], "big")
        ttl = max(options.min_ttl, min(soa.ttl, minimum, options.negative_ttl_max))
    security = told.judged.denial if told.judged is not None else Security.INDETERMINATE
    is_of_name = told.said.meaning is Meaning.NXDOMAIN
    if security is Security.BOGUS:
        ttl = min(ttl, BOGUS_TTL)
    elif is_of_name and not (proof and proof[0].owner == name):
        rrtype = NXDOMAIN_TYPE
    entry = Entry(
        name,
        rrtype,
        Kind.NXDOMAIN if is_of_name else Kind.NODATA,
        _rank(told),
        security,
        now,
        now + ttl,
        None,
        tuple(proof),
        proof[0].owner if proof else b"\x00",
        told.server,
        _why(told, security),
    )
    if proof:
        _put(world, entry, budget)
        if security is Security.SECURE:
            aggressive.learn_denial(world, proof, ttl, budget)
    return entry


def _positive(world: World, told: Told, rrset: RRset, zone: bytes, security: Security) -> Entry:
    now = world.network.now()
    ttl = max(world.options.min_ttl, min(rrset.ttl, world.options.max_ttl))
    if security is Security.BOGUS:
        ttl = min(ttl, BOGUS_TTL)
    return Entry(
        rrset.owner,
        rrset.type,
        Kind.POSITIVE,
        _rank(told),
        security,
        now,
        now + ttl,
        rrset,
        (),
        zone,
        told.server,
        _why(told, security),
    )


def _why(told: Told, security: Security) -> Explanation | None:
    """Return why something is not secure, so that whoever finds it can say it."""
    judged = told.judged
    if judged is None or security in (Security.SECURE, Security.INDETERMINATE):
        return None
    # One reason is given for a reply: of links of its chain, the bogus one's.
    return judged.explanation if security is Security.BOGUS or not judged.is_bogus else None


def _rank(told: Told) -> Rank:
    return Rank.AUTHORITATIVE if told.said.authoritative else Rank.ANSWER


def _put(world: World, entry: Entry, budget: Budget) -> None:
    if entry.security is Security.BOGUS:
        known = world.records.find(entry.name, entry.type, entry.stored)
        if known is not None and known.security is Security.SECURE:
            return  # what was shown to be true stays until it expires
    if budget.may_store():
        limit = world.records.put(entry, world.network.now())
        if limit:
            budget.hit(limit)
