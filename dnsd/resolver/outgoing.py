"""The octets of queries that the resolver sends.

What a forger must guess is drawn anew for each query: the ID and one bit for
each letter of the name, from the entropy that is handed in. The name's letters
are spelled in random case, which a server copies into its reply; no property of
the question but the name's spelling changes.

Source: RFC 5452 §9.2 for the ID, RFC 6891 §6.1 and RFC 9715 for OPT, RFC 7873
§4 for the cookie, RFC 4343 for the letters.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnsd.wire.iana import OptionCode, RRType
from dnsd.wire.reader import HEADER_OCTETS

if TYPE_CHECKING:
    from collections.abc import Callable

_HEADER = struct.Struct("!HHHHH")  # behind the ID
_TYPE_CLASS = struct.Struct("!HH")
_OPT = struct.Struct("!BHHIH")
_OPTION = struct.Struct("!HH")

_RD = 0x0100
_CD = 0x0010
_DO = 0x8000
_IN = 1
_OPT_TYPE = int(RRType.OPT)
_COOKIE = int(OptionCode.COOKIE)

# The bit that makes a lower case letter an upper case one; no length octet is a letter.
_CASE_BITS = bytes(0x20 if 0x61 <= octet <= 0x7A else 0 for octet in range(256))


# Not frozen: one is made for each query, and that takes a frozen one five times as long.
@dataclass(slots=True)
class Form:
    """How a query is put.

    Attributes:
        edns: with an OPT record.
        cookie: value of the COOKIE option: the client's 8 octets, then the
            server's 8 to 32 or none; empty for no option.
        recurse: RD, for servers that are resolvers.
        dnssec: DO, so that signatures come along.
        check_disabled: CD.
        edns_size: octets of the largest UDP reply that we take.
        randomize_case: spell the name in random letter case.
    """

    edns: bool = True
    cookie: bytes = b""
    recurse: bool = False
    dnssec: bool = False
    check_disabled: bool = False
    edns_size: int = 1232
    randomize_case: bool = True


def query_octets(name: bytes, rrtype: int, form: Form, entropy: Callable[[int], bytes]) -> bytes:
    """Write a query of class IN.

    Args:
        name: in canonical form.
        rrtype: type asked for.
        form: how to put it; cookie and DO need EDNS and are left out without.
        entropy: gives that many octets that nobody can guess.
    """
    random = entropy(2 + len(name) if form.randomize_case else 2)
    spelled = _spell(name, random[2:]) if form.randomize_case else name
    flags = (_RD if form.recurse else 0) | (_CD if form.check_disabled else 0)
    question = spelled + _TYPE_CLASS.pack(rrtype, _IN)
    if not form.edns:
        return random[:2] + _HEADER.pack(flags, 1, 0, 0, 0) + question
    opt_ttl = _DO if form.dnssec else 0
    cookie = form.cookie
    if not cookie:
        opt = _OPT.pack(0, _OPT_TYPE, form.edns_size, opt_ttl, 0)
    else:
        size = len(cookie)
        opt = _OPT.pack(0, _OPT_TYPE, form.edns_size, opt_ttl, 4 + size)
        opt += _OPTION.pack(_COOKIE, size) + cookie
    return random[:2] + _HEADER.pack(flags, 1, 0, 0, 1) + question + opt


def respelled(reply: bytes, name: bytes) -> bytes:
    """Spell the question in lower case again.

    Other names of the reply point into it, and nobody must see our random letters.
    """
    end = HEADER_OCTETS + len(name)
    if len(reply) < end:
        return reply
    return reply[:HEADER_OCTETS] + name + reply[end:]


def _spell(name: bytes, random: bytes) -> bytes:
    """Turn letters of a name to upper case where the random bit says so."""
    bits = int.from_bytes(name.translate(_CASE_BITS), "big") & int.from_bytes(random, "big")
    return (int.from_bytes(name, "big") ^ bits).to_bytes(len(name), "big")
