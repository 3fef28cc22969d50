"""A certificate that nobody but ourselves vouches for.

It encrypts, and a client can pin its key (RFC 7858 §4.2); clients that check
names against authorities need one from an authority. The key is kept when the
certificate is made anew, so pins stay valid.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from typing import Final, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID_DAYS: Final = 3650
_RENEW_DAYS: Final = 30
# A clock that is set back must not make today's certificate one of tomorrow.
_EARLIER_DAYS: Final = 1
_MAX_COMMON_NAME: Final = 64  # RFC 5280 §A.1, ub-common-name


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate is for.

    Attributes:
        host: name of the machine.
        addresses: that clients connect to, as text; wildcards are left out.
    """

    host: str
    addresses: tuple[str, ...]

    def names(self) -> list[x509.GeneralName]:
        """Return the subject's alternative names (RFC 5280 §4.2.1.6)."""
        hosts = dict.fromkeys((self.host, "localhost"))
        found = dict.fromkeys(ipaddress.ip_address(each) for each in self.addresses)
        addresses = [each for each in found if not each.is_unspecified]
        return [*map(x509.DNSName, hosts), *map(x509.IPAddress, addresses)]


def make_key() -> bytes:
    """Make a private key on P-256, as PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


def make_certificate(key_pem: bytes, subject: Subject, wall_now: int) -> bytes:
    """Make a certificate for a key, as PEM.

    Args:
        key_pem: from `make_key`.
        subject: whom it is for.
        wall_now: Unix seconds.

    Raises:
        ValueError: that is no key.
        TypeError: it is locked, or of a kind that signs otherwise.
    """
    # One of another algorithm that somebody put there is as good.
    key = cast("ec.EllipticCurvePrivateKey", load_pem_private_key(key_pem, None))
    now = dt.datetime.fromtimestamp(wall_now, dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject.host[:_MAX_COMMON_NAME])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=_EARLIER_DAYS))
        .not_valid_after(now + dt.timedelta(days=_VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(subject.names()), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


def still_fits(certificate_pem: bytes, subject: Subject, wall_now: int) -> bool:
    """Tell whether a certificate of ours can be used on.

    Args:
        certificate_pem: what is there.
        subject: whom it should be for.
        wall_now: Unix seconds.
    """
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    renew_at = certificate.not_valid_after_utc - dt.timedelta(days=_RENEW_DAYS)
    now = dt.datetime.fromtimestamp(wall_now, dt.UTC)
    return set(names) == set(subject.names()) and certificate.not_valid_before_utc <= now < renew_at
