"""Message octets as they travel behind DATA: dots doubled, lines bounded, one end.

Whatever stands in the store, nothing that a next hop could read as the end of the
message, or as a line end of its own making, leaves here: a dot that begins a line is
doubled at every edge of the pieces in which the message is read, a line over 998
octets is broken by CR LF SPACE as Postfix breaks it, and a CR or LF on its own is no
message that we may have accepted, so it ends the attempt.

Source: RFC 5321 §4.5.2 (transparency), §2.3.8 (lines), §4.5.3.1.6 (length).
"""

from __future__ import annotations

from typing import Final

MAX_LINE_OCTETS: Final = 998  # without its CR LF
_BREAK: Final = b"\r\n "
_END: Final = b".\r\n"


class BareLineEnd(ValueError):  # noqa: N818 - what was found
    """A CR without its LF, or the other way round."""


class Stuffing:
    """Makes of the pieces of one message what is sent, piece by piece."""

    __slots__ = ("_column", "_tail")

    def __init__(self) -> None:
        # As if a line had ended: a dot that begins the message begins a line.
        self._tail = b"\r\n"
        self._column = 0  # octets of the line that the last piece ended in

    def piece(self, octets: bytes) -> bytes:
        """Return what is sent for the next piece of the message.

        Args:
            octets: one or more; pieces may end anywhere, between CR and LF too.

        Raises:
            BareLineEnd: a CR or LF on its own.
        """
        tail = self._tail
        self._check(octets, tail)
        self._tail = (tail + octets)[-2:] if len(octets) < 2 else octets[-2:]
        octets = self._broken(octets)
        out = octets.replace(b"\r\n.", b"\r\n..")
        # A line end that began in the piece before: `replace` could not see it.
        if octets.startswith(b"."):
            return b"." + out if tail == b"\r\n" else out
        if octets.startswith(b"\n.") and tail.endswith(b"\r"):
            return b"\n.." + out[2:]
        return out

    def end(self) -> bytes:
        """Return the end of the message; a last line without an end is given one.

        Raises:
            BareLineEnd: the message ends with a CR.
        """
        if self._tail == b"\r\n":
            return _END
        if self._tail.endswith(b"\r"):
            raise BareLineEnd("CR at the end of the message")
        return b"\r\n" + _END

    def _check(self, octets: bytes, tail: bytes) -> None:
        """Refuse line ends that are none; a CR at the very end is judged with what follows."""
        pairs = octets.count(b"\r\n")
        feeds, returns = octets.count(b"\n"), octets.count(b"\r")
        if tail.endswith(b"\r"):
            if not octets.startswith(b"\n"):
                raise BareLineEnd("CR without LF in the message")
            feeds -= 1
        if octets.endswith(b"\r"):
            returns -= 1
        if feeds != pairs or returns != pairs:
            raise BareLineEnd("CR or LF on its own in the message")

    def _broken(self, octets: bytes) -> bytes:
        """Break lines that are too long."""
        # From line end to line end, the last one within reach each time: a look at every
        # thousandth octet finds that no line is too long.
        start, size = -self._column, len(octets)
        while start + MAX_LINE_OCTETS + 2 <= size:
            feed = octets.rfind(b"\n", max(start, 0), start + MAX_LINE_OCTETS + 2)
            if feed < 0:
                return self._broken_lines(octets)
            start = feed + 1
        feed = octets.rfind(b"\n", max(start, 0))
        self._column = size - (feed + 1 if feed >= 0 else start)
        return octets

    def _broken_lines(self, octets: bytes) -> bytes:
        """Break at least one line; pieces may come out longer."""
        lines = octets.split(b"\n")
        column = self._column
        for i, line in enumerate(lines):
            parts, at = [], 0
            # The CR of a line end does not count.
            length = len(line) - line.endswith(b"\r")
            while column + length - at > MAX_LINE_OCTETS:
                cut = _cut(line, at, at + max(MAX_LINE_OCTETS - column, 0))
                parts.append(line[at:cut])
                at, column = cut, len(_BREAK) - 2
            parts.append(line[at:])
            lines[i] = _BREAK.join(parts)
            column = 0 if i + 1 < len(lines) else column + len(line) - at
        self._column = column
        return b"\n".join(lines)


def _cut(line: bytes, start: int, end: int) -> int:
    """Return where to break: at an end, but not within a character of UTF-8."""
    for cut in range(end, max(end - 4, start), -1):
        if line[cut] & 0xC0 != 0x80:
            return cut
    return end
