"""What a validator found on its way, for whoever wants to see why an answer is secure or not.

Told one after another to ``Budget.evidence``, which usually is nobody. A later one of
the same kind about the same name and type takes the place of an earlier one: another
server may have been asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dnsd.dnssec import chain as links
    from dnsd.dnssec import validation
    from dnsd.dnssec.digests import Ds
    from dnsd.resolver.outcome import Explanation
    from dnsd.resolver.security.judgement import Judged
    from dnsd.wire.rrset import RRset


@dataclass(frozen=True, slots=True)
class Verified:
    """An RRset was held against the keys of a zone.

    Attributes:
        rrset: with its signatures.
        zone: whose keys.
        verdict: what it is worth by them.
    """

    rrset: RRset
    zone: bytes
    verdict: validation.Verdict


@dataclass(frozen=True, slots=True)
class Entered:
    """The keys of a zone were held against the DS records above it, or those of an anchor.

    Attributes:
        keys: its DNSKEY RRset.
        records: DS records that count.
        verdict: whether these vouch for them.
    """

    keys: RRset
    records: tuple[Ds, ...]
    verdict: links.Trusted | links.Unsupported | validation.Bogus


@dataclass(frozen=True, slots=True)
class SigningEnds:
    """A zone cut at which signing ends.

    Attributes:
        name: of the cut.
        zone: the signed zone above, which says so.
        proof: records that prove it: its NSEC or NSEC3, or a DS that nobody here understands.
        explanation: why, where there is a DS; else ``None``.
    """

    name: bytes
    zone: bytes
    proof: tuple[RRset, ...]
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True)
class Concluded:
    """A reply was judged.

    Attributes:
        name: that was asked for.
        type: that was asked for.
        chain: RRsets of the answer.
        judged: what they are worth.
    """

    name: bytes
    type: int
    chain: tuple[RRset, ...]
    judged: Judged


Evidence = Verified | Entered | SigningEnds | Concluded
