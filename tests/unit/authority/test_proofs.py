"""Proofs of answers: what is sent proves what is said, of zones in memory and in the store."""

import random
from contextlib import contextmanager
from itertools import product

import pytest
from fakes.signed_zone import POLICIES, signed_zone, statements, store_nodes

from dnsd.authority.answer import answer
from dnsd.authority.node import Node, encode_node
from dnsd.authority.proofs import MAX_ITERATIONS, Chain, chain_of
from dnsd.authority.store import open_store
from dnsd.authority.zone_row import ZoneRow
from dnsd.authority.zones import Zones
from dnsd.dnssec.claims import Claim, Insecure, Proven, Statement
from dnsd.dnssec.denial import prove
from dnsd.dnssec.nsec3_hash import HashWork, Parameters, owner_of
from dnsd.lab.zone import MemoryZones, rrsets_from_text, zone
from dnsd.wire import names
from dnsd.wire.rrset import RRset

A, NS, CNAME, SOA, TXT, DNAME, DS, RRSIG, NSEC, DNSKEY, NSEC3, NSEC3PARAM, ANY = (
    1, 2, 5, 6, 16, 39, 43, 46, 47, 48, 50, 51, 255
)  # fmt: skip
LINES = f"""
@ NS ns
ns A 192.0.2.1
www A 192.0.2.2
www TXT "text"
alias CNAME www
lost CNAME nothing.here
a.b.ent A 192.0.2.3
*.wild TXT "wild"
host.wild A 192.0.2.4
*.walias CNAME www
*.wlost CNAME nothing.here
a.*.w TXT "below a wildcard that is empty"
b.w A 192.0.2.6
tree DNAME branch
x.branch A 192.0.2.7
sub NS ns.sub
ns.sub A 192.0.2.8
zz.sub A 192.0.2.8
safe NS ns.safe
safe DS 4711 13 2 {"ab" * 32}
ns.safe A 192.0.2.10
u.only.unsigned NS ns.sub
s.mixed NS ns.sub
s.mixed DS 4711 13 2 {"ab" * 32}
u.mixed NS ns.sub
"""
OWNERS = ("@", "ns", "www", "alias", "lost", "a.b.ent", "b.ent", "ent", "*.wild", "wild", "host.wild",
          "*.walias", "walias", "*.wlost", "a.*.w", "*.w", "w", "b.w", "tree", "x.branch", "branch",
          "sub", "ns.sub", "safe", "u.only.unsigned", "only.unsigned", "unsigned", "s.mixed", "u.mixed",
          "mixed")  # fmt: skip
ORIGINS = ("example.test.", ".")


@contextmanager
def served(memory_zone, where, folder):
    """Zones to ask, of a zone in memory or in a store."""
    if where == "memory":
        yield MemoryZones([memory_zone])
        return
    store = open_store(folder / "zones", map_size=1 << 24)
    origin = memory_zone.origin
    nodes, hashes = store_nodes(memory_zone)
    store.publish({origin: ZoneRow(store.build(origin, nodes, hashes), 1)})
    yield Zones(store)
    store.close()


@pytest.fixture(scope="module", params=product(ORIGINS, POLICIES, ("memory", "store")), ids=str)
def world(request, tmp_path_factory):
    """Origin, kind of chain, and zones to ask."""
    origin, kind, where = request.param
    with served(
        signed_zone(origin, LINES, kind), where, tmp_path_factory.mktemp("proofs")
    ) as zones:
        yield names.from_text(origin), kind, zones


def test_every_answer_proves_what_it_says(world):
    apex, kind, zones = world
    proved = 0
    known = [names.from_text(owner, apex) for owner in OWNERS]
    made_up = [label + name for name in known for label in (b"\x04none", b"\x01*", b"\x01a\x01~")]
    for name, rrtype in product([*known, *made_up], (A, TXT, NS, DS, CNAME, DNSKEY)):
        if (name, rrtype) == (apex, DS) and apex != names.ROOT:
            continue  # the parent's to say
        reply = answer(zones, name, rrtype, dnssec_ok=True)
        for statement in statements(apex, name, rrtype, reply):
            verdict = prove(statement, reply.authority, HashWork())
            enough = (Proven, Insecure) if kind == "opt-out" else Proven
            assert isinstance(verdict, enough), (statement, verdict)
            proved += 1
            chain = [x for x in reply.authority if x.type in (NSEC, NSEC3)]
            assert len({x.owner for x in chain}) == len(chain)
            assert all(x.signatures for x in chain)
    assert proved > 300


@pytest.mark.parametrize(
    ("qname", "rrtype", "proof"),
    [
        ("www", A, []),
        ("www", NS, ["www"]),
        ("none", A, ["u.mixed", ""]),
        ("b.ent", A, ["x.branch"]),
        ("none.wild", TXT, ["host.wild"]),
        ("none.wild", A, ["*.wild", "host.wild"]),
        ("c.w", A, ["b.w", "u.only.unsigned"]),
        ("x.tree", A, []),
        ("x.sub", A, ["sub"]),
        ("x.safe", A, ["safe DS"]),
        ("sub", DS, ["sub"]),
        ("safe", DS, []),
    ],
)
def test_the_proof_is_the_smallest(qname, rrtype, proof):
    apex = names.from_text("example.test.")
    zones = MemoryZones([signed_zone("example.test.", LINES, "nsec")])
    reply = answer(zones, names.from_text(qname, apex), rrtype, dnssec_ok=True)
    made = [x for x in reply.authority if x.type in (NSEC, DS)]
    found = [names.relative_text(x.owner, apex) + " DS" * (x.type == DS) for x in made]
    assert sorted(found) == sorted(proof)


def ask(memory_zone, text, rrtype, **options):
    apex = memory_zone.origin
    return answer(MemoryZones([memory_zone]), names.from_text(text, apex), rrtype, **options)


def test_the_soa_of_a_denial_and_its_proof_carry_signatures_and_come_in_this_order():
    reply = ask(signed_zone("example.test.", LINES, "nsec3"), "none", A, dnssec_ok=True)
    assert [x.type for x in reply.authority] == [SOA, NSEC3, NSEC3, NSEC3]
    assert all(x.signatures for x in reply.authority)


@pytest.mark.parametrize("kind", POLICIES)
def test_who_does_not_ask_for_proofs_gets_none(kind):
    memory_zone = signed_zone("example.test.", LINES, kind)
    for text, rrtype in product(("none", "www", "none.wild", "x.sub", "x.safe"), (A, TXT)):
        reply = ask(memory_zone, text, rrtype)
        assert not {x.type for x in reply.authority} & {NSEC, NSEC3, DS}


def test_owners_of_nsec3_records_are_no_names():
    memory_zone = signed_zone("example.test.", LINES, "nsec3")
    for digest, _ in memory_zone.signed_hashes[b"\0\0\0"]:
        owner = Node(memory_zone.hash_at_or_before(b"\0\0\0", digest)[1])
        assert owner.types == (NSEC3,)
    hashed = next(
        x for x in ask(memory_zone, "none", A, dnssec_ok=True).authority if x.type == NSEC3
    )
    for rrtype in (A, NSEC3):
        reply = answer(MemoryZones([memory_zone]), hashed.owner, rrtype, dnssec_ok=True)
        assert reply.rcode == 3
        statement = Statement(Claim.NXDOMAIN, memory_zone.origin, hashed.owner)
        assert isinstance(prove(statement, reply.authority, HashWork()), Proven)


def test_rrsigs_asked_for_are_those_of_one_rrset():
    memory_zone = signed_zone("example.test.", LINES, "nsec")
    reply = ask(memory_zone, "www", RRSIG)
    assert [(x.type, len(x.rdatas)) for x in reply.answer] == [(RRSIG, 1)]
    assert reply.answer[0].rdatas[0][:2] == b"\0\1"
    assert not ask(
        zone(memory_zone.origin, rrsets_from_text(memory_zone.origin, LINES)), "www", RRSIG
    ).answer


def test_a_chain_of_aliases_has_the_proofs_of_every_link_once():
    memory_zone = signed_zone(
        "example.test.", LINES + "x.wtwo A 192.0.2.1\n*.wtwo CNAME a.walias\n", "nsec"
    )
    reply = ask(memory_zone, "b.wtwo", A, dnssec_ok=True)
    assert len(reply.answer) == 3
    owners = [x.owner for x in reply.authority]
    assert [names.to_text(x) for x in owners] == ["*.wtwo.example.test.", "*.walias.example.test."]


@pytest.mark.parametrize("kind", POLICIES)
def test_a_chain_with_a_hole_gives_no_proof_and_no_error(kind):
    whole = signed_zone("example.test.", LINES, kind)
    apex = whole.origin
    without = [x for x in whole.rrsets if x.type != NSEC]
    memory_zone = zone(apex, without)  # its NSEC3 RRsets are gone as well
    for text, rrtype in product(
        ("none", "www", "b.ent", "none.wild", "c.w", "x.sub", "sub"), (A, DS)
    ):
        reply = ask(memory_zone, text, rrtype, dnssec_ok=True)
        assert [x.type for x in reply.authority if x.type in (NSEC, NSEC3)] == []
    reply = ask(memory_zone, "x.safe", A, dnssec_ok=True)
    assert [x.type for x in reply.authority] == [NS, DS]


def apex_node(*params, signatures=(b"signature",)):
    origin = names.from_text("example.test.")
    rrsets = [RRset(origin, SOA, 1, (bytes(22),), signatures)]
    if params:
        rrsets.append(RRset(origin, NSEC3PARAM, 0, params))
    return origin, Node(encode_node(1, rrsets))


@pytest.mark.parametrize(
    ("params", "chain"),
    [
        ((), Chain()),
        ((b"\1\0\0\0\0",), Chain(b"\0\0\0", Parameters())),
        ((b"\1\0\0\7\2ab",), Chain(b"\0\7\2ab", Parameters(7, b"ab"))),
        # Flags, another algorithm, too many iterations, too short: not to be used.
        ((b"\1\1\0\0\0", b"\2\0\0\0\0", b"\1\0"), Chain()),
        ((b"\1\0" + (MAX_ITERATIONS + 1).to_bytes(2, "big") + b"\0",), Chain()),
        ((b"\1\1\0\0\0", b"\1\0\0\1\0"), Chain(b"\0\1\0", Parameters(1))),
    ],
)
def test_the_apex_says_what_a_zone_denies_with(params, chain):
    assert chain_of(*apex_node(*params)) == chain


def test_a_zone_without_signatures_denies_with_nothing():
    assert chain_of(*apex_node(b"\1\0\0\0\0", signatures=())) is None


class Counted:
    """A zone of the store that counts what is read of it."""

    def __init__(self, nodes, calls):
        self._nodes, self._calls = nodes, calls

    def __getattr__(self, name):
        found = getattr(self._nodes, name)
        if not callable(found):
            return found
        self._calls.append(name)
        return found


def test_an_unsigned_zone_is_read_no_more_for_proofs_than_without(tmp_path, monkeypatch):
    apex = names.from_text("example.test.")
    memory_zone = zone(apex, rrsets_from_text(apex, LINES))
    calls = []
    with served(memory_zone, "store", tmp_path) as zones:
        closest = zones.closest

        def counted(snapshot, qname):
            found = closest(snapshot, qname)
            return found._replace(nodes=Counted(found.nodes, calls))

        monkeypatch.setattr(zones, "closest", counted)
        answer(zones, names.from_text("x.sub", apex), A, dnssec_ok=True)  # the apex is read once
        for text in ("www", "none", "b.ent", "none.wild", "x.sub", "x.safe", "c.w", "x.tree"):
            read = []
            for dnssec_ok in (False, True):
                calls.clear()
                answer(zones, names.from_text(text, apex), A, dnssec_ok=dnssec_ok)
                read.append(list(calls))
            assert read[0] == read[1], text
            assert read[0]


@pytest.mark.parametrize("kind", POLICIES)
def test_whatever_is_missing_of_a_signed_zone_the_answers_are_the_same(kind):
    whole = signed_zone("example.test.", LINES, kind)
    draw = random.Random(4035)
    asked = [(label + names.from_text(owner, whole.origin), rrtype)
             for owner, label, rrtype in product(OWNERS, (b"", b"\x04none"), (A, TXT, DS))]  # fmt: skip
    for _ in range(20):
        chain = [
            RRset(owner_of(digest, whole.origin), NSEC3, 60, rrset.rdatas, rrset.signatures)
            for found in whole.signed_hashes.values()
            for digest, node in found
            for rrset in Node(node).rrsets(whole.origin)
            if draw.random() < 0.5
        ]
        rrsets = [x for x in whole.rrsets if x.type != NSEC or draw.random() < 0.5]
        torn = zone(whole.origin, [*rrsets, *chain])
        for name, rrtype in asked:
            expected = answer(MemoryZones([whole]), name, rrtype)
            reply = answer(MemoryZones([torn]), name, rrtype, dnssec_ok=True)
            assert (reply.rcode, reply.answer) == (expected.rcode, expected.answer)
