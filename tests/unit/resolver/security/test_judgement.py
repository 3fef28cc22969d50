"""What is secure, insecure and bogus, in a small signed Internet."""

import random
from dataclasses import replace

import pytest
from fakes.signed_internet import (
    DNSKEY,
    DS,
    NOW,
    NSEC,
    VALIDITY,
    SignedAuthority,
    SignedZone,
    key_of,
)

from dnsd.dnssec.signing import Validity
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.cache.contract import Security
from dnsd.resolver.delegation import Delegation
from dnsd.wire import names
from dnsd.wire.message import parse_query
from dnsd.wire.rrset import RRset

from .conftest import BANK

N = names.from_text
A, AAAA, CNAME, MX, SOA = 1, 28, 5, 15, 6
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3


def verdict(outcome):
    return outcome.rcode, outcome.security.name


@pytest.mark.parametrize(
    ("name", "rrtype", "expected"),
    [
        pytest.param("www.bank.test.", A, (NOERROR, "SECURE"), id="data"),
        pytest.param("www.bank.test.", AAAA, (NOERROR, "SECURE"), id="no such type"),
        pytest.param("nobody.bank.test.", A, (NXDOMAIN, "SECURE"), id="no such name"),
        pytest.param("ent.bank.test.", A, (NOERROR, "SECURE"), id="an empty non-terminal"),
        pytest.param("x.wild.bank.test.", A, (NOERROR, "SECURE"), id="a wildcard"),
        pytest.param("x.wild.bank.test.", MX, (NOERROR, "SECURE"), id="a wildcard without the type"),
        pytest.param("alias.bank.test.", A, (NOERROR, "SECURE"), id="an alias"),
        pytest.param("www.old.bank.test.", A, (NOERROR, "SECURE"), id="through a DNAME"),
        pytest.param("away.bank.test.", A, (NOERROR, "INSECURE"), id="an alias to what is not signed"),
        pytest.param("www.shop.test.", A, (NOERROR, "INSECURE"), id="not signed"),
        pytest.param("nobody.shop.test.", A, (NXDOMAIN, "INSECURE"), id="no name, not signed"),
        pytest.param("nobody.test.", A, (NXDOMAIN, "SECURE"), id="no such domain"),
        pytest.param("bank.test.", 43, (NOERROR, "SECURE"), id="the DS"),
        pytest.param("shop.test.", 43, (NOERROR, "SECURE"), id="no DS"),
        pytest.param("bank.test.", 48, (NOERROR, "SECURE"), id="the keys"),
    ],
)  # fmt: skip
def test_what_is_true(world, name, rrtype, expected):
    made = world()
    assert verdict(made.ask(name, rrtype)) == expected
    again = made.ask(name, rrtype)
    assert (verdict(again), again.packets) == (expected, 0)


def strip(name, rrtype):
    """Takes the signatures off one RRset."""

    def tamper(_qname, _qtype, found):
        return every_rrset(
            found,
            lambda each: replace(each, signatures=())
            if (each.owner, each.type) == (N(name), rrtype) else each,
        )  # fmt: skip

    return tamper


def every_rrset(found, change):
    return replace(found, answer=[*map(change, found.answer)],
                   authority=[*map(change, found.authority)])  # fmt: skip


def without(*types):
    """Leaves RRsets of some types out of the authority section."""

    def tamper(_qname, _qtype, found):
        kept = [rrset for rrset in found.authority if rrset.type not in types]
        return replace(found, authority=kept)

    return tamper


def other_address(_qname, qtype, found):
    if qtype != A:
        return found
    return every_rrset(
        found, lambda each: replace(each, rdatas=(b"\6\6\6\6",)) if each.type == A else each
    )


def denies(name):
    """Denies a name with the true denial of another."""

    def tamper(qname, qtype, found):
        if (qname, qtype) != (N("www.bank.test."), A):
            return found
        bank = SignedZone("bank.test.", BANK)
        soa = bank.rrsets[N("bank.test."), SOA]
        proof = [soa, bank.before(N(name)), bank.before(N("*.bank.test."))]
        return replace(found, rcode=NXDOMAIN, answer=[], authority=proof)

    return tamper


def says_wildcard(qname, qtype, found):
    """Gives a name that exists what a wildcard would have given it."""
    if (qname, qtype) != (N("a.ent.bank.test."), A):
        return found
    signed = SignedZone("bank.test.", BANK).rrsets[N("*.wild.bank.test."), A]
    return replace(found, answer=[replace(signed, owner=qname)])


def signs_itself(qname, qtype, found):
    """Signs a name with a key of its own, as if the name were a zone."""
    if qname != N("www.bank.test."):
        return found
    key = key_of("www.bank.test.")
    rrset = RRset(qname, qtype, 300, (key.dnskey if qtype == DNSKEY else b"\6\6\6\6",))
    rrset.signatures = (key.sign(rrset, qname, VALIDITY),)
    if qtype not in (A, DNSKEY):
        return found
    return replace(found, rcode=0, answer=[rrset], authority=[])


def signed_by_a_stranger(qname, qtype, found):
    """The signature is that of a zone which the name is not in."""
    if (qname, qtype) != (N("www.bank.test."), A):
        return found
    rrset = replace(found.answer[0])
    octets = rrset.signatures[0].replace(N("bank.test."), N("shop.test."), 1)
    rrset.signatures = (octets,)
    return replace(found, answer=[rrset])


def no_keys(_qname, qtype, found):
    return replace(found, answer=[], authority=found.authority) if qtype == DNSKEY else found


OLD = Validity(NOW - 20_000, NOW - 10_800)
NEXT = Validity(NOW + 10_800, NOW + 20_000)
OTHER_KEY = key_of("bank.test.", 1)

BOGUS = {
    "a signature is gone": ("bank", strip("www.bank.test.", A), None, 10, "no RRSIG of A"),
    "another address": ("bank", other_address, None, 6, "does not match the A records"),
    "expired": ("bank", None, {"validity": OLD}, 7, "expired 3 h ago"),
    "not valid yet": ("bank", None, {"validity": NEXT}, 8, "becomes valid in 3 h"),
    "other keys than the parent says": (
        "bank", None, {"key": OTHER_KEY}, 9, "DS at the parent matches no DNSKEY",
    ),
    "unsigned keys": ("bank", strip("bank.test.", DNSKEY), None, 10, "no RRSIG of DNSKEY"),
    "the DS is not signed": ("test", strip("bank.test.", DS), None, 10, "no RRSIG of DS"),
    "signed by a key of its own": ("bank", signs_itself, None, 10, ""),
    "signed by a stranger": ("bank", signed_by_a_stranger, None, 10, "is of another zone, shop.test."),
    "a true denial of another name": ("bank", denies("nobody.bank.test."), None, 12, ""),
}  # fmt: skip


@pytest.mark.parametrize(("server", "tamper", "changed", "error", "text"), BOGUS.values(),
                         ids=BOGUS)  # fmt: skip
def test_what_is_not_shown_is_bogus(world, server, tamper, changed, error, text):
    true = SignedZone("bank.test.", BANK)
    made = world(SignedZone("bank.test.", BANK, **(changed or {})), children=[true])
    if tamper is not None:
        made.servers[server].tamper = tamper
    outcome = made.ask("www.bank.test.")
    assert (outcome.rcode, outcome.explanation.code, outcome.answer) == (SERVFAIL, error, [])
    assert text in outcome.explanation.text
    again = made.ask("www.bank.test.")
    assert (again.rcode, again.explanation) == (SERVFAIL, outcome.explanation)
    assert {outcome.security, again.security} == {Security.BOGUS}
    assert made.ask("www.shop.test.").rcode == NOERROR


def denies_after_an_alias(_qname, _qtype, found):
    return replace(found, authority=found.authority[:1]) if found.rcode == NXDOMAIN else found


@pytest.mark.parametrize(
    ("tamper", "name", "rrtype", "error"),
    [
        (strip("www.bank.test.", A), "alias.bank.test.", A, 10),
        (denies_after_an_alias, "nobody.old.bank.test.", A, 12),
    ],
)
def test_the_reason_is_kept_for_the_name_at_the_end_of_aliases(world, tamper, name, rrtype, error):
    made = world()
    made.servers["bank"].tamper = tamper
    for _ in range(2):
        outcome = made.ask(name, rrtype)
        assert (outcome.rcode, outcome.explanation.code) == (SERVFAIL, error)
        assert outcome.explanation.text


def test_whoever_has_the_same_cache_says_the_same_reason(world):
    """As another worker does, which has judged nothing itself."""
    made, other = world(), world()
    made.servers["bank"].tamper = strip("www.bank.test.", A)
    questions = ("www.bank.test.", "alias.bank.test.")
    said = [made.ask(name).explanation for name in questions]
    assert [each.text for each in said] == ["no RRSIG of A"] * 2
    other.asker.world.records = made.asker.world.records
    for name, explanation in zip(questions, said, strict=True):
        found = other.ask(name)
        assert (found.security, found.explanation, found.packets) == (
            Security.BOGUS,
            explanation,
            0,
        )


DENIALS = {
    "no name, without proof": ("nobody.bank.test.", A, without(NSEC), 12),
    "no type, without proof": ("www.bank.test.", MX, without(NSEC), 12),
    "no name, nothing signed": ("nobody.bank.test.", A, without(NSEC, SOA), 10),
    "no name, the SOA not signed": ("nobody.bank.test.", A, strip("bank.test.", SOA), 10),
    "a wildcard that something closer hides": ("a.ent.bank.test.", A, says_wildcard, 6),
    "a wildcard without proof": ("x.wild.bank.test.", A, without(NSEC), 12),
}  # fmt: skip


@pytest.mark.parametrize(("name", "rrtype", "tamper", "error"), DENIALS.values(), ids=DENIALS)
def test_what_is_said_not_to_be_there_needs_proof(world, name, rrtype, tamper, error):
    made = world()
    made.servers["bank"].tamper = tamper
    outcome = made.ask(name, rrtype)
    assert (outcome.rcode, outcome.explanation.code) == (SERVFAIL, error)
    assert {outcome.security, made.ask(name, rrtype).security} == {Security.BOGUS}


def test_a_parent_that_hides_the_ds_makes_nothing_insecure(world):
    made = world()

    def hide(qname, qtype, found):
        if qtype == DS:
            return replace(found, answer=[], authority=[])
        return without(DS, NSEC)(qname, qtype, found)

    made.servers["test"].tamper = hide
    made.servers["bank"].tamper = lambda _qname, _qtype, found: every_rrset(
        found, lambda each: replace(each, signatures=(), rdatas=(b"\6\6\6\6",))
    )
    assert made.ask("www.bank.test.").rcode == SERVFAIL


def test_who_judges_for_himself_gets_what_is_bogus_and_no_word_for_it(world):
    made = world()
    made.servers["bank"].tamper = other_address
    assert made.ask("www.bank.test.").rcode == SERVFAIL
    outcome = made.ask("www.bank.test.", unchecked=True)
    assert (outcome.rcode, outcome.answer[0].rdatas) == (NOERROR, (b"\6\6\6\6",))
    assert outcome.security is Security.INDETERMINATE
    assert made.ask("www.bank.test.").rcode == SERVFAIL


def test_below_a_negative_trust_anchor_nothing_is_validated(world):
    made = world(negative={N("bank.test."): NOW + 100})
    made.servers["bank"].tamper = other_address
    assert verdict(made.ask("www.bank.test.")) == (NOERROR, "INSECURE")


def test_a_negative_trust_anchor_ends(world):
    made = world(negative={N("bank.test."): NOW})
    made.servers["bank"].tamper = other_address
    assert made.ask("www.bank.test.").rcode == SERVFAIL


def test_without_an_anchor_above_nobody_knows(world):
    made = world(anchors={N("other."): ()})
    assert verdict(made.ask("www.bank.test.")) == (NOERROR, "INDETERMINATE")


def test_a_ttl_is_no_longer_than_a_signature_holds(world):
    made = world(SignedZone("bank.test.", BANK, validity=Validity(NOW - 100, NOW + 40)))
    assert made.ask("www.bank.test.").answer[0].ttl == 40


def test_a_wildcards_proof_comes_along(world):
    made = world()
    for outcome in (made.ask("x.wild.bank.test."), made.ask("x.wild.bank.test.")):
        assert [rrset.type for rrset in outcome.authority] == [NSEC]
        assert outcome.authority[0].signatures


def test_what_is_bogus_takes_the_place_of_nothing_that_is_secure(world):
    made = world()
    assert made.ask("www.bank.test.").security is Security.SECURE
    made.servers["bank"].tamper = other_address
    made.asker.resolver.refresh(N("www.bank.test."), A)
    made.asker.internet.run()
    assert verdict(made.ask("www.bank.test.")) == (NOERROR, "SECURE")


def test_what_was_kept_before_anything_was_validated_is_asked_for_again(world):
    made = world()
    trust, made.asker.world.trust = made.asker.world.trust, None
    assert made.ask("www.bank.test.").security is Security.INDETERMINATE
    made.asker.world.trust = trust
    assert verdict(made.ask("www.bank.test.")) == (NOERROR, "SECURE")


def two_banks(made, tamper):
    """Gives bank.test a second name server; the first one tampers with what it says."""
    made.servers["bank"].tamper = tamper
    made.asker.internet.servers[b"\xc0\0\2\5"] = SignedAuthority([made.bank])
    cut = Delegation(
        N("bank.test."), (N("ns.bank.test."),),
        {N("ns.bank.test."): (b"\xc0\0\2\3", b"\xc0\0\2\5")},
        expiry=made.asker.internet.now() + 3600,
    )  # fmt: skip
    made.asker.delegations.put(cut, made.asker.internet.now())


def test_one_server_that_says_what_is_bogus_costs_one_question_more(world):
    for seed in range(6):
        made = world()
        made.asker.world.entropy = random.Random(seed).randbytes
        two_banks(made, other_address)
        assert verdict(made.ask("www.bank.test.")) == (NOERROR, "SECURE")


def test_two_that_do_are_enough(world):
    made = world()
    two_banks(made, other_address)
    made.asker.internet.servers[b"\xc0\0\2\5"].tamper = other_address
    packets = made.asker.internet.packets
    assert made.ask("www.bank.test.").rcode == SERVFAIL
    asked = [parse_query(each.query) for each in packets]
    assert [each.qname for each in asked].count(N("www.bank.test.")) == 2


def test_a_chain_of_trust_that_was_found_is_not_looked_for_again(world):
    made = world()
    made.ask("www.bank.test.")
    assert made.ask("ns.bank.test.").packets == 1
    assert made.ask("nobody.bank.test.").packets == 1


def configure(made, zone, server):
    """Lets an address be asked about a zone, as an operator does."""
    address = b"\xc0\0\2\x09"
    made.asker.internet.servers[address] = server
    made.asker.world.configured[N(zone)] = Delegation(N(zone), (b"",), {b"": (address,)}, stub=True)


def test_a_zone_of_the_operator_that_the_world_does_not_know_needs_no_signature(world):
    made = world()
    corp = zone_from_text("corp.test.", "@ NS ns\nns A 192.0.2.9\nwww A 192.0.2.91\n")
    configure(made, "corp.test.", SignedAuthority([corp]))
    assert verdict(made.ask("www.corp.test.")) == (NOERROR, "INSECURE")
    assert verdict(made.ask("nobody.corp.test.")) == (NXDOMAIN, "INSECURE")


def test_a_zone_of_the_operator_that_is_signed_must_validate(world):
    made = world()
    bank = zone_from_text("bank.test.", "@ NS ns\nns A 192.0.2.9\nwww A 6.6.6.6\n")
    configure(made, "bank.test.", SignedAuthority([bank]))
    assert made.ask("www.bank.test.").rcode == SERVFAIL
