"""RRSIG records: their fields, and whether one may be used at all (RFC 4035 §5.3.1).

A signature is tried with a key only when everything that can be said without
mathematics speaks for it. Three inequalities keep a signer to its own zone,
and each was forgotten somewhere: the labels of the signer are at most those
of the labels field, these at most those of the owner, and the owner lies under
the signer. The signer must be the zone whose keys were validated.
"""

from __future__ import annotations

import enum
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.dnssec.algorithms import SUPPORTED
from dnsd.dnssec.canonical import owner_labels
from dnsd.wire import names, serial
from dnsd.wire.errors import FormError
from dnsd.wire.iana import ExtendedError, rrtype_to_text
from dnsd.wire.reader import Reader

if TYPE_CHECKING:
    from dnsd.wire.rrset import RRset

# A clock may be somewhat late; one that runs ahead must not prolong what expired.
INCEPTION_SKEW_S: Final = 60
EXPIRATION_SKEW_S: Final = 0

# Type covered, algorithm, labels, original TTL, expiration, inception, key tag (RFC 4034 §3.1).
_FIXED: Final = struct.Struct("!HBBIIIH")


class Refusal(enum.Enum):
    """Why a signature does not make an RRset secure.

    In the order of the checks: of several signatures the one that came
    farthest tells best what is wrong with an RRset.
    """

    OTHER_TYPE = enum.auto()
    OTHER_SIGNER = enum.auto()
    UNSUPPORTED_ALGORITHM = enum.auto()
    OWNER_OUTSIDE = enum.auto()
    LABELS_BELOW_SIGNER = enum.auto()
    LABELS_ABOVE_OWNER = enum.auto()
    EXPIRED_BEFORE_VALID = enum.auto()
    NOT_YET_VALID = enum.auto()
    EXPIRED = enum.auto()
    NO_KEY = enum.auto()
    UNSUPPORTED_KEY = enum.auto()
    MALFORMED_KEY = enum.auto()
    MALFORMED_RRSET = enum.auto()
    WRONG = enum.auto()


#: What a client is told of each (RFC 8914 §4).
EXTENDED_ERRORS: Final = {
    Refusal.OTHER_TYPE: ExtendedError.RRSIGS_MISSING,
    Refusal.OTHER_SIGNER: ExtendedError.RRSIGS_MISSING,
    Refusal.UNSUPPORTED_ALGORITHM: ExtendedError.UNSUPPORTED_DNSKEY_ALGORITHM,
    Refusal.OWNER_OUTSIDE: ExtendedError.DNSSEC_BOGUS,
    Refusal.LABELS_BELOW_SIGNER: ExtendedError.DNSSEC_BOGUS,
    Refusal.LABELS_ABOVE_OWNER: ExtendedError.DNSSEC_BOGUS,
    Refusal.EXPIRED_BEFORE_VALID: ExtendedError.SIGNATURE_EXPIRED_BEFORE_VALID,
    Refusal.NOT_YET_VALID: ExtendedError.SIGNATURE_NOT_YET_VALID,
    Refusal.EXPIRED: ExtendedError.SIGNATURE_EXPIRED,
    Refusal.NO_KEY: ExtendedError.DNSKEY_MISSING,
    Refusal.UNSUPPORTED_KEY: ExtendedError.UNSUPPORTED_DNSKEY_ALGORITHM,
    Refusal.MALFORMED_KEY: ExtendedError.DNSSEC_BOGUS,
    Refusal.MALFORMED_RRSET: ExtendedError.DNSSEC_BOGUS,
    Refusal.WRONG: ExtendedError.DNSSEC_BOGUS,
}


class Signature(NamedTuple):
    """One RRSIG.

    Attributes:
        type_covered: RR type, 0..65535.
        algorithm: 0..255, supported or not.
        labels: of the owner that was signed, neither root nor ``*`` counted.
        original_ttl: seconds, as the zone has it.
        expiration: Unix seconds modulo 2³².
        inception: Unix seconds modulo 2³².
        key_tag: of the key that signed.
        signer: apex of the zone that signed, in canonical form.
        prefix: the rdata up to and with the signer, which is signed too.
        octets: the signature itself.
    """

    type_covered: int
    algorithm: int
    labels: int
    original_ttl: int
    expiration: int
    inception: int
    key_tag: int
    signer: bytes
    prefix: bytes
    octets: bytes

    def remaining_s(self, now: int) -> int:
        """Return how long it is still valid, in seconds, negative once it has expired."""
        return _difference(self.expiration, now)


def from_wire(rdata: bytes) -> Signature | None:
    """Read RRSIG rdata, its name uncompressed; ``None`` when it is malformed."""
    reader = Reader(rdata)
    try:
        fixed = reader.octets(_FIXED.size)
        signer = reader.uncompressed_name().lower()
    except FormError:
        return None
    return Signature._make((*_FIXED.unpack(fixed), signer, fixed + signer, rdata[reader.offset :]))


def refusal(signature: Signature, rrset: RRset, zone: bytes, now: int) -> Refusal | None:
    """Say why a signature may not be used for an RRset, before any key is looked at.

    Source: RFC 4035 §5.3.1; times in the arithmetic of RFC 1982.

    Args:
        signature: any.
        rrset: that it is said to cover.
        zone: apex whose keys were validated, in canonical form.
        now: Unix seconds.

    Returns:
        ``None`` when it may be tried.
    """
    if signature.type_covered != rrset.type:
        return Refusal.OTHER_TYPE
    if signature.signer != zone:
        return Refusal.OTHER_SIGNER
    if signature.algorithm not in SUPPORTED:
        return Refusal.UNSUPPORTED_ALGORITHM
    if not names.is_subdomain(rrset.owner, signature.signer):
        return Refusal.OWNER_OUTSIDE
    if signature.labels < names.label_count(signature.signer):
        return Refusal.LABELS_BELOW_SIGNER
    if signature.labels > owner_labels(rrset.owner):
        return Refusal.LABELS_ABOVE_OWNER
    return _refusal_by_time(signature, now)


def _refusal_by_time(signature: Signature, now: int) -> Refusal | None:
    """Compare the time with both ends of the validity, which belong to it."""
    if _difference(signature.expiration, signature.inception) < 0:
        return Refusal.EXPIRED_BEFORE_VALID
    if _difference(signature.inception, now) > INCEPTION_SKEW_S:
        return Refusal.NOT_YET_VALID
    if signature.remaining_s(now) < -EXPIRATION_SKEW_S:
        return Refusal.EXPIRED
    return None


def _difference(later: int, earlier: int) -> int:
    """Subtract two times modulo 2³².

    What is 2³¹ apart, which RFC 1982 §3.2 leaves undefined, counts as negative:
    nothing gets valid by it.
    """
    difference = later - earlier & 0xFFFFFFFF
    return difference - 0x100000000 if difference > serial.MAX_STEP else difference


def explain(reason: Refusal, signature: Signature, rrset: RRset, now: int) -> str:
    """Say in one line, without a full stop, what is wrong with a signature.

    Args:
        reason: why it was refused.
        signature: that was.
        rrset: that it was tried for.
        now: Unix seconds.
    """
    return _REASONS[reason].format(
        tag=signature.key_tag,
        covered=rrtype_to_text(signature.type_covered),
        algorithm=signature.algorithm,
        signer=names.to_text(signature.signer),
        labels=signature.labels,
        owner=names.to_text(rrset.owner),
        type=rrtype_to_text(rrset.type),
        ago=duration(-signature.remaining_s(now)),
        ahead=duration(_difference(signature.inception, now)),
    )


_REASONS: Final = {
    Refusal.OTHER_TYPE: "RRSIG by key {tag} covers {covered}, not {type}",
    Refusal.OTHER_SIGNER: "RRSIG by key {tag} is of another zone, {signer}",
    Refusal.UNSUPPORTED_ALGORITHM: "RRSIG by key {tag} uses algorithm {algorithm}, which is not supported",
    Refusal.OWNER_OUTSIDE: "RRSIG by key {tag} is of {signer}, which {owner} is not under",
    Refusal.LABELS_BELOW_SIGNER: "RRSIG by key {tag} says {labels} labels, fewer than its signer {signer} has",
    Refusal.LABELS_ABOVE_OWNER: "RRSIG by key {tag} says {labels} labels, more than {owner} has",
    Refusal.EXPIRED_BEFORE_VALID: "RRSIG by key {tag} expires before it becomes valid",
    Refusal.NOT_YET_VALID: "RRSIG by key {tag} becomes valid in {ahead}",
    Refusal.EXPIRED: "RRSIG by key {tag} expired {ago} ago",
    Refusal.NO_KEY: "RRSIG by key {tag}, but {signer} has no such key of algorithm {algorithm}",
    Refusal.UNSUPPORTED_KEY: "key {tag} of {signer} is RSA with a modulus or exponent that is not supported",
    Refusal.MALFORMED_KEY: "key {tag} of {signer} is malformed",
    Refusal.MALFORMED_RRSET: "malformed {type} rdata",
    Refusal.WRONG: "RRSIG by key {tag} does not match the {type} records",
}  # fmt: skip

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"))


def duration(seconds: int) -> str:
    """Write a duration in its largest unit, rounded down: ``3 h``, ``45 s``."""
    for unit, name in _UNITS:
        if seconds >= unit:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"
