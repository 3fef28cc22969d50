"""Forged replies that are right in all that can be guessed, about names that are signed.

The forger sees each query and is faster than its server: port, ID and letter case are
right, so that the first reply is the forger's. What is left is what the reply says.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace

from fakes.signed import signature
from fakes.signed_internet import DNSKEY, DS, VALIDITY, SignedAuthority, key_of
from fakes.signed_world import SignedWorld, every_rrset, without_signatures

from dnsd.lab.authority import Sent
from dnsd.resolver.cache.contract import Security
from dnsd.wire import names
from dnsd.wire.message import parse_query
from dnsd.wire.rrset import RRset

A, SERVFAIL = 1, 2
FORGED = b"\xcb\0\x71\x42"  # 203.0.113.66
NAMES = 20
FORGER = "evil.test."
SIGNED, UNSIGNED = "bank.test.", "shop.test."


class Winner:
    """Answers each query for some names before its server does.

    Attributes:
        replies: forged ones so far.
        is_over: leaves queries alone from now on.
    """

    def __init__(self, rng, made):
        self.rng, self.made = rng, made
        self.replies = 0
        self.is_over = False
        zones = [made.zones["test."], made.zones[SIGNED], made.zones[UNSIGNED]]
        self._forging = SignedAuthority(zones, self._forge)

    def throw(self, packet):
        """Forge the reply to a query."""
        query = parse_query(packet.query)
        is_of_a_name = names.label_count(query.qname) == 3 and query.qtype == A
        is_of_keys = query.qtype in (DS, DNSKEY) and self.rng.random() < 0.02
        if self.is_over or not (is_of_a_name or is_of_keys):
            return ()
        self.replies += 1
        return [Sent(self._forging.reply(packet.query, packet.transport), 0.0)]

    def _forge(self, qname, qtype, found):
        """Say that a name has the forger's address, in any of some ways."""
        rng, key = self.rng, key_of(FORGER)
        rdata = {A: FORGED, DNSKEY: key.dnskey, DS: key.ds(qname)}[qtype]
        forged = RRset(qname, qtype, 300, (rdata,))
        way = rng.choice(("bare", "its key", "its name", "true signature", "denied"))
        if way in ("its key", "its name"):
            signer = names.from_text(SIGNED if way == "its key" else FORGER)
            fields = {"inception": VALIDITY.inception, "expiration": VALIDITY.expiration}
            forged.signatures = (signature(forged, key, signer=signer, **fields),)
        elif way == "true signature" and found.answer:
            forged.signatures = found.answer[0].signatures
        elif way == "denied":
            denied = without_signatures(every_rrset(found, lambda each: None))
            return replace(denied, rcode=3)
        return replace(found, rcode=0, authoritative=True, answer=[forged], authority=[])


@dataclass
class Race:
    """What became of questions while a forger won each race.

    Attributes:
        forged: replies of his that came first.
        counts: questions about signed names by what was answered; unsigned ones believed.
        failures: what must not be.
    """

    forged: int = 0
    counts: Counter = field(default_factory=Counter)
    failures: list = field(default_factory=list)


def _world():
    lines = "".join(f"h{number} A 192.0.2.80\n" for number in range(NAMES))
    texts = {".": "", "test.": "", SIGNED: lines, UNSIGNED: lines}
    return SignedWorld(texts, unsigned=(UNSIGNED,))


def race(seed, found):
    """Ask for signed and unsigned names in one world, and again when it is over."""
    made = _world()
    winner = Winner(random.Random(seed), made)
    made.asker.internet.bystanders.append(winner)
    for zone in (SIGNED, UNSIGNED):
        for number in range(NAMES):
            outcome = made.ask(f"h{number}.{zone}")
            is_forged = any(FORGED in each.rdatas for each in outcome.answer)
            what = "failed" if outcome.rcode == SERVFAIL else "forged" if is_forged else "honest"
            found.counts[zone, what] += 1
            if zone == SIGNED and (is_forged or outcome.rcode not in (0, SERVFAIL)):
                found.failures.append(f"seed {seed}: h{number}.{zone} is {outcome}")
    winner.is_over = True
    made.asker.internet.run(made.asker.internet.now() + 301)
    for number in range(NAMES):
        outcome = made.ask(f"h{number}.{SIGNED}")
        if outcome.security is not Security.SECURE:
            found.failures.append(f"seed {seed}: afterwards h{number}.{SIGNED} is {outcome}")
    for entry in made.asker.records.entries():
        if entry.security is Security.SECURE and entry.rrset and FORGED in entry.rrset.rdatas:
            found.failures.append(f"seed {seed}: kept {entry}")
    found.forged += winner.replies


def races(count):
    """Race in so many worlds; what was seen."""
    found = Race()
    for seed in range(count):
        race(seed, found)
    return found
