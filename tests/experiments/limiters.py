"""Limiters: whatever comes, nobody gets more than rate and burst, nor another's debt forgotten.

    python tests/experiments/limiters.py [--patterns 20000] [--first 0]

Each pattern draws rates, bursts, the length of the table and arrivals: pulses, steady
streams a little below and above the rate, pauses, floods of made-up clients that share
cells with real ones. It is given to

misses      questions of a client that need asking (``resolver.client_rates``)
replies     of one class to a client net (``query.ratelimit``)
waiting     answers that a client waits for (``resolver.client_rates``)
places      client queries that wait at all (``resolver.shedding``)

Shown for each client and any two moments: allowed are at most rate times time plus
burst, however others fill the table, which takes no more room for that; alone in a
large table, each client gets exactly what a bucket of its own would give, counted in
whole nanoseconds; nobody waits or is given up against the bounds. 20,000 patterns take
a minute.
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

from dnsd.query.ratelimit import RESPONSE_CLASS, Limiter, LimiterOptions
from dnsd.resolver.client_rates import ClientLimits, MissRates, WaitingAnswers
from dnsd.resolver.options import ResolverLimits
from dnsd.resolver.shedding import Waiting

NANO = 10**9
# A microsecond that keeps rounding from taking the last of a burst away, at 200 a second.
ALLOWANCE = 1e-3
CROWD = 40


@dataclass
class Figures:
    """What was met in some patterns.

    Attributes:
        counts: arrivals and the like.
        most: the worst figure of each kind; those over 0 that begin with "excess" are
            faults.
        faults: what was not as promised.
    """

    counts: Counter = field(default_factory=Counter)
    most: dict = field(default_factory=dict)
    faults: list = field(default_factory=list)

    def worst(self, what, amount):
        self.most[what] = max(self.most.get(what, amount), amount)

    def hold(self, what, *, kept):
        if not kept:
            self.faults.append(what)

    def merge(self, other):
        self.counts.update(other.counts)
        for what, amount in other.most.items():
            self.worst(what, amount)
        self.faults += other.faults


class Bucket:
    """What one client may have, in whole nanoseconds: the oracle.

    It fills by one token an interval up to ``burst`` and is full at the start.
    """

    def __init__(self, interval, burst):
        self.interval = interval
        self.room = burst * interval
        self.level = self.room
        self.at = 0

    def take(self, now):
        self.level = min(self.room, self.level + now - self.at)
        self.at = now
        if self.level < self.interval:
            return False
        self.level -= self.interval
        return True


def arrivals(rng, interval, clients, count):
    """Draw moments in nanoseconds and clients, the moments in order."""
    now = 1000 * NANO
    made = 0
    while made < count:
        way = rng.choice(("pulse", "steady", "crowd", "pause"))
        length = rng.randint(1, 40)
        client = rng.choice(clients)
        step = interval * rng.choice((0, 1, 50, 99, 100, 101, 150)) // 100
        if way == "pause":
            now += rng.choice((interval, 3 * interval, NANO, 20 * NANO))
            continue
        for i in range(length):
            if way == "steady":
                now += step
            yield now, client if way != "crowd" else bytes((100, 64, 0, i % CROWD))
        made += length


def _most_excess(times, interval, burst):
    """Return the most that came in any window over time / interval + burst."""
    least = worst = None
    for i, at in enumerate(times):
        credit = i - at / interval
        least = credit if least is None else min(least, credit)
        excess = credit - least + 1 - burst
        worst = excess if worst is None else max(worst, excess)
    return worst


def examine_rate(rng, kind, figures):
    """Give one pattern to a limiter of rates."""
    interval = rng.choice((NANO, NANO // 5, NANO // 50, NANO // 200))
    burst = rng.choice((1, 2, 7, 40))
    cells = rng.choice((1, 2, 16, 65536))
    rate = NANO / interval
    if kind == "misses":
        limiter = MissRates(
            ClientLimits(misses_per_second=rate, misses_burst=burst, cells=cells)
        )  # fmt: skip
        allow = limiter.allow
    else:
        limiter = Limiter(
            LimiterOptions(responses_per_second=rate, burst_s=burst / rate, cells=cells)
        )
        allow = lambda client, now: limiter.allow(client, RESPONSE_CLASS + b"\1a\0", now)  # noqa: E731
    # Each in a net of its own: a /24 is one client to the limiter of replies.
    clients = [bytes((192, 0, n, 1)) for n in range(4)] + [bytes((32, 1, 13, 184)) + bytes(12)]
    allowed, refused, buckets = {}, 0, {}
    for moment, client in arrivals(rng, interval, clients, rng.randint(1, 250)):
        key = client if kind == "misses" or len(client) == 16 else client[:3]
        bucket = buckets.setdefault(key, Bucket(interval, burst))
        given = allow(client, moment / NANO)
        alone = bucket.take(moment)
        figures.counts[f"{kind}: arrivals"] += 1
        if given:
            allowed.setdefault(key, []).append(moment)
        elif alone:
            refused += 1
    for times in allowed.values():
        figures.counts[f"{kind}: allowed"] += len(times)
        excess = _most_excess(times, interval, burst)
        figures.worst(f"{kind}: most over rate x time + burst", excess)
        figures.hold(f"{kind}: {excess:.4f} over rate x time + burst", kept=excess <= ALLOWANCE)
    rows = (limiter._first, limiter._second)
    figures.worst(f"{kind}: cells", max(map(len, rows)))
    figures.hold(f"{kind}: the table grew", kept=all(len(row) == cells for row in rows))
    if cells == 65536:
        # Two of 45 share both cells in one of 4 million patterns.
        figures.worst(f"{kind}: refused of what a bucket of one's own gives", refused)
        figures.hold(f"{kind}: {refused} refused without reason", kept=not refused)


def examine_waiting(rng, figures):
    """Let clients enter and leave in any order."""
    limits = ClientLimits(waiting=rng.randint(1, 6), waiting_proven=rng.randint(6, 12))
    answers, model = WaitingAnswers(limits), Counter()
    clients = [bytes((192, 0, 2, n)) for n in range(3)] + [
        bytes((32, 1, 13, 184, 0, 0, 0, n)) + bytes((0,) * 7 + (n + m,))
        for n in range(2) for m in range(2)
    ]  # fmt: skip
    for _ in range(rng.randint(1, 200)):
        client, proven = rng.choice(clients), rng.random() < 0.3
        key = client[:8] if len(client) == 16 else client
        if rng.random() < 0.6:
            bound = limits.waiting_proven if proven else limits.waiting
            expected = model[key] < bound
            figures.hold(
                "waiting: entered against the bound",
                kept=answers.enter(client, proven=proven) is expected,
            )
            model[key] += expected
            figures.counts["waiting: asked"] += 1
        elif model[key]:
            answers.leave(client)
            model[key] -= 1
        waiting = {each: count for each, count in model.items() if count}
        figures.hold("waiting: table", kept=len(answers) == len(waiting))
        figures.hold("waiting: count", kept=answers.count(client) == model[key])
        figures.worst("waiting: for one client over its bound",
                      max(waiting.values(), default=0) - limits.waiting_proven)  # fmt: skip


def examine_places(rng, figures):
    """Let client queries come, leave and ask again."""
    most = rng.randint(1, 12)
    limits = ResolverLimits(recursions=most, shed_after_s=0.2)
    places, waiting, now = Waiting(limits), {}, 1000 * NANO
    asked = {}
    for number in range(rng.randint(1, 200)):
        now += NANO * rng.choice((0, 0, 1, 10, 100, 300)) // 1000
        question = b"q%d" % rng.randrange(6)
        if waiting and rng.random() < 0.3:
            gone = rng.choice(list(waiting))
            places.leave(gone)
            _forget(gone, waiting, asked)
        else:
            admission = places.enter(number, question, now / NANO)
            figures.counts["places: asked"] += 1
            if admission.shed is not None:
                age = now - asked[waiting[admission.shed]]
                figures.counts["places: given up"] += 1
                figures.worst("places: shed before their time, s", 0.2 - age / NANO)
                figures.hold("places: shed too young", kept=age >= NANO // 5 - 1000)
                _forget(admission.shed, waiting, asked)
            if admission.admitted:
                asked.setdefault(question, now)
                waiting[number] = question
            else:
                figures.hold("places: refused though there is room", kept=len(waiting) == most)
        figures.hold("places: not as many as admitted", kept=len(places) == len(waiting))
        figures.worst("places: over the bound", len(places) - most)
        figures.hold("places: too many", kept=len(places) <= most)
        tables = len(places._sheddable), len(places._questions)
        figures.worst("places: kept in order, for each place", tables[0] / most)
        figures.hold("places: tables grew", kept=tables[0] <= 3 * most and tables[1] <= most)


def _forget(query, waiting, asked):
    question = waiting.pop(query)
    if question not in waiting.values():
        del asked[question]


def examine(rng):
    """Give one pattern to each limiter; return what was met."""
    figures = Figures()
    for kind in ("misses", "replies"):
        examine_rate(rng, kind, figures)
    examine_waiting(rng, figures)
    examine_places(rng, figures)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patterns", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first pattern")
    arguments = parser.parse_args()
    total = Figures()
    for seed in range(arguments.first, arguments.first + arguments.patterns):
        found = examine(random.Random(seed))
        found.faults = [f"seed {seed}: {fault}" for fault in found.faults]
        total.merge(found)
        if len(total.faults) > 20:
            break
    for fault in total.faults:
        print(fault)
    print(f"{arguments.patterns} patterns for each of four limiters, {machine()}")
    for what, count in sorted(total.counts.items()):
        print(f"{what:56} {count:10}")
    for what, amount in sorted(total.most.items()):
        print(f"{what + ', worst':56} {amount:10.4g}")
    print(f"faults: {len(total.faults)}, bound 0")
    return bool(total.faults)


if __name__ == "__main__":
    sys.exit(main())
