"""The one entry to proofs that something is not there.

The caller validates first: it hands over NSEC and NSEC3 RRsets that are secure
under the keys of the very zone named in the statement, and learns whether they
prove it. Nothing here looks at keys or times.

Source: RFC 4035 §5.4, RFC 5155 §8, RFC 6840 §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.dnssec import nsec, nsec3
from dnsd.dnssec.claims import Claim, NotProven, Statement, Verdict
from dnsd.wire.iana import ExtendedError, RRType
from dnsd.wire.names import ROOT, is_subdomain, label_count, parent, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dnsd.dnssec.nsec3_hash import HashWork
    from dnsd.wire.rrset import RRset

_DS: Final = int(RRType.DS)
_NSEC: Final = int(RRType.NSEC)
_NSEC3: Final = int(RRType.NSEC3)
_ASTERISK_LABEL: Final = b"\x01*"
# Of an RRSIG's rdata: type covered 2 octets, algorithm 1, then the labels field.
_LABELS_OFFSET: Final = 3


def prove(statement: Statement, rrsets: Iterable[RRset], work: HashWork) -> Verdict:
    """Judge whether validated records prove a statement.

    NSEC and NSEC3 records are tried apart, NSEC first: they never add up.
    Every walk goes over the labels between the name and the zone's apex.

    Args:
        statement: of one link of an answer's chain; names in canonical form.
        rrsets: secure RRsets of ``statement.zone`` with their RRSIGs; other
            types than NSEC and NSEC3 are passed over, and so is a record
            expanded from a wildcard: its owner is no name of the chain
            (RFC 4035 §5.3.4, RFC 4592 §4.7).
        work: blocks of SHA-1 that are left to the client query; goes down.

    Returns:
        What may be believed; a malformed record is as if it were not there.
    """
    reason = _what_cannot_be(statement)
    if reason:
        return NotProven(reason)
    plain: list[nsec.Nsec] = []
    hashed: list[nsec3.Nsec3] = []
    for rrset in rrsets:
        if rrset.type not in (_NSEC, _NSEC3) or is_expanded(rrset):
            continue
        if rrset.type == _NSEC:
            record = nsec.read(rrset, statement.zone)
            if record is not None:
                plain.append(record)
        else:
            hash_record = nsec3.read(rrset, statement.zone)
            if hash_record is not None:
                hashed.append(hash_record)
    if not plain and not hashed:
        zone = to_text(statement.zone)
        return NotProven(f"no NSEC or NSEC3 record of {zone}", ExtendedError.NSEC_MISSING)
    verdict: Verdict | None = nsec.prove(statement, plain) if plain else None
    if hashed and (verdict is None or isinstance(verdict, NotProven)):
        verdict = nsec3.prove(statement, hashed, work)
    assert verdict is not None
    return verdict


def _what_cannot_be(statement: Statement) -> str:
    """Say why a zone has no say in a statement, before anything is read, or nothing."""
    name, zone = statement.name, statement.zone
    if not is_subdomain(name, zone):
        return f"{to_text(name)} is not in the zone {to_text(zone)}"
    match statement.claim:
        case Claim.NODATA:
            # RFC 4035 §3.1.4.1: the DS is the parent's; the root has no parent.
            if statement.rrtype == _DS and name == zone != ROOT:
                return f"the zone {to_text(zone)} does not speak of its own DS"
        case Claim.UNSIGNED_REFERRAL:
            if name == zone:
                return f"{to_text(zone)} is no zone cut of its own zone"
        case Claim.WILDCARD_ANSWER:
            wildcard = statement.wildcard
            if not wildcard.startswith(_ASTERISK_LABEL):
                return f"{to_text(wildcard)} is no wildcard"
            encloser = parent(wildcard)
            if not is_subdomain(encloser, zone):
                return f"the wildcard {to_text(wildcard)} is not in the zone {to_text(zone)}"
            if name == encloser or not is_subdomain(name, encloser):
                return f"the wildcard {to_text(wildcard)} does not stand for {to_text(name)}"
    return ""


def is_expanded(rrset: RRset) -> bool:
    """Tell whether a signature says that the owner was made of a wildcard's.

    One such signature is enough, as which of them was verified is not known.
    """
    labels = label_count(rrset.owner) - rrset.owner.startswith(_ASTERISK_LABEL)
    return any(rrsig[_LABELS_OFFSET] < labels for rrsig in rrset.signatures if len(rrsig) > 3)
