r"""Single fields of record values: text as written to rdata octets.

Numbers are written plainly (YAML 1.1 would make 8 of ``010``, so that is
refused), names absolute, octets in hexadecimal. Text fields follow octoDNS,
which puts them between the quotes of presentation form as they are: ``\;`` is
``;``, and ``\DDD`` and ``\X`` work (RFC 1035 §5.1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnsd.authority.zonefile import idn
from dnsd.source.problems import quoted, shortened
from dnsd.wire import names
from dnsd.wire.errors import FormError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.source.nodes import Mapping, Node

_INTEGER = re.compile(r"0|[1-9][0-9]{0,9}")
_ESCAPE = re.compile(rb"\\([0-9]{3}|[^0-9])", re.DOTALL)
NAME_FORM = "a name that ends with a dot"
_DECIMAL = re.compile(r"-?[0-9]{1,8}(\.[0-9]{1,20})?")
_TAG = re.compile(r"[a-zA-Z0-9]{1,255}")


class FieldDefect(Exception):  # noqa: N818 - becomes a Problem where type and place are known
    """A field that is not what its type wants.

    Attributes:
        suffix: last part of the problem's id.
        reason: clause that follows the field's name.
        hint: the text to type, may be empty.
    """

    def __init__(self, suffix: str, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.suffix = suffix
        self.reason = reason
        self.hint = hint


class UndottedName(FieldDefect):
    """A name of several labels without its final dot.

    octoDNS takes it as absolute, so it can be read; ``octets`` is the name.
    """

    def __init__(self, text: str, octets: bytes) -> None:
        super().__init__("dot", f"{quoted(text)} does not end with a dot", f"{text}.")
        self.octets = octets


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record value.

    Attributes:
        name: its key.
        read: text to octets; raises :class:`FieldDefect`.
        expected: what is accepted, without the rule's source.
        aliases: older keys for the same.
        default: text when it is not written; ``None`` when it must be.
    """

    name: str
    read: Callable[[str], bytes]
    expected: str
    aliases: tuple[str, ...] = ()
    default: str | None = None

    def find(self, value: Mapping) -> tuple[str | None, Node | None]:
        """Find the key that a value has for this field, and what is under it."""
        entry = value.fields.get(self.name)
        if entry is not None:
            return self.name, entry[1]
        for alias in self.aliases:
            entry = value.fields.get(alias)
            if entry is not None:
                return alias, entry[1]
        return None, None


def integer(
    name: str,
    octets: int,
    aliases: tuple[str, ...] = (),
    default: str | None = None,
    hint: str = "",
) -> Field:
    """Make a field of an unsigned number."""
    limit = (1 << 8 * octets) - 1

    def read(text: str) -> bytes:
        number = whole_number(text)
        if number > limit:
            raise FieldDefect("range", f"{number} is out of range", hint)
        return number.to_bytes(octets, "big")

    return Field(name, read, f"an integer from 0 to {limit}", aliases, default)


def whole_number(text: str) -> int:
    """Read a number of at most ten digits.

    Raises:
        FieldDefect: not a number, or one that YAML 1.1 would read as octal.
    """
    if _INTEGER.fullmatch(text):
        return int(text)
    if text.isascii() and text.isdigit():
        plain = text.lstrip("0") or "0"
        if len(plain) > 10:
            raise FieldDefect("range", f"{quoted(text)} is out of range")
        raise FieldDefect("number", f"{shortened(text)} has a leading zero", plain)
    if text[:1] == "-" and text[1:].isdigit():
        raise FieldDefect("range", f"{quoted(text)} is out of range")
    raise FieldDefect("number", f"{quoted(text)} is not a whole number")


def target_name(text: str) -> bytes:
    """Read the absolute name of another host.

    Raises:
        UndottedName: only the final dot is missing.
        FieldDefect: not a name.
    """
    try:
        ascii_text = idn.to_ascii(text)
        if names.is_absolute(ascii_text):
            return names.from_text(ascii_text, None)
        octets = names.from_text(ascii_text, names.ROOT)
    except FormError as error:
        raise FieldDefect("name", f"{quoted(text)} is not a name: {error.reason}") from None
    if text == "@" or names.label_count(octets) < 2:
        raise FieldDefect("name", f"{quoted(text)} is not an absolute name")
    if text.rpartition(".")[2].isdigit():
        raise FieldDefect("name", f"{quoted(text)} is an address, not a name")
    raise UndottedName(text, octets)


def name(key: str, aliases: tuple[str, ...] = ()) -> Field:
    """Make a field that holds a name."""
    return Field(key, target_name, NAME_FORM, aliases)


def unescaped(text: str) -> bytes:
    r"""Read presentation text without its quotes: ``\;`` is ``;``.

    Raises:
        FieldDefect: ``\DDD`` above 255, or a backslash at the end.
    """
    octets = text.encode()
    if b"\\" not in octets:
        return octets
    try:
        return _ESCAPE.sub(_escape, octets)
    except ValueError:
        raise FieldDefect("text", f"{quoted(text)} has an escape above \\255") from None


def _escape(match: re.Match[bytes]) -> bytes:
    escape = match[1]
    return bytes([int(escape)]) if len(escape) == 3 else escape


def _string(text: str) -> bytes:
    octets = unescaped(text)
    if len(octets) > 255:
        raise FieldDefect("length", f"has {len(octets)} octets")
    return bytes([len(octets)]) + octets


def string(key: str) -> Field:
    """Make a field of a string with its length in front (RFC 1035 §3.3)."""
    return Field(key, _string, "at most 255 octets of text")


def rest(key: str) -> Field:
    """Make a field of text that takes all that is left of the rdata."""
    return Field(key, unescaped, "text")


def _tag(text: str) -> bytes:
    if not _TAG.fullmatch(text):
        raise FieldDefect("text", f"{quoted(text)} is not made of letters and digits")
    return bytes([len(text)]) + text.encode()


def tag(key: str) -> Field:
    """Make a field of letters and digits with the length in front."""
    return Field(key, _tag, "ASCII letters and digits, as issue or issuewild")


def _hexadecimal(text: str) -> bytes:
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        raise FieldDefect("hex", f"{quoted(text)} is not hexadecimal") from None
    if not octets:
        raise FieldDefect("hex", "is empty")
    return octets


def hexadecimal(key: str) -> Field:
    """Make a field of octets that takes all that is left of the rdata."""
    return Field(key, _hexadecimal, "pairs of hexadecimal digits")


def decimal(key: str, default: str | None = None) -> Field:
    """Make a field of a decimal number, kept as text."""

    def read(text: str) -> bytes:
        if not _DECIMAL.fullmatch(text):
            raise FieldDefect("number", f"{quoted(text)} is not a number")
        return text.encode()

    return Field(key, read, "a decimal number", default=default)


def letter(key: str, letters: str) -> Field:
    """Make a field of one of some letters, kept as text."""

    def read(text: str) -> bytes:
        if len(text) != 1 or text.upper() not in letters:
            raise FieldDefect("letter", f"{quoted(text)} is something else")
        return text.upper().encode()

    return Field(key, read, f"one of {', '.join(letters)}")
