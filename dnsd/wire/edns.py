"""EDNS: the OPT record and its options as values.

Source: RFC 6891 §6.1. The value of an option is octets until somebody asks for
it: the readers of single options are in :mod:`.edns_options`.

Bounds: of one OPT at most 32 options are read, the rest is not looked at; of
COOKIE, NSID and PADDING only the first counts.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dnsd.wire.errors import FormError
from dnsd.wire.iana import OptionCode

# More than any client sends (two to four); 16,000 fit in a TCP message.
MAX_OPTIONS = 32

OPT_FIXED_OCTETS = 11  # root owner, type, class, TTL, RDLENGTH
FLAG_DO = 0x8000

_OPT = 41
_ONLY_FIRST = frozenset((OptionCode.COOKIE, OptionCode.NSID, OptionCode.PADDING))
_FIXED = struct.Struct("!BHHBBHH")


@dataclass(slots=True)
class Edns:
    """What an OPT record says.

    Attributes:
        udp_size: largest UDP payload its sender takes, in octets, as sent
            (values below 512 mean 512, RFC 6891 §6.2.3).
        version: EDNS version; only 0 exists.
        do: DNSSEC records wanted (RFC 3225).
        extended_rcode: upper 8 bits of the 12-bit response code.
        options: pairs of option code and value, in the order of the message;
            none of a version other than 0.
    """

    udp_size: int
    version: int = 0
    do: bool = False
    extended_rcode: int = 0
    options: tuple[tuple[int, bytes], ...] = ()

    def option(self, code: int) -> bytes | None:
        """Return the value of the first option with that code."""
        for each, value in self.options:
            if each == code:
                return value
        return None


def from_opt(udp_size: int, ttl: int, rdata: bytes) -> Edns:
    """Make the value from the fields of an OPT record (RFC 6891 §6.1.3).

    Args:
        udp_size: the record's CLASS.
        ttl: the record's TTL, 32 bits unsigned.
        rdata: the options.

    Raises:
        FormError: an option runs over the end.
    """
    version = ttl >> 16 & 0xFF
    # RFC 6891 §6.1.3: only the layout of version 0 is known.
    options = parse_options(rdata) if rdata and not version else ()
    return Edns(udp_size, version, bool(ttl & FLAG_DO), ttl >> 24, options)


def parse_options(rdata: bytes) -> tuple[tuple[int, bytes], ...]:
    """Read the options of an OPT record, at most 32.

    Raises:
        FormError: an option runs over the end.
    """
    options: list[tuple[int, bytes]] = []
    seen: set[int] = set()
    offset = 0
    end = len(rdata)
    # Counts repeats too, so that a flood of them is not read either.
    for _ in range(MAX_OPTIONS):
        if offset == end:
            break
        start = offset + 4
        if start > end:
            raise FormError("half an EDNS option", offset)
        code = rdata[offset] << 8 | rdata[offset + 1]
        offset = start + (rdata[offset + 2] << 8 | rdata[offset + 3])
        if offset > end:
            raise FormError("EDNS option runs over the end", start)
        if code in _ONLY_FIRST:
            if code in seen:
                continue
            seen.add(code)
        options.append((code, rdata[start:offset]))
    return tuple(options)


def render_options(options: tuple[tuple[int, bytes], ...]) -> bytes:
    """Write options as the rdata of an OPT record."""
    rdata = bytearray()
    for code, value in options:
        rdata += code.to_bytes(2, "big")
        rdata += len(value).to_bytes(2, "big")
        rdata += value
    return bytes(rdata)


def render_opt(edns: Edns) -> bytes:
    """Write the whole OPT record, root owner included."""
    rdata = render_options(edns.options) if edns.options else b""
    return (
        _FIXED.pack(
            0,
            _OPT,
            edns.udp_size,
            edns.extended_rcode,
            edns.version,
            FLAG_DO if edns.do else 0,
            len(rdata),
        )
        + rdata
    )
