"""DNS cookies: a cheap proof that a client has the address it claims.

The option is the client's 8 octets, then our 16 (RFC 9018 §4)::

     0 client cookie (8)
     8 version (1) = 1
     9 reserved (3) = 0
    12 timestamp (4), Unix seconds
    16 SipHash-2-4 (8) of octets 0..15 and the client's address

A server cookie is good for an hour and may lie five minutes in the future
(RFC 9018 §4.3). Older than half an hour, it is answered with a fresh one.

A secret is shared by all workers and handed in; the previous one stays good
after a rotation, so that no client notices it.
"""

from __future__ import annotations

import enum
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from siphash24 import siphash24

if TYPE_CHECKING:
    from collections.abc import Sequence

CLIENT_OCTETS: Final = 8
COOKIE_OCTETS: Final = 24  # what we answer: client and server cookie
SECRET_OCTETS: Final = 16

_START = b"\x01\x00\x00\x00"  # version 1, reserved
_MAX_AGE_S = 3600
_MAX_FUTURE_S = 300
_RENEW_AGE_S = 1800


class Verdict(enum.IntEnum):
    """What a COOKIE option proves."""

    MALFORMED = 0  # neither 8 nor 16..40 octets: FORMERR (RFC 7873 §5.2.2)
    CLIENT_ONLY = 1
    INVALID = 2  # to be treated as if the server cookie were absent
    VALID = 3


# Plain integers for the fast path.
MALFORMED: Final = int(Verdict.MALFORMED)
CLIENT_ONLY: Final = int(Verdict.CLIENT_ONLY)
INVALID: Final = int(Verdict.INVALID)
VALID: Final = int(Verdict.VALID)


class Cookies:
    """Verifies and makes cookies with one secret or two."""

    __slots__ = ("_secrets",)

    def __init__(self, secrets: Sequence[bytes]) -> None:
        """Take the secrets over.

        Args:
            secrets: 16 octets each, the one that makes cookies first, then one
                that still verifies them.
        """
        self.replace_secrets(secrets)

    def replace_secrets(self, secrets: Sequence[bytes]) -> None:
        """Rotate: the first secret makes cookies, all of them verify.

        Raises:
            ValueError: not one or two secrets of 16 octets.
        """
        if not 1 <= len(secrets) <= 2 or any(len(each) != SECRET_OCTETS for each in secrets):
            raise ValueError("one or two secrets of 16 octets")
        self._secrets = tuple(secrets)

    def make(self, client_cookie: bytes, client: bytes, wall_now: int) -> bytes:
        """Make the value of the option for a reply.

        Args:
            client_cookie: the first 8 octets of what the client sent.
            client: its address, 4 or 16 octets.
            wall_now: Unix seconds.

        Returns:
            24 octets.
        """
        plain = client_cookie + _START + (wall_now & 0xFFFFFFFF).to_bytes(4, "big")
        digest: bytes = siphash24(plain + client, key=self._secrets[0]).digest()
        return plain + digest

    def verify(self, option: bytes, client: bytes, wall_now: int) -> int:
        """Judge the value of a COOKIE option.

        Returns:
            A number of :class:`Verdict`.
        """
        return self._judge(option, client, wall_now)[0]

    def answer(self, option: bytes, client: bytes, wall_now: int) -> tuple[int, bytes]:
        """Judge the value of a COOKIE option and find what to answer.

        Returns:
            A number of :class:`Verdict`, and the 24 octets of the reply's
            option; none when malformed. A valid cookie comes back as it is
            while it is young and its secret makes cookies.
        """
        verdict, is_fresh = self._judge(option, client, wall_now)
        if verdict == MALFORMED:
            return verdict, b""
        if is_fresh:
            return verdict, option
        return verdict, self.make(option[:CLIENT_OCTETS], client, wall_now)

    def _judge(self, option: bytes, client: bytes, wall_now: int) -> tuple[int, bool]:
        """Judge a cookie, and tell whether it needs no replacement yet."""
        length = len(option)
        if length == CLIENT_OCTETS:
            return CLIENT_ONLY, False
        if not 16 <= length <= 40:
            return MALFORMED, False
        if length != COOKIE_OCTETS or option[8] != 1:
            return INVALID, False  # made by other software: cannot be ours
        # Serial arithmetic (RFC 1982): the timestamp wraps around in 2106.
        age = (wall_now - int.from_bytes(option[12:16], "big")) & 0xFFFFFFFF
        if age >= 0x80000000:
            age -= 0x100000000
        if not -_MAX_FUTURE_S <= age <= _MAX_AGE_S:
            return INVALID, False
        # The reserved octets are hashed as they came (RFC 9018 §4.2, appendix A.3).
        signed = option[:16] + client
        for i, secret in enumerate(self._secrets):
            if compare_digest(siphash24(signed, key=secret).digest(), option[16:]):
                return VALID, i == 0 and 0 <= age <= _RENEW_AGE_S
        return INVALID, False
