"""Replies octet by octet: what a message library would hide."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import dns.name


@dataclass(frozen=True)
class Place:
    """One record where it stands in a message.

    Attributes:
        offset: of its owner.
        owner_octets: as they stand there, compressed or not.
        rdata: as it stands there.
    """

    offset: int
    owner: dns.name.Name
    owner_octets: bytes
    type: int
    rdclass: int
    ttl: int
    rdata: bytes


def record_places(octets):
    """List the records of all sections."""
    questions, *counts = struct.unpack("!4H", octets[4:12])
    offset = 12
    for _ in range(questions):
        _, used = dns.name.from_wire(octets, offset)
        offset += used + 4
    found = []
    for _ in range(sum(counts)):
        owner, used = dns.name.from_wire(octets, offset)
        start = offset + used + 10
        rrtype, rdclass, ttl, length = struct.unpack("!HHIH", octets[start - 10 : start])
        rdata = octets[start : start + length]
        owner_octets = octets[offset : offset + used]
        found.append(Place(offset, owner, owner_octets, rrtype, rdclass, ttl, rdata))
        offset = start + length
    assert offset == len(octets), "octets behind the last record"
    return found
