"""Messages as dnslib objects, for everything off the hot path.

dnslib reads and writes names through its buffer, and that buffer is replaced
here: pointers only go backwards, labels and names have their limits, any octet
may stand in a label, and no pointer leads past 0x3FFF. Rdata reaches dnslib's
own classes with its names expanded; where a class does not give the same
octets back (text that is not UTF-8, say) the record is opaque instead. Types
dnslib does not know are opaque too, with the names in them expanded.

The one exception is :class:`FormError`. Never call ``parse`` and ``pack`` of
dnslib's own record: they use the stock buffer.

This is a second reading of RFC 1035, on purpose: it shares no code for names
with :mod:`.reader` and :mod:`.writer`, so each can judge the other in tests.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import dnslib
from dnslib.bimap import BimapError
from dnslib.buffer import BufferError as ShortBufferError
from dnslib.dns import RDMAP
from dnslib.label import DNSBuffer, DNSLabelError

from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRClass, RRType
from dnsd.wire.layouts import COMPRESSED, DECOMPRESSED, LAYOUTS, NAME, ONLY_IN, REST, STRING

# What dnslib has been seen to raise for foreign octets.
_RAISED = (
    dnslib.DNSError,
    DNSLabelError,
    ShortBufferError,
    BimapError,
    ValueError,
    IndexError,
    struct.error,
    RecursionError,
)

# Types of numbers and names only, which dnslib reads, writes and shows rightly.
_PLAIN = frozenset(
    rrtype for rrtype, layout in LAYOUTS.items() if REST not in layout and STRING not in layout
)

_MAX_HOPS: Final = 1000
_MAX_NAME: Final = 255
_POINTER_LIMIT: Final = 0x4000


class GuardedBuffer(DNSBuffer):  # type: ignore[misc]  # dnslib has no types
    """dnslib's buffer with names read and written by the rules.

    Attributes:
        compress: whether names may have pointers, read or written.
    """

    offset: int

    def __init__(self, data: bytes = b"", *, compress: bool = True) -> None:
        super().__init__(data)
        self.compress = compress
        self._known: dict[int, tuple[bytes, ...]] = {}
        self._hops = 0

    def decode_name(self, last: int = -1, *, pointers: bool = True) -> Any:
        """Read the name at the cursor, whatever octets its labels have.

        Args:
            last: dnslib's own guard against loops, not needed here.
            pointers: whether the name may be compressed.
        """
        del last
        start = self.offset
        labels: list[bytes] = []
        target = self._labels(labels, pointers=pointers and self.compress)
        behind = self.offset
        starts = [(start, 0)]
        while target >= 0 and target not in self._known:
            self._hops += 1
            if self._hops > _MAX_HOPS:
                raise FormError(f"more than {_MAX_HOPS} pointers to follow", target)
            starts.append((target, len(labels)))
            self.offset, segment = target, starts[-2][0]
            target = self._labels(labels, pointers=True)
            if self.offset > segment:
                raise FormError("pointer to labels that overlap it", start)
        self.offset = behind
        labels += self._known.get(target, ())
        if _octets(labels) > _MAX_NAME:
            raise FormError(f"name of more than {_MAX_NAME} octets", start)
        for offset, index in starts:
            self._known[offset] = tuple(labels[index:])
        return dnslib.DNSLabel(labels)

    def _labels(self, labels: list[bytes], *, pointers: bool) -> int:
        """Collect labels up to the root label or a pointer, and pass it.

        Returns:
            The pointer's target, -1 without a pointer.
        """
        start = self.offset
        while True:
            (length,) = self.unpack("!B")
            if not length:
                return -1
            if length > 63:
                (low,) = self.unpack("!B")
                target: int = (length & 0x3F) << 8 | low
                if length < 0xC0 or not pointers or not 12 <= target < start:
                    raise FormError("label type or pointer that may not be here", start)
                return target
            labels.append(self.get(length))
            if len(labels) > _MAX_NAME // 2:
                raise FormError("name of more than 127 labels", start)

    def encode_name(self, name: Any) -> None:
        """Write a name, compressed if this buffer may."""
        labels = tuple(_label(name))
        for i, label in enumerate(labels):
            if self.compress:
                suffix = labels[i:]
                offset = self.names.get(suffix)
                if offset is not None:
                    self.pack("!H", 0xC000 | offset)
                    return
                if self.offset < _POINTER_LIMIT:
                    self.names[suffix] = self.offset
            self.pack("!B", len(label))
            self.append(label)
        self.append(b"\x00")

    def encode_name_nocompress(self, name: Any) -> None:
        """Write a name in full."""
        compress, self.compress = self.compress, False
        self.encode_name(name)
        self.compress = compress


def _label(name: Any) -> list[bytes]:
    """Return the labels of dnslib's name, within the limits of RFC 1035 §2.3.4."""
    labels = list((name if isinstance(name, dnslib.DNSLabel) else dnslib.DNSLabel(name)).label)
    if not all(1 <= len(label) <= 63 for label in labels):
        raise FormError("label with no octets, or more than 63")
    if _octets(labels) > _MAX_NAME:
        raise FormError(f"name of more than {_MAX_NAME} octets")
    return labels


def _octets(labels: list[bytes]) -> int:
    return sum(map(len, labels)) + len(labels) + 1


def parse(octets: bytes) -> Any:
    """Read a message into a ``dnslib.DNSRecord``.

    Octets behind the last record are ignored.

    Raises:
        FormError: malformed.
    """
    buffer = GuardedBuffer(octets)
    try:
        header = dnslib.DNSHeader.parse(buffer)
        questions = [dnslib.DNSQuestion.parse(buffer) for _ in range(header.q)]
        sections = [
            [_parse_rr(buffer) for _ in range(count)]
            for count in (header.a, header.auth, header.ar)
        ]
    except FormError:
        raise
    except _RAISED as error:
        raise FormError(f"not a message: {ascii(str(error))[1:-1]}", buffer.offset) from None
    answer, authority, additional = sections
    return dnslib.DNSRecord(header, questions, answer, auth=authority, ar=additional)


def pack(record: Any) -> bytes:
    """Write a ``dnslib.DNSRecord``, names compressed where RFC 3597 §4 allows.

    Raises:
        FormError: a name, a string, a number or the whole is too large.
    """
    buffer = GuardedBuffer()
    try:
        record.set_header_qa()
        record.header.pack(buffer)
        for question in record.questions:
            question.pack(buffer)
        for rr in (*record.rr, *record.auth, *record.ar):
            _pack_rr(buffer, rr)
    except FormError:
        raise
    except _RAISED as error:
        raise FormError(f"cannot be written: {ascii(str(error))[1:-1]}") from None
    if len(buffer.data) > 0xFFFF:
        raise FormError(f"message of {len(buffer.data)} octets, the limit is 65535")
    return bytes(buffer.data)


def from_rdata(rrtype: int, rdata: bytes) -> Any:
    """Make dnslib's object for rdata of class IN, names uncompressed.

    Rdata that dnslib's class for the type does not give back unchanged, or
    cannot show, becomes an opaque ``dnslib.RD``.
    """
    kind = RDMAP.get(dnslib.QTYPE.forward.get(rrtype))
    if kind is not None and rdata:
        buffer = GuardedBuffer(rdata, compress=False)
        try:
            parsed = kind.parse(buffer, len(rdata))
            if rrtype not in _PLAIN:
                str(parsed)  # may take for UTF-8 what is not
            if not buffer.remaining() and (rrtype in _PLAIN or to_rdata(parsed) == rdata):
                return parsed
        except _RAISED:
            pass
    return dnslib.RD(rdata)


def to_rdata(rd: Any) -> bytes:
    """Return the rdata octets of dnslib's object, names uncompressed.

    Raises:
        FormError: a name, a string or a number is too large.
    """
    buffer = GuardedBuffer(compress=False)
    try:
        rd.pack(buffer)
    except FormError:
        raise
    except _RAISED as error:
        raise FormError(f"cannot be written: {ascii(str(error))[1:-1]}") from None
    return bytes(buffer.data)


def _parse_rr(buffer: GuardedBuffer) -> Any:
    owner = buffer.decode_name()
    rrtype, rdclass, ttl, rdlength = buffer.unpack("!HHIH")
    if rdlength > buffer.remaining():
        raise FormError("rdata runs over the end", buffer.offset)
    if rrtype == RRType.OPT:
        rdata = buffer.get(rdlength)
        # RFC 6891 §6.1.3: only the layout of version 0 is known.
        options = [] if ttl >> 16 & 0xFF else _parse_options(rdata)
        return dnslib.RR(owner, rrtype, rdclass, ttl, options)
    layout = LAYOUTS.get(rrtype)
    if not rdlength and rdclass in (RRClass.ANY, RRClass.NONE):
        rd = dnslib.RD(b"")
    elif layout is None or (rrtype in ONLY_IN and rdclass not in (RRClass.IN, RRClass.NONE)):
        rdata = buffer.get(rdlength)
        rd = from_rdata(rrtype, rdata) if rdclass == RRClass.IN else dnslib.RD(rdata)
    else:
        rd = from_rdata(rrtype, _expanded(buffer, rrtype, layout, buffer.offset + rdlength))
    return dnslib.RR(owner, rrtype, rdclass, ttl, rd)


def _parse_options(rdata: bytes) -> list[Any]:
    options = []
    buffer = GuardedBuffer(rdata)
    while buffer.remaining():
        code, length = buffer.unpack("!HH")
        options.append(dnslib.EDNSOption(code, buffer.get(length)))
    return options


def _expanded(buffer: GuardedBuffer, rrtype: int, layout: tuple[int, ...], end: int) -> bytes:
    """Read rdata field by field, its names expanded."""
    out = GuardedBuffer(compress=False)
    for item in layout:
        if item == NAME:
            out.encode_name(buffer.decode_name(pointers=rrtype in DECOMPRESSED))
        else:
            count = item
            if item == REST:
                count = end - buffer.offset
            elif item == STRING:
                count = 1 + buffer.data[buffer.offset]
            if count < 0:
                raise FormError("name runs over the end of its rdata", buffer.offset)
            out.append(buffer.get(count))
    if buffer.offset != end:
        raise FormError("fields that do not fill the rdata", buffer.offset)
    return bytes(out.data)


def _pack_rr(buffer: GuardedBuffer, rr: Any) -> None:
    if rr.rtype == RRType.OPT:
        rr.pack(buffer)
        return
    buffer.encode_name(rr.rname)
    buffer.pack("!HHIH", rr.rtype, rr.rclass, rr.ttl, 0)
    start = buffer.offset
    if rr.rtype in COMPRESSED:
        rr.rdata.pack(buffer)
    else:
        buffer.append(to_rdata(rr.rdata))
    buffer.update(start - 2, "!H", buffer.offset - start)
