"""What NSEC3 records prove.

An NSEC3 says of a hash what an NSEC says of a name: the name that hashes to
its owner has just these types, and no name of the zone hashes to a value
between the owner's and the next. Empty non-terminals have records of their
own. As hashes have no order that follows names, what encloses a name must be
found by hashing its ancestors: the *closest encloser* has a record, and the
name one label longer on the way to the name, the *next closer*, is covered.

A record with opt-out leaves unsigned delegations out, so under a next closer
that it covers nothing is sure: the verdict is :class:`Insecure`.

The traps, each closed here: hashing costs what strangers choose
(:mod:`.nsec3_hash`); at most :data:`MAX_RECORDS` records of an answer count; at
a zone cut and at a DNAME the record speaks for nothing below (RFC 5155 §8.3);
records with different parameters are different chains and do not add up.

Source: RFC 5155 §8, RFC 6840 §4, RFC 9276 §3.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.dnssec.bitmaps import TypeBitmap, render
from dnsd.dnssec.claims import Claim, Doubt, Insecure, NotProven, Proven, Statement, Verdict
from dnsd.dnssec.nsec3_hash import SHA1, HashWork, Parameters, WorkSpentError, digest_in
from dnsd.wire.errors import FormError
from dnsd.wire.iana import ExtendedError, RRType, rrtype_to_text
from dnsd.wire.names import ancestors, parent, to_text
from dnsd.wire.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnsd.wire.rrset import RRset

#: NSEC3 records of one answer that are looked at; a proof needs three.
MAX_RECORDS: Final = 8

_WILDCARD: Final = b"\x01*"
_OPT_OUT: Final = 0x01
_HASH_OCTETS: Final = 20

_NS: Final = int(RRType.NS)
_CNAME: Final = int(RRType.CNAME)
_SOA: Final = int(RRType.SOA)
_DNAME: Final = int(RRType.DNAME)
_DS: Final = int(RRType.DS)
_NXNAME: Final = int(RRType.NXNAME)
_RRSIG: Final = int(RRType.RRSIG)
_ANY: Final = int(RRType.ANY)

# What the bit map of a name without records is, asked for with ANY.
_NOTHING: Final = frozenset(render(rrtypes) for rrtypes in ((), (_RRSIG,), (_RRSIG, _NXNAME)))


@dataclass(frozen=True, slots=True)
class Nsec3:
    """One NSEC3 record of a zone.

    Attributes:
        rrset: as it came.
        parameters: how its names are hashed.
        owner: hash that it stands for, 20 octets.
        following: next hash of the chain, 20 octets.
        opt_out: unsigned delegations may hash to values between the two.
        types: what the owner has.
    """

    rrset: RRset
    parameters: Parameters
    owner: bytes
    following: bytes
    opt_out: bool
    types: TypeBitmap

    @property
    def is_cut(self) -> bool:
        """Whether it is the parent's record at a zone cut (RFC 6840 §4.1)."""
        return _NS in self.types and _SOA not in self.types

    def covers(self, digest: bytes) -> bool:
        """Tell whether a hash lies between owner and next hash, round the end too."""
        if self.owner < self.following:
            return self.owner < digest < self.following
        return digest > self.owner or digest < self.following


def read(rrset: RRset, zone: bytes) -> Nsec3 | None:
    """Read an NSEC3 RRset of a zone.

    Args:
        rrset: type NSEC3.
        zone: apex of the zone that signed it.

    Returns:
        ``None`` if it proves nothing: malformed, not exactly one record, not
        of this zone, an unknown hash algorithm, or unknown flags (RFC 5155
        §8.1, §8.2).
    """
    owner = digest_in(rrset.owner, zone)
    if owner is None or len(rrset.rdatas) != 1:
        return None
    try:
        reader = Reader(rrset.rdatas[0])
        algorithm, flags, iterations = reader.uint8(), reader.uint8(), reader.uint16()
        salt = reader.octets(reader.uint8())
        following = reader.octets(reader.uint8())
        types = TypeBitmap(reader.octets(reader.remaining))
    except FormError:
        return None
    if algorithm != SHA1 or flags & ~_OPT_OUT or len(following) != _HASH_OCTETS:
        return None
    return Nsec3(rrset, Parameters(iterations, salt), owner, following, bool(flags), types)


def prove(statement: Statement, records: Sequence[Nsec3], work: HashWork) -> Verdict:
    """Judge whether NSEC3 records prove a statement.

    Args:
        statement: its name lies in its zone; see :func:`dnsd.dnssec.denial.prove`.
        records: of that zone, validated; the first :data:`MAX_RECORDS` count.
        work: what hashing may still cost; goes down.
    """
    chains: dict[Parameters, list[Nsec3]] = {}
    for record in records[:MAX_RECORDS]:
        chains.setdefault(record.parameters, []).append(record)
    verdict: Verdict = NotProven("no NSEC3 record", ExtendedError.NSEC_MISSING)
    costly: list[Nsec3] = []
    for parameters, chain in chains.items():
        if parameters.is_too_costly:
            costly += chain
            continue
        try:
            verdict = _Chain(statement.zone, parameters, chain, work).prove(statement)
        except WorkSpentError:
            limit = f"the limit of {work.limit} SHA-1 blocks"
            return NotProven(f"hashing {to_text(statement.name)} for NSEC3 passes {limit}")
        if not isinstance(verdict, NotProven):
            return verdict
    if costly:
        return Insecure(Doubt.ITERATIONS, tuple(record.rrset for record in costly))
    return verdict


def next_closer(name: bytes, encloser: bytes) -> bytes:
    """Return the name one label longer than an ancestor, on the way to a name below it."""
    while (above := parent(name)) != encloser:
        name = above
    return name


@dataclass(frozen=True, slots=True)
class _Encloser:
    """A closest encloser proof (RFC 5155 §8.3)."""

    closest: bytes
    match: Nsec3
    cover: Nsec3  # of the next closer name

    def conclude(self, *others: Nsec3) -> Proven | Insecure:
        """Return the verdict of a proof that rests on this and on other records.

        RFC 5155 §9.2: not secure where the next closer name may be an unsigned
        delegation.
        """
        used = _once(self.match, self.cover, *others)
        if self.cover.opt_out:
            return Insecure(Doubt.OPT_OUT, used)
        return Proven(used, self.closest)


class _Chain:
    """The records of an answer that hash names in the same way."""

    def __init__(
        self, zone: bytes, parameters: Parameters, records: list[Nsec3], work: HashWork
    ) -> None:
        self.zone = zone
        self.parameters = parameters
        self.records = records
        self.work = work
        self._digests: dict[bytes, bytes] = {}

    def prove(self, statement: Statement) -> Verdict:
        name = statement.name
        match statement.claim:
            case Claim.NXDOMAIN:
                return self._nxdomain(name)
            case Claim.NODATA:
                return self._nodata(name, statement.rrtype)
            case Claim.WILDCARD_ANSWER:
                return self._wildcard_answer(name, parent(statement.wildcard))
            case Claim.UNSIGNED_REFERRAL:
                return self._unsigned_referral(name)

    def _nxdomain(self, name: bytes) -> Verdict:
        """Closest encloser, and the wildcard there is covered (RFC 5155 §8.4)."""
        own = self._matching(name)
        if own is not None:
            if _NXNAME in own.types:  # RFC 9824 §4: made for this name, to say that it is none
                return Proven((own.rrset,), b"")
            return NotProven(f"the NSEC3 record of {to_text(name)} says that it exists")
        found = self._closest_encloser(name)
        if isinstance(found, NotProven):
            return found
        wildcard = _WILDCARD + found.closest
        if self._matching(wildcard) is not None:
            return NotProven(f"the wildcard {to_text(wildcard)} exists")
        denial = self._covering(wildcard)
        return self._none_covers(wildcard) if denial is None else found.conclude(denial)

    def _nodata(self, name: bytes, rrtype: int) -> Verdict:
        """The name or its wildcard lacks the type, or opt-out hides it (RFC 5155 §8.5 to §8.7)."""
        own = self._matching(name)
        if own is not None:
            reason = self._what_speaks_against(name, own, rrtype)
            return NotProven(reason) if reason else Proven((own.rrset,), name, own.is_cut)
        found = self._closest_encloser(name)
        if isinstance(found, NotProven):
            return found
        wildcard = _WILDCARD + found.closest
        source = self._matching(wildcard)
        if source is not None:
            reason = self._what_speaks_against(wildcard, source, rrtype)
            return NotProven(reason) if reason else found.conclude(source)
        if found.cover.opt_out:
            # Not for DS only: a name above unsigned delegations has no record either.
            return found.conclude()
        return NotProven(f"the NSEC3 records say that {to_text(name)} does not exist")

    def _wildcard_answer(self, name: bytes, encloser: bytes) -> Verdict:
        """The next closer name is covered (RFC 5155 §8.8)."""
        longer = next_closer(name, encloser)
        cover = self._covering(longer)
        if cover is None:
            return self._none_covers(longer)
        if cover.opt_out:
            return Insecure(Doubt.OPT_OUT, (cover.rrset,))
        return Proven((cover.rrset,), encloser)

    def _unsigned_referral(self, cut: bytes) -> Verdict:
        """The name has an NS and no DS, or lies in an opt-out span (RFC 5155 §8.9)."""
        own = self._matching(cut)
        if own is not None:
            if not own.is_cut:
                return NotProven(f"the NSEC3 record of {to_text(cut)} is none of a zone cut")
            if _DS in own.types:
                return NotProven(f"the NSEC3 record of {to_text(cut)} says that it has a DS")
            return Proven((own.rrset,), cut, is_cut=True)
        found = self._closest_encloser(cut)
        if isinstance(found, NotProven):
            return found
        if found.cover.opt_out:
            return found.conclude()
        return NotProven(f"the NSEC3 records say that {to_text(cut)} does not exist")

    def _closest_encloser(self, name: bytes) -> _Encloser | NotProven:
        """Find the closest encloser of a name that has no record of its own.

        From the apex down, so that a long name below a short zone costs two
        hashes and not one a label: where a name is covered nothing below it
        exists, and its parent is the closest encloser or there is none. With
        opt-out it is the closest *provable* one.
        """
        way = [name, *ancestors(name, self.zone)]
        way.reverse()
        above, record = self.zone, self._matching(self.zone)
        for at in way[1:]:
            if record is not None:
                reason = self._what_hides(above, record)
                if reason:
                    return NotProven(reason)
            following = self._matching(at)
            cover = self._covering(at) if following is None else None
            if cover is not None and record is not None:
                return _Encloser(above, record, cover)
            if cover is not None:
                return NotProven(f"no NSEC3 record of {to_text(above)}, which encloses")
            above, record = at, following
        return self._none_covers(name)

    def _what_hides(self, name: bytes, record: Nsec3) -> str:
        """Say why an ancestor's record speaks of nothing below it, or nothing (RFC 5155 §8.3)."""
        owner = f"the NSEC3 record of {to_text(name)}"
        if record.is_cut:
            return f"{owner} is the parent's at a zone cut"
        if _DNAME in record.types:
            return f"{owner} says that it has DNAME"
        if _SOA in record.types and name != self.zone:
            return f"{owner} is of another zone"
        return ""

    def _what_speaks_against(self, name: bytes, record: Nsec3, rrtype: int) -> str:
        """Say why a bit map does not show that a type is missing, or nothing."""
        owner = f"the NSEC3 record of {to_text(name)}"
        if rrtype in record.types:
            return f"{owner} says that it has {rrtype_to_text(rrtype)}"
        if _CNAME in record.types:  # RFC 6840 §4.3
            return f"{owner} says that it has CNAME"
        if rrtype == _ANY and record.types.octets not in _NOTHING:
            return f"{owner} says that it has records"
        if record.is_cut and rrtype != _DS:
            return f"{owner} is the parent's at a zone cut"
        if _SOA in record.types and name != self.zone:
            return f"{owner} is of another zone"
        return ""

    def _digest(self, name: bytes) -> bytes:
        digest = self._digests.get(name)
        if digest is None:
            self.work.spend(self.parameters.cost(name))
            digest = self._digests[name] = self.parameters.digest(name)
        return digest

    def _matching(self, name: bytes) -> Nsec3 | None:
        digest = self._digest(name)
        return next((record for record in self.records if record.owner == digest), None)

    def _covering(self, name: bytes) -> Nsec3 | None:
        digest = self._digest(name)
        return next((record for record in self.records if record.covers(digest)), None)

    def _none_covers(self, name: bytes) -> NotProven:
        return NotProven(f"no NSEC3 record covers {to_text(name)}", ExtendedError.NSEC_MISSING)


def _once(*records: Nsec3) -> tuple[RRset, ...]:
    """Return the RRsets of records, those that serve twice once."""
    return tuple({id(record): record.rrset for record in records}.values())
