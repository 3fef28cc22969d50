"""The algorithms that signatures and digests may use, and what each costs.

Which ones count follows the IANA registries, where RFC 9904 keeps the
requirements. RSA with SHA-1 (5 and 7) is unsupported, so that a zone signed
with nothing else is insecure (RFC 9905 §2). The SHA-1 digest of a DS still
counts where a zone has no other: the registry recommends it for validation,
and forbids it for new DS records, which :mod:`.signing` never makes.

Public keys: RFC 3110 §2 (RSA), RFC 6605 §4 (ECDSA), RFC 8080 §3 (EdDSA).
"""

from __future__ import annotations

import enum
import functools
import hashlib
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa, utils


class Algorithm(enum.IntEnum):
    """DNSKEY and RRSIG algorithms that are validated (IANA, RFC 9904)."""

    RSASHA256 = 8
    RSASHA512 = 10
    ECDSAP256SHA256 = 13
    ECDSAP384SHA384 = 14
    ED25519 = 15
    ED448 = 16


class DigestType(enum.IntEnum):
    """DS digests that are compared (IANA, RFC 9904)."""

    SHA1 = 1
    SHA256 = 2
    SHA384 = 4


class KeyFault(enum.Enum):
    """Why a public key cannot be used."""

    #: Not the octets of a key of its algorithm.
    MALFORMED = enum.auto()
    #: Out of the bounds for RSA: as if its algorithm were unsupported.
    UNSUPPORTED = enum.auto()


HASHES: Final[dict[int, Callable[[bytes], hashlib._Hash]]] = {
    DigestType.SHA1: lambda octets: hashlib.sha1(octets, usedforsecurity=False),
    DigestType.SHA256: hashlib.sha256,
    DigestType.SHA384: hashlib.sha384,
}

# Below 1,024 bits a modulus can be factored; from 4,096 bits on, and with long exponents, a
# verification costs as much as dozens of ordinary ones: 4.8 ms with an exponent of 3,000 bits.
MIN_MODULUS_BITS: Final = 1024
MAX_MODULUS_BITS: Final = 4096
MAX_EXPONENT_BITS: Final = 64

RSA_HASHES: Final[dict[int, hashes.HashAlgorithm]] = {
    Algorithm.RSASHA256: hashes.SHA256(),
    Algorithm.RSASHA512: hashes.SHA512(),
}
#: Curve, hash, and octets of one coordinate, which are those of half a signature.
CURVES: Final[dict[int, tuple[ec.EllipticCurve, hashes.HashAlgorithm, int]]] = {
    Algorithm.ECDSAP256SHA256: (ec.SECP256R1(), hashes.SHA256(), 32),
    Algorithm.ECDSAP384SHA384: (ec.SECP384R1(), hashes.SHA384(), 48),
}

# Units of work of a client query, in which one exchange with a server is 100. By measured
# time beside P-256; RSA is cheaper and counts the same, but for exponents past 65,537.
VERIFICATION_WORK: Final[dict[int, int]] = {
    Algorithm.RSASHA256: 100,
    Algorithm.RSASHA512: 100,
    Algorithm.ECDSAP256SHA256: 100,
    Algorithm.ECDSAP384SHA384: 500,
    Algorithm.ED25519: 150,
    Algorithm.ED448: 350,
}
LONG_EXPONENT_WORK: Final = 400
ORDINARY_EXPONENT_BITS: Final = 17


#: Takes a signature and a message, and raises ``InvalidSignature`` when they do not match.
Check = Callable[[bytes, bytes], None]


class PublicKey:
    """A loaded public key.

    Attributes:
        work: units that one verification costs.
    """

    __slots__ = ("_check", "work")

    def __init__(self, check: Check, work: int) -> None:
        self._check = check
        self.work = work

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Tell whether a signature, in the form it has in an RRSIG, is one of the message."""
        try:
            self._check(signature, message)
        except InvalidSignature:
            return False
        return True


def load_public_key(algorithm: int, octets: bytes) -> PublicKey | KeyFault:
    """Load a public key for verification.

    Args:
        algorithm: one of :data:`SUPPORTED`.
        octets: as they stand in a DNSKEY.
    """
    if algorithm in RSA_HASHES:
        return _load_rsa(algorithm, octets)
    try:
        check = _CHECKS[algorithm](octets)
    except ValueError:  # not a point of the curve, or not as many octets as one
        return KeyFault.MALFORMED
    return PublicKey(check, VERIFICATION_WORK[algorithm])


def _load_rsa(algorithm: int, octets: bytes) -> PublicKey | KeyFault:
    """Load an RSA key if its numbers are within bounds.

    Nothing is computed with numbers out of bounds.
    """
    numbers = split_rsa(octets)
    if numbers is None:
        return KeyFault.MALFORMED
    exponent_octets, modulus_octets = (part.lstrip(b"\x00") for part in numbers)
    if len(exponent_octets) > MAX_EXPONENT_BITS // 8 or len(modulus_octets) > MAX_MODULUS_BITS // 8:
        return KeyFault.UNSUPPORTED
    exponent = int.from_bytes(exponent_octets, "big")
    modulus = int.from_bytes(modulus_octets, "big")
    if modulus.bit_length() < MIN_MODULUS_BITS:
        return KeyFault.UNSUPPORTED
    if modulus % 2 == 0:
        return KeyFault.MALFORMED
    try:
        key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:  # an even exponent, or one below 3
        return KeyFault.MALFORMED
    hash_algorithm = RSA_HASHES[algorithm]
    scheme = padding.PKCS1v15()
    is_long = exponent.bit_length() > ORDINARY_EXPONENT_BITS
    return PublicKey(
        lambda signature, message: key.verify(signature, message, scheme, hash_algorithm),
        LONG_EXPONENT_WORK if is_long else VERIFICATION_WORK[algorithm],
    )


def split_rsa(octets: bytes) -> tuple[bytes, bytes] | None:
    """Split an RSA key into exponent and modulus (RFC 3110 §2); ``None`` when malformed."""
    start, length = 1, octets[0] if octets else 0
    if not length:
        start, length = 3, int.from_bytes(octets[1:3], "big")
    exponent, modulus = octets[start : start + length], octets[start + length :]
    return (exponent, modulus) if exponent and modulus else None


def _ecdsa(
    curve: ec.EllipticCurve, hash_algorithm: hashes.HashAlgorithm, size: int
) -> Callable[[bytes], Check]:
    """Make the loader of a curve's keys; it raises ``ValueError`` where there is none."""
    scheme = ec.ECDSA(hash_algorithm)

    def load(octets: bytes) -> Check:
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + octets)

        def check(signature: bytes, message: bytes) -> None:
            if len(signature) != 2 * size:
                raise InvalidSignature
            r = int.from_bytes(signature[:size], "big")
            s = int.from_bytes(signature[size:], "big")
            key.verify(utils.encode_dss_signature(r, s), message, scheme)

        return check

    return load


_CHECKS: Final[dict[int, Callable[[bytes], Check]]] = {
    **{algorithm: _ecdsa(*curve) for algorithm, curve in CURVES.items()},
    Algorithm.ED25519: lambda octets: ed25519.Ed25519PublicKey.from_public_bytes(octets).verify,
    Algorithm.ED448: lambda octets: ed448.Ed448PublicKey.from_public_bytes(octets).verify,
}


def is_built_in(load: Callable[[], object]) -> bool:
    """Tell whether the cryptographic library at hand has what a call needs.

    Builds of it may lack single curves.
    """
    try:
        load()
    except UnsupportedAlgorithm:
        return False
    return True


#: DNSKEY algorithms whose signatures are verified; with any other a zone is insecure.
SUPPORTED: Final = frozenset(
    algorithm
    for algorithm, octets in [
        (Algorithm.RSASHA256, 0),
        (Algorithm.RSASHA512, 0),
        (Algorithm.ECDSAP256SHA256, 64),
        (Algorithm.ECDSAP384SHA384, 96),
        (Algorithm.ED25519, 32),
        (Algorithm.ED448, 57),
    ]
    if is_built_in(functools.partial(load_public_key, algorithm, bytes(octets)))
)
