r"""``$GENERATE`` of master files: one line that stands for many.

``$GENERATE 1-3 host$ A 192.0.2.$`` makes three records. ``$`` is the number,
``${offset,width,base}`` a changed one (base d, o, x or X; n or N for the nibbles
of a name under ``ip6.arpa``), ``\$`` a dollar.
Source: the BIND 9 manual; there is no RFC.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dnsd.wire.errors import FormError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_GENERATED = 65_536  # of one line: a /16 of addresses
_RANGE = re.compile(r"([0-9]{1,10})-([0-9]{1,10})(?:/([0-9]{1,10}))?")
_NUMBER = re.compile(r"(\\.)|\$\$|\$(\{[^}]*\}?)?", re.DOTALL)
_CHANGED = re.compile(r"\{(-?[0-9]{1,10})(?:,([0-9]{1,3})(?:,([doxXnN]))?)?\}")


def generate(texts: list[str]) -> Iterator[list[str]]:
    """Yield the tokens of each line.

    Args:
        texts: the range, then the tokens that numbers are put into.

    Raises:
        FormError: not a range, or too many lines.
    """
    match = _RANGE.fullmatch(texts[0])
    if match is None:
        raise FormError(f"{texts[0][:32]!r} is not a range as 1-10 or 0-20/2")
    start, stop, step = int(match[1]), int(match[2]), int(match[3] or 1)
    if start > stop or step == 0:
        raise FormError(f"{texts[0]!r} is an empty range")
    numbers = range(start, stop + 1, step)
    if len(numbers) > MAX_GENERATED:
        raise FormError(f"{len(numbers)} lines, the limit is {MAX_GENERATED}")
    for number in numbers:
        yield [_put_in(text, number) for text in texts[1:]]


def _put_in(text: str, number: int) -> str:
    if "$" not in text:
        return text

    def written(match: re.Match[str]) -> str:
        escaped, braces = match.groups()
        if escaped:
            return "$" if escaped == "\\$" else escaped
        if match[0] == "$$":
            return "$"
        return _changed(braces, number) if braces else str(number)

    return _NUMBER.sub(written, text)


def _changed(braces: str, number: int) -> str:
    match = _CHANGED.fullmatch(braces)
    if match is None:
        raise FormError(f"{braces[:32]!r} is not as {{offset,width,base}}, base d, o, x, X, n or N")
    value, width, base = number + int(match[1]), int(match[2] or 0), match[3] or "d"
    if value < 0:
        raise FormError(f"${braces} makes {number} negative")
    if base in "nN":
        return _nibbles(value, width, "x" if base == "n" else "X")
    return f"{value:0{width or 1}{base}}"


def _nibbles(value: int, width: int, base: str) -> str:
    """Write hexadecimal digits as labels, the last one first; dots count as width."""
    text = f"{value & 15:{base}}"
    while (value := value >> 4) or len(text) < width:
        text += "."
        if value or len(text) < width:
            text += f"{value & 15:{base}}"
    return text
