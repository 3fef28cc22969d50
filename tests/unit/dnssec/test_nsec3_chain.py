"""The NSEC3 chain of a zone, and the fewest records for each answer."""

from bisect import bisect_right

import pytest
from fakes.small_zone import Publication, SmallZone
from unit.dnssec.test_nsec3_hash import VECTORS

from dnsd.dnssec import nsec3_chain
from dnsd.dnssec.claims import Claim, Insecure, Proven, Statement
from dnsd.dnssec.denial import prove
from dnsd.dnssec.nsec3_chain import NO_EXTRAS, Nsec3Policy, PublishedChain
from dnsd.dnssec.nsec3_hash import HashWork, Parameters, owner_of
from dnsd.dnssec.zone_names import ZoneName, authoritative_names
from dnsd.wire import names, rdata
from dnsd.wire.rrset import RRset

NXDOMAIN, NODATA, WILDCARD, REFERRAL = Claim
ZONE = names.from_text("example.")
A, NS, SOA, HINFO, MX, AAAA, DNAME, DS, DNSKEY, PARAM = 1, 2, 6, 13, 15, 28, 39, 43, 48, 51

# The zone of RFC 5155 appendix A: opt-out, 12 iterations, salt aabbccdd.
STANDARD = Nsec3Policy(Parameters(12, bytes.fromhex("aabbccdd")), opt_out=True)
CONTENTS = {
    "@": {SOA, NS, MX, DNSKEY, PARAM}, "a": {NS, DS}, "ns1.a": {A}, "ns2.a": {A},
    "ai": {A, HINFO, AAAA}, "c": {NS}, "ns1.c": {A}, "ns2.c": {A}, "ns1": {A}, "ns2": {A},
    "*.w": {MX}, "x.w": {MX}, "x.y.w": {MX}, "xx": {A, HINFO, AAAA},
    "2t7b4g4vsa5smi47k61mv5bv1a22bojr": {A},
}  # fmt: skip
CHAIN = [
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NS SOA MX RRSIG DNSKEY NSEC3PARAM",
    "2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG",
    "2vptu5timamqttgl4luu9kg21e0aor3s MX RRSIG",
    "35mthgpgcu1qg68fab165klnsnk3dpvl NS DS RRSIG",
    "b4um86eghhds6nea196smvmlo4ors995 MX RRSIG",
    "gjeqe526plbf1g8mklp59enfd789njgi A HINFO AAAA RRSIG",
    "ji6neoaepv8b5o6k4ev33abha8ht9fgc",
    "k8udemvp1j2f7eg6jebps17vp3n8i58h",
    "kohar7mbb8dc2ce8a9qvl8hon4k53uhi A RRSIG",
    "q04jkcevqvmu85r014c7dkba38o0ji5r A RRSIG",
    "r53bq7cc2uvmubfu5ocmm6pers9tk9en MX RRSIG",
    "t644ebqk9bibcna874givr6joj62mlhv A HINFO AAAA RRSIG",
]


def listed(contents):
    return authoritative_names(
        ZONE, [(names.from_text(text, ZONE), types) for text, types in contents.items()]
    )


def test_the_chain_is_that_of_the_standard():
    made = nsec3_chain.chain(listed(CONTENTS), STANDARD)
    owners = [line.split()[0] for line in CHAIN]
    expected = [
        f"{own} 1 1 12 aabbccdd {following} {' '.join(line.split()[1:])}".strip()
        for own, following, line in zip(owners, owners[1:] + owners[:1], CHAIN, strict=True)
    ]
    texts = [
        f"{names.relative_text(owner, ZONE)} {rdata.to_text(50, octets, ZONE)}".strip()
        for owner, octets in made
    ]
    assert [text.lower() for text in texts] == [text.lower() for text in expected]


def test_the_parameters_are_published_without_the_flag():
    assert nsec3_chain.param_rdata(STANDARD.parameters) == bytes.fromhex("01 00 000c 04 aabbccdd")
    assert nsec3_chain.param_rdata(NO_EXTRAS) == bytes.fromhex("01 00 0000 00")


def owners_of(contents, **policy):
    made = nsec3_chain.chain(listed(contents), Nsec3Policy(**policy))
    return {owner for owner, _ in made}


def hashed(*texts):
    return {owner_of(NO_EXTRAS.digest(names.from_text(text, ZONE)), ZONE) for text in texts}


def test_opt_out_leaves_out_unsigned_delegations_alone():
    contents = {"@": {SOA, NS}, "a": {NS}, "b": {NS, DS}, "x.e": {NS}}
    assert owners_of(contents) == hashed("@", "a", "b", "e", "x.e")
    assert owners_of(contents, opt_out=True) == hashed("@", "b", "e")


def test_an_unsigned_delegation_has_no_signature_in_its_bit_map():
    cut = ZoneName(ZONE, frozenset({NS}), is_cut=True)
    safe = ZoneName(ZONE, frozenset({NS, DS}), is_cut=True)
    policy = Nsec3Policy()
    types = [nsec3_chain.rdata(each, bytes(20), policy)[26:].hex() for each in (cut, safe, None)]
    assert types == ["000120", "0006200000000012", ""]


def test_two_names_of_one_hash_are_refused():
    twice = [*listed({"@": {SOA}, "a": {A}}), ZoneName(names.from_text("a", ZONE), frozenset({A}))]
    with pytest.raises(ValueError, match="another salt"):
        nsec3_chain.chain(twice, Nsec3Policy())


def path(text):
    return tuple(reversed([label.encode() for label in text.split(".") if label]))


SMALL = SmallZone((b"example",), {
    path(f"{text}.example"): types for text, types in CONTENTS.items() if text != "@"
} | {path("d.example"): {DNAME}, path("a.*.v.example"): {A}, path("q.e.example"): {NS}})  # fmt: skip

ANSWERS = [
    # claim, name, closest encloser, type, what is matched and covered; the same with opt-out
    ("a name error", NXDOMAIN, "n.n", "", 0, "=@ n *", "=@ n *"),
    ("no data", NODATA, "ns1", "ns1", MX, "=ns1", "=ns1"),
    ("an empty non-terminal", NODATA, "y.w", "y.w", A, "=y.w", "=y.w"),
    ("an empty non-terminal above an unsigned zone", NODATA, "e", "e", A, "=e", "=e"),
    ("a wildcard answer", WILDCARD, "a.z.w", "w", MX, "z.w", "z.w"),
    ("a wildcard without the type", NODATA, "a.z.w", "w", A, "=w z.w =*.w", "=w z.w =*.w"),
    ("a wildcard that is an empty non-terminal", NODATA, "b.v", "v", A, "=v b.v =*.v",
     "=v b.v =*.v"),
    ("an unsigned referral", REFERRAL, "c", "c", 0, "=c", "=@ c"),
    ("an unsigned referral below an empty name", REFERRAL, "q.e", "q.e", 0, "=q.e", "=e q.e"),
    ("no DS", NODATA, "c", "c", DS, "=c", "=@ c"),
    ("no data at a DNAME", NODATA, "d", "d", A, "=d", "=d"),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["nsec3", "opt-out"])
@pytest.mark.parametrize(
    ("claim", "name", "encloser", "rrtype", "plain", "opt_out"),
    [row[1:] for row in ANSWERS],
    ids=[row[0] for row in ANSWERS],
)
def test_an_answer_takes_the_fewest_records(claim, name, encloser, rrtype, plain, opt_out, kind):
    publication = Publication(SMALL, kind)
    sent = publication.choose(claim, path(f"{name}.example"), path(f"{encloser}.example"))
    texts = (plain if kind == "nsec3" else opt_out).split()
    expected = []
    for text in texts:
        digest = NO_EXTRAS.digest(names.from_text(text.removeprefix("="), ZONE))
        rrset = publication.find_hash(digest)
        assert (rrset.owner == owner_of(digest, ZONE)) is text.startswith("=")
        if rrset not in expected:
            expected.append(rrset)
    assert sent == expected
    wildcard = names.from_text("*.w", ZONE)
    said = Statement(claim, ZONE, names.from_text(name, ZONE), rrtype, wildcard)
    verdict = prove(said, sent, HashWork())
    # Nothing is sure under a next closer name that a record with opt-out covers.
    is_covered = not all(text.startswith("=") for text in texts)
    assert isinstance(verdict, Insecure if kind == "opt-out" and is_covered else Proven)


def test_a_chain_of_others_that_lacks_an_empty_name_is_climbed():
    """RFC 5155 §7.1 lets opt-out chains leave out names above unsigned zones only."""
    others = {"@": {SOA, NS}} | {letter: {A} for letter in "abcdfgh"}
    made = nsec3_chain.chain(listed(others), Nsec3Policy(opt_out=True))
    rrsets = [RRset(owner, 50, 300, (octets,)) for owner, octets in made]
    owners = [rrset.owner for rrset in rrsets]

    def find(digest):
        return rrsets[bisect_right(owners, owner_of(digest, ZONE)) - 1]

    published = PublishedChain(ZONE, NO_EXTRAS, find)
    matched, covered = (find(NO_EXTRAS.digest(names.from_text(x, ZONE))) for x in ("@", "e"))
    cut = names.from_text("x.y.e", ZONE)
    for claim, rrtype in ((REFERRAL, 0), (NODATA, DS)):
        sent = published.choose(claim, cut, cut)
        assert sent == [matched, covered]
        assert matched != covered
        verdict = prove(Statement(claim, ZONE, cut, rrtype), sent, HashWork())
        assert isinstance(verdict, Insecure)


def test_the_vectors_of_the_standard_are_in_its_chain():
    made = {names.relative_text(owner, ZONE) for owner, _ in
            nsec3_chain.chain(listed(CONTENTS), STANDARD)}  # fmt: skip
    assert set(VECTORS.values()) <= made
