"""Attacks on the validator, each named after its row of the list of defects to be shut out.

Servers of a small signed Internet say what they should not; what matters is what clients
are told of names whose owners are honest.
"""

from dataclasses import replace

import pytest
from fakes.signed import rsa_dnskey
from fakes.signed_internet import (
    DNAME,
    DNSKEY,
    DS,
    NOW,
    NSEC,
    VALIDITY,
    SignedAuthority,
    SignedZone,
)
from fakes.signed_world import SignedWorld, address, every_rrset, without_signatures

from dnsd.dnssec import digests, keys, nsec3_chain, nsec3_hash
from dnsd.dnssec.bitmaps import render
from dnsd.dnssec.signing import Validity
from dnsd.dnssec.zone_names import ZoneName
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.resolver.security.clock import with_clock
from dnsd.wire import names
from dnsd.wire.message import parse_query
from dnsd.wire.rrset import RRset

N = names.from_text
A, NS, CNAME, SOA, AAAA, NSEC3 = 1, 2, 5, 6, 28, 50
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
FORGED = b"\6\6\6\6"
BANK = """
www A 192.0.2.80
mail A 192.0.2.81
alias CNAME www
*.wild A 192.0.2.82
old DNAME new
www.new A 192.0.2.83
x.new CNAME y.old
y.new A 192.0.2.84
a.ent A 192.0.2.85
a.b.c.d.e.f.g.h.i.j.k.l.m.n A 192.0.2.86
"""
EVIL = "www A 192.0.2.90\n"


def internet(**changed):
    texts = {".": "", "test.": "", "bank.test.": BANK, "shop.test.": "www A 192.0.2.70\n",
             "evil.test.": EVIL} | changed.pop("texts", {})  # fmt: skip
    return SignedWorld(texts, unsigned=("shop.test.",), **changed)


def ds_of(origin, dnskey):
    """The DS record of a key that nobody has the private half of."""
    return digests.to_wire(N(origin), keys.from_wire(dnskey), 2)


def verdict(outcome):
    return outcome.rcode, outcome.security.name


def test_keys_and_ds_records_are_asked_for_once():
    made = internet()
    assert made.ask("www.bank.test.").packets > 5
    assert made.ask("mail.bank.test.").packets == 1


def test_a_signed_name_of_many_labels_is_found():
    made = internet()
    assert verdict(made.ask("a.b.c.d.e.f.g.h.i.j.k.l.m.n.bank.test.")) == (NOERROR, "SECURE")


def test_records_beside_a_proof_prove_nothing_unless_they_are_signed():
    """A forged NSEC3 that makes a name of a signed zone a zone cut without DS."""
    made = internet()
    no_extras = nsec3_hash.Parameters()
    name = N("www.bank.test.")
    cut = nsec3_chain.rdata(
        ZoneName(name, frozenset((NS,)), is_cut=True), b"\xff" * 20, nsec3_chain.Nsec3Policy()
    )
    forged = RRset(nsec3_hash.owner_of(no_extras.digest(name), N("bank.test.")), NSEC3, 60, (cut,))

    def tamper(qname, qtype, found):
        if qname != name:
            return found
        if qtype == DS:
            return replace(found, authority=[*found.authority, forged])
        return replace(found, answer=[RRset(name, A, 300, (FORGED,))])

    made.servers["bank.test."].tamper = tamper
    outcome = made.ask("www.bank.test.")
    assert (outcome.rcode, outcome.answer) == (SERVFAIL, [])


def test_nothing_unsigned_goes_along_with_a_secure_denial():
    made = internet()
    forged = RRset(N("bank.test."), NSEC3, 60, (FORGED,))
    made.servers["bank.test."].tamper = lambda _name, _type, found: replace(
        found, authority=[*found.authority, forged]
    )
    outcome = made.ask("nobody.bank.test.")
    assert verdict(outcome) == (NXDOMAIN, "SECURE")
    assert {rrset.type for rrset in outcome.authority} == {SOA, NSEC}
    assert all(rrset.signatures for rrset in outcome.authority)


def test_the_same_dname_may_be_used_twice_in_a_chain():
    made = internet()
    outcome = made.ask("x.old.bank.test.")
    assert verdict(outcome) == (NOERROR, "SECURE")
    assert outcome.answer[-1].owner == N("y.new.bank.test.")
    asked = [parse_query(packet.query).qname for packet in made.asker.internet.packets]
    assert N("y.old.bank.test.") not in asked
    assert asked.count(N("x.old.bank.test.")) == 1
    again = made.ask("y.old.bank.test.")
    assert [rrset.type for rrset in again.answer] == [DNAME, CNAME, A]
    again = made.ask("x.old.bank.test.")
    assert [rrset.type for rrset in again.answer] == [DNAME, CNAME, CNAME, CNAME, A]


def test_the_alias_made_of_a_dname_lives_no_longer_than_it():
    made = internet()
    made.servers["bank.test."].tamper = lambda _name, _type, found: every_rrset(
        found, lambda each: replace(each, ttl=50_000)
    )
    outcome = made.ask("www.old.bank.test.")
    assert verdict(outcome) == (NOERROR, "SECURE")
    assert {rrset.ttl for rrset in outcome.answer} == {300}
    entry = made.asker.records.find(N("www.old.bank.test."), A, made.asker.internet.now())
    assert entry.expiry - entry.stored <= 300


def test_a_bogus_denial_leaves_what_is_known_of_a_name():
    made = internet()
    assert verdict(made.ask("www.bank.test.")) == (NOERROR, "SECURE")
    soa = made.zones["bank.test."].rrsets[N("bank.test."), SOA]
    made.servers["bank.test."].tamper = lambda _name, _type, found: replace(
        found, rcode=NXDOMAIN, answer=[], authority=[soa]
    )
    assert made.ask("www.bank.test.", AAAA).rcode == SERVFAIL
    assert verdict(made.ask("www.bank.test.")) == (NOERROR, "SECURE")


def broken(rrset):
    """The same RRset with signatures by the same key that do not match."""
    signatures = tuple(each[:-1] + bytes((each[-1] ^ 1,)) for each in rrset.signatures)
    return replace(rrset, signatures=signatures)


def spends_failures(made):
    """Lets each alias by a wildcard cost all signatures that may fail for a question."""
    evil = made.zones["evil.test."]
    others = [broken(evil.denials[N(name)]) for name in
              ("a.evil.test.", "b.evil.test.", "c.evil.test.", "d.evil.test.")]  # fmt: skip
    made.servers["evil.test."].tamper = lambda _name, qtype, found: (
        replace(found, authority=[*found.authority, *others]) if qtype == A else found
    )


SPENDING = "*.w CNAME www.bank.test.\na A 192.0.2.1\nb A 192.0.2.1\nc A 192.0.2.1\nd A 192.0.2.1\n"


def test_what_an_alias_spends_makes_nothing_bogus_at_its_target():
    made = internet(texts={"evil.test.": SPENDING})
    spends_failures(made)
    outcome = made.ask("x.w.evil.test.")
    assert (outcome.rcode, outcome.limits) == (SERVFAIL, ("query_work",))
    assert verdict(made.ask("www.bank.test.")) == (NOERROR, "SECURE")
    assert verdict(made.ask("x.w.evil.test.")) == (NOERROR, "SECURE")


def test_whoever_waits_with_him_who_spent_gets_an_answer():
    made = internet(texts={"evil.test.": SPENDING})
    spends_failures(made)
    _, other = made.ask_all([("x.w.evil.test.", A), ("www.bank.test.", A)])
    assert verdict(other) == (NOERROR, "SECURE")
    assert verdict(made.ask("www.bank.test.")) == (NOERROR, "SECURE")


def test_packets_spent_on_the_way_to_a_signed_name_make_it_not_bogus():
    options = ResolverOptions(priming=False, limits=ResolverLimits(query_packets=9))
    made = internet(options=options)
    outcome = made.ask("alias.bank.test.")
    assert outcome.rcode in (NOERROR, SERVFAIL)
    for _ in range(5):
        outcome = made.ask("www.bank.test.")
    assert verdict(outcome) == (NOERROR, "SECURE")


def test_a_crowd_that_waits_for_the_keys_of_one_zone():
    lines = "".join(f"h{number} A 192.0.2.80\n" for number in range(180))
    made = internet(texts={"bank.test.": lines})
    questions = [(f"h{number}.bank.test.", A) for number in range(180)]
    assert {verdict(each) for each in made.ask_all(questions)} == {(NOERROR, "SECURE")}


def test_v8_an_rsa_key_out_of_bounds_speaks_for_no_other_key():
    """Of a zone with two keys the good one is left out on the way."""
    made = internet()
    bank, test = made.zones["bank.test."], made.zones["test."]
    huge = rsa_dnskey(b"\xff" * 1023 + b"\x01")
    ds = RRset(N("bank.test."), DS, 300, (bank.key.ds(N("bank.test.")), ds_of("bank.test.", huge)))
    ds.signatures = (test.key.sign(ds, N("test."), VALIDITY),)
    made.servers["test."].tamper = lambda _name, _type, found: every_rrset(
        found, lambda each: ds if each.type == DS and each.owner == ds.owner else each
    )

    def tamper(_qname, qtype, found):
        if qtype == DNSKEY:
            return replace(found, answer=[RRset(N("bank.test."), DNSKEY, 300, (huge,))])
        forged = every_rrset(found, lambda each: replace(each, rdatas=(FORGED,)))
        return without_signatures(forged) if qtype == A else found

    made.servers["bank.test."].tamper = tamper
    assert made.ask("www.bank.test.").rcode == SERVFAIL


def test_a_name_server_whose_address_is_bogus_is_not_asked():
    made = internet(texts={"shop.test.": "www A 192.0.2.70\n"})
    made.servers["bank.test."].tamper = lambda _name, _type, found: every_rrset(
        found, lambda each: replace(each, rdatas=(address(9),)) if each.type == A else each
    )
    liar = SignedAuthority([zone_from_text("shop.test.", "@ NS ns\nwww A 6.6.6.6\n")])
    made.asker.internet.servers[address(9)] = liar
    made.servers["test."].tamper = lambda _name, _type, found: (
        replace(found, authority=[RRset(N("shop.test."), NS, 300, (N("mail.bank.test."),))],
                additional=[])
        if found.authority and found.authority[0].owner == N("shop.test.") else found
    )  # fmt: skip
    for _ in range(2):
        assert made.ask("www.shop.test.").rcode == SERVFAIL


def asks_for_ds(made, name):
    """How many DS questions a client's question costs; those and the outcome."""
    before = len(made.asker.internet.packets)
    outcome = made.ask(name)
    queries = [parse_query(packet.query) for packet in made.asker.internet.packets[before:]]
    return sum(query.qtype == DS for query in queries), outcome


@pytest.mark.parametrize("zone", ["shop.test.", "bank.test."])
def test_an_unsigned_answer_for_a_name_of_many_labels_costs_few_ds_questions(zone):
    made = internet()

    def tamper(qname, qtype, found):
        if qtype == DS:
            return replace(found, rcode=NOERROR, authority=empty_non_terminal(made, zone, qname))
        if qtype != A:
            return found
        return replace(found, rcode=NOERROR, answer=[RRset(qname, A, 300, (FORGED,))], authority=[])

    made.servers[zone].tamper = tamper
    count, outcome = asks_for_ds(made, "a." * 60 + zone)
    assert outcome.rcode == (SERVFAIL if zone == "bank.test." else NOERROR)
    assert count <= 30
    assert outcome.packets <= 60


def empty_non_terminal(made, zone, name):
    """Proof that a name is an empty non-terminal, as only the zone's owner can make it."""
    signed = made.zones[zone]
    if not isinstance(signed, SignedZone):
        return []
    own = RRset(name, NSEC, 60, (b"\1a" + name + render((46, 47)),))
    own.signatures = (signed.key.sign(own, N(zone), VALIDITY),)
    return [signed.rrsets[N(zone), SOA], own]


def test_below_a_name_that_does_not_exist_no_ds_is_asked_for():
    made = internet()

    def tamper(qname, qtype, found):
        if qtype != A:
            return found
        return replace(found, rcode=NOERROR, answer=[RRset(qname, A, 300, (FORGED,))], authority=[])

    made.servers["bank.test."].tamper = tamper
    count, outcome = asks_for_ds(made, "a." * 60 + "bank.test.")
    assert outcome.rcode == SERVFAIL
    assert count <= 4


def test_a_zone_does_not_deny_what_the_zone_above_says_of_it():
    made = internet()
    assert verdict(made.ask("shop.test.", DS)) == (NOERROR, "SECURE")
    soa = next(each for each in made.zones["shop.test."].rrsets if each.type == SOA)
    made.servers["shop.test."].tamper = lambda _name, _type, found: replace(
        found, rcode=NXDOMAIN, answer=[], authority=[soa]
    )
    assert verdict(made.ask("shop.test.", A)) == (NXDOMAIN, "INSECURE")
    assert verdict(made.ask("shop.test.", DS)) == (NOERROR, "SECURE")


def test_a_denial_lives_no_longer_than_the_signature_of_its_proof():
    made = internet()
    soon = Validity(NOW - 100, NOW + 7)
    key = made.zones["bank.test."].key

    def expiring(rrset):
        if rrset.type != NSEC:
            return rrset
        return replace(rrset, signatures=(key.sign(rrset, N("bank.test."), soon),))

    made.servers["bank.test."].tamper = lambda _name, _type, found: every_rrset(found, expiring)
    for name, rcode in ("nobody.bank.test.", NXDOMAIN), ("x.wild.bank.test.", NOERROR):
        outcome = made.ask(name)
        assert verdict(outcome) == (rcode, "SECURE")
        assert {rrset.ttl for rrset in outcome.answer + outcome.authority} == {7}


def test_an_expired_answer_is_not_called_secure():
    """Its signature may have expired too, and nobody has looked since."""
    made = internet()
    assert verdict(made.ask("www.bank.test.")) == (NOERROR, "SECURE")
    assert made.asker.resolver.known(N("www.bank.test."), A, stale=True).security.name == "SECURE"
    made.asker.internet.run(made.asker.internet.now() + 400)
    outcome = made.asker.resolver.known(N("www.bank.test."), A, stale=True)
    assert (outcome.rcode, outcome.stale) == (NOERROR, True)
    assert outcome.security.name == "INDETERMINATE"


def test_a_prefetched_lie_takes_nothing_away():
    made = internet()
    made.ask("www.bank.test.")
    made.servers["bank.test."].tamper = lambda _name, _type, found: every_rrset(
        found, lambda each: replace(each, rdatas=(FORGED,)) if each.type == A else each
    )
    made.asker.internet.run(made.asker.internet.now() + 280)
    made.asker.resolver.refresh(N("www.bank.test."), A)
    made.asker.internet.run(made.asker.internet.now() + 5)
    assert verdict(made.ask("www.bank.test.")) == (NOERROR, "SECURE")
    made.asker.internet.run(made.asker.internet.now() + 30)
    assert made.ask("www.bank.test.").rcode == SERVFAIL
    assert made.asker.resolver.known(N("www.bank.test."), A, stale=True) is None


def test_why_a_signed_name_is_not_secure_is_said():
    texts = {
        ".": "",
        "test.": "",
        "odd.test.": "www A 192.0.2.1\n",
        "shop.test.": "www A 192.0.2.2\n",
    }
    made = SignedWorld(texts, unsigned=("shop.test.",), unknown=("odd.test.",))
    for _ in range(2):
        assert made.ask("www.odd.test.").explanation.code == 1
        assert made.ask("www.shop.test.").explanation is None
    made = internet()
    made.asker.world.trust.negative[N("bank.test.")] = NOW + 100
    assert made.ask("www.bank.test.").explanation.code == 33


@pytest.mark.parametrize("name", ["www", "nobody", "a.wild", "alias"])
def test_without_anchors_clients_get_all_that_they_need_to_judge(name):
    made = internet()
    secure = made.ask(f"{name}.bank.test.")
    made.renew()
    made.asker.world.trust = None
    outcome = made.ask(f"{name}.bank.test.")
    assert (outcome.rcode, outcome.security.name) == (secure.rcode, "INDETERMINATE")
    for ours, theirs in ((outcome.answer, secure.answer), (outcome.authority, secure.authority)):
        assert {(x.owner, x.type, x.signatures) for x in ours} == {
            (x.owner, x.type, x.signatures) for x in theirs
        }
    assert all(each.signatures for each in outcome.answer + outcome.authority)


@pytest.mark.parametrize("years", [10, -10])
def test_a_clock_that_is_wrong_by_years_is_said_and_nothing_is_believed(years):
    """V11: SERVFAIL stays, with the clock as the likely reason, until it is right."""
    made = internet()
    made.clock += years * 365 * 86_400
    for name in ("www", "mail", "nobody"):
        outcome = made.ask(f"{name}.bank.test.")
        assert verdict(outcome) == (SERVFAIL, "BOGUS")
    assert made.asker.world.trust.clock.is_suspect
    said = with_clock(made.asker.world.trust, outcome.explanation)
    assert said.text.endswith("; the clock of this resolver may be wrong")
    made.clock = NOW
    made.asker.internet.run(made.asker.internet.now() + 400)
    for name in ("www", "mail", "nobody"):
        outcome = made.ask(f"{name}.bank.test.")
        assert outcome.security.name == "SECURE"
    assert not made.asker.world.trust.clock.is_suspect


def test_a_clock_that_is_an_hour_behind_is_not_wrong_enough():
    made = internet()
    made.clock -= 3600
    assert verdict(made.ask("www.bank.test.")) == (NOERROR, "SECURE")
    assert not made.asker.world.trust.clock.is_suspect


def test_one_zone_that_expired_says_nothing_of_the_clock():
    old = Validity(NOW - 200_000, NOW - 100_000)

    def expired(origin, text, **how):
        return SignedZone(origin, text, validity=old, **how)

    made = internet(make={"bank.test.": expired})
    for name in ("www", "mail", "nobody"):
        outcome = made.ask(f"{name}.bank.test.")
        assert verdict(outcome) == (SERVFAIL, "BOGUS")
        said = with_clock(made.asker.world.trust, outcome.explanation)
        assert said == outcome.explanation
