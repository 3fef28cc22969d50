"""A flood of queries from many addresses, by a process of its own.

Every address of 127/8 is ours on loopback, so the sources are forged as far as the
server sees. A flood has a rate, or a number of queries that wait for replies at a time:
then it is as fast as the server, which is how capacity is measured.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import selectors
import socket
import time
from dataclasses import dataclass

from fakes import octets

from dnsd.wire.message import RD

SOURCES = 64
_COUNTS = ("sent", "answered", "failed", "others")
# A query that got no reply after so long gives its place to the next one.
_PATIENCE_S = 1.0
_TURN_S = 0.002


@dataclass(frozen=True)
class Names:
    """Names to be asked for.

    Attributes:
        zones: in which, one after the other.
        prefix: what they begin with; what follows is a number.
        repeats_s: each is asked for again so often; 0 for once.
        lasts_s: and for so long.
    """

    zones: tuple[str, ...]
    prefix: str = "x"
    repeats_s: float = 0.0
    lasts_s: float = 0.0

    def queries(self, rate):
        """Make queries without end, to be sent at a rate, in their order."""
        heads = [octets.query(f"{self.prefix}00000000.{zone}", 1, flags=RD) for zone in self.zones]
        at = 12 + 1 + len(self.prefix)
        fresh = (
            head[:at] + b"%08x" % number + head[at + 8 :]
            for number, head in zip(itertools.count(), itertools.cycle(heads))
        )
        if not self.repeats_s:
            return fresh
        return self._repeated(fresh, max(1, int(rate * self.repeats_s)))

    def _repeated(self, fresh, count):
        rounds = max(1, int(self.lasts_s / self.repeats_s))
        while True:
            current = list(itertools.islice(fresh, count))
            for _ in range(rounds):
                yield from current


class Flood:
    """Sends while it is entered.

    Attributes:
        tally: so far ``sent``, ``answered`` without an error, ``failed`` with one, and
            ``others``: replies of another kind.
    """

    def __init__(self, server, queries, *, rate=0.0, waiting=0, network="127.77.0"):
        """Prepare.

        Args:
            server: its ``address`` and ``port`` are asked.
            queries: octets of queries; endless.
            rate: queries a second; 0 for as many as the server replies to.
            waiting: for how many replies to wait at a time, without a rate; 0 for no
                reply: as fast as sockets take them.
            network: /24 of the sources.
        """
        context = multiprocessing.get_context("fork")
        self._counts = context.Array("L", len(_COUNTS))
        self._over = context.Event()
        self._server = server
        self._queries = queries
        self._rate, self._waiting, self._network = rate, waiting, network
        self._process = context.Process(target=self._run, daemon=True)

    def __enter__(self):
        self._process.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._process.join()

    @property
    def tally(self):
        """See the class."""
        return dict(zip(_COUNTS, self._counts, strict=True))

    def _run(self):
        os.nice(5)  # the server and its ordinary clients come first, on few cores
        with contextlib.ExitStack() as stack:
            selector = stack.enter_context(selectors.DefaultSelector())
            sockets = []
            for number in range(SOURCES):
                opened = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
                opened.bind((f"{self._network}.{number + 1}", 0))
                opened.connect((self._server.address, self._server.port))
                opened.setblocking(False)
                selector.register(opened, selectors.EVENT_READ)
                sockets.append(opened)
            if self._rate or not self._waiting:
                self._send_at_rate(selector, sockets)
            else:
                self._send_as_replied(selector, sockets)

    def _is_over(self, parent=os.getpid()):  # noqa: B008 - of the parent, before the fork
        return self._over.is_set() or os.getppid() != parent

    def _send_at_rate(self, selector, sockets):
        counts, queries, sent = self._counts, iter(self._queries), 0
        began = time.monotonic()
        while not self._is_over():
            now = time.monotonic()
            due = int((now - began) * self._rate) - sent if self._rate else 256
            if due > self._rate:  # after a pause of the machine's: not made up for
                sent += due - 1
                due = 1
            for _ in range(due):
                with contextlib.suppress(OSError):  # full: lost, as on any network
                    sockets[sent % SOURCES].send(next(queries))
                sent += 1
            counts[0] += due
            self._hear(selector, 0.0)
            if self._rate:
                time.sleep(_TURN_S)

    def _send_as_replied(self, selector, sockets):
        counts, queries = self._counts, iter(self._queries)
        waiting, heard_at = 0, time.monotonic()
        while not self._is_over():
            now = time.monotonic()
            if now - heard_at > _PATIENCE_S:
                waiting, heard_at = 0, now
            while waiting < self._waiting:
                with contextlib.suppress(OSError):
                    sockets[counts[0] % SOURCES].send(next(queries))
                counts[0] += 1
                waiting += 1
            heard = self._hear(selector, 0.05)
            if heard:
                waiting, heard_at = max(0, waiting - heard), now

    def _hear(self, selector, wait_s):
        heard = 0
        for key, _ in selector.select(wait_s):
            while True:
                try:
                    reply = key.fileobj.recv(4096)
                except OSError:
                    break
                heard += 1
                rcode = reply[3] & 15
                self._counts[3 if rcode not in (0, 2) else 1 if rcode == 0 else 2] += 1
        return heard


def capacity(server, queries, *, seconds, waiting=50):
    """Measure how many queries a second a server replies to, first seconds left out."""
    with Flood(server, queries, waiting=waiting, network="127.78.0") as flood:
        time.sleep(min(1.0, seconds / 4))
        before, since = flood.tally, time.monotonic()
        time.sleep(seconds)
        after, until = flood.tally, time.monotonic()
    heard = sum(after[name] - before[name] for name in _COUNTS[1:])
    return heard / (until - since)
