"""Attacks on the validator, each named after its row of the list of defects to be shut out.

Servers of a small signed Internet say what they should not; what matters is what clients
are told of names whose owners are honest.
"""

from dataclasses import replace

from fakes.signed_internet import DS, NSEC
from fakes.signed_world import SignedWorld, every_rrset

from dnsd.dnssec import nsec3_chain, nsec3_hash
from dnsd.dnssec.zone_names import ZoneName
from dnsd.wire import names
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
