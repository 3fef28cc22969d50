"""Whole messages: the header, the question and the sections (RFC 1035 §4).

Two readers, for two needs. :func:`parse_query` is what a server runs on every
query that its cache does not know: header, question, EDNS, and nothing of the
other records but that they are well formed. :func:`parse_message` reads all
sections into RRsets. Both raise :class:`FormError` and nothing else.

A server that must answer FORMERR gets what it may echo from
:func:`peek_header`, which reads any 12 octets.

Octets behind the last record are ignored, as named and nsd do.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.wire.edns import FLAG_DO, OPT_FIXED_OCTETS, Edns, from_opt, render_opt
from dnsd.wire.errors import FormError
from dnsd.wire.iana import Opcode, OptionCode, RRClass, RRType
from dnsd.wire.reader import HEADER_OCTETS, Reader
from dnsd.wire.records import (
    FIXED,
    walk_records,
)
from dnsd.wire.sections import read_section
from dnsd.wire.writer import MAX_MESSAGE_OCTETS, MessageWriter

if TYPE_CHECKING:
    from dnsd.wire.rrset import RRset

# Bits of the second 16-bit word of the header (RFC 1035 §4.1.1, RFC 4035 §3.2).
QR: Final = 0x8000
AA: Final = 0x0400
TC: Final = 0x0200
RD: Final = 0x0100
RA: Final = 0x0080
AD: Final = 0x0020
CD: Final = 0x0010
OPCODE_SHIFT: Final = 11

# The most that fit into the largest message: a record has at least 11 octets.
MAX_RECORDS: Final = (0xFFFF - HEADER_OCTETS) // 11

# A query has OPT and TSIG, NOTIFY and IXFR an SOA beside them. UPDATE has more.
MAX_QUERY_RECORDS: Final = 32

_HEADER = struct.Struct("!6H")
OPT_START = b"\x00\x00\x29"  # root owner, type 41
_OPT_REST = struct.Struct("!HIH")
_TYPE_CLASS = struct.Struct("!HH")

_IN = int(RRClass.IN)
_CLASS_ANY = int(RRClass.ANY)
_CLASS_NONE = int(RRClass.NONE)
_OPT = int(RRType.OPT)
_TSIG = int(RRType.TSIG)
_RRSIG = int(RRType.RRSIG)
_COOKIE = int(OptionCode.COOKIE)


class Header(NamedTuple):
    """The 12 octets that begin a message."""

    id: int
    flags: int
    question_count: int
    answer_count: int
    authority_count: int
    additional_count: int

    @property
    def opcode(self) -> int:
        """The kind of message, 0..15."""
        return self.flags >> OPCODE_SHIFT & 15


class Question(NamedTuple):
    """One entry of the question section; the name in the case sent."""

    name_as_sent: bytes
    type: int
    rdclass: int


@dataclass(slots=True)
class Query:
    """What a server needs to know of a query.

    Attributes:
        id: message id.
        opcode: 0..15.
        flags: the header's second word, opcode and all.
        qname: in canonical form; ``b""`` when there is no question, which only
            a query for a server cookie may do (RFC 7873 §5.4).
        qname_as_sent: with the client's letter case.
        qtype: type asked for.
        qclass: class asked for.
        question_end: offset behind the question; 12 without one.
        edns: what the OPT record says, or ``None`` without one.
        tsig_present: whether a TSIG record ends the message.
        raw: the octets of the whole message.
    """

    id: int
    opcode: int
    flags: int
    qname: bytes
    qname_as_sent: bytes
    qtype: int
    qclass: int
    question_end: int
    edns: Edns | None
    tsig_present: bool
    raw: bytes


@dataclass(slots=True)
class Message:
    """A message with all its records.

    RRSIGs stand with the RRset that they cover when the section has it.

    Attributes:
        id: message id.
        flags: the header's second word, opcode and rcode included.
        questions: usually one.
        answer: RRsets in the order of their first records.
        authority: likewise.
        additional: likewise, without OPT and TSIG.
        edns: what the OPT record says, or ``None`` without one.
        tsig: the TSIG record, or ``None``.
    """

    id: int
    flags: int
    questions: list[Question] = field(default_factory=list)
    answer: list[RRset] = field(default_factory=list)
    authority: list[RRset] = field(default_factory=list)
    additional: list[RRset] = field(default_factory=list)
    edns: Edns | None = None
    tsig: RRset | None = None

    @property
    def opcode(self) -> int:
        """The kind of message, 0..15."""
        return self.flags >> OPCODE_SHIFT & 15

    @property
    def rcode(self) -> int:
        """The response code, 12 bits with EDNS (RFC 6891 §6.1.3)."""
        upper = self.edns.extended_rcode << 4 if self.edns else 0
        return upper | self.flags & 15


def peek_header(octets: bytes) -> Header | None:
    """Read the header of any octets; ``None`` when there are fewer than 12."""
    if len(octets) < HEADER_OCTETS:
        return None
    return Header._make(_HEADER.unpack_from(octets))


def parse_query(octets: bytes) -> Query:
    """Read a query: header, question and EDNS.

    Records other than OPT and TSIG must be well formed and are left out.

    Raises:
        FormError: a part of the message is malformed, there is not exactly one
            question (or none and a COOKIE), more than 32 records, two OPT
            records, or an OPT or TSIG where it must not be.
    """
    size = len(octets)
    if size < HEADER_OCTETS:
        raise FormError("message shorter than a header")
    message_id, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(octets)
    opcode = flags >> OPCODE_SHIFT & 15
    if questions != 1:
        return _query_without_question(octets)
    offset = HEADER_OCTETS
    try:
        while length := octets[offset]:
            if length > 63:
                raise FormError("compressed or reserved label in the question", offset)
            offset += 1 + length
    except IndexError:
        raise FormError("name runs over the end", HEADER_OCTETS) from None
    offset += 1
    name = octets[HEADER_OCTETS:offset]
    end = offset + 4
    if len(name) > 255 or end > size:
        raise FormError("name of more than 255 octets or half a question", HEADER_OCTETS)
    qtype = octets[offset] << 8 | octets[offset + 1]
    qclass = octets[offset + 2] << 8 | octets[offset + 3]
    edns, tsig_present = None, False
    if additionals or answers or authorities:
        counts = (answers, authorities, additionals)
        edns, tsig_present = _read_records(octets, end, opcode, counts)
    return Query(
        message_id,
        opcode,
        flags,
        name.lower(),
        name,
        qtype,
        qclass,
        end,
        edns,
        tsig_present,
        octets,
    )


def _read_records(
    octets: bytes, offset: int, opcode: int, counts: tuple[int, int, int]
) -> tuple[Edns | None, bool]:
    """Read what stands behind the question: EDNS, and whether there is a TSIG."""
    if counts == (0, 0, 1) and _is_opt(octets, offset):
        return opt_alone(octets, offset + 3), False
    if sum(counts) > MAX_QUERY_RECORDS and opcode != Opcode.UPDATE:
        raise FormError(f"query with more than {MAX_QUERY_RECORDS} records")
    return walk_records(octets, offset, counts)


def _is_opt(octets: bytes, offset: int) -> bool:
    """Tell whether an OPT record begins at an offset, with all its fixed fields."""
    return octets.startswith(OPT_START, offset) and offset + OPT_FIXED_OCTETS <= len(octets)


def opt_alone(octets: bytes, offset: int) -> Edns:
    """Read an OPT record from its class on, the last record of a message."""
    udp_size, ttl, rdlength = _OPT_REST.unpack_from(octets, offset)
    if not rdlength:
        return Edns(udp_size, ttl >> 16 & 0xFF, bool(ttl & FLAG_DO), ttl >> 24)
    start = offset + 8
    if start + rdlength > len(octets):
        raise FormError("rdata runs over the end", start)
    return from_opt(udp_size, ttl, octets[start : start + rdlength])


def _query_without_question(octets: bytes) -> Query:
    """Read a query for a server cookie, the only one without a question.

    Source: RFC 7873 §5.4: QDCOUNT zero, a COOKIE option, and no records.
    """
    header = Header._make(_HEADER.unpack_from(octets))
    if header.question_count or header.opcode != Opcode.QUERY:
        raise FormError(f"{header.question_count} questions instead of one")
    if header.answer_count or header.authority_count or header.additional_count > 2:
        raise FormError("records without a question")
    edns, tsig_present = walk_records(octets, HEADER_OCTETS, (0, 0, header.additional_count))
    if edns is None or edns.option(_COOKIE) is None:
        raise FormError("no question")
    return Query(
        header.id,
        header.opcode,
        header.flags,
        b"",
        b"",
        0,
        0,
        HEADER_OCTETS,
        edns,
        tsig_present,
        octets,
    )


def parse_message(octets: bytes, *, max_records: int = MAX_RECORDS) -> Message:
    """Read a message with all its records.

    Rdata is expanded and its fixed fields are checked; whether its octets make
    sense is for :func:`.rdata.check`. Records of one RRset with different TTLs
    get the lowest (RFC 2181 §5.2); a TTL over 2³¹-1 is 0 (RFC 2181 §8).

    Raises:
        FormError: malformed, or more than ``max_records`` records.
    """
    header = peek_header(octets)
    if header is None:
        raise FormError("message shorter than a header")
    if sum(header[3:]) > max_records or header.question_count > max_records:
        raise FormError(f"more than {max_records} records")
    reader = Reader(octets, HEADER_OCTETS)
    message = Message(header.id, header.flags)
    for _ in range(header.question_count):
        name = reader.name_as_sent()
        start = reader.offset
        reader.skip(4)
        message.questions.append(Question(name, *_TYPE_CLASS.unpack_from(octets, start)))
    if header.answer_count:
        message.answer, _, _ = read_section(reader, 0, header.answer_count)
    if header.authority_count:
        message.authority, _, _ = read_section(reader, 1, header.authority_count)
    if header.additional_count == 1 and _is_opt(octets, reader.offset):
        # What most replies end with.
        message.edns = opt_alone(octets, reader.offset + 3)
    elif header.additional_count:
        message.additional, message.edns, message.tsig = read_section(
            reader, 2, header.additional_count
        )
    return message


def render_message(message: Message, limit: int = MAX_MESSAGE_OCTETS) -> bytes:
    """Write a message; TC is set when an RRset does not fit (RFC 2181 §9).

    Args:
        message: names in rdata uncompressed.
        limit: octets that the result may have.
    """
    writer = MessageWriter(limit)
    writer.header(message.id, message.flags)
    for question in message.questions:
        writer.question(*question)
    if message.edns is not None:
        writer.opt(render_opt(message.edns))
    if message.tsig is not None:
        writer.tsig(_render_tsig(message.tsig))
    sections = (message.answer, message.authority, message.additional)
    for section, rrsets in enumerate(sections, start=1):
        for rrset in rrsets:
            if not writer.rrset(section, rrset, with_signatures=True):
                writer.flags |= TC
                return writer.finish()
    return writer.finish()


def _render_tsig(tsig: RRset) -> bytes:
    rdata = tsig.rdatas[0]
    return tsig.owner + FIXED.pack(_TSIG, _CLASS_ANY, 0, len(rdata)) + rdata
