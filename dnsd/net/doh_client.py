"""Who asks through a proxy of ours.

A proxy that ends the encryption is the client, unless the operator has named it:
then what it adds to the request says who asked (RFC 7239, and the older
X-Forwarded-For). Each proxy appends the address it was asked from, so the list is
read from its end, and the first address that is no proxy of ours is the client:
whatever stands before it, that client may have written itself.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dnsd.net.doh_message import Head
    from dnsd.query.acl import Networks

_FORWARDED: Final = b"forwarded"
# RFC 7239 §4: the value of a pair, as a token or quoted; §6: a port may follow.
_FOR: Final = re.compile(
    rb'(?:^|;)\s*for\s*=\s*(?:"([^"\\]*)"|([^;",\s]*))\s*(?:;|$)', re.IGNORECASE
)
_ADDRESS: Final = re.compile(
    r"\[([0-9a-f:.]+)\](?::[0-9]+)?|([0-9.]+)(?::[0-9]+)?|([0-9a-f:.]+)", re.ASCII | re.IGNORECASE
)


def client_of(head: Head, peer: bytes, proxies: Networks) -> bytes | None:
    """Return the packed address of whoever asked.

    Args:
        head: of the request.
        peer: packed address of the other end of the connection.
        proxies: those whose word counts.

    Returns:
        The client; ``None`` when a proxy says something that cannot be read, or
        says it in two ways, of which one may be its client's.
    """
    if not head.forwarded_for or not proxies.contains(peer):
        return peer
    if len({name for name, _ in head.forwarded_for}) > 1:
        return None
    said = b",".join(value for _, value in head.forwarded_for)
    read = _forwarded if head.forwarded_for[0][0] == _FORWARDED else _listed
    client = peer
    for part in reversed(said.split(b",")):
        address = read(part)
        if address is None:
            return None
        client = address
        if not proxies.contains(client):
            break
    return client


def _forwarded(part: bytes) -> bytes | None:
    """Read the address of one element of Forwarded."""
    found = _FOR.search(part)
    return _listed(found[1] or found[2]) if found else None


def _listed(part: bytes) -> bytes | None:
    """Read one address of a list."""
    found = _ADDRESS.fullmatch(part.decode("latin-1").strip())
    if found is None:
        return None
    try:
        address = ipaddress.ip_address(found[1] or found[2] or found[3])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).packed
