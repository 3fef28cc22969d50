"""The chain of trust: from an anchor down to the keys of a zone, or to where it ends.

DS and DNSKEY RRsets are questions like any other, under the budget of the client query
and each judged when it is found:

    keys of a zone    its DNSKEY RRset, which its DS records vouch for
    DS of a zone      in the zone above, whose keys are found in the same way
    no DS             the denial of it; if the name is a zone cut, signing ends there

Names only get shorter on the way up, so that there is an end to it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dnsd.dnssec import chain as links
from dnsd.dnssec import denial, keys
from dnsd.dnssec.claims import Claim, Insecure, Proven, Statement
from dnsd.resolver.budget import PASSING
from dnsd.resolver.cache.contract import Kind, Security
from dnsd.resolver.commands import Ask
from dnsd.resolver.outcome import Explanation, Failed, why_bogus
from dnsd.resolver.security.aggressive import synthesise
from dnsd.resolver.security.evidence import SigningEnds
from dnsd.wire.iana import ExtendedError, RRType
from dnsd.wire.names import ROOT, is_subdomain, label_count, parent

if TYPE_CHECKING:
    from collections.abc import Generator

    from dnsd.dnssec.digests import Ds
    from dnsd.dnssec.keys import Key
    from dnsd.resolver.budget import Budget
    from dnsd.resolver.cache.contract import Entry
    from dnsd.resolver.world import World

_DS = int(RRType.DS)
_DNSKEY = int(RRType.DNSKEY)

#: Questions for the DS of names that may be a zone cut, to judge one RRset that is not
#: signed: the labels of a reverse zone below another one, and some more. What is said
#: is kept, so that the next question goes on where this one ended.
MAX_CUT_QUESTIONS: Final = 12


class UndecidedError(Exception):
    """What something is worth was not found out, and it is not its fault.

    A limit of the client query was reached, or one that holds for a moment: whoever
    asks next may find it secure, so it must not be kept as bogus. Aliases of one
    zone could else spend what the names of another need.

    Attributes:
        failed: why.
    """

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed)
        self.failed = failed


@dataclass(frozen=True, slots=True)
class Search:
    """For which question something is found out.

    Attributes:
        world: where trust begins, and the cache.
        budget: of the client query.
        depth: look-ups of name server addresses around it.
    """

    world: World
    budget: Budget
    depth: int = 0


class Cut(enum.Enum):
    """What the zone above says of a name."""

    SIGNED = enum.auto()  # a zone begins there, and is signed
    UNSIGNED = enum.auto()  # signing ends there, or ended above
    NONE = enum.auto()  # no zone begins there
    BOGUS = enum.auto()


@dataclass(frozen=True, slots=True)
class Delegated:
    """What is known of a zone cut.

    Attributes:
        cut: what it is.
        records: DS records that count, of a ``SIGNED`` one.
        explanation: why, of an ``UNSIGNED`` or ``BOGUS`` one; ``None`` if that needs none.
    """

    cut: Cut
    records: tuple[Ds, ...] = ()
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True)
class ZoneKeys:
    """What is known of the keys of a zone.

    Attributes:
        security: SECURE with the keys; INSECURE if the zone is not signed; BOGUS.
        keys: that may sign its RRsets.
        explanation: why they are not there; ``None`` if that needs none.
    """

    security: Security
    keys: tuple[Key, ...] = ()
    explanation: Explanation | None = None


NO_ZONE = ZoneKeys(
    Security.BOGUS,
    explanation=Explanation(int(ExtendedError.RRSIGS_MISSING), "signed by what is no zone"),
)
_UNSIGNED = Delegated(Cut.UNSIGNED)
_NO_CUT = Delegated(Cut.NONE)
_NO_CUT_FOUND = Delegated(
    Cut.BOGUS,
    explanation=Explanation(
        int(ExtendedError.RRSIGS_MISSING),
        f"no RRSIG, and none of {MAX_CUT_QUESTIONS} names above is where signing ends",
    ),
)


def find(search: Search, name: bytes, rrtype: int) -> Generator[Ask, Any, Entry | Failed]:
    """Find what a name has of a type, in the cache or by asking, as a procedure.

    Args:
        search: for which question.
        name: in canonical form.
        rrtype: a type of data.

    Raises:
        UndecidedError: it cannot be found now, or not on account of this question.
    """
    known = _kept(search.world, name, rrtype)
    if known is not None:
        return known
    found: Entry | Failed = yield Ask(name, rrtype, search.depth)
    if isinstance(found, Failed) and found.limit in PASSING:
        raise UndecidedError(found)
    return found


def _kept(world: World, name: bytes, rrtype: int) -> Entry | None:
    """Return what is known of a name without asking anybody."""
    configured = world.configured_above(name)
    below = configured.zone if configured is not None else ROOT
    known = world.records.find(name, rrtype, world.network.now(), below=below)
    # What was kept before anything was validated is as good as nothing.
    if known is not None and known.security is not Security.INDETERMINATE:
        return known
    return synthesise(world, name, rrtype)


def delegated(search: Search, zone: bytes) -> Generator[Ask, Any, Delegated]:
    """Find out what the zone above says of a name, as a procedure.

    Args:
        search: for which question.
        zone: the name, in canonical form, below an anchor or one itself.
    """
    trust, budget = search.world.trust, search.budget
    assert trust is not None
    if zone in trust.anchors:
        return Delegated(Cut.SIGNED, trust.anchors[zone])
    found = yield from find(search, zone, _DS)
    if isinstance(found, Failed):
        return Delegated(Cut.BOGUS, explanation=found.explanation)
    if found.security is Security.BOGUS:
        return Delegated(Cut.BOGUS, explanation=why_bogus(found))
    if found.security is not Security.SECURE:
        return _UNSIGNED
    if found.kind is Kind.POSITIVE:
        if found.type != _DS or found.rrset is None:
            return _NO_CUT  # an alias; no zone begins at one
        records = links.supported(found.rrset.rdatas)
        if isinstance(records, links.Unsupported):
            why = Explanation(int(records.error), records.text)
            return _ends(budget, SigningEnds(zone, found.zone, (found.rrset,), why))
        return Delegated(Cut.SIGNED, records)
    if found.kind is Kind.NXDOMAIN:
        return _NO_CUT
    statement = Statement(Claim.UNSIGNED_REFERRAL, found.zone, zone)
    match denial.prove(statement, found.proof, budget.hashing):
        case Proven() | Insecure():
            return _ends(budget, SigningEnds(zone, found.zone, found.proof))
        case _:
            return _NO_CUT


def keys_of(search: Search, zone: bytes) -> Generator[Ask, Any, ZoneKeys]:
    """Find the keys of a zone, as a procedure.

    Args:
        search: for which question.
        zone: in canonical form.
    """
    trust = search.world.trust
    assert trust is not None
    found = yield from find(search, zone, _DNSKEY)
    if isinstance(found, Failed):
        return ZoneKeys(Security.BOGUS, explanation=found.explanation)
    if found.security is Security.BOGUS:
        return ZoneKeys(Security.BOGUS, explanation=why_bogus(found))
    if found.security is not Security.SECURE:
        return ZoneKeys(Security.INSECURE, explanation=found.explanation)
    if found.type != _DNSKEY or found.rrset is None:
        return NO_ZONE
    return ZoneKeys(Security.SECURE, keys.usable_keys(found.rrset.rdatas))


def where_signing_ends(
    search: Search, name: bytes, rrtype: int, zone: bytes
) -> Generator[Ask, Any, Delegated]:
    """Find out whether a name need not be signed, as a procedure.

    Goes down from the zone whose server was asked, which is signed itself or not, to
    the name, looking for a zone cut at which signing ends (RFC 4035 §5.2). At a zone for
    which the operator names servers it ends as well if the zone above knows nothing of
    it: it is the operator's own, and the world's keys say nothing of it.

    Where there is none at the first :data:`MAX_CUT_QUESTIONS` names that had to be asked
    about it ends, and what is not signed is bogus.

    Args:
        search: for which question.
        name: in canonical form, below an anchor.
        rrtype: of what is not signed: the DS of a zone is not of that zone.
        zone: a zone cut at or above the name.

    Returns:
        ``UNSIGNED``, ``BOGUS``, or ``NONE`` if it must be signed.
    """
    world, questions = search.world, 0
    trust = world.trust
    assert trust is not None
    if rrtype == _DS and name != ROOT:
        name = parent(name)
    anchor = trust.anchor_above(name)
    if anchor is None:
        return _UNSIGNED
    start = zone if len(zone) >= len(anchor) and is_subdomain(name, zone) else anchor
    for labels in range(label_count(start), label_count(name) + 1):
        place = _ending(name, labels)
        if place == anchor:
            continue
        questions += _kept(world, place, _DS) is None
        if questions > MAX_CUT_QUESTIONS:
            search.budget.hit("cut_questions")
            return _NO_CUT_FOUND
        found = yield from delegated(search, place)
        if found.cut in (Cut.UNSIGNED, Cut.BOGUS):
            return found
        if found.cut is Cut.NONE and place in world.configured:
            return _UNSIGNED
    return _NO_CUT


def _ends(budget: Budget, found: SigningEnds) -> Delegated:
    if budget.evidence is not None:
        budget.evidence(found)
    return Delegated(Cut.UNSIGNED, explanation=found.explanation)


def _ending(name: bytes, labels: int) -> bytes:
    for _ in range(label_count(name) - labels):
        name = name[1 + name[0] :]
    return name
