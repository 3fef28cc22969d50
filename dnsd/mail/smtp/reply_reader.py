"""Reading what a server answers, whole replies out of octets in any pieces.

What a server says is not to be trusted: lines, lines of a reply and octets of both are
bounded, and text reaches people as printable ASCII only.

Source: RFC 5321 §4.2. A line may end with LF alone and have no text behind its code, as
old servers do it.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

MAX_LINE_OCTETS: Final = 2048
# An EHLO answer with a line for every extension there is has some thirty.
MAX_REPLY_LINES: Final = 100
# Of the text of a reply, what logs and notifications hold.
MAX_TEXT: Final = 400

_LINE: Final = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
_ENHANCED: Final = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?: |$)")
_UNPRINTABLE: Final = re.compile(r"[^ -~]")


class ReplyError(ValueError):
    """What came is no reply; the text says why and repeats nothing of it."""


class ServerReply(NamedTuple):
    """A reply of a server.

    Attributes:
        code: 200..599.
        lines: the text of each, printable ASCII, at least one.
    """

    code: int
    lines: tuple[str, ...]

    @property
    def is_positive(self) -> bool:
        """Whether the command was accepted (2xx) or is to be gone on with (3xx)."""
        return self.code < 400

    @property
    def is_permanent(self) -> bool:
        """Whether the same will not go well later."""
        return self.code >= 500

    @property
    def enhanced(self) -> str:
        """The enhanced code of the reply, or the one that says least (RFC 3463 §2)."""
        found = _ENHANCED.match(self.lines[0])
        if found and found[1][0] == str(self.code)[0]:
            return found[1]
        return f"{min(max(self.code // 100, 2), 5)}.0.0"

    def __str__(self) -> str:
        """Return the reply in one line, not longer than logs should hold."""
        text = f"{self.code} {' '.join(line for line in self.lines if line)}".rstrip()
        return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 3] + "..."


class ReplyReader:
    """Takes octets, gives replies."""

    __slots__ = ("_at", "_buffer", "_code", "_lines")

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0  # where the next line begins: nothing is copied a line
        self._code = 0
        self._lines: list[str] = []

    def receive(self, octets: bytes) -> None:
        """Take octets as they came."""
        self._buffer = self._buffer[self._at :] + octets
        self._at = 0

    def next_reply(self) -> ServerReply | None:
        """Return the next whole reply; None if there is none yet.

        Raises:
            ReplyError: what came is none.
        """
        while True:
            at = self._at
            end = self._buffer.find(b"\n", at, at + MAX_LINE_OCTETS)
            if end < 0:
                if len(self._buffer) - at >= MAX_LINE_OCTETS:
                    raise ReplyError("a line of the reply is too long")
                return None
            self._at = end + 1
            line = self._buffer[at:end].removesuffix(b"\r")
            if reply := self._take(line):
                return reply

    def forget(self) -> bool:
        """Drop what was received and not read; tell whether there was something."""
        had_octets = len(self._buffer) > self._at or bool(self._lines)
        self._buffer, self._at = b"", 0
        self._lines.clear()
        return had_octets

    def _take(self, line: bytes) -> ServerReply | None:
        """Take one line; return the reply that it ends."""
        match = _LINE.fullmatch(line)
        if match is None:
            raise ReplyError("not a reply of SMTP")
        code = int(match[1])
        if self._lines and code != self._code:
            raise ReplyError("a reply with two codes")
        text = _UNPRINTABLE.sub("?", (match[3] or b"").decode("latin-1"))
        if match[2] == b"-":
            self._code = code
            self._lines.append(text)
            if len(self._lines) >= MAX_REPLY_LINES:
                raise ReplyError("a reply of too many lines")
            return None
        lines = (*self._lines, text)
        self._lines.clear()
        return ServerReply(code, lines)
