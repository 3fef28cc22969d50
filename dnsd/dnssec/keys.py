"""The keys of a zone: DNSKEY rdata as values (RFC 4034 §2).

A malformed DNSKEY is no key. A key that is well-formed but whose public key
is not is found out when it is first used, because loading costs 3 to 15 µs and
most keys of an answer are never needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.dnssec import algorithms
from dnsd.dnssec.algorithms import SUPPORTED, KeyFault, PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterable

# RFC 4034 §2.1.1, RFC 5011 §7
ZONE_KEY: Final = 0x0100
REVOKED: Final = 0x0080
SECURE_ENTRY_POINT: Final = 0x0001
DNSSEC_PROTOCOL: Final = 3  # RFC 4034 §2.1.2

#: Keys of one zone that are looked at: those of the largest zones are fewer than 10.
MAX_ZONE_KEYS: Final = 32

_RSAMD5 = 1


class Key:
    """One DNSKEY.

    Attributes:
        rdata: of the DNSKEY, all its octets.
        flags: 0..65535.
        protocol: 3 for a key of DNSSEC.
        algorithm: 0..255, supported or not.
        octets: the public key, in the form of its algorithm.
        tag: key tag, 0..65535; different keys may have the same.
    """

    __slots__ = ("_loaded", "algorithm", "flags", "octets", "protocol", "rdata", "tag")

    def __init__(self, rdata: bytes) -> None:
        self.rdata = rdata
        self.flags = int.from_bytes(rdata[:2], "big")
        self.protocol = rdata[2]
        self.algorithm = rdata[3]
        self.octets = rdata[4:]
        self.tag = key_tag(rdata)
        self._loaded: PublicKey | KeyFault | None = None

    @property
    def is_zone_key(self) -> bool:
        """Whether it may sign RRsets at all (RFC 4034 §2.1.1, §2.1.2)."""
        return bool(self.flags & ZONE_KEY) and self.protocol == DNSSEC_PROTOCOL

    @property
    def is_revoked(self) -> bool:
        """Whether its owner takes it back (RFC 5011 §2.1)."""
        return bool(self.flags & REVOKED)

    @property
    def is_entry_point(self) -> bool:
        """Whether DS records are meant to be made of it; says nothing of what it may sign."""
        return bool(self.flags & SECURE_ENTRY_POINT)

    @property
    def is_usable(self) -> bool:
        """Whether signatures by it may count: a zone key, supported, not revoked."""
        return self.is_zone_key and not self.is_revoked and self.algorithm in SUPPORTED

    def public_key(self) -> PublicKey | KeyFault:
        """Load the public key, at first use. The algorithm must be a supported one."""
        if self._loaded is None:
            self._loaded = algorithms.load_public_key(self.algorithm, self.octets)
        return self._loaded


def from_wire(rdata: bytes) -> Key | None:
    """Read DNSKEY or CDNSKEY rdata; ``None`` when it is malformed."""
    return Key(rdata) if len(rdata) > 4 else None


def usable_keys(rdatas: Iterable[bytes]) -> tuple[Key, ...]:
    """Pick the keys of a DNSKEY RRset whose signatures may count.

    Returns:
        At most :data:`MAX_ZONE_KEYS`, in the order given.
    """
    keys: list[Key] = []
    for rdata in rdatas:
        key = from_wire(rdata)
        if key is not None and key.is_usable:
            keys.append(key)
            if len(keys) == MAX_ZONE_KEYS:
                break
    return tuple(keys)


def key_tag(rdata: bytes) -> int:
    """Compute the key tag of DNSKEY rdata of 5 octets at least.

    Source: RFC 4034 appendix B, for algorithm 1 appendix B.1.
    """
    if rdata[3] == _RSAMD5:
        return int.from_bytes(rdata[-3:-1], "big")
    total = (sum(rdata[0::2]) << 8) + sum(rdata[1::2])
    return total + (total >> 16) & 0xFFFF
