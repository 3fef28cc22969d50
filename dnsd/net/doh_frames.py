"""HTTP/2 frames, counted before anybody works on them.

What a peer can send for nothing, and what each thing costs us, is not for the
HTTP/2 library to know. Here only the nine octets in front of each frame are
read (RFC 9113 §4.1), and a connection ends that sends

- a frame that is longer than we allow, or headers that are, also in pieces
  (CVE-2024-27316 and others: CONTINUATION without end);
- too many frames that are no requests: PING, SETTINGS, PRIORITY, WINDOW_UPDATE,
  DATA in crumbs, frames of unknown types. Every request earns some;
- more resets of requests than its rate (CVE-2023-44487), be it that it resets
  them or that it makes us do so (CVE-2025-8671).
"""

from __future__ import annotations

from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113 §3.4
MAX_FRAME_OCTETS: Final = 16384  # RFC 9113 §4.2: the least that we must take

_FRAME_HEAD: Final = 9
_HEADERS: Final = 1
_RST_STREAM: Final = 3
_CONTINUATION: Final = 9

# Frames beside HEADERS: at once, a second, and for each request.
_FRAMES: Final = 400.0
_FRAMES_PER_SECOND: Final = 200.0
_FRAMES_PER_REQUEST: Final = 8.0


class Allowance:
    """So many at once, and as many again each second."""

    __slots__ = ("_at", "_left", "_most", "_rate")

    def __init__(self, most: float, rate: float, now: float) -> None:
        self._left = self._most = most
        self._rate = rate
        self._at = now

    def take(self, now: float) -> bool:
        """Use one up; false when none is left."""
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        self._left -= 1.0
        return self._left >= 0.0

    def earn(self, count: float) -> None:
        """Add some, up to the most there may be."""
        self._left = min(self._most, self._left + count)


class FrameMeter:
    """Follows one connection's frames from its first octet."""

    __slots__ = ("_block", "_frames", "_head", "_left", "_max_block", "_resets")

    def __init__(self, headers_octets: int, resets_per_second: int, now: float) -> None:
        self._left = len(PREFACE)
        self._head = b""
        self._block = 0  # octets of the headers that are under way
        self._max_block = headers_octets
        self._frames = Allowance(_FRAMES, _FRAMES_PER_SECOND, now)
        self._resets = Allowance(resets_per_second, resets_per_second, now)

    def meter(self, octets: bytes, now: float) -> str:
        """Look at octets in the order they came.

        Returns:
            The name of the limit that they pass, with which the connection has to
            end; empty if none.
        """
        offset, end = 0, len(octets)
        while offset < end:
            if self._left:
                step = min(self._left, end - offset)
                self._left -= step
                offset += step
                continue
            step = _FRAME_HEAD - len(self._head)
            self._head += octets[offset : offset + step]
            offset += step
            if len(self._head) < _FRAME_HEAD:
                break
            limit = self._begin(self._head, now)
            if limit:
                return limit
            self._head = b""
        return ""

    def take_reset(self, now: float) -> bool:
        """Count a request that ends without an answer; false when there are too many."""
        return self._resets.take(now)

    def _begin(self, head: bytes, now: float) -> str:
        """Judge a frame by its head."""
        length, kind = int.from_bytes(head[:3], "big"), head[3]
        self._left = length
        if length > MAX_FRAME_OCTETS:
            return "doh_frames"
        if kind in {_HEADERS, _CONTINUATION}:
            self._block = (self._block if kind == _CONTINUATION else 0) + length
            if self._block > self._max_block:
                return "doh_headers"
        if kind == _HEADERS:
            self._frames.earn(_FRAMES_PER_REQUEST)
            return ""
        if kind == _RST_STREAM and not self.take_reset(now):
            return "doh_resets"
        return "" if self._frames.take(now) else "doh_frames"
