"""Whom a lookup asks: the server named, the dnsd of this machine, or the system's.

Without a server the dnsd of the configuration is asked, and where none answers the
resolvers of ``/etc/resolv.conf``, unless the configuration was named too.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from dnsd.cli.lookup_exchange import HTTPS_PATH, Server, Way

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dnsd.config.schema import Listener

RESOLV_CONF: Final = Path("/etc/resolv.conf")
MAX_RESOLVERS: Final = 3  # what the C library takes of resolv.conf

# What is asked at a wildcard address of this machine.
_LOCAL: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound
_WAYS: Final = {"udp": Way.UDP, "tcp": Way.TCP, "dot": Way.TLS, "doh": Way.HTTPS}
_PORT: Final = re.compile(r"^(?P<host>\[[^\]]*\]|[^:]*|.*(?=#))[:#](?P<port>\d{1,5})$")


class ServerError(Exception):
    """A server that cannot be asked, as the person wrote it."""


def named(text: str, port: int | None) -> tuple[Server, ...]:
    """Read what stands behind ``@``: an address or a name, with a port, or a URL.

    Args:
        text: ``192.0.2.1``, ``192.0.2.1:5300``, ``[2001:db8::1]:5300``,
            ``2001:db8::1#5300``, ``dns.example`` or ``https://dns.example/dns-query``.
        port: what ``--port`` says.

    Returns:
        One server for each address of the name.

    Raises:
        ServerError: it is none of these, or the name has no address.
    """
    path = HTTPS_PATH
    if text.startswith("https://"):
        try:
            url = urlsplit(text)
        except ValueError:
            raise ServerError(f"{text!r} is not a URL") from None
        text, path = url.netloc, url.path or HTTPS_PATH
    host = text
    if not _is_address(host) and (found := _PORT.match(host)):
        host, port = found["host"], int(found["port"])
    host = host.removeprefix("[").removesuffix("]")
    if port is not None and not 1 <= port <= 0xFFFF:
        raise ServerError(f"{port} is not a port: 1 to 65535 are")
    if _is_address(host):
        return (Server(host, port, path=path),)
    return tuple(Server(address, port, host, path) for address in _addresses(host))


def configured(listeners: Iterable[Listener], way: Way | None) -> tuple[Server, Way] | None:
    """Choose the listener of a dnsd to ask; None when none takes that way.

    Args:
        listeners: of its configuration.
        way: how it is asked; None for the simplest that there is.
    """
    offered = [
        (_WAYS[transport], listener) for listener in listeners for transport in listener.transports
    ]
    for wanted in Way if way is None else (way,):
        for found, listener in offered:
            if found is wanted:
                address = _LOCAL.get(listener.address, listener.address)
                return Server(address, listener.port), found
    return None


def of_system(path: Path = RESOLV_CONF) -> tuple[Server, ...]:
    """List the resolvers that the programs of this machine ask; loopback if it names none.

    Source: resolv.conf(5).
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    words = (line.split() for line in lines)
    found = [row[1] for row in words if len(row) > 1 and row[0] == "nameserver"]
    addresses = [address for address in found if _is_address(address)][:MAX_RESOLVERS]
    return tuple(Server(address) for address in addresses or ["127.0.0.1"])


def place(server: Server) -> str:
    """Write a server for people: its address and port, and the name that was asked for."""
    text = f"{server.address} port {server.port}"
    return f"{server.name} ({text})" if server.name else text


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _addresses(name: str) -> list[str]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ServerError(f"{name!r} is no address, and none is known of it: {reason}") from None
    return list(dict.fromkeys(str(row[4][0]) for row in found))
