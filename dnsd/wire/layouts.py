"""Where names stand inside rdata, and what follows from that for each type.

A layout is a tuple of fields: a positive number is that many octets, ``NAME``
a domain name, ``STRING`` a character-string (RFC 1035 §3.3), ``REST`` whatever
is left. Types without a layout are opaque here; whether their octets make
sense is for :func:`.rdata.check`.

The names of IPSECKEY, AMTRELAY and HIP depend on other fields; they are never
compressed, so nothing here needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.wire.reader import Reader

NAME: Final = -1
STRING: Final = -2
REST: Final = -3

Layout = tuple[int, ...]

_ONE_NAME: Final[Layout] = (NAME,)

LAYOUTS: Final[dict[int, Layout]] = {
    RRType.A: (4,),
    RRType.NS: (NAME,),
    RRType.MD: (NAME,),
    RRType.MF: (NAME,),
    RRType.CNAME: (NAME,),
    RRType.SOA: (NAME, NAME, 20),
    RRType.MB: (NAME,),
    RRType.MG: (NAME,),
    RRType.MR: (NAME,),
    RRType.PTR: (NAME,),
    RRType.MINFO: (NAME, NAME),
    RRType.MX: (2, NAME),
    RRType.RP: (NAME, NAME),
    RRType.AFSDB: (2, NAME),
    RRType.RT: (2, NAME),
    RRType.NSAP_PTR: (NAME,),
    RRType.SIG: (18, NAME, REST),
    RRType.PX: (2, NAME, NAME),
    RRType.AAAA: (16,),
    RRType.NXT: (NAME, REST),
    RRType.SRV: (6, NAME),
    RRType.NAPTR: (4, STRING, STRING, STRING, NAME),
    RRType.KX: (2, NAME),
    RRType.DNAME: (NAME,),
    RRType.RRSIG: (18, NAME, REST),
    RRType.NSEC: (NAME, REST),
    RRType.SVCB: (2, NAME, REST),
    RRType.HTTPS: (2, NAME, REST),
    RRType.DSYNC: (5, NAME),
    RRType.LP: (2, NAME),
    RRType.ALIAS: (NAME,),
    RRType.TKEY: (NAME, REST),
    RRType.TSIG: (NAME, REST),
}

# RFC 3597 §4: what a receiver decompresses. DNAME too, which old servers
# compress although RFC 6672 §2.5 forbids it.
DECOMPRESSED: Final = frozenset(
    (
        RRType.NS,
        RRType.MD,
        RRType.MF,
        RRType.CNAME,
        RRType.SOA,
        RRType.MB,
        RRType.MG,
        RRType.MR,
        RRType.PTR,
        RRType.MINFO,
        RRType.MX,
        RRType.RP,
        RRType.AFSDB,
        RRType.RT,
        RRType.SIG,
        RRType.PX,
        RRType.NXT,
        RRType.NAPTR,
        RRType.SRV,
        RRType.DNAME,
    )
)

# RFC 3597 §4: only the types of RFC 1035 may be compressed by a sender.
COMPRESSED: Final = frozenset(
    (
        RRType.NS,
        RRType.MD,
        RRType.MF,
        RRType.CNAME,
        RRType.SOA,
        RRType.MB,
        RRType.MG,
        RRType.MR,
        RRType.PTR,
        RRType.MINFO,
        RRType.MX,
    )
)

# RFC 4034 §6.2 item 3, less NSEC and with RRSIG, as RFC 6840 §5.1 corrects it.
# A6 and HINFO stand in that list too; A6 is opaque here, HINFO has no names.
LOWERED: Final = frozenset(
    (
        *DECOMPRESSED,
        RRType.KX,
        RRType.RRSIG,
    )
)

# Types whose layout is that of class IN only.
ONLY_IN: Final = frozenset(
    (
        RRType.A,
        RRType.AAAA,
        RRType.NSAP_PTR,
        RRType.PX,
        RRType.SRV,
        RRType.NAPTR,
        RRType.KX,
        RRType.SVCB,
        RRType.HTTPS,
    )
)


def fields(
    reader: Reader, layout: Layout, end: int, *, compressed: bool
) -> Iterator[tuple[int, bytes]]:
    """Read the fields of rdata from the cursor to ``end``.

    Args:
        reader: stands at the first octet of the rdata.
        layout: of the rdata's type.
        end: offset behind the rdata, not past the reader's own end.
        compressed: whether names may have pointers.

    Yields:
        The layout's item and the field's octets; names expanded, in the letter
        case sent.

    Raises:
        FormError: a field runs over the end, or octets are left over.
    """
    outer_end = reader.end
    reader.end = end
    try:
        for item in layout:
            if item == NAME:
                yield item, reader.name_as_sent() if compressed else reader.uncompressed_name()
            elif item == STRING:
                start = reader.offset
                reader.skip(reader.uint8())
                yield item, reader.message[start : reader.offset]
            else:
                yield item, reader.octets(reader.remaining if item == REST else item)
        if reader.offset != end:
            raise FormError("rdata longer than its fields", reader.offset)
    finally:
        reader.end = outer_end


def rdata_uncompressed(reader: Reader, rrtype: int, rdlength: int) -> bytes:
    """Read the rdata at the cursor and expand the names in it.

    Raises:
        FormError: the rdata runs over the end, its fields do not fill it
            exactly, or it has a pointer although its type may not have any.
    """
    start = reader.offset
    layout = LAYOUTS.get(rrtype)
    if layout is None:
        return reader.octets(rdlength)
    end = start + rdlength
    if end > reader.end:
        raise FormError(f"{rdlength} octets announced, {reader.remaining} there", start)
    if len(layout) == 1 and layout[0] > 0:
        if rdlength != layout[0]:
            raise FormError(f"rdata of {rdlength} octets instead of {layout[0]}", start)
        reader.offset = end
        return reader.message[start:end]
    if layout == _ONE_NAME and rrtype in DECOMPRESSED:
        return _only_name(reader, end)
    pieces = fields(reader, layout, end, compressed=rrtype in DECOMPRESSED)
    return b"".join([octets for _, octets in pieces])


def _only_name(reader: Reader, end: int) -> bytes:
    """Read rdata that is one name, which may be compressed: what most names of rdata are."""
    outer_end = reader.end
    reader.end = end
    try:
        name = reader.name_as_sent()
    finally:
        reader.end = outer_end
    if reader.offset != end:
        raise FormError("rdata longer than its fields", reader.offset)
    return name
