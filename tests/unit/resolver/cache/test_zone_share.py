import pytest
from fakes.cache_entries import name, nodata, positive
from fakes.cache_files import SharedFile

from dnsd.resolver.cache import entries
from dnsd.resolver.cache.contract import Rank
from dnsd.resolver.cache.lmdb_change import AGAIN, ONCE, Change
from dnsd.resolver.cache.zone_share import full_zones, remove_neighbour

ZONE = name("a.test.")
NAMES = [f"n{i}.a.test." for i in range(4)]


def packed(text, **options):
    return entries.pack(positive(text, **options), 0.0)


@pytest.fixture
def change(tmp_path):
    """A transaction with four names of one zone cut in it, and one of another."""
    with (
        SharedFile(tmp_path) as file,
        file.cache.environment.begin(write=True) as transaction,
    ):
        change = Change(transaction, file.cache.databases)
        for text in NAMES:
            change.put_node(name(text), None, [packed(text, zone="a.test.")])
        other = entries.pack(nodata("n.b.test.", zone="b.test."), 0.0)
        change.put_node(name("n.b.test."), None, [other])
        yield change


@pytest.mark.parametrize(
    ("added", "most", "full"),
    [
        pytest.param(packed("n5.a.test.", zone="a.test."), 5, set(), id="room-for-one"),
        pytest.param(packed("n5.a.test.", zone="a.test."), 4, {ZONE}, id="no-room"),
        pytest.param(packed("n5.a.test.", zone="test."), 4, set(), id="another-zone-cut"),
        pytest.param(
            packed("n5.a.test.", zone="a.test.", rank=Rank.ANSWER), 4, set(), id="a-forwarders"
        ),
    ],
)
def test_a_zone_cut_with_its_share_is_full(change, added, most, full):
    assert full_zones(change, name("n5.a.test."), [added], most) == full


def test_a_neighbour_of_the_same_zone_cut_leaves(change):
    newcomer = name("n5.a.test.")
    for left in (3, 2, 1, 0):
        assert remove_neighbour(change, ZONE, newcomer)
        assert change.zone_entries(ZONE) == left
    assert not remove_neighbour(change, ZONE, newcomer)
    assert change.node(name("n.b.test."))


def test_no_protected_neighbour_leaves(change):
    for _ in NAMES:
        change.requeue(*change.oldest(ONCE), AGAIN)
    assert not remove_neighbour(change, ZONE, name("n5.a.test."))
