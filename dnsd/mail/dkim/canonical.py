"""The two forms of header and body that a signature covers: ``simple`` and ``relaxed``.

Both forget about empty lines at the end of the body, of which an attacker may send as
many as fit into a message; here they are a number, not octets.

Source: RFC 6376 §3.4.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_BLANKS: Final = re.compile(rb"[ \t]+")
_CRLF: Final = b"\r\n"
# Empty lines are handed on in pieces of this many.
_LINES_AT_ONCE: Final = 32768


class Form(enum.Enum):
    """How much a relay may change without breaking a signature; the value is its name."""

    SIMPLE = "simple"
    RELAXED = "relaxed"


class Hash(Protocol):
    """Takes octets, as those of :mod:`hashlib`."""

    def update(self, octets: bytes, /) -> None:
        """Take more octets."""

    def digest(self) -> bytes:
        """Return the hash of all so far."""


def header_field(form: Form, field: bytes) -> bytes:
    """Return a header field in a canonical form.

    Args:
        form: which.
        field: name, colon and value, folded as it came, with the CR LF at its end.
    """
    if form is Form.SIMPLE:
        return field
    name, _, value = field.partition(b":")
    unfolded = _BLANKS.sub(b" ", value.replace(_CRLF, b""))
    return name.rstrip(b" \t").lower() + b":" + unfolded.strip(b" ") + _CRLF


class BodyHash:
    """Hashes a body in a canonical form, as it comes in.

    Attributes:
        octets: of the canonical form so far, whether they count or not.
    """

    def __init__(self, form: Form, make: Callable[[], Hash], length: int | None = None) -> None:
        """Begin.

        Args:
            form: which.
            make: makes the hash.
            length: octets of the canonical form that count (``l=``); ``None`` is all.
        """
        self.octets = 0
        self._is_relaxed = form is Form.RELAXED
        self._ends = b" \t\r\n" if self._is_relaxed else _CRLF
        self._hash = make()
        self._left = length
        self._lines = 0  # line ends that have not been hashed: perhaps the last ones
        self._blank = b""  # what stands behind them, and may be part of another

    def update(self, octets: bytes) -> None:
        """Take more of the body, whose lines end with CR LF.

        Args:
            octets: of any number, cut anywhere.
        """
        text = self._blank + octets
        body = text.rstrip(self._ends)
        if body:
            self._give_lines()
            self._give(self._form(body))
        blank = self._form(text[len(body) :])
        self._lines += blank.count(_CRLF)
        self._blank = blank[blank.rfind(_CRLF) + 2 :] if _CRLF in blank else blank

    def digest(self) -> bytes:
        """Return the hash of the whole body; nothing can be added."""
        # It ends with one line end, and an empty one is that in the simple form only.
        if self.octets or not self._is_relaxed:
            self._give(_CRLF)
        return self._hash.digest()

    def _form(self, octets: bytes) -> bytes:
        if not self._is_relaxed:
            return octets
        return _BLANKS.sub(b" ", octets).replace(b" \r\n", _CRLF)

    def _give_lines(self) -> None:
        while self._lines:
            number = min(self._lines, _LINES_AT_ONCE)
            self._give(_CRLF * number)
            self._lines -= number

    def _give(self, octets: bytes) -> None:
        self.octets += len(octets)
        if self._left is not None:
            octets = octets[: self._left]
            self._left -= len(octets)
        self._hash.update(octets)
