"""Ordinary life: names as people keep them must reach no budget, and the table says by how far.

    python tests/experiments/ordinary_life.py [--queries 100000] [--zones 1000] [--seed 1]

Clients ask for the names of a thousand zones, of which the n-th is asked for in
proportion to 1/n, over an Internet in simulated time: aliases through content
networks, servers without glue in zones of others, lame, dead and slow ones, some
older than EDNS, 13 servers, answers that need TCP, wildcards, names of 34 labels,
parents that are behind (``fakes/internet_ordinary.py``), and 1 of 1,000 datagrams
lost each way. The caches are empty at the start.

Shown: budgets hit by questions that somebody would answer, at most 1 in 10,000; each
answered as its owner means it. For every budget: what was met in the median, in 99.9
and 99.99 of 100 questions that needed asking, and at the worst, beside the budget.
Zones whose servers keep silent about some types, 1 of 100 here, are counted apart:
nobody would answer those questions at all.

100,000 queries take 20 s.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import ClassVar
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.figures import machine
from experiments.growth import share_of
from fakes.internet_ordinary import UNKNOWN_TYPES, ordinary
from fakes.served import Clients

from dnsd.resolver.budget import Budget
from dnsd.resolver.cache.admission import rrset_octets
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.resolver.resolver import Resolver
from dnsd.resolver.scrub import Meaning

CNAME = 5
CLIENTS = 200
QUERIES_A_SECOND = 100
LATE_S = 1.9  # after which a stub resolver's second try is near
HIT_SHARE = 1e-4
# Budgets that are no figure of one question, or that no ordinary question spends.
NOT_MET = {
    "query_work", "minimised_steps", "single_label_steps", "shed_after_s", "udp_timeout_first_s",
    "udp_timeout_max_s", "tcp_timeout_s", "server_hold_s", "failure_ttl_s", "failure_ttl_max_s",
    "outgoing_tcp", "tcp_reuse_s", "tcp_reuse_queries", "stale_age_s", "stale_ttl_s",
    "stale_wait_s", "stale_recheck_s", "prefetch_share", "client_misses_burst",
    "waiting_answers_proven", "late_answer_s", "failed_names", "delegation_name_fetches",
}  # fmt: skip


class Watched(Budget):
    """The budget of one question that notes what was met on the way.

    Attributes:
        met: name of a budget → the most of it that was met.
    """

    made: ClassVar[list[Watched]] = []

    def __init__(self, limits, now):
        super().__init__(limits, now)
        self.met = Counter()
        self._packets = Counter()
        self.made.append(self)

    # The resolver sets it to nothing when nobody watches a question.
    trace = property(lambda self: self.step, lambda self, _: None)

    def most(self, what, amount):
        self.met[what] = max(self.met[what], amount)

    def step(self, step):
        """Take one exchange into account."""
        asked = (step.zone, step.name, step.type)
        for what, key in (("zone_packets", asked),
                          ("server_tries", (*asked, step.address, step.transport))):  # fmt: skip
            self._packets[key] += 1
            self.most(what, self._packets[key])
        said = step.said
        if said is None:
            return
        if said.meaning is Meaning.REFERRAL:
            self.met["referrals"] += 1
            self.most("delegation_names", len(said.servers))
            addresses = said.addresses.values()
            self.most("name_addresses", max(map(len, addresses), default=0))
            self.most("delegation_addresses", len({a for each in addresses for a in each}))
        for rrset in (*said.chain, *said.proof):
            self.most("rrset_records", len(rrset.rdatas))
            self.most("rrset_octets", rrset_octets(rrset))

    def finish(self, limits):
        """Add what the budget itself has counted."""
        self.met["query_packets"] = self.packets_sent
        self.met["query_octets"] = limits.query_octets - self.octets
        self.met["query_rrsets"] = limits.query_rrsets - self.rrsets
        self.met["query_name_fetches"] = limits.query_name_fetches - self.name_fetches


class WatchedResolver(Resolver):
    """Notes the depth of look-ups and how many wait for one."""

    def _begin(self, key, depth, budget, *others):
        budget.most("depth", depth)
        super()._begin(key, depth, budget, *others)

    def _ask(self, task, ask):
        found = super()._ask(task, ask)
        running = self._running.get((ask.name, ask.type))
        if running is not None:
            task.budget.most("fetch_clients", len(running.waiters))
        return found


class Life:
    """One run.

    Attributes:
        clients: who asks, and the resolver.
        asked: what was asked, with the rcode that its owner means and its budget.
        most: figures of the whole, by name of their budget: the most that was met.
    """

    def __init__(self, seed, zones, options=None):
        self.rng = random.Random(seed)
        self.world = ordinary(self.rng, zones)
        Watched.made = []
        with mock.patch("fakes.internet.Resolver", WatchedResolver):
            self.clients = Clients(
                self.world.internet, self.world.hints, options or ResolverOptions(), seed
            )
        self.asked = []
        self.most = Counter()
        self._misses = Counter()

    def run(self, queries):
        """Ask; time passes until the last answer is there."""
        sites = range(len(self.world.sites))
        popular = self.rng.choices(sites, [1 / (n + 1) for n in sites], k=queries)
        people = self.rng.choices(range(CLIENTS), [1 / (n + 1) for n in range(CLIENTS)], k=queries)
        internet = self.world.internet
        began = internet.now()
        with mock.patch("dnsd.resolver.resolver.Budget", Watched):
            for site, person in zip(popular, people, strict=True):
                began += self.rng.expovariate(QUERIES_A_SECOND)
                internet.run(began)
                self.ask(site, bytes((203, 0, 113, person)))
            internet.run()
        world = self.clients.asker.world
        self.most["server_table"] = len(internet.counts)
        self.most["failure_table"] = len(world.failures._setbacks.table)
        for _, _, budget in self.asked:
            budget.finish(self.clients.asker.options.limits)

    def ask(self, site, client):
        questions, weights = self.world.questions[site]
        ((name, rrtype, rcode),) = self.rng.choices(questions, weights)
        place = len(Watched.made)
        served = self.clients.ask(name, rrtype, client)
        self.asked.append((served, rcode, Watched.made[place]))
        clients, quotas = self.clients, self.clients.asker.world.quotas
        at = int(self.world.internet.now())
        self._misses[client, at] += served.exchange.found in ("", "miss")
        for what, amount in (
            ("client_misses", self._misses[client, at]),
            ("recursions", len(clients.waiting)),
            ("waiting_answers", clients.answers.count(client)),
            ("zone_in_flight", _busiest(quotas.zones)),
            ("server_in_flight", _busiest(quotas.servers)),
        ):
            self.most[what] = max(self.most[what], amount)

    def hits(self):
        """Return hits of each limit: by questions that have an answer, and by others.

        What was fetched for nobody counts with the first.
        """
        owners = {id(budget): rcode for _, rcode, budget in self.asked}
        found = {True: Counter(), False: Counter()}
        for budget in Watched.made:
            found[owners.get(id(budget), 0) is not None].update(budget.exhausted)
        for served, rcode, budget in self.asked:
            more = set(served.exchange.limits) - set(budget.exhausted)
            found[rcode is not None].update(more)
        found[True].update({k: n for k, n in self.clients.recursion.turnovers().items() if n})
        return found[True], found[False]

    def wrong(self):
        """Return what was answered otherwise than its owner means it, by kind of fault."""
        return Counter(
            (served.rcode, rcode)
            for served, rcode, _ in self.asked
            if rcode is not None
            and (served.is_dropped or served.rcode != rcode or not _has_its_records(served))
        )

    def types_of_names(self):
        """Return the most types that one name has in the cache."""
        return max(Counter(e.name for e in self.clients.asker.records.entries()).values())

    def table(self):
        """Return rows: budget, its bound, median, 99.9th, 99.99th percentile, worst."""
        limits = self.clients.asker.options.limits
        missed = [(s, b) for s, _, b in self.asked if b.packets_sent or s.seconds]
        self.most["name_types"] = self.types_of_names()
        rows = []
        for limit in (each.name for each in fields(ResolverLimits) if each.name not in NOT_MET):
            if limit in self.most:
                figures = [self.most[limit]]
            elif limit == "query_time_s":
                figures = [served.seconds for served, _ in missed]
            elif limit == "alias_links":
                figures = [
                    sum(r.type == CNAME for r in s.exchange.answer.answer) for s, _ in missed
                ]
            else:
                figures = [budget.met[limit] for _, budget in missed]
            parts = [share_of(figures, share) for share in (0.5, 0.999, 0.9999, 1)]
            rows.append((limit, getattr(limits, limit), *parts))
        return rows


def _has_its_records(served):
    """Tell whether an answer ends with what was asked for; all names have all but these types."""
    if served.rcode or served.rrtype in UNKNOWN_TYPES:
        return True
    found = served.exchange.answer.answer
    return bool(found) and found[-1].type == served.rrtype


def _busiest(quota):
    return max((busy[0] for busy in quota._busy.values()), default=0)


def report(life, seconds):
    """Print what was found; return whether a bound is missed."""
    asked = len(life.asked)
    needing = sum(budget.packets_sent > 0 for _, _, budget in life.asked)
    late = sum(served.seconds > LATE_S for served, _, _ in life.asked)
    faults = life.clients.asker.faults
    print(f"{machine()}; {asked} queries for {len(life.world.sites)} zones in {seconds:.0f} s")
    print(f"answered from the cache: {1 - needing / asked:.1%}; packets sent: "
          f"{sum(life.world.internet.counts.values())}")  # fmt: skip
    print(f"answers later than {LATE_S} s: {late} ({late / asked:.3%})")
    print(f"{'budget':22} {'bound':>8} {'median':>8} {'99.9 %':>8} {'99.99 %':>8} {'worst':>8}")
    for limit, bound, *parts in life.table():
        print(f"{limit:22} {bound:8g}", *(f"{part:8.3g}" if part < 1e3 else f"{part:8.0f}"
                                          for part in parts))  # fmt: skip
    hits, silent = life.hits()
    share, wrong = sum(hits.values()) / asked, sum(life.wrong().values())
    print(f"budgets hit by names that have an answer: {sum(hits.values())} ({share:.4%}), "
          f"bound {HIT_SHARE:.2%}: {dict(hits)}")  # fmt: skip
    print(f"by questions that nobody answers: {sum(silent.values())}: {dict(silent)}")
    print(f"answered otherwise than meant: {wrong} {dict(life.wrong())}, bound 0.01 %; "
          f"exceptions: {len(faults)}, bound 0")  # fmt: skip
    return share > HIT_SHARE or wrong > HIT_SHARE * asked or bool(faults)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=100_000)
    parser.add_argument("--zones", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.monotonic()
    life = Life(arguments.seed, arguments.zones)
    life.run(arguments.queries)
    return report(life, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
