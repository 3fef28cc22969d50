"""One reply judged: secure, insecure or bogus.

The only place that calls anything secure, and it does so for one reason only: a
signature by the keys of a zone to which a chain of trust leads, and where something is
said not to be there, a proof of that by records so signed. Insecure is what lies below
a zone cut of which the zone above proves that it is not signed. All else is bogus: what
is not shown is not so (RFC 4035 §4.3, §5.5).

Each RRset of the reply's chain is judged alone, since one server may speak for a zone
that is signed and one that is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dnsd.dnssec import chain as links
from dnsd.dnssec import denial, signatures, validation
from dnsd.dnssec.claims import Claim, Insecure, NotProven, Proven, Statement
from dnsd.resolver.alias_chain import made_of
from dnsd.resolver.cache.contract import Security
from dnsd.resolver.commands import Pause
from dnsd.resolver.outcome import Explanation, ended
from dnsd.resolver.scrub import Meaning
from dnsd.resolver.security.chain import (
    NO_ZONE,
    Cut,
    Delegated,
    Search,
    UndecidedError,
    ZoneKeys,
    delegated,
    keys_of,
    where_signing_ends,
)
from dnsd.resolver.security.evidence import Concluded, Entered, Verified
from dnsd.wire.iana import ExtendedError, RRType
from dnsd.wire.names import is_subdomain

if TYPE_CHECKING:
    from collections.abc import Generator

    from dnsd.dnssec.keys import Key
    from dnsd.resolver.budget import Budget
    from dnsd.resolver.scrub import Scrubbed
    from dnsd.resolver.world import World
    from dnsd.wire.rrset import RRset

_DS = int(RRType.DS)
_DNSKEY = int(RRType.DNSKEY)
_CNAME = int(RRType.CNAME)
_DNAME = int(RRType.DNAME)
_SOA = int(RRType.SOA)

# Work units between two pauses: about two milliseconds of verifications.
_SLICE: Final = 2000
_DENIALS: Final = {Meaning.NODATA: Claim.NODATA, Meaning.NXDOMAIN: Claim.NXDOMAIN}
_TAKEN_BACK: Final = Explanation(
    int(ExtendedError.NEGATIVE_TRUST_ANCHOR), "below a negative trust anchor"
)


@dataclass(slots=True)
class Judged:
    """What a reply is worth.

    Attributes:
        chain: of each RRset of its chain.
        proofs: of each, the records that prove that no name is closer than the wildcard
            it was expanded from; none where there was no wildcard.
        denial: of what it says is not there; INDETERMINATE if it says no such thing.
        explanation: the one reason why something is bogus, or why it is not secure
            although it is signed; ``None`` if that needs none.
    """

    chain: list[Security] = field(default_factory=list)
    proofs: list[tuple[RRset, ...]] = field(default_factory=list)
    denial: Security = Security.INDETERMINATE
    explanation: Explanation | None = None

    @property
    def is_bogus(self) -> bool:
        """Whether anything of it is."""
        return self.denial is Security.BOGUS or Security.BOGUS in self.chain


class Judge:
    """Judges the replies to one fetch.

    Attributes:
        search: for keys and zone cuts.
        trust: where that begins.
        budget: of the client query.
        zone: the zone cut whose server was asked.
    """

    def __init__(self, world: World, budget: Budget, zone: bytes, depth: int = 0) -> None:
        """Begin.

        Args:
            world: the caches, and where trust begins.
            budget: of the client query.
            zone: the zone cut whose server was asked.
            depth: look-ups of name server addresses around the fetch.
        """
        assert world.trust is not None
        self.search = Search(world, budget, depth)
        self.trust = world.trust
        self.budget = budget
        self.zone = zone
        self._units = 0

    def reply(self, said: Scrubbed, rrtype: int) -> Generator[Any, Any, Judged]:
        """Judge what is left of a reply, as a procedure.

        TTLs of what is secure are lowered to what the signatures allow.

        Args:
            said: a reply that answers, leads on or denies.
            rrtype: that was asked for.

        Raises:
            UndecidedError: a limit was reached that the reply alone would not have reached.
        """
        judged = Judged()
        is_first = self._is_nothing_spent
        for index, rrset in enumerate(said.chain):
            judged.proofs.append(())
            dname = made_of(said.chain, index)
            if dname is None:
                judged.chain.append((yield from self._rrset(rrset, said, judged)))
            else:
                # The DNAME is what is signed (RFC 6672 §5.3.1).
                judged.chain.append(judged.chain[dname])
                rrset.ttl = min(rrset.ttl, said.chain[dname].ttl)
        claim = _DENIALS.get(said.meaning)
        if claim is not None:
            judged.denial = yield from self._denial(said, claim, rrtype, judged)
        if judged.is_bogus and not is_first and self._is_spent:
            raise _undecided(judged.explanation)
        if self.budget.evidence is not None:
            name = said.chain[0].owner if said.chain else said.end
            self.budget.evidence(Concluded(name, rrtype, tuple(said.chain), judged))
        return judged

    def _rrset(self, rrset: RRset, said: Scrubbed, judged: Judged) -> Generator[Any, Any, Security]:
        """Judge one RRset of the chain."""
        without_looking = self._without_looking(rrset.owner, judged)
        if without_looking is not None:
            return without_looking
        if rrset.type == _DNSKEY:
            return (yield from self._zone_keys(rrset, judged))
        signer = _signer(rrset)
        if signer is None:
            verdict = yield from self._validate(rrset, self.zone, ())
            assert not isinstance(verdict, validation.Secure)  # without keys
            why = Explanation(int(verdict.error), verdict.text)
            return (yield from self._unsigned(rrset.owner, rrset.type, judged, why))
        known = yield from self._keys(signer)
        if known.security is not Security.SECURE:
            return (yield from self._without_keys(known, rrset.owner, rrset.type, judged))
        verdict = yield from self._validate(rrset, signer, known.keys)
        if not isinstance(verdict, validation.Secure):
            why = Explanation(int(verdict.error), verdict.text)
            if isinstance(verdict, validation.Unsigned):
                return (yield from self._unsigned(rrset.owner, rrset.type, judged, why))
            return self._bogus(judged, why)
        rrset.ttl = min(rrset.ttl, verdict.ttl)
        if verdict.wildcard is None:
            return Security.SECURE
        # Nothing closer to the name may be there (RFC 4035 §5.3.4).
        statement = Statement(Claim.WILDCARD_ANSWER, signer, rrset.owner, wildcard=verdict.wildcard)
        security, records = yield from self._prove(statement, said.proof, known.keys, judged)
        judged.proofs[-1] = records
        rrset.ttl = min([rrset.ttl, *(each.ttl for each in records)])
        return security

    def _without_looking(self, name: bytes, judged: Judged) -> Security | None:
        """Judge what no chain of trust is to lead to; ``None`` where one must."""
        if self.trust.is_taken_back(name):
            judged.explanation = _TAKEN_BACK
            return Security.INSECURE
        return Security.INDETERMINATE if self.trust.anchor_above(name) is None else None

    def _zone_keys(self, rrset: RRset, judged: Judged) -> Generator[Any, Any, Security]:
        """Judge the DNSKEY RRset of a zone by the DS RRset above it."""
        zone = rrset.owner
        found = yield from delegated(self.search, zone)
        if found.cut is Cut.UNSIGNED:
            judged.explanation = found.explanation
            return Security.INSECURE
        if found.cut is not Cut.SIGNED:
            return self._bogus(judged, found.explanation or NO_ZONE.explanation)
        steps = links.trusted_keys(rrset, found.records, self.trust.unix_time(), self._work)
        verdict = yield from self._pausing(steps)
        if self.budget.evidence is not None:
            self.budget.evidence(Entered(rrset, found.records, verdict))
        match verdict:
            case links.Trusted():
                self.trust.clock.note(zone, None)
                rrset.ttl = min(rrset.ttl, verdict.ttl)
                return Security.SECURE
            case links.Unsupported():
                judged.explanation = Explanation(int(verdict.error), verdict.text)
                return Security.INSECURE
            case _:
                self.trust.clock.note(zone, verdict.error, verdict.text)
                return self._bogus(judged, Explanation(int(verdict.error), verdict.text))

    def _denial(
        self, said: Scrubbed, claim: Claim, rrtype: int, judged: Judged
    ) -> Generator[Any, Any, Security]:
        """Judge that something is said not to be there."""
        name = said.end
        without_looking = self._without_looking(name, judged)
        if without_looking is not None:
            return without_looking
        soa = said.proof[0] if said.proof and said.proof[0].type == _SOA else None
        if soa is None or _signer(soa) != soa.owner:
            why = _missing("denied without an SOA that is signed")
            return (yield from self._unsigned(name, rrtype, judged, why))
        known = yield from self._keys(soa.owner)
        if known.security is not Security.SECURE:
            return (yield from self._without_keys(known, name, rrtype, judged))
        verdict = yield from self._validate(soa, soa.owner, known.keys)
        if not isinstance(verdict, validation.Secure):
            return self._bogus(judged, Explanation(int(verdict.error), verdict.text))
        soa.ttl = min(soa.ttl, verdict.ttl)
        statement = Statement(claim, soa.owner, name, rrtype)
        security, records = yield from self._prove(statement, said.proof[1:], known.keys, judged)
        if security is not Security.BOGUS:
            # What nobody vouches for must not be taken for a part of the proof later.
            said.proof[1:] = records
            soa.ttl = min([soa.ttl, *(each.ttl for each in records)])
        return security

    def _prove(
        self, statement: Statement, proof: list[RRset], keys: tuple[Key, ...], judged: Judged
    ) -> Generator[Any, Any, tuple[Security, tuple[RRset, ...]]]:
        """Judge a statement by NSEC and NSEC3 records, each of which must be secure.

        Returns:
            What it is worth, and the records that it rests on, none if it is bogus.
        """
        secure = []
        for rrset in proof:
            verdict = yield from self._validate(rrset, statement.zone, keys)
            if isinstance(verdict, validation.Secure) and verdict.wildcard is None:
                rrset.ttl = min(rrset.ttl, verdict.ttl)
                secure.append(rrset)
        proven = denial.prove(statement, secure, self.budget.hashing)
        match proven:
            case Proven():
                return Security.SECURE, proven.records
            case Insecure():
                error = proven.doubt.extended_error
                if error is not None:
                    judged.explanation = Explanation(int(error), proven.doubt.value)
                return Security.INSECURE, proven.records
            case NotProven():
                why = Explanation(int(proven.extended_error), proven.reason)
                return self._bogus(judged, why), ()

    def _without_keys(
        self, known: ZoneKeys, name: bytes, rrtype: int, judged: Judged
    ) -> Generator[Any, Any, Security]:
        """Judge what is signed by a zone whose keys are not to be had."""
        if known.security is Security.INSECURE:
            judged.explanation = judged.explanation or known.explanation
            return Security.INSECURE
        return (yield from self._unsigned(name, rrtype, judged, known.explanation))

    def _unsigned(
        self, name: bytes, rrtype: int, judged: Judged, why: Explanation | None
    ) -> Generator[Any, Any, Security]:
        """Judge what has no signature that counts: insecure if it needs none."""
        found: Delegated = yield from where_signing_ends(self.search, name, rrtype, self.zone)
        if found.cut is Cut.UNSIGNED:
            judged.explanation = judged.explanation or found.explanation
            return Security.INSECURE
        return self._bogus(judged, found.explanation or why)

    def _keys(self, signer: bytes) -> Generator[Any, Any, ZoneKeys]:
        if self.trust.anchor_above(signer) is None:
            return NO_ZONE
        return (yield from keys_of(self.search, signer))

    def _validate(
        self, rrset: RRset, zone: bytes, keys: tuple[Key, ...]
    ) -> Generator[Any, Any, validation.Verdict]:
        steps = validation.validate(rrset, zone, keys, self.trust.unix_time(), self._work)
        verdict: validation.Verdict = yield from self._pausing(steps)
        if isinstance(verdict, validation.Secure):
            self.trust.clock.note(zone, None)
        else:
            self.trust.clock.note(zone, verdict.error, verdict.text)
        if self.budget.evidence is not None:
            self.budget.evidence(Verified(rrset, zone, verdict))
        return verdict

    def _pausing(self, steps: Generator[int, None, Any]) -> Generator[Any, Any, Any]:
        """Verify, letting others have a turn before it takes too long."""
        while True:
            try:
                units = next(steps)
            except StopIteration as end:
                return end.value
            if not self.budget.may_verify(units):
                steps.close()
                text = "too much work for one question"
                raise _undecided(Explanation(int(ExtendedError.DNSSEC_BOGUS), text))
            self._units += units
            if self._units > _SLICE:
                self._units = units
                yield Pause()

    @property
    def _work(self) -> validation.Work:
        return self.budget.verifying

    @property
    def _is_nothing_spent(self) -> bool:
        """Whether what is left is enough for any reply that deserves it."""
        work = self._work
        is_half_left = work.verifications > validation.MAX_VERIFICATIONS // 2
        is_nothing_wrong = work.failures == validation.MAX_FAILURES
        return is_half_left and is_nothing_wrong and not self.budget.hashing.spent

    @property
    def _is_spent(self) -> bool:
        return self._work.is_spent or self.budget.hashing.is_spent

    def _bogus(self, judged: Judged, why: Explanation | None) -> Security:
        judged.explanation = why
        return Security.BOGUS


def _undecided(why: Explanation | None) -> UndecidedError:
    why = why or Explanation(int(ExtendedError.DNSSEC_BOGUS))
    return UndecidedError(ended(why, "query_work"))


def _missing(text: str) -> Explanation:
    return Explanation(int(ExtendedError.RRSIGS_MISSING), text)


def _signer(rrset: RRset) -> bytes | None:
    """Return who is said to have signed an RRset: a zone at or above its owner.

    That of the longest name, if there are several: the zone closest to it.
    """
    found: bytes | None = None
    for rdata in rrset.signatures[: validation.MAX_SIGNATURES_READ]:
        signature = signatures.from_wire(rdata)
        if signature is None or not is_subdomain(rrset.owner, signature.signer):
            continue
        if rrset.type == _DS and signature.signer == rrset.owner:
            continue  # no zone signs its own DS
        if found is None or len(signature.signer) > len(found):
            found = signature.signer
    return found
