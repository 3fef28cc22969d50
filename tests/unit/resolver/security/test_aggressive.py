"""What is learned of denials, and what is not; scenarios/test_synthesis shows the answers."""

from dataclasses import replace

import pytest
from fakes.signed_internet import SignedZone
from fakes.signed_nsec3 import HashedZone
from fakes.signed_world import SignedWorld

from dnsd.dnssec.nsec3_chain import Nsec3Policy
from dnsd.dnssec.nsec3_hash import Parameters
from dnsd.resolver.cache.contract import Kind, Security, Selector
from dnsd.resolver.security import aggressive
from dnsd.wire import names
from dnsd.wire.rrset import RRset

N = names.from_text
A, AAAA, DS, NSEC = 1, 28, 43, 47
BANK = "apple A 192.0.2.80\n*.wild A 192.0.2.81\nmelon A 192.0.2.82\n"


def world(make=SignedZone, unsigned=()):
    texts = {".": "", "test.": "", "bank.test.": BANK, "shop.test.": "www A 192.0.2.70\n"}
    return SignedWorld(texts, unsigned=("shop.test.", *unsigned), make=make)


def kept(made):
    return {
        (names.to_text(zone), names.to_text(kept.rrset.owner))
        for zone, _, _, kept in made.asker.denials.records()
    }


def test_what_a_secure_denial_rests_on_is_kept():
    made = world()
    made.ask("banana.bank.test.")
    found = kept(made)
    assert ("bank.test.", "apple.bank.test.") in found
    assert ("bank.test.", "bank.test.") in found, "that of the wildcard"


def test_nothing_is_learned_of_zones_without_keys():
    made = world()
    made.ask("nobody.shop.test.")
    assert "shop.test." not in {zone for zone, _ in kept(made)}


def test_nothing_is_learned_of_what_is_bogus():
    made = world()
    made.servers["bank.test."].tamper = lambda _name, _type, found: replace(
        found,
        authority=[replace(each, signatures=()) if each.type == NSEC else each for each in found.authority],
    )  # fmt: skip
    made.ask("banana.bank.test.", unchecked=True)
    assert "bank.test." not in {zone for zone, _ in kept(made)}


def test_a_wildcard_is_kept_under_its_own_name_only_when_it_is_secure():
    made = world()
    made.ask("a.wild.bank.test.")
    entry = made.asker.records.find(N("*.wild.bank.test."), A, made.asker.internet.now())
    assert (entry.kind, entry.security) == (Kind.POSITIVE, Security.SECURE)
    assert entry.rrset.owner == N("*.wild.bank.test.")
    made = world(unsigned=("bank.test.",))
    made.ask("a.wild.bank.test.")
    assert made.asker.records.find(N("*.wild.bank.test."), A, made.asker.internet.now()) is None


def test_the_wildcard_itself_is_answered_with_what_was_learned():
    made = world()
    made.ask("a.wild.bank.test.")
    outcome = made.ask("*.wild.bank.test.")
    assert (outcome.packets, outcome.security) == (0, Security.SECURE)


@pytest.mark.parametrize("iterations", [0, 30])
def test_hashing_is_bounded(iterations):
    policy = Nsec3Policy(Parameters(iterations, b""))
    made = world({"bank.test.": lambda *a, **how: HashedZone(*a, policy=policy, **how)})
    for i in range(20):
        outcome = made.ask(f"b{i}.bank.test.")
    assert outcome.rcode == 3
    assert (outcome.packets == 0) is (iterations == 0)
    deep = made.ask(".".join("abcdefghijklmnopqrstuvwxyz" * 3) + ".bank.test.")
    assert (deep.rcode, deep.security) == (3, Security.SECURE)
    assert deep.packets > 0


def test_the_resolver_itself_takes_denials_for_what_it_must_know_of_a_cut():
    made = world()
    made.ask("www.shop.test.", DS)
    made.asker.records.flush(Selector())
    before = len(made.asker.internet.packets)
    made.ask("www.shop.test.")
    asked = made.asker.internet.packets[before:]
    assert not [each for each in asked if N("shop.test.") + b"\0\x2b" in each.query.lower()]


def test_signatures_of_one_zone_that_disagree_on_the_wildcard_are_not_taken():
    made = world()
    made.ask("a.wild.bank.test.")
    entry = made.asker.records.find(N("a.wild.bank.test."), A, made.asker.internet.now())
    (signature,) = entry.rrset.signatures
    assert aggressive._source(entry.rrset) == (N("bank.test."), N("*.wild.bank.test."))
    other = signature[:3] + bytes((signature[3] - 1,)) + signature[4:]
    rrset = RRset(entry.rrset.owner, A, 60, entry.rrset.rdatas, (signature, other))
    assert aggressive._source(rrset) is None
    above = signature[:3] + b"\1" + signature[4:]
    assert aggressive._source(RRset(rrset.owner, A, 60, rrset.rdatas, (above,))) is None


def test_large_records_are_left_out():
    """Who owns a zone signs it as often as he likes, and must not fill the cache with that."""
    made = world()

    def many(rrset):
        (signature,) = rrset.signatures
        others = (signature[:-2] + number.to_bytes(2, "big") for number in range(12))
        return replace(rrset, signatures=(signature, *others))

    made.servers["bank.test."].tamper = lambda _name, _type, found: replace(
        found, authority=[many(each) for each in found.authority if each.signatures]
    )
    assert made.ask("banana.bank.test.").security is Security.SECURE
    assert "bank.test." not in {zone for zone, _ in kept(made)}


def test_a_record_that_is_there_is_not_written_again():
    made = world()
    made.ask("banana.bank.test.")
    put, written = made.asker.denials.put, []
    made.asker.world.denials.put = lambda *args: written.append(args) or put(*args)
    made.asker.records.flush(Selector())
    made.ask("bank.test.", AAAA)
    made.ask("apple.bank.test.", AAAA)
    assert written == []
