"""Loss and slowness upstream: names are found, or fail in time and after few packets.

    python tests/experiments/loss.py [--names 6000] [--seconds 120]

In simulated time, over ways of 20 ms there and back. The servers of the top-level zone
are known, those of the zones below it are not, so that a name takes two exchanges.

loss      of 0, 10 and 50 of 100 exchanges: how many names are found, and when
outage    nothing gets through for some minutes: what is known is answered, expired
          or not, the rest fails in time and after few packets; then how long after
          the end of it a question still fails
slowness  half of the zones answer after 2, 5 or 30 s, over UDP or, having been
          truncated, over TCP never: the other half are not to notice

Bounds: of loss and slowness those printed beside the figures; of the outage 2 s for
what is known, 8 s and 12 packets for what is not, 5 s until all is well again. 15 s.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.figures import machine
from experiments.growth import share_of
from fakes.served import Clients

from dnsd.lab.authority import Authority
from dnsd.lab.exhaustion import truncate
from dnsd.lab.hostile import Hostile
from dnsd.lab.internet import Internet, Route
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.commands import Transport
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverOptions
from dnsd.wire import names
from dnsd.wire.iana import Rcode

A = 1
ZONES = 300
PAIRS = 20  # of servers; each serves the zones of one of so many remainders
DELAY_S = 0.01
RTT_S = 2 * DELAY_S
OLD_TTL_S = 10
ROOT, TEST = (bytes((192, 0, 2, last)) for last in (1, 2))
# Of exchanges lost: share of names that must be found, and by when 95 of 100 are.
LOSSES = {0.0: (1.0, 3 * RTT_S), 0.1: (0.999, 3 * RTT_S + 0.4), 0.5: (0.95, 8.0)}
SLOW_S = (2.0, 5.0, 30.0)


class MuteOverTcp(Hostile):
    """A server that truncates what it says over UDP, and says nothing over TCP."""

    def receive(self, query, transport, now):
        if transport is not Transport.UDP:
            return ()
        return super().receive(query, transport, now)


def address(pair, number):
    return bytes((192, 0, 2, 10 + 2 * pair + number))


def name(label, zone):
    return names.from_text(f"{label}.z{zone}.test.")


def clients(seed, jitter_s=0.0, mute=()):
    """Make an Internet, and clients of a resolver that knows the servers of test.

    Args:
        seed: of all that is drawn.
        jitter_s: of every way.
        mute: pairs of servers that say nothing over TCP, and not enough over UDP.
    """
    internet = Internet(random.Random(seed).random)
    internet.route = Route(delay_s=DELAY_S, jitter_s=jitter_s)
    above = ["@ NS ns", "ns A 192.0.2.2"]
    served = {pair: [] for pair in range(PAIRS)}
    for zone in range(ZONES):
        lines = [f"@ NS ns{i}" for i in (0, 1)]
        for i in (0, 1):
            server = ".".join(map(str, address(zone % PAIRS, i)))
            above.append(f"z{zone} NS ns{i}.z{zone}\nns{i}.z{zone} A {server}")
            lines.append(f"ns{i} A {server}")
        lines += ["www A 198.51.100.1", f"old {OLD_TTL_S} A 198.51.100.2", "* A 198.51.100.3"]
        served[zone % PAIRS].append(zone_from_text(f"z{zone}.test.", "\n".join(lines)))
    root = "@ NS ns.roots\nns.roots A 192.0.2.1\ntest NS ns.test\nns.test A 192.0.2.2"
    internet.servers[ROOT] = Authority([zone_from_text(".", root)])
    internet.servers[TEST] = Authority([zone_from_text("test.", "\n".join(above))])
    for pair, zones in served.items():
        for i in (0, 1):
            server = MuteOverTcp(zones, [truncate()]) if pair in mute else Authority(zones)
            internet.servers[address(pair, i)] = server
    server = names.from_text("ns.roots.")
    hints = Delegation(names.ROOT, (server,), {server: (ROOT,)})
    made = Clients(internet, hints, ResolverOptions(), seed)
    assert made.ask_and_wait(names.from_text("none.test."), A).rcode == Rcode.NXDOMAIN
    return made


@dataclass
class Figures:
    """What was found of some names.

    Attributes:
        seconds: of each.
        packets: of each, where they were counted.
        found: names with an answer.
    """

    seconds: list = field(default_factory=list)
    packets: list = field(default_factory=list)
    found: int = 0

    def add(self, served, packets=None):
        self.seconds.append(served.seconds)
        self.found += served.rcode == Rcode.NOERROR and not served.is_dropped
        if packets is not None:
            self.packets.append(packets)

    @property
    def share(self):
        return self.found / len(self.seconds)

    def at(self, share):
        return share_of(self.seconds, share)

    def line(self, what):
        """Print them."""
        parts = " ".join(f"{self.at(share):7.3f}" for share in (0.5, 0.95, 0.99, 1))
        packets = ""
        if self.packets:
            packets = f"{share_of(self.packets, 0.5):7} {max(self.packets):6}"
        print(f"{what:40} {len(self.seconds):6} {self.share:9.3%} {parts} {packets}")


HEADING = (f"{'':40} {'asked':>6} {'found':>9} {'50 %':>7} {'95 %':>7} {'99 %':>7} {'worst':>7} "
           f"{'packets':>7} {'worst':>6}")  # fmt: skip


def one_after_the_other(made, asked):
    """Ask for names; return what was found, with the packets of each."""
    figures, counts = Figures(), made.internet.counts
    for each in asked:
        before = counts.total()
        served = made.ask_and_wait(each, A)
        figures.add(served, counts.total() - before)
    return figures


def with_loss(share, count):
    """Ask for names while a share of all exchanges is lost."""
    figures = Figures()
    for seed in range(count // ZONES):
        made = clients(seed)
        made.internet.route = Route(delay_s=DELAY_S, loss=1 - (1 - share) ** 0.5)
        some = one_after_the_other(made, (name("www", zone) for zone in range(ZONES)))
        figures.seconds += some.seconds
        figures.packets += some.packets
        figures.found += some.found
    return figures


@dataclass
class Outage:
    """What came of names while nothing got through, and afterwards.

    Attributes:
        fresh: names in the cache.
        stale: names that had expired.
        unknown: all others, each asked for once.
        recovered_s: how long after its end a question was still asked in vain: for a
            name that was not asked for before, and for one asked for all the time.
    """

    fresh: Figures
    stale: Figures
    unknown: Figures
    recovered_s: tuple


def without_network(seconds):
    """Take the network away for some time, and give it back."""
    made = clients(seed=11)
    internet = made.internet
    for zone in range(100):
        made.ask_and_wait(name("www", zone), A)
        made.ask_and_wait(name("old", zone), A)
    internet.run(internet.now() + 2 * OLD_TTL_S)
    internet.route = Route(silent=True)
    end = internet.now() + seconds
    stale = one_after_the_other(made, [name("old", zone) for zone in range(100)])
    fresh = one_after_the_other(made, [name("www", zone) for zone in range(100)])
    unknown = Figures()
    # A resolver that does not know yet that nobody answers tries longest.
    for seed in range(20):
        other = clients(seed)
        other.internet.route = Route(silent=True)
        some = one_after_the_other(other, [name("www", zone) for zone in range(10)])
        unknown.seconds += some.seconds
        unknown.packets += some.packets
        unknown.found += some.found
    again = [name(f"again{n}", n) for n in range(10)]
    while internet.now() < end:
        for each in again:
            made.ask(each, A)
        internet.run(internet.now() + 2.0)
    internet.route = Route(delay_s=DELAY_S)
    first = [name("first", zone) for zone in range(30)]
    return Outage(fresh, stale, unknown, _until_found(made, first, again))


def _until_found(made, *groups, patience_s=60.0, every_s=0.1):
    """Ask groups of names again and again; when each group was asked for in vain last."""
    internet = made.internet
    began = internet.now()
    asked = []
    while internet.now() < began + patience_s:
        at = internet.now() - began
        asked += [(at, i, made.ask(each, A)) for i, group in enumerate(groups) for each in group]
        internet.run(internet.now() + every_s)
    internet.run()
    return tuple(
        max((at for at, i, served in asked if i == wanted and served.rcode != Rcode.NOERROR),
            default=0.0)
        for wanted in range(len(groups))
    )  # fmt: skip


def with_slow_zones(seconds, slow_s=0.0, *, tcp=False, rate=100):
    """Ask for new names, half of them in zones that may be slow.

    Returns:
        Figures of the zones that are never slow, and of the others; names of limits
        that were hit, how often.
    """
    half = range(1, PAIRS, 2)
    made = clients(seed=5, jitter_s=DELAY_S, mute=half if tcp else ())
    internet, rng = made.internet, random.Random(6)
    if slow_s:
        for each in (address(pair, i) for pair in half for i in (0, 1)):
            internet.routes[each] = Route(delay_s=slow_s / 2)
    asked = []
    began = internet.now()
    for number in range(int(seconds * rate)):
        internet.run(began + number / rate)
        zone = rng.randrange(ZONES)
        served = made.ask(name(f"q{number}", zone), A, bytes((203, 0, 113, number % 250)))
        asked.append((zone, served))
    internet.run()
    parts = Figures(), Figures()
    limits = Counter()
    for zone, served in asked:
        parts[zone % 2].add(served)
        limits.update(served.exchange.limits)
    return *parts, limits


def report_loss(count):
    """Print the table of loss; return what missed its bound."""
    missed = []
    for share, (least, most_s) in LOSSES.items():
        figures = with_loss(share, count)
        figures.line(f"{share:.0%} of exchanges lost")
        if figures.share < least or figures.at(0.95) > most_s:
            missed.append(f"{share:.0%} lost: {least:.1%} found, 95 % of them in {most_s:.2f} s")
    return missed


def report_outage(seconds):
    """Print what an outage does; return what missed its bound."""
    found = without_network(seconds)
    rows = {"known": (found.fresh, 1.0, 2.0), "expired": (found.stale, 1.0, 2.0),
            "unknown": (found.unknown, 0.0, 8.0)}  # fmt: skip
    missed = []
    for what, (figures, share, most_s) in rows.items():
        figures.line(f"all lost: {what} names")
        if figures.share != share or figures.at(1) > most_s + 1e-6:
            missed.append(f"all lost: {what} names {share:.0%} answered in {most_s} s")
    if max(found.unknown.packets) > 12:
        missed.append("all lost: 12 packets for an unknown name")
    first, again = found.recovered_s
    print(f"{seconds} s later all is well again: last question in vain, for names not asked for "
          f"before {first:.1f} s after that, for others {again:.1f} s, bound 5 s")  # fmt: skip
    if max(first, again) > 5.0:
        missed.append("all lost: well again after 5 s")
    return missed


def report_slowness(seconds):
    """Print what slow zones do to others; return what missed its bound."""
    calm, _, _ = with_slow_zones(seconds)
    calm.line("no zone slow")
    missed = []
    for slow_s in (*SLOW_S, None):
        way = "mute over TCP" if slow_s is None else f"{slow_s:.0f} s slow"
        others, slow, limits = with_slow_zones(seconds, slow_s or 0.0, tcp=slow_s is None)
        others.line(f"half of the zones {way}: others")
        slow.line(f"half of the zones {way}: these")
        change = others.at(0.99) / calm.at(0.99) - 1
        print(f"    99th percentile of others {change:+.1%}, bound 10 %; limits: {dict(limits)}")
        if abs(change) > 0.1 or others.share < 1:
            missed.append(f"{way}: others as before")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=int, default=6000)
    parser.add_argument("--seconds", type=int, default=120)
    arguments = parser.parse_args()
    print(f"{machine()}; round trip {1000 * RTT_S:.0f} ms, seconds are simulated")
    print(HEADING)
    missed = report_loss(arguments.names)
    missed += report_outage(arguments.seconds)
    missed += report_slowness(arguments.seconds)
    for each in missed:
        print(f"MISSED: {each}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
