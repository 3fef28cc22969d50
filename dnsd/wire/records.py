"""Records one by one, and where OPT and TSIG may stand."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from dnsd.wire.edns import Edns, from_opt
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRClass, RRType
from dnsd.wire.layouts import ONLY_IN, rdata_uncompressed
from dnsd.wire.reader import Reader

# Type, class, TTL, RDLENGTH (RFC 1035 §4.1.3).
FIXED: Final = struct.Struct("!HHIH")

_IN = int(RRClass.IN)
_CLASS_NONE = int(RRClass.NONE)
_CLASS_ANY = int(RRClass.ANY)
_OPT = int(RRType.OPT)
_TSIG = int(RRType.TSIG)


class Record(NamedTuple):
    """A record without its rdata, at which the cursor stands."""

    owner: bytes
    type: int
    rdclass: int
    ttl: int
    rdlength: int


def read_record(reader: Reader) -> Record:
    """Read a record up to its rdata; the owner in canonical form.

    Raises:
        FormError: malformed.
    """
    owner = reader.name()
    start = reader.offset
    reader.skip(10)
    return Record(owner, *FIXED.unpack_from(reader.message, start))


def read_rdata(reader: Reader, record: Record) -> bytes:
    """Read the rdata of a record, names in it expanded.

    Raises:
        FormError: malformed, as far as :func:`.layouts.rdata_uncompressed` sees.
    """
    rdclass = record.rdclass
    if rdclass != _IN:
        # RFC 2136 §2.4, §2.5: a condition or a deletion may come without rdata.
        if not record.rdlength and rdclass in (_CLASS_ANY, _CLASS_NONE):
            return b""
        if record.type in ONLY_IN and rdclass != _CLASS_NONE:
            return reader.octets(record.rdlength)
    return rdata_uncompressed(reader, record.type, record.rdlength)


def walk_records(
    octets: bytes, offset: int, counts: tuple[int, int, int]
) -> tuple[Edns | None, bool]:
    """Walk over all records of a message.

    Args:
        octets: the whole message.
        offset: behind the question.
        counts: records of the three sections.

    Returns:
        What the OPT record says, ``None`` without one, and whether there is a
        TSIG.

    Raises:
        FormError: malformed, or an OPT or TSIG where it must not be.
    """
    reader = Reader(octets, offset)
    edns: Edns | None = None
    tsig_present = False
    for section, count in enumerate(counts):
        for i in range(count):
            record = read_record(reader)
            if record.type == _OPT:
                edns = read_opt(reader, record, section, edns)
                continue
            if record.type == _TSIG:
                check_tsig_place(record, section, counts[2] - i, reader.offset)
                tsig_present = True
            read_rdata(reader, record)
    return edns, tsig_present


def read_opt(reader: Reader, record: Record, section: int, earlier: Edns | None) -> Edns:
    """Read the rest of an OPT record (RFC 6891 §6.1.1).

    Args:
        reader: stands at the record's rdata.
        record: the rest of it.
        section: 0 answer, 1 authority, 2 additional.
        earlier: what an earlier OPT of the message said.

    Raises:
        FormError: malformed, the second one, or where it must not be.
    """
    if earlier is not None:
        raise FormError("second OPT record", reader.offset)
    if section != 2:
        raise FormError("OPT record outside the additional section", reader.offset)
    if record.owner != b"\x00":
        raise FormError("OPT record below the root", reader.offset)
    return from_opt(record.rdclass, record.ttl, reader.octets(record.rdlength))


def check_tsig_place(record: Record, section: int, left: int, offset: int) -> None:
    """Refuse a TSIG that is not the message's last record (RFC 8945 §5.1).

    Args:
        record: of type TSIG.
        section: 0 answer, 1 authority, 2 additional.
        left: records of the section from this one on.
        offset: where it stands.

    Raises:
        FormError: not the last record, or with a wrong class or TTL.
    """
    if section != 2 or left != 1:
        raise FormError("TSIG is not the last record", offset)
    if record.rdclass != _CLASS_ANY or record.ttl != 0:
        raise FormError("TSIG with a wrong class or TTL", offset)
