r"""Rdata: octets to presentation text and back, and what else types differ in.

The types that zones are made of are read and written by :mod:`.presentation`,
the rarer ones by dnspython (:mod:`.dnspython_rdata`), those that nobody knows
as ``\# length hex`` (RFC 3597 §5), which is read for every type.

Promises: :class:`FormError` is the only exception; what :func:`to_text` writes
:func:`from_text` reads back to the same octets, in canonical form. Where the
text of a type cannot do that, rdata is written as ``\# length hex``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.wire import dnspython_rdata, presentation
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType, rrtype_to_text
from dnsd.wire.layouts import LAYOUTS, LOWERED, NAME, fields
from dnsd.wire.presentation import MAX_RDATA_OCTETS
from dnsd.wire.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable

_A = int(RRType.A)
_AAAA = int(RRType.AAAA)
_IPSECKEY = int(RRType.IPSECKEY)
_AMTRELAY = int(RRType.AMTRELAY)
_HIP = int(RRType.HIP)
_CAA = int(RRType.CAA)
_URI = int(RRType.URI)
_OWN = frozenset((*presentation.SYNTAX, *presentation.STRINGS))


def is_meta(rrtype: int) -> bool:
    """Tell whether a type is for questions or messages only, never zone data.

    Source: RFC 6895 §3.1: 0, OPT, and 128..255.
    """
    return rrtype in (0, RRType.OPT) or 128 <= rrtype <= 255


def from_text(rrtype: int, text: str, origin: bytes | None = None) -> bytes:
    r"""Read rdata as a master file writes it, class IN.

    Args:
        rrtype: any type that may be in a zone.
        text: e.g. ``10 mx1`` or ``\# 4 c0000201``. White space and line ends
            separate; there are no comments.
        origin: what names without a final dot are relative to; ``None``
            refuses them.

    Returns:
        At most 65,535 octets, names in lower case where RFC 4034 §6.2 has
        them so.

    Raises:
        FormError: says in ``reason`` what is wrong and what is accepted.
    """
    if is_meta(rrtype):
        raise FormError(f"{rrtype_to_text(rrtype)} is not a type of zone data")
    parts = presentation.tokens(text)
    if parts and parts[0] == "\\#":
        rdata = canonical(rrtype, _from_generic(rrtype, parts))
    elif rrtype in _OWN:
        rdata = presentation.read(rrtype, parts, origin)
    elif dnspython_rdata.knows(rrtype):
        rdata = canonical(rrtype, dnspython_rdata.read(rrtype, presentation.one_line(text), origin))
    else:
        raise FormError(f"{rrtype_to_text(rrtype)} rdata must be written as '\\# length hex'")
    if len(rdata) > MAX_RDATA_OCTETS:
        raise FormError(f"rdata of {len(rdata)} octets, the limit is {MAX_RDATA_OCTETS}")
    return rdata


def _from_generic(rrtype: int, parts: list[str]) -> bytes:
    r"""Read ``\# length hex`` (RFC 3597 §5) and check it as the type's rdata."""
    digits = parts[1] if len(parts) > 1 else ""
    if not (digits.isdigit() and digits.isascii() and len(digits) <= 5):
        raise FormError("'\\#' must be followed by the number of octets")
    try:
        rdata = bytes.fromhex("".join(parts[2:]))
    except ValueError:
        raise FormError("behind '\\#' and the length stand pairs of hex digits") from None
    if len(rdata) != int(digits):
        raise FormError(f"'\\# {digits}' is followed by {len(rdata)} octets")
    try:
        check(rrtype, rdata)
    except FormError as error:
        reason = error.reason.removeprefix(f"not {rrtype_to_text(rrtype)} rdata: ")
        raise FormError(f"not {rrtype_to_text(rrtype)} rdata: {reason}") from None
    return rdata


def to_text(rrtype: int, rdata: bytes, origin: bytes | None = None) -> str:
    r"""Write rdata as a master file does.

    Args:
        rrtype: any type.
        rdata: uncompressed; malformed rdata is written as ``\# length hex``.
        origin: names under it are written relative to it; ``None`` writes all
            names absolute.
    """
    try:
        check(rrtype, rdata)
        if rrtype in _OWN:
            return presentation.write(rrtype, rdata, origin)
        if dnspython_rdata.knows(rrtype):
            text = dnspython_rdata.write(rrtype, rdata, origin)
            if from_text(rrtype, text, origin) == canonical(rrtype, rdata):
                return text
    except FormError:
        pass
    return f"\\# {len(rdata)} {rdata.hex()}".rstrip()


def from_strings(strings: Iterable[bytes]) -> bytes:
    """Make the rdata of TXT and its kin from strings of any length.

    A string of more than 255 octets becomes several (RFC 7208 §3.3).

    Raises:
        FormError: there is no string, or more than 65,535 octets of rdata.
    """
    rdata = bytearray()
    for string in strings:
        for start in range(0, len(string) or 1, 255):
            piece = string[start : start + 255]
            rdata.append(len(piece))
            rdata += piece
    if not rdata:
        raise FormError("no string")
    if len(rdata) > MAX_RDATA_OCTETS:
        raise FormError(f"rdata of {len(rdata)} octets, the limit is {MAX_RDATA_OCTETS}")
    return bytes(rdata)


def to_strings(rdata: bytes) -> list[bytes]:
    """Split the rdata of TXT and its kin into its strings.

    Raises:
        FormError: there is no string, or the last runs over the end.
    """
    strings = []
    offset = 0
    while offset < len(rdata):
        end = offset + 1 + rdata[offset]
        if end > len(rdata):
            raise FormError("string runs over the end", offset)
        strings.append(rdata[offset + 1 : end])
        offset = end
    if not strings:
        raise FormError("no string")
    return strings


def check(rrtype: int, rdata: bytes) -> None:
    """Check that octets are rdata of a type of class IN, names uncompressed.

    Types that nobody knows may have any octets.

    Raises:
        FormError: malformed, or over 65,535 octets.
    """
    if len(rdata) > MAX_RDATA_OCTETS:
        raise FormError(f"rdata of {len(rdata)} octets, the limit is {MAX_RDATA_OCTETS}")
    layout = LAYOUTS.get(rrtype)
    if layout is not None:
        for _ in fields(Reader(rdata), layout, len(rdata), compressed=False):
            pass
    limit = presentation.STRINGS.get(rrtype)
    if limit is not None:
        if len(to_strings(rdata)) > limit:
            raise FormError(f"more than {limit} strings")
    elif dnspython_rdata.knows(rrtype):
        dnspython_rdata.check(rrtype, rdata)
        _late_names(rrtype, rdata)
    elif layout is None:
        _check_strings_and_rest(rrtype, rdata)


def _check_strings_and_rest(rrtype: int, rdata: bytes) -> None:
    """Check the types of our own syntax that have no name in them."""
    reader = Reader(rdata)
    if rrtype == _CAA:
        reader.skip(1)
        tag = reader.octets(reader.uint8())
        if not tag.isalnum():  # RFC 8659 §4.1
            raise FormError("the tag is not made of ASCII letters and digits", 2)
    elif rrtype == _URI:
        reader.skip(4)
        if not reader.remaining:
            raise FormError("empty target", 4)
    elif rrtype in (RRType.HINFO, RRType.X25):
        for _ in presentation.SYNTAX[rrtype]:
            reader.skip(reader.uint8())
        if reader.remaining:
            raise FormError("rdata longer than its fields", reader.offset)


def canonical(rrtype: int, rdata: bytes) -> bytes:
    """Return rdata in canonical form: names in lower case for some types.

    Source: RFC 4034 §6.2, RFC 6840 §5.1. Not for compressed rdata.

    Raises:
        FormError: the names cannot be found because the rdata is malformed.
    """
    if rrtype not in LOWERED:
        return rdata
    pieces = fields(Reader(rdata), LAYOUTS[rrtype], len(rdata), compressed=False)
    return b"".join([octets.lower() if item == NAME else octets for item, octets in pieces])


def names_in(rrtype: int, rdata: bytes) -> list[bytes]:
    """List the names in rdata, in canonical form, in the order they stand.

    Raises:
        FormError: malformed.
    """
    layout = LAYOUTS.get(rrtype)
    if layout is None:
        return _late_names(rrtype, rdata)
    if NAME not in layout:
        return []
    pieces = fields(Reader(rdata), layout, len(rdata), compressed=False)
    return [octets.lower() for item, octets in pieces if item == NAME]


def _late_names(rrtype: int, rdata: bytes) -> list[bytes]:
    """List the names of the types where other fields say if there are any."""
    reader = Reader(rdata)
    found = []
    if rrtype == _IPSECKEY:
        reader.skip(1)
        gateway_type = reader.uint8()
        reader.skip(1)
        if gateway_type == 3:  # RFC 4025 §2.3
            found.append(reader.uncompressed_name())
    elif rrtype == _AMTRELAY:
        reader.skip(1)
        if reader.uint8() & 0x7F == 3:  # RFC 8777 §4.2.3
            found.append(reader.uncompressed_name())
    elif rrtype == _HIP:
        identity = reader.uint8()
        reader.skip(1)
        reader.skip(reader.uint16() + identity)
        while reader.remaining:  # RFC 8005 §5.6
            found.append(reader.uncompressed_name())
    return [name.lower() for name in found]
