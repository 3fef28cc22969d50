"""What is looked up, from the words on the command line to the octets of a query.

    NAME [TYPE] [@SERVER], in any order

A name is taken as it stands, no domain is appended. An address stands for its name
in the reverse tree (RFC 1035 §3.5, RFC 3596 §2.5) and its PTR records. Without a
type both kinds of addresses are asked for.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.authority.zonefile.idn import to_ascii
from dnsd.wire import names
from dnsd.wire.edns import Edns
from dnsd.wire.edns_options import render_padding
from dnsd.wire.errors import FormError
from dnsd.wire.iana import OptionCode, RRClass, RRType, rrtype_from_text
from dnsd.wire.message import AD, CD, RD, Message, Question, render_message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ADDRESS_TYPES: Final = (int(RRType.A), int(RRType.AAAA))
_TRANSFERS: Final = (RRType.AXFR, RRType.IXFR)

# RFC 8467 §4.1: a client pads its queries to a multiple of this.
_BLOCK_OCTETS: Final = 128
_OPTION_OCTETS: Final = 4  # code and length of an option
_EDNS_OCTETS: Final = 1232  # fits into a packet of IPv6 (RFC 9715 §3.2)


class WordsError(Exception):
    """Words that ask nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the words ask.

    Attributes:
        name: in canonical form.
        types: at least one, each of which is a question.
        server: what stands behind ``@``; empty for none.
    """

    name: bytes
    types: tuple[int, ...]
    server: str = ""


@dataclass(frozen=True, slots=True)
class QueryForm:
    """What a query says beside its question.

    Attributes:
        rdclass: class asked in.
        recurse: the server shall ask others (RD).
        dnssec: signatures are wanted (DO).
        check_disabled: what fails validation is wanted too (CD).
        edns: there is an OPT record.
        pad: its length shall not tell the name; for TLS and HTTPS.
    """

    rdclass: int = int(RRClass.IN)
    recurse: bool = True
    dnssec: bool = False
    check_disabled: bool = False
    edns: bool = True
    pad: bool = False


def read_words(words: Sequence[str], *, reverse: bool = False) -> Asked:
    """Read the words of a command line.

    Args:
        words: at most one of them begins with ``@``, one or two do not.
        reverse: the name must be an address.

    Raises:
        WordsError: says what is wrong and what to type.
    """
    servers = [word[1:] for word in words if word.startswith("@")]
    others = [word for word in words if not word.startswith("@")]
    if len(servers) > 1:
        raise WordsError("only one server can be asked at a time")
    if not others:
        raise WordsError("the name to look up is missing")
    if len(others) > 2:
        raise WordsError(f"{others[2]!r} is too much; a server is written @{others[2]}")
    if len(others) == 2 and _type(others[0]) and not _type(others[1]):
        others.reverse()
    text = others[0]
    types = (_read_type(others[1]),) if len(others) == 2 else ()
    server = servers[0] if servers else ""
    address = _address(text)
    if address is not None:
        name = names.from_text(address.reverse_pointer)
        return Asked(name, types or (int(RRType.PTR),), server)
    if reverse:
        raise WordsError(f"{text!r} is not an address")
    return Asked(_read_name(text), types or ADDRESS_TYPES, server)


def query_octets(
    name: bytes, rrtype: int, form: QueryForm, entropy: Callable[[int], bytes]
) -> bytes:
    """Make a query with a random ID.

    AD says that we understand AD in the reply (RFC 6840 §5.7).
    """
    flags = AD | (RD if form.recurse else 0) | (CD if form.check_disabled else 0)
    message = Message(
        int.from_bytes(entropy(2), "big"), flags, [Question(name, rrtype, form.rdclass)]
    )
    if form.edns:
        message.edns = Edns(_EDNS_OCTETS, do=form.dnssec)
        if form.pad:
            size = len(render_message(message)) + _OPTION_OCTETS
            padding = render_padding(-size % _BLOCK_OCTETS)
            message.edns.options = ((int(OptionCode.PADDING), padding),)
    return render_message(message)


def _type(text: str) -> int:
    """Read a type; 0 when it is none."""
    try:
        return rrtype_from_text(text)
    except FormError:
        return 0


def _read_type(text: str) -> int:
    rrtype = _type(text)
    if not rrtype:
        raise WordsError(f"{text!r} is not a type; a server is written @{text}")
    if rrtype in _TRANSFERS:
        raise WordsError(f"{text.upper()} transfers a zone, which is no lookup")
    if rrtype == RRType.OPT:
        raise WordsError("OPT is a part of messages and cannot be asked for")
    return rrtype


def _read_name(text: str) -> bytes:
    try:
        return names.from_text(to_ascii(text))
    except FormError as error:
        raise WordsError(f"{text!r} is not a name: {error.reason}") from None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
