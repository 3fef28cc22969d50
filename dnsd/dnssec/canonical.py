"""The octets that a signature covers (RFC 4034 §3.1.8.1, §6).

Canonical form: the owner in lower case, or the wildcard that it was expanded
from; the TTL of the zone, which the RRSIG carries; names in the rdata of some
types in lower case (RFC 6840 §5.1); records in the order of their rdata, each
once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.presentation import MAX_RDATA_OCTETS
from dnsd.wire.rdata import canonical

if TYPE_CHECKING:
    from dnsd.wire.rrset import RRset

WILDCARD = b"\x01*"


def owner_labels(owner: bytes) -> int:
    """Count the labels of an owner as the labels field of an RRSIG does.

    Neither the root label nor a leading ``*`` counts (RFC 4034 §3.1.3).
    """
    return names.label_count(owner) - owner.startswith(WILDCARD)


def signed_owner(owner: bytes, labels: int) -> bytes:
    """Return the owner that was signed: its own, or the wildcard it was expanded from.

    Source: RFC 4035 §5.3.2.

    Args:
        owner: of the RRset, in canonical form.
        labels: field of the RRSIG, 0 to :func:`owner_labels` of the owner.
    """
    surplus = owner_labels(owner) - labels
    if surplus == 0:
        return owner
    if owner.startswith(WILDCARD):
        surplus += 1
    for _ in range(surplus):
        owner = names.parent(owner)
    return WILDCARD + owner


def sorted_rdatas(rrset: RRset) -> list[bytes]:
    """Return the rdata of an RRset in canonical form and order, each once.

    Source: RFC 4034 §6.2, §6.3.

    Raises:
        FormError: malformed, as far as names are sought in it, or too long
            now that its names are expanded.
    """
    rrtype = rrset.type
    rdatas = {canonical(rrtype, rdata) for rdata in rrset.rdatas}
    for rdata in rdatas:
        if len(rdata) > MAX_RDATA_OCTETS:
            raise FormError(f"rdata of {len(rdata)} octets, the limit is {MAX_RDATA_OCTETS}")
    return sorted(rdatas)


def signed_octets(prefix: bytes, owner: bytes, rrset: RRset, rdatas: list[bytes]) -> bytes:
    """Return the octets that a signature covers.

    Args:
        prefix: RRSIG rdata up to and with the signer's name in lower case.
        owner: from :func:`signed_owner`.
        rrset: whose type and class are signed.
        rdatas: from :func:`sorted_rdatas`.
    """
    ttl = prefix[4:8]
    fixed = rrset.type.to_bytes(2, "big") + rrset.rdclass.to_bytes(2, "big") + ttl
    parts = [prefix]
    for rdata in rdatas:
        parts += (owner, fixed, len(rdata).to_bytes(2, "big"), rdata)
    return b"".join(parts)
