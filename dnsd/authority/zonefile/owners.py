"""The keys of a zone: names relative to the origin, as people write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dnsd.authority.zonefile import idn
from dnsd.source.nodes import Scalar, where
from dnsd.source.problems import Problem, Severity, quoted
from dnsd.wire import names
from dnsd.wire.errors import FormError

if TYPE_CHECKING:
    from collections.abc import Callable

_LENGTH = [bytes([length]) for length in range(names.MAX_LABEL_OCTETS + 1)]
_PLAIN = re.compile(r"[a-z0-9_*-]{1,63}(?:\.[a-z0-9_*-]{1,63})*")
_RELATIVE = "a name relative to the zone; the zone itself is ''"


class Owners:
    """Turn keys into owner names, and say what is wrong with a key.

    Attributes:
        has_variants: a key was met that is not the only spelling of its owner.
    """

    def __init__(self, origin: bytes, report: Callable[[Problem], None]) -> None:
        self._origin = origin
        self._report = report
        self._zone = names.to_text(origin)
        # In a zone of one label, such as `test`, its name below it is nothing odd.
        self._doubled = self._zone[:-1] if names.label_count(origin) > 1 else "."
        self.has_variants = False

    def owner(self, key: Scalar) -> bytes | None:
        """Return the owner that a key names; ``None`` when it was reported."""
        text: str = key.value
        if not text:
            return self._origin
        if _PLAIN.fullmatch(text):  # nearly every key; the rest is much slower
            labels = text.encode().split(b".")
            owner = b"".join([_LENGTH[len(label)] + label for label in labels]) + self._origin
            if len(owner) <= names.MAX_NAME_OCTETS and not text.endswith(self._doubled):
                return owner
        else:
            self.has_variants = True
        return self._odd_owner(key, text)

    def _odd_owner(self, key: Scalar, text: str) -> bytes | None:
        if text == "@":
            self._refuse(key, "owner-at", "'@' is not a name here", "''")
            return None
        ascii_text = text
        try:
            ascii_text = idn.to_ascii(text)
            if names.is_absolute(ascii_text):
                self._absolute(key, names.from_text(ascii_text, None))
                return None
            owner = names.from_text(ascii_text, self._origin)
        except FormError as error:
            self._refuse(key, "owner-name", f"{quoted(text)} is not a name: {error.reason}")
            return None
        if any(character.isspace() for character in text):
            hint = f"if it is meant: {self._as_key(owner)}"
            self._refuse(key, "owner-space", f"white space in {quoted(text)}", hint)
            return None
        if ascii_text.lower().endswith(self._doubled):
            self._warn_doubled(key, owner, ascii_text.lower())
        return owner

    def _refuse(self, key: Scalar, problem_id: str, message: str, hint: str = "") -> None:
        self._report(Problem(where(key), problem_id, message, _RELATIVE, hint))

    def _absolute(self, key: Scalar, owner: bytes) -> None:
        if names.is_subdomain(owner, self._origin):
            hint = self._as_key(owner)
            self._refuse(key, "owner-absolute", f"{quoted(key.value)} is absolute", hint)
        else:
            message = f"{quoted(key.value)} is not in the zone {self._zone}"
            self._refuse(key, "owner-outside", message)

    def _as_key(self, owner: bytes) -> str:
        """Write an owner as a key with single quotes, in which YAML has no escapes."""
        text = names.relative_text(owner, self._origin).replace("'", "''")
        return f"'{text}'"

    def _warn_doubled(self, key: Scalar, owner: bytes, text: str) -> None:
        short = text.removesuffix(self._doubled)
        if short and not short.endswith("."):
            return
        message = f"{quoted(key.value)} stands for {names.to_text(owner)}"
        hint = f"{short.rstrip('.')!r} if the zone was written twice"
        self._report(
            Problem(where(key), "owner-doubled", message, _RELATIVE, hint, Severity.WARNING)
        )
