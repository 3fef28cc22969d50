"""Padding: what an observer learns from the size of an encrypted reply.

A reply is made a multiple of 468 octets long (RFC 8467 §4.1), if its query was
padded and came over an encrypted transport: RFC 7830 §4 asks for the first, §6
of the same forbids padding that anybody can read through.

A padded reply differs for each client and never goes into the answer cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.query.finish import option
from dnsd.query.request import ENCRYPTED, Transport
from dnsd.wire.edns_options import render_padding
from dnsd.wire.iana import OptionCode
from dnsd.wire.writer import MAX_MESSAGE_OCTETS

if TYPE_CHECKING:
    from dnsd.wire.message import Query

BLOCK_OCTETS: Final = 468

_PADDING: Final = int(OptionCode.PADDING)
_OPTION_START: Final = 4  # octets of code and length
_OPT_FIXED: Final = 11
_LENGTH: Final = 9  # offset of RDLENGTH in an OPT record


def is_wanted(query: Query, transport: Transport) -> bool:
    """Tell whether the reply to a query is to be padded."""
    edns = query.edns
    return (
        transport in ENCRYPTED
        and edns is not None
        and bool(edns.options)
        and edns.option(_PADDING) is not None
    )


def padded(reply: bytes, opt_octets: int) -> bytes:
    """Fill a reply up to the next whole block.

    Args:
        reply: a whole message that ends with its OPT record.
        opt_octets: length of that record.

    Returns:
        The message with a PADDING option as its last octets; the same message
        when that would pass the size of a message.
    """
    shortest = len(reply) + _OPTION_START
    target = -(-shortest // BLOCK_OCTETS) * BLOCK_OCTETS
    size = min(target, MAX_MESSAGE_OCTETS) - shortest
    if size < 0:
        return reply
    start = len(reply) - opt_octets
    length = opt_octets - _OPT_FIXED + _OPTION_START + size
    head = reply[: start + _LENGTH] + length.to_bytes(2, "big")
    return head + reply[start + _OPT_FIXED :] + option(_PADDING, render_padding(size))
