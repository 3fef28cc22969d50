"""One RRset against the keys of its zone: secure, bogus, or not signed by that zone.

:func:`validate` is a generator that yields before each verification what it
will cost, so that the caller may pause between two of them, or stop for good
by closing it. One :class:`Work` goes through everything that is done for a
client query, positive and negative answers, restarts included, so that no
number of signatures and keys with the same tag can make it expensive
(CVE-2023-50387).

Deviates from RFC 4035 §5.3.1, where all combinations of signatures and keys
may be tried: at most 4 signatures for an RRset and 2 keys for a signature are.

Not here: whether the keys are those of the zone (:mod:`.digests` and the
resolver's chain of trust), and the proof that an RRset which was expanded from
a wildcard has no closer match (:mod:`.denial`); without that proof it must not
be used (RFC 4035 §5.3.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.dnssec import canonical, signatures
from dnsd.dnssec.algorithms import KeyFault, PublicKey
from dnsd.dnssec.signatures import EXTENDED_ERRORS, Refusal, Signature
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.iana import ExtendedError, RRType, rrtype_to_text

if TYPE_CHECKING:
    from collections.abc import Generator

    from dnsd.dnssec.keys import Key
    from dnsd.wire.rrset import RRset

MAX_VERIFICATIONS: Final = 32  # a client query; an answer of four signed RRsets needs 4 to 8
MAX_FAILURES: Final = 4  # a client query
MAX_SIGNATURES: Final = 4  # tried for an RRset
MAX_KEYS: Final = 2  # tried for a signature: honest zones hardly have two with the same tag
MAX_SIGNATURES_READ: Final = 32  # of an RRset, to find those that may be tried

_DNSKEY = int(RRType.DNSKEY)


class Work:
    """What the validation of all that one client query needs may still cost.

    Attributes:
        verifications: that may still be made.
        failures: of them that may still fail; a malformed key is a failure.
        units: units of work spent so far.
        proven: DNSKEY rdata of keys that a signature was verified with.
    """

    __slots__ = ("failures", "proven", "units", "verifications")

    def __init__(
        self, verifications: int = MAX_VERIFICATIONS, failures: int = MAX_FAILURES
    ) -> None:
        self.verifications = verifications
        self.failures = failures
        self.units = 0
        self.proven: set[bytes] = set()

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may be verified."""
        return self.verifications <= 0 or self.failures <= 0


@dataclass(frozen=True, slots=True)
class Secure:
    """A signature of the zone covers the RRset.

    Attributes:
        ttl: the most seconds that it may be kept: its TTL, that of the zone, and
            what remains of the signature's validity (RFC 4035 §5.3.3).
        wildcard: the name that it was expanded from, in canonical form; ``None``
            when its owner itself was signed. An NSEC or NSEC3 RRset with one
            proves nothing about names.
        signature: the one that covers it.
    """

    ttl: int
    wildcard: bytes | None
    signature: Signature


@dataclass(frozen=True, slots=True)
class Bogus:
    """The zone signed, but no signature holds.

    Attributes:
        error: for the client (RFC 8914).
        text: the one reason in words, a line without a full stop.
        reason: why the signature that came farthest was refused; ``None`` when
            the work was spent before the end.
    """

    error: ExtendedError
    text: str
    reason: Refusal | None


@dataclass(frozen=True, slots=True)
class Unsigned:
    """The zone has no signature there that could be tried.

    Bogus in a zone that must be signed, unless the RRset belongs to another
    zone below it, which is what ``signers`` hints at.

    Attributes:
        error: for the client (RFC 8914).
        text: what there is instead, a line without a full stop.
        signers: of signatures by other zones that the owner lies under, each
            once, in canonical form. Nobody vouches for them.
    """

    error: ExtendedError
    text: str
    signers: tuple[bytes, ...]


Verdict = Secure | Bogus | Unsigned


def validate(
    rrset: RRset, zone: bytes, keys: tuple[Key, ...], now: int, work: Work
) -> Generator[int, None, Verdict]:
    """Find a signature by the keys of a zone that covers an RRset.

    Args:
        rrset: with its signatures, owner in canonical form. It is put in order
            at once: that takes 4 µs a record, so that the caller bounds them.
        zone: apex of the zone, in canonical form.
        keys: of the zone that may sign this RRset, from :func:`.keys.usable_keys`;
            for the DNSKEY RRset those from :func:`.digests.entry`.
        now: Unix seconds.
        work: of the client query; it is charged.

    Yields:
        Before each verification the units of work that it costs.

    Returns:
        The verdict. Whatever the octets are, there is no exception.
    """
    found = _read(rrset, zone, now)
    trials = _trials(found, rrset, keys, work)
    if trials and work.is_spent:
        return _spent(work)
    rdatas = _rdatas(rrset) if trials else []
    if rdatas is None:
        found.refused.append((Refusal.MALFORMED_RRSET, trials[0][0]))
        return _insecure(found, rrset, now)
    for signature, candidates in trials:
        owner = canonical.signed_owner(rrset.owner, signature.labels)
        message = canonical.signed_octets(signature.prefix, owner, rrset, rdatas)
        for key in candidates:
            if work.is_spent:
                return _spent(work)
            reason = yield from _try(signature, message, key, work)
            if reason is None:
                return _secure(signature, rrset, now)
            found.refused.append((reason, signature))
    return _insecure(found, rrset, now)


@dataclass(slots=True)
class _Found:
    """The signatures of an RRset: those to try, and what was refused and why."""

    usable: list[Signature]
    refused: list[tuple[Refusal, Signature]]
    signers: dict[bytes, None]
    malformed: int = 0


def _read(rrset: RRset, zone: bytes, now: int) -> _Found:
    """Read the signatures of an RRset and check all that needs no mathematics."""
    found = _Found([], [], {})
    for rdata in rrset.signatures[:MAX_SIGNATURES_READ]:
        signature = signatures.from_wire(rdata)
        if signature is None:
            found.malformed += 1
            continue
        reason = signatures.refusal(signature, rrset, zone, now)
        if reason is None:
            found.usable.append(signature)
            continue
        found.refused.append((reason, signature))
        signer = signature.signer
        if reason is Refusal.OTHER_SIGNER and names.is_subdomain(rrset.owner, signer):
            found.signers[signer] = None
    return found


def _trials(
    found: _Found, rrset: RRset, keys: tuple[Key, ...], work: Work
) -> list[tuple[Signature, list[Key]]]:
    """Pick the signatures to try and the keys that each may be by."""
    trials: list[tuple[Signature, list[Key]]] = []
    for signature in found.usable:
        candidates = _candidates(signature, rrset, keys, work)
        if not candidates:
            found.refused.append((Refusal.NO_KEY, signature))
        elif len(trials) < MAX_SIGNATURES:
            trials.append((signature, candidates))
    return trials


def _candidates(signature: Signature, rrset: RRset, keys: tuple[Key, ...], work: Work) -> list[Key]:
    """Pick the keys that a signature may be by, the likelier first.

    Where a zone's two kinds of keys have the same tag, that for the DNSKEY RRset
    is the entry point, and the other one is for the rest. If they are of one kind,
    one failure a client query tells which it is: a denial of four RRsets would
    spend all of them otherwise.
    """
    wanted = (signature.key_tag, signature.algorithm)
    found = [key for key in keys if (key.tag, key.algorithm) == wanted]
    if len(found) > 1:
        is_for_keys = rrset.type == _DNSKEY
        found.sort(
            key=lambda key: (key.is_entry_point is not is_for_keys, key.rdata not in work.proven)
        )
    return found[:MAX_KEYS]


def _rdatas(rrset: RRset) -> list[bytes] | None:
    """Return the rdata as signed; ``None`` when the RRset is malformed."""
    try:
        return canonical.sorted_rdatas(rrset)
    except FormError:
        return None


def _try(
    signature: Signature, message: bytes, key: Key, work: Work
) -> Generator[int, None, Refusal | None]:
    """Verify a signature with one key.

    Yields:
        The units of work, before the verification.

    Returns:
        ``None`` when it holds.
    """
    public_key = key.public_key()
    match public_key:
        case KeyFault.UNSUPPORTED:
            return Refusal.UNSUPPORTED_KEY  # nothing was computed
        case KeyFault.MALFORMED:
            work.failures -= 1
            return Refusal.MALFORMED_KEY
        case PublicKey():
            yield public_key.work
            work.verifications -= 1
            work.units += public_key.work
            if public_key.verify(signature.octets, message):
                work.proven.add(key.rdata)
                return None
            work.failures -= 1
    return Refusal.WRONG


def _secure(signature: Signature, rrset: RRset, now: int) -> Secure:
    owner = canonical.signed_owner(rrset.owner, signature.labels)
    ttl = min(rrset.ttl, signature.original_ttl, signature.remaining_s(now))
    return Secure(ttl, owner if owner != rrset.owner else None, signature)


def _spent(work: Work) -> Bogus:
    """Say which limit was reached."""
    what = "that do not match" if work.failures <= 0 else "to verify"
    return Bogus(ExtendedError.DNSSEC_BOGUS, f"too many signatures {what} for one question", None)


def _insecure(found: _Found, rrset: RRset, now: int) -> Bogus | Unsigned:
    """Tell from all refusals the one reason."""
    if not found.refused:
        text = "malformed RRSIG" if found.malformed else f"no RRSIG of {rrtype_to_text(rrset.type)}"
        return Unsigned(ExtendedError.RRSIGS_MISSING, text, ())
    reason, signature = max(found.refused, key=lambda pair: pair[0].value)
    text = signatures.explain(reason, signature, rrset, now)
    if reason.value <= Refusal.UNSUPPORTED_ALGORITHM.value:
        return Unsigned(EXTENDED_ERRORS[reason], text, tuple(found.signers))
    return Bogus(EXTENDED_ERRORS[reason], text, reason)
