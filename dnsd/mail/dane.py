"""Whether a server's certificates fit the TLSA records of its name.

Usages 2 (DANE-TA) and 3 (DANE-EE) count; 0 and 1 are of no use to mail, where no set of
authorities is agreed on (RFC 7672 §3.1.3). For usage 3 neither the names nor the dates
of the certificate count (RFC 7672 §3.1.1); for usage 2 the chain up to the authority
that the record names must be sound and the server's certificate must have one of the
names (§3.1.2). A record that gives an authority's whole key or certificate is matched
against those that the server sends, as RFC 7672 §3.1.2 tells servers to do.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dnsd.mail.tls_policy import Tlsa, TlsKind

if TYPE_CHECKING:
    from dnsd.mail.tls_policy import TlsPolicy

# RFC 6698 §2.1.
TRUST_ANCHOR: Final = 2
END_ENTITY: Final = 3
_DIGESTS: Final = {1: hashlib.sha256, 2: hashlib.sha512}
_DIGEST_OCTETS: Final = {1: 32, 2: 64}

# Of what a server sends; each costs a verification at most.
MAX_CERTIFICATES: Final = 10
MAX_RECORDS: Final = 32


def usable(rdatas: tuple[bytes, ...]) -> tuple[Tlsa, ...]:
    """Return the records that can be used, at most 32; see RFC 7672 §2.1.1.

    Args:
        rdatas: TLSA rdata, from a secure answer.
    """
    found = []
    for rdata in rdatas[:MAX_RECORDS]:
        record = Tlsa(rdata[0], rdata[1], rdata[2], rdata[3:]) if len(rdata) > 3 else None
        if record is not None and _is_usable(record):
            found.append(record)
    return tuple(found)


def _is_usable(record: Tlsa) -> bool:
    if record.usage not in (TRUST_ANCHOR, END_ENTITY) or record.selector not in (0, 1):
        return False
    if record.matching:
        return len(record.association) == _DIGEST_OCTETS.get(record.matching, -1)
    return bool(record.association)


def refusal(policy: TlsPolicy, chain: list[bytes], wall_now: int) -> str:
    """Return why a server is not who DANE says it has to be; empty if it is.

    Args:
        policy: what it must prove; kinds other than DANE ask nothing here.
        chain: DER, the server's own certificate first.
        wall_now: Unix seconds.
    """
    if policy.kind is not TlsKind.DANE:
        return ""
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in chain[:MAX_CERTIFICATES]]
        # What OpenSSL took and this reader does not, nobody can prove anything with.
        keys = [_public_key(certificate) for certificate in certificates]
    except (ValueError, UnsupportedAlgorithm, TypeError) as error:
        return f"a certificate of its chain cannot be read: {type(error).__name__}"
    if not certificates:
        return "it sent no certificate"
    if any(r.usage == END_ENTITY and _matches(r, chain[0], keys[0]) for r in policy.tlsa):
        return ""
    why = "no TLSA record fits its certificate"
    for i, key in enumerate(keys):
        if any(r.usage == TRUST_ANCHOR and _matches(r, chain[i], key) for r in policy.tlsa):
            found = _chain_fault(certificates[: i + 1], policy.names, wall_now)
            if not found:
                return ""
            why = f"a TLSA record fits an authority, but {found}"
    return why


def _public_key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _matches(record: Tlsa, certificate: bytes, key: bytes) -> bool:
    octets = key if record.selector else certificate
    digest = _DIGESTS.get(record.matching)
    return (digest(octets).digest() if digest else octets) == record.association


def _chain_fault(chain: list[x509.Certificate], names: tuple[str, ...], wall_now: int) -> str:
    """Return what is wrong with a chain from a server's certificate to its anchor."""
    now = dt.datetime.fromtimestamp(wall_now, dt.UTC)
    for i, certificate in enumerate(chain):
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return "a certificate of the chain is not valid at this time"
        if i and not _is_authority(certificate, i - 1):
            return "a certificate of the chain may not sign others"
    # Pairs up to the anchor; whoever holds the anchor's key needs no other proof of it.
    for below, above in itertools.pairwise(chain):
        try:
            below.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return "a certificate of the chain was not signed by the next"
    if not any(_has_name(held, name) for held in _names(chain[0]) for name in names):
        return f"the certificate is not for {' or '.join(names)}"
    return ""


def _is_authority(certificate: x509.Certificate, below: int) -> bool:
    """Tell whether a certificate may sign others (RFC 5280 §4.2.1.9, §4.2.1.3)."""
    extensions = certificate.extensions
    try:
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    try:
        may_sign = extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        may_sign = True
    depth = constraints.path_length
    return bool(constraints.ca and may_sign and (depth is None or below <= depth))


def _names(certificate: x509.Certificate) -> list[str]:
    """Return the DNS names that a certificate is for (RFC 6125 §6.4)."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        # RFC 7672 §3.2.3: the common name counts only where there are no such names.
        found = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return [str(attribute.value) for attribute in found]
    return extension.value.get_values_for_type(x509.DNSName)


def _has_name(held: str, name: str) -> bool:
    """Compare; a wildcard is the whole first label and stands for one (RFC 6125 §6.4.3)."""
    held, name = held.lower().removesuffix("."), name.lower().removesuffix(".")
    if held.startswith("*."):
        return name.partition(".")[2] == held[2:] and "." in held[2:]
    return held == name
