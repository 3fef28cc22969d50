"""Kinds of values that are addresses, networks and endpoints."""

from __future__ import annotations

import ipaddress
import re

from dnsd.config.kinds import OFF_WORDS, Kind

NETWORK_WORDS = ("any", "loopback", "private")


class Address(Kind):
    """An IP address to bind, read as its shortest text."""

    noun = "an IPv4 or IPv6 address"

    def parse(self, text: str) -> str:
        """Read an address; a zone index is allowed, as in ``fe80::1%eth0``."""
        return str(ipaddress.ip_address(text))

    def advise(self, text: str) -> str:
        """Point to the key that a port belongs to."""
        host, colon, port = text.rpartition(":")
        if colon and port.isdecimal():
            try:
                host = str(ipaddress.ip_address(host.strip("[]")))
            except ValueError:
                return ""
            return (
                f"{{address: {host!r}, port: {port}}}"
                if ":" in host
                else f"{{address: {host}, port: {port}}}"
            )
        return "127.0.0.1" if text == "localhost" else ""


class Network(Kind):
    """Clients: a word for well-known networks, an address, or a network."""

    noun = "any, loopback, private, an address, or a network such as 192.0.2.0/24"

    def parse(self, text: str) -> str:
        """Read a word, an address or a network without host bits."""
        if text in NETWORK_WORDS:
            return text
        return str(ipaddress.ip_network(text))

    def advise(self, text: str) -> str:
        """Clear the host bits."""
        try:
            return str(ipaddress.ip_network(text, strict=False))
        except ValueError:
            return ""


class LoopbackEndpoint(Kind):
    """A loopback address and a port, or off; read as a pair or None."""

    noun = "a loopback address and a port such as 127.0.0.1:8053, or off"
    null = "off"

    def parse(self, text: str) -> tuple[str, int] | None:
        """Read ``127.0.0.1:8053``, ``[::1]:8053`` or ``off``."""
        if text in OFF_WORDS:
            return None
        host, colon, port = text.rpartition(":")
        if not colon or re.fullmatch("[1-9][0-9]{0,4}", port) is None or int(port) > 65535:
            raise ValueError(text)
        if ":" in host and not (host.startswith("[") and host.endswith("]")):
            raise ValueError(text)
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
        if not address.is_loopback:
            raise ValueError(text)
        return str(address), int(port)

    def advise(self, text: str) -> str:
        """Say why another address is refused."""
        if port := re.fullmatch("(?:localhost)?:([0-9]{1,5})", text):
            return f"127.0.0.1:{port[1]}"
        try:
            address = ipaddress.ip_address(text.rpartition(":")[0].strip("[]"))
        except ValueError:
            return ""
        return "" if address.is_loopback else "put a proxy that asks for a password in front of it"
