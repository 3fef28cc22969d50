"""What may be denied about a name, and the verdicts on a proof of it.

A response says one of four things that need NSEC or NSEC3 records; which one
follows from its rcode and its sections. A redirection by DNAME denies nothing:
the DNAME is signed, and what it redirects is whatever lies below it.

Source: RFC 4035 §3.1.3 and §5.4, RFC 5155 §8.4 to §8.9.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.wire.iana import ExtendedError, RRType

if TYPE_CHECKING:
    from dnsd.wire.rrset import RRset

#: RR types that say what is not there.
DENIAL_TYPES: Final = frozenset((int(RRType.NSEC), int(RRType.NSEC3)))


class Claim(enum.Enum):
    """What is said about a name."""

    NXDOMAIN = "name error"  # the name does not exist and no wildcard stands for it
    NODATA = "no data"  # the name, or the wildcard that stands for it, lacks the type
    WILDCARD_ANSWER = "wildcard answer"  # nothing is closer to the name than a given wildcard
    UNSIGNED_REFERRAL = "unsigned referral"  # the name is a zone cut without DS


@dataclass(frozen=True, slots=True)
class Statement:
    """What is to be proved, in one zone.

    Attributes:
        claim: which of the four.
        zone: apex of the zone whose keys made the signatures.
        name: in question, after aliases; of a referral the zone cut.
        rrtype: in question; counts for NODATA only.
        wildcard: of a WILDCARD_ANSWER, the owner that the RRset was signed
            with, e.g. ``*.example.test.`` (RFC 4035 §5.3.4 counts its labels).
    """

    claim: Claim
    zone: bytes
    name: bytes
    rrtype: int = 0
    wildcard: bytes = b""


class Doubt(enum.Enum):
    """Why what is proved is not secure; the value is for people."""

    OPT_OUT = "an unsigned delegation may lie in an opt-out span"
    ITERATIONS = "NSEC3 with too many iterations or too long a salt"

    @property
    def extended_error(self) -> ExtendedError | None:
        """EDE to send with the insecure answer (RFC 9276 §3.2), or ``None``."""
        return ExtendedError.UNSUPPORTED_NSEC3_ITERATIONS if self is Doubt.ITERATIONS else None


@dataclass(frozen=True, slots=True)
class Proven:
    """The statement is true of the signed zone.

    Attributes:
        records: NSEC or NSEC3 RRsets that the proof used, each once; the
            answer lives no longer than the shortest of them.
        closest_encloser: the longest existing name that is the name itself or
            above it; of a WILDCARD_ANSWER the parent of the wildcard; nothing
            where a record made for the very name does not tell (RFC 9824).
        is_cut: the name is a zone cut: at a NODATA for DS this tells an
            unsigned delegation from a name inside the zone.
    """

    records: tuple[RRset, ...]
    closest_encloser: bytes
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Insecure:
    """The statement may be believed as one about an unsigned zone: AD stays clear.

    For an UNSIGNED_REFERRAL or a NODATA for DS this means, as :class:`Proven`
    does, that no chain of trust leads below the name.

    Attributes:
        doubt: why.
        records: RRsets that the verdict rests on, each once.
    """

    doubt: Doubt
    records: tuple[RRset, ...]


@dataclass(frozen=True, slots=True)
class NotProven:
    """The records do not prove the statement: the answer is bogus.

    Attributes:
        reason: a phrase for people, without full stop.
        extended_error: EDE that goes with SERVFAIL (RFC 8914 §4).
    """

    reason: str
    extended_error: ExtendedError = ExtendedError.DNSSEC_BOGUS


Verdict = Proven | Insecure | NotProven
