"""Keys of the nodes in the store: version id (4 octets), then the order key.

The *prefix* of a version is the key of its apex. Every key of the version
begins with it, so making a key means adding the labels above it in reverse.

See ``wire.names.order_key`` for the order key. Labels end with the only zero
octets of it, so what two keys share up to such an octet is a common ancestor.

NSEC3 records stand under hashes, not under names: a zero octet behind the
version id keeps them apart from every name, before all but the root.
"""

from __future__ import annotations

from dnsd.wire import names

VERSION_OCTETS = 4
_HASH_MARK = b"\x00"  # no label of an order key begins with it


def of_apex(version: int, origin: bytes) -> bytes:
    """Return the key of the apex of a version."""
    return version.to_bytes(VERSION_OCTETS, "big") + names.order_key(origin)


def of_hash(version: bytes, chain: bytes, digest: bytes) -> bytes:
    """Return the key of an NSEC3 record.

    Args:
        version: id of the version, or a key that begins with it.
        chain: which of the zone's chains: the rdata of its NSEC3PARAM from the
            iterations on (RFC 5155 §4.2), at most 258 octets.
        digest: the hash, 20 octets; empty for what all keys of the chain begin with.
    """
    return version[:VERSION_OCTETS] + _HASH_MARK + chain + digest


def chain_key(nsec3_rdata: bytes) -> bytes:
    """Return which chain of a zone an NSEC3 or NSEC3PARAM record is of (RFC 5155 §3.2, §4.2)."""
    salt_offset = 5  # behind algorithm, flags, iterations and the length of the salt
    return nsec3_rdata[2 : salt_offset + nsec3_rdata[salt_offset - 1]]


def is_of_hash(key: bytes) -> bool:
    """Tell whether a key is that of an NSEC3 record."""
    return key[VERSION_OCTETS : VERSION_OCTETS + 1] == _HASH_MARK


def to_name(key: bytes) -> bytes:
    """Return the name that a key stands for."""
    return names.from_order_key(key[VERSION_OCTETS:])


def of_name(prefix: bytes, surplus: int, name: bytes) -> bytes:
    """Return the key of a name.

    Args:
        prefix: key of the apex.
        surplus: octets of the name in front of the origin.
        name: the origin or a name below it.
    """
    if not surplus:
        return prefix
    end = 1 + name[0]
    if end == surplus:
        labels = name[1:end]
        if b"\x00" in labels or b"\x01" in labels:
            return prefix[:VERSION_OCTETS] + names.order_key(name)
        return prefix + labels + b"\x00"
    parts = [name[1:end]]
    while end < surplus:
        start = end + 1
        end = start + name[end]
        parts.append(name[start:end])
    parts.reverse()
    labels = b"\x00".join(parts)
    if b"\x01" in labels or labels.count(0) >= len(parts):
        return prefix[:VERSION_OCTETS] + names.order_key(name)
    return prefix + labels + b"\x00"


def shared_octets(left: bytes, right: bytes) -> int:
    """Count the octets at the beginning that two keys share.

    In one step, whatever the length: names of 127 labels cost what others do.
    """
    length = min(len(left), len(right))
    difference = int.from_bytes(left[:length], "big") ^ int.from_bytes(right[:length], "big")
    return length - (difference.bit_length() + 7) // 8
