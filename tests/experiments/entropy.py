"""Entropy: what whoever forges replies must guess of our queries, as servers see it.

    python tests/experiments/entropy.py [--queries 1000000] [--workers 2]

A daemon with two workers looks up names that nobody asked for before, all in one zone,
and the zone's name server writes down the source port, the ID and the letter case of
each query. Which worker a query came from is known from the client's socket that asked
for the name: the kernel leads one socket always to the same worker, and whose CPU time
grows with it is looked up in /proc. For each worker and for both together:

- ports: how many of those that were free were seen, and that all are equally likely
  (χ² over single ports where there are 5 queries to each, else over groups of them);
- IDs, and the 16 letters of the zone's name taken as 16 bits: likewise; each letter is
  a capital in half of the queries;
- bits: log₂ of ports seen times IDs seen, at least 31.9; and what the pairs of port and ID
  that came twice say, which is an estimate that knows nothing of the two;
- correlation of each number with the next and with the others of its query: at most
  five standard deviations of chance, which are 0.005 for a million;
- predictors (``guessing``): none is right more than three times as often as chance;
- the linear complexity of the lowest bits: that of chance, not that of a generator.

One run in two hundred misses a bound of p > 0.001 by chance: there are six.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import multiprocessing
import select
import socket
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.daemon import Daemon, verdict
from experiments.figures import chi_square, chi_square_p, machine, poisson_limit
from experiments.guessing import SPAN, correlation, hits, linear_complexity, serial_correlation

LOWEST_PORT = 1024
LETTERS = b"abcdefghijklmnop"
ZONE = f"{LETTERS.decode()}.test."
UPSTREAM = "127.0.9.2"
_ZONE_WIRE = b"\x10" + LETTERS + b"\x04test\0"
# Offsets of a query: header 12, label of the number 11, then the zone.
_TAG = slice(21, 23)
_SPELLED = slice(24, 40)
_QUESTION = slice(12, 50)
_AS_BITS = bytes(0x31 if octet & 0x20 else 0x30 for octet in range(256))
_ANSWER = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"

_COMPLEXITY_BITS = 50_000
# Chance is off by k or more once in about 4 ** k times.
_COMPLEXITY_OFF = 12
LEAST_BITS = 31.9
LEAST_P = 1e-3
IN_FLIGHT = 256
SOCKETS = 32
PATIENCE_S = 2.0
# Enough for the CPU time of a worker to stand out.
QUERIES_A_LOOK = 150


def name_of(number, tag=0):
    """A name below the zone, without letters of its own; wire form."""
    return b"\x0a%07d-%02d" % (number, tag) + _ZONE_WIRE


class Capture:
    """The zone's name server, which writes down what it sees.

    Attributes:
        port: where it listens.
        socket: where it does.
    """

    def __init__(self, room):
        """Have room for so many queries; shared with processes that are forked later."""
        self._room = room
        self._columns = [multiprocessing.RawArray("H", room) for _ in range(4)]
        self._count = multiprocessing.RawValue("Q", 0)
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((UPSTREAM, 0))
        self.port = self.socket.getsockname()[1]

    def run(self):
        """Answer until the process ends."""
        while True:
            self.answer(*self.socket.recvfrom(4096))

    def answer_waiting(self):
        """Answer what has come."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.answer(*self.socket.recvfrom(4096, socket.MSG_DONTWAIT))

    def answer(self, octets, client):
        """Write one query down and answer it."""
        n = self._count.value
        if n < self._room:
            ports, ids, spellings, tags = self._columns
            ports[n] = client[1]
            ids[n] = octets[0] << 8 | octets[1]
            spellings[n] = int(octets[_SPELLED].translate(_AS_BITS), 2)
            tags[n] = int(octets[_TAG])
            self._count.value = n + 1
        header = octets[:2] + b"\x84\0\0\1\0\1\0\0\0\0"
        self.socket.sendto(header + octets[_QUESTION] + _ANSWER, client)

    def captured(self):
        """Return ports, IDs, spellings and tags, in the order in which they came."""
        return [list(column[: self._count.value]) for column in self._columns]


@dataclass
class Figures:
    """What one sequence of queries shows.

    Attributes:
        name: whose they are.
        count: how many.
        ports: different ones seen, of how many.
        bits: of port and ID.
        pair_bits: likewise, as the pairs that came twice say; 0 without any.
        p: of ports, of IDs and of spellings.
        pairs: (port, ID) that came again, and how many chance gives.
        correlation: the coefficient farthest from 0.
        best: the predictor that was right most often: its name, hits and what chance gives.
        failures: what missed its bound.
    """

    name: str
    count: int
    ports: tuple = ()
    bits: float = 0.0
    pair_bits: float = 0.0
    p: dict = field(default_factory=dict)
    pairs: tuple = ()
    correlation: float = 0.0
    best: tuple = ()
    failures: list = field(default_factory=list)

    def expect(self, holds, text):
        """Note a bound that was missed."""
        if not holds:
            self.failures.append(f"{self.name}: {text}")

    def __str__(self):
        p = "  ".join(f"p({what}) {value:.3f}" for what, value in self.p.items())
        return (
            f"{self.name:9} {self.count:9,} queries  {self.ports[0]:,} of {self.ports[1]:,} ports  "
            f"{self.bits:.2f} bits ({self.pair_bits:.2f} by pairs)  {p}\n"
            f"{'':9} pairs again {self.pairs[0]} (chance {self.pairs[1]:.1f})  correlation at most "
            f"{self.correlation:.4f}  best predictor {self.best[1]} hits (chance {self.best[2]:.1f}), "
            f"{self.best[0]}"
        )


def uniformity(numbers, values):
    """Return the p of numbers being drawn from values, all equally likely."""
    bins = min(len(values), len(numbers) // 5)
    place = {value: i * bins // len(values) for i, value in enumerate(values)}
    counts = Counter(place.get(number) for number in numbers)
    assert None not in counts, "a number that cannot be drawn"
    sizes = Counter(place.values())
    each = len(numbers) / len(values)
    value = chi_square((counts[i] for i in range(bins)), (sizes[i] * each for i in range(bins)))
    return chi_square_p(value, bins - 1)


def evenness(numbers):
    """Return the p of each of the 16 bits being 0 as often as 1."""
    n = len(numbers)
    ones = [sum(number >> bit & 1 for number in numbers) for bit in range(16)]
    return chi_square_p(sum((2 * count - n) ** 2 / n for count in ones), 16)


def examine(name, columns, values, least_p=LEAST_P):
    """Look for anything that could be guessed.

    Args:
        name: whose queries they are.
        columns: ports, IDs and spellings.
        values: ports that could be drawn, in order.
        least_p: less is taken for no chance.
    """
    ports, ids, spellings = columns
    figures = Figures(name, len(ports))
    _examine_ranges(figures, ports, ids, values)
    figures.p["each letter"] = p = evenness(spellings)
    figures.expect(p > 1e-6, f"p of each letter is {p:.2g}")
    sequences = {
        "ports": (ports, values),
        "IDs": (ids, range(SPAN)),
        "letters": (spellings, range(SPAN)),
    }
    for what, (numbers, possible) in sequences.items():
        figures.p[what] = p = uniformity(numbers, possible)
        # A bound for chance on what nobody promised to be more even than that.
        figures.expect(p > (1e-6 if what == "letters" else least_p), f"p of {what} is {p:.2g}")
    _examine_order(figures, sequences)
    return figures


def _examine_ranges(figures, ports, ids, values):
    """Look whether all ports and IDs come, and how often pairs of them come again."""
    n = len(ports)
    seen = [len(set(ports)), len(set(ids))]
    for what, found, possible in zip(("ports", "IDs"), seen, (len(values), SPAN), strict=True):
        unseen = possible * math.exp(-n / possible)
        deviation = math.sqrt(unseen * max(0.0, 1 - (1 + n / possible) * math.exp(-n / possible)))
        least = possible - unseen - 5 * deviation - 1
        figures.expect(found >= least, f"{found:,} of {possible:,} {what} were seen")
    figures.ports = seen[0], len(values)
    figures.bits = math.log2(seen[0] * seen[1])
    # Where queries are fewer than ports, those not seen say nothing.
    if n > 10 * SPAN:
        figures.expect(figures.bits >= LEAST_BITS, f"{figures.bits:.2f} bits")
    again = Counter(zip(ports, ids, strict=True))
    repeated = sum(count * (count - 1) // 2 for count in again.values())
    expected = n * (n - 1) / 2 / (len(values) * SPAN)
    figures.pairs = repeated, expected
    figures.pair_bits = math.log2(n * (n - 1) / 2 / repeated) if repeated else 0.0
    figures.expect(repeated <= poisson_limit(expected), f"{repeated} pairs came again")


def _examine_order(figures, sequences):
    """Look whether a number says something about the next, or about another of its query."""
    n = figures.count
    numbers = {what: column for what, (column, _) in sequences.items()}
    pairs = [("ports", "IDs"), ("ports", "letters"), ("IDs", "letters")]
    found = {what: serial_correlation(column) for what, column in numbers.items()}
    found |= {f"{a} with {b}": correlation(numbers[a], numbers[b]) for a, b in pairs}
    worst = max(found, key=lambda what: abs(found[what]))
    figures.correlation = abs(found[worst])
    figures.expect(figures.correlation < 5 / math.sqrt(n), f"{worst} correlate: {found[worst]:.4f}")
    figures.best = ("", -1, 0.0)
    for what in ("ports", "IDs"):
        column, possible = sequences[what]
        chance = n / len(possible)
        for predictor, count in hits(column).items():
            most = max(3 * chance, poisson_limit(chance))
            figures.expect(count <= most, f"{predictor} is right for {count} {what}")
            if count > figures.best[1]:
                figures.best = (f"{predictor} ({what})", count, chance)
        bits = [number & 1 for number in column[:_COMPLEXITY_BITS]]
        length = linear_complexity(bits)
        figures.expect(
            abs(length - len(bits) / 2) <= _COMPLEXITY_OFF,
            f"lowest bits of {what} come from a register of {length:,} bits",
        )


def bound_ports():
    """List the ports that somebody on this machine has bound now."""
    tables = [
        Path(name).read_text().splitlines()[1:] for name in ("/proc/net/udp", "/proc/net/udp6")
    ]
    return {int(row.split()[1].rpartition(":")[2], 16) for rows in tables for row in rows}


def free_ports(taken, seen):
    """List the ports that queries can leave from.

    Args:
        taken: bound all the time, as far as is known; sockets of a moment may be among them.
        seen: ports that queries did leave from.
    """
    taken = taken - set(seen)
    return [port for port in range(LOWEST_PORT, 1 << 16) if port not in taken]


# --- the daemon ---------------------------------------------------------------------


class Client:
    """Asks for new names from several sockets, so many at a time."""

    def __init__(self, server):
        self.sockets = []
        for _ in range(SOCKETS):
            opened = socket.socket(type=socket.SOCK_DGRAM)
            opened.connect((server.address, server.port))
            opened.setblocking(False)
            self.sockets.append(opened)
        self.ports = [opened.getsockname()[1] for opened in self.sockets]
        self._next = 0

    def close(self):
        """Give the sockets back."""
        for opened in self.sockets:
            opened.close()

    def ask(self, count, tags=range(SOCKETS)):
        """Ask for so many new names from some of the sockets and wait for all answers.

        Returns:
            How many replies were without an answer.
        """
        slots = {tag: {} for tag in tags}
        end = self._next + count
        failed = waiting = 0
        poller = select.epoll()
        by_descriptor = {}
        for tag in tags:
            poller.register(self.sockets[tag].fileno(), select.EPOLLIN)
            by_descriptor[self.sockets[tag].fileno()] = tag
            for slot in range(IN_FLIGHT // len(slots)):
                if self._next < end:
                    self._send(tag, slots[tag], slot)
                    waiting += 1
        while waiting:
            ready = poller.poll(PATIENCE_S)
            if not ready:
                self._send_again(slots)
            for descriptor, _ in ready:
                tag = by_descriptor[descriptor]
                for reply in self._replies(tag):
                    slot = int.from_bytes(reply[:2], "big")
                    if slots[tag].pop(slot, None) is None:
                        continue
                    failed += reply[7] == 0
                    waiting -= 1
                    if self._next < end:
                        self._send(tag, slots[tag], slot)
                        waiting += 1
        poller.close()
        return failed

    def _send(self, tag, slots, slot):
        query = (
            slot.to_bytes(2, "big")
            + b"\1\0\0\1\0\0\0\0\0\0"
            + name_of(self._next, tag)
            + b"\0\1\0\1"
        )
        self._next += 1
        slots[slot] = query
        with contextlib.suppress(BlockingIOError):
            self.sockets[tag].send(query)

    def _send_again(self, slots):
        """Ask again for what was lost, as clients do."""
        for tag, waiting in slots.items():
            for query in waiting.values():
                self.sockets[tag].send(query)

    def _replies(self, tag):
        with contextlib.suppress(BlockingIOError):
            while True:
                yield self.sockets[tag].recv(4096)


def settings(port, workers):
    """Configure a resolver that knows where the zone is served."""
    limits = dict.fromkeys(
        ("zone_in_flight", "server_in_flight", "recursions", "waiting_answers"), 5000
    )
    return {
        "workers": workers,
        "resolver": {
            "enabled": "on",
            "local_zones": "none",
            "priming": "off",
            "limits": {"client_misses": 0, **limits},
            "forward": [{"zone": ZONE, "servers": [UPSTREAM], "port": port, "kind": "stub"}],
        },
    }


def cpu_ns(pid):
    """CPU time of a process so far."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def workers_of(daemon):
    """List the processes that answer queries."""
    processes = daemon.control.status()["processes"]
    return [each["pid"] for each in processes if each["role"] in ("worker", "single")]


def owner_of(client, workers, tag):
    """Find the worker that a client's socket leads to: the one that works for it."""
    before = {pid: cpu_ns(pid) for pid in workers}
    client.ask(QUERIES_A_LOOK, [tag])
    return max(before, key=lambda pid: cpu_ns(pid) - before[pid])


def measure(directory, queries, count=2):
    """Capture what a daemon sends, and examine it by worker and as a whole.

    Returns:
        The figures of all workers together first, then those of each; and failures.
    """
    capture = Capture(queries + queries // 20 + 10_000)
    zones = {"local.test.": "soa: {primary: ns.local.test., hostmaster: a@local.test}\n"
             "records: {'': {type: NS, value: ns.local.test.}, ns: {type: A, value: 192.0.2.1}}\n"}  # fmt: skip
    server = multiprocessing.get_context("fork").Process(target=capture.run, daemon=True)
    server.start()
    try:
        with (
            Daemon(directory, zones, **settings(capture.port, count)) as daemon,
            contextlib.closing(Client(daemon)) as client,
        ):
            taken = bound_ports()
            workers = workers_of(daemon)
            owners = [owner_of(client, workers, tag) for tag in range(SOCKETS)]
            failed = client.ask(max(0, queries - QUERIES_A_LOOK * SOCKETS))
            taken &= bound_ports()
            failures = daemon.faults()
    finally:
        server.kill()
        server.join()
        capture.socket.close()
    if failed:
        failures.append(f"{failed} names were not resolved")
    columns = capture.captured()
    return by_worker(columns, owners, free_ports(taken, columns[0])), failures


def by_worker(columns, owners, values):
    """Examine all, then each worker's queries."""
    *columns, tags = columns
    found = [examine("together", columns, values)]
    for number, owner in enumerate(sorted(set(owners))):
        is_own = [owners[tag] == owner for tag in tags]
        own = [
            [each for each, own in zip(column, is_own, strict=True) if own] for column in columns
        ]
        found.append(examine(f"worker {number}", own, values))
    return found


def main():
    """Capture and examine; exit 1 outside the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        found, failures = measure(Path(directory) / "dnsd", options.queries, options.workers)
    for figures in found:
        print(figures)
        failures += figures.failures
    if len(found) != options.workers + 1:
        failures.append(f"{len(found) - 1} workers were seen")
    together = found[0]
    return verdict(
        f"{together.count:,} queries of {len(found) - 1} workers: {together.bits:.2f} bits of port and ID "
        f"(at least {LEAST_BITS}), and 1 bit a letter; {time.monotonic() - began:.0f} s, {machine()}",
        failures,
    )


if __name__ == "__main__":
    sys.exit(main())
