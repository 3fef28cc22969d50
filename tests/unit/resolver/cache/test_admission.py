import pytest
from fakes.cache_entries import cut, nodata, positive, soa

from dnsd.resolver.cache.admission import (
    CacheBounds,
    delegation_octets,
    entry_octets,
    has_zone_share,
    refused,
    type_to_leave,
)
from dnsd.resolver.cache.contract import Rank
from dnsd.resolver.options import ResolverLimits
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

LIMITS = ResolverLimits(rrset_records=3, rrset_octets=40)


@pytest.mark.parametrize(
    ("entry", "limit"),
    [
        pytest.param(positive("a.test.", rdatas=[b"1234"] * 3), "", id="as-many-as-may-be"),
        pytest.param(
            positive("a.test.", rdatas=[b"1234"] * 4), "rrset_records", id="a-record-more"
        ),
        pytest.param(
            positive("a.test.", rdatas=[b"1234"] * 2, signatures=[b"x"] * 2),
            "rrset_records",
            id="signatures-count",
        ),
        pytest.param(positive("a.test.", rdatas=[b"x" * 40]), "", id="as-long-as-may-be"),
        pytest.param(positive("a.test.", rdatas=[b"x" * 41]), "rrset_octets", id="an-octet-more"),
        pytest.param(nodata("a.test."), "", id="a-usual-denial"),
        pytest.param(
            nodata("a.test.", proof=(soa("test."), RRset(b"\x00", RRType.NSEC, 1, (b"x" * 30,)))),
            "rrset_octets",
            id="a-long-denial",
        ),
    ],
)
def test_too_many_records_or_octets_are_refused(entry, limit):
    assert refused(entry, LIMITS) == limit


@pytest.mark.parametrize(
    ("stored", "leaves"),
    [
        pytest.param([(65280, 5.0), (65281, 4.0)], 65281, id="the-oldest"),
        pytest.param([(RRType.A, 1.0), (65280, 5.0)], 65280, id="less-asked-for-first"),
        pytest.param([(RRType.A, 2.0), (RRType.MX, 1.0)], RRType.MX, id="none-but-essential"),
    ],
)
def test_the_oldest_type_that_few_ask_for_leaves(stored, leaves):
    assert type_to_leave(stored) == leaves


def test_only_what_a_zone_says_of_itself_counts_against_it():
    assert has_zone_share(positive("a.test."))
    assert not has_zone_share(positive("a.test.", rank=Rank.ANSWER))
    assert not has_zone_share(positive("a.test.", rank=Rank.CONFIGURED))


def test_what_is_longer_counts_for_more():
    assert entry_octets(positive("a.test.", rdatas=[b"x" * 50])) > 50
    assert entry_octets(nodata("a.test.")) > entry_octets(nodata("a.test.", proof=()))
    assert delegation_octets(cut("a.test.", "ns1.b.test.", "ns2.b.test.")) > delegation_octets(
        cut("a.test.", "ns1.b.test.")
    )


def test_shares_are_of_the_bounds_and_never_nothing():
    assert CacheBounds(entries=1000).zone_entries == 100
    assert CacheBounds(entries=5).zone_entries == 1
    assert CacheBounds(entries=1000).delegations == 200
