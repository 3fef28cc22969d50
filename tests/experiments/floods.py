"""Flood separation: what some clients do to a resolver, the others hardly notice.

    python tests/experiments/floods.py [--full] [--only dead|slow|idle|datagrams]

Ordinary clients ask 100 queries a second, nine of ten for names in the cache and one for
a new name, whose server takes 20 ms to answer. First alone, then beside

    dead        names made up without end in a zone whose server keeps silent
    slow        names in ten zones whose servers take 10 s, each asked for again
                every 100 ms
    idle        four times as many TCP connections as there are places, that say
                nothing, an octet a second, or half a message (``slow_clients.py``)
    datagrams   queries that the cache answers, and garbage, as fast as they can be sent;
                here a query over TCP and the page of metrics are asked for as well

The first two come from 64 addresses at 80 % of the measured capacity, which is how many
new names a second the resolver finds. Shown: 99 of 100 ordinary queries are answered,
of new names 95 beside slow servers; the slowest of 100 takes at most twice as long as
without a flood, or 50 ms for cached names beside slow servers; the victim of ``dead``
has at most 200 queries in flight, and beside ``datagrams`` each query over TCP is
answered in 500 ms, and of 100 timers of the reactor one is 64 ms late at most. Times
are judged with ``--full`` alone, on a machine that does nothing else.

Takes a minute; with ``--full`` five.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.clients import SteadyClient
from experiments.daemon import Daemon, is_honest, verdict
from experiments.figures import machine
from experiments.flood import Flood, Names, capacity
from experiments.slow_clients import SlowClients
from experiments.zone_servers import SILENT, Manner, ZoneServers
from fakes import octets

from dnsd.wire.message import RD

KINDS = ("dead", "slow", "idle", "datagrams")
RATE = 100
LOAD = 0.8
CACHED = [f"www{i}.good.test." for i in range(90)]
HONEST_DELAY_S = 0.02
SLOW_S = 10.0
GOOD, OTHER, DEAD = "127.68.0.1", "127.68.0.2", "127.68.0.3"
SLOW = {f"slow{i}.test.": f"127.68.1.{i + 1}" for i in range(10)}
ZONES = {"good.test.": GOOD, "capacity.test.": OTHER, "dead.test.": DEAD, **SLOW}
OWN = "'': {type: NS, value: ns1.here.test.}\nns1: {type: A, value: 192.0.2.53}\n"
_LAG = "dnsd_run_reactor_lag_seconds"
_TCP_QUERY = octets.query(CACHED[0], 1, flags=RD)


@dataclass
class Clients:
    """What ordinary clients saw.

    Attributes:
        asked: queries for names in the cache, and for new ones.
        answered: how many of these were.
        delays_s: how long each took that was answered.
    """

    asked: list = field(default_factory=lambda: [0, 0])
    answered: list = field(default_factory=lambda: [0, 0])
    delays_s: tuple = field(default_factory=lambda: ([], []))

    def share(self, which=None):
        """The share answered: of all, of those in the cache (0), of new ones (1)."""
        places = (0, 1) if which is None else (which,)
        return sum(self.answered[i] for i in places) / max(1, sum(self.asked[i] for i in places))

    def slowest(self, which=None, of=100):
        """How long the slowest of so many took, in seconds."""
        delays = sorted(itertools.chain(*self.delays_s) if which is None else self.delays_s[which])
        return delays[-1 - len(delays) // of] if delays else 0.0


@dataclass
class Outcome:
    """One kind of flood in figures.

    Attributes:
        kind: which.
        capacity: new names a second.
        rate: queries a second of the flood.
        alone: ordinary clients without the flood.
        beside: with it.
        seconds: of the flood.
        flood: what came of it, see ``Flood.tally``; of ``idle`` how many connections.
        victim: queries that came to the servers under attack.
        limits: how often each limit was hit meanwhile.
        tcp_s: times of queries over TCP.
        tcp_failed: how many had no answer.
        page_s: the longest that the page of metrics took.
        late: timers of the reactor that ran, and how many of them were more than
            32 ms and 64 ms late.
        core: shares of the time of the flood that the daemon had a core, and that it
            waited for one: the more of that, the less the times say.
        failures: what else went wrong.
    """

    kind: str
    capacity: float = 0.0
    rate: float = 0.0
    alone: Clients = None
    beside: Clients = None
    seconds: float = 0.0
    flood: dict = field(default_factory=dict)
    victim: int = 0
    limits: dict = field(default_factory=dict)
    tcp_s: list = field(default_factory=list)
    tcp_failed: int = 0
    page_s: float = 0.0
    late: tuple = (0, 0, 0)
    core: tuple = (0.0, 0.0)
    failures: list = field(default_factory=list)


def ordinary(server, seconds, prefix, meanwhile=None):
    """Let ordinary clients ask for so long; what they saw.

    Args:
        server: that is asked.
        seconds: how long.
        prefix: of the new names, that nobody used before.
        meanwhile: called again and again.
    """
    cached = [octets.query(name, 1, flags=RD) for name in CACHED]
    questions, is_new = [], []
    for number in range(int(seconds * RATE * 1.2) + RATE):
        is_new.append(number % 10 == 9)
        new = octets.query(f"{prefix}{number}.good.test.", 1, flags=RD)
        questions.append(new if is_new[-1] else cached[number % len(cached)])
    seen = Clients()

    def judge(place, sent_at, reply):
        if reply[3] & 15 or not reply[7]:
            return f"rcode {reply[3] & 15}"
        seen.answered[is_new[place]] += 1
        seen.delays_s[is_new[place]].append(time.monotonic() - sent_at)
        return ""

    with SteadyClient(server, questions, judge, rate=RATE) as tally:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if meanwhile:
                meanwhile()
            time.sleep(0.1)
    assert tally.asked <= len(questions), "no new name is asked for twice"
    seen.asked = [is_new[: tally.asked].count(which) for which in (False, True)]
    return seen


def separate(directory, kind, *, seconds, measured_s=3.0, load=LOAD, clients=200, places=50):
    """Measure ordinary clients alone and beside one kind of flood.

    Args:
        directory: for the daemon.
        kind: of ``KINDS``.
        seconds: alone, and as long with the flood.
        measured_s: for the capacity.
        load: how much of that the flood takes.
        clients: of the kind ``idle``.
        places: for connections.
    """
    outcome = Outcome(kind, seconds=seconds)
    manners = {address: Manner(delay_s=SLOW_S) for address in SLOW.values()}
    manners |= {GOOD: Manner(HONEST_DELAY_S), OTHER: Manner(), DEAD: Manner(SILENT)}
    with ZoneServers(manners) as servers:
        resolver = {"enabled": "on", "local_zones": "none", "priming": "off",
                    "forward": servers.stubs(ZONES)}  # fmt: skip
        with Daemon(
            directory, {"here.test.": OWN}, workers=0, resolver=resolver,
            limits={"tcp_clients": places},
        ) as server:  # fmt: skip
            for name in CACHED:
                assert is_honest(server.ask(octets.query(name, 1, flags=RD))), name
            if kind in ("dead", "slow"):
                names = Names(("capacity.test.",)).queries(0)
                outcome.capacity = capacity(server, names, seconds=measured_s)
            outcome.alone = ordinary(server, seconds, "alone")
            before = server.counts()
            outcome.rate = load * outcome.capacity
            with _flood(server, outcome, clients):
                time.sleep(1)
                meanwhile = _looks(server, outcome) if kind == "datagrams" else None
                had, since = _core_ns(server.process.pid), time.monotonic_ns()
                outcome.beside = ordinary(server, seconds, "beside", meanwhile)
                now, until = _core_ns(server.process.pid), time.monotonic_ns()
                outcome.core = tuple((now[i] - had[i]) / (until - since) for i in (0, 1))
            after = server.counts()
            outcome.failures = server.faults()
            victims = SLOW.values() if kind == "slow" else [DEAD]
            outcome.victim = sum(map(servers.received, victims))
    outcome.limits = _limits_hit(before, after)
    outcome.late = _late(before, after)
    return outcome


@contextlib.contextmanager
def _flood(server, outcome, clients):
    """Let one kind of flood go on, and note what came of it."""
    if outcome.kind == "idle":
        with SlowClients(server, clients, max(1, clients // 10)) as crowd:
            yield
            outcome.flood = {"connected": crowd.connected, "thrown out": crowd.thrown_out}
        return
    rate = outcome.rate
    names = {
        "dead": Names(("dead.test.",)),
        "slow": Names(tuple(SLOW), repeats_s=0.1, lasts_s=SLOW_S),
    }.get(outcome.kind)
    queries = names.queries(rate) if names else _known_and_garbage()
    with Flood(server, queries, rate=rate) as flood:
        yield
        outcome.flood = flood.tally


def _known_and_garbage():
    """Queries that the answer cache answers, and what nobody can read, without end."""
    known = [octets.query(name, 1, flags=RD) for name in CACHED[:8]]
    garbage = [os.urandom(2) + bytes(10) + os.urandom(20) for _ in range(8)]
    return itertools.cycle([each for pair in zip(known, garbage, strict=True) for each in pair])


def _looks(server, outcome):
    """Ask over TCP, and for the metrics."""

    def look():
        began = time.monotonic()
        try:
            if not is_honest(server.ask(_TCP_QUERY, tcp=True)):
                outcome.tcp_failed += 1
        except OSError:
            outcome.tcp_failed += 1
        answered = time.monotonic()
        outcome.tcp_s.append(answered - began)
        server.counts()
        outcome.page_s = max(outcome.page_s, time.monotonic() - answered)

    return look


def _core_ns(pid):
    """How long a process had a core, and how long it waited for one, so far."""
    ran, waited, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(ran), int(waited)


def _limits_hit(before, after):
    hits = {}
    for name, value in after.items():
        if name.startswith("dnsd_limit_hits_total{") and value > before.get(name, 0):
            hits[name.split('"')[1]] = int(value - before.get(name, 0))
    return hits


def _late(before, after):
    """Timers that ran, and those more than 32 and 64 ms late."""

    def within(bound):
        at = f'{_LAG}_bucket{{le="{bound}",role="single"}}'
        return after[at] - before[at]

    ran = within("+Inf")
    return int(ran), int(ran - within("0.032")), int(ran - within("0.064"))


def judge(outcome, *, with_times):
    """List what is out of bounds; times only where asked for."""
    failures = list(outcome.failures)
    alone, beside, kind = outcome.alone, outcome.beside, outcome.kind

    if alone.share() < 0.99:
        failures.append(f"{kind}: only {alone.share():.2%} answered without a flood")

    def bound(is_kept, text):
        if not is_kept:
            failures.append(f"{kind}: {text}")

    if kind == "slow":
        bound(beside.share(0) >= 0.99, f"{beside.share(0):.2%} of cached names answered")
        bound(beside.share(1) >= 0.95, f"{beside.share(1):.2%} of new names answered")
    elif kind != "datagrams":
        bound(beside.share() >= 0.99, f"{beside.share():.2%} answered")
    bound(not outcome.tcp_failed, f"{outcome.tcp_failed} queries over TCP failed")
    if not with_times:
        return failures
    if kind == "slow":
        bound(beside.slowest(0) <= 0.05, f"{beside.slowest(0) * 1000:.1f} ms for cached names")
    elif kind != "datagrams":
        bound(beside.slowest() <= 2 * alone.slowest(), "more than twice as slow")
    else:
        bound(max(outcome.tcp_s) <= 0.5, f"TCP took {max(outcome.tcp_s) * 1000:.0f} ms")
        ran, _, later = outcome.late
        bound(later <= ran / 100, f"{later} of {ran} timers more than 64 ms late")
    return failures


def report(outcome):
    """Put the figures in lines."""
    flood = ", ".join(f"{count:,} {what}" for what, count in outcome.flood.items() if count)
    load = (
        f"{outcome.rate:,.0f}/s where {outcome.capacity:,.0f} is all it can: "
        if outcome.capacity
        else ""
    )
    yield f"{outcome.kind}: {load}{flood} in {outcome.seconds + 1:.0f} s"
    for clients, when in ((outcome.alone, "alone"), (outcome.beside, "beside the flood")):
        yield f"  ordinary clients {when}: " + "; ".join(
            f"{clients.answered[i]} of {clients.asked[i]} {what} answered, median "
            f"{clients.slowest(i, 2) * 1000:.1f} ms, p99 {clients.slowest(i) * 1000:.1f} ms"
            for i, what in ((0, "cached"), (1, "new"))
        ) + f"; all p99 {clients.slowest() * 1000:.1f} ms"  # fmt: skip
    if outcome.victim:
        yield f"  servers under attack: {outcome.victim / outcome.seconds:,.0f} queries a second"
    if outcome.tcp_s:
        ordered = sorted(outcome.tcp_s)
        yield (f"  {len(ordered)} queries over TCP, {outcome.tcp_failed} failed, median "
               f"{ordered[len(ordered) // 2] * 1000:.0f} ms, worst {ordered[-1] * 1000:.0f} ms; "
               f"page of metrics at most {outcome.page_s * 1000:.0f} ms")  # fmt: skip
    ran, late, later = outcome.late
    yield f"  reactor: {ran} timers, {late} more than 32 ms late, {later} more than 64 ms"
    ran, waited = outcome.core
    yield f"  the daemon had a core for {ran:.0%} of the time and waited for one for {waited:.0%}"
    yield f"  limits hit: {', '.join(f'{k} {v:,}' for k, v in outcome.limits.items()) or 'none'}"


def main():
    """Run at the size asked for; exit 1 outside the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", choices=KINDS, help="one kind of flood")
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    seconds = 30 if options.full else 5
    crowd = {"clients": 2000, "places": 500} if options.full else {}
    failures = []
    with tempfile.TemporaryDirectory() as name:
        for kind in (options.only,) if options.only else KINDS:
            outcome = separate(Path(name) / kind, kind, seconds=seconds, **crowd)
            failures += judge(outcome, with_times=options.full)
            print(*report(outcome), sep="\n", flush=True)
    return verdict(f"bounds: see above; {machine()}", failures)


if __name__ == "__main__":
    sys.exit(main())
