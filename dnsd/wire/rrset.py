"""One RRset: owner, type, class, TTL and rdata as octets (RFC 2181 §5)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RRset:
    """Records that share owner, type and class.

    Attributes:
        owner: name in canonical form.
        type: RR type, 0..65535.
        ttl: seconds, 0..2147483647 (RFC 2181 §8).
        rdatas: rdata octets, embedded names uncompressed.
        signatures: rdata octets of the RRSIGs that cover this RRset.
        rdclass: RR class, IN unless said.
    """

    owner: bytes
    type: int
    ttl: int
    rdatas: tuple[bytes, ...]
    signatures: tuple[bytes, ...] = ()
    rdclass: int = 1
