"""TLS contexts: the certificate, and what we agree to (RFC 9325).

TLS 1.2 and 1.3, ciphers with forward secrecy and authenticated encryption, no
renegotiation, no compression, no early data. A context is made before the fork:
the keys of its session tickets are made with it, so a session that began at one
worker is resumed at any other (RFC 8446 §2.2). A new context, at a
reload, has new keys.

Python's own ``ssl`` on memory is what the daemon uses: it needs no callbacks
written at run time, and a connection is octets in, octets out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dnsd.source.problems import ConfigError, Problem, Where

if TYPE_CHECKING:
    from pathlib import Path

# Names of RFC 7301 §6 and RFC 7858 §9.
_DOT_PROTOCOLS: Final = ("dot",)
_HTTPS_PROTOCOLS: Final = ("h2", "http/1.1")

# RFC 9325 §4.2, which RFC 9113 §9.2.2 asks for too; TLS 1.3 has no others.
_TLS12_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"

# One ticket is used once (RFC 8446 §C.4), and one at a time is enough for a client
# that keeps one connection.
_TICKETS: Final = 1

_WARN_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Contexts:
    """What one certificate is served with.

    Attributes:
        dot: for DNS over TLS.
        https: for DNS over HTTPS.
        mail: for SMTP.
        fingerprint: of the octets of both files, to see that they changed.
        notices: what the operator should know, one sentence each.
    """

    dot: ssl.SSLContext = field(repr=False)
    https: ssl.SSLContext = field(repr=False)
    mail: ssl.SSLContext = field(repr=False)
    fingerprint: bytes
    notices: tuple[str, ...] = ()


def load(certificate: Path, key: Path, wall_now: int) -> Contexts:
    """Make contexts from PEM files.

    Args:
        certificate: the certificate, then those that lead to its issuer.
        key: its private key, without a password.
        wall_now: Unix seconds.

    Raises:
        ConfigError: one of them cannot be read, is something else, or they do not
            belong together.
    """
    chain, secret = _read(certificate), _read(key)
    leaf = _leaf(certificate, chain)
    _check_pair(leaf, key, secret)
    try:
        dot = _context(certificate, key, _DOT_PROTOCOLS)
        https = _context(certificate, key, _HTTPS_PROTOCOLS)
        mail = _context(certificate, key, ())
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or str(error)
        raise _refused(certificate, "tls-certificate", f"OpenSSL says: {reason}") from None
    return Contexts(
        dot, https, mail, fingerprint(chain, secret), tuple(_notices(certificate, leaf, wall_now))
    )


def fingerprint(chain: bytes, secret: bytes) -> bytes:
    """Return what tells one pair of files from another."""
    return hashlib.sha256(hashlib.sha256(chain).digest() + secret).digest()


def _context(certificate: Path, key: Path, protocols: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_TLS12_CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = _TICKETS
    if protocols:
        context.set_alpn_protocols(protocols)
    # Without a function OpenSSL would ask the terminal for the password.
    context.load_cert_chain(certificate, key, password=lambda: b"")
    return context


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _refused(path, "tls-unreadable", reason, "let the user of dnsd read it") from None


def _leaf(path: Path, chain: bytes) -> x509.Certificate:
    """Return the certificate that clients are to see first."""
    try:
        return x509.load_pem_x509_certificates(chain)[0]
    except ValueError:
        raise _refused(
            path,
            "tls-certificate",
            "there is no certificate in the file",
            expected="PEM, beginning with -----BEGIN CERTIFICATE-----",
        ) from None


def _check_pair(leaf: x509.Certificate, path: Path, secret: bytes) -> None:
    try:
        key = load_pem_private_key(secret, None)
    except TypeError:
        raise _refused(
            path,
            "tls-key",
            "the private key is locked with a password",
            f"openssl pkey -in {path} -out unlocked.pem",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _refused(
            path,
            "tls-key",
            "there is no private key in the file that can be read",
            expected="PEM, beginning with -----BEGIN PRIVATE KEY-----",
        ) from None
    if leaf.public_key() != key.public_key():
        raise _refused(
            path,
            "tls-key-mismatch",
            "the private key does not belong to the certificate",
            "if the file of the certificate holds several, the server's own comes first",
        )


def _notices(path: Path, leaf: x509.Certificate, wall_now: int) -> list[str]:
    now = dt.datetime.fromtimestamp(wall_now, dt.UTC)
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if end <= now:
        return [f"{path} has expired on {end:%Y-%m-%d}: clients that check it stay away"]
    if begin > now:
        return [f"{path} is valid from {begin:%Y-%m-%d} on: clients that check it stay away"]
    if (end - now).days < _WARN_DAYS:
        return [f"{path} expires on {end:%Y-%m-%d}"]
    return []


def _refused(
    path: Path, check: str, message: str, hint: str = "", expected: str = ""
) -> ConfigError:
    return ConfigError([Problem(Where(str(path)), check, message, expected, hint)])
