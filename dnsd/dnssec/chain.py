"""One link of the chain of trust: from the DS records of a zone to its keys.

The DS RRset must be secure already, under the keys of the zone above, or come
from a trust anchor; :func:`.digests.to_wire` makes a DS of one that is a
DNSKEY. How to find the RRsets is the resolver's.

Source: RFC 4035 §5.2, RFC 6840 §5.11 (any valid path is enough).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnsd.dnssec import digests, keys
from dnsd.dnssec.algorithms import SUPPORTED
from dnsd.dnssec.signatures import Refusal
from dnsd.dnssec.validation import Bogus, Secure, Unsigned, Work, validate
from dnsd.wire.iana import ExtendedError

if TYPE_CHECKING:
    from collections.abc import Generator

    from dnsd.dnssec.keys import Key
    from dnsd.dnssec.signatures import Signature
    from dnsd.wire.rrset import RRset


@dataclass(frozen=True, slots=True)
class Trusted:
    """The keys of a zone.

    Attributes:
        keys: that may sign its RRsets.
        ttl: the most seconds that this may be believed, as of the DNSKEY RRset.
        signature: the one that covers it, by a key that a DS vouches for.
    """

    keys: tuple[Key, ...]
    ttl: int
    signature: Signature


@dataclass(frozen=True, slots=True)
class Unsupported:
    """The zone is insecure: it is signed with nothing that is supported here.

    Attributes:
        error: for the client (RFC 8914).
        text: what is not supported, a line without a full stop.
    """

    error: ExtendedError
    text: str


def supported(records: tuple[bytes, ...]) -> tuple[digests.Ds, ...] | Unsupported:
    """Pick the DS records of a zone that count, or say why it is insecure.

    Args:
        records: rdata of its secure DS RRset.
    """
    found = digests.usable(records)
    if found:
        return found
    read = [ds for ds in map(digests.from_wire, records) if ds is not None]
    if any(ds.algorithm in SUPPORTED for ds in read):
        types = ", ".join(sorted({str(ds.digest_type) for ds in read}))
        text = f"no DS with a supported digest type, only {types}"
        return Unsupported(ExtendedError.UNSUPPORTED_DS_DIGEST_TYPE, text)
    algorithms = ", ".join(sorted({str(ds.algorithm) for ds in read}))
    text = f"no DS with a supported algorithm, only {algorithms}"
    return Unsupported(ExtendedError.UNSUPPORTED_DNSKEY_ALGORITHM, text)


def trusted_keys(
    dnskeys: RRset, records: tuple[digests.Ds, ...], now: int, work: Work
) -> Generator[int, None, Trusted | Unsupported | Bogus]:
    """Find the keys of a zone that its DS records vouch for.

    Args:
        dnskeys: DNSKEY RRset of the zone, with its signatures.
        records: from :func:`supported`, one at least.
        now: Unix seconds.
        work: of the client query; it is charged.

    Yields:
        Before each verification the units of work that it costs.

    Returns:
        The keys; or that every key which a DS vouches for is there and out of
        bounds; or why the zone is bogus. There is no exception.
    """
    zone = dnskeys.owner
    zone_keys = keys.usable_keys(dnskeys.rdatas)
    entry = digests.entry(zone, records, zone_keys)
    if not entry.keys:
        out = entry.out_of_bounds
        # The key of another DS may have been left out on the way: only these are not enough.
        if out and all(any(digests.matches(ds, zone, key) for key in out) for ds in records):
            text = f"key {entry.out_of_bounds[0].tag} is RSA of a size that is not supported"
            return Unsupported(ExtendedError.UNSUPPORTED_DNSKEY_ALGORITHM, text)
        return _no_entry(dnskeys, records)
    verdict = yield from validate(dnskeys, zone, entry.keys, now, work)
    match verdict:
        case Secure():
            return Trusted(zone_keys, verdict.ttl, verdict.signature)
        case Unsigned():
            return Bogus(verdict.error, verdict.text, None)
        case Bogus(reason=Refusal.NO_KEY):
            text = "the DNSKEY records are signed by no key that a DS at the parent names"
            return Bogus(verdict.error, text, verdict.reason)
        case Bogus():
            return verdict


def _no_entry(dnskeys: RRset, records: tuple[digests.Ds, ...]) -> Bogus:
    """Say why no DNSKEY is an entry into the zone."""
    found = [key for key in map(keys.from_wire, dnskeys.rdatas) if key is not None]
    wanted = {(ds.tag, ds.algorithm) for ds in records}
    for key in found[: keys.MAX_ZONE_KEYS]:
        if (key.tag, key.algorithm) not in wanted:
            continue
        if not key.is_zone_key:
            text = f"DNSKEY {key.tag} that a DS at the parent names is no zone key"
            return Bogus(ExtendedError.NO_ZONE_KEY_BIT_SET, text, None)
        if key.is_revoked:
            text = f"DNSKEY {key.tag} that a DS at the parent names is revoked"
            return Bogus(ExtendedError.DNSKEY_MISSING, text, None)
    return Bogus(ExtendedError.DNSKEY_MISSING, "DS at the parent matches no DNSKEY", None)
