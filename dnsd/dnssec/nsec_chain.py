"""What a zone publishes with NSEC: the chain, and which of it an answer takes.

One record a name; a small change touches the name and the one before it, so
:func:`rdata` stands alone beside :func:`chain`. The owner's TTL is the lower of
the SOA's TTL and its MINIMUM field (RFC 9077 §3), which the caller knows.

Source: RFC 4034 §4, RFC 4035 §2.3 and §3.1.3.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from dnsd.dnssec.bitmaps import render
from dnsd.dnssec.claims import Claim
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dnsd.dnssec.zone_names import ZoneName
    from dnsd.wire.rrset import RRset

_WILDCARD: Final = b"\x01*"
_RRSIG: Final = int(RRType.RRSIG)
_NSEC: Final = int(RRType.NSEC)


def rdata(zone_name: ZoneName, following: bytes) -> bytes:
    """Make the NSEC rdata of a name; the record itself is signed, so RRSIG is in it.

    Args:
        zone_name: the owner.
        following: the next name, or the zone's apex at the end.
    """
    return following + render((*zone_name.types, _RRSIG, _NSEC))


def chain(zone_names: Sequence[ZoneName]) -> Iterator[tuple[bytes, bytes]]:
    """Make the whole chain.

    Args:
        zone_names: all of the zone in canonical order, the apex first.

    Yields:
        Owner and rdata, in the same order.
    """
    for zone_name, following in pairwise((*zone_names, zone_names[0])):
        yield zone_name.name, rdata(zone_name, following.name)


def choose(
    claim: Claim, name: bytes, closest_encloser: bytes, find: Callable[[bytes], RRset]
) -> list[RRset]:
    """Choose the fewest NSEC RRsets that prove what an answer says.

    A signed referral, a redirection by DNAME, and data of the name itself need
    none.

    Args:
        claim: what the answer says of the name.
        name: in question; of an UNSIGNED_REFERRAL the zone cut.
        closest_encloser: the longest existing name that is the name or above
            it: the name itself unless it does not exist; then a NODATA is a
            wildcard's (RFC 4035 §3.1.3.4).
        find: gives the NSEC RRset of a name of the zone, or of the last name
            of the chain before it.

    Returns:
        One or two RRsets.
    """
    first = find(name)
    if claim in (Claim.WILDCARD_ANSWER, Claim.UNSIGNED_REFERRAL) or name == closest_encloser:
        return [first]
    # Of a wildcard that is an empty non-terminal too: the record covers it and
    # names one below it (RFC 4592 §4.9).
    second = find(_WILDCARD + closest_encloser)
    return [first] if second.owner == first.owner else [first, second]
