"""Protection of clients against DNS rebinding.

A web page of a stranger may look up a name of the stranger's, be told an address in
the reader's own network, and then read what answers there as if it were the
stranger's site. So private addresses are taken out of what public names have:

    A, AAAA          records with such an address
    SVCB, HTTPS      records with such an address among their hints (RFC 9460 §7.3)

The name that the client asked for decides, not where its aliases lead: an alias from
a public name to a machine of ours is just this attack.

Exempt are names of ours, of zones under ``forward``, and those that are allowed.
Mail servers ask lists of senders for an address written backwards, and 127.0.0.2 and
others like it are their words for "listed" (RFC 5782 §2.1). To such names, addresses
of 127.0.0.0/8 are left, but not 127.0.0.1, which those lists never say (RFC 5782 §5)
and which is where a machine's own services listen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dnsd.resolver.local.reverse import begins_with_address
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType
from dnsd.wire.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dnsd.wire.rrset import RRset

_A = int(RRType.A)
_AAAA = int(RRType.AAAA)
_SERVICES: Final = frozenset((int(RRType.SVCB), int(RRType.HTTPS)))
_TYPES: Final = _SERVICES | {_A, _AAAA}

_IPV4HINT, _IPV6HINT = 4, 6  # RFC 9460 §14.3.2
_LOCALHOST = bytes((127, 0, 0, 1))
_MAPPED = bytes(10) + b"\xff\xff"  # RFC 4291 §2.5.5.2
_COMPATIBLE = bytes(12)  # RFC 4291 §2.5.5.1
_NAT64 = bytes.fromhex("0064ff9b") + bytes(8)  # RFC 6052 §2.1
_NAT64_LOCAL = bytes.fromhex("0064ff9b0001")  # RFC 8215 §3
_6TO4 = bytes.fromhex("2002")  # RFC 3056 §2


class PrivateFilter:
    """Takes private addresses out of the answers to public names."""

    __slots__ = ("_is_ours", "_trees")

    def __init__(self, trees: Iterable[bytes], is_ours: Callable[[bytes], bool]) -> None:
        """Choose who may have private addresses.

        Args:
            trees: names, in canonical form, that may have them, with all below:
                those that are allowed and zones under ``forward``, but for the root.
            is_ours: tells whether a name is of a zone of ours or a local one.
        """
        self._trees = frozenset(trees) - {names.ROOT}
        self._is_ours = is_ours

    def __call__(self, qname: bytes, rrsets: list[RRset]) -> list[RRset] | None:
        """Return what may be told a client.

        Args:
            qname: name that the client asked for, in canonical form.
            rrsets: the whole answer.

        Returns:
            The answer without private addresses; ``None`` if it has none of them or
            may have them.
        """
        private = [rrset for rrset in rrsets if rrset.type in _TYPES and _has_private(rrset)]
        if not private or self._may_have_them(qname):
            return None
        listed = begins_with_address(qname)
        kept = [_filtered(rrset, listed=listed) for rrset in rrsets]
        if kept == rrsets:
            return None
        return [rrset for rrset in kept if rrset.rdatas]

    def _may_have_them(self, qname: bytes) -> bool:
        name = qname
        while name != names.ROOT:
            if name in self._trees:
                return True
            name = names.parent(name)
        return self._is_ours(qname)


def is_private(address: bytes) -> bool:
    """Tell whether an address is in a network that is not the Internet's.

    Loopback, private, link-local and unspecified ones of IPv4 (RFC 6890), the same of
    IPv6 with unique local and site-local ones, and IPv6 addresses that stand for one
    of IPv4 that is.

    Args:
        address: 4 or 16 octets.
    """
    if len(address) == 4:
        first, second = address[0], address[1]
        return (
            first in (0, 10, 127)
            or (first == 172 and second & 0xF0 == 16)
            or (first == 192 and second == 168)
            or (first == 169 and second == 254)
        )
    first = address[0]
    if first & 0xFE == 0xFC or (first == 0xFE and address[1] & 0x80):
        return True  # fc00::/7, fe80::/10 and fec0::/10
    if first not in (0, 0x20):
        return False
    if address[:12] in (_MAPPED, _COMPATIBLE, _NAT64):
        return is_private(address[12:])  # :: and ::1 too
    if address[:2] == _6TO4:
        return is_private(address[2:6])
    return address[:6] == _NAT64_LOCAL


def _has_private(rrset: RRset) -> bool:
    # A loop: with ``any`` and its generator it takes three times as long.
    for rdata in rrset.rdatas:  # noqa: SIM110
        if _is_private(rrset.type, rdata):
            return True
    return False


def _is_private(rrtype: int, rdata: bytes) -> bool:
    if rrtype in _SERVICES:
        return any(map(is_private, _hints(rdata)))
    return len(rdata) in (4, 16) and is_private(rdata)


def _filtered(rrset: RRset, *, listed: bool) -> RRset:
    """Return an RRset without private addresses, and then without its signatures."""
    if rrset.type not in _TYPES:
        return rrset
    kept = tuple(
        rdata
        for rdata in rrset.rdatas
        if not _is_private(rrset.type, rdata)
        or (listed and rrset.type == _A and rdata[0] == 127 and rdata != _LOCALHOST)
    )
    return rrset if kept == rrset.rdatas else replace(rrset, rdatas=kept, signatures=())


def _hints(rdata: bytes) -> list[bytes]:
    """List the addresses among the parameters of SVCB or HTTPS (RFC 9460 §2.2)."""
    found: list[bytes] = []
    reader = Reader(rdata)
    try:
        reader.skip(2)
        reader.uncompressed_name()
        while reader.remaining:
            parameter = reader.uint16()
            value = reader.octets(reader.uint16())
            size = {_IPV4HINT: 4, _IPV6HINT: 16}.get(parameter, 0)
            if size:
                found += [value[i : i + size] for i in range(0, len(value) - size + 1, size)]
    except FormError:
        pass  # nobody can use the rest either
    return found
