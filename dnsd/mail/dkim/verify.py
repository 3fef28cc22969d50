"""Checks the signatures of a message that comes in.

The header is given once it is whole, then the body as it comes; then :meth:`verdicts`
looks up keys. Bodies are hashed once for all signatures that want the same form of it.

A signature that leaves a part of the body out (``l=``) does not count: anybody could
have added what it leaves out.

Source: RFC 6376 §6; RFC 8601 §2.7.1 (the results).
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.mail.dkim import keys
from dnsd.mail.dkim import signature as signatures
from dnsd.mail.dkim.canonical import BodyHash
from dnsd.mail.lookup import LookupFailed, domain_name, texts
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnsd.mail.dkim.canonical import Form
    from dnsd.mail.dkim.signature import Signature
    from dnsd.mail.lookup import Resolver

#: Signatures of one message that are looked at.
MAX_SIGNATURES: Final = 5


class Result(enum.Enum):
    """What became of a signature; the value is that of Authentication-Results."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    POLICY = "policy"
    NEUTRAL = "neutral"
    TEMPORARY = "temperror"
    PERMANENT = "permerror"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one signature.

    Attributes:
        result: see there.
        reason: in words; empty when it passed.
        domain: that signed; empty where that could not be read.
        selector: of its key.
        identity: on whose behalf.
        is_secure: the key was proven by DNSSEC.
        is_test: the domain only tries.
    """

    result: Result
    reason: str
    domain: str = ""
    selector: str = ""
    identity: str = ""
    is_secure: bool = False
    is_test: bool = False


class Verifier:
    """One message."""

    def __init__(self, fields: Sequence[bytes], now: int) -> None:
        """Read the signatures.

        Args:
            fields: of the header from the first to the last, each with its CR LF.
            now: Unix seconds.
        """
        self._fields = fields
        self._signatures: list[Signature] = []
        self._early: list[Verdict] = []
        found = [each for each in fields if signatures.name_of(each) == signatures.FIELD_NAME]
        for field in found[:MAX_SIGNATURES]:
            try:
                self._signatures.append(signatures.parse(field, now))
            except signatures.SignatureError as error:
                self._early.append(Verdict(Result.PERMANENT, str(error)))
        self._bodies: dict[Form, BodyHash] = {}
        for each in self._signatures:
            if each.body_form not in self._bodies:
                self._bodies[each.body_form] = BodyHash(each.body_form, hashlib.sha256)

    def update(self, octets: bytes) -> None:
        """Take more of the body."""
        for body in self._bodies.values():
            body.update(octets)

    async def verdicts(self, resolver: Resolver) -> list[Verdict]:
        """Say what became of each signature; to be called once, after the last octet.

        Args:
            resolver: finds the keys.
        """
        digests = {form: body.digest() for form, body in self._bodies.items()}
        found = [await self._verdict(each, digests, resolver) for each in self._signatures]
        return found + self._early

    async def _verdict(
        self, signature: Signature, digests: dict[Form, bytes], resolver: Resolver
    ) -> Verdict:
        if signature.length is not None and (
            signature.length != self._bodies[signature.body_form].octets
        ):
            return _verdict(Result.POLICY, "a part of the body is not signed", signature)
        if digests[signature.body_form] != signature.body_hash:
            return _verdict(Result.FAIL, "the body has changed", signature)
        try:
            answer = await resolver.look_up(domain_name(signature.key_name), int(RRType.TXT))
        except FormError:
            return _verdict(Result.PERMANENT, "no such name can be", signature)
        except LookupFailed as failed:
            return _verdict(Result.TEMPORARY, failed.text, signature)
        try:
            key = keys.parse(texts(answer))
            _check_key(key, signature)
        except keys.UnusableKey as error:
            return _verdict(Result.PERMANENT, str(error), signature, is_secure=answer.secure)
        covered = signatures.signed_header(signature, self._fields)
        is_good = keys.verify(key.key, signature.signature, hashlib.sha256(covered).digest())
        return Verdict(
            Result.PASS if is_good else Result.FAIL,
            "" if is_good else "the header has changed, or it is another key's",
            signature.domain,
            signature.selector,
            signature.identity,
            answer.secure,
            key.is_test,
        )


def _check_key(key: keys.DomainKey, signature: Signature) -> None:
    if key.kind != signatures.KEY_KINDS[signature.algorithm]:
        raise keys.UnusableKey("the key is for another algorithm")
    if key.is_strict and signature.identity.rpartition("@")[2].lower() != signature.domain:
        raise keys.UnusableKey("the key is not for domains below its own")


def _verdict(
    result: Result, reason: str, signature: Signature, *, is_secure: bool = False
) -> Verdict:
    return Verdict(
        result, reason, signature.domain, signature.selector, signature.identity, is_secure
    )
