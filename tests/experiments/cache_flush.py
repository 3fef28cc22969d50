"""CacheFlush: who asks for names once, as fast as can be, leaves others what they ask for.

    python tests/experiments/cache_flush.py [--full]

A resolver has a cache of 4 MiB, and it is full. Ordinary clients ask for 100 names, each
once a second. An attacker asks for names that nobody asks for again, at 80 % of the
measured capacity, from 64 addresses: each is answered with nine aliases before the
address, ten record sets of the attacker's to keep. Shown: of the ordinary queries at
least 95 of 100 are answered out of the cache, before, during and after: all that are
answered but those that the servers of the names had to be asked for. A hundred names
that were asked for only once say what the attack does to those who are not protected:
how many of them are left. Then the same without the answer cache, so that the record
cache alone must hold the names.

Takes a minute; with ``--full`` the attack goes on for a minute, twice.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.clients import SteadyClient
from experiments.daemon import Daemon, verdict
from experiments.figures import machine
from experiments.flood import Flood, Names, capacity
from experiments.zone_servers import Manner, ZoneServers
from fakes import octets

from dnsd.run.cache_upkeep import MEASURE_S
from dnsd.wire.message import RD

BOUND = 0.95
LOAD = 0.8
LINKS = 9
SIZE = "4MiB"
ANSWERS = 4096
# Room is made from there on, a share of the limit.
FULL = 0.85
SERVER, ATTACKER = "127.69.0.1", "127.69.0.2"
# More than one, for one alone may have a tenth of the cache.
ZONES = [f"wanted{i}.test." for i in range(10)]
ATTACKED = tuple(f"flush{i}.test." for i in range(20))
WANTED = [f"www{i}.{ZONES[i % len(ZONES)]}" for i in range(100)]
ONCE = [f"once{i}.{ZONES[i % len(ZONES)]}" for i in range(100)]
OWN = "'': {type: NS, value: ns1.here.test.}\nns1: {type: A, value: 192.0.2.53}\n"


@dataclass
class Outcome:
    """What a flush did.

    Attributes:
        capacity: names of the attacker's answered in a second.
        attacked: names that the attacker had answered, and seconds of the attack.
        shares: of ordinary queries that were answered out of the cache, before, during,
            after.
        missed: ordinary queries that servers had to be asked for, likewise.
        asked: ordinary queries in these times.
        left: of the names asked for once, how many the cache held in the end.
        failed: ordinary queries without a right answer.
        filled: octets of the cache in use when the attack began, a share of its limit.
        sets: record sets that the cache held at the end.
        failures: what else went wrong.
    """

    capacity: float = 0.0
    attacked: tuple = (0, 0.0)
    shares: list = field(default_factory=list)
    missed: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    left: int = 0
    failed: int = 0
    filled: float = 0.0
    sets: int = 0
    failures: list = field(default_factory=list)


def flush(directory, *, seconds, calm_s=5.0, measured_s=3.0, load=LOAD, answer_cache="on"):
    """Fill the cache, then attack beside ordinary clients.

    Args:
        directory: for the daemon.
        seconds: of the attack.
        calm_s: before and after.
        measured_s: for the capacity.
        load: how much of that the attacker takes.
        answer_cache: ``on`` or ``off``.
    """
    outcome = Outcome()
    manners = {SERVER: Manner(), ATTACKER: Manner(links=LINKS)}
    where = dict.fromkeys(ZONES, SERVER) | dict.fromkeys(ATTACKED, ATTACKER)
    with ZoneServers(manners) as servers:
        resolver = {"enabled": "on", "local_zones": "none", "priming": "off",
                    "forward": servers.stubs(where)}  # fmt: skip
        with Daemon(
            directory, {"here.test.": OWN}, workers=0, resolver=resolver, cache={"size": SIZE},
            answer_cache=answer_cache,
            limits={"answer_cache_entries": ANSWERS, "answer_cache_aliases": ANSWERS},
        ) as server:  # fmt: skip
            outcome.capacity = _fill(server, measured_s)
            outcome.filled = _filled(server)
            for _ in range(2):  # whoever asks again wants it kept
                for name in WANTED:
                    server.ask(octets.query(name, 1, flags=RD))
            for name in ONCE:
                server.ask(octets.query(name, 1, flags=RD))
            _ordinary(server, servers, calm_s, outcome)
            rate = load * outcome.capacity
            queries = Names(ATTACKED, prefix="a").queries(rate)
            with Flood(server, queries, rate=rate) as flood:
                _ordinary(server, servers, seconds, outcome)
                outcome.attacked = flood.tally["answered"], seconds
            _ordinary(server, servers, calm_s, outcome)
            # Who does not ask for recursion is answered out of the cache alone.
            replies = [server.ask(octets.query(name, 1)) for name in ONCE]
            outcome.left = sum(reply[3] & 15 == 0 and reply[7] == 1 for reply in replies)
            time.sleep(MEASURE_S + 0.5)  # what status says is as old at most
            outcome.sets = server.control.status()["cache"]["entries"]
            outcome.failures = server.faults()
    return outcome


def _fill(server, measured_s):
    """Ask for names of the attacker's until the cache is full; how many a second."""
    found = capacity(server, Names(ATTACKED, prefix="f").queries(0), seconds=measured_s)
    for number in range(20):
        if _filled(server) > FULL:
            break
        capacity(server, Names(ATTACKED, prefix=f"f{number}").queries(0), seconds=2)
    return found


def _filled(server):
    time.sleep(MEASURE_S + 0.5)
    cache = server.control.status()["cache"]
    return cache["octets"] / cache["limit_octets"]


def _ordinary(server, servers, seconds, outcome):
    """Ask for each name once a second; note the share that its server was not asked for."""
    questions = [octets.query(name, 1, flags=RD) for name in WANTED]

    def judge(_place, _sent_at, reply):
        return "" if reply[3] & 15 == 0 and reply[7] else f"rcode {reply[3] & 15}"

    before = servers.received(SERVER)
    with SteadyClient(server, questions, judge, rate=len(WANTED)) as tally:
        time.sleep(seconds)
    outcome.asked.append(tally.asked)
    outcome.failed += tally.failed
    missed = servers.received(SERVER) - before
    outcome.missed.append(missed)
    outcome.shares.append((tally.answered - missed) / tally.asked)


def judge(outcome):
    """List what is out of bounds."""
    failures = list(outcome.failures)
    if min(outcome.shares) < BOUND:
        failures.append(f"{min(outcome.shares):.1%} answered out of the cache")
    if outcome.failed > 0.01 * sum(outcome.asked):
        failures.append(f"{outcome.failed} ordinary queries had no right answer")
    return failures


def line(outcome):
    """Put the figures in words."""
    count, seconds = outcome.attacked
    before, during, after = outcome.shares
    return (
        f"cache {outcome.filled:.0%} full; {count:,} names of {LINKS + 1} record sets in "
        f"{seconds:.0f} s, {count / seconds:,.0f}/s where {outcome.capacity:,.0f}/s is all it can; "
        f"out of the cache: {before:.1%} of {outcome.asked[0]:,} ordinary queries before, "
        f"{during:.1%} of {outcome.asked[1]:,} during, {after:.1%} of {outcome.asked[2]:,} after; "
        f"{sum(outcome.missed)} servers were asked for, {outcome.failed} failed; {outcome.left} of {len(ONCE)} names asked for "
        f"once are left; {outcome.sets:,} entries at the end"
    )


def main():
    """Run at the size asked for; exit 1 outside the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true")
    seconds = 60 if parser.parse_args().full else 10
    failures = []
    with tempfile.TemporaryDirectory() as name:
        for answer_cache in ("on", "off"):
            outcome = flush(Path(name) / answer_cache, seconds=seconds, answer_cache=answer_cache)
            failures += judge(outcome)
            print(f"answer cache {answer_cache}: {line(outcome)}", flush=True)
    return verdict(f"bound: {BOUND:.0%} out of the cache at all times; {machine()}", failures)


if __name__ == "__main__":
    sys.exit(main())
