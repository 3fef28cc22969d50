"""What one exchange with a name server over UDP costs us: CPU, the kernel's included.

    python tests/bench/exchange.py [--exchanges 30000] [--in-flight 100] [--rounds 3]

A server in a process of its own answers at once over loopback; the figure is the CPU
time of this process over exchanges. Beside it, for scale: the same system calls with
nothing around them, and our exchanges with a reader of Twisted's for each socket
instead of one for all.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import select
import socket
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.turns import RealReactor

from dnsd.net.clock import Clock
from dnsd.net.upstream import Upstream
from dnsd.net.upstream_options import UpstreamOptions
from dnsd.observe import metrics
from dnsd.resolver.acceptance import judge
from dnsd.resolver.commands import Exchange, Result, Transport

LOOPBACK = b"\x7f\0\0\1"
QUERY = b"\x12\x34\0\0\0\1" + bytes(6) + b"\3www\7example\4test\0\0\1\0\1"


def answer(listening):
    """Answer every query at once."""
    while True:
        octets, client = listening.recvfrom(4096)
        listening.sendto(octets[:2] + b"\x84" + octets[3:], client)


def run_bare(port, count, in_flight):
    """Make the system calls of so many exchanges, and no more."""
    poller = select.epoll()
    sockets = {}

    def send():
        opened = socket.SocketType(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        opened.setsockopt(socket.IPPROTO_IP, 10, 3)
        while True:
            try:
                opened.bind(("0.0.0.0", random.randrange(1024, 65536)))
                break
            except OSError:
                pass
        opened.connect(("127.0.0.1", port))
        opened.send(QUERY)
        poller.register(opened.fileno(), select.EPOLLIN)
        sockets[opened.fileno()] = opened

    for _ in range(in_flight):
        send()
    left = count
    while left > 0:
        for descriptor, _ in poller.poll(10, 64):
            opened = sockets.pop(descriptor)
            opened.recvfrom(4096)
            poller.unregister(descriptor)
            opened.close()
            left -= 1
            if left >= in_flight:
                send()
    for opened in sockets.values():
        opened.close()
    poller.close()


class ReaderEach:
    """Stands for the epoll instance, and adds each socket to the reactor itself."""

    closed = True  # it is not watched itself

    def __init__(self, upstream, reactor):
        self._udp = upstream._udp
        self._reactor = reactor
        self._readers = {}
        reactor.removeReader(self._udp)
        self._udp._epoll.close()
        self._udp._epoll = self

    def register(self, descriptor, events):
        self._readers[descriptor] = reader = Reader(self._udp, descriptor)
        self._reactor.addReader(reader)

    def unregister(self, descriptor):
        self._reactor.removeReader(self._readers.pop(descriptor))

    def close(self):
        """Do nothing."""


class Reader:
    def __init__(self, udp, descriptor):
        self._udp = udp
        self._descriptor = descriptor

    def fileno(self):
        return self._descriptor

    def logPrefix(self):  # noqa: N802 - Twisted's name
        return "Reader"

    def connectionLost(self, reason):  # noqa: N802 - Twisted's name
        """Do nothing."""

    def doRead(self):  # noqa: N802 - Twisted's name
        self._udp._receive(self._udp._open[self._descriptor])


def run_ours(port, count, in_flight, *, reader_each=False):
    """Carry out so many exchanges."""
    reactor = RealReactor()
    row = metrics.new_page(1).row(0)
    upstream = Upstream(reactor, Clock(reactor), row, UpstreamOptions(judge, os.urandom))
    if reader_each:
        ReaderEach(upstream, reactor)
    sent = ended = 0

    def send():
        nonlocal sent
        sent += 1
        exchange = Exchange(LOOPBACK, port, Transport.UDP, QUERY, 5.0)
        upstream.exchange(exchange, done)

    def done(end):
        nonlocal ended
        assert end.result is Result.REPLY
        ended += 1
        if sent < count:
            send()

    for _ in range(in_flight):
        send()
    while ended < count:
        reactor.iterate(1)
    upstream.stop()
    reactor.close()


def run_reader_each(port, count, in_flight):
    """Carry out so many exchanges with a reader for each."""
    run_ours(port, count, in_flight, reader_each=True)


WAYS = {"system calls": run_bare, "dnsd": run_ours, "reader each": run_reader_each}


def measure(options):
    """Print and return microseconds an exchange by way, the middle of all rounds."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = multiprocessing.get_context("fork").Process(target=answer, args=(listening,))
        server.start()
        try:
            rounds = [_round(port, options) for _ in range(options.rounds)]
        finally:
            server.kill()
            server.join()
    costs = {way: statistics.median(each[way] for each in rounds) for way in WAYS}
    print(f"{'way':<14}{'µs CPU':>8}{'ratio':>8}")
    for way, cost in costs.items():
        print(f"{way:<14}{cost:>8.1f}{cost / costs['system calls']:>8.2f}")
    return costs


def _round(port, options):
    costs = {}
    for way, run in WAYS.items():
        before = time.process_time()
        run(port, options.exchanges, options.in_flight)
        costs[way] = (time.process_time() - before) / options.exchanges * 1e6
    return costs


def main():
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exchanges", type=int, default=30_000)
    parser.add_argument("--in-flight", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
