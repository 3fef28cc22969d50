"""Where things stand in a reply that we wrote; not for messages of others."""

from __future__ import annotations

from dnsd.wire.iana import RRType
from dnsd.wire.reader import Reader

_POINTER = 0xC0
_OPT = int(RRType.OPT).to_bytes(2, "big")


def ttl_places(reply: bytes, offset: int) -> bytes:
    """Find the TTLs of a reply that we wrote.

    Args:
        reply: the whole message; its OPT, if any, is last.
        offset: behind the question.

    Returns:
        Two octets for each record but OPT: the offset of its TTL.
    """
    places = bytearray()
    records = int.from_bytes(reply[6:8], "big") + int.from_bytes(reply[8:10], "big")
    records += int.from_bytes(reply[10:12], "big")
    for _ in range(records):
        while length := reply[offset]:
            if length >= _POINTER:
                offset += 1
                break
            offset += 1 + length
        offset += 1
        if reply[offset : offset + 2] != _OPT:
            places += (offset + 4).to_bytes(2, "big")
        offset += 10 + (reply[offset + 8] << 8 | reply[offset + 9])
    return bytes(places)


def answer_owners(reply: bytes) -> set[bytes]:
    """Return the owners of the records in the answer section, in canonical form.

    Args:
        reply: the whole message, with one question.
    """
    count = reply[6] << 8 | reply[7]
    if not count:
        return set()
    reader = Reader(reply, 12)
    reader.name()
    reader.skip(4)
    owners = set()
    for _ in range(count):
        owners.add(reader.name())
        reader.skip(8)
        reader.skip(reader.uint16())
    return owners
