"""Kinds of values that are domain names, records, and where to find them."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from urllib.parse import urlsplit

from pydantic_core import core_schema

from dnsd.config.kinds import Kind, refuse, shown
from dnsd.wire import names, rdata
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType, rrtype_from_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_URL = 2000  # characters


class LocalRecord(NamedTuple):
    """One record of a local name.

    Attributes:
        name: in canonical form, as written; a host without domain has one label.
        type: RR type.
        rdata: uncompressed.
    """

    name: bytes
    type: int
    rdata: bytes


class DomainName(Kind):
    """A domain name, with or without its last dot, read as octets in canonical form."""

    noun = "a domain name"

    def parse(self, text: str) -> bytes:
        """Read a name; it is absolute even without its last dot."""
        try:
            return names.from_text(text)
        except FormError as error:
            raise ValueError(error.reason) from None

    def advise(self, text: str) -> str:
        """Write an international name as it goes over the wire."""
        if text.isascii():
            return ""
        try:
            return text.encode("idna").decode("ascii")
        except UnicodeError:
            return ""


@dataclass(frozen=True)
class SuffixOrName(DomainName):
    """A domain name or one of some words, which are read as themselves.

    Attributes:
        words: taken as text.
    """

    words: tuple[str, ...]

    @property
    def expected(self) -> str:
        """The words and what else."""
        return f"{', '.join(self.words)} or {self.noun}"

    def parse(self, text: str) -> Any:
        """Take a word as it is, anything else as a name."""
        return text if text in self.words else super().parse(text)


class TypeName(Kind):
    """A type of records, read as its number."""

    noun = "a record type such as AAAA"

    def parse(self, text: str) -> int:
        """Read a mnemonic or ``TYPE65``."""
        try:
            rrtype = rrtype_from_text(text.upper())
        except FormError:
            raise ValueError(text) from None
        if rdata.is_meta(rrtype):
            raise ValueError(text)
        return rrtype


class ServerAddress(Kind):
    """The IP address of a server to ask, read as its shortest text."""

    noun = "an IPv4 or IPv6 address"

    def parse(self, text: str) -> str:
        """Read an address without a zone index."""
        if "%" in text:
            raise ValueError(text)
        return str(ipaddress.ip_address(text))

    def advise(self, text: str) -> str:
        """Point to the key that a port belongs to."""
        host, colon, port = text.rpartition(":")
        if colon and port.isdecimal():
            try:
                ipaddress.ip_address(host.strip("[]"))
            except ValueError:
                return ""
            return f"port: {port}, a key of its own"
        return "only addresses: a name would have to be looked up first"


class Url(Kind):
    """Where a list is fetched from, or none; read as text or None."""

    noun = "an https:// address; http:// only for 127.0.0.1 and [::1]; or none"
    null = "none"

    def parse(self, text: str) -> str | None:
        """Read a URL that nobody on the way can change the answer of."""
        if text == "none":
            return None
        if len(text) > _MAX_URL or re.fullmatch("[!-~]+", text) is None:
            raise ValueError(text)
        parts = urlsplit(text)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username:
            raise ValueError(text)
        _ = parts.port  # raises when it is none
        if parts.scheme == "http" and not ipaddress.ip_address(parts.hostname).is_loopback:
            raise ValueError(text)
        return text

    def advise(self, text: str) -> str:
        """Ask for the protected form."""
        return "https" + text.removeprefix("http") if text.startswith("http://") else ""


class UrlPath(Kind):
    """The path of a URL."""

    noun = "a path such as /dns-query"

    def parse(self, text: str) -> str:
        """Read a plain path, without query and escapes."""
        if re.fullmatch("(/[A-Za-z0-9._~-]{1,60}){1,8}", text) is None:
            raise ValueError(text)
        return text

    def advise(self, text: str) -> str:
        """Begin it with a slash."""
        return f"/{text}" if re.fullmatch("[A-Za-z0-9._~-]{1,60}", text) else ""


class LocalNames(Kind):
    """A mapping from names to addresses or records, read as a list of records."""

    noun = "a mapping of names to an address, a list of addresses, or {TYPE: rdata}"
    schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}},
                {
                    "type": "object",
                    "additionalProperties": {
                        "anyOf": [
                            {"type": "string"},
                            {"type": "array", "items": {"type": "string"}},
                        ]
                    },
                },
            ]
        },
    }

    def read(self, written: object) -> Any:
        """Take a mapping; its keys and values are read one by one."""
        if written in (None, ""):
            return {}
        if not isinstance(written, dict):
            refuse("wrong-kind", f"is {shown(written)}", self.noun, "printer: 192.0.2.10")
        spellings: dict[str, str] = {}
        for name in map(str, written):
            first = spellings.setdefault(name.lower().removesuffix("."), name)
            if first != name:
                refuse(
                    "duplicate-name", f"has {shown(name)} and {shown(first)}, which are one name"
                )
        return written

    def __get_pydantic_core_schema__(self, _source: Any, _next: Any) -> core_schema.CoreSchema:
        name = core_schema.no_info_plain_validator_function(_local_name)
        records = core_schema.no_info_plain_validator_function(_records)
        mapping = core_schema.dict_schema(name, records)
        flat = core_schema.no_info_after_validator_function(_flatten, mapping)
        return core_schema.no_info_before_validator_function(self.read, flat)


def _local_name(written: object) -> bytes:
    try:
        name = names.from_text(str(written))
    except FormError as error:
        refuse("bad-name", f"has a name that is none: {error.reason}", DomainName.noun)
    if name == names.ROOT:
        refuse("bad-name", "is the root, which is no local name", DomainName.noun)
    return name


def _records(written: object) -> list[tuple[int, bytes]]:
    if isinstance(written, dict):
        found = []
        for text, values in written.items():
            rrtype = _type(str(text))
            found += [(rrtype, _rdata(rrtype, value)) for value in _several(values)]
        types = [rrtype for rrtype, _ in found]
        if RRType.CNAME in types and len(types) > 1:
            refuse("cname-and-other-data", "has a CNAME record and others", "a CNAME record alone")
    else:
        found = [_address(value) for value in _several(written)]
    if not found:
        refuse("missing-value", "has no address and no record", LocalNames.noun)
    return found


def _type(text: str) -> int:
    try:
        return int(TypeName().parse(text))
    except ValueError:
        refuse("bad-value", f"has the type {shown(text)}", TypeName.noun)


def _several(written: object) -> list[object]:
    return written if isinstance(written, list) else [written]


def _address(written: object) -> tuple[int, bytes]:
    try:
        address = ipaddress.ip_address(written if isinstance(written, str) else "")
    except ValueError:
        refuse(
            "bad-value",
            f"has {shown(written)}, which is no address",
            "an address, a list of addresses, or {TYPE: rdata}",
        )
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        refuse("bad-value", f"has {shown(written)}", "an address without a zone index")
    return int(RRType.A if address.version == 4 else RRType.AAAA), address.packed


def _rdata(rrtype: int, written: object) -> bytes:
    if not isinstance(written, str):
        refuse("wrong-kind", f"has {shown(written)}", "rdata as a master file writes it")
    try:
        return rdata.from_text(rrtype, written, names.ROOT)
    except FormError as error:
        refuse("bad-rdata", f"has {shown(written)}: {error.reason}")


def _flatten(mapping: dict[bytes, list[tuple[int, bytes]]]) -> tuple[LocalRecord, ...]:
    return tuple(
        LocalRecord(name, rrtype, octets)
        for name, records in mapping.items()
        for rrtype, octets in records
    )
