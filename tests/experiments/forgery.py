"""Forgery: replies from the right address, by somebody who sees no query.

    python tests/experiments/forgery.py [--random 10000000] [--true-port 1000000]

A daemon looks up names that nobody asked for before, and the name server of their zone
takes its time, so that a thousand queries are in flight all the time. Meanwhile forged
replies come from the server's own address and port, each answers one of the names in
flight with an address of the forger's:

1. to any port with any ID;
2. to the very port of a query, a thousand for each, with any ID.

The forger knows the names, not their letter case. Shown: no client ever gets the
forger's address and no cache has it; every name resolves, those that forged replies
came for over TCP, at the second try where the server was late; and the server's good
name is what it was: afterwards new names are asked for over UDP, with EDNS, each once.
On a machine that does other things the server is late with some queries, at most one in
twenty, and while it is, the resolver sends it less and refuses some questions.

3. In a simulated Internet a forger has guessed everything: its reply to each query for
   some names is the first and right in port, ID and letter case. Shown: of names that
   are signed nobody gets the forger's address, and they resolve once it has gone. Of
   unsigned names all get it, which is what the first two parts are for.

Printed beside it: what chance alone would give, with and without the rule that one
reply with a wrong ID ends the exchange over UDP.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import select
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.daemon import Daemon, verdict
from experiments.figures import machine
from experiments.forger import (
    FORGED,
    HONEST,
    IN_FLIGHT,
    LETTERS,
    TRUE_PORT_BURST,
    UPSTREAM,
    Authority,
    Shared,
    forge,
    number_of,
    question,
)
from experiments.signed_forgery import SIGNED, UNSIGNED, races

ZONE = "example.test."
PORTS = 64_512
FORGED_TEXT = "203.0.113.66"
PATIENCE_S = 15.0


class Clients:
    """Those whose questions are in flight.

    Attributes:
        asked: names so far.
        honest: those that got the honest address.
        forged: those that got another one.
        failed: those that got neither.
        refused: answers that were errors; their names are asked for once more.
        late: queries over UDP that the server did not answer in time.
    """

    def __init__(self, server):
        self.asked = self.honest = self.forged = self.failed = self.late = self.refused = 0
        self._waiting = {}  # number → when it was asked
        self._sockets = []
        self._poller = select.epoll()
        for _ in range(8):
            opened = socket.socket(type=socket.SOCK_DGRAM)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            opened.connect((server.address, server.port))
            opened.setblocking(False)
            self._sockets.append(opened)
            self._poller.register(opened.fileno(), select.EPOLLIN)

    def close(self):
        """Give the sockets back."""
        for opened in self._sockets:
            opened.close()
        self._poller.close()

    def ask(self, count):
        """Ask for new names."""
        for _ in range(count):
            self.asked += 1
            self._waiting[self.asked] = time.monotonic()
            self._send(self.asked)

    def _send(self, number):
        query = (number & 0xFFFF).to_bytes(2, "big") + b"\1\0\0\1" + bytes(6) + question(number)
        with contextlib.suppress(BlockingIOError):
            self._sockets[number % len(self._sockets)].send(query)

    def hear(self, wait_s=0.01):
        """Take the replies that come."""
        found = dict.fromkeys(descriptor for descriptor, _ in self._poller.poll(wait_s))
        for opened in self._sockets:
            if opened.fileno() in found:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        self._take(opened.recv(4096))

    def _take(self, reply):
        number = number_of(reply)
        if number not in self._waiting:
            return
        if FORGED not in reply and not reply.endswith(HONEST):
            # An error: asked again later, as stub resolvers do.
            self.refused += 1
            return
        del self._waiting[number]
        self.honest += reply.endswith(HONEST)
        self.forged += FORGED in reply

    def ask_again(self):
        """Ask once more for what was lost on the way."""
        now = time.monotonic()
        for number, asked_at in list(islice(self._waiting.items(), 50)):
            if now - asked_at > PATIENCE_S:
                del self._waiting[number]
                self._waiting[number] = now
                self._send(number)

    def finish(self):
        """Wait for what is asked."""
        give_up_at = time.monotonic() + 3 * PATIENCE_S
        while self._waiting and time.monotonic() < give_up_at:
            self.hear(0.1)
            self.ask_again()
        self.failed += len(self._waiting)
        self._waiting.clear()

    @property
    def waiting(self):
        """How many wait."""
        return len(self._waiting)


@dataclass
class Part:
    """One part of the experiment.

    Attributes:
        name: what was done.
        forged: forged replies that the kernel took.
        asked: names asked for meanwhile.
        near_misses: exchanges that a wrong ID ended.
        over_tcp: queries over TCP.
        in_flight: queries over UDP in flight, on average.
        seconds: how long it took.
    """

    name: str
    forged: int = 0
    asked: int = 0
    near_misses: int = 0
    over_tcp: int = 0
    in_flight: float = 0.0
    seconds: float = 0.0


class Attack:
    """The daemon, its clients, the server, and the forger."""

    def __init__(self, daemon, clients, authority, context):
        self.daemon = daemon
        self.clients = clients
        self.shared = authority.shared
        self.authority = authority
        self.context = context
        self.failures = []

    def expect(self, holds, text):
        """Note what must not be."""
        if not holds:
            self.failures.append(text)

    def near_misses(self):
        """Exchanges that a wrong ID has ended so far."""
        return int(self.daemon.counts()["dnsd_resolver_near_misses_total"])

    def walk(self, count=100):
        """Look new names up: over UDP, with EDNS, each from the first try."""
        shared, before = self.shared, self.clients.honest
        seen = shared.datagrams.value, shared.streams.value, shared.plain.value
        shared.is_slow.value = 0
        for _ in range(count):
            self.clients.ask(1)
            self.clients.finish()
        self.expect(self.clients.honest - before == count, "afterwards a name does not resolve")
        now = shared.datagrams.value, shared.streams.value, shared.plain.value
        grown = [b - a for a, b in zip(seen, now, strict=True)]
        self.expect(grown == [count, 0, 0], f"afterwards UDP, TCP and without EDNS {grown}")

    def until(self, is_over, pace=100):
        """Keep a thousand queries in flight until something is over.

        Args:
            is_over: tells whether it is.
            pace: names asked for in 20 ms, at most.

        Returns:
            How many were in flight, on average.
        """
        shared, clients = self.shared, self.clients
        samples, next_at = [], 0.0
        while not is_over():
            now = time.monotonic()
            if now >= next_at:
                next_at = now + 0.02
                samples.append(shared.in_flight.value)
                clients.ask_again()
                missing = IN_FLIGHT - (clients.waiting - shared.over_tcp.value)
                clients.ask(max(0, min(missing, pace)))
            clients.hear()
        return sum(samples) / max(1, len(samples))

    def during(self, name, is_over):
        """Keep a thousand queries in flight until something is over; what happened."""
        shared, clients = self.shared, self.clients
        before = self.near_misses(), shared.streams.value, clients.asked, time.monotonic()
        part = Part(name, in_flight=self.until(is_over))
        after = self.near_misses(), shared.streams.value, clients.asked, time.monotonic()
        changes = [b - a for a, b in zip(before, after, strict=True)]
        part.near_misses, part.over_tcp, part.asked, part.seconds = changes
        return part

    def begin(self):
        """Let a thousand queries get in flight, and names be resolved, before anything is forged."""
        clients, shared = self.clients, self.shared
        shared.is_slow.value = 1
        began = time.monotonic()

        def is_over():
            assert time.monotonic() - began < 60, "the walking path: no thousand queries in flight"
            return shared.in_flight.value >= 0.97 * IN_FLIGHT and clients.honest >= 300

        self.until(is_over, pace=10)
        self.expect(clients.honest and not shared.streams.value, "the walking path")

    def any_port(self, count, rate):
        """Forge to any port."""
        shared = self.shared
        before = shared.forgeries.value
        forger = self.context.Process(
            target=forge, args=(self.authority.socket, shared, count, rate), daemon=True
        )
        forger.start()
        part = self.during("any port, any ID", lambda: not forger.is_alive())
        part.forged = shared.forgeries.value - before
        return part

    def true_port(self, count):
        """Forge to the port of each of so many queries."""
        shared = self.shared
        before = shared.burst_forgeries.value
        shared.bursts.value = -(-count // TRUE_PORT_BURST)
        part = self.during("true port, any ID", lambda: shared.bursts.value <= 0)
        part.forged = shared.burst_forgeries.value - before
        return part

    def kept(self):
        """List what the cache has of the forger's, and count its entries."""
        rows, after, forged = 0, "", []
        while True:
            page = self.daemon.control.cache({"type": "A"}, after, 1000)
            rows += len(page["rows"])
            forged += [row["name"] for row in page["rows"] if FORGED_TEXT in row["data"]]
            after = page["next"]
            if not after:
                return rows, forged


def settings(port):
    """Configure a resolver with room for all that is to be in flight."""
    names = ("zone_in_flight", "server_in_flight", "recursions", "waiting_answers")
    limits = dict.fromkeys(names, 20_000)
    patience = dict.fromkeys(("udp_timeout_first", "udp_timeout_max", "tcp_timeout"), "10s")
    return {
        "resolver": {
            "enabled": "on",
            "local_zones": "none",
            "priming": "off",
            "limits": {
                "client_misses": 0,
                "outgoing_tcp": 256,
                "query_time": "30s",
                "late_answer": "30s",
                **limits,
                **patience,
            },
            "forward": [{"zone": ZONE, "servers": [UPSTREAM], "port": port, "kind": "stub"}],
        },
    }


def chance_of(part_random, part_true):
    """Return what chance gives: to any port; to true ports, with the rule and without it."""
    ids = 1 << 16
    attacked = part_true.forged / TRUE_PORT_BURST
    return part_random.forged / (PORTS * ids), attacked / ids, part_true.forged / ids


def attack(directory, random_count, true_port_count, rate):
    """Do all of it.

    Returns:
        The two parts; entries of the cache, and how many are forged; the clients' totals;
        and failures.
    """
    context = multiprocessing.get_context("fork")
    authority = Authority(Shared())
    zones = {"local.test.": "soa: {primary: ns.local.test., hostmaster: a@local.test}\n"
             "records: {'': {type: NS, value: ns.local.test.}, ns: {type: A, value: 192.0.2.1}}\n"}  # fmt: skip
    server = context.Process(target=authority.run, daemon=True)
    server.start()
    try:
        with (
            Daemon(directory, zones, **settings(authority.port)) as daemon,
            contextlib.closing(Clients(daemon)) as clients,
        ):
            attack = Attack(daemon, clients, authority, context)
            attack.begin()
            parts = [attack.any_port(random_count, rate), attack.true_port(true_port_count)]
            clients.finish()
            attack.walk()
            judge(attack, parts)
            rows, forged = attack.kept()
            attack.expect(not forged, f"the cache keeps {len(forged)} forged answers: {forged[:5]}")
            attack.failures += daemon.faults()
    finally:
        server.kill()
        server.join()
        authority.close()
    return parts, (rows, len(forged)), clients, attack.failures


def judge(attack, parts):
    """Hold what happened to its bounds, when all is over."""
    clients, counts, expect = attack.clients, attack.daemon.counts(), attack.expect
    expect(not clients.forged, f"{clients.forged} forged replies were believed")
    expect(not clients.failed, f"{clients.failed} names did not resolve")
    expect(clients.honest == clients.asked, f"{clients.honest} of {clients.asked} are honest")
    for transport in ("udp", "tcp"):
        for result in ("timed_out", "unreachable", "case_changed", "closed", "no_socket"):
            name = f'dnsd_resolver_exchanges_total{{result="{result}",transport="{transport}"}}'
            # On a busy machine the server itself may be late now and then.
            most = clients.asked // 20 if result == "timed_out" else 0
            expect(counts[name] <= most, f"{counts[name]:.0f} over {transport}: {result}")
    clients.late = int(counts['dnsd_resolver_exchanges_total{result="timed_out",transport="udp"}'])
    for part in parts:
        expect(part.near_misses > 0, f"{part.name}: no near miss")
    near_misses, streams = attack.near_misses(), attack.shared.streams.value
    expect(
        0.98 * near_misses <= streams <= 1.02 * near_misses + 20,
        f"{streams} over TCP, {near_misses} near misses",
    )


def main():
    """Attack; exit 1 when anything is believed or somebody is harmed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--random", type=int, default=10_000_000)
    parser.add_argument("--true-port", type=int, default=1_000_000)
    parser.add_argument(
        "--rate", type=int, default=50_000, help="forged replies to any port a second"
    )
    parser.add_argument("--worlds", type=int, default=500, help="that are signed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        parts, (rows, forged), clients, failures = attack(
            Path(directory) / "dnsd", options.random, options.true_port, options.rate
        )
    for part in parts:
        print(
            f"{part.name:18} {part.forged:11,} forged in {part.seconds:.0f} s, {part.in_flight:,.0f} in "
            f"flight, {part.asked:,} names asked for, {part.near_misses:,} near misses, "
            f"{part.over_tcp:,} over TCP"
        )
    raced = races(options.worlds)
    print(
        f"forger who guessed all, {options.worlds} worlds: {raced.forged:,} replies that were the first; "
        f"signed names: {raced.counts[SIGNED, 'forged']} answered with its address, "
        f"{raced.counts[SIGNED, 'failed']:,} SERVFAIL, {raced.counts[SIGNED, 'honest']:,} honest; unsigned: "
        f"{raced.counts[UNSIGNED, 'forged']:,} with its address"
    )
    failures += raced.failures
    any_port, ruled, unruled = chance_of(*parts)
    print(
        f"chance of ID and port: {any_port:.4f} to any port, {ruled:.4f} to true ports with the rule "
        f"of one wrong ID, {unruled:.1f} without it; {LETTERS} letters divide all by {1 << LETTERS:,}"
    )
    return verdict(
        f"{sum(part.forged for part in parts):,} forged replies: {clients.forged} believed, "
        f"{clients.honest:,} of {clients.asked:,} names got the honest address, {forged} of {rows:,} kept "
        f"are forged, {clients.late:,} queries timed out, {clients.refused:,} tried twice; {machine()}",
        failures,
    )


if __name__ == "__main__":
    sys.exit(main())
