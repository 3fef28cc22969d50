r"""Rdata as master files write it, for the types that zones are made of.

One table gives each type's fields; reading and writing both follow it. The
types that are not in the table go through dnspython (:mod:`.dnspython_rdata`).
What these types have in common and dnspython gets wrong is why they are here:
``\DDD`` above 127 inside strings, and names that are not ASCII.

A token is a part of the text as it was written, quotes and escapes included.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType, rrtype_to_text
from dnsd.wire.presentation_fields import (
    quoted,
    read_integer,
    read_ipv4,
    read_ipv6,
    read_name,
    read_rest,
    read_seconds,
    read_string,
    read_tag,
    read_target,
    write_integer,
    write_ipv4,
    write_ipv6,
    write_name,
    write_rest,
    write_string,
    write_tag,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_RDATA_OCTETS: Final = 0xFFFF

_SPECIAL = re.compile(r'["\\();]')
# The alternatives begin with different characters, so matching is linear.
_TOKEN = re.compile(
    r"""
    \s+
    | (?P<text>  "(?:[^"\\]|\\.)*" | (?:[^\s"\\();]|\\.)+ )
    | (?P<paren> [()] )
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str) -> list[str]:
    """Split rdata text at white space, quotes and escapes respected.

    Line ends count as white space, and parentheses must match. A comment is
    refused: what looks like one is mostly a string without its quotes.

    Raises:
        FormError: an open quote or parenthesis, a comment, a final backslash.
    """
    if not _SPECIAL.search(text):
        return text.split()
    return [piece for piece in _pieces(text) if piece != " "]


def one_line(text: str) -> str:
    """Put single spaces for white space, line ends and parentheses.

    Raises:
        FormError: as :func:`tokens`.
    """
    return "".join(_pieces(text)) if _SPECIAL.search(text) else " ".join(text.split())


def _pieces(text: str) -> list[str]:
    """Split text into tokens, and a space for whatever separates them."""
    found = []
    depth = offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise FormError(_untokenized(text[offset]), offset)
        offset = match.end()
        found.append(match["text"] or " ")
        if match["paren"]:
            depth += 1 if match["paren"] == "(" else -1
            if depth < 0:
                raise FormError("')' without '('", offset - 1)
    if depth:
        raise FormError("'(' without ')'")
    return found


def _untokenized(character: str) -> str:
    if character == ";":
        return r"';' begins a comment; put the string in double quotes or write '\;'"
    if character == '"':
        return "the double quote is not closed"
    return "a backslash at the end"


class Kind(NamedTuple):
    """How fields of one kind are read and written."""

    read: Callable[[str, bytes | None], bytes]
    write: Callable[[bytes, int, bytes | None], tuple[str, int]]


_NAME = Kind(read_name, write_name)
_IPV4 = Kind(read_ipv4, write_ipv4)
_IPV6 = Kind(read_ipv6, write_ipv6)
_UINT8 = Kind(read_integer(0xFF), write_integer(1))
_UINT16 = Kind(read_integer(0xFFFF), write_integer(2))
_UINT32 = Kind(read_integer(0xFFFFFFFF), write_integer(4))
_SECONDS = Kind(read_seconds, write_integer(4))
_STRING = Kind(read_string, write_string)
_TAG = Kind(read_tag, write_tag)
_REST = Kind(read_rest, write_rest)
_TARGET = Kind(read_target, write_rest)

Fields = tuple[tuple[str, Kind], ...]

_ONE_NAME: Fields = (("target", _NAME),)
_HOST: Fields = (("preference", _UINT16), ("host", _NAME))

SYNTAX: Final[dict[int, Fields]] = {
    RRType.A: (("address", _IPV4),),
    RRType.NS: _ONE_NAME,
    RRType.MD: _ONE_NAME,
    RRType.MF: _ONE_NAME,
    RRType.CNAME: _ONE_NAME,
    RRType.ALIAS: _ONE_NAME,
    RRType.SOA: (
        ("primary", _NAME),
        ("hostmaster", _NAME),
        ("serial", _UINT32),
        ("refresh", _SECONDS),
        ("retry", _SECONDS),
        ("expire", _SECONDS),
        ("minimum", _SECONDS),
    ),
    RRType.MB: _ONE_NAME,
    RRType.MG: _ONE_NAME,
    RRType.MR: _ONE_NAME,
    RRType.PTR: _ONE_NAME,
    RRType.HINFO: (("cpu", _STRING), ("os", _STRING)),
    RRType.MINFO: (("mailbox", _NAME), ("error-mailbox", _NAME)),
    RRType.MX: (("preference", _UINT16), ("exchange", _NAME)),
    RRType.RP: (("mailbox", _NAME), ("text", _NAME)),
    RRType.AFSDB: (("subtype", _UINT16), ("host", _NAME)),
    RRType.X25: (("address", _STRING),),
    RRType.RT: _HOST,
    RRType.NSAP_PTR: _ONE_NAME,
    RRType.PX: (("preference", _UINT16), ("map822", _NAME), ("mapx400", _NAME)),
    RRType.AAAA: (("address", _IPV6),),
    RRType.SRV: (
        ("priority", _UINT16),
        ("weight", _UINT16),
        ("port", _UINT16),
        ("target", _NAME),
    ),
    RRType.NAPTR: (
        ("order", _UINT16),
        ("preference", _UINT16),
        ("flags", _STRING),
        ("service", _STRING),
        ("regexp", _STRING),
        ("replacement", _NAME),
    ),
    RRType.KX: _HOST,
    RRType.DNAME: _ONE_NAME,
    RRType.LP: _HOST,
    RRType.URI: (("priority", _UINT16), ("weight", _UINT16), ("target", _TARGET)),
    RRType.CAA: (("flags", _UINT8), ("tag", _TAG), ("value", _REST)),
}

# Types whose rdata is strings, with the most that they may have.
STRINGS: Final[dict[int, int]] = {
    RRType.TXT: MAX_RDATA_OCTETS,
    RRType.ISDN: 2,
    RRType.NINFO: MAX_RDATA_OCTETS,
    RRType.SPF: MAX_RDATA_OCTETS,
    RRType.AVC: MAX_RDATA_OCTETS,
    RRType.RESINFO: MAX_RDATA_OCTETS,
    RRType.WALLET: MAX_RDATA_OCTETS,
}


def read(rrtype: int, parts: list[str], origin: bytes | None) -> bytes:
    """Turn the tokens of a type in ``SYNTAX`` or ``STRINGS`` into rdata.

    Raises:
        FormError: says which field is wrong, missing or too many.
    """
    fields = SYNTAX.get(rrtype)
    if fields is None:
        return _read_strings(rrtype, parts)
    if len(parts) != len(fields):
        raise FormError(_wrong_count(rrtype, fields, parts))
    octets = bytearray()
    for (label, kind), part in zip(fields, parts, strict=True):
        try:
            octets += kind.read(part, origin)
        except FormError as error:
            name = label if len(fields) > 1 else ""
            raise FormError(_explained(name, quoted(part), error.reason)) from None
    return bytes(octets)


def _read_strings(rrtype: int, parts: list[str]) -> bytes:
    if not parts:
        raise FormError(f'{rrtype_to_text(rrtype)} needs a string; an empty one is ""')
    if len(parts) > STRINGS[rrtype]:
        raise FormError(f"more than {STRINGS[rrtype]} strings")
    return b"".join([read_string(part, None) for part in parts])


def _wrong_count(rrtype: int, fields: Fields, parts: list[str]) -> str:
    form = f"{rrtype_to_text(rrtype)} is written: {' '.join(label for label, _ in fields)}"
    if len(parts) < len(fields):
        return f"{fields[len(parts)][0]} is missing; {form}"
    return f"{quoted(parts[len(fields)])} is too much; {form}"


def _explained(label: str, shown: str, reason: str) -> str:
    """Say which field has which text, and what is wrong with it."""
    if not label:
        return reason if shown in reason else f"{shown}: {reason}"
    return f"{label} {reason}" if reason.startswith(shown) else f"{label} {shown}: {reason}"


def write(rrtype: int, rdata: bytes, origin: bytes | None) -> str:
    """Turn well-formed rdata of a type in ``SYNTAX`` or ``STRINGS`` into text."""
    written = []
    offset = 0
    fields = SYNTAX.get(rrtype)
    if fields is None:
        while offset < len(rdata):
            text, offset = write_string(rdata, offset, None)
            written.append(text)
    else:
        for _, kind in fields:
            text, offset = kind.write(rdata, offset, origin)
            written.append(text)
    return " ".join(written)
