"""Cache flood: names asked once push nothing out of the record cache that is asked for again.

    python tests/experiments/cache_flood.py [--names 120000]

Clients ask for 100 names once a second, and an attacker for names that nobody asks for
again: both through the whole pipeline, answer cache in front, in simulated time. The answer cache hides who asks for the 100
names; what it tells of them is all that the record cache, an LMDB file for 3,000
entries, has to know them by. Shown: the share of the 100 names that it holds, looked at
each second, must be 95 % at least; and what it would be if the answer cache told nothing.

The attacker brings 80 names a second, so that the cache is full after half a minute,
as one of 300,000 entries is with 8,000 a second.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.figures import machine
from fakes import octets
from fakes.cache_files import SharedFile
from fakes.internet import Asker
from fakes.rehearsal import Rehearsal

from dnsd.net.responder import Responder
from dnsd.observe import metrics
from dnsd.query.acl import Networks
from dnsd.query.answer_cache import AnswerCacheOptions
from dnsd.query.finish import FinishOptions
from dnsd.query.identity import Identity
from dnsd.query.parts import Parts
from dnsd.query.pipeline import Pipeline
from dnsd.query.ratelimit import Limiter, LimiterOptions
from dnsd.query.recursion import Recursion, RecursionOptions, Sources
from dnsd.query.request import Request, Transport
from dnsd.query.views import ViewOptions, Views
from dnsd.query.waiting import Waiting, WaitingOptions
from dnsd.resolver import shedding
from dnsd.resolver.cache.admission import CacheBounds
from dnsd.resolver.client_rates import ClientLimits, MissRates, WaitingAnswers
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.wire import names
from dnsd.wire.message import RD

BOUND = 0.95
BOUNDS = CacheBounds(entries=3000, octets=8 << 20)
ZONES = [f"zone{i}.test." for i in range(97)]
WANTED = [f"www{i}.{ZONES[i % 97]}" for i in range(100)]
NAMES_A_SECOND = 80
TURNS_A_SECOND = 20
CLIENT = b"\x7f\0\0\1"
TTL = 86_000


class _NoLog:
    def fault(self, kind, error, **_fields):
        raise AssertionError(kind) from error


class Scene:
    """Everything between a query and the file of the cache, in simulated time."""

    def __init__(self, cache):
        self.cache = cache
        self.network = Rehearsal()
        self.network.time = time.monotonic()
        server = names.from_text("ns.server.test.")
        stubs = {
            zone: Delegation(zone, (server,), {server: (b"\xc0\0\2\1",)}, stub=True)
            for zone in map(names.from_text, ZONES)
        }
        limits = ResolverLimits()
        options = ResolverOptions(minimisation="off", priming=False, limits=limits)
        caches = cache.records, cache.delegations
        asker = Asker(self.network, Delegation(names.ROOT, ()), options, 0, stubs, caches)
        clients = ClientLimits(misses_per_second=0)
        anybody = Networks.from_text(["any"])
        parts = Parts(
            authority=lambda *_args, **_options: None,
            views=Views(ViewOptions(allow=anybody, unlimited=anybody, recursion=anybody)),
            limiter=Limiter(LimiterOptions()),
            cookies=None,
            identity=Identity(),
            finish=FinishOptions(),
            recursion=Recursion(
                Sources(asker.resolver, lambda *_args, **_options: None, lambda *_: None,
                        MissRates(clients), lambda _name, _rrsets: None),
                RecursionOptions(),
                Waiting(WaitingOptions(1.8, 5.0, 8.0), shedding.Waiting(limits),
                        WaitingAnswers(clients)),
            ),
        )  # fmt: skip
        page = metrics.new_page(1)
        self.row = page.row(0)
        self.responder = Responder(
            parts, Pipeline(parts), AnswerCacheOptions(), (self.row, page.generations), _NoLog()
        )

    def ask(self, name):
        """Ask as a client does, and let the zone's server answer if it is asked."""
        request = Request(
            octets.query(name, 1, flags=RD), CLIENT, 5353, None, Transport.UDP,
            self.network.now(), 1_800_000_000,
        )  # fmt: skip
        self.responder.respond(request, lambda *_: None)
        while self.network.open:
            asked = names.to_text(self.network.asked().qname)
            self.network.says(answer=f"{asked} {TTL} A 192.0.2.80")
        while self.network.turns:
            self.network.turns.pop(0)()

    def kept(self):
        """The share of the wanted names that the record cache holds."""
        wanted = map(names.from_text, WANTED)
        slices = self.cache.slices(self.cache.databases.records)
        held = {name for name, _ in slices} | self.cache.records.waiting.keys()
        return sum(name in held for name in wanted) / len(WANTED)


def flood(directory, count, *, is_told):
    """Ask for names once while the wanted ones are asked for.

    Args:
        directory: for the file.
        count: names that are asked for once.
        is_told: the record cache hears what the answer cache gave.

    Returns:
        The share of the wanted names kept, one for each second; answers out of the
        answer cache; entries at the end.
    """
    shares = []
    with SharedFile(directory, BOUNDS) as file:
        scene = Scene(file.cache)
        once = iter(range(count))
        for name in WANTED:
            scene.ask(name)
        for _ in range(count // NAMES_A_SECOND):
            for turn in range(TURNS_A_SECOND):
                for _ in range(NAMES_A_SECOND // TURNS_A_SECOND):
                    i = next(once)
                    scene.ask(f"x{i}.{ZONES[i % 97]}")
                for name in WANTED[turn::TURNS_A_SECOND]:
                    scene.ask(name)
                scene.network.time += 1 / TURNS_A_SECOND
                file.cache.commit_when_due(scene.network.now())
            found = scene.responder.take_found()
            if is_told and file.cache.noting:
                file.cache.evict(scene.network.now(), found)
            shares.append(scene.kept())
        assert file.cache.trouble == ""
        hits = scene.row[metrics.ANSWER_CACHE_HITS.slot()]
        return shares, hits, file.cache.statistics().positive


def main():
    """Run it at full length."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--names", type=int, default=120_000, help="that are asked for once")
    count = options.parse_args().names
    failed = False
    for is_told in (True, False):
        with tempfile.TemporaryDirectory() as directory:
            shares, hits, entries = flood(Path(directory), count, is_told=is_told)
        told = "told by the answer cache" if is_told else "told nothing"
        print(
            f"{told}: {min(shares):.0%} of 100 names kept at the worst of {len(shares)} seconds, "
            f"{shares[-1]:.0%} at the end; {count} others asked once, {entries} entries, "
            f"{hits} answers out of the answer cache"
        )
        failed |= is_told and min(shares) < BOUND
    print(f"bound: at least {BOUND:.0%} at every moment; {machine()}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
