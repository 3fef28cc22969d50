r"""Single fields of rdata as master files write them, to octets and back.

Readers take a token and the origin and return octets; writers take rdata, the
offset of the field and the origin and return text and the offset behind.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dnsd.wire import names
from dnsd.wire.errors import FormError

if TYPE_CHECKING:
    from collections.abc import Callable

_ESCAPE = re.compile(rb"\\(?:(\d{1,3})|(.))", re.DOTALL)
_DURATION = re.compile(r"(\d{1,10})([wdhms]?)", re.IGNORECASE)
_OCTET = {str(value): value for value in range(256)}
_UNIT_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def read_name(token: str, origin: bytes | None) -> bytes:
    """Read a name (RFC 1035 §5.1) into canonical form.

    Raises:
        FormError: no name, or relative without an origin.
    """
    if token[0] == '"':
        raise FormError("a name has no quotes")
    return names.from_text(token, origin)


def read_integer(limit: int) -> Callable[[str, bytes | None], bytes]:
    """Make the reader of an integer from 0 to ``limit``, in as few octets."""
    size = (limit.bit_length() + 7) // 8

    def read(token: str, _origin: bytes | None) -> bytes:
        # Not more digits than 2³²-1 has: int() of a long string is slow.
        if token.isdigit() and token.isascii() and len(token) <= 10:
            value = int(token)
            if value <= limit:
                return value.to_bytes(size, "big")
        raise FormError(f"{quoted(token)} is not an integer from 0 to {limit}")

    return read


def read_seconds(token: str, _origin: bytes | None) -> bytes:
    """Read a number of seconds, or a duration like ``1h30m``, into 32 bits.

    Raises:
        FormError: neither, or more than 32 bits.
    """
    if token.isdigit() and token.isascii() and len(token) <= 10:
        value = int(token)
    else:
        # `1h30m` as named and dnspython read it.
        value = offset = 0
        while match := _DURATION.match(token, offset):
            value += int(match[1]) * _UNIT_S[match[2].lower()]
            offset = match.end()
        if not token or offset != len(token) or not token.isascii() or len(token) > 40:
            raise FormError(f"{quoted(token)} is not a number of seconds, nor like '1h30m'")
    if value > 0xFFFFFFFF:
        raise FormError(f"{quoted(token)} is not an integer from 0 to 4294967295")
    return value.to_bytes(4, "big")


def read_ipv4(token: str, _origin: bytes | None = None) -> bytes:
    """Read an IPv4 address in dotted-decimal form, four octets.

    Raises:
        FormError: not four numbers from 0 to 255 without leading zeros.
    """
    try:
        octets = bytes([_OCTET[part] for part in token.split(".")])
    except KeyError:
        octets = b""
    if len(octets) != 4:
        raise FormError(f"{quoted(token)} is not an IPv4 address")
    return octets


def read_ipv6(token: str, _origin: bytes | None = None) -> bytes:
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
    raise FormError(f"{quoted(token)} is not an IPv6 address")


def _groups(text: str) -> bytes | None:
    """Read groups with colons between, the last one maybe an IPv4 address.

    Returns:
        The octets, or ``None`` when a group is none.
    """
    groups = text.split(":", 8)
    address = b""
    try:
        if "." in groups[-1]:
            address = read_ipv4(groups.pop())
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


def read_string(token: str, _origin: bytes | None) -> bytes:
    """Read a character-string of at most 255 octets (RFC 1035 §3.3).

    Raises:
        FormError: too long, or a bad escape.
    """
    value = string_value(token)
    if len(value) > 255:
        raise FormError(f"string of {len(value)} octets, the limit is 255")
    return bytes((len(value),)) + value


def read_rest(token: str, _origin: bytes | None) -> bytes:
    """Read octets up to the end of the rdata, which have no length of their own."""
    return string_value(token)


def read_target(token: str, _origin: bytes | None) -> bytes:
    """Read the target of a URI record, at least one octet (RFC 7553 §4.4).

    Raises:
        FormError: empty, or a bad escape.
    """
    value = string_value(token)
    if not value:
        raise FormError("must not be empty")
    return value


def read_tag(token: str, _origin: bytes | None) -> bytes:
    """Read the tag of a CAA record (RFC 8659 §4.1), with its length before it.

    Raises:
        FormError: not ASCII letters and digits.
    """
    if not (token.isalnum() and token.isascii() and len(token) <= 255):
        raise FormError(f"{quoted(token)} is not made of ASCII letters and digits")
    return bytes((len(token),)) + token.encode()


def quoted(token: str) -> str:
    """Show a token in a reason: as written, but not all of a long one."""
    return ascii(token if len(token) <= 60 else token[:57] + "...")


def write_name(rdata: bytes, offset: int, origin: bytes | None) -> tuple[str, int]:
    """Write the name at ``offset``."""
    start = offset
    while length := rdata[offset]:
        offset += 1 + length
    return name_text(rdata[start : offset + 1], origin), offset + 1


def name_text(name: bytes, origin: bytes | None) -> str:
    """Write a name, relative to the origin when it lies under it."""
    if origin is None or not names.is_subdomain(name, origin):
        return names.to_text(name)
    return names.relative_text(name, origin) or "@"


def write_integer(size: int) -> Callable[[bytes, int, bytes | None], tuple[str, int]]:
    """Make the writer of an integer of ``size`` octets."""

    def write(rdata: bytes, offset: int, _origin: bytes | None) -> tuple[str, int]:
        end = offset + size
        return str(int.from_bytes(rdata[offset:end], "big")), end

    return write


def write_ipv4(rdata: bytes, offset: int, _origin: bytes | None) -> tuple[str, int]:
    """Write the IPv4 address at ``offset``."""
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


def write_ipv6(rdata: bytes, offset: int, _origin: bytes | None) -> tuple[str, int]:
    """Write the IPv6 address at ``offset``."""
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


def write_string(rdata: bytes, offset: int, _origin: bytes | None) -> tuple[str, int]:
    """Write the character-string at ``offset``, in quotes."""
    end = offset + 1 + rdata[offset]
    return string_text(rdata[offset + 1 : end]), end


def write_tag(rdata: bytes, offset: int, _origin: bytes | None) -> tuple[str, int]:
    """Write the tag at ``offset``, without quotes."""
    end = offset + 1 + rdata[offset]
    return rdata[offset + 1 : end].decode("latin-1"), end


def write_rest(rdata: bytes, offset: int, _origin: bytes | None) -> tuple[str, int]:
    """Write all octets from ``offset`` on as one string in quotes."""
    return string_text(rdata[offset:]), len(rdata)
