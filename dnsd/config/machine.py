"""What the machine allows and has, where the configuration says ``auto``."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

_IPV6_ADDRESSES = Path("/proc/net/if_inet6")
_IPV6_ROUTES = Path("/proc/net/ipv6_route")
_FIRST_UNPRIVILEGED_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_HOSTS = Path("/etc/hosts")
_CAPABILITIES = Path("/proc/self/status")
_CAP_NET_BIND_SERVICE = 1 << 10  # capabilities(7)


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts that ``auto`` is decided by.

    Attributes:
        cores: processor cores this process may use, at least 1.
        low_ports: ports below 1024 may be bound.
        ipv6_loopback: ``::1`` can be bound.
        superuser: the process runs as root, so it can become another user.
        users: names of the users there are.
        ipv6_route: there is a way out by IPv6.
        hostname: what it calls itself, in lower case; with its domain where it knows that.
    """

    cores: int
    low_ports: bool
    ipv6_loopback: bool
    superuser: bool
    users: frozenset[str]
    ipv6_route: bool = False
    hostname: str = "localhost"


def inspect() -> Machine:
    """Look at the machine this process runs on."""
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        low_ports=_may_bind_low_ports(),
        ipv6_loopback=any(line.endswith(" lo") for line in _lines(_IPV6_ADDRESSES)),
        superuser=os.geteuid() == 0,
        users=frozenset(entry.pw_name for entry in pwd.getpwall()),
        ipv6_route=any(map(_is_way_out, _lines(_IPV6_ROUTES))),
        hostname=_hostname(),
    )


def _hostname() -> str:
    """Read the name of the machine, and its domain from /etc/hosts; nobody else is asked."""
    name = os.uname().nodename.lower()
    if "." not in name:
        for line in _lines(_HOSTS):
            full = next(
                (word for word in line.lower().split()[1:] if word.startswith(f"{name}.")), ""
            )
            if full:
                return full.removesuffix(".")
    return name.removesuffix(".")


def _is_way_out(line: str) -> bool:
    """Tell whether a line of ``ipv6_route`` is a default route that is no refusal."""
    fields = line.split()
    return fields[:2] == ["0" * 32, "00"] and fields[-1] != "lo"


def _may_bind_low_ports() -> bool:
    for line in _lines(_FIRST_UNPRIVILEGED_PORT):
        if line.strip().isdecimal() and int(line) <= 53:
            return True
    for line in _lines(_CAPABILITIES):
        key, _, value = line.partition(":")
        if key == "CapEff":
            return bool(int(value, 16) & _CAP_NET_BIND_SERVICE)
    return os.geteuid() == 0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except OSError:
        return []
