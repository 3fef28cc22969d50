"""Isolation: whatever one server says, names of others keep their true answers.

    python tests/experiments/isolation.py [--worlds 100000] [--first 0]

Each world is a small Internet made by a seed: honest zones, and one server that
answers for its own subtree and lies in any of 37 ways, several at once. Asked are the
liar's names and those of others, some of which lead from one to the other. Shown, for
every world: each answer about a name that the liar has no say in is the true one or
SERVFAIL, and in calm weather never SERVFAIL; nothing else is kept either, no record
by a server outside the zone it speaks for, no zone cut by anybody but its parent; no
question takes more packets, octets and time than its budget; nothing is left behind.

As many worlds again are signed: a root, a zone below and up to four zones with NSEC,
NSEC3, opt-out or without signatures, asked by a resolver that validates. The liar has
valid signatures of its own zone for whatever it says, and says it in 24 ways, in every
other world in the place of all servers: what is called secure of names of others is
true, and where only its own server lies, all names of others keep their true answers.

What is true, a reference says that shares no code with servers and resolver. The
first 20 complaints end the run; a seed repeats each. 100,000 worlds, and as many that
are signed, take 45 minutes. In signed worlds the untouched world says what is true.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.internet import Asker
from fakes.internet_audit import Audit
from fakes.internet_worlds import generate
from fakes.signed_audit import examine as examine_signed

from dnsd.resolver.options import ResolverOptions

#: Whose server lies in signed worlds.
LIAR = "evil.test."


def examine(rng, options=None, caches=()):
    """Ask what is to be asked in one world; return what was found.

    Args:
        rng: makes the world; has the methods of ``random.Random``.
        options: of the resolver; the usual ones unless given.
        caches: of records and of delegations, in memory unless given.
    """
    world = generate(rng)
    options = options or ResolverOptions()
    asker = Asker(
        world.internet, world.hints, options, rng.randrange(2**32), world.configured, caches
    )
    internet = world.internet
    audit = Audit(world, asker)
    for name, rrtype in world.questions:
        started, octets = internet.now(), internet.octets_received
        outcome = asker.ask(name, rrtype)
        audit.outcome(name, rrtype, outcome, internet.now() - started,
                      internet.octets_received - octets)  # fmt: skip
    # Once more all at a time: some from the cache, some together with others. What has
    # expired meanwhile is as true as it was (RFC 8767 §5).
    internet.run(internet.now() + rng.choice((0.0, 100.0, 4000.0)))
    for name, rrtype in world.questions:
        stale = asker.resolver.known(name, rrtype, stale=True)
        if stale is not None:
            audit.outcome(name, rrtype, stale, 0.0, 0)
    waiting = [(name, rrtype, asker.start(name, rrtype)) for name, rrtype in world.questions]
    started = internet.now()
    internet.run()
    for name, rrtype, found in waiting:
        audit.outcome(name, rrtype, found[0], 0.0, 0)
    audit.caches()
    audit.end()
    return audit


def run(seeds):
    """Examine the worlds of some seeds; return totals and the first complaints."""
    totals = Counter()
    complaints = []
    for seed in seeds:
        try:
            audit = examine(random.Random(seed))
        except Exception as error:
            error.add_note(f"in the world of seed {seed}")
            raise
        totals["worlds"] += 1
        totals["questions"] += len(audit.packets)
        totals["answers"] += audit.answers
        totals["failures"] += audit.failures
        totals["packets"] = max(totals["packets"], *audit.packets)
        totals["lies"] += audit.world.hostile_server.received
        complaints += [f"seed {seed}: {text}" for text in audit.complaints]
        if len(complaints) > 20:
            break
    return totals, complaints


def run_signed(seeds):
    """Examine the signed worlds of some seeds; return totals and the first complaints."""
    totals, complaints = Counter(), []
    for seed in seeds:
        try:
            found, counts = examine_signed(seed, LIAR, on_path=bool(seed % 2))
        except Exception as error:
            error.add_note(f"in the signed world of seed {seed}")
            raise
        totals["worlds"] += bool(counts)
        totals += counts
        complaints += found
        if len(complaints) > 20:
            break
    return totals, complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first world")
    arguments = parser.parse_args()
    began = time.monotonic()
    totals, complaints = run(range(arguments.first, arguments.first + arguments.worlds))
    for text in complaints:
        print(text)
    print(f"{totals['worlds']} worlds, {totals['questions']} questions, "
          f"{totals['lies']} lies told, in {time.monotonic() - began:.0f} s")  # fmt: skip
    print(f"of names of others: {totals['answers']} true answers, {totals['failures']} SERVFAIL, "
          f"{len(complaints)} dishonest or kept without right")  # fmt: skip
    print(f"most packets for one question: {totals['packets']}")
    began = time.monotonic()
    totals, more = run_signed(range(arguments.first, arguments.first + arguments.worlds))
    for text in more:
        print(text)
    print(f"{totals['worlds']} signed worlds of {arguments.worlds} drawn have the liar, "
          f"{totals['secure'] + totals['insecure'] + totals['failed']} questions, "
          f"in {time.monotonic() - began:.0f} s: {totals['secure']} secure, "
          f"{totals['insecure']} insecure, {totals['failed']} SERVFAIL, "
          f"{len(more)} dishonest, kept without right or taken from others")  # fmt: skip
    return bool(complaints or more)


if __name__ == "__main__":
    sys.exit(main())
