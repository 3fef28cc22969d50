"""Generated signed zones, asked for everything: each answer carries what proves it."""

import random
from itertools import product

import pytest
from fakes.signed_zone import POLICIES, signed_zone, statements
from fakes.small_zone import wire
from fuzz.targets.denial import LABELS, Choices, zone_of

from dnsd.authority.answer import answer
from dnsd.dnssec.claims import Insecure, Proven
from dnsd.dnssec.denial import prove
from dnsd.dnssec.nsec3_hash import HashWork
from dnsd.lab.zone import MemoryZones
from dnsd.wire import names
from dnsd.wire.iana import rrtype_to_text

ZONES = 60
SEED = 4035
RDATA = {1: "192.0.2.1", 2: "ns.example.", 5: "a.example.", 15: "1 mx.example.",
         39: "elsewhere.example.", 43: f"1 13 2 {'ab' * 32}"}  # fmt: skip
ASKED = (1, 15, 2, 43, 5)


def lines(zone):
    """The zone without SOA and keys, as lines."""
    found = ["@ NS ns.example."]
    for path, types in zone.contents.items():
        if path != zone.apex:
            owner = names.to_text(wire(path))
            found += [f"{owner} {rrtype_to_text(x)} {RDATA[x]}" for x in sorted(types)]
    return "\n".join(found)


@pytest.mark.parametrize("kind", POLICIES)
def test_every_answer_of_any_zone_proves_what_it_says(kind):
    draw = random.Random(SEED)
    enough = (Proven, Insecure) if kind == "opt-out" else Proven
    proved = 0
    for _ in range(ZONES):
        model = zone_of(Choices(draw.randbytes(40)))
        apex = wire(model.apex)
        zones = MemoryZones([signed_zone(names.to_text(apex), lines(model), kind)])
        known = {x[:i] for x in model.contents for i in range(len(model.apex), len(x) + 1)}
        asked = known | {(*x, label) for x, label in product(known, (*LABELS, b"none"))}
        for path, rrtype in product(sorted(asked), ASKED):
            name = wire(path)
            if (name, rrtype) == (apex, 43) and apex != names.ROOT:
                continue
            reply = answer(zones, name, rrtype, dnssec_ok=True)
            for statement in statements(apex, name, rrtype, reply):
                verdict = prove(statement, reply.authority, HashWork())
                assert isinstance(verdict, enough), (lines(model), statement, verdict)
                proved += 1
    assert proved > 50 * ZONES
