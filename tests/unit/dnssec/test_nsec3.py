"""What NSEC3 records prove: the standard's examples, then row by row with chains of our own."""

import pytest
from fakes.small_zone import Publication, SmallZone

from dnsd.dnssec.claims import Claim, Doubt, Insecure, NotProven, Proven, Statement
from dnsd.dnssec.nsec3 import MAX_RECORDS, next_closer, prove, read
from dnsd.dnssec.nsec3_hash import HashWork, Parameters, owner_of
from dnsd.wire import names, rdata
from dnsd.wire.iana import ExtendedError, rrtype_from_text
from dnsd.wire.rrset import RRset

NXDOMAIN, NODATA, WILDCARD, REFERRAL = Claim
EXAMPLE = names.from_text("example.")

# RFC 5155 appendix B; all records are opt-out, 12 iterations, salt aabbccdd.
APEX = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG"
NS1 = "2t7b4g4vsa5smi47k61mv5bv1a22bojr 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG"
XYW = "2vptu5timamqttgl4luu9kg21e0aor3s 35mthgpgcu1qg68fab165klnsnk3dpvl MX RRSIG"
A = "35mthgpgcu1qg68fab165klnsnk3dpvl b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG"
XW = "b4um86eghhds6nea196smvmlo4ors995 gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG"
YW = "ji6neoaepv8b5o6k4ev33abha8ht9fgc k8udemvp1j2f7eg6jebps17vp3n8i58h"
W = "k8udemvp1j2f7eg6jebps17vp3n8i58h kohar7mbb8dc2ce8a9qvl8hon4k53uhi"
NS2 = "q04jkcevqvmu85r014c7dkba38o0ji5r r53bq7cc2uvmubfu5ocmm6pers9tk9en A RRSIG"
STAR_W = "r53bq7cc2uvmubfu5ocmm6pers9tk9en t644ebqk9bibcna874givr6joj62mlhv MX RRSIG"

EXAMPLES = [
    # section, claim, name, type or wildcard, records, verdict
    ("B.1 name error", NXDOMAIN, "a.c.x.w", "", [APEX, XW, A], Insecure),
    ("B.2 no data", NODATA, "ns1", "MX", [NS1], Proven),
    ("B.2.1 no data, empty non-terminal", NODATA, "y.w", "A", [YW], Proven),
    ("B.3 referral to an opt-out unsigned zone", REFERRAL, "c", "", [A, APEX], Insecure),
    ("B.4 wildcard expansion", WILDCARD, "a.z.w", "*.w", [NS2], Insecure),
    ("B.5 wildcard no data", NODATA, "a.z.w", "AAAA", [W, NS2, STAR_W], Insecure),
]


def nsec3(text, head="1 1 12 aabbccdd"):
    owner, following, *types = text.split()
    octets = rdata.from_text(50, f"{head} {following} {' '.join(types)}")
    return RRset(names.from_text(owner, EXAMPLE), 50, 3600, (octets,))


def statement(claim, name, rrtype, zone=EXAMPLE):
    wildcard = names.from_text(rrtype, zone) if claim is WILDCARD else b""
    number = rrtype_from_text(rrtype) if claim is NODATA else 0
    return Statement(claim, zone, names.from_text(name, zone), number, wildcard)


def judge(said, rrsets, work=None):
    records = [record for rrset in rrsets if (record := read(rrset, said.zone)) is not None]
    return prove(said, records, HashWork() if work is None else work)


@pytest.mark.parametrize(
    ("claim", "name", "extra", "records", "kind"),
    [row[1:] for row in EXAMPLES],
    ids=[row[0] for row in EXAMPLES],
)
def test_the_examples_of_the_standard(claim, name, extra, records, kind):
    found = judge(statement(claim, name, extra), [nsec3(text) for text in records])
    assert isinstance(found, kind), found
    assert len(found.records) == len(records)
    assert kind is Proven or found.doubt is Doubt.OPT_OUT
    for i in range(len(records)):
        fewer = [nsec3(text) for text in records[:i] + records[i + 1 :]]
        # A wildcard's record adds nothing where opt-out leaves all open.
        may_stay_away = records[i] == STAR_W
        missing = judge(statement(claim, name, extra), fewer)
        assert isinstance(missing, NotProven) is not may_stay_away


# A zone whose chain is ours: text of a name → types.
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "DNAME": 39, "DS": 43}
ZONE = {
    "a": "A", "c": "CNAME", "d": "DNAME", "x.e": "A", "sub": "NS", "safe": "NS DS",
    "*.w": "A", "b.w": "A", "a.*.v": "A", "deep.open": "NS",
}  # fmt: skip


def small_zone():
    contents = {
        ("test", *reversed(name.split("."))): {TYPES[x] for x in types.split()}
        for name, types in ZONE.items()
    }
    contents = {tuple(label.encode() for label in path): x for path, x in contents.items()}
    return SmallZone((b"test",), contents)


TEST = names.from_text("test.")


def chain(kind):
    return Publication(small_zone(), kind, Parameters(1, b"\xaa")).rrsets


ROWS = [
    # claim, name, type or wildcard, verdict in a chain without and with opt-out
    ("a name error", NXDOMAIN, "q.a", "", Proven, Insecure),
    ("a name error at the apex", NXDOMAIN, "q", "", Proven, Insecure),
    ("the name exists", NXDOMAIN, "a", "", "says that it exists", "says that it exists"),
    ("an empty non-terminal exists", NXDOMAIN, "e", "", "that it exists", "that it exists"),
    ("the wildcard exists", NXDOMAIN, "q.w", "", "the wildcard *.w.test. exists",
     "the wildcard *.w.test. exists"),
    ("the wildcard is an empty non-terminal", NXDOMAIN, "q.v", "", "wildcard *.v.test. exists",
     "wildcard *.v.test. exists"),
    ("below a cut", NXDOMAIN, "q.safe", "", "the parent's at a zone cut", "the parent's"),
    ("below an unsigned cut", NXDOMAIN, "q.sub", "", "the parent's at a zone cut", Insecure),
    ("below a DNAME", NXDOMAIN, "q.d", "", "says that it has DNAME", "says that it has DNAME"),
    ("the type is missing", NODATA, "a", "MX", Proven, Proven),
    ("the type is there", NODATA, "a", "A", "says that it has A", "says that it has A"),
    ("a CNAME is there", NODATA, "c", "A", "says that it has CNAME", "says that it has CNAME"),
    ("anything is there", NODATA, "a", "ANY", "says that it has records", "has records"),
    ("an empty non-terminal", NODATA, "e", "ANY", Proven, Proven),
    ("an empty non-terminal above unsigned zones only", NODATA, "open", "A", Proven, Proven),
    ("the wildcard lacks the type", NODATA, "q.w", "MX", Proven, Insecure),
    ("the wildcard has the type", NODATA, "q.w", "A", "*.w.test. says that it has A",
     "*.w.test. says that it has A"),
    ("the wildcard is an empty non-terminal, no data", NODATA, "q.v", "A", Proven, Insecure),
    ("the name does not exist", NODATA, "q.a", "A", "q.a.test. does not exist", Insecure),
    ("the DS of an unsigned zone", NODATA, "sub", "DS", Proven, Insecure),
    ("the DS of a signed zone", NODATA, "safe", "DS", "says that it has DS", "that it has DS"),
    ("the child's data", NODATA, "safe", "A", "the parent's at a zone cut", "the parent's"),
    ("a wildcard answer", WILDCARD, "q.w", "*.w", Proven, Insecure),
    ("a closer name exists", WILDCARD, "x.b.w", "*.w", "no NSEC3 record covers b.w.",
     "no NSEC3 record covers b.w."),
    ("an unsigned referral", REFERRAL, "sub", "", Proven, Insecure),
    ("a signed referral", REFERRAL, "safe", "", "says that it has a DS", "that it has a DS"),
    ("a referral where no cut is", REFERRAL, "a", "", "none of a zone cut", "none of a zone cut"),
    ("a referral at no name", REFERRAL, "q.a", "", "q.a.test. does not exist", Insecure),
]  # fmt: skip


def relevant(said, rrsets):
    """The records of a chain that speak of the name, its ancestors, and the wildcards there."""
    above = [said.name, *names.ancestors(said.name, said.zone)]
    records = [read(rrset, said.zone) for rrset in rrsets]
    digest = records[0].parameters.digest
    digests = [digest(prefix + name) for name in above for prefix in (b"", b"\x01*")]
    return [
        record.rrset
        for record in records
        if any(record.owner == x or record.covers(x) for x in digests)
    ]


@pytest.mark.parametrize("kind", ["nsec3", "opt-out"])
@pytest.mark.parametrize(
    ("claim", "name", "extra", "plain", "opt_out"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS]
)
def test_a_statement_about_a_zone_whose_chain_is_there(claim, name, extra, plain, opt_out, kind):
    said = statement(claim, name, extra, TEST)
    expected = plain if kind == "nsec3" else opt_out
    found = judge(said, relevant(said, chain(kind)))
    if isinstance(expected, str):
        assert isinstance(found, NotProven), found
        assert expected in found.reason
    else:
        assert isinstance(found, expected), found
        assert 1 <= len(found.records) <= 3


def forged(change):
    """The record of the apex of ``test.``, as good as its signature, with one thing changed."""
    fields = {
        "algorithm": 1, "flags": 0, "iterations": b"\0\0", "salt": b"", "owner": TEST,
        "zone": TEST, "following": Parameters().digest(TEST), "types": b"\x00\x01\x22", "copies": 1,
    } | change  # fmt: skip
    octets = bytes((fields["algorithm"], fields["flags"])) + fields["iterations"]
    octets += bytes((len(fields["salt"]),)) + fields["salt"]
    octets += bytes((len(fields["following"]),)) + fields["following"] + fields["types"]
    owner = owner_of(Parameters().digest(fields["owner"]), fields["zone"])
    copies = tuple(octets + b"\xff\x01\x01" * i for i in range(fields["copies"]))
    return RRset(owner, 50, 300, copies)


USELESS = [
    ("a hash algorithm that nobody knows", {"algorithm": 2}),
    ("a flag that nobody knows", {"flags": 2}),
    ("a next hash of another length", {"following": bytes(19)}),
    ("an empty next hash", {"following": b""}),
    ("a bit map out of order", {"types": b"\x00\x01\x22\x00\x01\x22"}),
    ("of the zone below (nsec3_impersonation, V5)", {"zone": names.from_text("sub.test.")}),
    ("of the zone above (V5)", {"zone": names.from_text(".")}),
    ("two records", {"copies": 2}),
    ("no record", {"copies": 0}),
]


def test_the_record_that_is_changed_below_is_good():
    said = statement(NXDOMAIN, "m", "", TEST)
    assert isinstance(judge(said, [forged({})]), Proven)


@pytest.mark.parametrize("change", [row[1] for row in USELESS], ids=[row[0] for row in USELESS])
def test_a_record_that_proves_nothing(change):
    assert read(forged(change), TEST) is None


@pytest.mark.parametrize("length", range(29))
def test_rdata_cut_off_proves_nothing(length):
    whole = forged({})
    cut = RRset(whole.owner, 50, 300, (whole.rdatas[0][:length],))
    found = read(cut, TEST)
    # An empty bit map is one too: of an empty non-terminal.
    assert (found is None) is (length != 26)


def test_another_zones_apex_record_at_a_name_of_ours_proves_nothing():
    """A hash of ``sub.test.`` under ``test.`` that claims SOA is of neither zone."""
    sub = names.from_text("sub.test.")
    own = forged({"owner": sub, "types": b"\x00\x01\x22", "following": Parameters().digest(sub)})
    for claim, name, rrtype in ((NODATA, "sub", "A"), (NXDOMAIN, "a.sub", "")):
        said = statement(claim, name, rrtype, TEST)
        found = judge(said, [own, forged({"following": Parameters().digest(sub)})])
        assert isinstance(found, NotProven)
        assert "another zone" in found.reason


def test_a_record_made_for_the_name_may_say_that_it_is_none():
    """Compact denial: NXNAME in the bit map (RFC 9824 §4)."""
    name = names.from_text("m.test.")
    own = forged({"owner": name, "types": b"\x00\x11" + bytes(16) + b"\x80"})
    found = judge(statement(NXDOMAIN, "m", "", TEST), [own])
    assert found == Proven((own,), b"")
    assert isinstance(judge(statement(NODATA, "m", "A", TEST), [own]), Proven)


def test_a_covered_name_needs_the_record_of_its_parent():
    records = [nsec3(text) for text in (APEX, A)]
    found = judge(statement(NXDOMAIN, "a.c.x.w", ""), records)
    assert found == NotProven("no NSEC3 record of x.w.example., which encloses")


COSTLY = [
    (51, b"", Insecure),
    (50, b"", Proven),
    (50, bytes(35), Proven),
    (50, bytes(36), Insecure),
    (10, bytes(255), Insecure),
    (9, bytes(255), Proven),
    (65535, bytes(255), Insecure),
]


@pytest.mark.parametrize(("iterations", "salt", "kind"), COSTLY)
@pytest.mark.parametrize("claim", Claim)
def test_costly_parameters_make_every_proof_insecure_without_hashing(claim, iterations, salt, kind):
    parameters = Parameters(iterations, salt)
    name, extra = {
        NXDOMAIN: ("q", ""), NODATA: ("e", "A"), WILDCARD: ("q.w", "*.w"), REFERRAL: ("sub", "")
    }[claim]  # fmt: skip
    said = statement(claim, name, extra, TEST)
    work = HashWork()
    if kind is Insecure:
        one = forged({"iterations": iterations.to_bytes(2, "big"), "salt": salt})
        found = judge(said, [one], work)
        assert found == Insecure(Doubt.ITERATIONS, (one,))
        assert found.doubt.extended_error == ExtendedError.UNSUPPORTED_NSEC3_ITERATIONS
        assert work.spent == 0
        return
    rrsets = relevant(said, Publication(small_zone(), "nsec3", parameters).rrsets)
    assert isinstance(judge(said, rrsets, work), Proven)
    assert 0 < work.spent <= 5 * parameters.cost(said.name)


def test_a_chain_of_cheap_parameters_counts_beside_a_costly_one():
    said = statement(NXDOMAIN, "q.a", "", TEST)
    costly = forged({"iterations": b"\xff\xff"})
    assert isinstance(judge(said, [costly, *relevant(said, chain("nsec3"))]), Proven)


def test_records_with_different_parameters_do_not_add_up():
    said = statement(NXDOMAIN, "q.a", "", TEST)
    publications = [Publication(small_zone(), "nsec3", Parameters(n)) for n in (0, 1)]
    whole = [publication.choose(NXDOMAIN, (b"test", b"a", b"q"), (b"test", b"a"))
             for publication in publications]  # fmt: skip
    assert all(isinstance(judge(said, rrsets), Proven) for rrsets in whole)
    assert isinstance(judge(said, [*whole[0][:1], *whole[1][1:]]), NotProven)


def test_no_more_than_eight_records_count():
    said = statement(NXDOMAIN, "m", "", TEST)
    other = [forged({"owner": bytes((1, 97 + i)) + TEST,
                     "following": Parameters().digest(bytes((1, 97 + i)) + TEST)[:19] + b"\xff"})
             for i in range(MAX_RECORDS)]  # fmt: skip
    assert isinstance(judge(said, [*other[1:], forged({})]), Proven)
    assert isinstance(judge(said, [*other, forged({})]), NotProven)


def test_the_longest_names_end_at_the_limit_of_work():
    """V2: 125 labels of which none is covered, 50 iterations."""
    name = names.from_labels([b"x"] * 124 + [b"test"])
    said = Statement(NODATA, TEST, name, 1)
    digest = Parameters(50).digest(TEST)
    following = int.from_bytes(digest, "big") + 1
    nothing = forged({"iterations": b"\0\x32", "following": following.to_bytes(20, "big")})
    nothing.owner = owner_of(digest, TEST)
    work = HashWork()
    found = judge(said, [nothing], work)
    assert isinstance(found, NotProven)
    assert "passes the limit of 1500 SHA-1 blocks" in found.reason
    assert work.limit - 55 < work.spent <= work.limit
    # What is left to the next proof of the same client query is next to nothing.
    spent = work.spent
    assert isinstance(judge(statement(NODATA, "e", "A", TEST), [nothing], work), NotProven)
    assert work.spent == spent


def test_a_long_name_below_a_short_zone_costs_few_hashes():
    name = names.from_labels([b"x"] * 120 + [b"test"])
    said = Statement(NXDOMAIN, TEST, name)
    work = HashWork()
    assert isinstance(judge(said, [forged({})], work), Proven)
    # The name itself, the apex, the next closer name, the wildcard.
    assert work.spent == 4 + 1 + 1 + 1


def test_the_next_closer_name_is_one_label_longer():
    name = names.from_text("a.b.c.test.")
    assert next_closer(name, TEST) == names.from_text("c.test.")
    assert next_closer(name, names.from_text("b.c.test.")) == name
