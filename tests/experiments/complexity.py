"""Work per message: whatever is sent, it stays in proportion to its octets and below a bound.

    python tests/experiments/complexity.py [--answers 10000]

Messages and files made to be expensive, each in growing sizes up to what fits: names
that share all their suffixes, written and read; chains of pointers, open and hidden in
opaque rdata; 16,000 EDNS options; referrals of 1,500 servers; answers of thousands of
aliases, zone cuts, denials and addresses; YAML that multiplies itself; keys and
signatures by the hundred with one tag, and NSEC3 records that are dear to hash. For each:
CPU time of the largest, its bound, and the slope of log time over log size, which is 1
where work is in proportion to size. Records without any trick stand beside the chains
of pointers: what they take is what so many records take.

Then one RRset of 4,000 addresses, asked for again and again over TCP beside one of
100: CPU time of an answer, and what memory grows by; and 150 such RRsets, of which no
more may be kept than there is room for.

Takes a minute. The tests hold the slopes of counted operations, which are exact.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import sys
import tempfile
import time
import tracemalloc
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.figures import machine
from experiments.growth import cpu_seconds, slope
from experiments.heavy_messages import (
    MESSAGES,
    SCRUBBED,
    WRITTEN,
    YAML_BOMBS,
    flood_of_options,
    referral,
)
from experiments.heavy_proofs import PROOFS
from experiments.whole_resolver import ROOT, WholeResolver
from fakes.octets import query

from dnsd.authority.zonefile.yaml_zone import read_zone
from dnsd.query.answer_cache import AnswerCacheOptions
from dnsd.resolver.scrub import scrub
from dnsd.source.marked_yaml import parse
from dnsd.source.problems import ConfigError, errors
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.iana import Rcode
from dnsd.wire.message import parse_message, parse_query, render_message

SLOPE = 1.1
CALLS = 5
TEST, WWW = names.from_text("test."), names.from_text("www.test.")
A = 1


@dataclass
class Case:
    """One kind of work.

    Attributes:
        what: in words.
        sizes: rising; what they count is part of the words.
        prepare: takes a size, returns what does the work when called.
        bound_s: CPU time of the largest.
    """

    what: str
    sizes: tuple
    prepare: object
    bound_s: float


def reading(octets):
    """Read a message as a server and as a resolver does; malformed is an answer too."""

    def read():
        for reader in (parse_message, parse_query):
            with contextlib.suppress(FormError):
                reader(octets)

    return read


def scrubbing(message, name):
    octets = render_message(message)
    return lambda: scrub(parse_message(octets), name, A, TEST, trusted_transport=True)


def bomb(text, directory):
    """Read a zone file and a configuration that must be refused."""
    path = Path(directory) / "bomb.test.yaml"
    path.write_text(text)
    octets = text.encode()

    def read():
        assert errors(read_zone(path, Path(directory)).problems)
        with contextlib.suppress(ConfigError):
            parse(octets, "dnsd.yaml")
            raise AssertionError("a bomb was taken for a configuration")

    return read


def following(count):
    """Ask for a name whose zone is referred to so many servers, all of them dead."""
    fresh = [WholeResolver({WWW: referral(count)}) for _ in range(CALLS)]

    def ask():
        resolver = fresh.pop()
        assert resolver.ask(WWW, A).rcode == Rcode.SERVFAIL
        resolver.internet.run()
        ask.packets = resolver.internet.counts.total() - resolver.internet.counts[ROOT]

    return ask


def answering_flood(count):
    """Answer a query with so many EDNS options over TCP."""
    resolver = WholeResolver({})
    octets = flood_of_options(count)

    def respond():
        (reply,) = resolver.respond(octets)
        assert len(reply) >= 12

    return respond


def cases(directory):
    """Return all kinds of work."""
    found = [
        Case(f"write {what}", sizes, lambda n, make=make: partial(render_message, make(n)), 0.02)
        for what, (sizes, make) in WRITTEN.items()
    ]
    found += [
        Case(f"read {what}", sizes, lambda n, make=make: reading(make(n)), bound_s)
        for what, (sizes, make, bound_s) in MESSAGES.items()
    ]
    found += [
        Case(f"believe {what}", sizes, lambda n, make=make: scrubbing(*make(n)), 0.02)
        for what, (sizes, make) in SCRUBBED.items()
    ]
    found += [
        Case("EDNS options", (2000, 4000, 8000, 16_000), answering_flood, 0.002),
        Case("servers of a referral, all dead", (188, 375, 750, 1500), following, 0.02),
    ]
    found += [
        Case(f"YAML: {what}", sizes, lambda n, make=make: bomb(make(n), directory), 1.0)
        for what, (sizes, make) in YAML_BOMBS.items()
    ]
    found += [
        Case(f"validate {what}", sizes, make, bound_s)
        for what, (sizes, make, bound_s) in PROOFS.items()
    ]
    return found


def report(case):
    """Print what one kind of work takes; return whether a bound is missed."""
    calls = [case.prepare(size) for size in case.sizes]
    seconds = [cpu_seconds(call, CALLS) for call in calls]
    steepness = slope(case.sizes, seconds)
    missed = seconds[-1] > case.bound_s or steepness > SLOPE
    packets = getattr(calls[-1], "packets", 0)
    print(
        f"{case.what:52} {case.sizes[-1]:6} {1000 * seconds[-1]:9.3f} {1000 * case.bound_s:7g} "
        f"{steepness:6.2f}{f'  {packets} packets, bound 12' if packets else ''}"
        f"{'  MISSED' if missed else ''}"
    )
    return missed or packets > 12


def report_large_rrset(answers):
    """Ask for large RRsets again and again; return whether a bound is missed."""
    resolver = WholeResolver({}, records={"many.test.": 4000, "few.test.": 100})
    taken = {}
    for name in ("few.test.", "many.test.", "few.test.", "many.test."):
        octets = query(name, A, flags=0x0100)
        resolver.respond(octets)
        # Its TTLs have run down since it was found.
        resolver.internet.run(resolver.internet.now() + 5.0)
        began = time.process_time()
        for _ in range(answers):
            resolver.respond(octets)
        taken[name] = (time.process_time() - began) / answers
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(1000):
        resolver.respond(octets)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    ratio = taken["many.test."] / taken["few.test."]
    missed = ratio > 2 or grown > 65536
    print(f"RRset of 4,000, asked {answers} times: {1e6 * taken['many.test.']:.1f} us an answer; of "
          f"100: {1e6 * taken['few.test.']:.1f} us; ratio {ratio:.2f}, bound 2; memory "
          f"{grown:+} octets, bound one reply{'  MISSED' if missed else ''}")  # fmt: skip
    return missed


def report_many_large(names_count=150, entries=2048):
    """Ask for many names of 4,000 addresses; return whether they take too much room."""
    sizes = {f"n{number}.test.": 4000 for number in range(names_count)}
    options = AnswerCacheOptions(entries=entries)
    resolver = WholeResolver({}, records=sizes, cache=options)
    tracemalloc.start()
    before, asked = tracemalloc.get_traced_memory()[0], 0
    for text in sizes:
        asked += len(resolver.respond(query(text, A, flags=0x0100))[0])
    # What was sent and asked is kept by the simulated Internet alone.
    resolver.internet.packets.clear()
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    bound = options.octets + 2**20
    missed = grown > bound
    print(f"{names_count} names of 4,000 addresses, {asked} octets of answers, answer cache of "
          f"{options.octets} octets: memory {grown:+}, bound {bound}{'  MISSED' if missed else ''}")  # fmt: skip
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", type=int, default=10_000)
    arguments = parser.parse_args()
    print(f"CPU time {machine()}")
    print(f"{'work':52} {'size':>6} {'ms':>9} {'bound':>7} {'slope':>6}, bound {SLOPE}")
    with tempfile.TemporaryDirectory() as directory:
        missed = [case.what for case in cases(directory) if report(case)]
    if report_large_rrset(arguments.answers):
        missed.append("large RRset")
    if report_many_large():
        missed.append("many large RRsets")
    print(f"bounds missed: {len(missed)} {missed}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
