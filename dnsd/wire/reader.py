"""The cursor over one DNS message: the only reader of untrusted DNS octets.

Every read is bounded, and the only exception is :class:`FormError`. Names are
expanded under the rules that RFC 9267 asks for:

- a pointer goes backwards from the labels it ends, not into the header, to
  a name that ends before those labels begin, so there are no loops;
- a message has at most 1,000 pointers that lead to a place not read before;
- 255 octets, and with them 127 labels, a name;
- label types 0b01 and 0b10 are refused (RFC 6891 §5, RFC 6895 §3.3 reserve them);
- the part of a name that stands at the cursor ends before ``end``, which
  callers narrow to the rdata that they read.

What a pointer led to is remembered, so that expanding all names of a message
takes time in proportion to its octets and to the names' 255 octets.
"""

from __future__ import annotations

from dnsd.wire.errors import FormError
from dnsd.wire.names import MAX_LABEL_OCTETS, MAX_NAME_OCTETS

HEADER_OCTETS = 12

# Pointers to where another name began are free. What is left is one for each
# name whose tail other names share: few in answers. A reader of zone transfers
# may allow more.
MAX_POINTER_HOPS = 1000


class Reader:
    """A cursor that moves over the octets of one message.

    Attributes:
        message: all its octets; pointers count from the start.
        offset: where the next read begins.
        end: no read at the cursor passes this offset.
        pointer_hops: pointers followed so far to places not read before.
    """

    __slots__ = ("_expanded", "end", "max_pointer_hops", "message", "offset", "pointer_hops")

    def __init__(
        self, message: bytes, offset: int = 0, *, max_pointer_hops: int = MAX_POINTER_HOPS
    ) -> None:
        self.message = message
        self.offset = offset
        self.end = len(message)
        self.max_pointer_hops = max_pointer_hops
        self.pointer_hops = 0
        self._expanded: dict[int, bytes] = {}

    @property
    def remaining(self) -> int:
        """Octets from the cursor to ``end``."""
        return self.end - self.offset

    def uint8(self) -> int:
        """Read an unsigned 8-bit integer."""
        offset = self.offset
        self.skip(1)
        return self.message[offset]

    def uint16(self) -> int:
        """Read an unsigned 16-bit integer."""
        return int.from_bytes(self.octets(2), "big")

    def uint32(self) -> int:
        """Read an unsigned 32-bit integer."""
        return int.from_bytes(self.octets(4), "big")

    def octets(self, count: int) -> bytes:
        """Read ``count`` octets.

        Raises:
            FormError: fewer remain.
        """
        offset = self.offset
        self.skip(count)
        return self.message[offset : offset + count]

    def skip(self, count: int) -> None:
        """Move over ``count`` octets.

        Raises:
            FormError: fewer remain.
        """
        offset = self.offset + count
        if offset > self.end or count < 0:
            raise FormError(f"{count} octets announced, {self.remaining} there", self.offset)
        self.offset = offset

    def name(self) -> bytes:
        """Read a name, expanded and in canonical form.

        Raises:
            FormError: not a name, or a bound exceeded.
        """
        return self.name_as_sent().lower()

    def name_as_sent(self) -> bytes:
        """Read a name, expanded, with the letter case that was sent.

        Raises:
            FormError: not a name, or a bound exceeded.
        """
        start = stop = self.offset
        message = self.message
        # Most names of a message are a pointer to one that was read before, or one
        # label and such a pointer.
        if stop < self.end and 0 < message[stop] <= MAX_LABEL_OCTETS:
            stop += 1 + message[stop]
        if stop + 2 <= self.end and (high := message[stop]) >= 0xC0:
            target = (high & 0x3F) << 8 | message[stop + 1]
            known = self._expanded.get(target)
            if known is not None and HEADER_OCTETS <= target < start:
                self.offset = stop + 2
                return known if stop == start else self._joined(start, stop, known)
        return self._walked(start)

    def _walked(self, start: int) -> bytes:
        """Read the name at the cursor label by label, expanded."""
        stop, target = self._labels(start, self.end)
        if target < 0:
            self.offset = stop
            name = self.message[start:stop]
            self._expanded[start] = name
            return name
        self.offset = stop + 2
        name = self._expanded.get(target) or self._follow(target, start)
        return self._joined(start, stop, name)

    def _joined(self, start: int, stop: int, tail: bytes) -> bytes:
        """Join labels and the name that a pointer behind them led to, and remember it."""
        name = self.message[start:stop] + tail
        if len(name) > MAX_NAME_OCTETS:
            raise FormError(f"name of more than {MAX_NAME_OCTETS} octets", start)
        self._expanded[start] = name
        return name

    def uncompressed_name(self) -> bytes:
        """Read a name that must not have a pointer, letter case as sent.

        Raises:
            FormError: not a name, a bound exceeded, or a pointer in it.
        """
        start = self.offset
        stop, target = self._labels(start, self.end)
        if target >= 0:
            raise FormError("compressed name where none may be", stop)
        self.offset = stop
        return self.message[start:stop]

    def _labels(self, start: int, end: int) -> tuple[int, int]:
        """Walk the labels at ``start``, up to the root label or a pointer.

        Returns:
            The offset behind the root label and -1, or the offset of the
            pointer and its target.
        """
        message = self.message
        offset = start
        limit = min(end, start + MAX_NAME_OCTETS)
        while offset < limit:
            length = message[offset]
            if length == 0:
                return offset + 1, -1
            if length > 63:
                if length < 0xC0:
                    raise FormError("reserved label type", offset)
                if offset + 1 >= end:
                    raise FormError("half a pointer", offset)
                target = (length & 0x3F) << 8 | message[offset + 1]
                if target >= start:
                    raise FormError("pointer that does not go backwards", offset)
                if target < HEADER_OCTETS:
                    raise FormError("pointer into the header", offset)
                return offset, target
            offset += 1 + length
        if end > limit:
            raise FormError(f"name of more than {MAX_NAME_OCTETS} octets", start)
        raise FormError("name runs over the end", start)

    def _follow(self, target: int, end: int) -> bytes:
        """Expand the name at a pointer's target, and remember it.

        A target is the end of an earlier name, so it ends before the labels
        that point to it begin, at ``end``.

        The walk goes down the chain of pointers and then builds the names on
        the way back, so that every target of the chain is remembered.
        """
        chain: list[tuple[int, int]] = []
        name = b""
        while target >= 0:
            known = self._expanded.get(target)
            if known is not None:
                name = known
                break
            self.pointer_hops += 1
            if self.pointer_hops > self.max_pointer_hops:
                raise FormError(f"more than {self.max_pointer_hops} pointers to follow", target)
            stop, further = self._labels(target, end)
            chain.append((target, stop))
            target, end = further, target
        for start, stop in reversed(chain):
            name = self._joined(start, stop, name)
        return name
