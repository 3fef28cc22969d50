"""The entry to proofs: what a zone has no say in, what is passed over, what adds up."""

import pytest
from fakes.small_zone import Publication, SmallZone

from dnsd.dnssec.claims import Claim, Insecure, NotProven, Proven, Statement
from dnsd.dnssec.denial import prove
from dnsd.dnssec.nsec3_hash import HashWork
from dnsd.wire import names
from dnsd.wire.iana import ExtendedError
from dnsd.wire.rrset import RRset

NXDOMAIN, NODATA, WILDCARD, REFERRAL = Claim
A, NS, DS, NSEC, RRSIG = 1, 2, 43, 47, 46
MX_TYPE = b"\x00\x02\x00\x01"
ZONE = names.from_text("zone.test.")
SMALL = SmallZone((b"test", b"zone"), {(b"test", b"zone", b"a"): {A}})


def name(text):
    return names.from_text(text, ZONE)


def chain(kind="nsec"):
    return Publication(SMALL, kind).rrsets


CANNOT_BE = [
    ("a name outside the zone", Statement(NXDOMAIN, ZONE, name("m.test.")), "is not in the zone"),
    ("a name that only ends like the zone", Statement(NXDOMAIN, ZONE, name("mzone.test.")),
     "is not in the zone"),
    ("a name above the zone", Statement(NODATA, ZONE, name("test."), A), "is not in the zone"),
    ("the zone's own DS", Statement(NODATA, ZONE, ZONE, DS), "does not speak of its own DS"),
    ("a referral to the zone itself", Statement(REFERRAL, ZONE, ZONE), "is no zone cut"),
    ("a wildcard that is none", Statement(WILDCARD, ZONE, name("x.a"), 0, name("a")),
     "is no wildcard"),
    ("no wildcard", Statement(WILDCARD, ZONE, name("x.a"), 0, b"\x00"), "is no wildcard"),
    ("a wildcard above the zone", Statement(WILDCARD, ZONE, name("x.a"), 0, name("*.test.")),
     "is not in the zone"),
    ("a wildcard for names elsewhere", Statement(WILDCARD, ZONE, name("x.a"), 0, name("*.b")),
     "does not stand for"),
    ("a wildcard below the name", Statement(WILDCARD, ZONE, name("a"), 0, name("*.a")),
     "does not stand for"),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["nsec", "nsec3"])
@pytest.mark.parametrize(
    ("said", "reason"), [row[1:] for row in CANNOT_BE], ids=[row[0] for row in CANNOT_BE]
)
def test_what_a_zone_has_no_say_in(said, reason, kind):
    work = HashWork()
    found = prove(said, chain(kind), work)
    assert isinstance(found, NotProven)
    assert reason in found.reason
    assert work.spent == 0


def test_the_root_speaks_of_its_own_ds():
    root = SmallZone((), {(b"test",): {NS}})
    for kind in ("nsec", "nsec3"):
        found = prove(
            Statement(NODATA, b"\0", b"\0", DS), Publication(root, kind).rrsets, HashWork()
        )
        assert isinstance(found, Proven)


def test_without_records_nothing_is_proven():
    said = Statement(NXDOMAIN, ZONE, name("m"))
    soa = RRset(ZONE, 6, 300, (b"\0\0" + bytes(20),))
    malformed = [RRset(ZONE, 47, 300, (b"\xff",)), RRset(ZONE, 50, 300, (b"\xff",))]
    for rrsets in ([], [soa], malformed):
        found = prove(said, rrsets, HashWork())
        assert found == NotProven(
            "no NSEC or NSEC3 record of zone.test.", ExtendedError.NSEC_MISSING
        )


@pytest.mark.parametrize(
    ("rrsets", "hashes"),
    [(chain(), False), (chain("nsec3"), True), (chain()[1:] + chain("nsec3"), True)],
    ids=["NSEC alone", "NSEC3 alone", "NSEC that does not prove it"],
)
def test_nsec_is_tried_first_and_both_apart(rrsets, hashes):
    work = HashWork()
    found = prove(Statement(NXDOMAIN, ZONE, name("m")), rrsets, work)
    assert isinstance(found, Proven)
    assert (work.spent > 0) is hashes


def test_nsec_and_nsec3_do_not_add_up():
    apex = (b"test", b"zone")
    zone = SmallZone(apex, {(*apex, bytes((octet,))): {A} for octet in b"abcxyz"})
    said = Statement(NXDOMAIN, ZONE, name("m"))
    parts = [Publication(zone, kind).choose(NXDOMAIN, (*apex, b"m"), apex)
             for kind in ("nsec", "nsec3")]  # fmt: skip
    assert min(len(part) for part in parts) > 1
    assert all(isinstance(prove(said, part, HashWork()), Proven) for part in parts)
    for left_out in (0, 1):
        mixed = [parts[0][left_out], *parts[1][:-1]]
        assert isinstance(prove(said, mixed, HashWork()), NotProven)


def test_records_of_costly_parameters_make_the_answer_insecure():
    rrset = chain("nsec3")[0]
    rdata = rrset.rdatas[0][:2] + b"\x00\x33" + rrset.rdatas[0][4:]
    costly = RRset(rrset.owner, 50, 300, (rdata,))
    assert isinstance(prove(Statement(NXDOMAIN, ZONE, name("m")), [costly], HashWork()), Insecure)


def signed(rrset, *labels):
    """With RRSIGs of which each has this labels field."""
    rrsigs = tuple(b"\x00\x2f\x0d" + bytes((count,)) + bytes(14) for count in labels)
    return RRset(rrset.owner, rrset.type, rrset.ttl, rrset.rdatas, rrsigs)


EXPANDED = [
    ("as many labels as the owner", (3,), Proven),
    ("one label fewer", (2,), NotProven),
    ("one of two signatures", (3, 2), NotProven),
    ("none", (), Proven),
]


@pytest.mark.parametrize(
    ("labels", "kind"), [x[1:] for x in EXPANDED], ids=[x[0] for x in EXPANDED]
)
def test_a_record_expanded_from_a_wildcard_proves_nothing(labels, kind):
    """``*.zone.test. NSEC`` sent as that of ``a.zone.test.`` would deny what ``a`` has."""
    record = signed(RRset(name("a"), NSEC, 300, (name("b") + MX_TYPE,)), *labels)
    assert isinstance(prove(Statement(NODATA, ZONE, name("a"), A), [record], HashWork()), kind)


def test_the_record_of_a_wildcard_itself_is_not_expanded():
    record = RRset(name("*"), NSEC, 300, (name("b") + MX_TYPE,))
    said = Statement(NODATA, ZONE, name("*"), A)
    assert isinstance(prove(said, [signed(record, 2)], HashWork()), Proven)
    assert isinstance(prove(said, [signed(record, 1)], HashWork()), NotProven)


def test_a_signature_cut_off_says_nothing():
    record = RRset(name("a"), NSEC, 300, (name("b") + MX_TYPE,), (b"\x00\x2f",))
    assert isinstance(prove(Statement(NODATA, ZONE, name("a"), A), [record], HashWork()), Proven)
