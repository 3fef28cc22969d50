"""One DKIM-Signature field: what it says, and whether that may be used at all.

Source: RFC 6376 §3.5 and §6.1.1; RFC 8301 §3; RFC 8463 §3.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.mail.address import AddressError, parse_domain
from dnsd.mail.dkim import tags
from dnsd.mail.dkim.canonical import Form, header_field

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELD_NAME: Final = b"dkim-signature"
#: Kinds of keys by the algorithm that signs with them; all hash with SHA-256.
KEY_KINDS: Final = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
#: Header fields that a signature may list; with the repeated ones.
MAX_FIELDS: Final = 200
# Clocks of signers may be a little ahead.
_SKEW_S: Final = 300
_SELECTOR: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_])?")
_NUMBER: Final = re.compile(rb"[0-9]{1,12}")
_FIELD: Final = re.compile(rb"[!-9;-~]+")
# The value of b= is not signed; its name, which only stands at the beginning of a tag, is.
_B_VALUE: Final = re.compile(rb"((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*", re.DOTALL)


class SignatureError(ValueError):
    """A signature that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a DKIM-Signature field says.

    Attributes:
        field: as it came, with the CR LF at its end.
        algorithm: one of :data:`KEY_KINDS`.
        signature: ``b=``, octets.
        body_hash: ``bh=``, octets.
        header_form: of the header.
        body_form: of the body.
        domain: ``d=``, A-labels in lower case.
        selector: ``s=``, in lower case.
        identity: ``i=``, as it came; the domain behind an @ where it is left out.
        fields: ``h=``, names in lower case.
        length: ``l=``; ``None`` for the whole body.
        expires: ``x=``, Unix seconds; ``None`` for never.
    """

    field: bytes
    algorithm: str
    signature: bytes
    body_hash: bytes
    header_form: Form
    body_form: Form
    domain: str
    selector: str
    identity: str
    fields: tuple[bytes, ...]
    length: int | None
    expires: int | None

    @property
    def key_name(self) -> str:
        """Where the key is in the DNS."""
        return f"{self.selector}._domainkey.{self.domain}"


def parse(field: bytes, now: int) -> Signature:
    """Read a signature.

    Args:
        field: the whole header field, with the CR LF at its end.
        now: Unix seconds.

    Raises:
        SignatureError: it says what cannot be, or what has ended.
    """
    try:
        found = tags.parse(field.partition(b":")[2])
    except tags.TagError as error:
        raise SignatureError(str(error)) from None
    for name in ("v", "a", "b", "bh", "d", "h", "s"):
        if not found.get(name):
            raise SignatureError(f"{name}= is missing")
    if found["v"] != b"1":
        raise SignatureError("another version than 1")
    algorithm = found["a"].decode("ascii", "replace").lower()
    if algorithm not in KEY_KINDS:
        raise SignatureError(f"unsupported algorithm {_shown(algorithm)}")
    header_form, body_form = _forms(found.get("c", b"simple/simple"))
    domain = _domain(found["d"])
    _check_query(found.get("q", b"dns/txt"))
    expires = _number(found, "x")
    made = _number(found, "t")
    if expires is not None and (now > expires or (made is not None and made > expires)):
        raise SignatureError("the signature has expired")
    if made is not None and made > now + _SKEW_S:
        raise SignatureError("the signature is from the future")
    return Signature(
        field=field,
        algorithm=algorithm,
        signature=_base64(found, "b"),
        body_hash=_base64(found, "bh"),
        header_form=header_form,
        body_form=body_form,
        domain=domain,
        selector=_selector(found["s"]),
        identity=_identity(found, domain),
        fields=_fields(found["h"]),
        length=_number(found, "l"),
        expires=expires,
    )


def signed_header(signature: Signature, fields: Sequence[bytes]) -> bytes:
    """Return the octets of the header that a signature covers.

    Args:
        signature: what to cover, and how.
        fields: of the message from the first to the last, each with its CR LF.
    """
    places: dict[bytes, list[int]] = {}
    for place, field in enumerate(fields):
        places.setdefault(name_of(field), []).append(place)
    form = signature.header_form
    # Of several the last one first; a name more often than there are fields is nothing, so
    # that none can be added (RFC 6376 §5.4.2).
    covered = [
        header_field(form, fields[places[name].pop()])
        for name in signature.fields
        if places.get(name)
    ]
    own = header_field(form, without_value(signature.field)).removesuffix(b"\r\n")
    return b"".join((*covered, own))


def without_value(field: bytes) -> bytes:
    """Return a DKIM-Signature field with an empty ``b=``."""
    name, colon, value = field.partition(b":")
    emptied = _B_VALUE.sub(rb"\1", value, count=1)
    if not emptied.endswith(b"\r\n"):
        emptied += b"\r\n"
    return name + colon + emptied


def name_of(field: bytes) -> bytes:
    """Return the name of a header field in lower case."""
    return field.partition(b":")[0].strip(b" \t").lower()


def _forms(value: bytes) -> tuple[Form, Form]:
    header, slash, body = value.decode("ascii", "replace").lower().partition("/")
    try:
        return Form(header), Form(body) if slash else Form.SIMPLE
    except ValueError:
        raise SignatureError("an unknown canonical form") from None


def _domain(value: bytes) -> str:
    try:
        domain = parse_domain(value.decode("utf-8"), utf8=True)
    except (AddressError, UnicodeError):
        raise SignatureError("d= is no domain") from None
    if "." not in domain or domain.startswith("["):
        raise SignatureError("d= is no domain that signs")
    return domain


def is_selector(text: str) -> bool:
    """Tell whether a text, in lower case, can be a selector."""
    return _SELECTOR.fullmatch(text) is not None and ".." not in text


def _selector(value: bytes) -> str:
    text = value.decode("ascii", "replace").lower()
    if not is_selector(text):
        raise SignatureError("s= is no selector")
    return text


def _identity(found: dict[str, bytes], domain: str) -> str:
    """Read ``i=``, whose domain is that of ``d=`` or below it (RFC 6376 §3.5)."""
    text = found.get("i", f"@{domain}".encode()).decode("utf-8", "replace")
    behind = text.rpartition("@")[2].lower().rstrip(".")
    if "@" not in text or (behind != domain and not behind.endswith(f".{domain}")):
        raise SignatureError("i= is not of the domain of d=")
    return text if text.isprintable() else f"@{domain}"


def _fields(value: bytes) -> tuple[bytes, ...]:
    names = tuple(name.strip().lower() for name in value.split(b":"))
    if len(names) > MAX_FIELDS or not all(map(_FIELD.fullmatch, names)):
        raise SignatureError("h= is no list of header fields")
    if b"from" not in names:
        raise SignatureError("h= does not have from")
    return names


def _check_query(value: bytes) -> None:
    if b"dns/txt" not in {each.strip().lower() for each in value.split(b":")}:
        raise SignatureError("the key is not in the DNS")


def _number(found: dict[str, bytes], name: str) -> int | None:
    value = found.get(name)
    if value is None:
        return None
    if not _NUMBER.fullmatch(value):
        raise SignatureError(f"{name}= is no number")
    return int(value)


def _base64(found: dict[str, bytes], name: str) -> bytes:
    try:
        return base64.b64decode(tags.without_space(found[name]), validate=True)
    except binascii.Error:
        raise SignatureError(f"{name}= is not base64") from None


def _shown(text: str) -> str:
    return text if len(text) <= 32 and text.isascii() and text.isprintable() else "of another kind"
