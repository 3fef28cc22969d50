"""The values of EDNS options: octets to small values and back.

Every option has ``parse_…``, which raises :class:`FormError` and nothing else,
and ``render_…``. Options whose value is one number, one name or free octets
are Python's own types; ``None`` stands for the empty form in which a client
asks for the option.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dnsd.wire.errors import FormError
from dnsd.wire.reader import Reader

CLIENT_COOKIE_OCTETS: Final = 8
MIN_SERVER_COOKIE_OCTETS: Final = 8
MAX_SERVER_COOKIE_OCTETS: Final = 32

_IPV4_FAMILY = 1
_IPV6_FAMILY = 2
_ADDRESS_BITS = {_IPV4_FAMILY: 32, _IPV6_FAMILY: 128}


class Cookie(NamedTuple):
    """COOKIE (RFC 7873 §4): the client's 8 octets, the server's 8 to 32 or none."""

    client: bytes
    server: bytes = b""


def parse_cookie(value: bytes) -> Cookie:
    """Read COOKIE.

    Raises:
        FormError: a length that RFC 7873 §5.2.2 answers with FORMERR.
    """
    server = len(value) - CLIENT_COOKIE_OCTETS
    if server != 0 and not MIN_SERVER_COOKIE_OCTETS <= server <= MAX_SERVER_COOKIE_OCTETS:
        raise FormError(f"COOKIE of {len(value)} octets, 8 or 16 to 40 are right")
    return Cookie(value[:CLIENT_COOKIE_OCTETS], value[CLIENT_COOKIE_OCTETS:])


def render_cookie(cookie: Cookie) -> bytes:
    """Write COOKIE."""
    return cookie.client + cookie.server


class ClientSubnet(NamedTuple):
    """Client subnet (RFC 7871 §6).

    Attributes:
        family: 1 IPv4, 2 IPv6 (the registry of address families).
        source_prefix: bits of the address that are given.
        scope_prefix: bits that the answer holds for; 0 in queries.
        address: as many octets as the source prefix needs.
    """

    family: int
    source_prefix: int
    scope_prefix: int
    address: bytes


def parse_client_subnet(value: bytes) -> ClientSubnet:
    """Read a client subnet.

    Raises:
        FormError: not as RFC 7871 §6 has it: an unknown family, a prefix
            longer than an address, octets too many or too few, or bits set
            behind the prefix.
    """
    if len(value) < 4:
        raise FormError("client subnet of less than 4 octets")
    family = value[0] << 8 | value[1]
    source, scope, address = value[2], value[3], value[4:]
    bits = _ADDRESS_BITS.get(family)
    if bits is None:
        raise FormError(f"client subnet of address family {family}")
    if source > bits or scope > bits:
        raise FormError(f"client subnet with a prefix over {bits} bits")
    if len(address) != (source + 7) // 8:
        raise FormError(f"client subnet of {len(address)} octets for {source} bits")
    if source % 8 and address[-1] & (0xFF >> source % 8):
        raise FormError("client subnet with bits behind its prefix")
    return ClientSubnet(family, source, scope, address)


def render_client_subnet(subnet: ClientSubnet) -> bytes:
    """Write a client subnet."""
    head = bytes((0, subnet.family, subnet.source_prefix, subnet.scope_prefix))
    return head + subnet.address


class Error(NamedTuple):
    """Extended DNS error (RFC 8914 §2): its code and a text for people."""

    code: int
    text: str = ""


def parse_error(value: bytes) -> Error:
    """Read an extended error; a final NUL is dropped (RFC 8914 §2).

    Raises:
        FormError: less than two octets, or text that is not UTF-8.
    """
    if len(value) < 2:
        raise FormError("extended error of less than 2 octets")
    try:
        text = value[2:].removesuffix(b"\x00").decode()
    except UnicodeDecodeError:
        raise FormError("extended error whose text is not UTF-8") from None
    return Error(value[0] << 8 | value[1], text)


def render_error(error: Error) -> bytes:
    """Write an extended error."""
    return error.code.to_bytes(2, "big") + error.text.encode("utf-8", "replace")


def parse_keepalive(value: bytes) -> int | None:
    """Read TCP keepalive (RFC 7828 §3.1): 100 ms units, ``None`` in a query.

    Raises:
        FormError: neither empty nor two octets.
    """
    return _optional_integer("TCP keepalive", value, 2)


def render_keepalive(timeout_100ms: int | None) -> bytes:
    """Write TCP keepalive."""
    return b"" if timeout_100ms is None else timeout_100ms.to_bytes(2, "big")


def parse_expire(value: bytes) -> int | None:
    """Read EXPIRE (RFC 7314 §3): seconds, ``None`` in a query.

    Raises:
        FormError: neither empty nor four octets.
    """
    return _optional_integer("EXPIRE", value, 4)


def render_expire(seconds: int | None) -> bytes:
    """Write EXPIRE."""
    return b"" if seconds is None else seconds.to_bytes(4, "big")


def _optional_integer(option: str, value: bytes, size: int) -> int | None:
    if not value:
        return None
    if len(value) != size:
        raise FormError(f"{option} of {len(value)} octets instead of none or {size}")
    return int.from_bytes(value, "big")


def render_padding(size: int) -> bytes:
    """Write PADDING of that many octets, all zero (RFC 7830 §3)."""
    return bytes(size)


def parse_chain(value: bytes) -> bytes:
    """Read CHAIN (RFC 7901 §4): the closest trust point, in canonical form.

    Raises:
        FormError: not exactly one uncompressed name.
    """
    return _one_name(value)


def parse_report_channel(value: bytes) -> bytes:
    """Read Report-Channel (RFC 9567 §5): the agent's domain, in canonical form.

    Raises:
        FormError: not exactly one uncompressed name.
    """
    return _one_name(value)


def _one_name(value: bytes) -> bytes:
    reader = Reader(value)
    name = reader.uncompressed_name()
    if reader.remaining:
        raise FormError("octets behind the name", reader.offset)
    return name.lower()


def parse_key_tags(value: bytes) -> tuple[int, ...]:
    """Read edns-key-tag (RFC 8145 §4.1).

    Raises:
        FormError: half a key tag.
    """
    if len(value) % 2:
        raise FormError("half a key tag")
    return tuple(value[i] << 8 | value[i + 1] for i in range(0, len(value), 2))


def render_key_tags(tags: tuple[int, ...]) -> bytes:
    """Write edns-key-tag."""
    return b"".join(tag.to_bytes(2, "big") for tag in tags)


class ZoneVersion(NamedTuple):
    """ZONEVERSION (RFC 9660 §2).

    Attributes:
        label_count: labels of the zone's name, the root label left out.
        type: 0 is the serial of the SOA.
        version: four octets when the type is 0.
    """

    label_count: int
    type: int
    version: bytes


def parse_zone_version(value: bytes) -> ZoneVersion | None:
    """Read ZONEVERSION; ``None`` is a query's empty one.

    Raises:
        FormError: one octet, or a serial that is not four octets.
    """
    if not value:
        return None
    if len(value) < 2 or (value[1] == 0 and len(value) != 6):
        raise FormError(f"ZONEVERSION of {len(value)} octets")
    return ZoneVersion(value[0], value[1], value[2:])


def render_zone_version(version: ZoneVersion | None) -> bytes:
    """Write ZONEVERSION."""
    if version is None:
        return b""
    return bytes((version.label_count, version.type)) + version.version


def parse_algorithms(value: bytes) -> tuple[int, ...]:
    """Read DAU, DHU or N3U (RFC 6975 §3): the algorithms that a client knows."""
    return tuple(value)


def render_algorithms(algorithms: tuple[int, ...]) -> bytes:
    """Write DAU, DHU or N3U."""
    return bytes(algorithms)
