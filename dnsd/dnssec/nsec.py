"""What NSEC records prove.

An NSEC says two things: its owner has just these types, and no name lies
between the owner and the next name. The traps, each closed here:

- owner and next name lie in the zone, in canonical order or at its end, else
  the record is no part of that zone's chain (RFC 4034 §4.1.1);
- at a zone cut the parent's NSEC speaks of nothing but the DS, and of nothing
  below; below a DNAME it speaks of nothing (RFC 6840 §4.1);
- a CNAME answers for nearly every type, so where one is nothing is missing
  (RFC 6840 §4.3);
- a covered name above the next name exists: it is an empty non-terminal. That
  holds for a wildcard too: ``*.w`` exists where ``a.*.w`` does, and names in
  ``w`` then have no data instead of not existing (RFC 4592 §4.9).

Names are compared as paths: tuples of labels from the root down, whose order
is the canonical one.

Source: RFC 4035 §5.4, RFC 6840 §4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.dnssec.bitmaps import TypeBitmap, render
from dnsd.dnssec.claims import Claim, NotProven, Proven, Statement
from dnsd.wire.errors import FormError
from dnsd.wire.iana import ExtendedError, RRType, rrtype_to_text
from dnsd.wire.names import from_labels, to_labels, to_text
from dnsd.wire.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnsd.wire.rrset import RRset

Path = tuple[bytes, ...]

_ASTERISK: Final = b"*"
_NS: Final = int(RRType.NS)
_CNAME: Final = int(RRType.CNAME)
_SOA: Final = int(RRType.SOA)
_DNAME: Final = int(RRType.DNAME)
_DS: Final = int(RRType.DS)
_RRSIG: Final = int(RRType.RRSIG)
_NSEC: Final = int(RRType.NSEC)
_NXNAME: Final = int(RRType.NXNAME)
_ANY: Final = int(RRType.ANY)

# What the bit map of a name without records is, asked for with ANY.
_NOTHING: Final = frozenset(
    render(rrtypes)
    for rrtypes in ((), (_RRSIG,), (_NSEC,), (_RRSIG, _NSEC), (_RRSIG, _NSEC, _NXNAME))
)


def path_of(name: bytes) -> Path:
    """Return a name's labels from the root down; tuples sort canonically (RFC 4034 §6.1)."""
    labels = to_labels(name)
    labels.reverse()
    return tuple(labels)


def name_of(path: Path) -> bytes:
    """Return the name with these labels from the root down.

    The wildcard at a closest encloser is never too long: the name in question
    has a label there too, and none is shorter than the asterisk.
    """
    return from_labels(list(reversed(path)))


@dataclass(frozen=True, slots=True)
class Nsec:
    """One NSEC record that is part of its zone's chain.

    Attributes:
        rrset: as it came.
        owner: path of the owner.
        following: path of the next name; the zone's apex at the chain's end.
        is_last: no name of the zone comes behind the owner.
        types: what the owner has.
    """

    rrset: RRset
    owner: Path
    following: Path
    is_last: bool
    types: TypeBitmap

    @property
    def is_cut(self) -> bool:
        """Whether it is the parent's record at a zone cut (RFC 6840 §4.1)."""
        return _NS in self.types and _SOA not in self.types

    def covers(self, name: Path) -> bool:
        """Tell whether a name of the zone lies between owner and next name.

        A zone cut or a DNAME at an ancestor takes the name out of the zone,
        and the record then covers nothing there.
        """
        if not self.owner < name or not (self.is_last or name < self.following):
            return False
        is_below_owner = name[: len(self.owner)] == self.owner
        return not (is_below_owner and (self.is_cut or _DNAME in self.types))

    def passes_through(self, name: Path) -> bool:
        """Tell whether a covered name exists because the next name is below it."""
        return self.following[: len(name)] == name

    def closest_encloser(self, name: Path) -> Path:
        """Return the longest ancestor that a covered name has (RFC 4592 §3.3.1).

        Owner and next name exist, and with them every name above them; they
        are the neighbors of the name, so nobody shares more labels with it.
        """
        length = max(_shared(name, self.owner), _shared(name, self.following))
        return name[:length]


def _shared(a: Path, b: Path) -> int:
    count = 0
    for left, right in zip(a, b, strict=False):
        if left != right:
            break
        count += 1
    return count


def read(rrset: RRset, zone: bytes) -> Nsec | None:
    """Read an NSEC RRset of a zone.

    Args:
        rrset: type NSEC; the owner is a name in the zone.
        zone: apex of the zone that signed it.

    Returns:
        ``None`` if it proves nothing: malformed, not exactly one record, or
        not of a chain in this zone.
    """
    if len(rrset.rdatas) != 1:
        return None
    try:
        reader = Reader(rrset.rdatas[0])
        # RFC 6840 §5.1: the next name keeps its case in the signature.
        following = path_of(reader.uncompressed_name().lower())
        types = TypeBitmap(reader.octets(reader.remaining))
    except FormError:
        return None
    owner, apex = path_of(rrset.owner), path_of(zone)
    is_last = following == apex
    if owner[: len(apex)] != apex or following[: len(apex)] != apex:
        return None
    if not is_last and not owner < following:
        return None
    if _SOA in types and owner != apex:
        return None  # the apex of another zone, which cannot have signed with this one's name
    return Nsec(rrset, owner, following, is_last, types)


def prove(statement: Statement, records: Sequence[Nsec]) -> Proven | NotProven:
    """Judge whether NSEC records prove a statement.

    Args:
        statement: its name lies in its zone; see :func:`dnsd.dnssec.denial.prove`.
        records: of that zone's chain, validated.
    """
    name = path_of(statement.name)
    match statement.claim:
        case Claim.NXDOMAIN:
            return _nxdomain(name, records)
        case Claim.NODATA:
            return _nodata(name, statement.rrtype, records)
        case Claim.WILDCARD_ANSWER:
            return _wildcard_answer(name, path_of(statement.wildcard)[:-1], records)
        case Claim.UNSIGNED_REFERRAL:
            return _unsigned_referral(name, records)


def _nxdomain(name: Path, records: Sequence[Nsec]) -> Proven | NotProven:
    """The name is covered, and so is the wildcard at its closest encloser (RFC 4035 §5.4)."""
    own = _matching(name, records)
    if own is not None:
        if _NXNAME in own.types:  # RFC 9824 §3.1: made for this name, to say that it is none
            return Proven((own.rrset,), b"")
        return NotProven(f"the NSEC record of {_text(name)} says that it exists")
    cover = _covering(name, records)
    if isinstance(cover, NotProven):
        return cover
    if cover.passes_through(name):
        return NotProven(f"{_text(name)} exists, as an NSEC record names one below it")
    encloser = cover.closest_encloser(name)
    wildcard = (*encloser, _ASTERISK)
    if _matching(wildcard, records):
        return NotProven(f"the wildcard {_text(wildcard)} exists")
    denial = _covering(wildcard, records)
    if isinstance(denial, NotProven):
        return denial
    if denial.passes_through(wildcard):
        return NotProven(f"the wildcard {_text(wildcard)} exists as an empty non-terminal")
    return Proven(_once(cover, denial), name_of(encloser))


def _nodata(name: Path, rrtype: int, records: Sequence[Nsec]) -> Proven | NotProven:
    """The name is without the type, is an empty non-terminal, or a wildcard is so for it."""
    own = _matching(name, records)
    if own is not None:
        reason = _what_speaks_against(own, rrtype)
        return NotProven(reason) if reason else Proven((own.rrset,), name_of(name), own.is_cut)
    cover = _covering(name, records)
    if isinstance(cover, NotProven):
        return cover
    if cover.passes_through(name):
        return Proven((cover.rrset,), name_of(name))
    encloser = cover.closest_encloser(name)
    wildcard = (*encloser, _ASTERISK)
    source = _matching(wildcard, records)
    if source is not None:
        reason = _what_speaks_against(source, rrtype)
        if reason:
            return NotProven(reason)
        return Proven(_once(cover, source), name_of(encloser))
    denial = _covering(wildcard, records)
    if isinstance(denial, NotProven):
        return denial
    if denial.passes_through(wildcard):
        return Proven(_once(cover, denial), name_of(encloser))
    return NotProven(f"the NSEC records say that {_text(name)} does not exist")


def _wildcard_answer(name: Path, encloser: Path, records: Sequence[Nsec]) -> Proven | NotProven:
    """The name one label below the wildcard's parent does not exist (RFC 4035 §5.3.4)."""
    next_closer = name[: len(encloser) + 1]
    cover = _covering(next_closer, records)
    if isinstance(cover, NotProven):
        return cover
    if cover.passes_through(next_closer):
        return NotProven(f"{_text(next_closer)} exists, so that no wildcard above it counts")
    return Proven((cover.rrset,), name_of(encloser))


def _unsigned_referral(cut: Path, records: Sequence[Nsec]) -> Proven | NotProven:
    """The name has an NS and no DS, and is the parent's (RFC 6840 §4.4)."""
    own = _matching(cut, records)
    if own is None:
        return NotProven(f"no NSEC record of {_text(cut)}", ExtendedError.NSEC_MISSING)
    if not own.is_cut:
        return NotProven(f"the NSEC record of {_text(cut)} is none of a zone cut")
    if _DS in own.types:
        return NotProven(f"the NSEC record of {_text(cut)} says that it has a DS")
    return Proven((own.rrset,), name_of(cut), is_cut=True)


def _what_speaks_against(record: Nsec, rrtype: int) -> str:
    """Say why the owner's bit map does not show that a type is missing, or nothing."""
    owner = f"the NSEC record of {_text(record.owner)}"
    if rrtype in record.types:
        return f"{owner} says that it has {rrtype_to_text(rrtype)}"
    if _CNAME in record.types:
        return f"{owner} says that it has CNAME"
    if rrtype == _ANY and record.types.octets not in _NOTHING:
        return f"{owner} says that it has records"
    if record.is_cut and rrtype != _DS:
        return f"{owner} is the parent's at a zone cut"
    return ""


def _matching(name: Path, records: Sequence[Nsec]) -> Nsec | None:
    return next((record for record in records if record.owner == name), None)


def _covering(name: Path, records: Sequence[Nsec]) -> Nsec | NotProven:
    for record in records:
        if record.covers(name):
            return record
    return NotProven(f"no NSEC record covers {_text(name)}", ExtendedError.NSEC_MISSING)


def _once(*records: Nsec) -> tuple[RRset, ...]:
    """Return the RRsets of records, those that serve twice once."""
    return tuple({id(record): record.rrset for record in records}.values())


def _text(path: Path) -> str:
    return to_text(name_of(path))
