"""DNS bomb: answers collected for a victim do not hit it all at one moment.

    python tests/experiments/dns_bomb.py [--full]

An attacker asks a resolver for names of its own zones with the address of a victim as
the source, 500 a second. Its servers keep their answers, each as large as a datagram may
be, and let all go at one moment: every 10 s, 1.8 s or 0.35 s, which are too late for a
patient resolver, for clients, and for nobody. Shown for every victim: no 100 ms bring it
more than 100 answers, and it gets at most one reply for each query that was not dropped.

Beside it the same with the limits out of the way, which is what the attack is after.
Arrival is the kernel's time of each datagram. Takes 40 s; with ``--full`` two minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import socket
import struct
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.daemon import Daemon, verdict
from experiments.figures import machine
from experiments.zone_servers import TXT, Manner, ZoneServers
from fakes.octets import opt, query

from dnsd.wire.message import RD

BOUND = 100 * 1232
WINDOW_S = 0.1
RATE = 500  # a second and victim
VICTIMS = 3
# More than one, as each may have only so many fetches in flight.
ZONES = {f"bomb{i}.test.": f"127.66.9.{i + 1}" for i in range(10)}
OWN = "'': {type: NS, value: ns1.here.test.}\nns1: {type: A, value: 192.0.2.53}\n"
PERIODS = (10.0, 1.8, 0.35)
_SO_TIMESTAMPNS = 35
_BUFFER_OCTETS = 8 << 20
_DROPPED = 'dnsd_net_datagrams_dropped_total{reason="%s"}'

WITHOUT_LIMITS = {
    "waiting_answers": 100_000, "recursions": 100_000, "zone_in_flight": 100_000,
    "server_in_flight": 100_000, "late_answer": "60s", "query_time": "60s",
    "udp_timeout_first": "10s", "udp_timeout_max": "10s",
}  # fmt: skip


@dataclass
class Outcome:
    """What came to the victims.

    Attributes:
        sent: queries in their names.
        octets_sent: of these.
        dropped: queries that got no reply on purpose.
        replies: everything that came.
        octets: of these.
        full: replies with records.
        peak: most octets for one victim in any ``WINDOW_S``.
        peak_together: the same for all victims, who are in one network.
        failures: what else went wrong.
    """

    sent: int = 0
    octets_sent: int = 0
    dropped: int = 0
    replies: int = 0
    octets: int = 0
    full: int = 0
    peak: int = 0
    peak_together: int = 0
    failures: list = field(default_factory=list)


class Victim:
    """An address that queries seem to come from, and what comes to it.

    Attributes:
        arrivals: seconds and octets of each reply, in order.
        full: how many had records.
    """

    def __init__(self, server, address):
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_OCTETS)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.socket.bind((address, 0))
        self.socket.connect((server.address, server.port))
        self.socket.setblocking(False)
        self.arrivals = []
        self.full = 0

    def hear(self):
        """Note all that has come."""
        with contextlib.suppress(BlockingIOError):
            while True:
                reply, ((_, _, stamp),), _, _ = self.socket.recvmsg(4096, 64)
                seconds, nanoseconds = struct.unpack("qq", stamp)
                self.arrivals.append((seconds + nanoseconds / 1e9, len(reply)))
                self.full += bool(reply[6] or reply[7])


def peak(arrivals, window_s=WINDOW_S):
    """The most octets that came in any such time.

    Args:
        arrivals: seconds and octets of each, in order.
        window_s: how long.
    """
    most = within = start = 0
    for at, octets in arrivals:
        within += octets
        while arrivals[start][0] <= at - window_s:
            within -= arrivals[start][1]
            start += 1
        most = max(most, within)
    return most


def bomb(directory, every_s, *, seconds, limits=None):
    """Collect answers for so long, let go each ``every_s``.

    Args:
        directory: for the daemon.
        every_s: see above.
        seconds: how long queries are sent; replies are heard a second longer.
        limits: of the resolver, that are not as usual.
    """
    outcome = Outcome()
    manners = {address: Manner(every_s=every_s) for address in ZONES.values()}
    with ZoneServers(manners) as servers:
        resolver = {"enabled": "on", "local_zones": "none", "priming": "off",
                    "forward": servers.stubs(ZONES), "limits": limits or {}}  # fmt: skip
        with (
            Daemon(directory, {"here.test.": OWN}, workers=0, resolver=resolver) as server,
            contextlib.ExitStack() as stack,
        ):
            victims = [Victim(server, f"127.66.0.{i + 1}") for i in range(VICTIMS)]
            for victim in victims:
                stack.enter_context(victim.socket)
            before = server.counts()
            _send(victims, outcome, every_s, seconds)
            after = server.counts()
            outcome.failures = server.faults()
        reasons = [_DROPPED % reason for reason in ("crowded", "late")]
        outcome.dropped = int(sum(after[name] - before[name] for name in reasons))
    every = sorted(itertools.chain(*(victim.arrivals for victim in victims)))
    outcome.replies, outcome.octets = len(every), sum(octets for _, octets in every)
    outcome.full = sum(victim.full for victim in victims)
    outcome.peak = max(peak(victim.arrivals) for victim in victims)
    outcome.peak_together = peak(every)
    return outcome


def _send(victims, outcome, every_s, seconds):
    """Ask in the names of the victims, just until answers are let go."""
    zones = itertools.cycle(ZONES)
    began = time.monotonic()
    until = ((began + seconds) // every_s + 1) * every_s
    while (now := time.monotonic()) < until + 1:
        due = int((min(now, until) - began) * RATE) * len(victims) - outcome.sent
        for _ in range(min(due, 100)):
            name = f"x{outcome.sent}.{next(zones)}"
            asked = query(name, TXT, flags=RD, edns=opt(size=4096))
            victims[outcome.sent % len(victims)].socket.send(asked)
            outcome.sent += 1
            outcome.octets_sent += len(asked)
        for victim in victims:
            victim.hear()
        time.sleep(0.002)


def judge(outcome):
    """List what is out of bounds."""
    failures = list(outcome.failures)
    if outcome.peak > BOUND:
        failures.append(f"{outcome.peak:,} octets for one victim in {WINDOW_S * 1000:.0f} ms")
    if outcome.replies > outcome.sent - outcome.dropped:
        failures.append(f"{outcome.replies} replies to {outcome.sent - outcome.dropped} queries")
    return failures


def line(outcome, title):
    """Put the figures in words."""
    return (
        f"{title}: {outcome.sent:,} queries, {outcome.dropped:,} dropped, {outcome.replies:,} "
        f"replies, {outcome.full:,} of them full; octets {outcome.octets / outcome.octets_sent:.1f} "
        f"for one; at most {outcome.peak:,} to one victim in 100 ms, {outcome.peak_together:,} "
        f"to {VICTIMS} together"
    )


def main():
    """Run at the size asked for; exit 1 outside the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true")
    seconds = 20 if parser.parse_args().full else 5
    failures = []
    with tempfile.TemporaryDirectory() as name:
        for every_s in PERIODS:
            outcome = bomb(Path(name) / f"{every_s}", every_s, seconds=seconds)
            failures += judge(outcome)
            print(line(outcome, f"answers let go every {every_s:g} s"))
        open_to_it = bomb(Path(name) / "open", 5.0, seconds=seconds, limits=WITHOUT_LIMITS)
        print(line(open_to_it, "every 5 s, limits out of the way"))
    return verdict(
        f"bound: {BOUND:,} octets to one victim in 100 ms, one reply a query; {machine()}", failures
    )


if __name__ == "__main__":
    sys.exit(main())
