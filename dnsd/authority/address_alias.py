"""ALIAS: a name that has the addresses of another one, and may have other records.

A CNAME cannot stand beside other records, at the top of a zone least of all
(RFC 1034 §3.6.2). An ALIAS is followed by the server instead, and the client sees the
addresses as the name's own:

    @ ALIAS www.example.    @ A 192.0.2.1, if that is what www.example. has

So A and AAAA are answered through it. A target without addresses, or one that does not
exist, makes NODATA of it: the name itself exists. Types that DNS does not have are never
sent, so questions for ALIAS itself, and for ANY, do not see it.

While the chain is followed, the ALIAS RRset is a link of it like a CNAME.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.wire.iana import RRType
from dnsd.wire.names import lower
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Sequence

_ALIAS = int(RRType.ALIAS)


def borrowed_from(chain: Sequence[RRset]) -> RRset | None:
    """Return the first ALIAS RRset of a chain; ``None`` if it has none."""
    return next((rrset for rrset in chain if rrset.type == _ALIAS), None)


def asked_for(qname: bytes, chain: Sequence[RRset]) -> bytes:
    """Return the name that others were asked for on behalf of a chain of ours.

    Whoever has that name may not lead clients into their own network: an ALIAS
    vouches for its target's name, not for the addresses it has.
    """
    alias = borrowed_from(chain)
    return qname if alias is None else lower(alias.rdatas[0])


def resolved(
    chain: list[RRset], qtype: int, denial: RRset | None, beyond: list[RRset]
) -> tuple[list[RRset], list[RRset]]:
    """Make of a chain over an ALIAS what the client gets.

    Args:
        chain: aliases, the ALIAS, and what was found at its end.
        qtype: A or AAAA.
        denial: the SOA RRset of the zone with the ALIAS, its TTL that of a denial
            (RFC 2308 §5); ``None`` if it is not known.
        beyond: the authority section with which the chain ends, a SOA RRset where it
            ends with a denial that is to be kept.

    Returns:
        The answer and the authority section. No TTL is longer than that of any link,
        nor a denial's than that of the target's.
    """
    alias = borrowed_from(chain)
    assert alias is not None
    start = chain.index(alias)
    ttl = min(rrset.ttl for rrset in chain[start:])
    rdatas = [octets for rrset in chain[start:] if rrset.type == qtype for octets in rrset.rdatas]
    kept = chain[:start]
    if rdatas:
        return [*kept, RRset(alias.owner, qtype, ttl, tuple(dict.fromkeys(rdatas)))], []
    if denial is None:
        return kept, []
    lasts = min((rrset.ttl for rrset in beyond), default=0)
    return kept, [RRset(denial.owner, denial.type, min(ttl, denial.ttl, lasts), denial.rdatas)]
