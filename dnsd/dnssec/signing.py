"""Keys with their private half, and the signatures that they make.

Key pairs come from the generator of the ``cryptography`` library. ECDSA
signatures are deterministic (RFC 6979), as RSA and EdDSA ones are anyway: the
same records signed for the same time give the same octets, and no signature
depends on randomness.

Not here: when a key is made, used or retired, and how long a signature lasts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa, utils

from dnsd.dnssec import canonical, digests
from dnsd.dnssec.algorithms import (
    CURVES,
    MAX_EXPONENT_BITS,
    MAX_MODULUS_BITS,
    MIN_MODULUS_BITS,
    RSA_HASHES,
    Algorithm,
    DigestType,
)
from dnsd.dnssec.keys import DNSSEC_PROTOCOL, SECURE_ENTRY_POINT, ZONE_KEY, Key
from dnsd.wire import names
from dnsd.wire.errors import FormError

if TYPE_CHECKING:
    from dnsd.wire.rrset import RRset

DEFAULT_ALGORITHM: Final = Algorithm.ECDSAP256SHA256
RSA_MODULUS_BITS: Final = 2048
_RSA_EXPONENT = 65537

PrivateKey = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)

#: CDS and CDNSKEY rdata that ask the parent to remove all DS records (RFC 8078 §4).
CDS_DELETE: Final = bytes(5)
CDNSKEY_DELETE: Final = b"\x00\x00\x03\x00\x00"


class Validity(NamedTuple):
    """When signatures hold, both ends included: Unix seconds."""

    inception: int
    expiration: int


class SigningKey:
    """A key pair of a zone.

    Attributes:
        key: the public half, with flags, algorithm and tag.
    """

    __slots__ = ("_private", "key")

    def __init__(self, private: PrivateKey, algorithm: int, *, is_entry_point: bool) -> None:
        """Join a private key with what its DNSKEY says.

        Raises:
            FormError: the key is not one of the algorithm.
        """
        flags = ZONE_KEY | (SECURE_ENTRY_POINT if is_entry_point else 0)
        fixed = flags.to_bytes(2, "big") + bytes((DNSSEC_PROTOCOL, algorithm))
        self.key = Key(fixed + _public_octets(private, algorithm))
        self._private = private

    @property
    def dnskey(self) -> bytes:
        """DNSKEY rdata, which is CDNSKEY rdata, too (RFC 7344 §3.2)."""
        return self.key.rdata

    def ds(self, zone: bytes, digest_type: int = DigestType.SHA256) -> bytes:
        """Make DS rdata, which is CDS rdata, too (RFC 7344 §3.1).

        Args:
            zone: apex, in canonical form.
            digest_type: SHA-256 or SHA-384; RFC 9904 forbids new ones of SHA-1.
        """
        if digest_type not in (DigestType.SHA256, DigestType.SHA384):
            raise ValueError(f"no new DS records of digest type {digest_type}")
        return digests.to_wire(zone, self.key, digest_type)

    def to_pem(self) -> bytes:
        """Write the private key as PKCS #8 PEM, not encrypted."""
        return self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def sign(self, rrset: RRset, zone: bytes, validity: Validity) -> bytes:
        """Sign an RRset.

        Source: RFC 4034 §3.1, RFC 4035 §2.2.

        Args:
            rrset: owner in canonical form, at or under the apex; its TTL becomes
                the original TTL.
            zone: apex of the zone, in canonical form.
            validity: of the signature.

        Returns:
            RRSIG rdata.

        Raises:
            FormError: malformed rdata, or an owner outside the zone.
        """
        if not names.is_subdomain(rrset.owner, zone):
            raise FormError(f"{names.to_text(rrset.owner)} is not under {names.to_text(zone)}")
        prefix = b"".join(
            (
                rrset.type.to_bytes(2, "big"),
                bytes((self.key.algorithm, canonical.owner_labels(rrset.owner))),
                rrset.ttl.to_bytes(4, "big"),
                (validity.expiration & 0xFFFFFFFF).to_bytes(4, "big"),
                (validity.inception & 0xFFFFFFFF).to_bytes(4, "big"),
                self.key.tag.to_bytes(2, "big"),
                zone,
            )
        )
        rdatas = canonical.sorted_rdatas(rrset)
        message = canonical.signed_octets(prefix, rrset.owner, rrset, rdatas)
        return prefix + self._signature(message)

    def _signature(self, message: bytes) -> bytes:
        """Sign octets, in the form that an RRSIG has it."""
        private = self._private
        if isinstance(private, rsa.RSAPrivateKey):
            hash_algorithm = RSA_HASHES[self.key.algorithm]
            return private.sign(message, padding.PKCS1v15(), hash_algorithm)
        if isinstance(private, ec.EllipticCurvePrivateKey):
            _, hash_algorithm, size = CURVES[self.key.algorithm]
            scheme = ec.ECDSA(hash_algorithm, deterministic_signing=True)
            r, s = utils.decode_dss_signature(private.sign(message, scheme))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        return private.sign(message)


def make_key(algorithm: int = DEFAULT_ALGORITHM, *, is_entry_point: bool = True) -> SigningKey:
    """Make a key pair.

    Args:
        algorithm: RSA keys get 2,048 bits.
        is_entry_point: whether a DS is to be made of it: for the only key of a
            zone, or the one that signs its other keys.

    Raises:
        FormError: an algorithm that is not supported.
    """
    private: PrivateKey
    if algorithm in RSA_HASHES:
        private = rsa.generate_private_key(_RSA_EXPONENT, RSA_MODULUS_BITS)
    elif algorithm in CURVES:
        private = ec.generate_private_key(CURVES[algorithm][0])
    elif algorithm == Algorithm.ED25519:
        private = ed25519.Ed25519PrivateKey.generate()
    elif algorithm == Algorithm.ED448:
        private = ed448.Ed448PrivateKey.generate()
    else:
        raise FormError(f"DNSSEC algorithm {algorithm} is not supported")
    return SigningKey(private, algorithm, is_entry_point=is_entry_point)


def from_pem(pem: bytes, algorithm: int, *, is_entry_point: bool = True) -> SigningKey:
    """Read a private key that :meth:`SigningKey.to_pem` wrote.

    Raises:
        FormError: not a private key, encrypted, or not one of the algorithm.
    """
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FormError(f"not a private key in PEM: {error}") from None
    if not isinstance(private, PrivateKey):
        raise FormError("not a private key of an algorithm for DNSSEC")
    return SigningKey(private, algorithm, is_entry_point=is_entry_point)


def _public_octets(private: PrivateKey, algorithm: int) -> bytes:
    """Write the public key as a DNSKEY has it.

    Source: RFC 3110 §2, RFC 6605 §4, RFC 8080 §3.

    Raises:
        FormError: the key is not one of the algorithm.
    """
    public = private.public_key()
    if isinstance(public, rsa.RSAPublicKey) and algorithm in RSA_HASHES:
        numbers = public.public_numbers()
        if not (
            MIN_MODULUS_BITS <= numbers.n.bit_length() <= MAX_MODULUS_BITS
            and numbers.e.bit_length() <= MAX_EXPONENT_BITS
        ):
            raise FormError("an RSA key with a modulus or an exponent that is not supported")
        exponent = numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big")
        modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
        return bytes((len(exponent),)) + exponent + modulus
    if isinstance(public, ec.EllipticCurvePublicKey) and algorithm in CURVES:
        curve, _, _ = CURVES[algorithm]
        if public.curve.name == curve.name:
            form = serialization.PublicFormat.UncompressedPoint
            return public.public_bytes(serialization.Encoding.X962, form)[1:]
    if (isinstance(public, ed25519.Ed25519PublicKey) and algorithm == Algorithm.ED25519) or (
        isinstance(public, ed448.Ed448PublicKey) and algorithm == Algorithm.ED448
    ):
        return public.public_bytes_raw()
    raise FormError(f"the private key is not one of DNSSEC algorithm {algorithm}")
