"""What exchanges with name servers are handed: options, the judge of replies, entropy."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dnsd.net.gathering import Gathering

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.net.upstream_connection import Server
    from dnsd.resolver.acceptance import Verdict


# How long a query waits for a socket, and how many times it is tried for again.
PATIENCE_S: Final = 0.09
RETRIES: Final = 2

# Errors that tell of the process or the kernel, not of the way to the server.
SHORTAGES: Final = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ENOSPC, errno.EAGAIN,
     errno.EADDRINUSE}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UpstreamOptions:
    """How one process exchanges messages with name servers.

    Attributes:
        judge: tells of a query and octets that came back what they are
            (``resolver/acceptance``).
        entropy: returns so many octets that nobody can guess.
        denied_ports: ports that queries never leave from: those we listen on.
        edns_size: octets of the largest datagram that is taken.
        connections: to servers, at once (``outgoing_tcp``).
        reuse_s: an idle connection is kept so long.
        reuse_queries: queries sent over one connection.
        trust: path of a file of authorities that certificates of named servers must
            lead to; empty for the system's.
        distrusted: is told of a server whose certificate is refused, and why; once
            until the reason is another one.
        gathering: of what replies lead to.
    """

    judge: Callable[[bytes, bytes], Verdict]
    entropy: Callable[[int], bytes]
    denied_ports: frozenset[int] = frozenset()
    edns_size: int = 1232
    connections: int = 64
    reuse_s: float = 30.0
    reuse_queries: int = 100
    trust: str = ""
    distrusted: Callable[[Server, str], None] = lambda _server, _why: None
    gathering: Gathering = field(default_factory=Gathering)
