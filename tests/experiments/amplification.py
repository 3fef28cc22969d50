"""Amplification: how many packets one client query makes us send, at the worst.

    python tests/experiments/amplification.py [--worlds 10000]

One hostile authority in a generated world answers in the ways of the published
attacks, and in random compositions of them: a name may be an alias, a referral to
servers without addresses or to silent ones, truncated, refused, and whatever it leads
to is drawn again. In signed worlds it owns valid signatures of its zones, and makes
us look for keys, DS records and the ends of signing (``signed_families``). Each world is
asked three questions with cold names. Printed are,
for each family, the packets of a question in the median and at the worst, the packets
that one innocent server got at the worst, and octets and seconds at the worst.

Shown: at most 100 packets, 8 s and 256 KiB for a question, and nothing left behind.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.signed_families import SIGNED_FAMILIES, hostile_addresses
from fakes.internet import Asker
from fakes.internet_worlds import generate, name

from dnsd.lab import exhaustion, forgeries
from dnsd.lab.hostile import Aim
from dnsd.wire import names
from dnsd.wire.message import QR
from dnsd.wire.rrset import RRset

NS, CNAME, DNAME = 2, 5, 39
QUESTIONS = 3
SILENT = bytes((198, 51, 100, 1))


class Composition:
    """Answers each name in a way that is drawn when it is first asked for."""

    def __init__(self, rng, aim, victims):
        self.rng = rng
        self.aim = aim
        self.victims = victims
        self.ways = {}

    def __call__(self, forgery):
        if forgery.name not in self.ways:
            self.ways[forgery.name] = self.draw(forgery.name)
        self.ways[forgery.name](forgery)

    def inside(self):
        labels = [f"x{self.rng.randrange(12)}" for _ in range(self.rng.randint(1, 3))]
        return name(*labels, under=self.aim.own)

    def draw(self, owner):
        rng, aim = self.rng, self.aim
        stem = rng.choice([*self.victims, aim.own])
        ways = [
            self.alias,
            self.alias,
            lambda: self.redirection(owner),
            lambda: self.referral(owner, rng.randint(1, 20)),
            lambda: self.referral(owner, rng.randint(1, 20)),
            lambda: exhaustion.refer_to_many(aim, rng.choice((5, 13, 135)), stem, owner),
            lambda: forgeries.refer_to(aim, owner, (name("s", under=owner),), glue=True),
            lambda: self.dead_referral(owner),
            exhaustion.truncate,
            exhaustion.demand_cookie,
            lambda: exhaustion.fail(rng.choice((1, 2, 4, 5))),
            exhaustion.keep_silent,
            exhaustion.hang_up,
            exhaustion.change_id,
            exhaustion.lower_question,
            lambda: exhaustion.wait(rng.choice((0.3, 1.0, 2.0))),
            lambda: forgeries.answer_anything(aim),
        ]
        return rng.choice(ways)()

    def alias(self):
        target = self.inside()
        return lambda forgery: (
            forgery.clear(),
            forgery.message.answer.append(RRset(forgery.name, CNAME, 1, (target,))),
        )

    def redirection(self, owner):
        return forgeries.redirect(self.aim, names.parent(owner), self.inside())

    def referral(self, owner, count):
        servers = tuple(dict.fromkeys(self.inside() for _ in range(count)))
        return forgeries.refer_to(self.aim, owner, servers)

    def dead_referral(self, owner):
        servers = tuple(name(f"d{n}", under=owner) for n in range(self.rng.randint(1, 13)))

        def forge(forgery):
            forgery.clear()
            forgery.message.flags = QR
            forgery.message.authority.append(RRset(owner, NS, 60, servers))
            forgery.message.additional += [
                RRset(server, 1, 60, (SILENT[:3] + bytes((n + 1,)),))
                for n, server in enumerate(servers)
            ]

        return forge


def families(rng, aim, victims):
    """Return what makes the hostile authority of each family, by its name."""
    one, other = name("a", under=aim.own), name("b", under=aim.own)
    victim = rng.choice(victims)
    return {
        "many servers without address": [exhaustion.refer_to_many(aim, 135, victim)],
        "1,500 servers without address": [exhaustion.refer_to_many(aim, 1500, victim)],
        "zones that wait for each other": [exhaustion.refer_each_to_other(aim, one, other)],
        "chains of aliases": [exhaustion.chain_on(aim)],
        "long chains in each reply": [exhaustion.chain_on(aim, 20)],
        "aliases to such referrals": [
            lambda forgery: (
                exhaustion.chain_on(aim)(forgery)
                if rng.random() < 0.5
                else exhaustion.refer_to_many(aim, 135, victim)(forgery)
            )
        ],
        "referrals label by label": [exhaustion.refer_deeper(aim)],
        "silent": [exhaustion.keep_silent()],
        "truncated for ever": [exhaustion.truncate()],
        "bad cookies for ever": [exhaustion.demand_cookie()],
        "compositions": [Composition(rng, aim, victims)],
    }


def measure(seed, family):
    """Ask in one world; return packets, innocent packets, octets and seconds of each."""
    rng = random.Random(seed)
    world = generate(rng)
    world.internet.bystanders.clear()
    aim = Aim(world.hostile, (name("ns0", under=world.hostile),), tuple(world.hostile_addresses))
    victims = [draft.origin for draft in world.drafts[1:] if not draft.tainted]
    world.hostile_server.forgeries = families(rng, aim, victims or [names.ROOT])[family]
    internet = world.internet
    asker = Asker(internet, world.hints, seed=seed)
    found = []
    for _ in range(QUESTIONS):
        labels = rng.choice((("a",), ("x", "a"), ("x1",), ("x2", "x3"), ("q", "w", "e", "r", "t")))
        began, octets, before = internet.now(), internet.octets_received, Counter(internet.counts)
        outcome = asker.ask(name(*labels, under=world.hostile), 1)
        sent = internet.counts - before
        innocent = [count for a, count in sent.items() if a not in world.hostile_addresses
                    and a in internet.servers]  # fmt: skip
        assert outcome.packets == sum(sent.values())
        found.append((outcome.packets, max(innocent, default=0),
                      internet.octets_received - octets, internet.now() - began))  # fmt: skip
    internet.run()
    assert not internet.in_flight
    assert not len(asker.resolver)
    assert asker.faults == []
    return found


def measure_signed(seed, family):
    """Ask in one signed world; return the same of each question."""
    made, questions = SIGNED_FAMILIES[family](random.Random(seed))
    internet, hostile, found = made.asker.internet, hostile_addresses(made), []
    for question in questions:
        began, octets, before = internet.now(), internet.octets_received, Counter(internet.counts)
        outcome = made.ask(question)
        sent = internet.counts - before
        innocent = [count for a, count in sent.items() if a not in hostile]
        assert outcome.packets == sum(sent.values())
        found.append((outcome.packets, max(innocent, default=0),
                      internet.octets_received - octets, internet.now() - began))  # fmt: skip
    internet.run()
    assert not internet.in_flight
    assert not len(made.asker.resolver)
    return found


def table(worlds):
    """Measure all families; return rows of name, median and worsts."""
    rows = []
    plain = families(random.Random(0), Aim(names.ROOT, (names.ROOT,), ()), [names.ROOT])
    for family in (*plain, *SIGNED_FAMILIES):
        count = worlds if family == "compositions" else max(1, worlds // 20)
        one = measure_signed if family in SIGNED_FAMILIES else measure
        found = [each for seed in range(count) for each in one(seed, family)]
        packets, innocent, octets, seconds = zip(*found, strict=True)
        rows.append((family, len(found), statistics.median(packets), max(packets), max(innocent),
                     max(octets), max(seconds)))  # fmt: skip
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=10_000)
    rows = table(parser.parse_args().worlds)
    print(
        f"{'family':32} {'asked':>6} {'median':>6} {'worst':>5} {'innocent':>8} {'octets':>7} {'s':>5}"
    )
    for family, asked, median, worst, innocent, octets, seconds in rows:
        print(
            f"{family:32} {asked:6} {median:6.0f} {worst:5} {innocent:8} {octets:7} {seconds:5.2f}"
        )
    return max(row[3] for row in rows) > 100


if __name__ == "__main__":
    sys.exit(main())
