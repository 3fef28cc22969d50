"""Slow, silent and greedy clients over TCP, and replies to replies: nobody else notices.

    python tests/experiments/slow_clients.py [--full]

1. Four times as many slow clients as the server takes: they connect and say nothing,
   send an octet a second, stop in the middle of a message, or go idle after one
   query, and come back as soon as they are thrown out. An honest client asks over a
   connection of its own each time. Shown: it gets its answer every time.
2. Clients that send queries for a large answer as fast as they are let and never
   read. Shown: memory grows by at most 128 KiB for each, others are answered over
   UDP and TCP, and each such client is thrown out.
3. Datagrams forged to look as if one server had sent them to another, 500 kinds in
   both directions (raw sockets, so root; without, what one server replied is sent to
   the other). Shown: each causes one reply at most, and no reply is replied to.

Takes 15 s; with ``--full`` 2,000 slow clients from 200 addresses and 100 that do not
read, two minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import resource
import selectors
import socket
import struct
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import dns.message

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.daemon import UNLIMITED, Daemon, is_honest, verdict
from experiments.mutations import SEEDS, ZONE
from fakes.octets import query

ORIGIN = "example.test."
KINDS = ("silent", "dripping", "torn", "idle")
QUERY = query("www.example.test.", 1)
LARGE = query("big.example.test.", 16)
HONEST = dns.message.make_query("www.example.test.", "A").to_wire()


def framed(octets):
    """A message with its length, as streams have it."""
    return len(octets).to_bytes(2, "big") + octets


class _Slow:
    """One client that takes a place and does next to nothing with it."""

    def __init__(self, number, addresses):
        self.kind = KINDS[number % len(KINDS)]
        self.address = f"127.1.{number % addresses // 250}.{number % addresses % 250 + 1}"
        self.socket = None
        self.due_at = 0.0
        self.left = b""

    def connect(self, server):
        """Begin again; does not wait."""
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.bind((self.address, 0))
        self.socket.connect_ex((server.address, server.port))
        self.left = {"silent": b"", "dripping": framed(QUERY), "torn": framed(QUERY)[:9],
                     "idle": framed(QUERY)}[self.kind]  # fmt: skip

    def say_more(self):
        """Send an octet, or all there is."""
        if self.left:
            size = 1 if self.kind == "dripping" else len(self.left)
            with contextlib.suppress(OSError):
                self.left = self.left[self.socket.send(self.left[:size]) :]


class SlowClients(threading.Thread):
    """All slow clients, in one thread; each does something once a second.

    Attributes:
        connected: connections begun so far.
        thrown_out: connections that the server ended.
    """

    def __init__(self, server, clients, addresses):
        super().__init__(daemon=True)
        self.connected = self.thrown_out = 0
        self._server = server
        self._clients = [_Slow(number, addresses) for number in range(clients)]
        self._over = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join()

    def run(self):
        """Keep all of them connected until stopped."""
        with selectors.DefaultSelector() as selector:
            started_at = time.monotonic()
            for i, client in enumerate(self._clients):  # not all in the same moment
                client.due_at = started_at + i / len(self._clients)
            while not self._over.is_set():
                for key, _ in selector.select(0.02):
                    self._listen(selector, key.data)
                now = time.monotonic()
                for client in self._clients:
                    if client.due_at <= now:
                        client.due_at = now + 1
                        if client.socket is None:
                            client.connect(self._server)
                            selector.register(client.socket, selectors.EVENT_READ, client)
                            self.connected += 1
                        else:
                            client.say_more()
            for client in self._clients:
                if client.socket:
                    client.socket.close()

    def _listen(self, selector, client):
        try:
            if client.socket.recv(65536):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        selector.unregister(client.socket)
        client.socket.close()
        client.socket = None
        self.thrown_out += 1


@dataclass
class SlowOutcome:
    """What honest clients saw beside slow ones."""

    honest: int = 0
    tries: int = 0
    slowest_s: float = 0.0
    connected: int = 0
    thrown_out: int = 0
    failures: list = field(default_factory=list)


def slow(directory, *, clients, addresses, room, tries):
    """Let slow clients take every place, then ask honestly."""
    outcome = SlowOutcome(tries=tries)
    with Daemon(directory, {ORIGIN: ZONE}, limits={"tcp_clients": room}) as server:
        with SlowClients(server, clients, addresses) as crowd:
            # Nobody is thrown out before the places are taken.
            while (
                crowd.connected < clients
                or not server.counts()['dnsd_net_tcp_connections{transport="tcp"}']
            ):
                time.sleep(0.1)
            for _ in range(tries):
                began = time.monotonic()
                with contextlib.suppress(OSError):
                    outcome.honest += is_honest(server.ask(HONEST, tcp=True, timeout_s=5))
                outcome.slowest_s = max(outcome.slowest_s, time.monotonic() - began)
                time.sleep(0.02)
            outcome.connected, outcome.thrown_out = crowd.connected, crowd.thrown_out
        server.settle()
        outcome.failures = server.faults()
    return outcome


@dataclass
class GreedyOutcome:
    """What clients cost that never read."""

    clients: int
    queries: int = 0
    growth_kib: int = 0
    thrown_out: int = 0
    honest: int = 0
    tries: int = 0
    failures: list = field(default_factory=list)


def greedy(directory, *, clients, seconds):
    """Send queries without ever reading a reply."""
    outcome = GreedyOutcome(clients)
    limits = {"tcp_clients": 2 * clients}
    with Daemon(directory, {ORIGIN: ZONE}, limits=limits) as server:
        for tcp in (True, False):
            server.ask(HONEST, tcp=tcp)
        before = server.memory_kib(looks=10)
        stream = memoryview(framed(LARGE) * 2000)
        period = len(framed(LARGE))
        with contextlib.ExitStack() as stack:
            sockets = []
            for number in range(clients):
                opened = stack.enter_context(contextlib.closing(socket.socket()))
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                opened.bind((f"127.2.0.{number // 10 + 1}", 0))
                opened.connect((server.address, server.port))
                opened.setblocking(False)
                sockets.append(opened)
            octets_sent = [0] * clients
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                for number, opened in enumerate(sockets):
                    with contextlib.suppress(OSError):  # full, or thrown out
                        octets_sent[number] += opened.send(stream[octets_sent[number] % period :])
                for tcp in (True, False):
                    outcome.tries += 1
                    with contextlib.suppress(OSError):
                        outcome.honest += is_honest(server.ask(HONEST, tcp=tcp, timeout_s=5))
                outcome.growth_kib = max(outcome.growth_kib, server.memory_kib() - before)
                time.sleep(0.05)
            outcome.queries = sum(octets_sent) // period
            outcome.thrown_out = sum(_is_closed(opened) for opened in sockets)
        server.settle()
        outcome.failures = server.faults()
    return outcome


def _is_closed(opened):
    """Whether the server has ended a connection; what it sent before is read first."""
    try:
        while opened.recv(1 << 20):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


@dataclass
class LoopOutcome:
    """How often datagrams went between two servers."""

    forged: int
    received: int
    replies: int
    raw: bool
    failures: list


def loop(directory):
    """Forge datagrams between two servers and count what they cause."""
    zones = {ORIGIN: ZONE}
    vectors = [each for each in SEEDS[:500] if each]
    with (
        Daemon(directory / "one", zones, limits=UNLIMITED) as one,
        Daemon(directory / "other", zones, limits=UNLIMITED) as other,
    ):
        before = [server.counts() for server in (one, other)]
        raw = os.geteuid() == 0
        if raw:
            _forge(one, other, vectors)
            sent = 2 * len(vectors)
        else:
            sent = _pass_replies_on(one, other, vectors)
        after = _when_quiet(one, other)
        failures = one.faults() + other.faults()

        def grown(name):
            return int(sum(now[name] - then[name] for now, then in zip(after, before, strict=True)))

        received = grown("dnsd_net_datagrams_received_total")
        replies = grown('dnsd_net_datagrams_dropped_total{reason="response"}')
    return LoopOutcome(sent, received, replies, raw, failures)


def _forge(one, other, vectors):
    """Send each vector both ways, with the other server as its source."""
    with contextlib.closing(
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    ) as raw:
        for target, source in ((one, other), (other, one)):
            for octets in vectors:
                ports = struct.pack("!HHHH", source.port, target.port, 8 + len(octets), 0)
                raw.sendto(_ip_header(28 + len(octets)) + ports + octets, ("127.0.0.1", 0))


def _ip_header(length):
    address = socket.inet_aton("127.0.0.1")
    # The kernel fills in the checksum (raw(7)).
    return struct.pack("!BBHHHBBH", 0x45, 0, length, 0, 0, 64, socket.IPPROTO_UDP, 0) + address * 2


def _pass_replies_on(one, other, vectors):
    """Send what one server replied to the other; how many datagrams that were."""
    sent = 0
    with contextlib.closing(socket.socket(type=socket.SOCK_DGRAM)) as sock:
        sock.settimeout(0.05)
        for octets in vectors:
            sock.sendto(octets, (one.address, one.port))
            sent += 1
            with contextlib.suppress(TimeoutError):
                sock.sendto(sock.recv(65535), (other.address, other.port))
                sent += 1
    return sent


def _when_quiet(*servers):
    """Counts of servers once they do not grow any more, or after ten seconds."""
    name = "dnsd_net_datagrams_received_total"
    before = [server.counts() for server in servers]
    for _ in range(20):
        time.sleep(0.5)
        counts = [server.counts() for server in servers]
        if [each[name] for each in counts] == [each[name] for each in before]:
            break
        before = counts
    return counts


def main():
    """Run at the size asked for; exit 1 outside the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    sizes = (2000, 200, 500, 100) if options.full else (200, 20, 50, 20)
    clients, addresses, room, tries = sizes
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        first = slow(
            directory / "slow", clients=clients, addresses=addresses, room=room, tries=tries
        )
        readers = 100 if options.full else 20
        second = greedy(directory / "greedy", clients=readers, seconds=30 if options.full else 8)
        third = loop(directory / "loop")
    failures = list(itertools.chain(first.failures, second.failures, third.failures))
    if first.honest < first.tries or second.honest < second.tries:
        failures.append("an honest query got no answer")
    if options.full and first.slowest_s > 1:
        failures.append("an honest query took more than a second")
    if second.growth_kib > 128 * second.clients:
        failures.append(f"memory grew by {second.growth_kib} KiB")
    if second.thrown_out < second.clients:
        failures.append("a client that does not read was kept")
    if third.received > 2 * third.forged or third.replies > third.forged:
        failures.append("datagrams went on between two servers")
    return verdict(
        f"{clients} slow clients at {room} places: {first.honest} of {first.tries} honest TCP "
        f"queries answered, slowest {first.slowest_s * 1000:.0f} ms; {second.clients} clients that "
        f"do not read sent {second.queries:,} queries: memory +{second.growth_kib:,} KiB, "
        f"{second.thrown_out} thrown out, {second.honest} of {second.tries} honest answered; "
        f"{third.forged} forged datagrams between two servers: {third.replies} replies, none "
        f"replied to{'' if third.raw else ' (without raw sockets)'}",
        failures,
    )


if __name__ == "__main__":
    sys.exit(main())
