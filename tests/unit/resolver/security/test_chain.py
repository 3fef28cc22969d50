"""What the zone above says of a name, and where signing ends."""

import pytest
from fakes.signed_internet import NOW, SignedZone

from dnsd.dnssec.algorithms import Algorithm
from dnsd.dnssec.signing import Validity
from dnsd.resolver.budget import Budget
from dnsd.resolver.cache.contract import Security
from dnsd.resolver.outcome import Failed
from dnsd.resolver.security.chain import Cut, Search, delegated, keys_of, where_signing_ends
from dnsd.wire import names

from .conftest import BANK

N = names.from_text
A, DS = 1, 43


def run(made, procedure):
    """Drive a procedure whose questions the resolver answers."""
    event = None
    while True:
        try:
            ask = procedure.send(event)
        except StopIteration as end:
            return end.value
        made.ask(names.to_text(ask.name), ask.type)
        now = made.asker.internet.now()
        event = made.asker.records.find(ask.name, ask.type, now) or Failed(None)


def search(made):
    return Search(made.asker.world, Budget(made.asker.options.limits, made.asker.internet.now()))


@pytest.mark.parametrize(
    ("name", "cut"),
    [
        (".", Cut.SIGNED),
        ("test.", Cut.SIGNED),
        ("bank.test.", Cut.SIGNED),
        ("shop.test.", Cut.UNSIGNED),
        ("ns.test.", Cut.NONE),
        ("nobody.test.", Cut.NONE),
        ("www.shop.test.", Cut.UNSIGNED),
        ("alias.bank.test.", Cut.NONE),
    ],
)
def test_what_the_zone_above_says_of_a_name(world, name, cut):
    made = world()
    found = run(made, delegated(search(made), N(name)))
    assert found.cut is cut
    assert bool(found.records) is (cut is Cut.SIGNED)


def test_a_zone_of_an_unknown_algorithm_is_not_signed(world):
    class Unknown:
        origin = N("bank.test.")

        class key:  # noqa: N801 - stands for an object
            @staticmethod
            def ds(_origin):
                return b"\x12\x34\xfd\x02" + bytes(32)

    made = world(children=[Unknown])
    found = run(made, delegated(search(made), N("bank.test.")))
    assert (found.cut, found.explanation.code) == (Cut.UNSIGNED, 1)
    assert made.ask("www.bank.test.").security is Security.INSECURE


@pytest.mark.parametrize(
    ("zone", "security"),
    [("bank.test.", Security.SECURE), ("shop.test.", Security.INSECURE), (".", Security.SECURE)],
)
def test_the_keys_of_a_zone(world, zone, security):
    made = world()
    found = run(made, keys_of(search(made), N(zone)))
    assert found.security is security
    assert [key.algorithm for key in found.keys] == (
        [Algorithm.ED25519] if security is Security.SECURE else []
    )


def test_bogus_keys_are_none(world):
    old = SignedZone("bank.test.", BANK, validity=Validity(NOW - 200, NOW - 100))
    made = world(old)
    found = run(made, keys_of(search(made), N("bank.test.")))
    assert (found.security, found.keys, found.explanation.code) == (Security.BOGUS, (), 7)


@pytest.mark.parametrize(
    ("name", "rrtype", "zone", "cut"),
    [
        ("www.shop.test.", A, "shop.test.", Cut.UNSIGNED),
        ("www.shop.test.", A, ".", Cut.UNSIGNED),
        ("shop.test.", DS, "test.", Cut.NONE),
        ("www.bank.test.", A, "bank.test.", Cut.NONE),
        ("www.bank.test.", A, "shop.test.", Cut.NONE),
    ],
)
def test_where_signing_ends(world, name, rrtype, zone, cut):
    made = world()
    found = run(made, where_signing_ends(search(made), N(name), rrtype, N(zone)))
    assert found.cut is cut
