"""Mailboxes: what stands between the angle brackets, read strictly.

An address is text from the network until it has been read here; after that its parts
hold nothing that could end a line, close a bracket or be read as a second address.

Source: RFC 5321 §4.1.2 and §4.1.3, RFC 6531 §3.3. Two things are wider than the grammar,
because mail with them is sent every day: an underscore in a domain, and a local part of
128 octets instead of 64 (return paths made by a program). A dot at the end of a domain
is taken off, so that it names nothing else than without.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

import idna

# RFC 5321 §4.5.3.1.3: a path is at most 256 octets, two of which are its brackets.
MAX_MAILBOX_OCTETS: Final = 254
MAX_LOCAL_PART_OCTETS: Final = 128
# RFC 1035 §2.3.4, as text without the dot at the end.
MAX_DOMAIN_OCTETS: Final = 253

_ATOM = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\x80-\U0010ffff]+"
_DOT_STRING: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
# Every octet of a quoted string is printable; quote and backslash stand behind a backslash.
_QUOTED_STRING: Final = re.compile(
    r'"((?:[ !#-\[\]-~\x80-\U0010ffff]|\\[ -~])*)"',
)
_QUOTED_PAIR: Final = re.compile(r"\\(.)")
_MUST_BE_QUOTED: Final = re.compile(r'(["\\])')
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# What nearly every mailbox looks like.
_PLAIN: Final = re.compile(
    r"([A-Za-z0-9_+\-=/&]+(?:\.[A-Za-z0-9_+\-=/&]+)*)"
    rf"@((?i:{_LABEL}(?:\.{_LABEL})+))"
)


class AddressError(ValueError):
    """An address that is none; the text says why and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where mail goes to or comes from.

    Attributes:
        local: the local part without quotes; printable, may be empty.
        domain: a name of A-labels in lower case without a dot at its end, or an address
            literal, ``[192.0.2.1]`` or ``[IPv6:2001:db8::1]``.
    """

    local: str
    domain: str

    def __str__(self) -> str:
        """Return the form of RFC 5321: quoted where the local part needs it."""
        return f"{quoted(self.local)}@{self.domain}"

    @property
    def key(self) -> str:
        """What two spellings of one mailbox of ours have in common.

        Hosts elsewhere may tell upper from lower case (RFC 5321 §2.4); we do not.
        """
        local = self.local.lower()
        if not local.isascii():
            local = unicodedata.normalize("NFC", local).casefold()
        return f"{local}@{self.domain}"

    @property
    def is_ascii(self) -> bool:
        """Whether a host without SMTPUTF8 can be told of it (RFC 6531 §3.2)."""
        return self.local.isascii()

    @property
    def is_literal(self) -> bool:
        """Whether the domain is an address."""
        return self.domain.startswith("[")


def quoted(local: str) -> str:
    """Return a local part as it is written: quoted if it is no dot-string."""
    if _DOT_STRING.fullmatch(local):
        return local
    return '"' + _MUST_BE_QUOTED.sub(r"\\\1", local) + '"'


def parse_mailbox(text: str, *, utf8: bool = False) -> Mailbox:
    """Read a mailbox.

    Args:
        text: without angle brackets, e.g. ``alice@example.test``.
        utf8: whether characters beyond ASCII are allowed (RFC 6531 §3.3).

    Raises:
        AddressError: it is none.
    """
    plain = _PLAIN.fullmatch(text)
    if plain and len(text) <= 64:
        return Mailbox(plain[1], plain[2].lower())
    if not utf8 and not text.isascii():
        raise AddressError("characters beyond ASCII need SMTPUTF8")
    if not text.isprintable():
        raise AddressError("characters that are not printable")
    local_text, at, domain_text = _split(text)
    if not at:
        raise AddressError("no @")
    local = _local_part(local_text)
    mailbox = Mailbox(local, parse_domain(domain_text, utf8=utf8))
    if _octets(str(mailbox)) > MAX_MAILBOX_OCTETS:
        raise AddressError(f"over {MAX_MAILBOX_OCTETS} octets")
    return mailbox


def parse_domain(text: str, *, utf8: bool = False) -> str:
    """Read a domain or an address literal, as it stands behind the @ and in EHLO.

    Args:
        text: e.g. ``Example.TEST.`` or ``[192.0.2.1]``.
        utf8: whether U-labels are allowed (RFC 6531 §3.3).

    Returns:
        As in ``Mailbox.domain``.

    Raises:
        AddressError: it is neither.
    """
    if text.startswith("["):
        return _literal(text)
    # Bounded before a library sees it, which may take longer than its length.
    if _octets(text) > MAX_DOMAIN_OCTETS + 1:
        raise AddressError("the domain is too long")
    name = text.removesuffix(".")
    if not name.isascii():
        if not utf8:
            raise AddressError("characters beyond ASCII need SMTPUTF8")
        name = ".".join(_a_label(label) for label in name.split("."))
    name = name.lower()
    if len(name) > MAX_DOMAIN_OCTETS or not _DOMAIN.fullmatch(name):
        raise AddressError("the domain is none")
    return name


def _split(text: str) -> tuple[str, str, str]:
    """Split at the @ that ends the local part: the first behind a quoted string."""
    if text.startswith('"'):
        string = _QUOTED_STRING.match(text)
        if string is None:
            raise AddressError("a quoted string does not end")
        if text[string.end() : string.end() + 1] != "@":
            raise AddressError("no @ behind the quoted string")
        return string[0], "@", text[string.end() + 1 :]
    # No atom has an @, so a second one makes the domain none.
    return text.partition("@")


def _local_part(text: str) -> str:
    if text.startswith('"'):
        local = _QUOTED_PAIR.sub(r"\1", text[1:-1])
    elif _DOT_STRING.fullmatch(text):
        local = text
    else:
        raise AddressError("the local part is none")
    if _octets(local) > MAX_LOCAL_PART_OCTETS:
        raise AddressError("the local part is too long")
    return local


def _literal(text: str) -> str:
    """Read an address literal (RFC 5321 §4.1.3).

    Numbers with zeros in front are refused, which some would read as octal.
    """
    inside = text[1:-1]
    try:
        if not text.endswith("]"):
            raise AddressError("the address literal does not end")
        if inside[:5].lower() == "ipv6:":
            if "%" in inside:
                raise AddressError("an address literal has no zone")
            return f"[IPv6:{IPv6Address(inside[5:])}]"
        return f"[{IPv4Address(inside)}]"
    except AddressValueError:
        raise AddressError("the address literal is none") from None


def _a_label(label: str) -> str:
    if label.isascii():
        return label
    try:
        return idna.alabel(label.lower()).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise AddressError("the domain is none") from None


def _octets(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
