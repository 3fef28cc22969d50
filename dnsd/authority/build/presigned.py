"""Zones that were signed elsewhere: their signatures and chains stay as they are.

Such a zone's file has a SOA of its own, with its RRSIG, and a DNSKEY. Nothing is
verified and nothing made up for: what does not belong to any RRset, or is no
record of a chain, is left out, and validators see what the signer did.

Source: RFC 4035 §2, RFC 5155 §7.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.authority.keys import chain_key
from dnsd.authority.node import encode_node
from dnsd.dnssec import nsec3
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.authority.build.sorted_zone import SortedZone
    from dnsd.authority.zonefile.draft import Record

_RRSIG: Final = int(RRType.RRSIG)
_NSEC3: Final = int(RRType.NSEC3)
# More than any message can carry, and than a node takes.
_MAX_OCTETS: Final = 0xFFFF


class Presigned:
    """What signing made of a zone; nothing of one that is not signed."""

    def __init__(self, zone: SortedZone) -> None:
        self._origin = zone.origin
        self._signatures: dict[tuple[bytes, int], list[bytes]] = {}
        self._made: dict[bytes, dict[int, list[Record]]] = {}
        for record in zone.signing if zone.is_signed else ():
            owner, rdata = record.owner, record.rdata
            if record.type == _RRSIG:
                covered = int.from_bytes(rdata[:2], "big")
                self._signatures.setdefault((owner, covered), []).append(rdata)
            else:
                self._made.setdefault(owner, {}).setdefault(record.type, []).append(record)

    def complete(self, owner: bytes, rrsets: list[RRset]) -> None:
        """Give the RRsets of a name their signatures, and add those that signing made.

        Args:
            owner: a name with records of its own.
            rrsets: all of them; the list is changed.
        """
        if not self._signatures:
            return
        for rrtype, records in self._made.get(owner, {}).items():
            if rrtype != _NSEC3:
                rrsets.append(_rrset(owner, rrtype, records))
        for rrset in rrsets:
            self._sign(rrset)

    def hashes(self) -> Iterator[tuple[bytes, bytes, bytes]]:
        """Iterate over the NSEC3 records, as ``ZoneStore.build`` takes them."""
        found = []
        for owner, made in self._made.items():
            if _NSEC3 in made:
                rrset = _rrset(owner, _NSEC3, made[_NSEC3])
                record = nsec3.read(rrset, self._origin)
                if record is not None:
                    self._sign(rrset)
                    chain = chain_key(rrset.rdatas[0])
                    found.append((chain, record.owner, encode_node(0, [rrset])))
        found.sort()
        yield from found

    def _sign(self, rrset: RRset) -> None:
        signatures = self._signatures.get((rrset.owner, rrset.type), ())
        if sum(map(len, (*rrset.rdatas, *signatures))) <= _MAX_OCTETS:
            rrset.signatures = tuple(signatures)


def _rrset(owner: bytes, rrtype: int, records: list[Record]) -> RRset:
    rdatas: list[bytes] = []
    for rdata in dict.fromkeys(record.rdata for record in records):
        if sum(map(len, rdatas)) + len(rdata) <= _MAX_OCTETS:
            rdatas.append(rdata)
    return RRset(owner, rrtype, min(record.ttl for record in records), tuple(rdatas))
