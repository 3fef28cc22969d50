"""What NSEC records prove, row by row; the zone is ``zone.test.`` where none is named."""

import pytest

from dnsd.dnssec.claims import Claim, NotProven, Proven, Statement
from dnsd.dnssec.nsec import path_of, prove, read
from dnsd.wire import names, rdata
from dnsd.wire.iana import ExtendedError, rrtype_from_text
from dnsd.wire.rrset import RRset

ZONE = names.from_text("zone.test.")


def nsec(text):
    """An RRset from ``owner next types``; names are relative to the zone."""
    owner, _, rest = text.partition(" ")
    return RRset(names.from_text(owner, ZONE), 47, 300, (rdata.from_text(47, rest, ZONE),))


def verdict(claim, name, rrtype, records):
    """The verdict on a statement; of a WILDCARD_ANSWER the wildcard stands for the type."""
    wildcard = names.from_text(rrtype, ZONE) if claim is Claim.WILDCARD_ANSWER else b""
    number = rrtype_from_text(rrtype) if claim is Claim.NODATA else 0
    statement = Statement(claim, ZONE, names.from_text(name, ZONE), number, wildcard)
    return prove(statement, [found for text in records if (found := read(nsec(text), ZONE))])


NXDOMAIN, NODATA, WILDCARD, REFERRAL = Claim

APEX = "@ a NS SOA RRSIG NSEC DNSKEY"
LAST = "z @ A RRSIG NSEC"

PROVEN = [
    # claim, name, type or wildcard, records, closest encloser
    ("the name and the wildcard lie in one gap", NXDOMAIN, "!x", "", [APEX], "@"),
    ("two gaps", NXDOMAIN, "m", "", [APEX, "d z A RRSIG NSEC"], "@"),
    ("behind the last name", NXDOMAIN, "zz", "", [APEX, LAST], "@"),
    ("below the last name", NXDOMAIN, "x.z", "", [LAST], "z"),
    ("a zone of one name", NXDOMAIN, "x.y", "", ["@ @ NS SOA RRSIG NSEC"], "@"),
    ("the encloser is an empty non-terminal", NXDOMAIN, "m.e", "",
     ["d a.e A RRSIG NSEC", "a.e z.e A RRSIG NSEC"], "e"),
    ("the encloser has a wildcard below another", NXDOMAIN, "y.x.*", "",
     ["x.* a A RRSIG NSEC"], "x.*"),
    ("the next name in other letters", NXDOMAIN, "m", "", ["@ A.ZONE.TEST. NS SOA", "d Z A"], "@"),
    ("a name made for the question", NXDOMAIN, "m", "", [r"m \000.m RRSIG NSEC NXNAME"], None),
    ("the type is missing", NODATA, "a", "MX", ["a b A RRSIG NSEC"], "a"),
    ("the apex has no MX", NODATA, "@", "MX", [APEX], "@"),
    ("an empty non-terminal", NODATA, "e", "A", ["d a.b.e A RRSIG NSEC"], "e"),
    ("an empty non-terminal, any type", NODATA, "b.e", "ANY", ["d a.b.e A RRSIG NSEC"], "b.e"),
    ("an empty non-terminal has no DS", NODATA, "e", "DS", ["d a.b.e A RRSIG NSEC"], "e"),
    ("the wildcard lacks the type", NODATA, "m.w", "MX",
     ["*.w c.w A RRSIG NSEC", "c.w z A RRSIG NSEC"], "w"),
    ("one record denies the name and is the wildcard's", NODATA, "m.w", "MX",
     ["*.w x.w A RRSIG NSEC"], "w"),
    # RFC 4592 §4.9: the trap that named 9.18 and knotd 3.2 fall into.
    ("the wildcard is an empty non-terminal", NODATA, "b.w", "A",
     ["d a.*.w A RRSIG NSEC", "a.*.w z A RRSIG NSEC"], "w"),
    ("the DS of a zone cut", NODATA, "sub", "DS", ["sub t NS RRSIG NSEC"], "sub"),
    ("a name made for the question, no data", NODATA, "m", "ANY", [r"m \000.m RRSIG NSEC"], "m"),
    ("data at a DNAME", NODATA, "d", "A", ["d e DNAME RRSIG NSEC"], "d"),
    ("nothing closer than the wildcard", WILDCARD, "x.m.w", "*.w", ["*.w z A RRSIG NSEC"], "w"),
    ("nothing closer than the apex' wildcard", WILDCARD, "m", "*", ["d z A RRSIG NSEC"], "@"),
    ("a zone cut without DS", REFERRAL, "sub", "", ["sub t NS RRSIG NSEC"], "sub"),
]  # fmt: skip

NOT_PROVEN = [
    # claim, name, type or wildcard, records, part of the reason
    ("no gap", NXDOMAIN, "m", "", [APEX], "no NSEC record covers m.zone.test."),
    ("the name exists", NXDOMAIN, "a", "", ["a b A RRSIG NSEC", APEX], "says that it exists"),
    ("the name is the next one", NXDOMAIN, "a", "", [APEX], "no NSEC record covers a."),
    ("only the wildcard is denied", NXDOMAIN, "m.n", "", [APEX], "no NSEC record covers m.n."),
    ("only the name is denied", NXDOMAIN, "m", "", ["d z A RRSIG NSEC"],
     r"no NSEC record covers *.zone.test."),
    ("the wildcard of another encloser is denied", NXDOMAIN, "m.c.d", "",
     ["l.c.d z A RRSIG NSEC", APEX], "no NSEC record covers *.c.d."),
    ("the wildcard exists", NXDOMAIN, "m", "", ["d z A RRSIG NSEC", "* a A RRSIG NSEC"],
     "the wildcard *.zone.test. exists"),
    ("the wildcard is an empty non-terminal", NXDOMAIN, "b.w", "",
     ["d a.*.w A RRSIG NSEC", "a.*.w z A RRSIG NSEC"], "exists as an empty non-terminal"),
    ("the name is an empty non-terminal", NXDOMAIN, "b.e", "",
     ["d a.b.e A RRSIG NSEC"], "names one below it"),
    ("the parent's record below a cut", NXDOMAIN, "m.sub", "", ["sub t NS RRSIG NSEC"],
     "no NSEC record covers"),
    ("the parent's record far below a cut", NXDOMAIN, "x.y.sub", "", ["sub t NS DS RRSIG NSEC"],
     "no NSEC record covers"),
    ("below a DNAME", NXDOMAIN, "m.d", "", ["d e DNAME RRSIG NSEC"], "no NSEC record covers"),
    ("below a DNAME at the apex", NXDOMAIN, "m", "", ["@ @ NS SOA DNAME RRSIG NSEC"],
     "no NSEC record covers"),
    ("the type is there", NODATA, "a", "A", ["a b A RRSIG NSEC"], "says that it has A"),
    ("a CNAME is there", NODATA, "a", "MX", ["a b CNAME RRSIG NSEC"], "says that it has CNAME"),
    ("anything is there", NODATA, "a", "ANY", ["a b A RRSIG NSEC"], "says that it has records"),
    ("the child's data by the parent's record", NODATA, "sub", "A", ["sub t NS RRSIG NSEC"],
     "the parent's at a zone cut"),
    ("the DS is there", NODATA, "sub", "DS", ["sub t NS DS RRSIG NSEC"], "says that it has DS"),
    ("an empty non-terminal below a cut", NODATA, "m.sub", "A", ["sub x.m.sub NS RRSIG NSEC"],
     "no NSEC record covers"),
    ("an empty non-terminal below a DNAME", NODATA, "m.d", "A", ["d x.m.d DNAME RRSIG NSEC"],
     "no NSEC record covers"),
    ("the wildcard has the type", NODATA, "m.w", "A",
     ["*.w c.w A RRSIG NSEC", "c.w z A RRSIG NSEC"], "*.w.zone.test. says that it has A"),
    ("the wildcard has a CNAME", NODATA, "m.w", "A", ["*.w x.w CNAME RRSIG NSEC"],
     "*.w.zone.test. says that it has CNAME"),
    ("no word about the wildcard", NODATA, "m.w", "A", ["b.w z A RRSIG NSEC"],
     "no NSEC record covers *.w."),
    ("a wildcard of another encloser", NODATA, "m.v.w", "MX",
     ["l.v.w z A RRSIG NSEC", "*.w a.w A RRSIG NSEC"], "no NSEC record covers *.v.w."),
    ("neither name nor wildcard exists", NODATA, "m", "A", [APEX, "d z A RRSIG NSEC"],
     "m.zone.test. does not exist"),
    ("no record at all of the gap", NODATA, "m", "A", [APEX], "no NSEC record covers m."),
    ("the name of the wildcard answer exists", WILDCARD, "x.w", "*.w", ["*.w x.w A RRSIG NSEC"],
     "no NSEC record covers x.w."),
    ("a closer name exists", WILDCARD, "a.b.w", "*.w", ["*.w z.b.w A RRSIG NSEC"],
     "b.w.zone.test. exists"),
    ("a closer name exists, seen from behind", WILDCARD, "x.b.w", "*.w", ["b.w z A RRSIG NSEC"],
     "no NSEC record covers b.w."),
    ("a closer wildcard may exist", WILDCARD, "x.b.w", "*", ["b.w z A RRSIG NSEC"],
     "no NSEC record covers w."),
    ("below a DNAME no wildcard counts", WILDCARD, "m.d", "*.d", ["d e DNAME RRSIG NSEC"],
     "no NSEC record covers m.d."),
    ("a referral to a signed zone", REFERRAL, "sub", "", ["sub t NS DS RRSIG NSEC"],
     "says that it has a DS"),
    ("a referral where no cut is", REFERRAL, "a", "", ["a b A RRSIG NSEC"], "none of a zone cut"),
    ("a referral at a name in a gap", REFERRAL, "m", "", ["d z A RRSIG NSEC"], "no NSEC record of"),
    ("a referral to an empty non-terminal", REFERRAL, "e", "", ["d x.e A RRSIG NSEC"],
     "no NSEC record of"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("claim", "name", "extra", "records", "encloser"),
    [row[1:] for row in PROVEN],
    ids=[row[0] for row in PROVEN],
)
def test_proven(claim, name, extra, records, encloser):
    found = verdict(claim, name, extra, records)
    assert isinstance(found, Proven), found
    assert found.closest_encloser == (b"" if encloser is None else names.from_text(encloser, ZONE))
    assert sorted(x.owner for x in found.records) == sorted(nsec(text).owner for text in records)
    assert found.is_cut == (name == "sub")


@pytest.mark.parametrize(
    ("claim", "name", "extra", "records", "reason"),
    [row[1:] for row in NOT_PROVEN],
    ids=[row[0] for row in NOT_PROVEN],
)
def test_not_proven(claim, name, extra, records, reason):
    found = verdict(claim, name, extra, records)
    assert isinstance(found, NotProven)
    assert reason in found.reason
    is_missing = reason.startswith("no NSEC record")
    assert found.extended_error == (
        ExtendedError.NSEC_MISSING if is_missing else ExtendedError.DNSSEC_BOGUS
    )


def record(owner, rdatas, zone=ZONE):
    return read(RRset(names.from_text(owner), 47, 300, rdatas), zone)


A_TYPE = b"\x00\x01\x40"
USELESS = [
    ("the next name is outside (V5)", "a.zone.test.", (b"\x02zz\x04test\x00" + A_TYPE,)),
    ("the next name is outside, and before", "a.zone.test.", (b"\x01b\x04test\x00" + A_TYPE,)),
    ("the next name is the parent of the zone", "z.zone.test.", (b"\x04test\x00" + A_TYPE,)),
    ("the owner is outside", "a.test.", (ZONE + A_TYPE,)),
    ("the owner's end only looks like the zone", "xzone.test.", (ZONE + A_TYPE,)),
    ("the next name comes before, and is not the apex", "b.zone.test.",
     (b"\x01a" + ZONE + A_TYPE,)),
    ("the next name is the owner", "b.zone.test.", (b"\x01b" + ZONE + A_TYPE,)),
    ("the apex of another zone", "sub.zone.test.", (b"\x01x" + ZONE + b"\x00\x01\x02",)),
    ("two records", "a.zone.test.", (b"\x01b" + ZONE + A_TYPE, b"\x01c" + ZONE + A_TYPE)),
    ("no record", "a.zone.test.", ()),
    ("empty rdata", "a.zone.test.", (b"",)),
    ("a name cut off", "a.zone.test.", (b"\x01b\x04zo",)),
    ("a compressed name", "a.zone.test.", (b"\x01b\xc0\x0c" + A_TYPE,)),
    ("a bit map cut off", "a.zone.test.", (b"\x01b" + ZONE + b"\x00\x02\x40",)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("owner", "rdatas"), [row[1:] for row in USELESS], ids=[row[0] for row in USELESS]
)
def test_a_record_that_proves_nothing(owner, rdatas):
    assert record(owner, rdatas) is None


def test_the_root_zone_is_a_zone():
    found = record("test.", (b"\x00" + A_TYPE,), b"\x00")
    assert found.is_last
    assert found.covers(path_of(names.from_text("a.test.")))
    assert not found.covers(path_of(names.from_text("a.example.")))


def test_paths_sort_as_the_standard_lists_names():
    # RFC 4034 §6.1
    texts = ["example.", "a.example.", "yljkjljk.a.example.", "Z.a.example.", "zABC.a.EXAMPLE.",
             "z.example.", r"\001.z.example.", "*.z.example.", r"\200.z.example."]  # fmt: skip
    paths = [path_of(names.from_text(text)) for text in texts]
    assert paths == sorted(paths)
