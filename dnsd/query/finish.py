"""Replies as octets: EDNS, truncation by whole RRsets, errors.

Every OPT record that we send is made here (RFC 6891 §6, §7): version 0, our own
size, the client's DO bit and no other flag, no option that was not asked for,
and the cookie last, so that the answer cache can take it off again.

An RRset goes in whole or not at all. TC is set when an RRset of the answer or
authority section, or glue that a referral cannot do without (RFC 9471 §3), is
left out; other additional records are left out silently (RFC 2181 §9).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.dnssec.claims import DENIAL_TYPES
from dnsd.wire.edns import OPT_FIXED_OCTETS
from dnsd.wire.edns_options import Error, render_error
from dnsd.wire.iana import Opcode, OptionCode
from dnsd.wire.message import AA, OPCODE_SHIFT, QR, RD, TC
from dnsd.wire.reader import HEADER_OCTETS
from dnsd.wire.writer import (
    ADDITIONAL,
    ANSWER,
    AUTHORITY,
    COMPRESSED_TYPES,
    MAX_MESSAGE_OCTETS,
    MessageWriter,
)

if TYPE_CHECKING:
    from dnsd.authority.answer import Answer
    from dnsd.wire.message import Query

MIN_UDP_OCTETS: Final = 512  # RFC 1035 §2.3.4; smaller EDNS sizes mean this too

_OPT_START: Final = b"\x00\x00\x29"  # root owner, type 41
_OPCODE_BITS: Final = 0xF << OPCODE_SHIFT
_COPIED: Final = _OPCODE_BITS | RD  # AD and CD are clear (RFC 4035 §3.1.6)
_EDE: Final = int(OptionCode.EDE)
_NO_COUNTS: Final = bytes(6)
_HEADER: Final = struct.Struct("!6H")
# Of a record of the question's own name, what all of an RRset begin with.
_FIXED: Final = struct.Struct("!HHHI")
_TO_QUESTION: Final = 0xC00C


@dataclass(frozen=True, slots=True)
class FinishOptions:
    """Sizes of replies.

    Attributes:
        edns_size: octets of the largest datagram we send, and what our OPT says
            we receive; 512..65535. The default passes every path unfragmented.
    """

    edns_size: int = 1232


@dataclass(slots=True)
class Finished:
    """A reply's octets, and what had to be left out.

    Attributes:
        octets: the whole message.
        truncated: TC is set.
        complete: nothing was left out for lack of room.
        names_exceeded: names were written in full beyond the bound on compression.
    """

    octets: bytes
    truncated: bool
    complete: bool
    names_exceeded: bool


class OptWriter:
    """Makes the OPT records of replies."""

    __slots__ = ("_empty", "_empty_do", "_start")

    def __init__(self, options: FinishOptions) -> None:
        self._start = _OPT_START + options.edns_size.to_bytes(2, "big")
        # Extended rcode, version, flags, length: what most replies have.
        self._empty = self._start + bytes(6)
        self._empty_do = self._start + b"\x00\x00\x80\x00\x00\x00"

    def record(self, query: Query, rcode: int, options: bytes) -> bytes:
        """Make the OPT record of a reply; no octets if the query had none.

        Args:
            query: its OPT decides whether there is one, and its DO comes back
                (RFC 3225 §3).
            rcode: extended rcode; its upper 8 bits stand in the record.
            options: octets of all options.
        """
        edns = query.edns
        if edns is None:
            return b""
        if not options and rcode < 16:
            return self._empty_do if edns.do else self._empty
        flags = b"\x80\x00" if edns.do else b"\x00\x00"
        length = len(options).to_bytes(2, "big")
        return self._start + bytes((rcode >> 4, 0)) + flags + length + options


def option(code: int, value: bytes) -> bytes:
    """Write one EDNS option."""
    return code.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def extended_error(code: int, text: str = "") -> bytes:
    """Write an Extended DNS Error option (RFC 8914 §2).

    Args:
        code: info-code.
        text: ASCII; not for programs.
    """
    return option(_EDE, render_error(Error(code, text)))


def size_limit(query: Query, options: FinishOptions, *, is_datagram: bool) -> int:
    """Return how many octets a reply may have (RFC 6891 §6.2.3 to §6.2.5)."""
    if not is_datagram:
        return MAX_MESSAGE_OCTETS
    if query.edns is None:
        return MIN_UDP_OCTETS
    return max(MIN_UDP_OCTETS, min(query.edns.udp_size, options.edns_size))


def answer_octets(query: Query, answer: Answer, limit: int, opt: bytes, flags: int = 0) -> Finished:
    """Write an answer.

    Args:
        query: its question is echoed as the client spelt it.
        answer: what our zones say.
        limit: octets that the reply may have.
        opt: the OPT record or nothing; always has room.
        flags: further flags of the header, such as RA.
    """
    flags |= QR | query.flags & _COPIED | answer.rcode & 15
    if answer.authoritative:
        flags |= AA
    octets = _one_rrset(query, answer, opt, flags)
    if octets and len(octets) <= limit:
        return Finished(octets, truncated=False, complete=True, names_exceeded=False)
    writer = MessageWriter(limit)
    writer.question(query.qname_as_sent, query.qtype, query.qclass)
    writer.opt(opt)
    do = query.edns is not None and query.edns.do
    truncated, complete = _write_sections(writer, answer, do=do)
    if truncated:
        flags |= TC
    writer.header(query.id, flags)
    return Finished(writer.finish(), truncated, complete, writer.names_left <= 0)


def _one_rrset(query: Query, answer: Answer, opt: bytes, flags: int) -> bytes:
    """Write the commonest answer at once: one RRset of the question's own name.

    Returns:
        Octets as the message writer would make them, of any length; none when the
        answer is more than that.
    """
    if len(answer.answer) != 1 or answer.authority or answer.additional:
        return b""
    rrset, name = answer.answer[0], query.qname
    if (
        rrset.owner != name
        or (rrset.signatures and query.edns is not None and query.edns.do)
        or rrset.type in COMPRESSED_TYPES
        or len(name) == 1  # the root is as short as a pointer to it
    ):
        return b""
    question = query.raw[HEADER_OCTETS : query.question_end]
    count = len(rrset.rdatas)
    octets = [_HEADER.pack(query.id, flags, 1, count, 0, 1 if opt else 0), question]
    fixed = _FIXED.pack(_TO_QUESTION, rrset.type, rrset.rdclass, rrset.ttl)
    for rdata in rrset.rdatas:
        octets += (fixed, len(rdata).to_bytes(2, "big"), rdata)
    octets.append(opt)
    return b"".join(octets)


def _write_sections(writer: MessageWriter, answer: Answer, *, do: bool) -> tuple[bool, bool]:
    """Write RRsets in order; whether TC must be set, and whether all went in."""
    for rrset in answer.answer:
        if not writer.rrset(ANSWER, rrset, with_signatures=do):
            return True, False
    for rrset in answer.authority:
        if rrset.type in DENIAL_TYPES and not do:
            continue  # RFC 4035 §3.1: only for those who can tell what it proves
        if not writer.rrset(AUTHORITY, rrset, with_signatures=do):
            return True, False
    truncated, complete = False, True
    for rrset in answer.additional:
        if not writer.rrset(ADDITIONAL, rrset, with_signatures=do):
            complete = False
            truncated = truncated or rrset in answer.required_glue
    return truncated, complete


def bare_octets(
    query: Query, rcode: int, opt: bytes, flags: int = 0, *, with_question: bool = True
) -> bytes:
    """Write a reply without records, as all errors are.

    Args:
        query: its opcode, RD and question come back.
        rcode: extended rcode.
        opt: the OPT record or nothing.
        flags: further flags of the header, such as RA.
        with_question: whether the question and RD are echoed; of an unknown
            opcode nobody knows what they mean.
    """
    copied = _COPIED if with_question else _OPCODE_BITS
    flags |= QR | query.flags & copied | rcode & 15
    return _bare(query, flags, opt, with_question=with_question)


def limited_octets(query: Query, opt: bytes) -> bytes:
    """Write what a client over its rate gets: come back over TCP."""
    return _bare(query, QR | TC | query.flags & _COPIED, opt, with_question=True)


def _bare(query: Query, flags: int, opt: bytes, *, with_question: bool) -> bytes:
    question = query.raw[12 : query.question_end] if with_question else b""
    counts = bytes((0, 1 if question else 0, 0, 0, 0, 0, 0, 1 if opt else 0))
    return query.id.to_bytes(2, "big") + flags.to_bytes(2, "big") + counts + question + opt


def unparsed_octets(octets: bytes, rcode: int) -> bytes:
    """Write an error to octets that are no query, from what of them is legible.

    The question is echoed when there is one and its name is whole.

    Args:
        octets: at least a header.
        rcode: 0..15.
    """
    flags = octets[2] << 8 | octets[3]
    question = b""
    copied = _OPCODE_BITS
    if flags >> OPCODE_SHIFT & 15 == Opcode.QUERY:
        question = octets[12 : _question_end(octets)]
        copied = _COPIED
    flags = flags & copied | QR | rcode
    counts = (b"\x00\x01" if question else b"\x00\x00") + _NO_COUNTS
    return octets[:2] + flags.to_bytes(2, "big") + counts + question


def _question_end(octets: bytes) -> int:
    """Return the offset behind the only question; 12 if there is no such thing."""
    size = len(octets)
    if octets[4:6] != b"\x00\x01":
        return 12
    offset = 12
    while offset < size and 0 < octets[offset] < 64:
        offset += 1 + octets[offset]
    if offset + 5 > size or octets[offset] or offset - 12 >= 255:
        return 12
    return offset + 5


def with_option(reply: bytes, option: bytes) -> bytes | None:
    """Append one EDNS option to a reply that ends with an empty OPT record.

    Args:
        reply: whole reply from the cache.
        option: code, length and value.

    Returns:
        The longer reply; ``None`` when its OPT record has options already.
    """
    if not _ends_with_empty_opt(reply):
        return None
    return reply[:-2] + len(option).to_bytes(2, "big") + option


def without_option(reply: bytes, octets: int) -> bytes | None:
    """Take the only option off a reply that ends with an OPT record.

    Args:
        reply: whole reply.
        octets: length of the option, its code and length included; 0 for none.

    Returns:
        The shorter reply; ``None`` when other options stand beside that one.
    """
    if not octets:
        return reply
    shorter = reply[: -octets - 2] + b"\0\0"
    return shorter if _ends_with_empty_opt(shorter) else None


def _ends_with_empty_opt(reply: bytes) -> bool:
    return reply[-OPT_FIXED_OCTETS : 3 - OPT_FIXED_OCTETS] == _OPT_START and reply.endswith(b"\0\0")
