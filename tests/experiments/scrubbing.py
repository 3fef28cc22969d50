"""Scrubbing: of replies without end nothing is kept that was not sent and may not be said.

    python tests/experiments/scrubbing.py [--seconds 180] [--seed 1]

Replies are drawn that are nearly right: the names of the question, of the sender's zone
and of their neighbours, records of the types that mean something there, flags and
rcodes as they come; half are then damaged in a few octets. Each is read, scrubbed, and
held against rules that were written for the purpose and share no code with what they
judge (``fuzz/targets/scrub.py``). Printed are executions, and how many replies meant
what; a reply against the rules ends the run with its octets.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.figures import machine
from fuzz.targets.scrub import NAMES, TYPES, is_inside, one_input

from dnsd.resolver.scrub import Meaning
from dnsd.wire.message import AA, QR, RA, TC, Message, Question, render_message
from dnsd.wire.rrset import RRset

A, NS, CNAME, SOA, MX, AAAA, DNAME, DS, RRSIG, NSEC, NSEC3 = (
    1, 2, 5, 6, 15, 28, 39, 43, 46, 47, 50,
)  # fmt: skip
AUTHORITIES = ((NS, NS, DS, NSEC), (SOA, NSEC, NSEC3), (NS, NS, SOA, DS, NSEC, NSEC3, A, MX))
# Below it there is no room for a label of the question (RFC 6672 §2.2).
LONG = (b"\x3f" + b"l" * 63) * 3 + b"\x36" + b"l" * 54 + b"\x04test\0"
TELLING = (0, 1, 2, 5, 6, 12, 39, 43, 63, 64, 0x7F, 0x80, 0xBF, 0xC0, 0xFF)


class Replier:
    """Draws questions and replies to them.

    Attributes:
        rng: draws.
    """

    def __init__(self, rng):
        self.rng = rng

    def rdata(self, rrtype):
        rng = self.rng
        name = rng.choice(NAMES)
        if rrtype == DNAME and rng.random() < 0.2:
            return LONG
        if rrtype in (NS, CNAME, DNAME):
            return name
        if rrtype == SOA:
            return name + rng.choice(NAMES) + rng.randbytes(20)
        if rrtype == MX:
            return b"\0\1" + name
        if rrtype == NSEC:
            return name + b"\0\1\x40"
        if rrtype == NSEC3:
            return b"\1\0\0\0\2ab\4abcd\0\1\x40"
        if rrtype == RRSIG:
            covered = rng.choice((A, NS, CNAME, SOA, DS, NSEC)).to_bytes(2, "big")
            return covered + b"\x0d" + rng.randbytes(15) + name + rng.randbytes(8)
        if rrtype == DS:
            return rng.randbytes(2) + b"\x08\x02" + rng.randbytes(32)
        return rng.randbytes({A: 4, AAAA: 16}.get(rrtype, 8))

    def rrsets(self, near, types):
        """Draw some RRsets whose owners and types are among those given."""
        rng = self.rng
        found = []
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3, 16))):
            rrtype = rng.choice(types)
            rdatas = {self.rdata(rrtype) for _ in range(rng.choice((1, 1, 2)))}
            ttl = rng.choice((0, 60, 300, 2**31 - 1))
            rdclass = 3 if rng.random() < 0.05 else 1
            found.append(RRset(rng.choice(near), rrtype, ttl, tuple(rdatas), (), rdclass))
        return found

    def case(self):
        """Draw what ``one_input`` takes: question, sender, reply."""
        rng = self.rng
        name, rrtype = rng.randrange(len(NAMES)), rng.randrange(len(TYPES))
        above = [i for i, each in enumerate(NAMES) if is_inside(NAMES[name], each)]
        zone = rng.choice(above if rng.random() < 0.8 else range(len(NAMES)))
        flags = rng.choice((QR | AA, QR | AA, QR | AA, QR, QR, QR | RA, QR | AA | RA, QR | AA | TC))
        rcode = rng.choice((0, 0, 0, 0, 0, 3, 3, 2))
        message = Message(0x1234, flags | rcode, [Question(NAMES[name], TYPES[rrtype], 1)])
        near = [NAMES[i] for i in above] * 2 + [NAMES[name]] * 4 + NAMES
        if rng.random() < 0.5:
            message.answer = self.rrsets(near, (A, CNAME, CNAME, DNAME, RRSIG, TYPES[rrtype] % 51))
        message.authority = self.rrsets(near, rng.choice(AUTHORITIES))
        message.additional = self.rrsets(NAMES, (A, A, AAAA, CNAME))
        chosen = bytes((name, rrtype, zone, rng.randrange(4)))
        return chosen + self.damaged(render_message(message))

    def damaged(self, octets):
        """Change a few octets of every second message."""
        rng = self.rng
        if rng.random() < 0.5:
            return octets
        changed = bytearray(octets)
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(changed))
            value = rng.choice(TELLING) if rng.random() < 0.7 else rng.randrange(256)
            way = rng.randrange(4)
            if way < 2:
                changed[place] = value
            elif way == 2:
                changed[place : place + 2] = bytes((0xC0, value & 0x3F))
            else:
                del changed[place + 1 :][: rng.randint(1, 3)]
        return bytes(changed)


def run(seed, wanted):
    """Scrub as long as is wanted; return executions by meaning.

    Args:
        seed: of all that is drawn.
        wanted: takes the number of executions so far.
    """
    replier = Replier(random.Random(seed))
    counts = Counter()
    executions = 0
    while wanted(executions):
        case = replier.case()
        executions += 1
        try:
            meaning = one_input(case)
        except Exception as error:
            error.add_note(f"with {case.hex()}")
            raise
        counts["malformed" if meaning is None else meaning.name] += 1
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.monotonic()
    end = began + arguments.seconds
    counts = run(arguments.seed, lambda _: time.monotonic() < end)
    seconds = time.monotonic() - began
    print(f"{counts.total()} executions in {seconds:.0f} s {machine()}")
    for meaning in (*(each.name for each in Meaning), "malformed"):
        print(f"{meaning.lower():10} {counts[meaning]:10}")
    print("kept against the rules: 0, bound 0")
    return not all(counts[meaning.name] for meaning in Meaning)


if __name__ == "__main__":
    sys.exit(main())
