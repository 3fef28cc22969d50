"""The commonest reply, read without making a message of it.

Most replies to a resolver hold the addresses of the name that was asked for, said by
a server with authority, and nothing else but an OPT record. Of such a one there is
nothing to scrub and nothing to follow. Whatever is more, less or other than that is
left to ``scrub``, of which this is a shortcut: where it answers, ``scrub`` says the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.wire.iana import RRClass, RRType
from dnsd.wire.message import OPT_START, opt_alone
from dnsd.wire.reader import HEADER_OCTETS
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from dnsd.wire.edns import Edns

_ONE_QUESTION: Final = b"\x00\x01"
_NOTHING: Final = b"\x00\x00"
# Octet 2 of the header: QR, opcode, TC; and AA.
_KIND: Final = 0xFA
_REPLY: Final = 0x80
_AA: Final = 0x04
_RCODE: Final = 0x0F  # octet 3
_TO_QUESTION: Final = b"\xc0\x0c"
_IN: Final = int(RRClass.IN).to_bytes(2, "big")
_OPT_OCTETS: Final = 11
# Types whose rdata has this many octets, and no names.
_RDATA_OCTETS: Final = {int(RRType.A): 4, int(RRType.AAAA): 16}


class PlainReply(NamedTuple):
    """What a reply holds.

    Attributes:
        rrset: of the question's own name and type.
        edns: what the OPT record says, or ``None`` without one.
        authoritative: AA was set.
    """

    rrset: RRset
    edns: Edns | None
    authoritative: bool


def read_plain(octets: bytes, name: bytes, rrtype: int, *, forwarder: bool) -> PlainReply | None:
    """Read a reply of one RRset.

    Args:
        octets: that acceptance took for the reply to the question.
        name: of the question, in canonical form.
        rrtype: of the question.
        forwarder: the sender was asked to recurse, and needs no authority.

    Returns:
        ``None`` for every other reply, malformed ones too.

    Raises:
        FormError: the OPT record is malformed; then the message is.
    """
    authoritative = bool(octets[2] & _AA)
    if (
        rrtype not in _RDATA_OCTETS
        or octets[2] & _KIND != _REPLY
        or octets[3] & _RCODE
        or not (authoritative or forwarder)
        or octets[4:6] != _ONE_QUESTION
        or octets[8:10] != _NOTHING
    ):
        return None
    rrset, offset = _read_addresses(octets, name, rrtype)
    edns = None
    if octets[10:12] == _ONE_QUESTION and octets.startswith(OPT_START, offset):
        if offset + _OPT_OCTETS > len(octets):
            return None
        edns = opt_alone(octets, offset + 3)
        if edns.extended_rcode:
            return None
        offset += _OPT_OCTETS + (octets[offset + 9] << 8 | octets[offset + 10])
    elif octets[10:12] != _NOTHING:
        return None
    if not rrset.rdatas or offset != len(octets):
        return None
    return PlainReply(rrset, edns, authoritative)


def _read_addresses(octets: bytes, name: bytes, rrtype: int) -> tuple[RRset, int]:
    """Read the answer section; the offset behind it, and no rdata if it is not plain."""
    size = _RDATA_OCTETS[rrtype]
    offset = HEADER_OCTETS + len(name) + 4
    fixed = _TO_QUESTION + rrtype.to_bytes(2, "big") + _IN
    length = bytes((0, size))
    rdatas = []
    ttl = 0x7FFFFFFF
    for _ in range(octets[6] << 8 | octets[7]):
        start = offset + 12
        its_ttl = int.from_bytes(octets[offset + 6 : offset + 10], "big")
        # A TTL with its first bit set is none (RFC 2181 §8).
        if (
            octets[offset : offset + 6] != fixed
            or octets[start - 2 : start] != length
            or its_ttl >> 31
        ):
            return RRset(name, rrtype, 0, ()), offset
        ttl = min(ttl, its_ttl)
        offset = start + size
        rdatas.append(octets[start:offset])
    if len(rdatas) > 1:
        rdatas = list(dict.fromkeys(rdatas))
    return RRset(name, rrtype, ttl, tuple(rdatas)), offset
