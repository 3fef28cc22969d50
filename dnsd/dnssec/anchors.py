"""Trust anchors as text: DS and DNSKEY records as a master file writes them.

A line is one record, ``example. 3600 IN DS 20326 8 2 e06d…`` with or without TTL and
class; parentheses join lines, ``;`` begins a comment. Owners are absolute even without
their last dot. A DNSKEY becomes its SHA-256 DS record.

Source: RFC 4035 §4.2; the files that BIND, Unbound and Knot Resolver keep their
anchors in, and ``dig`` and ``dnssec-keygen`` write, have this form. The root's are those
that IANA publishes as ``root-anchors.xml`` (RFC 9718), as of 2025.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dnsd.dnssec import digests, keys
from dnsd.dnssec.algorithms import SUPPORTED, DigestType, KeyFault
from dnsd.wire import names, rdata
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRClass, RRType, rrclass_from_text, rrtype_from_text, rrtype_to_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.dnssec.digests import Ds

#: Octets of the largest text that is read; a key of each algorithm has less than 1,200.
MAX_TEXT_OCTETS: Final = 1 << 20

_DS = int(RRType.DS)
_DNSKEY = int(RRType.DNSKEY)
_TTL = re.compile("[0-9]{1,10}|(?:[0-9]{1,9}[smhdwSMHDW])+")
_EXPECTED: Final = "records of type DS or DNSKEY"

# The key of 2017, and that of 2024, which is to take its place.
_ROOT: Final = """\
. DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16
"""


class AnchorError(ValueError):
    """Text that holds no trust anchors, or something else.

    Attributes:
        line: from 1; 0 when it is the whole text.
        reason: one clause in lower case.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line
        self.reason = reason


def builtin_anchors() -> dict[bytes, tuple[Ds, ...]]:
    """Return the anchors of the root that come with the program."""
    return read_anchors(_ROOT)


def read_anchors(text: str) -> dict[bytes, tuple[Ds, ...]]:
    """Read trust anchors.

    A zone of which no record has a supported algorithm and digest is refused: without
    an anchor that counts, it would not be validated at all, and nobody would know.

    Args:
        text: at most :data:`MAX_TEXT_OCTETS` characters.

    Returns:
        Name of a zone, in canonical form → its DS records, as :func:`.digests.usable`
        picks them.

    Raises:
        AnchorError: with the first line that is wrong.
    """
    if len(text) > MAX_TEXT_OCTETS:
        raise AnchorError(0, f"more than {MAX_TEXT_OCTETS} octets")
    records: dict[bytes, list[bytes]] = {}
    lines: dict[bytes, int] = {}
    for line, words in _entries(text):
        try:
            owner, ds = _record(words)
        except FormError as error:
            raise AnchorError(line, error.reason) from None
        records.setdefault(owner, []).append(ds)
        lines.setdefault(owner, line)
    if not records:
        raise AnchorError(0, "no trust anchor")
    return {owner: _usable(owner, found, lines[owner]) for owner, found in records.items()}


def _usable(owner: bytes, records: list[bytes], line: int) -> tuple[Ds, ...]:
    """Pick the records of a zone that count, the first of which stands in a line."""
    different = dict.fromkeys(records)
    name = names.to_text(owner)
    if len(different) > digests.MAX_DS:
        raise AnchorError(line, f"more than {digests.MAX_DS} records of {name}")
    found = digests.usable(different)
    if not found:
        raise AnchorError(line, f"no record of {name} has a supported algorithm and digest")
    return found


def _entries(text: str) -> Iterator[tuple[int, list[str]]]:
    """Split text into records: the line where each begins, and its words."""
    words: list[str] = []
    begun = depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        content = line.partition(";")[0]
        for word in content.replace("(", " ( ").replace(")", " ) ").split():
            begun = begun or number
            depth += (word == "(") - (word == ")")
            if not 0 <= depth <= 1:
                raise AnchorError(number, "parentheses that do not match")
            if word not in "()":
                words.append(word)
        if words and not depth:
            if content[:1].isspace() and begun == number:
                raise AnchorError(number, "a record without its owner")
            yield begun, words
        if not depth:
            words, begun = [], 0
    if depth:
        raise AnchorError(begun, "a parenthesis that is never closed")


def _record(words: list[str]) -> tuple[bytes, bytes]:
    """Read a record: its owner, in canonical form, and DS rdata.

    Raises:
        FormError: says what is wrong.
    """
    if words[0].startswith("$"):
        raise FormError(f"{words[0][:20]} is a directive, not a record")
    owner = names.from_text(words[0])
    rest = words[1:]
    if rest and _TTL.fullmatch(rest[0]):
        del rest[0]
    if rest and _is_class(rest[0]):
        del rest[0]
        # The two stand in any order (RFC 1035 §5.1).
        if rest and _TTL.fullmatch(rest[0]):
            del rest[0]
    if not rest:
        raise FormError(f"no type; accepted are {_EXPECTED}")
    rrtype = rrtype_from_text(rest[0])
    octets = rdata.from_text(rrtype, " ".join(rest[1:])) if rrtype in (_DS, _DNSKEY) else b""
    if rrtype == _DS:
        return owner, octets
    if rrtype == _DNSKEY:
        return owner, _of_key(owner, octets)
    raise FormError(f"a record of type {rrtype_to_text(rrtype)}; accepted are {_EXPECTED}")


def _is_class(word: str) -> bool:
    """Tell whether a word is the class IN.

    Raises:
        FormError: it is another class.
    """
    try:
        rrclass = rrclass_from_text(word)
    except FormError:
        return False
    if rrclass != RRClass.IN:
        raise FormError(f"class {word.upper()}; anchors are of class IN")
    return True


def _of_key(owner: bytes, octets: bytes) -> bytes:
    """Make DS rdata of DNSKEY rdata."""
    key = keys.from_wire(octets)
    if key is None:
        raise FormError("DNSKEY without a public key")
    if not key.is_zone_key:
        raise FormError(f"DNSKEY {key.tag} is no zone key")
    if key.is_revoked:
        raise FormError(f"DNSKEY {key.tag} is revoked")
    if key.algorithm in SUPPORTED and isinstance(key.public_key(), KeyFault):
        raise FormError(f"DNSKEY {key.tag} has a public key that is malformed or not supported")
    return digests.to_wire(owner, key, DigestType.SHA256)
