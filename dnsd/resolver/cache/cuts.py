"""One zone cut of the shared cache as octets.

Layout, all numbers in network order::

    head     17  as of a name, see ``entries``
    fixed     5  bits (1): 1 forward, 2 stub, from 4 on the transport; port (2)
                 number of servers (1), of DS rdatas (1)
    source       1 + its octets
    servers      each 1 + its octets, number of addresses (1),
                 each address 1 + its octets
    ds           each 2 + its octets

The name of the zone is the key. Addresses are those of the servers named.
"""

from __future__ import annotations

import struct

from dnsd.resolver.cache.entries import HEAD
from dnsd.resolver.commands import Transport
from dnsd.resolver.delegation import Delegation

_FIXED = struct.Struct(">BHBB")
_FORWARD = 0x01
_STUB = 0x02
_TRANSPORTS = tuple(Transport)


def encode(head: tuple[int, int], delegation: Delegation, shift: float) -> bytes:
    """Make the octets of a zone cut.

    Args:
        head: marks and sequence.
        delegation: at most 255 servers, of 255 addresses each.
        shift: seconds to add to its expiry.
    """
    bits = _FORWARD * delegation.forward | _STUB * delegation.stub | delegation.transport << 2
    octets = bytearray(HEAD.pack(*head, delegation.expiry + shift))
    octets += _FIXED.pack(bits, delegation.port, len(delegation.servers), len(delegation.ds))
    _write(octets, delegation.source)
    for server in delegation.servers:
        _write(octets, server)
        addresses = delegation.addresses.get(server, ())
        octets.append(len(addresses))
        for address in addresses:
            _write(octets, address)
    for rdata in delegation.ds:
        octets += len(rdata).to_bytes(2, "big")
        octets += rdata
    return bytes(octets)


def _write(octets: bytearray, field: bytes) -> None:
    octets.append(len(field))
    octets += field


def decode(octets: bytes, zone: bytes, shift: float) -> Delegation:
    """Read a zone cut."""
    bits, port, server_count, ds_count = _FIXED.unpack_from(octets, HEAD.size)
    source, offset = _read(octets, HEAD.size + _FIXED.size)
    servers = []
    addresses = {}
    for _ in range(server_count):
        server, offset = _read(octets, offset)
        servers.append(server)
        found = []
        count = octets[offset]
        offset += 1
        for _ in range(count):
            address, offset = _read(octets, offset)
            found.append(address)
        if found:
            addresses[server] = tuple(found)
    ds = []
    for _ in range(ds_count):
        start = offset + 2
        offset = start + (octets[offset] << 8 | octets[offset + 1])
        ds.append(octets[start:offset])
    return Delegation(
        zone,
        tuple(servers),
        addresses,
        HEAD.unpack_from(octets)[2] - shift,
        source,
        forward=bool(bits & _FORWARD),
        stub=bool(bits & _STUB),
        port=port,
        transport=_TRANSPORTS[bits >> 2],
        ds=tuple(ds),
    )


def _read(octets: bytes, offset: int) -> tuple[bytes, int]:
    start = offset + 1
    end = start + octets[offset]
    return octets[start:end], end
