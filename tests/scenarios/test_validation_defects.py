"""Rows V1 to V12 of the list of defects that validators had: each has a scenario here.

What is counted are verifications, hashes, packets and simulated seconds, never our own time.
"""

from collections import Counter
from dataclasses import replace

import pytest
from fakes.signed import colliding_keys, rsa_dnskey, signature
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
from fakes.signed_nsec3 import NSEC3, HashedZone
from fakes.signed_world import SignedWorld, address, every_rrset, without_signatures

from dnsd.dnssec import algorithms, digests, keys, nsec3_hash
from dnsd.dnssec.nsec3_chain import Nsec3Policy
from dnsd.dnssec.nsec3_hash import Parameters
from dnsd.wire import names
from dnsd.wire.rrset import RRset

N = names.from_text
A, NS, CNAME, SOA = 1, 2, 5, 6
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
MAX_VERIFICATIONS, MAX_FAILURES, MAX_HASHES = 32, 4, 1500
FORGED = b"\6\6\6\6"
BANK = "www A 192.0.2.80\n*.wild CNAME www\nwww.new A 192.0.2.83\na.ent A 192.0.2.85\n"
BANK_NAME, WWW = N("bank.test."), N("www.bank.test.")


def internet(**changed):
    texts = {".": "", "test.": "", "bank.test.": BANK, "shop.test.": "www A 192.0.2.70\n",
             "child.bank.test.": "www A 192.0.2.71\n"} | changed.pop("texts", {})  # fmt: skip
    return SignedWorld(texts, unsigned=("shop.test.",), **changed)


@pytest.fixture
def spent(monkeypatch):
    """What the validator computes from here on: verifications, failures, blocks hashed."""
    counts = Counter()
    verify, spend = algorithms.PublicKey.verify, nsec3_hash.HashWork.spend

    def counted(self, octets, message):
        holds = verify(self, octets, message)
        counts["verifications"] += 1
        counts["failures"] += not holds
        return holds

    def hashed(self, blocks):
        spend(self, blocks)
        counts["hashes"] += blocks

    monkeypatch.setattr(algorithms.PublicKey, "verify", counted)
    monkeypatch.setattr(nsec3_hash.HashWork, "spend", hashed)
    return counts


def ask(made, name, rrtype=A):
    """Ask, within the bounds of a question; the outcome."""
    started = made.asker.internet.now()
    outcome = made.ask(name, rrtype)
    assert outcome.packets <= 100
    assert made.asker.internet.now() - started <= 8
    return outcome


def verdict(outcome):
    return outcome.rcode, outcome.security.name


def at(made, zone, change, *types, name=None):
    """Let a server change each RRset of some types in all its answers; None leaves it out."""
    made.servers[zone].tamper = lambda _name, _type, found: every_rrset(
        found,
        lambda each: change(each) if each.type in types and name in (None, each.owner) else each,
    )


def sign(made, rrset, zone="bank.test."):
    rrset.signatures = (made.zones[zone].key.sign(rrset, N(zone), VALIDITY),)
    return rrset


def test_v1_keytrap(spent):
    """Hundreds of keys with one tag, and as many signatures by any of them."""
    made = internet()
    trap = colliding_keys(300)
    dnskeys = (made.zones["bank.test."].key.dnskey, *(key.rdata for key in trap))
    by_trap = [signature_fields(8, 4711, number) for number in range(500)]
    keyset = sign(made, RRset(BANK_NAME, DNSKEY, 300, dnskeys))
    at(made, "bank.test.", lambda each: keyset if each.type == DNSKEY
       else replace(each, signatures=tuple(by_trap)), DNSKEY, A)  # fmt: skip
    outcome = ask(made, "www.bank.test.")
    assert (outcome.rcode, outcome.explanation.code) == (SERVFAIL, 6)
    assert spent["verifications"] <= MAX_VERIFICATIONS
    assert 0 < spent["failures"] <= MAX_FAILURES
    assert verdict(ask(made, "www.shop.test.")) == (NOERROR, "INSECURE")
    spent.clear()
    assert ask(made, "www.bank.test.").rcode == SERVFAIL
    assert not spent  # it is remembered


def signature_fields(algorithm, tag, number):
    """An RRSIG of an A RRset of the bank's that nobody made."""
    fixed = b"\0\1" + bytes((algorithm, 3)) + (300).to_bytes(4, "big")
    times = VALIDITY.expiration.to_bytes(4, "big") + VALIDITY.inception.to_bytes(4, "big")
    return fixed + times + tag.to_bytes(2, "big") + BANK_NAME + number.to_bytes(4, "big") * 16


def hashed_bank(iterations, salt=b""):
    def make(origin, text, **how):
        return HashedZone(origin, text, policy=Nsec3Policy(Parameters(iterations, salt)), **how)

    return internet(make={"bank.test.": make})


@pytest.mark.parametrize("iterations", [0, 50])
def test_v2_names_of_many_labels_hashed_many_times(spent, iterations):
    made = hashed_bank(iterations)
    for number in range(5):
        outcome = ask(made, "a." * 100 + f"x{number}.bank.test.")
        assert verdict(outcome) == (NXDOMAIN, "SECURE")
        assert 0 < spent["hashes"] <= MAX_HASHES
        spent.clear()


@pytest.mark.parametrize(
    ("iterations", "salt"), [(51, b""), (65_535, bytes(255)), (50, bytes(255))]
)
def test_v2_too_many_iterations_are_insecure_and_cost_nothing(spent, iterations, salt):
    made = hashed_bank(min(iterations, 60), salt)
    for rrset in made.zones["bank.test."].denials.values():
        octets = rrset.rdatas[0]
        rrset.rdatas = (octets[:2] + iterations.to_bytes(2, "big") + octets[4:],)
        sign(made, rrset)
    outcome = ask(made, "nobody.bank.test.")
    assert (*verdict(outcome), outcome.explanation.code) == (NXDOMAIN, "INSECURE", 27)
    assert not spent["hashes"]
    assert verdict(ask(made, "www.bank.test.")) == (NOERROR, "SECURE")


@pytest.mark.parametrize("is_before", [True, False])
def test_v3_denials_padded_with_proofs(spent, is_before):
    made = internet()
    padding = [sign(made, RRset(N(f"p{n}.bank.test."), NSEC, 60, (N(f"p{n}a.bank.test.") + b"\0\1\x40",)))
               for n in range(100)]  # fmt: skip

    def tamper(_qname, _qtype, found):
        if not found.authority:
            return found
        soa, *proof = found.authority
        parts = (*padding, *proof) if is_before else (*proof, *padding)
        return replace(found, authority=[soa, *parts])

    made.servers["bank.test."].tamper = tamper
    outcome = ask(made, "nobody.bank.test.")
    assert outcome.rcode == (SERVFAIL if is_before else NXDOMAIN)
    assert spent["verifications"] <= MAX_VERIFICATIONS


@pytest.mark.parametrize("labels", [0, 1, 2, 4, 127, 255])
def test_v4_labels_of_signatures(labels):
    made = internet()
    rrset = RRset(WWW, A, 300, (FORGED,))
    key = made.zones["bank.test."].key
    rrset.signatures = (signature(rrset, key, labels=labels, signer=BANK_NAME, original_ttl=300,
                                  inception=VALIDITY.inception, expiration=VALIDITY.expiration),)  # fmt: skip
    at(made, "bank.test.", lambda _each: rrset, A)
    assert ask(made, "www.bank.test.").rcode == SERVFAIL


def test_v4_a_signer_whose_name_is_only_a_suffix_in_letters():
    made = internet(texts={"ank.test.": "x A 192.0.2.1\n"})
    rrset = RRset(WWW, A, 300, (FORGED,))
    rrset.signatures = (signature(rrset, key_of("ank.test."), labels=3, signer=N("ank.test."),
                                  inception=VALIDITY.inception, expiration=VALIDITY.expiration),)  # fmt: skip
    at(made, "bank.test.", lambda _each: rrset, A)
    assert ask(made, "www.bank.test.").rcode == SERVFAIL


def nsec(made, owner, following, types=b"\0\1\x40", zone="bank.test."):
    return sign(made, RRset(N(owner), NSEC, 60, (N(following) + types,)), zone)


def nsec3_of(made, base, zone="bank.test."):
    owner = nsec3_hash.owner_of(bytes(20), N(base))
    octets = b"\1\0\0\0\0\x14" + b"\xff" * 20
    return sign(made, RRset(owner, NSEC3, 60, (octets,)), zone)


V5 = {
    "next name outside": lambda made: [nsec(made, "bank.test.", "zzz.")],
    "next name in a zone beside": lambda made: [nsec(made, "bank.test.", "shop.test.")],
    "next name before the owner": lambda made: [nsec(made, "www.new.bank.test.", "a.bank.test.")],
    "NSEC3 of a base below": lambda made: [nsec3_of(made, "child.bank.test.")],
    "NSEC3 of the parent": lambda made: [
        nsec3_of(made, "test.", "test."), nsec(made, "bank.test.", "zzz.test.", zone="test.")],
    "NSEC at the zone cut": lambda made: [
        nsec(made, "child.bank.test.", "zzz.bank.test.", b"\0\6\x20\0\0\0\0\3"),
        nsec(made, "bank.test.", "child.bank.test.")],
}  # fmt: skip


@pytest.mark.parametrize("proof", V5.values(), ids=V5)
def test_v5_proofs_that_reach_out_of_their_zone(proof):
    """The server of a zone and of its child denies names of the child."""
    made = internet()
    both = SignedAuthority([made.zones["bank.test."], made.zones["child.bank.test."]])
    numbers = {"bank.test.": 3, "child.bank.test.": 5}
    for number in numbers.values():
        made.asker.internet.servers[address(number)] = both
    soa = made.zones["bank.test."].rrsets[BANK_NAME, SOA]
    denied = [soa, *proof(made)]
    both.tamper = lambda qname, qtype, found: (
        replace(found, rcode=NXDOMAIN, answer=[], authority=denied)
        if qname == N("www.child.bank.test.") and qtype == A else found
    )  # fmt: skip
    assert ask(made, "www.child.bank.test.").rcode == SERVFAIL
    assert verdict(ask(made, "www.bank.test.")) == (NOERROR, "SECURE")


@pytest.mark.parametrize(
    "owner", [".", "test.", "shop.test.", "child.bank.test.", "www.bank.test."]
)
def test_v6_the_soa_of_another_zone(owner):
    made = internet()
    soa = replace(made.zones["bank.test."].rrsets[BANK_NAME, SOA], owner=N(owner))

    made.servers["bank.test."].tamper = lambda qname, _qtype, found: (
        replace(found, rcode=NXDOMAIN, answer=[], authority=[soa, *found.authority[1:]])
        if qname != BANK_NAME else found
    )  # fmt: skip
    assert ask(made, "nobody.bank.test.").rcode == SERVFAIL
    assert ask(made, "x." + "a." * 100 + "bank.test.").rcode == SERVFAIL


V7 = {
    "RRSIG": lambda each, size: replace(each, signatures=tuple(x[:size] for x in each.signatures)),
    "rdata": lambda each, size: replace(each, rdatas=tuple(x[:size] for x in each.rdatas)),
}


@pytest.mark.parametrize("change", V7.values(), ids=V7)
@pytest.mark.parametrize("rrtype", [DNSKEY, DS, NSEC, A])
@pytest.mark.parametrize("size", [1, 3, 5, 17, 21])
def test_v7_malformed_rdata(change, rrtype, size):
    made = internet()
    for zone in ("test.", "bank.test."):
        at(made, zone, lambda each: change(each, size), rrtype)
    for name in ("www.bank.test.", "nobody.bank.test.", "x.wild.bank.test."):
        outcome = ask(made, name)  # which fails on any exception
        assert outcome.security.name != "INSECURE"
        assert FORGED not in [octets for each in outcome.answer for octets in each.rdatas]


@pytest.mark.parametrize(
    ("modulus", "exponent"),
    [
        (b"\xff" * 128, b"\xff" * 375),
        (b"\xff" * 1024, b"\1\0\1"),
        (b"\xff" * 128, b"\x7f" + b"\xff" * 8),
    ],
)
def test_v8_rsa_numbers_out_of_bounds_are_never_computed_with(spent, modulus, exponent):
    """With no other key the zone is as one with an unknown algorithm (RFC 4035 §5.2)."""
    made = internet()
    rdata = rsa_dnskey(modulus, exponent)
    key = keys.from_wire(rdata)
    ds = sign(made, RRset(BANK_NAME, DS, 300, (digests.to_wire(BANK_NAME, key, 2),)), "test.")
    at(made, "test.", lambda _each: ds, DS, name=BANK_NAME)
    at(made, "bank.test.", lambda each: replace(each, rdatas=(rdata,)), DNSKEY)
    outcome = ask(made, "www.bank.test.")
    assert (*verdict(outcome), outcome.explanation.code) == (NOERROR, "INSECURE", 1)
    assert not spent["failures"]


def unsigned(each):
    return replace(each, signatures=())


V9 = {
    "signatures of data": ("bank.test.", unsigned, (A,)),
    "signatures of keys": ("bank.test.", unsigned, (DNSKEY,)),
    "keys": ("bank.test.", lambda _each: None, (DNSKEY,)),
    "signatures of DS": ("test.", unsigned, (DS,)),
    "DS": ("test.", lambda _each: None, (DS,)),
    "proofs": ("bank.test.", lambda _each: None, (NSEC, A)),
}


@pytest.mark.parametrize(("zone", "change", "types"), V9.values(), ids=V9)
def test_v9_what_is_stripped_makes_nothing_insecure(zone, change, types):
    made = internet()
    at(made, zone, change, *types)
    assert ask(made, "www.bank.test.").rcode == SERVFAIL


def test_v9_everything_stripped_at_once():
    made = internet()
    for zone in ("test.", "bank.test."):
        made.servers[zone].tamper = lambda _name, _type, found: without_signatures(found)
    for name in ("www.bank.test.", "nobody.bank.test.", "www.shop.test.", "nobody.test."):
        assert ask(made, name).rcode == SERVFAIL


def test_v9_only_unsupported_ds_records_are_insecure_and_one_supported_is_not():
    made = internet()
    own = made.zones["bank.test."].key.ds(BANK_NAME)
    odd = (own[:2] + b"\xfd\2" + own[4:], own[:3] + b"\x63" + own[4:])
    for records, expected in (odd, (NOERROR, "INSECURE")), ((*odd, own), (NOERROR, "SECURE")):
        ds = sign(made, RRset(BANK_NAME, DS, 300, records), "test.")
        at(made, "test.", lambda _each, ds=ds: ds, DS, name=BANK_NAME)
        made.renew()
        assert verdict(ask(made, "www.bank.test.")) == expected


@pytest.mark.parametrize("made_of", [SignedZone, HashedZone])
def test_v10_an_alias_by_a_wildcard_without_proof(made_of):
    made = internet(make={"bank.test.": made_of})
    assert verdict(ask(made, "x.wild.bank.test.")) == (NOERROR, "SECURE")
    made.renew()
    at(made, "bank.test.", lambda _each: None, NSEC, NSEC3)
    assert ask(made, "x.wild.bank.test.").rcode == SERVFAIL


YEARS = 10 * 365 * 86_400


@pytest.mark.parametrize(("step", "works"), [(YEARS, False), (-YEARS, False), (-3600, True),
                                             (-2 * 86_400, False), (2**31, False)])  # fmt: skip
def test_v11_a_wrong_clock_is_never_insecure(step, works):
    made = internet()
    made.clock = NOW + step
    for name, expected in ("www.bank.test.", "SECURE"), ("www.shop.test.", "INSECURE"):
        outcome = ask(made, name)
        assert outcome.rcode == (NOERROR if works else SERVFAIL)
        assert not works or outcome.security.name == expected


def test_v11_a_clock_that_jumps_makes_what_is_kept_no_truer():
    made = internet()
    assert verdict(ask(made, "www.bank.test.")) == (NOERROR, "SECURE")
    made.clock = NOW + YEARS
    assert ask(made, "www.new.bank.test.").rcode == SERVFAIL


def test_v12_an_anchor_of_another_key_validates_nothing():
    made = internet()
    other = key_of("nobody.").ds(names.ROOT)
    made.asker.world.trust.anchors[names.ROOT] = digests.usable([other])
    for name in ("www.bank.test.", "www.shop.test.", "nobody."):
        assert ask(made, name).rcode == SERVFAIL


class Silent:
    """A server that says nothing of one type."""

    def __init__(self, server, rrtype):
        self.server, self.rrtype, self.asked = server, rrtype, 0

    def receive(self, query, transport, now):
        if query[query.index(b"\0", 12) + 1 :][:2] == self.rrtype.to_bytes(2, "big"):
            self.asked += 1
            return ()
        return self.server.receive(query, transport, now)


@pytest.mark.parametrize("rrtype", [DNSKEY, DS])
def test_keys_that_nobody_gives_are_not_asked_for_by_every_client(rrtype):
    made = internet(texts={"bank.test.": "".join(f"h{n} A 192.0.2.1\n" for n in range(30))})
    place = address(3 if rrtype == DNSKEY else 2)
    silent = Silent(made.asker.internet.servers[place], rrtype)
    made.asker.internet.servers[place] = silent
    assert ask(made, "h0.bank.test.").rcode == SERVFAIL
    asked = silent.asked
    assert {made.ask(f"h{number}.bank.test.").rcode for number in range(1, 30)} == {SERVFAIL}
    assert silent.asked <= asked + 3


def test_zones_whose_servers_lie_in_each_other():
    """Without glue nothing is found, and that is found out soon."""
    made = internet(texts={"a.test.": "www A 192.0.2.1\n", "b.test.": "www A 192.0.2.1\n"})
    swapped = {N("a.test."): N("ns.b.test."), N("b.test."): N("ns.a.test.")}
    made.servers["test."].tamper = lambda _name, _type, found: replace(
        every_rrset(found, lambda each: replace(each, rdatas=(swapped[each.owner],))
                    if each.type == NS and each.owner in swapped else each),
        additional=[] if found.authority and found.authority[0].owner in swapped
        else found.additional,
    )  # fmt: skip
    outcome = ask(made, "www.a.test.")
    assert outcome.rcode == SERVFAIL
    assert outcome.packets < 30
    assert verdict(ask(made, "www.bank.test.")) == (NOERROR, "SECURE")


def test_a_server_of_a_signed_zone_in_another_signed_zone():
    made = internet(texts={"b.test.": "ns2 A 192.0.2.3\n"})
    made.servers["test."].tamper = lambda _name, _type, found: replace(
        every_rrset(found, lambda each: replace(each, rdatas=(N("ns2.b.test."),))
                    if each.type == NS and each.owner == BANK_NAME else each),
        additional=[] if found.authority and found.authority[0].owner == BANK_NAME
        else found.additional,
    )  # fmt: skip
    assert verdict(ask(made, "www.bank.test.")) == (NOERROR, "SECURE")
