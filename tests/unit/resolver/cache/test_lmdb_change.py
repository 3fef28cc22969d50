import pytest
from fakes.cache_entries import cut, name, positive
from fakes.cache_files import SharedFile

from dnsd.resolver.cache import entries
from dnsd.resolver.cache.contract import Rank
from dnsd.resolver.cache.entries import HEAD, PROTECTED
from dnsd.resolver.cache.lmdb_change import AGAIN, CUTS, ONCE, Change, Counts, used_pages

NAMES = [name(f"n{i}.a.test.") for i in range(4)]


@pytest.fixture
def change(tmp_path):
    """A transaction with four names and a zone cut in it."""
    with (
        SharedFile(tmp_path) as file,
        file.cache.environment.begin(write=True) as transaction,
    ):
        change = Change(transaction, file.cache.databases)
        for owner in NAMES:
            put(change, owner)
        change.put_cut(cut("a.test."), 0.0)
        yield change


def put(change, owner, **options):
    text = "n.a.test."
    entry = positive(text, zone="a.test.", **options)
    entry.name = owner
    change.put_node(owner, change.node(owner), [entries.pack(entry, 0.0)])


def marks(octets):
    return HEAD.unpack_from(octets)[0]


def test_counts_come_out_as_they_went_in():
    counts = Counts(None)
    assert counts.entries == 0
    counts.kinds = [1, 2, 3]
    counts.kind_octets = [4, 5, 6]
    for i, field in enumerate(sorted(set(Counts.__slots__) - {"kinds", "kind_octets"})):
        setattr(counts, field, i + 10)
    again = Counts(counts.to_octets())
    assert all(getattr(again, field) == getattr(counts, field) for field in Counts.__slots__)


def test_everything_that_is_put_is_counted(change):
    counts = change.counts
    assert (counts.kinds, counts.names, counts.cuts) == ([4, 0, 0], 4, 1)
    assert counts.record_octets == sum(len(n) + len(change.node(n)) for n in NAMES)
    assert counts.cut_octets == len(name("a.test.")) + len(change.cut(name("a.test.")))
    assert change.zone_entries(name("a.test.")) == 4
    assert change.zone_entries(name("b.test.")) == 0


def test_what_is_put_in_place_of_something_counts_once(change):
    put(change, NAMES[0], rdatas=[b"x" * 50])
    change.put_cut(cut("a.test.", "a.very.long.name.of.a.server.test."), 0.0)
    test_everything_that_is_put_is_counted(change)


def test_what_is_removed_leaves_no_count(change):
    for owner in NAMES:
        change.remove_node(owner, change.node(owner))
    change.remove_cut(name("a.test."), change.cut(name("a.test.")))
    counts = change.counts
    assert (counts.kinds, counts.names, counts.cuts) == ([0, 0, 0], 0, 0)
    assert (counts.record_octets, counts.cut_octets) == (0, 0)
    assert change.zone_entries(name("a.test.")) == 0
    assert change.oldest(ONCE) is change.oldest(CUTS) is None


def test_counts_are_there_in_the_next_transaction(tmp_path):
    with SharedFile(tmp_path) as file:
        for _ in range(2):
            with file.cache.environment.begin(write=True) as transaction:
                change = Change(transaction, file.cache.databases)
                put(change, NAMES[change.counts.names])
                change.finish()
        with file.cache.environment.begin(write=True) as transaction:
            change = Change(transaction, file.cache.databases)
            assert (change.counts.names, change.counts.sequence) == (2, 2)
            assert change.zone_entries(name("a.test.")) == 2
            for owner in NAMES[:2]:
                change.remove_node(owner, change.node(owner))
            change.finish()
            assert transaction.stat(file.cache.databases.zones)["entries"] == 0


def test_the_first_of_a_queue_is_who_came_first(change):
    assert change.oldest(ONCE)[0] == NAMES[0]
    put(change, NAMES[0])
    assert change.oldest(ONCE)[0] == NAMES[0], "put again, it keeps its place"
    change.requeue(*change.oldest(ONCE), AGAIN)
    assert change.oldest(ONCE)[0] == NAMES[1]
    owner, octets = change.oldest(AGAIN)
    assert (owner, marks(octets), change.counts.protected) == (NAMES[0], PROTECTED, 1)
    change.requeue(owner, octets, AGAIN)
    assert change.counts.protected == 1
    change.requeue(*change.oldest(AGAIN), ONCE)
    assert change.oldest(AGAIN) is None
    assert change.counts.protected == 0


def test_a_protected_name_that_is_removed_is_no_longer_counted_as_such(change):
    change.requeue(*change.oldest(ONCE), AGAIN)
    change.remove_node(NAMES[0], change.node(NAMES[0]))
    assert (change.counts.protected, change.oldest(AGAIN)) == (0, None)


def test_hits_are_counted_up_to_two_and_begin_anew_with_a_new_place(change):
    for expected in (1, 2, 2):
        change.mark(NAMES[0], 1, cut=False)
        assert marks(change.node(NAMES[0])) == expected
    change.mark(name("a.test."), 5, cut=True)
    assert marks(change.cut(name("a.test."))) == 2
    change.mark(name("nothing.test."), 1, cut=False)
    change.requeue(*change.oldest(ONCE), AGAIN)
    assert marks(change.node(NAMES[0])) == PROTECTED
    change.requeue(*change.oldest(CUTS), CUTS)
    assert marks(change.cut(name("a.test."))) == 0


def test_what_a_forwarder_said_belongs_to_no_zone_cut(change):
    put(change, name("n6.a.test."), rank=Rank.ANSWER)
    assert change.zone_entries(name("a.test.")) == 4


def test_dropping_leaves_nothing_of_what_is_dropped(change):
    change.drop(records=True, cuts=False)
    assert (change.counts.kinds, change.counts.names, change.counts.cuts) == ([0, 0, 0], 0, 1)
    assert change.zone_entries(name("a.test.")) == 0
    assert change.oldest(ONCE) is None
    assert change.oldest(CUTS)
    change.drop(records=False, cuts=True)
    assert (change.counts.cuts, change.counts.cut_octets) == (0, 0)
    assert used_pages(change.transaction, change.databases) > 0
