"""What is validated while the clock jumps: in simulated time, with a validator's own clock.

Monotonic time goes on by itself; what jumps is the time of day that signatures are held
against.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from fakes.signed_internet import NOW, SignedZone
from fakes.signed_world import SignedWorld

from dnsd.dnssec.signing import Validity
from dnsd.resolver.cache.contract import Security

A, NOERROR, SERVFAIL, NXDOMAIN = 1, 0, 2, 3
TTL, DENIAL_TTL = 300, 60
_ROUNDED_S = 2  # TTLs are whole seconds
#: A clock that is slow by so much takes a signature for valid (threats: inception skew).
SKEW_S = 60
ZONES = ("long.test.", "short.test.")
NAMES = 12
ROUNDS = 12


@dataclass
class Seen:
    """What was seen.

    Attributes:
        jumps: of the clock.
        counts: outcomes by security or failure.
        failures: what must not be.
    """

    jumps: int = 0
    counts: Counter = field(default_factory=Counter)
    failures: list = field(default_factory=list)


def _made(validities):
    """Make zones whose signatures hold for the times given."""

    def maker(validity):
        return lambda origin, text, **how: SignedZone(origin, text, validity=validity, **how)

    lines = "".join(f"h{number} A 192.0.2.80\n" for number in range(NAMES))
    texts = {".": "", "test.": "", **dict.fromkeys(ZONES, lines), "shop.test.": lines}
    makers = {each: maker(validity) for each, validity in validities.items()}
    return SignedWorld(texts, unsigned=("shop.test.",), make=makers)


def _within(validity, clock):
    return validity.inception - SKEW_S <= clock <= validity.expiration


class _Judge:
    """Holds outcomes to what the signatures allow at the time of day that the validator has.

    What was validated stays what it was until its TTL ends, which the signature has
    limited: by monotonic time, whatever the clock says.
    """

    def __init__(self, made, validities, seen):
        self.made, self.validities, self.seen = made, validities, seen
        self._secure_until = {}  # name → monotonic seconds

    def ask(self, label, zone, *, exists):
        name = f"{label}.{zone}"
        clock, now = self.made.clock, self.made.asker.internet.now()
        outcome = self.made.ask(name)
        is_failed = outcome.rcode == SERVFAIL
        self.seen.counts["SERVFAIL" if is_failed else outcome.security.name.lower()] += 1
        text = f"{name} at {clock - NOW:+}: {outcome.rcode} {outcome.security.name}"
        if zone == "shop.test.":
            if outcome.security is Security.SECURE:
                self._complain(f"{text}, which is not signed")
            return
        own = self.validities[zone]
        if not is_failed and outcome.security is not Security.SECURE:
            self._complain(f"{text}: insecure by the clock")
        elif not is_failed:
            self._secure(outcome, name, text, (own, clock, now))
            if outcome.rcode != (NOERROR if exists else NXDOMAIN):
                self._complain(text)

    def _secure(self, outcome, name, text, times):
        own, clock, now = times
        ttl = max(each.ttl for each in (*outcome.answer, *outcome.authority))
        until = self._secure_until.get(name)
        if ttl > TTL:
            self._complain(f"{text}: TTL {ttl}")
        if outcome.synthesised:
            # Made of denials of other names, which have TTLs of their own (RFC 8198).
            if ttl > DENIAL_TTL:
                self._complain(f"{text}: TTL {ttl} of a denial")
        elif outcome.cached and until is not None:
            if now + ttl > until + _ROUNDED_S:
                self._complain(f"{text}: TTL {ttl}, {until - now:.0f} s were left")
        elif not _within(own, clock):
            self._complain(f"{text}: secure, but signatures do not hold")
        elif ttl > own.expiration - clock:
            self._complain(f"{text}: TTL {ttl}, the signature ends in {own.expiration - clock} s")
        if not outcome.cached and not outcome.synthesised:
            self._secure_until[name] = now + ttl

    def _complain(self, text):
        self.seen.failures.append(text)


def jumps(steps, seed=0):
    """Ask while the clock of a validator jumps by steps; what was seen.

    Args:
        steps: name → (seconds, Unix time or None), as of the clock experiment.
        seed: of what is asked and when.
    """
    rng, seen = random.Random(seed), Seen()
    day = 86_400
    for what, (seconds, wall) in steps.items():
        validities = {
            ".": Validity(NOW - 400 * day, NOW + 400 * day),
            "test.": Validity(NOW - 400 * day, NOW + 400 * day),
            "long.test.": Validity(NOW - 30 * day, NOW + 30 * day),
            "short.test.": Validity(NOW - 600, NOW + rng.choice((100, 200, 900))),
        }
        made = _made(validities)
        judge = _Judge(made, validities, seen)
        for number in range(ROUNDS):
            if number in (3, 7):
                seen.jumps += 1
            there = 3 <= number < 7
            passed = made.asker.internet.now() - 1_000_000
            right = NOW + int(passed)
            made.clock = right if not there else right + seconds if wall is None else int(wall)
            for _ in range(6):
                zone = rng.choice((*ZONES, "shop.test."))
                exists = rng.random() < 0.7
                label = f"h{rng.randrange(NAMES)}" if exists else f"no{rng.randrange(4)}"
                judge.ask(label, zone, exists=exists)
            made.asker.internet.run(made.asker.internet.now() + rng.choice((1, 30, 61, 120)))
        seen.failures[:] = [
            f"{each}" if ":" in each else f"{what}: {each}" for each in seen.failures
        ]
    return seen
