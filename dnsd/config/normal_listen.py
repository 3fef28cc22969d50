"""``listen:`` from as written to as it runs: one listener for each address and port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.config import schema
from dnsd.config.written import TRANSPORTS
from dnsd.source.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dnsd.config.machine import Machine
    from dnsd.config.written import WrittenListener
    from dnsd.source.problems import Where

DNS_PORT: Final = 53
#: Where a server answers that may not bind port 53.
UNPRIVILEGED_PORT: Final = 5300

# Of each transport: its port (RFC 7858 §3.1, RFC 8484), and what stands in for it.
_PORTS: Final = {
    "udp": (DNS_PORT, UNPRIVILEGED_PORT),
    "tcp": (DNS_PORT, UNPRIVILEGED_PORT),
    "dot": (853, 8853),
    "doh": (443, 8443),
    "doh-http": (80, 8080),
}


def listeners(
    written: list[WrittenListener] | None, machine: Machine
) -> tuple[schema.Listener, ...]:
    """Give every transport its port."""
    if written is None:
        port = _port("udp", machine)
        addresses = ["127.0.0.1", "::1"] if machine.ipv6_loopback else ["127.0.0.1"]
        return tuple(schema.Listener(address, port, ("udp", "tcp")) for address in addresses)
    return tuple(
        schema.Listener(listener.address, port, transports)
        for listener in written
        for port, transports in _by_port(listener, machine).items()
    )


def check(
    written: list[WrittenListener] | None, machine: Machine, where: Callable[[int], Where]
) -> Iterator[Problem]:
    """Find what is bound twice.

    Args:
        written: as in the file.
        machine: what ports are decided by.
        where: finds the place of a listener by its index.
    """
    seen: dict[tuple[str, int, bool], int] = {}
    for index, listener in enumerate(written or ()):
        for port, transports in _by_port(listener, machine).items():
            streams = [name for name in transports if name != "udp"]
            if len(streams) > 1:
                yield Problem(
                    where(index),
                    "one-transport",
                    f"listen[{index}] has {' and '.join(streams)} at port {port},"
                    " which can be one of them only",
                    "a port for each, or port: auto",
                    f"{{address: {listener.address}, port: auto,"
                    f" transports: [{', '.join(transports)}]}}",
                )
            again = [
                name
                for name in transports
                if seen.setdefault((listener.address, port, name == "udp"), index) != index
            ]
            if again:
                first = where(seen[listener.address, port, again[0] == "udp"])
                yield Problem(
                    where(index),
                    "duplicate-listener",
                    f"listen[{index}] is {listener.address} port {port}/{again[0]} again,"
                    f" first in line {first.line}",
                )


def _by_port(listener: WrittenListener, machine: Machine) -> dict[int, tuple[str, ...]]:
    ports: dict[int, tuple[str, ...]] = {}
    for name in TRANSPORTS:
        if name in listener.transports:
            port = listener.port or _port(name, machine)
            ports[port] = (*ports.get(port, ()), name)
    return ports


def _port(transport: str, machine: Machine) -> int:
    usual, instead = _PORTS[transport]
    return usual if machine.low_ports else instead
