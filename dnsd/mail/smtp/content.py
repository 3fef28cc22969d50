r"""The message after DATA: where it ends, and what it may not hold.

Source: RFC 5321 §4.1.1.4, §4.5.2 (transparency), §2.3.8 (line ends).

Only CR LF . CR LF ends a message, and a message with a CR or LF anywhere else is none:
the next server might take such a place for the end, and what follows for a second
message. After that nothing is read as a command either; the conversation is over.

A client of a listed network may be one that knows no better. For it, a lone LF becomes a
line end and a lone CR a space, but neither makes an end of the message.

How it is read: the octets before the message count as a line end, so that one search
finds the end also there. What is kept from one chunk to the next is the longest tail
that the end could begin with, at most four octets; so no place that matters is ever cut,
and all checks are searches over a whole chunk.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dnsd.mail import reply

if TYPE_CHECKING:
    from dnsd.mail.reply import Reply

_END: Final = b"\r\n.\r\n"
_TAILS: Final = tuple(_END[:length] for length in range(4, 0, -1))
_BARE_LF: Final = re.compile(rb"(?<!\r)\n")
_BARE_CR: Final = re.compile(rb"\r(?!\n)")


class Content:
    """Reads one message.

    Attributes:
        octets: of the message that were handed out.
        is_seven_bit: whether all of them were ASCII.
        fault: why the message is none; ``None`` while it may be one.
        has_ended: whether its end was seen.
        dropped_octets: that came behind a fault.
    """

    __slots__ = (
        "_column",
        "_is_first",
        "_limit",
        "_line_end",
        "_line_limit",
        "_normalizes",
        "_tail",
        "dropped_octets",
        "fault",
        "has_ended",
        "is_seven_bit",
        "octets",
    )

    def __init__(self, limit: int, line_limit: int, *, normalizes: bool = False) -> None:
        """Begin.

        Args:
            limit: octets of a message.
            line_limit: octets of a line without its end.
            normalizes: lone CR and LF are made good instead of refused.
        """
        self.octets = 0
        self.is_seven_bit = True
        self.fault: Reply | None = None
        self.has_ended = False
        self.dropped_octets = 0
        self._limit = limit
        self._line_limit = line_limit
        self._normalizes = normalizes
        self._tail = b"\r\n"
        self._line_end = b""  # one that was made good at the end of a chunk
        self._is_first = True
        self._column = 0  # octets of the line that the last chunk ended in

    @property
    def must_close(self) -> bool:
        """Whether nobody knows any more what is message and what is command."""
        return self.fault is reply.BARE_NEWLINE or self.fault is reply.NUL_OCTET

    def feed(self, octets: bytes) -> tuple[bytes, bytes]:
        """Read a chunk.

        Returns:
            What of the message it adds, and what stands behind the end.
        """
        found = self._tail + octets
        end = found.find(_END)
        if end >= 0:
            self.has_ended = True
            part, rest = found[: end + 2], found[end + 5 :]
        else:
            cut = len(found) - _kept(found)
            part, self._tail, rest = found[:cut], found[cut:], b""
        fault = self.fault
        if fault is not None:
            self.dropped_octets += len(octets)
            return b"", rest
        part = self._unstuffed(part)
        if self._is_first and part:
            self._is_first = False
            part = part[2:]
        self.octets += len(part)
        if self.octets > self._limit:
            self.refuse(reply.TOO_LARGE)
        return b"" if self.fault else part, rest

    def refuse(self, fault: Reply) -> None:
        """Drop what still comes."""
        if self.fault is None:
            self.fault = fault

    def _unstuffed(self, part: bytes) -> bytes:
        """Check a part, which no place that matters is cut by, and take its dots off."""
        if self._normalizes:
            part = self._normalized(part)
        ends = part.count(b"\r\n")
        if part.count(b"\r") != ends or part.count(b"\n") != ends:
            self.refuse(reply.BARE_NEWLINE)
        elif b"\x00" in part:
            self.refuse(reply.NUL_OCTET)
        elif self._has_long_line(part):
            self.refuse(reply.DATA_LINE_TOO_LONG)
        if self.is_seven_bit and not part.isascii():
            self.is_seven_bit = False
        return part.replace(b"\r\n.", b"\r\n")

    def _has_long_line(self, part: bytes) -> bool:
        """Look for a line over the limit, in steps of the limit."""
        begin = -self._column
        while len(part) - begin > self._line_limit:
            # The end of a line that is not too long is within the limit and two octets.
            end = part.rfind(b"\r\n", max(begin, 0), begin + self._line_limit + 2)
            if end < 0:
                return True
            begin = end + 2
        last = part.rfind(b"\r\n")
        self._column = len(part) - (last + 2) if last >= 0 else len(part) + self._column
        return False

    def _normalized(self, part: bytes) -> bytes:
        """Make lone line ends good, after the end of the message was looked for."""
        part = self._line_end + _BARE_CR.sub(b" ", _BARE_LF.sub(b"\r\n", part))
        self._line_end = b""
        if part.endswith(b"\r\n") and not self.has_ended:
            # A dot that follows is at the begin of a line.
            part, self._line_end = part[:-2], b"\r\n"
        return part


def _kept(found: bytes) -> int:
    """Return how many octets at the end could begin the end of the message."""
    for tail in _TAILS:
        if found.endswith(tail):
            return len(tail)
    return 0
