"""Public keys of signers, as their domains publish them, and pairs of our own.

Source: RFC 6376 §3.6.1; RFC 8301 §3.2 (RSA of 1024 bits at least); RFC 8463 §4.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from dnsd.mail.dkim import tags

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_RSA_BITS: Final = 1024
#: A longer key costs more to check than what comes with it may.
MAX_RSA_BITS: Final = 4096
# Longer exponents make a check as dear as a signature (threats: keys as weapons).
_MAX_EXPONENT_BITS: Final = 33
_RSA_BITS: Final = 2048

PublicKey = rsa.RSAPublicKey | ed25519.Ed25519PublicKey
PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


class UnusableKey(ValueError):  # noqa: N818 - what it is, not a fault of ours
    """A key that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class DomainKey:
    """A public key as published.

    Attributes:
        kind: ``rsa`` or ``ed25519``.
        key: for checking.
        is_test: the domain only tries (``t=y``).
        is_strict: the identity must be of the very domain (``t=s``).
    """

    kind: str
    key: PublicKey
    is_test: bool
    is_strict: bool


def parse(records: Iterable[bytes]) -> DomainKey:
    """Read the key of a selector from its TXT records.

    Args:
        records: each with its strings joined.

    Raises:
        UnusableKey: there is none that can be used.
    """
    found = [record for record in records if record.strip()]
    if not found:
        raise UnusableKey("no key is published")
    if len(found) > 1:
        # Which one counts is not said; one that looks like a key may.
        found = [record for record in found if b"p=" in record][:1] or found[:1]
    try:
        values = tags.parse(found[0])
    except tags.TagError as error:
        raise UnusableKey(f"the key is no list of tags: {error}") from None
    if values.get("v", b"DKIM1") != b"DKIM1":
        raise UnusableKey("the key is of another version")
    if b"sha256" not in _list(values.get("h", b"sha256")):
        raise UnusableKey("the key is for another hash")
    if not _list(values.get("s", b"*")) & {b"*", b"email"}:
        raise UnusableKey("the key is not for mail")
    if "p" not in values:
        raise UnusableKey("the key has no p=")
    octets = tags.without_space(values["p"])
    if not octets:
        raise UnusableKey("the key is revoked")
    kind = values.get("k", b"rsa").decode("ascii", "replace").lower()
    flags = _list(values.get("t", b""))
    return DomainKey(kind, _public(kind, octets), b"y" in flags, b"s" in flags)


def verify(key: PublicKey, signature: bytes, digest: bytes) -> bool:
    """Tell whether a signature is of a digest (SHA-256) and a key."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
        else:
            key.verify(signature, digest)
    except InvalidSignature:
        return False
    return True


def sign(key: PrivateKey, digest: bytes) -> bytes:
    """Sign a digest (SHA-256)."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
    return key.sign(digest)


def make(kind: str) -> PrivateKey:
    """Make a private key of a kind, ``rsa`` or ``ed25519``."""
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)


def to_pem(key: PrivateKey) -> bytes:
    """Return a private key as a file holds it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@lru_cache(maxsize=64)  # to check an RSA key takes some 40 ms
def from_pem(octets: bytes) -> PrivateKey:
    """Read a private key.

    Raises:
        UnusableKey: it is none that signs mail.
    """
    try:
        key = load_pem_private_key(octets, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UnusableKey("no private key in PEM form without a password") from None
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    if isinstance(key, rsa.RSAPrivateKey) and MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        return key
    raise UnusableKey("neither Ed25519 nor RSA of 1024 to 4096 bits")


def kind_of(key: PrivateKey) -> str:
    """Return ``rsa`` or ``ed25519``."""
    return "rsa" if isinstance(key, rsa.RSAPrivateKey) else "ed25519"


def record_of(key: PrivateKey) -> str:
    """Return the text of the TXT record that publishes a key."""
    if isinstance(key, rsa.RSAPrivateKey):
        octets = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        octets = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"v=DKIM1; k={kind_of(key)}; p={base64.b64encode(octets).decode()}"


def _list(value: bytes) -> set[bytes]:
    return {each.strip().lower() for each in value.split(b":")}


def _public(kind: str, octets: bytes) -> PublicKey:
    if kind not in {"rsa", "ed25519"}:
        raise UnusableKey("the key is of another kind")
    try:
        decoded = base64.b64decode(octets, validate=True)
        if kind == "ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(decoded)
        key = load_der_public_key(decoded)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        raise UnusableKey("the key cannot be read") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise UnusableKey("the key is of another kind than it says")
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise UnusableKey(f"an RSA key of {key.key_size} bits")
    if key.public_numbers().e.bit_length() > _MAX_EXPONENT_BITS:
        raise UnusableKey("an RSA key with a long exponent")
    return key
