"""Servers of zones for experiments with floods: prompt, slow, silent, or all answers at once.

All of them live in one process of their own, each at an address of loopback, so that
what they cost is not on the account of whoever measures. They answer any name: with an
address, or with a text as long as fits.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import math
import multiprocessing
import os
import selectors
import socket
import time
from dataclasses import dataclass

from peers.servers import free_port

SILENT = math.inf
A, TXT = 1, 16
TTL = 3600
_ADDRESS = bytes((192, 0, 2, 80))
_OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
_UDP_OCTETS = 1232
_BUFFER_OCTETS = 8 << 20
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Manner:
    """How a server answers.

    Attributes:
        delay_s: after so long; ``SILENT`` for never.
        every_s: all that came are answered together, at multiples of so many seconds of
            the monotonic clock; 0 for each on its own.
        links: aliases that lead from the name to the answer, at most 9.
    """

    delay_s: float = 0.0
    every_s: float = 0.0
    links: int = 0


def reply_to(query, links=0):
    """Answer any question for an address or a text, as long as a datagram may be.

    Args:
        query: octets of it.
        links: aliases before the answer to a question for an address.
    """
    end = query.index(0, 12) + 5
    rrtype = int.from_bytes(query[end - 4 : end - 2], "big")
    rdata = b""
    if rrtype == A:
        rdata = _ADDRESS
    elif rrtype == TXT:
        left = _UDP_OCTETS - end - 12 - len(_OPT)
        while left > 1:
            size = min(255, left - 1)
            rdata += bytes((size,)) + b"x" * size
            left -= size + 1
    count = 1 + links if rdata else 0
    octets = query[:2] + b"\x84\0\0\1" + count.to_bytes(2, "big") + b"\0\0\0\1" + query[12:end]
    owner = b"\xc0\x0c"
    for number in range(count - 1):
        octets += owner + b"\0\5\0\1" + TTL.to_bytes(4, "big") + b"\0\5"
        owner = (0xC000 | len(octets)).to_bytes(2, "big")
        octets += b"\2c%d" % number + b"\xc0\x0c"
    if rdata:
        octets += owner + query[end - 4 : end] + TTL.to_bytes(4, "big")
        octets += len(rdata).to_bytes(2, "big") + rdata
    return octets + _OPT


class ZoneServers:
    """The servers, by address.

    Attributes:
        port: all of them are asked at.
    """

    def __init__(self, manners):
        """Prepare; they answer while this is entered.

        Args:
            manners: how each answers, by its address.
        """
        self.port = free_port()
        context = multiprocessing.get_context("fork")
        self._addresses = list(manners)
        self._received = context.Array("L", len(manners))
        self._ready, self._over = context.Event(), context.Event()
        self._process = context.Process(target=self._run, args=(manners,), daemon=True)

    def __enter__(self):
        self._process.start()
        if not self._ready.wait(_PATIENCE_S):
            raise RuntimeError("the servers of zones did not start")
        return self

    def __exit__(self, *_):
        ended = self._process.exitcode
        self._over.set()
        self._process.join()
        if ended is not None:
            raise RuntimeError(f"the servers of zones ended with status {ended}")

    def received(self, address):
        """How many queries came to one of them."""
        return self._received[self._addresses.index(address)]

    def stubs(self, zones):
        """Configure a resolver that knows which zone is where.

        Args:
            zones: address by zone.
        """
        return [
            {"zone": zone, "servers": [address], "port": self.port, "kind": "stub"}
            for zone, address in zones.items()
        ]

    def _run(self, manners):
        with contextlib.ExitStack() as stack:
            selector = stack.enter_context(selectors.DefaultSelector())
            for number, (address, manner) in enumerate(manners.items()):
                opened = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_OCTETS)
                opened.bind((address, self.port))
                opened.setblocking(False)
                selector.register(opened, selectors.EVENT_READ, (number, manner))
            self._ready.set()
            self._serve(selector)

    def _serve(self, selector):
        due, order = [], itertools.count()
        parent = os.getppid()
        while not self._over.is_set() and os.getppid() == parent:
            now = time.monotonic()
            wait_s = max(0.0, min(0.02, due[0][0] - now)) if due else 0.02
            for key, _ in selector.select(wait_s):
                number, manner = key.data
                now = time.monotonic()
                for octets, client in _received(key.fileobj):
                    self._received[number] += 1
                    if manner.delay_s != SILENT:
                        at = _answered_at(manner, now)
                        reply = key.fileobj, octets, client, manner.links
                        heapq.heappush(due, (at, next(order), *reply))
            now = time.monotonic()
            while due and due[0][0] <= now:
                _, _, opened, octets, client, links = heapq.heappop(due)
                with contextlib.suppress(OSError):  # whoever asked may be gone
                    opened.sendto(reply_to(octets, links), client)


def _answered_at(manner, now):
    if manner.every_s:
        return (now // manner.every_s + 1) * manner.every_s
    return now + manner.delay_s


def _received(opened):
    """What has come to a socket, and from where."""
    for _ in range(256):
        try:
            yield opened.recvfrom(4096)
        except OSError:  # nothing more, or a reply that nobody took
            return
