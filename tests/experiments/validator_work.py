"""Validator work: what the worst keys and signatures cost, and what no signature may say.

    python tests/experiments/validator_work.py [--mutations 1000000]

colliding keys   500 RSA keys with one key tag, and 500 signatures with it, none of
which match (KeyTrap): verifications, work units, CPU time, and the longest time between
two pauses, beside what 500 x 500 verifications of that price would take. For ECDSA the
keys are real points, so that every verification costs what it can: some pairs with
equal tags, and a signature for each tag in turn.

many RRsets      as many RRsets as one question may have verified, all of them right.

NSEC3            the denial of a name of 118 labels, each ancestor of which is to be hashed,
by eight records that match and cover nothing (CVE-2023-50868): blocks of SHA-1, CPU
time and what the denial is worth, for the dearest parameters that count, and for those
beyond, which are not hashed at all; beside what the labels would cost without bounds.

RSA numbers      moduli and exponents out of bounds: the time until they are refused, and
the dearest verification that is still within bounds.

mutations        RRsets and RRSIGs of any owner, signer, labels and times, with the
mathematics switched off, so that every signature "matches": what is accepted lies
within the three inequalities, under the signer, which is the zone, and within its time.
A million of them take half a minute.
"""

from __future__ import annotations

import argparse
import random
import struct
import sys
import time
from collections import Counter
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.figures import machine
from fakes.signed import (
    NOW,
    ZONE,
    colliding_keys,
    rrset,
    rsa_dnskey,
    sign,
    signature,
    signing_key,
)

from dnsd.dnssec import algorithms, denial, signing
from dnsd.dnssec.algorithms import KeyFault, PublicKey
from dnsd.dnssec.bitmaps import render
from dnsd.dnssec.claims import Claim, Proven, Statement
from dnsd.dnssec.nsec3_hash import HashWork, Parameters, owner_of
from dnsd.dnssec.validation import Secure, Work, validate
from dnsd.wire import names
from dnsd.wire.rrset import RRset

COUNT = 500
MAX_VERIFICATIONS = 32
MAX_REFUSAL_MS = 0.2
MAX_SLICE_MS = 10
MAX_BLOCKS = 1500
MAX_DENIAL_MS = 5
MODULUS = b"\xff" * 255 + b"\x01"
#: Key pairs made to find four pairs with equal tags: chance gives 11 among so many.
PAIRS_AMONG = 1200


def real_colliding_keys(algorithm):
    """Pairs of real keys of a curve with equal tags, four at least."""
    tags = {}
    while True:
        for _ in range(PAIRS_AMONG):
            key = signing.make_key(algorithm).key
            tags.setdefault(key.tag, []).append(key)
        pairs = [keys for keys in tags.values() if len(keys) > 1]
        if len(pairs) >= 4:
            return [key for keys in pairs for key in keys]


def timed(procedure):
    """Run a generator; return what it returned, its steps, and its longest step in seconds."""
    longest, steps = 0.0, 0
    while True:
        begin = time.perf_counter()
        try:
            next(procedure)
        except StopIteration as stop:
            return stop.value, steps, max(longest, time.perf_counter() - begin)
        longest = max(longest, time.perf_counter() - begin)
        steps += 1


def key_trap(algorithm, count=COUNT):
    """Validate an RRset with so many signatures under so many keys, none of which match."""
    if algorithm in algorithms.RSA_HASHES:
        keys = colliding_keys(count, algorithm=algorithm)
    else:
        keys = real_colliding_keys(algorithm)
    signer = signing_key(13)
    records = rrset()
    tags = list(dict.fromkeys(key.tag for key in keys))
    records.signatures = tuple(
        signature(records, signer, key_tag=tags[n % len(tags)], algorithm=algorithm, original_ttl=n)
        for n in range(count)
    )
    size = {8: 128, 13: 64, 14: 96}[algorithm]
    # As long as a right one, or it would be refused before any mathematics.
    records.signatures = tuple(r[:-64] + b"\x01" * size for r in records.signatures)
    work = Work()
    begin = time.process_time()
    verdict, steps, longest = timed(validate(records, ZONE, tuple(keys), NOW, work))
    return verdict, steps, work.units, time.process_time() - begin, longest, len(keys)


def many_rrsets(algorithm):
    """Verify right RRsets for one question until it may have no more."""
    key = signing_key(algorithm)
    records = sign(rrset(), key)
    work = Work()
    secure, begin = 0, time.process_time()
    for _ in range(2 * MAX_VERIFICATIONS):
        verdict, _, _ = timed(validate(records, ZONE, (key.key,), NOW, work))
        secure += isinstance(verdict, Secure)
    return secure, work.units, time.process_time() - begin


#: 51 blocks for a short name are the most that is hashed: with so much salt, or none.
NSEC3_PARAMETERS = {
    "no iterations, no salt": Parameters(),
    "50 iterations, no salt": Parameters(50),
    "50 iterations, salt of 35": Parameters(50, b"\xff" * 35),
    "9 iterations, salt of 255": Parameters(9, b"\xff" * 255),
    "50 iterations, salt of 255": Parameters(50, b"\xff" * 255),
    "51 iterations, no salt": Parameters(51),
    "65,535 iterations, salt of 255": Parameters(65535, b"\xff" * 255),
}


def hashed_denial(parameters):
    """Hold the denial of a long name against records that match and cover nothing but its apex.

    Returns:
        The verdict, the blocks spent, the seconds of CPU, and the blocks that all labels would cost.
    """
    name = names.from_labels([b"a"] * 118, names.from_text("example."))
    zone = names.from_text("example.")
    apex = parameters.digest(zone)
    following = (int.from_bytes(apex, "big") + 1).to_bytes(20, "big")
    found = [_nsec3(zone, apex, following, parameters)]
    found += [
        _nsec3(zone, number.to_bytes(20, "big"), (number + 1).to_bytes(20, "big"), parameters)
        for number in range(1, 8)
    ]
    work = HashWork()
    begin = time.process_time()
    verdict = denial.prove(Statement(Claim.NXDOMAIN, zone, name), found, work)
    seconds = time.process_time() - begin
    every = sum(parameters.cost(each) for each in (name, *names.ancestors(name, zone)))
    return verdict, work.spent, seconds, every


def _nsec3(zone, digest, following, parameters):
    head = b"\x01\x00" + parameters.iterations.to_bytes(2, "big")
    salt = bytes((len(parameters.salt),)) + parameters.salt
    rdata = head + salt + b"\x14" + following + render((2, 6))
    return RRset(owner_of(digest, zone), 50, 60, (rdata,))


def report_denials():
    """Print what denials cost; how many bounds were missed."""
    missed = 0
    for name, parameters in NSEC3_PARAMETERS.items():
        verdict, blocks, seconds, every = hashed_denial(parameters)
        missed += isinstance(verdict, Proven) or blocks > MAX_BLOCKS
        missed += seconds * 1000 > MAX_DENIAL_MS
        worth = type(verdict).__name__
        print(f"NSEC3 of 119 labels, {name}: {blocks} blocks (bound {MAX_BLOCKS}), {seconds * 1000:.2f} ms "
              f"(bound {MAX_DENIAL_MS}), {worth}; every label {every:,} blocks")  # fmt: skip
    return missed


RSA_NUMBERS = {
    "exponent of 65 bits": (MODULUS, b"\x01" + bytes(7) + b"\x01"),
    "exponent of 3,000 bits": (MODULUS, b"\xff" * 375),
    "exponent of 480,000 bits": (MODULUS, b"\xff" * 60000),
    "modulus of 4,104 bits": (b"\xff" * 513, b"\x01\x00\x01"),
    "modulus of 8,192 bits": (b"\xff" * 1024, b"\x01\x00\x01"),
    "modulus of 520,000 bits": (b"\xff" * 65000, b"\x01\x00\x01"),
    "modulus of 1,016 bits": (b"\xff" * 127, b"\x01\x00\x01"),
}


def refusal(modulus, exponent):
    """Load an RSA key; return what became of it and the seconds, the best of five."""
    octets = rsa_dnskey(modulus, exponent)[4:]
    best = 1.0
    for _ in range(5):
        begin = time.perf_counter()
        loaded = algorithms.load_public_key(8, octets)
        best = min(best, time.perf_counter() - begin)
    return loaded, best


def dearest_verification():
    """Verify with 4,096 bits and an exponent of 64: seconds, the best of five."""
    octets = rsa_dnskey(b"\xff" * 511 + b"\x01", b"\xff" * 8)[4:]
    key = algorithms.load_public_key(8, octets)
    best = 1.0
    for _ in range(5):
        begin = time.perf_counter()
        key.verify(b"\x7f" * 512, b"message")
        best = min(best, time.perf_counter() - begin)
    return best, key.work


LABELS = [b"a", b"b", b"*", b"example", b"test", b"wexample"]
KINDS = [names.from_labels([])] + [ZONE] * 6


def any_name(rng):
    """A name that has much in common with the zone's."""
    labels = [rng.choice(LABELS) for _ in range(rng.choice((0, 0, 1, 1, 2, 4)))]
    return names.from_labels(labels, rng.choice(KINDS))


def one_mutation(rng, key):
    """Draw an RRset, a signature and a zone; return whether it is accepted and whether it may be."""
    owner = any_name(rng)
    signer = ZONE if rng.random() < 0.8 else any_name(rng)
    zone = signer if rng.random() < 0.9 else any_name(rng)
    own = names.label_count(owner) - owner.startswith(b"\x01*")
    labels = rng.choice((own, own, own - 1, own + 1, 2, 1, 0, 255)) % 256
    begin, end = (rng.choice((-9, -1, 0, 1, 59, 60, 61, 2**31 - 1, 2**31)) for _ in range(2))
    covered = rng.choice((1, 1, 1, 28))
    algorithm = rng.choice((13, 13, 13, 5))
    rrsig = struct.pack(
        "!HBBIIIH", covered, algorithm, labels, 300, (NOW + end) % 2**32, (NOW + begin) % 2**32,
        key.tag,
    ) + signer + bytes(64)  # fmt: skip
    records = RRset(owner, 1, 300, (b"\xc0\x00\x02\x01",), (rrsig,))
    verdict, _, _ = timed(validate(records, zone, (key,), NOW, Work()))
    allowed = (
        covered == 1
        and algorithm == 13
        and signer == zone
        and names.to_labels(owner)[max(0, names.label_count(owner) - names.label_count(signer)) :]
        == names.to_labels(signer)
        and names.label_count(signer) <= labels <= own
        and begin <= 60
        and 0 <= end < 2**31
        and 0 <= end - begin < 2**31
    )
    return isinstance(verdict, Secure), allowed


def matches_always(_key, _signature, _message):
    """Stand for mathematics that proves nothing; a mock would keep a million calls."""
    return True


def mutations(count, seed=0):
    """Draw so many, and count what was accepted or refused, right or wrong."""
    rng = random.Random(seed)
    key = signing_key(13).key
    counts = Counter()
    with mock.patch.object(PublicKey, "verify", matches_always):
        for _ in range(count):
            counts[one_mutation(rng, key)] += 1
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutations", type=int, default=1_000_000)
    arguments = parser.parse_args()
    missed = 0
    print(f"validator work, {machine()}")
    for algorithm, name in [(8, "RSA-1024"), (13, "P-256"), (14, "P-384")]:
        verdict, steps, units, cpu, longest, keys = key_trap(algorithm)
        missed += steps > MAX_VERIFICATIONS or isinstance(verdict, Secure)
        missed += longest * 1000 > MAX_SLICE_MS
        every = cpu / max(steps, 1) * COUNT * COUNT
        print(f"{keys} colliding keys, {COUNT} signatures, {name}: {steps} verifications (bound {MAX_VERIFICATIONS}), "
              f"{units} units, {cpu * 1000:.1f} ms CPU; longest step {longest * 1000:.1f} ms "
              f"(bound {MAX_SLICE_MS}); {COUNT} x {COUNT} would take {every:.0f} s")  # fmt: skip
    for algorithm, name in [(13, "P-256"), (14, "P-384")]:
        secure, units, cpu = many_rrsets(algorithm)
        missed += secure != MAX_VERIFICATIONS
        print(f"RRsets verified for one question, {name}: {secure} (bound {MAX_VERIFICATIONS}), {units} units, {cpu * 1000:.1f} ms CPU")  # fmt: skip
    missed += report_denials()
    for name, (modulus, exponent) in RSA_NUMBERS.items():
        loaded, seconds = refusal(modulus, exponent)
        missed += loaded is not KeyFault.UNSUPPORTED or seconds * 1000 > MAX_REFUSAL_MS
        print(f"RSA {name}: refused in {seconds * 1000:.3f} ms (bound {MAX_REFUSAL_MS})")
    seconds, units = dearest_verification()
    print(f"RSA within bounds, dearest (4,096 bits, exponent of 64): {seconds * 1000:.2f} ms, {units} units")  # fmt: skip
    counts = mutations(arguments.mutations)
    wrong = counts[True, False] + counts[False, True]
    missed += wrong
    print(f"mutated RRsets: {arguments.mutations}; accepted {counts[True, True]}, refused {counts[False, False]}, "
          f"accepted against the rules {counts[True, False]} (bound 0), refused against them {counts[False, True]} (bound 0)")  # fmt: skip
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
