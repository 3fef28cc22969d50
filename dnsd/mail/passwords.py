"""Passwords of accounts: how they are kept, and checked at the same cost for everybody.

A check takes some 45 ms of a core and 19 MiB, which is the point of it: call it in a
thread. Clients of mail log in all day, so a success is remembered for a while, not
by the password but by a keyed digest of it that means nothing outside of this process.

Source: RFC 9106 §4 (argon2id); parameters as OWASP's smallest for argon2id.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret, verify_secret

if TYPE_CHECKING:
    from collections.abc import Callable

TIME_COST: Final = 2
MEMORY_KIB: Final = 19_456
PARALLELISM: Final = 1

SHORTEST: Final = 8
LONGEST_OCTETS: Final = 1_024

_SALT_OCTETS: Final = 16
_HASH_OCTETS: Final = 32
_KEPT_S: Final = 600.0
_MAX_KEPT: Final = 1_000


class PasswordError(ValueError):
    """A password that is none to choose; the text says why."""


def protect(password: str, entropy: Callable[[int], bytes]) -> str:
    """Make of a password what is kept of it.

    Args:
        password: at least 8 characters, at most 1,024 octets.
        entropy: gives as many octets as it is asked for.

    Returns:
        An argon2 string, with parameters and salt.

    Raises:
        PasswordError: it is too short or too long, or holds what no client can send.
    """
    octets = _octets(password)
    if len(password) < SHORTEST:
        raise PasswordError(f"a password has at least {SHORTEST} characters")
    if len(octets) > LONGEST_OCTETS:
        raise PasswordError(f"a password has at most {LONGEST_OCTETS} octets")
    if "\0" in password:
        raise PasswordError("a password has no NUL in it: it separates the parts of a login")
    made = hash_secret(
        octets,
        entropy(_SALT_OCTETS),
        time_cost=TIME_COST,
        memory_cost=MEMORY_KIB,
        parallelism=PARALLELISM,
        hash_len=_HASH_OCTETS,
        type=Type.ID,
    )
    return made.decode("ascii")


class Checker:
    """Checks passwords.

    Attributes:
        hashes: how many were computed.
    """

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        """Check with secrets of this process."""
        self.hashes = 0
        self._key = entropy(32)
        # Checked where there is no account, so that it takes as long.
        self._nobody = protect(entropy(16).hex(), entropy)
        self._kept: dict[bytes, float] = {}

    def remembers(self, kept: str | None, password: str, now: float) -> bool:
        """Tell whether this password was right a short time ago; costs next to nothing.

        Args:
            kept: what is kept of the account's password, None if there is no account.
            password: as the client sent it.
            now: monotonic seconds.
        """
        if kept is None:
            return False
        until = self._kept.get(self._digest(kept, password))
        return until is not None and now < until

    def check(self, kept: str | None, password: str, now: float) -> bool:
        """Check a password; takes as long where there is no account.

        Args:
            kept: what is kept of the account's password, None if there is no account.
            password: as the client sent it.
            now: monotonic seconds.
        """
        octets = _octets(password)
        if len(octets) > LONGEST_OCTETS:
            octets, kept = b"", None
        self.hashes += 1
        try:
            verify_secret((kept or self._nobody).encode(), octets, Type.ID)
        except (VerificationError, InvalidHashError):
            return False
        if kept is None:
            return False
        while len(self._kept) >= _MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        digest = self._digest(kept, password)
        self._kept.pop(digest, None)
        self._kept[digest] = now + _KEPT_S
        return True

    def _digest(self, kept: str, password: str) -> bytes:
        # What is kept has a salt of its own: another password for the account, another digest.
        found = blake2b(kept.encode(), key=self._key)
        found.update(b"\0" + _octets(password))
        return found.digest()


def _octets(password: str) -> bytes:
    return password.encode("utf-8", "surrogateescape")
