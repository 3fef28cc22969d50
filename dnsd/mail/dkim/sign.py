"""Signs a message of ours as it comes in.

As the other side does: the header first, then the body as it comes, then the fields
that are to stand before all others.

Source: RFC 6376 §5; §5.4 (what to sign).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dnsd.mail.dkim import keys
from dnsd.mail.dkim.canonical import BodyHash, Form
from dnsd.mail.dkim.signature import MAX_FIELDS, name_of, parse, signed_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnsd.mail.dkim.keys import PrivateKey

# What a reader sees or a program acts upon. Each is listed once more than it is there,
# so that none can be added (§8.15); of those that relays add, only where they are.
_SEALED: Final = (
    b"from", b"sender", b"reply-to", b"subject", b"date", b"message-id", b"to", b"cc",
    b"mime-version", b"content-type", b"content-transfer-encoding", b"in-reply-to", b"references",
)  # fmt: skip
_AS_THEY_ARE: Final = (
    b"content-id", b"content-description", b"content-disposition", b"resent-from",
    b"resent-sender", b"resent-to", b"resent-cc", b"resent-date", b"resent-message-id",
    b"list-id", b"list-help", b"list-unsubscribe", b"list-unsubscribe-post", b"list-post",
)  # fmt: skip
_LINE: Final = 72
_ALGORITHMS: Final = {"rsa": "rsa-sha256", "ed25519": "ed25519-sha256"}


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose signature is made, with which key.

    Attributes:
        domain: A-labels in lower case.
        selector: in lower case.
        key: its private key.
    """

    domain: str
    selector: str
    key: PrivateKey = field(repr=False)


class Signing:
    """One message."""

    def __init__(self, fields: Sequence[bytes], signers: Sequence[Signer], now: int) -> None:
        """Begin.

        Args:
            fields: of the header from the first to the last, each with its CR LF.
            signers: each adds a field.
            now: Unix seconds.
        """
        self._fields = fields
        self._signers = signers
        self._now = now
        self._body = BodyHash(Form.RELAXED, hashlib.sha256)

    def update(self, octets: bytes) -> None:
        """Take more of the body."""
        self._body.update(octets)

    def finish(self) -> bytes:
        """Return the fields that are to stand before all others."""
        body_hash = base64.b64encode(self._body.digest()).decode()
        return b"".join(self._sign(signer, body_hash) for signer in self._signers)

    def _sign(self, signer: Signer, body_hash: str) -> bytes:
        names = b":".join(_names(self._fields)).decode("ascii")
        unsigned = (
            f"DKIM-Signature: v=1; a={_ALGORITHMS[keys.kind_of(signer.key)]};"
            f" c=relaxed/relaxed; d={signer.domain};\r\n"
            f"\ts={signer.selector}; t={self._now}; bh={body_hash};\r\n"
            f"\th={_folded(names, ':')};\r\n\tb="
        )
        # Base64 of zero octets is no signature, but reads as one.
        form = parse(f"{unsigned}AA==\r\n".encode(), self._now)
        covered = signed_header(form, self._fields)
        made = base64.b64encode(keys.sign(signer.key, hashlib.sha256(covered).digest())).decode()
        return f"{unsigned}{_folded(made)}\r\n".encode()


def _names(fields: Sequence[bytes]) -> list[bytes]:
    there = [name_of(each) for each in fields]
    found: list[bytes] = []
    for name in _SEALED:
        found += [name] * (there.count(name) + 1)
    for name in _AS_THEY_ARE:
        found += [name] * there.count(name)
    return found[:MAX_FIELDS]


def _folded(text: str, at: str = "") -> str:
    """Break text into lines, behind a character or anywhere."""
    lines = []
    while len(text) > _LINE:
        end = text.rfind(at, 0, _LINE) + len(at) if at else _LINE
        lines.append(text[:end])
        text = text[end:]
    return "\r\n\t ".join((*lines, text))
