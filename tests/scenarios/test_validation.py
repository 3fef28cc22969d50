"""Attacks on the validator, each named after its row of the list of defects to be shut out.

Servers of a small signed Internet say what they should not; what matters is what clients
are told of names whose owners are honest.
"""

from dataclasses import replace

from fakes.signed_internet import DS, NSEC
from fakes.signed_world import SignedWorld, every_rrset

from dnsd.dnssec import nsec3_chain, nsec3_hash
from dnsd.dnssec.zone_names import ZoneName
from dnsd.resolver.options import ResolverLimits, ResolverOptions
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
