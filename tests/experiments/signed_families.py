"""Signed zones made to cost a validating resolver many packets: DS, DNSKEY, cuts and proofs.

Each family makes, from a source of numbers, a signed Internet in which everything at and
below ``evil.test.`` belongs to somebody hostile, who has valid signatures for all of it,
and draws the names to ask for.
"""

from __future__ import annotations

from dataclasses import replace

from fakes.signed import colliding_keys
from fakes.signed_internet import DNSKEY, DS, NSEC, VALIDITY
from fakes.signed_mutations import Mutation
from fakes.signed_world import SignedWorld, every_rrset

from dnsd.authority.answer import Answer
from dnsd.dnssec.bitmaps import render
from dnsd.wire import names
from dnsd.wire.rrset import RRset

N = names.from_text
A, NS, CNAME, SOA = 1, 2, 5, 6
EVIL = "evil.test."
HOSTILE = N(EVIL)
FORGED = b"\6\6\6\6"
BASE = {".": "", "test.": "", EVIL: "www A 192.0.2.80\n"}


def is_hostile(origin):
    """Tell whether a zone is the attacker's."""
    return names.is_subdomain(N(origin), HOSTILE)


def hostile_addresses(made):
    """Addresses of the attacker's servers."""
    return {
        place for place, server in made.asker.internet.servers.items()
        if any(is_hostile(origin) and made.servers[origin] is server for origin in made.servers)
    }  # fmt: skip


def _tamper(made, tamper):
    for origin, server in made.servers.items():
        if is_hostile(origin):
            server.tamper = tamper


def cuts(rng):
    """A signed zone at every label."""
    texts, origin = dict(BASE), EVIL
    for number in range(rng.randint(8, 24)):
        origin = f"z{number}.{origin}"
        texts[origin] = "*.w A 192.0.2.80\n"
    made = SignedWorld(texts)
    return made, [f"q{number}.w.{origin}" for number in range(3)]


def aliases(rng):
    """Aliases that lead from one signed zone to the next."""
    count = rng.randint(6, 14)
    texts = dict(BASE)
    for number in range(count):
        texts[f"z{number}.{EVIL}"] = f"* CNAME x{number}.z{number + 1}.{EVIL}\n"
    texts[f"z{count}.{EVIL}"] = "* A 192.0.2.80\n"
    made = SignedWorld(texts)
    return made, [f"q{number}.z{rng.randrange(3)}.{EVIL}" for number in range(3)]


def aliases_to_unsigned(rng):
    """Aliases to long names whose answers have no signature, in a signed zone."""
    made = SignedWorld({**BASE, EVIL: "* CNAME x.y.z\n"})
    walk = _prover(made, is_proven=True)
    seen = []

    def tamper(qname, qtype, found):
        if qtype == DS or not qname.startswith(b"\2al"):
            return walk(qname, qtype, found)
        seen.append(qname)
        target = names.from_labels(
            [b"al", str(len(seen)).encode(), *[b"d"] * rng.randint(5, 40)], HOSTILE
        )
        return replace(found, rcode=0, answer=[RRset(qname, CNAME, 300, (target,))], authority=[])  # fmt: skip

    _tamper(made, tamper)
    return made, [f"al.{number}.{EVIL}" for number in range(3)]


def _prover(made, *, is_proven):
    signed = made.zones[EVIL]

    def tamper(qname, qtype, found):
        if qname == HOSTILE:
            return found
        if qtype != DS:
            return replace(found, rcode=0, answer=[RRset(qname, A, 300, (FORGED,))], authority=[])
        own = RRset(qname, NSEC, 60, (b"\1a" + qname + render((46, 47)),))
        if is_proven:
            own.signatures = (signed.key.sign(own, HOSTILE, VALIDITY),)
        return replace(found, rcode=0, answer=[], authority=[signed.rrsets[HOSTILE, SOA], own])

    return tamper


def unsigned_labels(rng):
    """Long names without signature, each label proven not to be a zone cut."""
    made = SignedWorld(dict(BASE))
    _tamper(made, _prover(made, is_proven=rng.random() < 0.7))
    return made, ["a." * rng.randint(20, 110) + f"b{number}.{EVIL}" for number in range(3)]


def servers_in_riddles(rng):
    """Unsigned addresses of servers, each below a name whose DS leads to one more."""
    made = SignedWorld(dict(BASE))
    walk = _prover(made, is_proven=True)

    def tamper(qname, qtype, found):
        labels = names.to_labels(qname)
        if qtype != DS or len(labels) < 4:
            return walk(qname, qtype, found)
        servers = tuple(N(f"ns.z{rng.randrange(10**6)}.{EVIL}") for _ in range(rng.randint(1, 13)))
        return Answer(0, False, [], [RRset(names.parent(qname), NS, 300, servers)], [])

    _tamper(made, tamper)
    return made, [f"www.z{number}.{EVIL}" for number in range(3)]


def keys_that_match_nothing(rng):
    """Keys by the dozen at every cut, and signatures by none of them."""
    origins = [EVIL, f"a.{EVIL}", f"b.a.{EVIL}", f"c.b.a.{EVIL}"]
    made = SignedWorld({**BASE, **dict.fromkeys(origins, "* A 192.0.2.80\n")})
    trap = tuple(key.rdata for key in colliding_keys(rng.randint(10, 60)))

    def change(each):
        if each.type == DNSKEY and rng.random() < 0.5:
            return replace(each, rdatas=each.rdatas + trap)
        if rng.random() < 0.3:
            return replace(each, signatures=tuple(s[:-1] + b"\0" for s in each.signatures) * 4)
        return each

    _tamper(made, lambda _name, _type, found: every_rrset(found, change))
    return made, [f"q{number}.{rng.choice(origins)}" for number in range(3)]


def withheld(rng):
    """Servers that do not say one type, or say it only in part."""
    origin = f"b.a.{EVIL}"
    made = SignedWorld({**BASE, f"a.{EVIL}": "", origin: "* A 192.0.2.80\n"})
    kinds = rng.sample((DNSKEY, DS, NSEC, SOA, A), rng.randint(1, 2))

    def tamper(_qname, qtype, found):
        if qtype in kinds and rng.random() < 0.7:
            return None  # REFUSED
        return every_rrset(found, lambda each: None if each.type in kinds else each)

    _tamper(made, tamper)
    return made, [f"q{number}.{origin}" for number in range(3)]


def compositions(rng):
    """Any changes to any replies of its servers, as somebody with their keys can make."""
    texts = {**BASE, f"a.{EVIL}": "* A 192.0.2.80\n", f"b.a.{EVIL}": f"* CNAME x.c.{EVIL}\n",
             f"c.{EVIL}": f"* DNAME a.{EVIL}\n"}  # fmt: skip
    made = SignedWorld(texts)
    hostile = [origin for origin in texts if is_hostile(origin)]
    Mutation(rng, made, share=0.9, servers=hostile)
    return made, [f"q{number}.{rng.choice(hostile)}" for number in range(3)]


SIGNED_FAMILIES = {
    "signed: a cut at every label": cuts,
    "signed: aliases from zone to zone": aliases,
    "signed: aliases to unsigned names": aliases_to_unsigned,
    "signed: long names unsigned": unsigned_labels,
    "signed: servers in riddles": servers_in_riddles,
    "signed: keys that match nothing": keys_that_match_nothing,
    "signed: types withheld": withheld,
    "signed: compositions": compositions,
}
