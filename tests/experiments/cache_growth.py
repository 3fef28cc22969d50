"""Cache growth: random names without end make neither the cache nor the process grow.

    python tests/experiments/cache_growth.py [--names 1000000]

A resolver with a small cache, 4 MiB on disk and 4,096 answers in front, is asked for
names that nobody asks for again; a second dnsd is the server of their zone. Looked at
twenty times: octets of the cache are never more than its limit, and memory of the
process stands still: in the last quarter it is on the average at most 1 % more than in
the quarter before. A million names take twenty minutes.
"""

from __future__ import annotations

import argparse
import random
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.daemon import Daemon
from experiments.figures import machine
from fakes import octets

from dnsd.run.cache_upkeep import MEASURE_S
from dnsd.wire.message import RD

BOUND = 0.01
LOOKS = 20
IN_FLIGHT = 50
PATIENCE_S = 5.0
ANSWERS = 4096
# More than one, for one alone may have a tenth of the cache.
ORIGINS = [f"corp{i}.test." for i in range(20)]
ZONE = """
'': {type: NS, value: ns1.here.test.}
'*': {type: A, value: 192.0.2.80}
"""
OWN = "'': {type: NS, value: ns1.here.test.}\nns1: {type: A, value: 192.0.2.53}\n"


def resolver_of(directory, authority, size):
    """A resolver with a small cache that asks one server."""
    directory.mkdir()
    server = {"servers": [authority.address], "port": authority.port, "kind": "stub"}
    return Daemon(
        directory, {"here.test.": OWN},
        cache={"size": size},
        resolver={"enabled": "on", "forward": [{"zone": zone, **server} for zone in ORIGINS], "query_local_addresses": True,
                  "priming": False},
        limits={"answer_cache_entries": ANSWERS, "answer_cache_aliases": ANSWERS},
    )  # fmt: skip


def ask(server, names):
    """Ask for names, some at a time; how many were answered."""
    answered = 0
    family = socket.AF_INET6 if ":" in server.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE_S)
        client.connect((server.address, server.port))
        for start in range(0, len(names), IN_FLIGHT):
            some = names[start : start + IN_FLIGHT]
            for name in some:
                client.send(octets.query(name, 1, flags=RD))
            for _ in some:
                try:
                    reply = client.recv(4096)
                except TimeoutError:
                    break
                answered += reply[3] & 15 == 0 and reply[7] == 1
    return answered


def grow(directory, count, looks=LOOKS, size="4MiB"):
    """Ask for so many random names.

    Args:
        directory: for both daemons.
        count: names.
        looks: at memory and cache.
        size: of the cache; with less than 4 MiB it is in the memory of the process.

    Returns:
        For each look: octets in use, their limit, entries, KiB of memory; and how many
        names were answered.
    """
    rng = random.Random(14)
    seen = []
    answered = 0
    (directory / "authority").mkdir()
    with (
        Daemon(directory / "authority", dict.fromkeys(ORIGINS, ZONE)) as authority,
        resolver_of(directory / "resolver", authority, size) as server,
    ):
        for _ in range(looks):
            names = [
                f"{rng.randrange(1 << 64):x}.{rng.choice(ORIGINS)}" for _ in range(count // looks)
            ]
            answered += ask(server, names)
            time.sleep(MEASURE_S + 0.5)  # what status says is as old at most
            cache = server.control.status()["cache"]
            seen.append(
                (cache["octets"], cache["limit_octets"], cache["entries"], server.memory_kib(3))
            )
    return seen, answered


def growth(seen):
    """How much more memory there is in the last quarter than in the one before, a share."""
    quarter = len(seen) // 4
    memory = [kib for *_, kib in seen]
    before = statistics.mean(memory[-2 * quarter : -quarter])
    return statistics.mean(memory[-quarter:]) / before - 1


def main():
    """Run it at full length."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--names", type=int, default=1_000_000)
    count = options.parse_args().names
    with tempfile.TemporaryDirectory() as directory:
        seen, answered = grow(Path(directory), count)
    for octets_used, limit, entries, memory in seen:
        print(f"{octets_used:>9} of {limit} octets, {entries:>6} entries, {memory / 1024:.1f} MiB")
    most = max(used / limit for used, limit, *_ in seen)
    found = growth(seen)
    print(
        f"{answered} of {count} random names answered: cache at most {most:.0%} of its limit, "
        f"memory {found:+.2%} in the last quarter; bounds 100% and {BOUND:+.0%}; {machine()}"
    )
    return most > 1 or found > BOUND or answered < 0.99 * count


if __name__ == "__main__":
    sys.exit(main())
