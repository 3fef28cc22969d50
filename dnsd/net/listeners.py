"""Sockets that clients ask: bound once, before privileges are dropped.

With several workers every address has one socket a worker, all with
``SO_REUSEPORT``: the kernel then shares the queries evenly, where one socket
read by two processes is served by one of them almost alone. A single process
takes its port without that option, so a second server cannot slip beside it.

What keeps a socket from being bound is the operator's to mend, so it comes back
as :class:`ConfigError` with one line for each socket, not as an OSError.
"""

from __future__ import annotations

import errno
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnsd.source.problems import ConfigError, Problem, Where

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A datagram of 60 octets takes 832 octets of buffer, so 4 MiB hold a burst of 5,000.
RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024
# A connection that finds the queue full is tried again after a second, so it holds what
# comes while a busy machine keeps us waiting for half of one; the kernel's own cap applies.
TCP_BACKLOG = 4096

_WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound by us
# <linux/in.h>, <linux/in6.h>, <asm-generic/socket.h>: not all are in Python's socket.
_IP_PKTINFO = 8
_IP_MTU_DISCOVER = 10
_IPV6_MTU_DISCOVER = 23
_PMTUDISC_PROBE = 3
_SO_RCVBUFFORCE = 33
_SO_MEMINFO = 55
# <linux/sock_diag.h>: nine numbers of 32 bits, the last one counts drops.
_MEMORY_FACTS = struct.Struct("9I")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place to listen.

    Attributes:
        address: as text.
        port: 1..65535.
        transport: ``udp``, or what is spoken over TCP: ``tcp``, ``dot``, ``doh`` or
            ``doh-http``.
    """

    address: str
    port: int
    transport: str

    def __str__(self) -> str:
        return f"{self.address} port {self.port}/{self.transport}"

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for every address of the machine."""
        return self.address in _WILDCARDS


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound socket.

    Attributes:
        endpoint: what it is bound to.
        share: which worker it is made for, 0..workers-1.
        socket: non-blocking; one of TCP listens already.
    """

    endpoint: Endpoint
    share: int
    socket: socket.socket


@dataclass(frozen=True, slots=True)
class Bound:
    """All listeners, and what the operator should know, one line each."""

    listeners: tuple[Listener, ...]
    notices: tuple[str, ...]


def bind(endpoints: Iterable[Endpoint], shares: int) -> Bound:
    """Bind every endpoint once for each share.

    Args:
        endpoints: no two equal.
        shares: number of processes that will read, at least 1.

    Raises:
        ConfigError: some could not be bound; every one of them is named and
            nothing stays bound.
    """
    listeners: list[Listener] = []
    problems: list[Problem] = []
    for endpoint in endpoints:
        try:
            listeners.extend(_bind_shares(endpoint, shares))
        except OSError as error:
            problems.append(_problem(endpoint, error))
    if problems:
        for listener in listeners:
            listener.socket.close()
        raise ConfigError(problems)
    return Bound(tuple(listeners), tuple(_notices(listeners)))


def receive_drops(listeners: Iterable[Listener]) -> int:
    """Count the datagrams that the kernel had no room for, whoever should have read them."""
    return sum(
        _MEMORY_FACTS.unpack(
            listener.socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMORY_FACTS.size)
        )[-1]
        for listener in listeners
        if listener.endpoint.transport == "udp"
    )


def _bind_shares(endpoint: Endpoint, shares: int) -> Iterator[Listener]:
    if shares > 1:
        # SO_REUSEPORT would let us join the sockets of another server of the same
        # user and take every second query from it: see first that nobody is there.
        _open(endpoint, reuse_port=False).close()
    for share in range(shares):
        opened = _open(endpoint, reuse_port=shares > 1)
        if endpoint.transport != "udp":
            opened.listen(TCP_BACKLOG)
        yield Listener(endpoint, share, opened)


def _open(endpoint: Endpoint, *, reuse_port: bool) -> socket.socket:
    """Open and bind one socket.

    Raises:
        OSError: what the kernel says.
    """
    kind = socket.SOCK_DGRAM if endpoint.transport == "udp" else socket.SOCK_STREAM
    family, kind, protocol, _, address = socket.getaddrinfo(
        endpoint.address, endpoint.port, type=kind, flags=socket.AI_NUMERICHOST
    )[0]
    opened = socket.socket(family, kind | socket.SOCK_NONBLOCK, protocol)
    try:
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if reuse_port:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if endpoint.transport != "udp":
            # Connections in TIME_WAIT of the run before must not keep us out.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            _set_datagram_options(opened, family, wildcard=endpoint.is_wildcard)
        opened.bind(address)
    except BaseException:
        opened.close()
        raise
    return opened


def _set_datagram_options(opened: socket.socket, family: int, *, wildcard: bool) -> None:
    """Set what a UDP socket needs: where queries came to, no fragments, a deep buffer.

    A reply larger than the path takes must not be fragmented, or an off-path
    attacker can replace its second fragment. PROBE sets don't-fragment and, unlike
    DO, does not believe forged "fragmentation needed" messages.
    """
    if family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE)
        if wildcard:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        opened.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_PROBE)
        if wildcard:
            opened.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    try:
        opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER_OCTETS)
    except PermissionError:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_OCTETS)


def _notices(listeners: Iterable[Listener]) -> Iterator[str]:
    """Say once when the kernel gave a smaller receive buffer than was asked."""
    given = [
        # The kernel doubles the figure for its own bookkeeping, socket(7).
        listener.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
        for listener in listeners
        if listener.endpoint.transport == "udp"
    ]
    if given and min(given) < RECEIVE_BUFFER_OCTETS:
        yield (
            f"UDP receive buffers hold {min(given) // 1024} KiB instead of "
            f"{RECEIVE_BUFFER_OCTETS // 1024} KiB; bursts may be lost; to allow more: "
            f"sysctl -w net.core.rmem_max={RECEIVE_BUFFER_OCTETS}"
        )


def _problem(endpoint: Endpoint, error: OSError) -> Problem:
    where = Where(f"listen {endpoint}")
    flag = "u" if endpoint.transport == "udp" else "t"
    match error.errno:
        case errno.EADDRINUSE:
            return Problem(
                where,
                "port-in-use",
                "another program answers there; stop it "
                f"(ss -Hnlp{flag} 'sport = :{endpoint.port}' names it) or listen on another port",
            )
        case errno.EACCES | errno.EPERM:
            return Problem(
                where,
                "port-permission",
                "ports below 1024 need root or CAP_NET_BIND_SERVICE; start as root "
                "(dnsd then becomes the configured user) or listen on another port, such as 5300",
            )
        case errno.EADDRNOTAVAIL:
            return Problem(
                where,
                "address-not-here",
                "no interface of this machine has the address; `ip address` lists those it has",
            )
        case errno.EAFNOSUPPORT:
            return Problem(
                where,
                "address-family-missing",
                "the kernel runs without IPv6; leave the address out or enable IPv6",
            )
        case errno.EMFILE | errno.ENFILE:
            return Problem(
                where,
                "descriptors-exhausted",
                "no file descriptors are left; raise the limit (ulimit -n, LimitNOFILE=)",
            )
        case _:
            reason = error.strerror or str(error)
            return Problem(where, "listen-failed", f"the kernel says: {reason}")
