"""Hashing names for NSEC3, and counting what that costs.

The cost of a hash is counted in blocks of SHA-1, 64 octets each, because
iterations and a long salt multiply: 65,536 rounds with 255 octets of salt are
30 ms a name (CVE-2023-50868). A zone whose parameters cost more than
:data:`MAX_PRICE` is treated as insecure, and one client query has
:data:`MAX_WORK` blocks for everything that it needs proved.

Source: RFC 5155 §5, RFC 9276 §3.2.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final, NamedTuple

#: RFC 9276 §3.2 lets a validator choose; 50 as BIND, Knot Resolver and PowerDNS have it.
MAX_ITERATIONS: Final = 50
#: Blocks for a short name: 50 iterations without salt, so that salt cannot multiply them.
MAX_PRICE: Final = 51
#: Blocks a client query. 29 names at the highest price, some 1,000 without iterations.
MAX_WORK: Final = 1500
#: The only hash algorithm there is (RFC 5155 §11).
SHA1: Final = 1

_HASH_OCTETS: Final = 20
_HASH_LABEL_OCTETS: Final = 32


def _blocks(octets: int) -> int:
    """Count the blocks that SHA-1 needs; the padding takes nine octets at least."""
    return (octets + 8) // 64 + 1


class Parameters(NamedTuple):
    """How a zone hashes its names, always with SHA-1.

    Attributes:
        iterations: additional ones, 0..65535.
        salt: at most 255 octets.
    """

    iterations: int = 0
    salt: bytes = b""

    @property
    def is_too_costly(self) -> bool:
        """Whether the zone counts as insecure for its parameters alone."""
        price = (self.iterations + 1) * _blocks(_HASH_OCTETS + len(self.salt))
        return self.iterations > MAX_ITERATIONS or price > MAX_PRICE

    def cost(self, name: bytes) -> int:
        """Return the blocks that hashing a name takes."""
        rounds = self.iterations * _blocks(_HASH_OCTETS + len(self.salt))
        return _blocks(len(name) + len(self.salt)) + rounds

    def digest(self, name: bytes) -> bytes:
        """Hash a name in canonical form: 20 octets (RFC 5155 §5)."""
        salt = self.salt
        digest = hashlib.sha1(name + salt, usedforsecurity=False).digest()
        for _ in range(self.iterations):
            digest = hashlib.sha1(digest + salt, usedforsecurity=False).digest()
        return digest


class WorkSpentError(Exception):
    """The blocks of one client query are used up. Does not leave this package."""


@dataclass(slots=True)
class HashWork:
    """The blocks that one client query may still use, for all its proofs.

    Attributes:
        limit: blocks in all.
        spent: of them, so far; never more than the limit.
        is_spent: more were wanted than there were.
    """

    limit: int = MAX_WORK
    spent: int = 0
    is_spent: bool = False

    def spend(self, blocks: int) -> None:
        """Take blocks, before the hashing.

        Raises:
            WorkSpentError: fewer are left; then none is taken.
        """
        if self.spent + blocks > self.limit:
            self.is_spent = True
            raise WorkSpentError
        self.spent += blocks


def owner_of(digest: bytes, zone: bytes) -> bytes:
    """Return the owner of the NSEC3 record of a hashed name (RFC 5155 §3)."""
    return bytes((_HASH_LABEL_OCTETS,)) + base64.b32hexencode(digest).lower() + zone


def digest_in(owner: bytes, zone: bytes) -> bytes | None:
    """Return the hash that an owner stands for, or ``None`` if it is none of this zone.

    The zone is the owner less one label, so an NSEC3 record of a zone above or
    below is not taken for one of this zone.
    """
    if owner[0] != _HASH_LABEL_OCTETS or owner[1 + _HASH_LABEL_OCTETS :] != zone:
        return None
    try:
        return base64.b32hexdecode(owner[1 : 1 + _HASH_LABEL_OCTETS].upper())
    except binascii.Error:
        return None
