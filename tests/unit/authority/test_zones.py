import pytest
from fakes.zones import publish

from dnsd.authority.store import StoreError, ZoneRow, open_store
from dnsd.authority.zones import Zones
from dnsd.wire import names


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "zones")
    yield store
    store.close()


def closest(zones, qname, find=Zones.closest):
    with zones.snapshot() as snapshot:
        zone = find(zones, snapshot, names.from_text(qname))
        return zone and names.to_text(zone.nodes.origin)


def serve(store, *origins):
    publish(store, dict.fromkeys(origins, "@ NS ns1"))


@pytest.mark.parametrize(
    ("qname", "origin"),
    [
        ("test.", None),
        (".", None),
        ("example.test.", "example.test."),
        ("www.example.test.", "example.test."),
        ("child.example.test.", "child.example.test."),
        ("a.b.c.child.example.test.", "child.example.test."),
        ("xchild.example.test.", "example.test."),
        ("example.", None),
        ("\\007example.test.", None),
        (".".join("a" * 100) + ".example.test.", "example.test."),
    ],
)
def test_a_name_belongs_to_the_closest_zone_above_it(store, qname, origin):
    serve(store, "example.test.", "child.example.test.")
    assert closest(Zones(store), qname) == origin


def test_with_the_root_zone_every_name_belongs_somewhere(store):
    serve(store, ".", "test.")
    zones = Zones(store)
    assert closest(zones, ".") == closest(zones, "example.") == "."
    assert closest(zones, "example.test.") == "test."


@pytest.mark.parametrize(
    ("qname", "origin"),
    [
        ("child.example.test.", "example.test."),
        ("www.child.example.test.", "child.example.test."),
        ("a.b.example.test.", "example.test."),
        ("example.test.", "example.test."),
        ("other.test.", None),
    ],
)
def test_ds_belongs_to_the_parent_if_we_have_any(store, qname, origin):
    serve(store, "example.test.", "child.example.test.", "a.b.example.test.")
    assert closest(Zones(store), qname, Zones.closest_parent_side) == origin


def test_ds_of_the_root_and_of_a_top_level_domain_are_the_roots(store):
    serve(store, ".", "test.")
    zones = Zones(store)
    assert closest(zones, ".", Zones.closest_parent_side) == "."
    assert closest(zones, "test.", Zones.closest_parent_side) == "."


def test_the_table_follows_every_publication(store):
    zones = Zones(store)
    assert closest(zones, "example.test.") is None
    serve(store, "example.test.")
    assert closest(zones, "example.test.") == "example.test."
    publish(store, {"example.test.": None, "very.much.longer.example.test.": "@ NS ns1"})
    assert closest(zones, "x.example.test.") is None
    assert closest(zones, "very.much.longer.example.test.") == "very.much.longer.example.test."


def test_slot_and_origin_of_a_zone_come_from_its_row(store):
    origin = names.from_text("test.")
    zones = Zones(store)
    for slot, generated in ((5, False), (9, False), (9, True)):
        version = store.build(origin, [(origin, b"")])
        store.publish({origin: ZoneRow(version, slot, generated=generated)})
        with zones.snapshot() as snapshot:
            zone = zones.closest(snapshot, origin)
            assert (zone.slot, zone.generated) == (slot, generated)


def test_a_zone_that_gets_a_file_is_no_longer_one_the_server_made(store):
    serve(store, "example.test.")
    name = names.from_text("example.test.")
    zones = Zones(store)
    for generated in (True, False):
        with store.snapshot() as snapshot:
            row = snapshot.row(name)
        store.publish({name: row._replace(generated=generated)})
        with zones.snapshot() as snapshot:
            assert zones.closest(snapshot, name).generated is generated


def test_a_table_that_cannot_be_read_is_read_again_next_time(store):
    class Failing:
        def __init__(self):
            self.left = 1

        def snapshot(self):
            snapshot = store.snapshot()
            return FailingSnapshot(snapshot, self) if self.left else snapshot

    class FailingSnapshot:
        def __init__(self, snapshot, owner):
            self.snapshot, self.owner = snapshot, owner
            self.commit_number, self.catalog_serial = snapshot.commit_number, 1

        def rows(self):
            self.owner.left -= 1
            raise StoreError("the disk fails")

        def close(self):
            self.snapshot.close()

    serve(store, "example.test.")
    zones = Zones(Failing())
    with pytest.raises(StoreError):
        zones.snapshot()
    assert closest(zones, "example.test.") == "example.test."
