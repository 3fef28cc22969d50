"""Whether octets that came in are the reply to a query that went out.

The only judge of datagrams and of messages on streams. What it discards must
change nothing, neither the wait for the true reply nor what is known of the
server: a forger must not be able to end an exchange with a bad message. A wrong
ID is told apart because somebody may be guessing, a changed letter case because
some servers do that.

Nothing is parsed on the good path: the question's octets are compared as they
were sent, letter case included. That the records fit is checked only as far as
their number needs octets, so a reply that was accepted may still be malformed.

Source: RFC 5452 §9.1, RFC 7873 §5.3.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from dnsd.wire.errors import FormError
from dnsd.wire.iana import OptionCode, Rcode
from dnsd.wire.message import parse_message

if TYPE_CHECKING:
    from dnsd.wire.edns import Edns

_HEADER_OCTETS = 12
_QR_AND_OPCODE = 0xF8
_QR = 0x80
_TC = 0x02
_MIN_RECORD_OCTETS = 11
_FIXED_OPT_OCTETS = 11
_COOKIE_START = _FIXED_OPT_OCTETS + 4  # behind the option's code and length
_CLIENT_COOKIE_OCTETS = 8
_WHOLE_COOKIE_OCTETS = range(16, 41)  # the client's 8, the server's 8 to 32
_COOKIE = int(OptionCode.COOKIE)
_COOKIE_CODE = _COOKIE.to_bytes(2, "big")
# RFC 6891 §7: servers that do not know EDNS may answer with a header alone.
_RCODES_WITHOUT_QUESTION = frozenset((int(Rcode.FORMERR), int(Rcode.NOTIMP)))


class Verdict(enum.IntEnum):
    """What to make of octets that came in."""

    ACCEPTED = 0  # the reply
    DISCARDED = 1  # wait on as if it had not come
    WRONG_ID = 2  # likewise, and ask again over TCP (RFC 5452 §9.2)
    CASE_CHANGED = 3  # likewise, unless nothing better comes


# Plain names: an attribute of an enumeration costs as much as a comparison of octets.
ACCEPTED: Final = Verdict.ACCEPTED
DISCARDED: Final = Verdict.DISCARDED


def judge(query: bytes, reply: bytes) -> Verdict:
    """Tell whether octets are the reply to a query.

    Args:
        query: one of ours: a question without compression, then at most an OPT record.
        reply: any octets.
    """
    if len(reply) < _HEADER_OCTETS or not reply[2] & _QR:
        return DISCARDED
    if reply[:2] != query[:2]:
        return Verdict.WRONG_ID
    if reply[2] & _QR_AND_OPCODE != _QR:
        return DISCARDED
    end = _HEADER_OCTETS
    while length := query[end]:
        end += 1 + length
    end += 5  # root label, type, class
    if reply[4:6] != b"\x00\x01":
        return ACCEPTED if _is_header_alone(reply) else DISCARDED
    if not reply.startswith(query[_HEADER_OCTETS:end], _HEADER_OCTETS):
        return _compare_without_case(query[_HEADER_OCTETS:end], reply)
    records = (reply[6] + reply[8] + reply[10] << 8) + reply[7] + reply[9] + reply[11]
    # A server that truncates may cut anywhere; such a reply is not read anyway.
    if end + records * _MIN_RECORD_OCTETS > len(reply) and not reply[2] & _TC:
        return DISCARDED
    if len(query) > end + _FIXED_OPT_OCTETS:
        # Who has these 64 random bits has seen the query, wherever they stand.
        client = query[end + _COOKIE_START : end + _COOKIE_START + _CLIENT_COOKIE_OCTETS]
        if client not in reply and _has_foreign_cookie(query, end, reply):
            return DISCARDED
    return ACCEPTED


def _is_header_alone(reply: bytes) -> bool:
    return (
        len(reply) == _HEADER_OCTETS
        and reply[4:] == bytes(8)
        and reply[3] & 15 in _RCODES_WITHOUT_QUESTION
    )


def _compare_without_case(question: bytes, reply: bytes) -> Verdict:
    """Judge a reply whose question has not the octets that were sent."""
    there = reply[_HEADER_OCTETS : _HEADER_OCTETS + len(question)]
    # The type and class are no letters, whatever their octets look like.
    if there[-4:] == question[-4:] and there[:-4].lower() == question[:-4].lower():
        return Verdict.CASE_CHANGED
    return DISCARDED


def _has_foreign_cookie(query: bytes, end: int, reply: bytes) -> bool:
    """Tell whether a query has a cookie, and a reply without ours has one too.

    Args:
        query: with options in its OPT record.
        end: offset behind its question.
        reply: with the right question.
    """
    start = end + _FIXED_OPT_OCTETS
    if query[start : start + 2] != _COOKIE_CODE:
        return False
    # Without the octets of the option's code there is no need to look closer.
    if reply[2] & _TC or reply.find(_COOKIE_CODE, end) < 0:
        return False
    try:
        edns = parse_message(reply).edns
    except FormError:
        return True
    return edns is not None and edns.option(_COOKIE) is not None


def proves_path(sent: bytes, edns: Edns | None) -> bool:
    """Tell whether a reply's cookie shows that its sender has seen the query.

    Source: RFC 7873 §4, §5.3, §6: an off-path forger does not know the client cookie.

    Args:
        sent: value of the COOKIE option of the query; empty for none.
        edns: of the reply.
    """
    if len(sent) < _CLIENT_COOKIE_OCTETS or edns is None:
        return False
    value = edns.option(_COOKIE)
    if value is None or len(value) not in _WHOLE_COOKIE_OCTETS:
        return False
    return value[:_CLIENT_COOKIE_OCTETS] == sent[:_CLIENT_COOKIE_OCTETS]
