"""DS records: what a parent says about the keys of a zone (RFC 4034 §5).

A zone is insecure only when none of its DS records has a supported algorithm
and a supported digest: :func:`usable` returns nothing then (RFC 4035 §5.2).
Where there is one, the zone must validate: a DNSKEY that none of them matches
is no entry into it, however it is signed.

CDS rdata has the same form (RFC 7344 §3.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.dnssec.algorithms import HASHES, SUPPORTED, DigestType, KeyFault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dnsd.dnssec.keys import Key

#: DS records of a zone that are looked at, and keys that may have the tag of one without its digest.
MAX_DS: Final = 8
MAX_MISMATCHES: Final = 4

_STRENGTH: Final[dict[int, int]] = {
    DigestType.SHA384: 3,
    DigestType.SHA256: 2,
    DigestType.SHA1: 1,
}


class Ds(NamedTuple):
    """One DS record."""

    tag: int
    algorithm: int
    digest_type: int
    digest: bytes


class Entry(NamedTuple):
    """Which keys of a zone the DS records of its parent vouch for.

    Attributes:
        keys: these may sign the DNSKEY RRset.
        out_of_bounds: keys that match but whose RSA numbers are not supported.
            With no other match the zone is insecure, as one with an
            unsupported algorithm.
        mismatches: keys that have the tag and algorithm of a DS, but not its
            digest.
    """

    keys: tuple[Key, ...]
    out_of_bounds: tuple[Key, ...]
    mismatches: int


def from_wire(rdata: bytes) -> Ds | None:
    """Read DS or CDS rdata; ``None`` when it is too short to say its algorithms.

    A digest of a wrong length stays: it matches no key, which makes the zone
    bogus, where a DS left out could make it insecure.
    """
    if len(rdata) < 4:
        return None
    return Ds(int.from_bytes(rdata[:2], "big"), rdata[2], rdata[3], rdata[4:])


def to_wire(owner: bytes, key: Key, digest_type: int) -> bytes:
    """Make the DS rdata of a key.

    Args:
        owner: apex of the key's zone.
        key: any.
        digest_type: a :class:`.algorithms.DigestType`.
    """
    digest = HASHES[digest_type](owner + key.rdata).digest()
    return key.tag.to_bytes(2, "big") + bytes((key.algorithm, digest_type)) + digest


def usable(rdatas: Iterable[bytes]) -> tuple[Ds, ...]:
    """Pick the DS records that count, the strongest digests first.

    SHA-1 counts only when nothing else is there (RFC 4509 §3).

    Returns:
        At most :data:`MAX_DS`; none when the zone is insecure.
    """
    found = [
        ds
        for ds in map(from_wire, rdatas)
        if ds is not None and ds.algorithm in SUPPORTED and ds.digest_type in HASHES
    ]
    if any(ds.digest_type != DigestType.SHA1 for ds in found):
        found = [ds for ds in found if ds.digest_type != DigestType.SHA1]
    found.sort(key=lambda ds: -_STRENGTH[ds.digest_type])
    return tuple(found[:MAX_DS])


def matches(ds: Ds, owner: bytes, key: Key) -> bool:
    """Tell whether a DS, of a supported digest, was made of a key.

    Source: RFC 4034 §5.1.4.
    """
    if (ds.tag, ds.algorithm) != (key.tag, key.algorithm):
        return False
    return bool(HASHES[ds.digest_type](owner + key.rdata).digest() == ds.digest)


def entry(owner: bytes, records: Iterable[Ds], keys: Iterable[Key]) -> Entry:
    """Find the keys that DS records vouch for.

    Args:
        owner: apex of the zone.
        records: from :func:`usable`.
        keys: of the zone's DNSKEY RRset, from :func:`.keys.usable_keys`.

    Returns:
        What was found until all were compared, or :data:`MAX_MISMATCHES`
        keys had the tag of a DS without its digest.
    """
    found: list[Key] = []
    out_of_bounds: list[Key] = []
    mismatches = 0
    keys = tuple(keys)
    for ds in records:
        for key in keys:
            if (ds.tag, ds.algorithm) != (key.tag, key.algorithm):
                continue
            if key in found or key in out_of_bounds:
                continue
            if matches(ds, owner, key):
                is_out = key.public_key() is KeyFault.UNSUPPORTED
                (out_of_bounds if is_out else found).append(key)
                continue
            mismatches += 1
            if mismatches == MAX_MISMATCHES:
                return Entry(tuple(found), tuple(out_of_bounds), mismatches)
    return Entry(tuple(found), tuple(out_of_bounds), mismatches)
