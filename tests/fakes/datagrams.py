"""Waiting for what the kernel delivers: on loopback too it may take a moment."""

import functools
import select
import socket
import struct
import time

_SO_MEMINFO = 55  # <asm-generic/socket.h>
_PATIENCE_S = 10


def wait_for_datagrams(sock, count):
    """Wait until at least so many datagrams of a few dozen octets can be read."""
    until = time.monotonic() + _PATIENCE_S
    while _octets(sock) < count * _octets_a_datagram():
        assert time.monotonic() < until, f"{count} datagrams did not come"
        select.select([], [], [], 0.001)


@functools.cache
def _octets_a_datagram():
    """Measure what a datagram takes of the buffer, the kernel's bookkeeping included."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.sendto(b"octets", sock.getsockname())
        select.select([sock], [], [], _PATIENCE_S)
        return _octets(sock)


def _octets(sock):
    """Return how full the receive buffer is."""
    facts = sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 36)
    return struct.unpack_from("I", facts)[0]
