"""File descriptors: take all the system gives, and live within it.

The soft limit of 1,024 that most systems start a program with is a promise to
programs that use ``select``; we use none, so it is raised to the hard limit. When
that is still too little, the number of clients is scaled down and one line says
so: a small server is better than one that refuses to start.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass

# Kept for what is not counted below: zone files of a compile run, pipes to a helper
# program, accepted connections on their way to being refused.
RESERVE = 200
# Files every process has open: standard streams, epoll, store, its lock, log.
_ALWAYS = 32


@dataclass(frozen=True, slots=True)
class Need:
    """What one process of the daemon opens.

    Attributes:
        sockets: listening sockets, those of all workers, since each inherits all.
        tcp_clients: connections of DNS clients, over every transport.
        http_clients: connections to the control socket and the metrics port.
    """

    sockets: int
    tcp_clients: int
    http_clients: int


def raise_limit() -> int:
    """Raise the soft limit to the hard one.

    Returns:
        How many descriptors this process may have open.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def fit(need: Need, limit: int) -> tuple[int, str | None]:
    """Tell how many TCP clients a limit has room for.

    Args:
        need: what the busiest process would open.
        limit: what it may open.

    Returns:
        The number of TCP clients, at least 1, and one line when it is fewer than
        was asked for.
    """
    fixed = _ALWAYS + RESERVE + need.sockets + need.http_clients
    # A quarter more than counted: a closed connection keeps its descriptor for a turn.
    available = (limit - fixed) * 4 // 5
    if available >= need.tcp_clients:
        return available, None
    clients = max(1, available)
    wanted = fixed + need.tcp_clients * 5 // 4
    return clients, (
        f"{limit} file descriptors allow {clients} TCP clients a process instead of "
        f"{need.tcp_clients}; to allow all: LimitNOFILE={wanted} in the unit file, "
        f"or ulimit -n {wanted}"
    )
