import pytest
from fakes.cache_entries import cut, name, positive
from fakes.cache_files import SharedFile

from dnsd.resolver.cache import entries
from dnsd.resolver.cache.admission import CacheBounds
from dnsd.resolver.cache.eviction import Evictor, Excess, excess, fills
from dnsd.resolver.cache.lmdb_change import Change, Counts, names_from

BOUNDS = CacheBounds(entries=1000, octets=4 << 20)


def counts(*, names=0, cuts=0, cut_octets=0):
    made = Counts(None)
    made.kinds, made.names, made.cuts, made.cut_octets = [names, 0, 0], names, cuts, cut_octets
    return made


@pytest.mark.parametrize(
    ("held", "pages", "expected"),
    [
        pytest.param(counts(names=900, cuts=200), 900, Excess(), id="all-within-nine-tenths"),
        pytest.param(counts(names=905), 100, Excess(5, 0, "cache_entries"), id="entries"),
        pytest.param(counts(names=500), 950, Excess(27, 0, "cache_octets"), id="pages"),
        pytest.param(counts(names=950), 901, Excess(50, 0, "cache_entries"), id="entries-more"),
        pytest.param(counts(cuts=203), 100, Excess(0, 3, "cache_delegations"), id="cuts"),
        pytest.param(
            counts(cuts=100, cut_octets=1 << 20), 100, Excess(0, 2, "cache_delegations"),
            id="octets-of-cuts",
        ),
        pytest.param(counts(names=905, cuts=203), 100, Excess(5, 3, "cache_entries"), id="both"),
    ],
)  # fmt: skip
def test_what_is_too_much_is_told_early(held, pages, expected):
    assert excess(held, BOUNDS, pages, 1000) == expected


@pytest.mark.parametrize(
    ("held", "pages", "expected"),
    [
        pytest.param(counts(names=500, cuts=100), 500, False, id="half-full"),
        pytest.param(counts(names=501), 0, True, id="entries"),
        pytest.param(counts(cuts=101), 0, True, id="zone-cuts"),
        pytest.param(counts(), 501, True, id="pages"),
    ],
)
def test_what_is_found_matters_when_the_cache_is_half_full(held, pages, expected):
    assert fills(held, BOUNDS, pages, 1000) is expected


@pytest.fixture
def change(tmp_path):
    with (
        SharedFile(tmp_path) as file,
        file.cache.environment.begin(write=True) as transaction,
    ):
        yield Change(transaction, file.cache.databases)


def put(change, texts, **options):
    for text in texts:
        packed = entries.pack(positive(text, **options), 0.0)
        change.put_node(name(text), change.node(name(text)), [packed])


def left(change):
    return {key[::-1] for key, _ in names_from(change, change.databases.records, b"", 10_000)}


def named(texts):
    return {name(text) for text in texts}


OLD = [f"old{i}.test." for i in range(20)]
NEW = [f"new{i}.test." for i in range(20)]


def test_the_oldest_that_was_asked_for_once_leaves(change):
    put(change, OLD)
    put(change, NEW)
    assert Evictor(BOUNDS).evict(change, Excess(20), 0.0, 100) == 20
    assert left(change) == named(NEW)


def test_what_expired_leaves_before_what_is_older(change):
    put(change, OLD)
    put(change, NEW, ttl=5)
    assert Evictor(BOUNDS).evict(change, Excess(20), 6.0, 100) == 20
    assert left(change) == named(OLD)


def test_the_hand_goes_round_through_all_names(change):
    put(change, [f"n{i}.test." for i in range(300)])
    evictor = Evictor(BOUNDS)
    put(change, [f"z{i}.test." for i in range(300)], ttl=5)
    for _ in range(20):
        evictor.tidy(change, 6.0, 6.0, 100)
    assert left(change) == named(f"n{i}.test." for i in range(300))
    assert change.counts.names == 300


@pytest.mark.parametrize(("hits", "stays"), [(0, False), (1, False), (2, True)])
def test_a_name_that_was_found_twice_is_protected(change, hits, stays):
    put(change, OLD)
    change.mark(name(OLD[0]), hits, cut=False)
    put(change, NEW)
    Evictor(BOUNDS).evict(change, Excess(20), 0.0, 100)
    assert (name(OLD[0]) in left(change)) is stays
    assert change.counts.protected == stays


def test_no_hits_save_what_expired(change):
    # Many names, so that the hand does not come by all that expired.
    put(change, [f"n{i}.test." for i in range(2000)])
    put(change, OLD, ttl=5)
    for text in OLD:
        change.mark(name(text), 2, cut=False)
    evictor = Evictor(BOUNDS)
    for _ in range(41):
        evictor.evict(change, Excess(50), 6.0, 50)
    assert not named(OLD) & left(change)


def test_protected_names_go_round_while_they_are_found(change):
    put(change, OLD)
    for text in OLD[:10]:
        change.mark(name(text), 2, cut=False)
    put(change, NEW)
    evictor = Evictor(BOUNDS)
    evictor.evict(change, Excess(10), 0.0, 100)
    assert left(change) == named([*OLD[:10], *NEW])
    assert change.counts.protected == 10
    for text in OLD[:5]:
        change.mark(name(text), 1, cut=False)
    evictor.evict(change, Excess(22), 0.0, 100)
    assert len(left(change)) == 8
    assert named(OLD[:5]) <= left(change), "more than their share were protected"


def test_names_that_come_once_leave_protected_names_alone(change):
    put(change, OLD)
    for text in OLD:
        change.mark(name(text), 2, cut=False)
    put(change, NEW)
    put(change, [f"more{i}.test." for i in range(40)])
    evictor = Evictor(BOUNDS)
    evictor.evict(change, Excess(1), 0.0, 100)
    for i in range(500):
        put(change, [f"flood{i}.test."])
        assert evictor.evict(change, Excess(1), 0.0, 10) == 1
    assert named(OLD) <= left(change)


def test_no_more_keys_are_changed_than_said(change):
    put(change, OLD)
    assert Evictor(BOUNDS).evict(change, Excess(20), 0.0, 7) == 7
    assert Evictor(BOUNDS).evict(change, Excess(20), 1e6, 7) == 7
    for owner in left(change):
        change.mark(owner, 2, cut=False)
    assert Evictor(BOUNDS).evict(change, Excess(20), 0.0, 3) == 0
    assert change.counts.protected == 3


def test_zone_cuts_leave_by_themselves_and_those_in_use_stay(change):
    put(change, OLD)
    for i in range(30):
        change.put_cut(cut(f"z{i}.test."), 0.0)
    change.mark(name("z0.test."), 1, cut=True)
    change.put_cut(cut("z1.test.", ttl=5), 0.0)
    change.mark(name("z1.test."), 1, cut=True)
    assert Evictor(BOUNDS).evict(change, Excess(0, 10), 6.0, 100) == 10
    assert change.cut(name("z0.test."))
    assert not change.cut(name("z1.test."))
    assert (change.counts.cuts, change.counts.names) == (20, 20)


def test_an_empty_cache_has_nothing_to_evict(change):
    assert Evictor(BOUNDS).evict(change, Excess(5, 5), 0.0, 100) == 0
