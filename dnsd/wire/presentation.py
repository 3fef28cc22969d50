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

from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType, rrtype_to_text

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
_ESCAPE = re.compile(rb"\\(?:(\d{1,3})|(.))", re.DOTALL)
_DURATION = re.compile(r"(\d{1,10})([wdhms]?)", re.IGNORECASE)
_OCTET = {str(value): value for value in range(256)}
_UNIT_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


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


# Readers of single fields: token and origin to octets.


def _name(token: str, origin: bytes | None) -> bytes:
    if token[0] == '"':
        raise FormError("a name has no quotes")
    return names.from_text(token, origin)


def _integer(limit: int) -> Callable[[str, bytes | None], bytes]:
    size = (limit.bit_length() + 7) // 8

    def read(token: str, _origin: bytes | None) -> bytes:
        # Not more digits than 2³²-1 has: int() of a long string is slow.
        if token.isdigit() and token.isascii() and len(token) <= 10:
            value = int(token)
            if value <= limit:
                return value.to_bytes(size, "big")
        raise FormError(f"{_quoted(token)} is not an integer from 0 to {limit}")

    return read


def _seconds(token: str, _origin: bytes | None) -> bytes:
    if token.isdigit() and token.isascii() and len(token) <= 10:
        value = int(token)
    else:
        # `1h30m` as named and dnspython read it.
        value = offset = 0
        while match := _DURATION.match(token, offset):
            value += int(match[1]) * _UNIT_S[match[2].lower()]
            offset = match.end()
        if not token or offset != len(token) or not token.isascii() or len(token) > 40:
            raise FormError(f"{_quoted(token)} is not a number of seconds, nor like '1h30m'")
    if value > 0xFFFFFFFF:
        raise FormError(f"{_quoted(token)} is not an integer from 0 to 4294967295")
    return value.to_bytes(4, "big")


def ipv4(token: str, _origin: bytes | None = None) -> bytes:
    """Read an IPv4 address in dotted-decimal form, four octets.

    Raises:
        FormError: not four numbers from 0 to 255 without leading zeros.
    """
    try:
        octets = bytes([_OCTET[part] for part in token.split(".")])
    except KeyError:
        octets = b""
    if len(octets) != 4:
        raise FormError(f"{_quoted(token)} is not an IPv4 address")
    return octets


def ipv6(token: str, _origin: bytes | None = None) -> bytes:
    """Read an IPv6 address (RFC 4291 §2.2), sixteen octets; no zone index.

    Raises:
        FormError: none of the three forms of the standard.
    """
    head, gap, tail = token.partition("::")
    front = _groups(head) if head else b""
    back = _groups(tail) if tail else b""
    if front is not None and back is not None:
        missing = 16 - len(front) - len(back)
        # `::` stands for at least one group; an IPv4 address is the end.
        if missing >= 2 and "." not in head if gap else missing == 0:
            return front + bytes(missing) + back
    raise FormError(f"{_quoted(token)} is not an IPv6 address")


def _groups(text: str) -> bytes | None:
    """Read groups with colons between, the last one maybe an IPv4 address.

    Returns:
        The octets, or ``None`` when a group is none.
    """
    groups = text.split(":", 8)
    address = b""
    try:
        if "." in groups[-1]:
            address = ipv4(groups.pop())
        digits = "".join([group.zfill(4) for group in groups])
        # zfill() takes a sign for itself and fromhex() skips white space.
        if "" in groups or len(digits) != 4 * len(groups) or not (digits or "0").isalnum():
            return None
        return bytes.fromhex(digits) + address
    except ValueError:  # FormError is one
        return None


def string_value(token: str) -> bytes:
    r"""Return the octets that a token stands for, quotes and escapes undone.

    Characters that are not ASCII stand for their UTF-8 octets.

    Raises:
        FormError: ``\`` with digits that are not three, or above 255.
    """
    if token[0] == '"':
        token = token[1:-1]
    octets = token.encode("utf-8", "surrogatepass")
    if b"\\" not in octets:
        return octets
    return _ESCAPE.sub(_unescaped, octets)


def _unescaped(match: re.Match[bytes]) -> bytes:
    digits: bytes | None = match[1]
    if digits is None:
        character: bytes = match[2]
        return character
    if len(digits) != 3 or int(digits) > 255:
        raise FormError("an escape is a backslash and three digits up to 255")
    return bytes((int(digits),))


def _string(token: str, _origin: bytes | None) -> bytes:
    value = string_value(token)
    if len(value) > 255:
        raise FormError(f"string of {len(value)} octets, the limit is 255")
    return bytes((len(value),)) + value


def _rest(token: str, _origin: bytes | None) -> bytes:
    return string_value(token)


def _target(token: str, _origin: bytes | None) -> bytes:
    value = string_value(token)
    if not value:
        raise FormError("must not be empty (RFC 7553 §4.4)")
    return value


def _tag(token: str, _origin: bytes | None) -> bytes:
    if not (token.isalnum() and token.isascii() and len(token) <= 255):
        raise FormError(f"{_quoted(token)} is not made of ASCII letters and digits")
    return bytes((len(token),)) + token.encode()


def _quoted(token: str) -> str:
    """Show a token in a reason: as written, but not all of a long one."""
    return ascii(token if len(token) <= 60 else token[:57] + "...")


# Writers of single fields: octets, offset and origin to text and the offset behind.


def _name_text(rdata: bytes, offset: int, origin: bytes | None) -> tuple[str, int]:
    start = offset
    while length := rdata[offset]:
        offset += 1 + length
    return name_text(rdata[start : offset + 1], origin), offset + 1


def name_text(name: bytes, origin: bytes | None) -> str:
    """Write a name, relative to the origin when it lies under it."""
    if origin is None or not names.is_subdomain(name, origin):
        return names.to_text(name)
    return names.relative_text(name, origin) or "@"


def _integer_text(size: int) -> Callable[[bytes, int, bytes | None], tuple[str, int]]:
    def write(rdata: bytes, offset: int, _origin: bytes | None) -> tuple[str, int]:
        end = offset + size
        return str(int.from_bytes(rdata[offset:end], "big")), end

    return write


def _ipv4_text(rdata: bytes, offset: int, _origin: bytes | None) -> tuple[str, int]:
    return ipv4_text(rdata[offset : offset + 4]), offset + 4


def ipv4_text(octets: bytes) -> str:
    """Write an IPv4 address in dotted-decimal form."""
    return ".".join(map(str, octets))


def ipv6_text(octets: bytes) -> str:
    """Write an IPv6 address in the form of RFC 5952."""
    if octets[:12] == b"\x00" * 10 + b"\xff\xff":  # RFC 5952 §5
        return f"::ffff:{ipv4_text(octets[12:])}"
    groups = [f"{octets[i] << 8 | octets[i + 1]:x}" for i in range(0, 16, 2)]
    best_start, best_length = 0, 1  # RFC 5952 §4.2.2: not for one group alone
    i = 0
    while i < 8:
        start = i
        while i < 8 and groups[i] == "0":
            i += 1
        if i - start > best_length:
            best_start, best_length = start, i - start
        i += 1
    if best_length == 1:
        return ":".join(groups)
    return f"{':'.join(groups[:best_start])}::{':'.join(groups[best_start + best_length :])}"


def _ipv6_text(rdata: bytes, offset: int, _origin: bytes | None) -> tuple[str, int]:
    return ipv6_text(rdata[offset : offset + 16]), offset + 16


def string_text(value: bytes) -> str:
    r"""Write octets as a quoted string; all but printable ASCII as ``\DDD``."""
    text = value.decode("latin-1")
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    written = "".join(
        f"\\{octet:03d}"
        if octet < 0x20 or octet >= 0x7F
        else f"\\{chr(octet)}"
        if octet in b'"\\'
        else chr(octet)
        for octet in value
    )
    return f'"{written}"'


def _string_text(rdata: bytes, offset: int, _origin: bytes | None) -> tuple[str, int]:
    end = offset + 1 + rdata[offset]
    return string_text(rdata[offset + 1 : end]), end


def _tag_text(rdata: bytes, offset: int, _origin: bytes | None) -> tuple[str, int]:
    end = offset + 1 + rdata[offset]
    return rdata[offset + 1 : end].decode("latin-1"), end


def _rest_text(rdata: bytes, offset: int, _origin: bytes | None) -> tuple[str, int]:
    return string_text(rdata[offset:]), len(rdata)


class Kind(NamedTuple):
    """How fields of one kind are read and written."""

    read: Callable[[str, bytes | None], bytes]
    write: Callable[[bytes, int, bytes | None], tuple[str, int]]


_NAME = Kind(_name, _name_text)
_IPV4 = Kind(ipv4, _ipv4_text)
_IPV6 = Kind(ipv6, _ipv6_text)
_UINT8 = Kind(_integer(0xFF), _integer_text(1))
_UINT16 = Kind(_integer(0xFFFF), _integer_text(2))
_UINT32 = Kind(_integer(0xFFFFFFFF), _integer_text(4))
_SECONDS = Kind(_seconds, _integer_text(4))
_STRING = Kind(_string, _string_text)
_TAG = Kind(_tag, _tag_text)
_REST = Kind(_rest, _rest_text)
_TARGET = Kind(_target, _rest_text)

Fields = tuple[tuple[str, Kind], ...]

_ONE_NAME: Fields = (("target", _NAME),)
_HOST: Fields = (("preference", _UINT16), ("host", _NAME))

SYNTAX: Final[dict[int, Fields]] = {
    RRType.A: (("address", _IPV4),),
    RRType.NS: _ONE_NAME,
    RRType.MD: _ONE_NAME,
    RRType.MF: _ONE_NAME,
    RRType.CNAME: _ONE_NAME,
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
    try:
        return b"".join(
            [kind.read(part, origin) for (_, kind), part in zip(fields, parts, strict=True)]
        )
    except FormError as error:
        raise FormError(_explain(fields, parts, origin) or error.reason) from None


def _read_strings(rrtype: int, parts: list[str]) -> bytes:
    if not parts:
        raise FormError(f'{rrtype_to_text(rrtype)} needs a string; an empty one is ""')
    if len(parts) > STRINGS[rrtype]:
        raise FormError(f"more than {STRINGS[rrtype]} strings")
    return b"".join([_string(part, None) for part in parts])


def _wrong_count(rrtype: int, fields: Fields, parts: list[str]) -> str:
    form = f"{rrtype_to_text(rrtype)} is written: {' '.join(label for label, _ in fields)}"
    if len(parts) < len(fields):
        return f"{fields[len(parts)][0]} is missing; {form}"
    return f"{_quoted(parts[len(fields)])} is too much; {form}"


def _explain(fields: Fields, parts: list[str], origin: bytes | None) -> str:
    """Name the first field that cannot be read, and why."""
    for (label, kind), part in zip(fields, parts, strict=True):
        try:
            kind.read(part, origin)
        except FormError as error:
            shown = _quoted(part)
            if len(fields) == 1:
                return error.reason if shown in error.reason else f"{shown}: {error.reason}"
            if error.reason.startswith(shown):
                return f"{label} {error.reason}"
            return f"{label} {shown}: {error.reason}"
    return ""


def write(rrtype: int, rdata: bytes, origin: bytes | None) -> str:
    """Turn well-formed rdata of a type in ``SYNTAX`` or ``STRINGS`` into text."""
    written = []
    offset = 0
    fields = SYNTAX.get(rrtype)
    if fields is None:
        while offset < len(rdata):
            text, offset = _string_text(rdata, offset, None)
            written.append(text)
    else:
        for _, kind in fields:
            text, offset = kind.write(rdata, offset, origin)
            written.append(text)
    return " ".join(written)
