"""Where the search for the root begins: its servers as the root zone has them.

Only the first query of a process goes by these; its answer replaces them (RFC 9609).

Source: the root hints file of IANA (``named.root``), 2025.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from dnsd.resolver.delegation import Delegation
from dnsd.wire.iana import RRType
from dnsd.wire.names import ROOT, from_text, lower

if TYPE_CHECKING:
    from collections.abc import Iterable

_NS = int(RRType.NS)
_ADDRESSES = (int(RRType.A), int(RRType.AAAA))

ROOT_SERVERS: Final = {
    "a.root-servers.net.": ("198.41.0.4", "2001:503:ba3e::2:30"),
    "b.root-servers.net.": ("170.247.170.2", "2801:1b8:10::b"),
    "c.root-servers.net.": ("192.33.4.12", "2001:500:2::c"),
    "d.root-servers.net.": ("199.7.91.13", "2001:500:2d::d"),
    "e.root-servers.net.": ("192.203.230.10", "2001:500:a8::e"),
    "f.root-servers.net.": ("192.5.5.241", "2001:500:2f::f"),
    "g.root-servers.net.": ("192.112.36.4", "2001:500:12::d0d"),
    "h.root-servers.net.": ("198.97.190.53", "2001:500:1::53"),
    "i.root-servers.net.": ("192.36.148.17", "2001:7fe::53"),
    "j.root-servers.net.": ("192.58.128.30", "2001:503:c27::2:30"),
    "k.root-servers.net.": ("193.0.14.129", "2001:7fd::1"),
    "l.root-servers.net.": ("199.7.83.42", "2001:500:9f::42"),
    "m.root-servers.net.": ("202.12.27.33", "2001:dc3::35"),
}


def builtin_hints() -> Delegation:
    """Return the root's servers that come with the program."""
    addresses = {
        from_text(name): tuple(ipaddress.ip_address(text).packed for text in texts)
        for name, texts in ROOT_SERVERS.items()
    }
    return Delegation(ROOT, tuple(addresses), addresses)


def hints_from(records: Iterable[tuple[bytes, int, bytes]]) -> Delegation:
    """Make hints of records: the root's NS, and addresses of the servers named.

    Args:
        records: owner in canonical form, type and rdata of each.

    Raises:
        ValueError: no server of the root has an address among them.
    """
    records = list(records)
    servers = tuple(
        dict.fromkeys(
            lower(rdata) for owner, rrtype, rdata in records if owner == ROOT and rrtype == _NS
        )
    )
    addresses: dict[bytes, tuple[bytes, ...]] = {}
    for owner, rrtype, rdata in records:
        if owner in servers and rrtype in _ADDRESSES:
            addresses[owner] = (*addresses.get(owner, ()), rdata)
    if not addresses:
        raise ValueError("no name server of the root with an address")
    return Delegation(ROOT, servers, addresses)
