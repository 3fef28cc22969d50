"""The NSEC chain of a zone, and the fewest records for each answer."""

import pytest
from fakes.small_zone import Publication, SmallZone

from dnsd.dnssec import nsec_chain
from dnsd.dnssec.claims import Claim, Proven, Statement
from dnsd.dnssec.denial import prove
from dnsd.dnssec.nsec3_hash import HashWork
from dnsd.dnssec.zone_names import ZoneName, authoritative_names
from dnsd.wire import names, rdata

NXDOMAIN, NODATA, WILDCARD, REFERRAL = Claim
ZONE = names.from_text("example.")
A, NS, SOA, MX, DNAME, DS, DNSKEY = 1, 2, 6, 15, 39, 43, 48

# The zone of RFC 4035 appendix A.
CONTENTS = {
    "@": {SOA, NS, MX, DNSKEY}, "a": {NS, DS}, "ns1.a": {A}, "ns2.a": {A}, "ai": {A, 13, 28},
    "b": {NS}, "ns1.b": {A}, "ns2.b": {A}, "ns1": {A}, "ns2": {A}, "*.w": {MX}, "x.w": {MX},
    "x.y.w": {MX}, "xx": {A, 13, 28},
}  # fmt: skip
CHAIN = [
    "@ a NS SOA MX RRSIG NSEC DNSKEY",
    "a ai NS DS RRSIG NSEC",
    "ai b A HINFO AAAA RRSIG NSEC",
    "b ns1 NS RRSIG NSEC",
    "ns1 ns2 A RRSIG NSEC",
    "ns2 *.w A RRSIG NSEC",
    "*.w x.w MX RRSIG NSEC",
    "x.w x.y.w MX RRSIG NSEC",
    "x.y.w xx MX RRSIG NSEC",
    "xx @ A HINFO AAAA RRSIG NSEC",
]


def test_the_chain_is_that_of_the_standard():
    listed = authoritative_names(
        ZONE, [(names.from_text(text, ZONE), types) for text, types in CONTENTS.items()]
    )
    made = list(nsec_chain.chain(listed))
    texts = [
        f"{names.relative_text(owner, ZONE) or '@'} {rdata.to_text(47, octets, ZONE)}"
        for owner, octets in made
    ]
    assert texts == CHAIN


def test_a_zone_of_one_name_points_to_itself():
    one = ZoneName(ZONE, frozenset({SOA}))
    assert list(nsec_chain.chain([one])) == [(ZONE, nsec_chain.rdata(one, ZONE))]


def path(text):
    return tuple(reversed([label.encode() for label in text.split(".") if label]))


SMALL = SmallZone((b"example",), {
    path(f"{text}.example"): types for text, types in CONTENTS.items() if text != "@"
} | {path("d.example"): {DNAME}, path("a.*.v.example"): {A}})  # fmt: skip

ANSWERS = [
    # claim, name, closest encloser, type, owners that are sent
    ("a name error", NXDOMAIN, "ml", "", 0, ["d", "@"]),
    ("a name error in the gap of its wildcard", NXDOMAIN, "!", "", 0, ["@"]),
    ("no data", NODATA, "ns1", "ns1", MX, ["ns1"]),
    ("an empty non-terminal", NODATA, "y.w", "y.w", A, ["x.w"]),
    ("a wildcard answer", WILDCARD, "a.z.w", "w", MX, ["x.y.w"]),
    ("a wildcard without the type", NODATA, "a.z.w", "w", A, ["x.y.w", "*.w"]),
    ("a wildcard that is an empty non-terminal", NODATA, "b.v", "v", A, ["a.*.v", "ns2"]),
    ("an unsigned referral", REFERRAL, "b", "b", 0, ["b"]),
    ("no DS", NODATA, "b", "b", DS, ["b"]),
    ("no data at a DNAME", NODATA, "d", "d", A, ["d"]),
]


@pytest.mark.parametrize(
    ("claim", "name", "encloser", "rrtype", "owners"),
    [row[1:] for row in ANSWERS],
    ids=[row[0] for row in ANSWERS],
)
def test_an_answer_takes_the_fewest_records(claim, name, encloser, rrtype, owners):
    at, above = path(f"{name}.example"), path(f"{encloser}.example")
    sent = Publication(SMALL, "nsec").choose(claim, at, above)
    assert [names.relative_text(rrset.owner, ZONE) or "@" for rrset in sent] == owners
    wildcard = names.from_text("*.w", ZONE)
    said = Statement(claim, ZONE, names.from_text(name, ZONE), rrtype, wildcard)
    assert isinstance(prove(said, sent, HashWork()), Proven)
