from dataclasses import replace

import pytest
from fakes.cache_entries import alias, name, nodata, nxdomain, positive, soa
from hypothesis import given
from hypothesis import strategies as st

from dnsd.resolver.cache import entries
from dnsd.resolver.cache.contract import Entry, Kind, Rank, Security
from dnsd.resolver.cache.entries import HEAD
from dnsd.resolver.outcome import Explanation
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

WWW = name("www.example.test.")
FULL = positive(
    "www.example.test.", RRType.TXT, rdatas=[b"\x01a", b"", b"\xff" * 300], signatures=[b"sig"],
    zone="example.test.", security=Security.SECURE, rank=Rank.CONFIGURED, now=12.5,
    server=bytes(range(16)), proof=(soa("example.test."), soa("test.")),
)  # fmt: skip

BOGUS = replace(
    positive(
        "www.example.test.",
        RRType.AAAA,
        zone="test.",
        security=Security.BOGUS,
        proof=(soa("test."),),
    ),
    explanation=Explanation(7, "RRSIG by key 4711 expired 3 h ago"),
)


def node(*kept, head=(5, 77), shift=0.0):
    return entries.join(head, [entries.pack(entry, shift) for entry in kept])


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param([positive("www.example.test.")], id="one"),
        pytest.param([FULL], id="everything-in-one"),
        pytest.param([nxdomain("www.example.test.")], id="a-denied-name"),
        pytest.param([BOGUS], id="with-a-reason"),
        pytest.param(
            [nodata("www.example.test.", RRType.MX), BOGUS, FULL], id="several-one-with-a-reason"
        ),
        pytest.param([nodata("www.example.test.", proof=())], id="a-denial-without-proof"),
        pytest.param(
            [positive("www.example.test."), nodata("www.example.test."), FULL], id="several"
        ),
        pytest.param(
            [positive("www.example.test.", i, ttl=i) for i in range(1, 101)], id="very-many"
        ),
    ],
)
@pytest.mark.parametrize("shift", [0.0, -3.5])
def test_what_goes_into_a_node_comes_out(kept, shift):
    octets = node(*kept, shift=shift)
    assert entries.all_entries(octets, kept[0].name, shift) == kept
    assert entries.join((5, 77), entries.split(octets)) == octets
    for entry in kept:
        assert entries.answering(octets, entry.name, entry.type, 0.0, shift) == entry


@pytest.mark.parametrize(
    ("text", "kept"),
    [("", ""), ("x" * 256, "x" * 255), ("müde", "m?de")],
    ids=["none", "too-long", "not-ASCII"],
)
def test_the_text_of_a_reason_is_short_and_ascii(text, kept):
    entry = replace(BOGUS, explanation=Explanation(65535, text))
    (found,) = entries.all_entries(node(entry), entry.name, 0.0)
    assert found == replace(entry, explanation=Explanation(65535, kept))


def test_the_head_says_who_leaves_when():
    octets = node(positive("www.example.test.", ttl=5), nodata("www.example.test.", ttl=9))
    assert HEAD.unpack_from(octets) == (5, 77, 9.0)
    moved = entries.with_head(octets, 2, 99)
    assert HEAD.unpack_from(moved) == (2, 99, 9.0)
    assert entries.split(moved) == entries.split(octets)


A = positive("www.example.test.")
OLD = positive("www.example.test.", ttl=5)
CNAME = alias("www.example.test.", "web.example.test.")
NO_CNAME = nodata("www.example.test.", RRType.CNAME)
GONE = nxdomain("www.example.test.")


@pytest.mark.parametrize(
    ("kept", "found"),
    [
        pytest.param([A], A, id="the-type"),
        pytest.param([CNAME], CNAME, id="an-alias"),
        pytest.param([CNAME, A], A, id="the-type-before-an-alias"),
        pytest.param([OLD, CNAME], CNAME, id="an-alias-before-what-expired"),
        pytest.param([OLD], None, id="expired"),
        pytest.param([OLD, GONE], GONE, id="a-denied-name-before-what-expired"),
        pytest.param([NO_CNAME], None, id="a-denied-alias-says-nothing"),
        pytest.param([NO_CNAME, nodata("www.example.test.")], None, id="nor-another-type"),
        pytest.param([GONE], GONE, id="a-denied-name"),
    ],
)
def test_one_look_answers_type_alias_and_denial(kept, found):
    assert entries.answering(node(*kept), WWW, RRType.A, 10.0, 0.0) == found
    packed = [entries.pack(entry, 2.0) for entry in kept]
    assert entries.answering_packed(packed, WWW, RRType.A, 10.0, 2.0) == found


def test_a_usual_answer_takes_little_more_than_its_octets():
    assert len(node(A)) == 42 + 1 + 8 + 2 + 4


NAMES = st.lists(st.binary(min_size=1, max_size=8), max_size=4).map(
    lambda labels: b"".join(bytes((len(x),)) + x.lower() for x in labels) + b"\x00"
)
FIELDS = st.lists(st.binary(max_size=20), max_size=4).map(tuple)


@st.composite
def any_entry(draw):
    owner = draw(NAMES)
    kind = draw(st.sampled_from(Kind))
    rrtype = 0 if kind == Kind.NXDOMAIN else draw(st.integers(1, 65535))
    rrsets = st.builds(
        RRset, NAMES, st.integers(1, 65535), st.integers(0, 2**31 - 1), FIELDS, FIELDS
    )
    rrset = None
    if kind == Kind.POSITIVE:
        rrset = RRset(owner, rrtype, draw(st.integers(0, 2**31 - 1)), draw(FIELDS), draw(FIELDS))
    zones = [owner]
    while zones[-1] != b"\x00":
        zones.append(zones[-1][1 + zones[-1][0] :])
    times = st.floats(0, 1e9, allow_nan=False)
    return Entry(
        owner, rrtype, kind, draw(st.sampled_from(Rank)), draw(st.sampled_from(Security)),
        draw(times), draw(times), rrset, tuple(draw(st.lists(rrsets, max_size=3))),
        draw(st.sampled_from(zones)), draw(st.sampled_from([b"", bytes(4), bytes(16)])),
    )  # fmt: skip


@given(any_entry())
def test_any_entry_comes_out_as_it_went_in(entry):
    assert entries.all_entries(node(entry), entry.name, 0.0) == [entry]
