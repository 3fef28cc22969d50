"""What every cache does, whatever it is made of."""

import pytest
from fakes.cache_entries import alias, cut, name, nodata, nxdomain, positive
from fakes.cache_files import SharedFile

from dnsd.resolver.cache.admission import CacheBounds
from dnsd.resolver.cache.contract import Rank, Security, Selector
from dnsd.resolver.cache.memory import MemoryDelegations, MemoryRecords
from dnsd.resolver.options import ResolverLimits
from dnsd.wire.iana import RRType

WWW = name("www.example.test.")
LIMITS = ResolverLimits(rrset_records=10, name_types=4)


@pytest.fixture(params=["memory", "waiting", "written", "another process"])
def views(request, tmp_path):
    """What is put into and what is read: of the shared cache, before or after it is written."""
    bounds = CacheBounds(entries=1000, octets=4 << 20)
    if request.param == "memory":
        yield MemoryRecords(bounds, LIMITS), MemoryDelegations(bounds)
        return
    with SharedFile(tmp_path, bounds, LIMITS) as file:
        commits = request.param != "waiting"
        yield file.views(commits=commits, reads_elsewhere=request.param == "another process")


@pytest.fixture
def records(views):
    return views[0]


@pytest.fixture
def delegations(views):
    return views[1]


A = positive("www.example.test.")
CNAME = alias("www.example.test.", "web.example.test.")
NO_AAAA = nodata("www.example.test.")
NO_WWW = nxdomain("www.example.test.")
NO_EXAMPLE = nxdomain("example.test.")
OLD_A = positive("www.example.test.", ttl=5)


@pytest.mark.parametrize(
    ("kept", "rrtype", "found"),
    [
        pytest.param([A], RRType.A, A, id="the-type"),
        pytest.param([A], RRType.MX, None, id="not-another-type"),
        pytest.param([NO_AAAA], RRType.AAAA, NO_AAAA, id="denial-of-the-type"),
        pytest.param([NO_AAAA], RRType.A, None, id="denial-of-another-type"),
        pytest.param([CNAME], RRType.A, CNAME, id="alias"),
        pytest.param([CNAME, A], RRType.A, A, id="the-type-before-an-alias"),
        pytest.param([nodata("www.example.test.", RRType.CNAME)], RRType.A, None,
                     id="denial-of-an-alias-is-no-answer"),
        pytest.param([NO_WWW], RRType.A, NO_WWW, id="denial-of-the-name"),
        pytest.param([NO_EXAMPLE], RRType.A, NO_EXAMPLE, id="denial-of-an-ancestor"),
        pytest.param([nxdomain("b.example.test.")], RRType.A, None, id="denial-of-a-sibling"),
        pytest.param([NO_EXAMPLE, A], RRType.A, A, id="what-is-there-before-an-ancestor"),
        pytest.param([nxdomain("example.test.", security=Security.BOGUS)], RRType.A, None,
                     id="a-bogus-denial-covers-nothing-below"),
        pytest.param([OLD_A], RRType.A, None, id="expired"),
        pytest.param([OLD_A, CNAME], RRType.A, CNAME, id="expired-before-an-alias"),
    ],
)  # fmt: skip
def test_an_answer_is_the_type_an_alias_or_a_denial(records, kept, rrtype, found):
    for entry in kept:
        records.put(entry, 0.0)
    assert records.find(WWW, rrtype, 10.0) == found


@pytest.mark.parametrize(
    ("below", "found"),
    [
        pytest.param(".", NO_EXAMPLE, id="nothing-configured"),
        pytest.param("test.", NO_EXAMPLE, id="the-denial-is-below-the-zone"),
        pytest.param("example.test.", None, id="the-denial-is-of-the-zone"),
        pytest.param("www.example.test.", None, id="the-name-is-the-zone"),
    ],
)
def test_a_parents_denial_does_not_reach_a_configured_zone(records, below, found):
    records.put(NO_EXAMPLE, 0.0)
    assert records.find(WWW, RRType.A, 10.0, below=name(below)) == found


def test_a_denial_of_a_name_takes_the_place_of_what_was_there(records):
    records.put(A, 0.0)
    records.put(NO_AAAA, 0.0)
    records.put(NO_WWW, 1.0)
    assert list(records.entries()) == [NO_WWW]


@pytest.mark.parametrize("entry", [A, NO_AAAA, CNAME], ids=["data", "nodata", "alias"])
def test_a_name_that_has_something_is_no_longer_denied(records, entry):
    records.put(NO_WWW, 0.0)
    records.put(entry, 1.0)
    assert list(records.entries()) == [entry]


HIGH = positive("www.example.test.", rank=Rank.CONFIGURED)
LOW = positive("www.example.test.", rank=Rank.ANSWER, rdatas=[b"\xc0\x00\x02\x02"])


@pytest.mark.parametrize(
    ("first", "second", "now", "kept"),
    [
        pytest.param(LOW, HIGH, 0.0, [HIGH], id="higher-replaces-lower"),
        pytest.param(HIGH, LOW, 0.0, [HIGH], id="lower-does-not-replace-higher"),
        pytest.param(HIGH, LOW, 301.0, [LOW], id="unless-that-expired"),
        pytest.param(LOW, A, 0.0, [A], id="authoritative-replaces-a-forwarders"),
        pytest.param(HIGH, NO_WWW, 0.0, [HIGH], id="a-lower-denial-does-not-replace-data"),
        pytest.param(nxdomain("www.example.test.", rank=Rank.CONFIGURED), A, 0.0,
                     [nxdomain("www.example.test.", rank=Rank.CONFIGURED)],
                     id="lower-data-do-not-replace-a-denial"),
        pytest.param(A, OLD_A, 0.0, [OLD_A], id="equal-replaces"),
    ],
)  # fmt: skip
def test_rank_decides_what_is_kept(records, first, second, now, kept):
    records.put(first, 0.0)
    records.put(second, now)
    assert list(records.entries()) == kept


def test_an_entry_never_moves_the_expiry_of_another(records):
    records.put(OLD_A, 0.0)
    records.put(NO_AAAA, 0.0)
    records.put(positive("www.example.test.", RRType.MX, ttl=900), 0.0)
    assert records.find(WWW, RRType.A, 5.0) is None
    assert records.find(WWW, RRType.AAAA, 299.0) == NO_AAAA
    assert records.find(WWW, RRType.AAAA, 300.0) is None


@pytest.mark.parametrize(
    ("kept", "now", "found"),
    [
        pytest.param([OLD_A], 10.0, OLD_A, id="expired"),
        pytest.param([OLD_A], 65.0, None, id="too-old"),
        pytest.param([alias("www.example.test.", "b.test.", ttl=5)], 10.0,
                     alias("www.example.test.", "b.test.", ttl=5), id="alias"),
        pytest.param([nxdomain("www.example.test.", ttl=5)], 10.0,
                     nxdomain("www.example.test.", ttl=5), id="denial"),
        pytest.param([nxdomain("example.test.", ttl=5)], 10.0, None, id="not-of-an-ancestor"),
        pytest.param([], 10.0, None, id="nothing"),
    ],
)  # fmt: skip
def test_a_stale_answer_is_of_the_name_itself(records, kept, now, found):
    for entry in kept:
        records.put(entry, 0.0)
    assert records.find_stale(WWW, RRType.A, now, 60.0) == found


def test_too_large_rrsets_are_left_out_and_the_limit_is_named(records):
    large = positive("www.example.test.", rdatas=[bytes([i]) for i in range(11)])
    assert records.put(large, 0.0) == "rrset_records"
    assert records.put(positive("www.example.test.", rdatas=[b"x" * 9000]), 0.0) == "rrset_octets"
    assert list(records.entries()) == []
    assert records.put(A, 0.0) == ""


def test_a_type_leaves_a_name_that_has_too_many(records):
    for i in range(4):
        assert records.put(positive("www.example.test.", 65280 + i, now=float(i)), 0.0) == ""
    assert records.put(A, 5.0) == "name_types"
    assert records.put(positive("www.example.test.", 65284, now=6.0), 6.0) == "name_types"
    assert sorted(e.type for e in records.entries()) == [RRType.A, 65282, 65283, 65284]


def test_a_selection_is_flushed_and_counted(records):
    for entry in (A, NO_AAAA, positive("a.test."), nxdomain("b.example.test.")):
        records.put(entry, 0.0)
    assert records.flush(Selector(tree=name("example.test."), negative=True)) == 2
    assert records.flush(Selector(name=WWW, type=RRType.A)) == 1
    assert records.flush(Selector(name=WWW)) == 0
    assert [e.name for e in records.entries()] == [name("a.test.")]
    assert records.flush(Selector()) == 1
    assert list(records.entries()) == []
    assert records.statistics().used_octets == 0


def test_entries_are_counted_by_kind(records):
    for entry in (A, NO_AAAA, positive("a.test."), nxdomain("b.example.test.")):
        records.put(entry, 0.0)
    records.put(A, 1.0)
    figures = records.statistics()
    assert (figures.positive, figures.nodata, figures.nxdomain) == (2, 1, 1)
    assert 0 < figures.used_octets < figures.limit_octets
    assert figures.limit_entries == 1000


def test_the_cache_may_change_while_it_is_shown(records):
    for text in ("a.test.", "b.test.", "c.test."):
        records.put(positive(text), 0.0)
    shown = records.entries()
    next(shown)
    records.flush(Selector())
    records.put(positive("d.test."), 0.0)
    assert len(list(shown)) <= 3


@pytest.mark.parametrize(
    ("asked", "now", "found"),
    [
        pytest.param("www.example.test.", 0.0, "example.test.", id="the-deepest"),
        pytest.param("example.test.", 0.0, "example.test.", id="the-cut-itself"),
        pytest.param("other.test.", 0.0, "test.", id="a-parent"),
        pytest.param("ample.test.", 0.0, "test.", id="not-half-a-label"),
        pytest.param("invalid.", 0.0, ".", id="the-root"),
        pytest.param("www.example.test.", 100.0, "test.", id="not-an-expired-one"),
        pytest.param("www.example.test.", 1e6, None, id="none"),
    ],
)
def test_the_closest_current_cut_is_found(delegations, asked, now, found):
    for kept in (cut("."), cut("test."), cut("example.test.", ttl=100)):
        delegations.put(kept, 0.0)
    closest = delegations.closest(name(asked), now)
    assert (closest and closest.zone) == (found and name(found))


def test_a_referral_takes_the_place_of_an_older_one(delegations):
    delegations.put(cut("example.test.", "ns1.example.test."), 0.0)
    newer = cut("example.test.", "ns2.example.test.", ttl=60)
    delegations.put(newer, 1.0)
    assert list(delegations.delegations()) == [newer]
    assert delegations.statistics().delegations == 1


def test_selected_cuts_are_flushed(delegations):
    for zone in ("test.", "a.test.", "b.test."):
        delegations.put(cut(zone), 0.0)
    assert delegations.flush(Selector(name=name("a.test."))) == 1
    assert delegations.flush(Selector(tree=name("test."))) == 2
    assert delegations.statistics().used_octets == 0
