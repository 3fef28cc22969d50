"""Logging in with AUTH: PLAIN and LOGIN, both of which need TLS around them.

Source: RFC 4954 §4 (AUTH, cancelling, initial response), RFC 4616 §2 (PLAIN). LOGIN has
no standard; devices know nothing else. The names that come out are printable; whether
they are anybody's, ``accounts`` knows.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Final

from dnsd.mail import reply
from dnsd.mail.smtp.events import Authenticate

if TYPE_CHECKING:
    from dnsd.mail.reply import Reply

MECHANISMS: Final = ("PLAIN", "LOGIN")

_MAX_USER_CHARACTERS: Final = 255
_MAX_PASSWORD_CHARACTERS: Final = 1024
# "Username:" and "Password:", the words that clients of LOGIN look for.
_USER_PROMPT: Final = reply.challenge("VXNlcm5hbWU6")
_PASSWORD_PROMPT: Final = reply.challenge("UGFzc3dvcmQ6")
_EMPTY_PROMPT: Final = reply.challenge("")


class Exchange:
    """One attempt: lines of the client in, prompts or credentials out."""

    __slots__ = ("_is_login", "_user")

    def __init__(self, mechanism: str) -> None:
        """Begin.

        Args:
            mechanism: one of ``MECHANISMS``.
        """
        self._is_login = mechanism == "LOGIN"
        self._user: str | None = None

    def begin(self, initial: str) -> Reply | Authenticate:
        """Take what stands behind the mechanism; empty for nothing, ``=`` for empty."""
        if initial:
            return self.take("" if initial == "=" else initial)
        return _USER_PROMPT if self._is_login else _EMPTY_PROMPT

    def take(self, line: str) -> Reply | Authenticate:
        """Take a line of the client, its end left out.

        Returns:
            A prompt (334) if it goes on; another reply if it failed; credentials.
        """
        if line == "*":
            return reply.AUTHENTICATION_CANCELLED
        try:
            text = binascii.a2b_base64(line.encode(), strict_mode=True).decode()
        except ValueError:  # also of text that is no UTF-8 or beyond ASCII
            return reply.BAD_BASE64
        if not self._is_login:
            return _plain(text)
        if self._user is None:
            self._user = text
            return _PASSWORD_PROMPT
        return _credentials(self._user, text)


def _plain(text: str) -> Reply | Authenticate:
    """Read ``[authzid] NUL authcid NUL passwd``."""
    parts = text.split("\0")
    if len(parts) != 3:
        return reply.BAD_ARGUMENT
    acts_as, user, password = parts
    # Nobody acts for somebody else here.
    if acts_as not in ("", user):
        return reply.CREDENTIALS_INVALID
    return _credentials(user, password)


def _credentials(user: str, password: str) -> Reply | Authenticate:
    good = (
        0 < len(user) <= _MAX_USER_CHARACTERS
        and user.isprintable()
        and 0 < len(password) <= _MAX_PASSWORD_CHARACTERS
        and "\0" not in password
    )
    return Authenticate(user, password) if good else reply.CREDENTIALS_INVALID
