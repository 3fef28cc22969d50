"""Sets of client addresses, written as words and networks."""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# What a word stands for. Carrier-grade NAT (100.64.0.0/10, RFC 6598) is not
# private: its addresses are other people's customers.
WORDS: Final = {
    "any": ("0.0.0.0/0", "::/0"),
    "loopback": ("127.0.0.0/8", "::1/128"),
    "private": (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    ),
}


class Networks:
    """A set of IPv4 and IPv6 addresses.

    Addresses in one family never match networks of the other: an IPv4 client
    of an IPv6 socket is asked about with its 4 octets.
    """

    __slots__ = ("_ends", "_starts")

    def __init__(self, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> None:
        # Collapsing leaves disjoint ranges in order, so that one bisection decides.
        networks = list(networks)
        ipv4 = list(ipaddress.collapse_addresses(n for n in networks if n.version == 4))
        ipv6 = list(ipaddress.collapse_addresses(n for n in networks if n.version == 6))
        self._starts = {
            4: [int(network.network_address) for network in ipv4],
            16: [int(network.network_address) for network in ipv6],
        }
        self._ends = {
            4: [int(network.broadcast_address) for network in ipv4],
            16: [int(network.broadcast_address) for network in ipv6],
        }

    @classmethod
    def from_text(cls, texts: Iterable[str]) -> Networks:
        """Read ``any``, ``loopback``, ``private``, addresses and networks.

        Raises:
            ValueError: what is accepted; host bits set are refused too.
        """
        return cls(
            ipaddress.ip_network(each) for text in texts for each in WORDS.get(text, (text,))
        )

    def contains(self, packed: bytes) -> bool:
        """Tell whether an address of 4 or 16 octets is in the set."""
        starts = self._starts[len(packed)]
        address = int.from_bytes(packed, "big")
        i = bisect_right(starts, address) - 1
        return i >= 0 and address <= self._ends[len(packed)][i]
