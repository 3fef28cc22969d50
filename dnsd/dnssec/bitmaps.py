"""The type bit maps of NSEC and NSEC3: which types a name has.

Layout, once for each window that has a type, windows in rising order::

    +--------+--------+----------------------+
    | window | length |  bits, 1..32 octets  |   type = window * 256 + bit,
    +--------+--------+----------------------+   bit 0 is the leftmost

A bit map may set all 65,536 bits, so it is kept as octets and asked for single
types; it is never made a set.

Source: RFC 4034 §4.1.2, RFC 5155 §3.2.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.wire.errors import FormError

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_WINDOW_OCTETS = 32


class TypeBitmap:
    """The types of one name; ``rrtype in bitmap`` asks for one."""

    __slots__ = ("_windows", "octets")

    def __init__(self, octets: bytes) -> None:
        """Read a bit map that ends where the octets end.

        An empty one is right (NSEC3 of an empty non-terminal), and zero octets
        at the end of a window are let pass.

        Args:
            octets: at most 8,704, the rest of the rdata.

        Raises:
            FormError: a window out of order, without bits, or cut off.
        """
        windows: dict[int, bytes] = {}
        offset = 0
        last = -1
        while offset < len(octets):
            window = octets[offset]
            length = octets[offset + 1] if offset + 1 < len(octets) else 0
            bits = octets[offset + 2 : offset + 2 + length]
            if window <= last:
                raise FormError("window of types out of order", offset)
            if not 0 < length <= _MAX_WINDOW_OCTETS or len(bits) < length:
                raise FormError("window of types without its 1 to 32 octets", offset)
            windows[window] = bits
            last = window
            offset += 2 + length
        self.octets = octets
        self._windows = windows

    def __contains__(self, rrtype: int) -> bool:
        bits = self._windows.get(rrtype >> 8)
        place = (rrtype & 0xFF) >> 3
        if bits is None or place >= len(bits):
            return False
        return bool(bits[place] << (rrtype & 7) & 0x80)


def render(rrtypes: Iterable[int]) -> bytes:
    """Write a bit map.

    Args:
        rrtypes: 0..65535 each, in any order, repetitions allowed.

    Returns:
        The shortest octets; none for no type.
    """
    windows: dict[int, int] = {}
    for rrtype in rrtypes:
        window = rrtype >> 8
        windows[window] = windows.get(window, 0) | 1 << (255 - (rrtype & 0xFF))
    parts = bytearray()
    for window in sorted(windows):
        bits = windows[window].to_bytes(_MAX_WINDOW_OCTETS, "big").rstrip(b"\x00")
        parts += bytes((window, len(bits)))
        parts += bits
    return bytes(parts)
