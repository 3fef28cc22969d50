"""Answers made of denials that are kept (RFC 8198): true, secure, and without a packet."""

import random
from collections import Counter

import pytest
from fakes.signed_internet import NOW, VALIDITY, SignedZone
from fakes.signed_mutations import any_world
from fakes.signed_nsec3 import HashedZone, opt_out
from fakes.signed_world import SignedWorld, every_rrset
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dnsd.resolver.cache.contract import Security, Selector
from dnsd.wire import names
from dnsd.wire.rrset import RRset

N = names.from_text
A, SOA, MX, TXT, AAAA, DS, NSEC, NSEC3 = 1, 6, 15, 16, 28, 43, 47, 50
NOERROR, NXDOMAIN = 0, 3
BANK = """
apple A 192.0.2.80
melon A 192.0.2.81
*.wild A 192.0.2.82
deep.ent A 192.0.2.83
zebra CNAME apple
"""
KINDS = pytest.mark.parametrize("make", [SignedZone, HashedZone])


def world(make=SignedZone, **options):
    return SignedWorld(
        {".": "", "test.": "", "bank.test.": BANK, "sub.bank.test.": "www A 192.0.2.84\n"},
        unsigned=("sub.bank.test.",), make=make, **options,
    )  # fmt: skip


def wait(made, seconds):
    made.asker.internet.run(made.asker.internet.now() + seconds)


def verdict(outcome):
    return outcome.rcode, outcome.security.name, outcome.packets, outcome.found


@KINDS
def test_names_that_a_denial_covers_are_not_asked_for(make):
    made = world(make)
    assert made.ask("b0.bank.test.").rcode == NXDOMAIN
    outcomes = [made.ask(f"b{i}.bank.test.") for i in range(1, 60)]
    assert {(each.rcode, each.security) for each in outcomes} == {(NXDOMAIN, Security.SECURE)}
    # As many spans as there are names in the zone, and no more packets.
    assert sum(each.packets for each in outcomes) <= len(made.zones["bank.test."].denials)
    assert verdict(outcomes[-1]) == (NXDOMAIN, "SECURE", 0, "synthesised")


@KINDS
def test_the_proof_goes_along_with_its_signatures(make):
    made = world(make)
    for i in range(30):
        outcome = made.ask(f"b{i}.bank.test.")
    assert outcome.found == "synthesised"
    assert {each.type for each in outcome.authority} == {SOA, NSEC if make is SignedZone else NSEC3}
    assert all(each.signatures for each in outcome.authority)


@KINDS
def test_a_type_that_a_name_lacks_is_not_asked_for_again(make):
    made = world(make)
    assert made.ask("apple.bank.test.", TXT).packets > 0
    assert verdict(made.ask("apple.bank.test.", AAAA)) == (NOERROR, "SECURE", 0, "synthesised")
    assert made.ask("apple.bank.test.", A).answer, "and what it has is asked for"


@KINDS
def test_a_wildcard_answers_for_all_its_names(make):
    made = world(make)
    assert made.ask("a.wild.bank.test.").packets > 0
    made.ask("a.wild.bank.test.", TXT)
    outcomes = [made.ask(f"a{i}.wild.bank.test.") for i in range(40)]
    assert {(each.rcode, each.security, len(each.answer)) for each in outcomes} == {
        (NOERROR, Security.SECURE, 1)
    }
    last = outcomes[-1]
    assert (last.packets, last.answer[0].owner) == (0, N("a39.wild.bank.test."))
    assert last.authority
    assert last.found == "synthesised"


def test_an_empty_non_terminal_has_no_data():
    made = world()
    made.ask("deeper.ent.bank.test.")
    made.ask("dz.bank.test.")
    assert verdict(made.ask("ent.bank.test.", MX)) == (NOERROR, "SECURE", 0, "synthesised")


def test_spans_with_opt_out_prove_nothing():
    made = world(opt_out)
    for i in range(40):
        outcome = made.ask(f"b{i}.bank.test.")
        assert (outcome.rcode, outcome.found) == (NXDOMAIN, "miss")


def test_the_record_of_a_zone_cut_says_nothing_of_names_below():
    made = world()
    assert made.ask("sub.bank.test.", DS).rcode == NOERROR
    made.asker.delegations.flush(Selector())
    outcome = made.ask("www.sub.bank.test.")
    assert (outcome.rcode, len(outcome.answer)) == (NOERROR, 1)
    assert made.ask("nobody.sub.bank.test.").found == "miss"


@KINDS
def test_it_lasts_as_long_as_the_denial(make):
    made = world(make)
    for i in range(30):
        made.ask(f"b{i}.bank.test.")
    wait(made, 40)
    outcome = made.ask("b99.bank.test.")
    assert outcome.found == "synthesised"
    assert max(each.ttl for each in outcome.authority) <= 20
    wait(made, 21)
    assert made.ask("b98.bank.test.").packets > 0


def test_it_lasts_no_longer_than_the_signatures():
    made = world()
    made.clock = NOW + 86_400 - 5
    made.ask("b0.bank.test.")
    assert made.ask("b1.bank.test.").found == "synthesised"
    wait(made, 6)
    assert made.ask("b2.bank.test.").found != "synthesised"


@pytest.mark.parametrize(
    "selector",
    [
        Selector(),
        Selector(name=N("b1.bank.test.")),
        Selector(tree=N("bank.test.")),
        Selector(tree=N("test.")),
        Selector(name=N("b1.bank.test."), type=A),
        Selector(negative=True),
    ],
)
def test_what_is_flushed_is_asked_for_again(selector):
    made = world()
    made.ask("b0.bank.test.")
    assert made.ask("b1.bank.test.").packets == 0
    made.asker.denials.flush(selector)
    made.asker.records.flush(selector)
    assert made.ask("b1.bank.test.").packets > 0


def test_bogus_only_and_others_names_leave_them_alone():
    made = world()
    made.ask("b0.bank.test.")
    for selector in (Selector(bogus=True), Selector(name=N("b.shop.test."), tree=N("shop.test."))):
        made.asker.denials.flush(selector)
    assert made.ask("b1.bank.test.").packets == 0


def test_names_below_a_negative_trust_anchor_are_asked_for():
    made = world()
    made.ask("b0.bank.test.")
    made.asker.world.trust.negative[N("bank.test.")] = NOW + 100
    assert made.ask("b1.bank.test.").security is Security.INSECURE


def test_other_anchors_end_what_was_proved_by_these():
    made = world()
    made.ask("b0.bank.test.")
    kept = made.asker.denials
    made.renew()
    trust = made.asker.world.trust
    (ds,) = trust.anchors[names.ROOT]
    made.asker.world.trust = type(trust)(
        {names.ROOT: (ds, ds._replace(digest=bytes(32)))}, trust.unix_time
    )
    made.asker.world.denials = kept
    assert made.ask("b1.bank.test.").packets > 0


@pytest.mark.parametrize("following", ["zzz.test.", "www.sub.bank.test.", "test."])
def test_a_denial_that_leads_out_of_its_zone_denies_nothing(following):
    """P13: who owns a zone and its keys signs a span over the names of others."""
    texts = {".": "", "test.": "", "bank.test.": BANK, "aaa.test.": "www A 192.0.2.85\n"}
    made = SignedWorld(texts)
    evil = made.zones["aaa.test."]

    def widen(rrset):
        if rrset.type != NSEC:
            return rrset
        end = rrset.rdatas[0].index(b"\0") + 1
        wide = RRset(rrset.owner, NSEC, 60, (N(following) + rrset.rdatas[0][end:],))
        wide.signatures = (evil.key.sign(wide, evil.origin, VALIDITY),)
        return wide

    made.servers["aaa.test."].tamper = lambda _name, _type, found: every_rrset(found, widen)
    for name in ("nobody.aaa.test.", "zzz.aaa.test."):
        made.ask(name)
    assert made.ask("nobody.aaa.test.").security is not Security.SECURE
    for name in ("apple.bank.test.", "melon.bank.test."):
        outcome = made.ask(name)
        assert (outcome.rcode, outcome.found, len(outcome.answer)) == (NOERROR, "miss", 1)
    assert made.ask("b.bank.test.").found == "miss"


def test_it_can_be_turned_off():
    made = world()
    made.asker.world.denials = None
    for i in range(3):
        assert made.ask(f"b{i}.bank.test.").packets > 0


LABELS = ("www", "mail", "x", "ent", "deep", "alias", "old", "wild", "zz", "a", "b", "c", "*")
TYPES = (A, A, AAAA, MX, TXT, DS, SOA, 5, 2, 48)


def any_name(rng, made):
    origin = rng.choice(list(made.zones)).lstrip(".")
    labels = rng.choices(LABELS, k=rng.choice((0, 1, 1, 2)))
    if rng.random() < 0.3:
        labels = [rng.choice("abcdefgh"), rng.choice(("wild", "ent"))]
    return ".".join([*labels, *filter(None, [origin])]) or "."


def plain(rrsets):
    return sorted((each.owner, each.type, tuple(sorted(each.rdatas))) for each in rrsets)


def examine(seed):
    """Ask many questions in one world, and each in one that makes no answers itself."""
    rng = random.Random(seed)
    made, truth = any_world(rng), any_world(random.Random(seed))
    truth.asker.world.denials = None
    found, counts = [], Counter()
    for _ in range(60):
        question = any_name(rng, made), rng.choice(TYPES)
        if rng.random() < 0.05:
            wait(made, rng.choice((1, 30)))
            made.asker.delegations.flush(Selector())
        if rng.random() < 0.04:
            made.asker.records.flush(Selector())
        outcome, true = made.ask(*question), truth.ask(*question)
        counts[outcome.found] += 1
        counts[outcome.found, outcome.rcode, bool(outcome.answer)] += 1
        said = outcome.rcode, plain(outcome.answer), outcome.security
        if said != (true.rcode, plain(true.answer), true.security):
            found.append(f"seed {seed}: {question} {outcome}, in truth {true}")
    return found, counts


@settings(
    max_examples=50, deadline=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip
@given(st.integers(0, 2**64 - 1))
def test_what_is_made_here_is_what_the_zone_would_say(seed):
    assert examine(seed)[0] == []


def test_all_kinds_of_answers_are_made():
    total = Counter()
    for seed in range(40):
        complaints, counts = examine(seed)
        assert complaints == []
        total += counts
    made = {key[1:]: total[key] for key in total if key[0] == "synthesised"}
    assert min(made[NXDOMAIN, False], made[NOERROR, False], made[NOERROR, True]) > 10, total
