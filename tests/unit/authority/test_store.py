import resource
import shutil
import subprocess
import sys

import lmdb
import pytest

from dnsd.authority.store import (
    MAX_KEYS_PER_TRANSACTION,
    StoreError,
    ZoneRow,
    open_store,
    verify_store,
)
from dnsd.wire import names

ORIGIN = names.from_text("example.test.")
ROW = ZoneRow(1, 1)


def name(text):
    return names.from_text(text, ORIGIN)


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "zones")
    yield store
    store.close()


def serve(store, nodes, origin=ORIGIN, slot=1):
    """Publish a zone of names and octets; return its version id."""
    version = store.build(origin, nodes)
    store.publish({origin: ZoneRow(version, slot)})
    return version


def served(store, origin=ORIGIN):
    """Return what a reader sees of a zone, as names and octets."""
    with store.snapshot() as snapshot:
        row = snapshot.row(origin)
        return None if row is None else dict(snapshot.version(row, origin).scan())


# Versions and their publication.


def test_a_version_is_seen_when_it_is_published_and_not_before(store):
    version = store.build(ORIGIN, [(ORIGIN, b"one")])
    assert served(store) is None
    store.publish({ORIGIN: ZoneRow(version, 1)})
    assert served(store) == {ORIGIN: b"one"}
    store.build(ORIGIN, [(ORIGIN, b"two")])
    assert served(store) == {ORIGIN: b"one"}


def test_a_snapshot_does_not_see_what_is_published_after_it(store):
    serve(store, [(ORIGIN, b"one")])
    with store.snapshot() as snapshot:
        row = snapshot.row(ORIGIN)
        serve(store, [(ORIGIN, b"two")])
        while store.collect():
            pass
        assert snapshot.row(ORIGIN) == row
        assert snapshot.version(row, ORIGIN).get(ORIGIN) == b"one"
    assert served(store) == {ORIGIN: b"two"}


def test_zones_of_one_publication_appear_together_and_move_the_serial_once(store):
    other = names.from_text("other.test.")
    rows = {
        origin: ZoneRow(store.build(origin, [(origin, b"x")]), slot, b'{"file": "x"}', slot == 2)
        for slot, origin in enumerate((ORIGIN, other), 1)
    }
    with store.snapshot() as snapshot:
        before = snapshot.catalog_serial
    assert store.publish(rows) == before + 1
    with store.snapshot() as snapshot:
        assert snapshot.catalog_serial == before + 1
        assert dict(snapshot.rows()) == rows


def test_every_publication_moves_the_commit_number(store):
    numbers = []
    for octets in (b"one", b"two"):
        serve(store, [(ORIGIN, octets)])
        with store.snapshot() as snapshot:
            numbers.append(snapshot.commit_number)
    assert numbers[0] < numbers[1]


def test_a_zone_ends_with_its_row(store):
    serve(store, [(ORIGIN, b"one"), (name("www"), b"two")])
    store.publish({ORIGIN: None})
    assert served(store) is None
    assert store.collect() == 2
    store.publish({ORIGIN: None})  # once more is no mistake


def test_a_large_zone_in_any_order_comes_out_whole_and_sorted(store):
    count = 2 * MAX_KEYS_PER_TRANSACTION + 10
    nodes = {name(f"h{i * 7919 % count}"): b"%d" % i for i in range(count)}
    serve(store, nodes.items())
    found = served(store)
    assert found == nodes
    assert list(found) == sorted(nodes, key=names.order_key)


def test_the_root_zone_is_a_zone(store):
    serve(store, [(names.ROOT, b"root"), (ORIGIN, b"below")], names.ROOT)
    assert served(store, names.ROOT) == {names.ROOT: b"root", ORIGIN: b"below"}


def test_what_was_published_is_there_after_reopening(tmp_path):
    for octets in (b"one", b"two"):
        store = open_store(tmp_path / "zones")
        version = serve(store, [(ORIGIN, octets)])
        store.close()
    store = open_store(tmp_path / "zones", read_only=True)
    assert served(store) == {ORIGIN: b"two"}
    with store.snapshot() as snapshot:
        assert snapshot.row(ORIGIN).version == version == 2
    store.close()


def test_the_map_grows_when_it_is_full(tmp_path):
    store = open_store(tmp_path / "zones", map_size=1 << 20)
    nodes = {name(f"h{i}"): bytes(1000) for i in range(3000)}
    serve(store, nodes.items())
    assert served(store) == nodes
    assert store.used_octets() > 1 << 20
    store.close()


def test_a_reader_follows_a_map_that_another_process_made_larger(tmp_path):
    path = tmp_path / "zones"
    store = open_store(path, map_size=1 << 20)
    serve(store, [(ORIGIN, b"one")])
    script = f"""
from pathlib import Path
from dnsd.authority.store import ZoneRow, open_store
store = open_store(Path({str(path)!r}), map_size=1 << 24)
origin = {ORIGIN!r}
nodes = [(origin, b"two")] + [(b"\\x04%04d" % i + origin, bytes(1000)) for i in range(3000)]
store.publish({{origin: ZoneRow(store.build(origin, nodes), 1)}})
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    assert len(served(store)) == 3001
    store.close()


# Dead versions.


def test_dead_versions_are_collected_in_slices_and_living_ones_stay(store):
    other = names.from_text("other.test.")
    serve(store, [(other, b"stays")], other)
    for octets in (b"one", b"two", b"three"):
        serve(store, [(ORIGIN, octets), (name("a"), octets), (name("b"), octets)])
    assert [store.collect(4), store.collect(4), store.collect(4)] == [4, 2, 0]
    assert set(served(store).values()) == {b"three"}
    assert served(store, other) == {other: b"stays"}


def test_a_version_on_its_way_is_not_dead_until_it_is_discarded(store):
    first = store.build(ORIGIN, [(ORIGIN, b"first")])
    second = store.build(ORIGIN, [(ORIGIN, b"second")])
    assert store.collect() == 0
    store.discard(second)
    assert store.collect() == 1
    store.publish({ORIGIN: ZoneRow(first, 1)})
    assert served(store) == {ORIGIN: b"first"}


def test_a_version_whose_nodes_fail_leaves_nothing(store):
    def nodes():
        yield ORIGIN, b"one"
        for i in range(MAX_KEYS_PER_TRANSACTION):
            yield name(f"h{i}"), b"x"
        raise RuntimeError("the zone has an error after all")

    with pytest.raises(RuntimeError):
        store.build(ORIGIN, nodes())
    serve(store, [(ORIGIN, b"good")])
    removed = 0
    while count := store.collect():
        removed += count
    assert removed == MAX_KEYS_PER_TRANSACTION
    assert served(store) == {ORIGIN: b"good"}


def test_what_a_killed_writer_left_is_collected_and_its_ids_are_not_used_again(tmp_path):
    store = open_store(tmp_path / "zones")
    left = store.build(ORIGIN, [(name(f"h{i}"), b"x") for i in range(MAX_KEYS_PER_TRANSACTION)])
    store.close()
    store = open_store(tmp_path / "zones")
    assert serve(store, [(ORIGIN, b"good")]) > left
    assert store.collect(10**6) == MAX_KEYS_PER_TRANSACTION
    store.close()


# Finding names.

NAMES = ["@", "a", "b.c.d", "\\000.\\001", "\\001", "*", "x.*.y", "a.long.way.down.here"]


@pytest.fixture
def version(store):
    before = names.from_text("aaa.test.")
    after = names.from_text("zzz.test.")
    for origin in (before, ORIGIN, after):
        serve(store, [(name(text), text.encode()) for text in NAMES] if origin == ORIGIN
              else [(b"\x01x" + origin, b""), (origin, b"")], origin)  # fmt: skip
    with store.snapshot() as snapshot:
        yield snapshot.version(snapshot.row(ORIGIN), ORIGIN)


def test_a_node_is_found_by_its_name_alone(version):
    assert {text: version.get(name(text)) for text in NAMES} == {
        text: text.encode() for text in NAMES
    }
    for text in ("c.d", "d", "aa", "*.a", "\\002", "y", "\\000"):
        assert version.get(name(text)) is None


@pytest.mark.parametrize(
    ("text", "encloser"),
    [
        ("@", "@"),
        ("a", "a"),
        ("aa", "@"),
        ("0", "@"),
        ("zzz", "@"),
        ("x.a", "a"),
        ("x.y.z.a", "a"),
        ("d", "d"),
        ("c.d", "c.d"),
        ("z.c.d", "c.d"),
        ("q.z.b.c.d", "b.c.d"),
        ("cc.d", "d"),
        ("c.dd", "@"),
        ("q.\\001", "\\001"),
        ("\\001.\\001", "\\001"),
        ("\\000.\\000", "@"),
        ("\\002", "@"),
        ("*.y", "*.y"),
        ("q.*.y", "*.y"),
        ("y.y", "y"),
        ("x.x.x.way.down.here", "way.down.here"),
        (".".join("a" * 100), "a"),
    ],
)
def test_the_closest_encloser_is_the_longest_name_that_exists(version, text, encloser):
    assert version.closest_encloser(name(text)) == name(encloser)


@pytest.mark.parametrize(
    ("text", "below"),
    [("@", True), ("a", False), ("d", True), ("c.d", True), ("b.c.d", False), ("\\001", True),
     ("*", False), ("*.y", True), ("q", False), ("her", False), ("\\000.\\001", False)],
)  # fmt: skip
def test_names_below_a_name_are_noticed(version, text, below):
    assert version.has_below(name(text)) is below


def test_neighbours_are_those_of_the_zone_in_canonical_order(version):
    ordered = sorted((name(text) for text in NAMES), key=names.order_key)
    for i, here in enumerate(ordered):
        assert version.neighbours(here) == (ordered[i - 1] if i else None, here)
    assert version.neighbours(name("zzz")) == (ordered[-1], None)
    assert version.neighbours(name("c.d")) == (name("a"), name("b.c.d"))


# What can go wrong with the disk.


def test_a_full_disk_is_said_and_the_old_version_stays(store):
    serve(store, [(ORIGIN, b"old")])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(StoreError, match="the disk is full or fails; free space") as caught:
            serve(store, [(name(f"h{i}"), bytes(1000)) for i in range(500)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not caught.value.rebuild
    assert served(store) == {ORIGIN: b"old"}
    serve(store, [(ORIGIN, b"new")])
    assert served(store) == {ORIGIN: b"new"}


@pytest.mark.root
def test_a_directory_of_somebody_else_is_said(tmp_path):
    open_store(tmp_path / "zones").close()
    script = f"""
import os
from pathlib import Path
from dnsd.authority.store import StoreError, open_store
os.setuid(65534)
for read_only in (False, True):
    try:
        open_store(Path({str(tmp_path / "zones")!r}), read_only=read_only)
    except StoreError as error:
        print(error.rebuild, error)
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.count("False") == done.stdout.count("no permission; let dnsd's user") == 2


def test_a_reader_without_a_store_is_told_who_makes_it(tmp_path):
    with pytest.raises(StoreError, match="there is no store yet"):
        open_store(tmp_path / "zones", read_only=True)


def test_a_path_that_cannot_be_a_store_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "not" / "there"):
        with pytest.raises(StoreError, match="correct state_directory"):
            open_store(path)


def test_address_space_that_is_not_to_be_had_is_halved(tmp_path):
    script = f"""
import resource
from pathlib import Path
from dnsd.authority.store import open_store
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
open_store(Path({str(tmp_path / "zones")!r}))
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def _cut(file, size):
    with file.open("r+b") as stream:
        stream.truncate(size)


def _scribble(file, offset):
    with file.open("r+b") as stream:
        stream.seek(offset)
        stream.write(b"\xa5" * 3000)


@pytest.fixture
def whole(tmp_path):
    """Return the data file of a closed store of some size."""
    store = open_store(tmp_path / "zones")
    serve(store, [(name(f"h{i}"), bytes(100)) for i in range(5000)])
    store.close()
    return tmp_path / "zones" / "data.mdb"


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: _cut(file, 100),
        lambda file: _cut(file, 4096),
        lambda file: _cut(file, 8192),
        lambda file: _cut(file, file.stat().st_size // 2),
        lambda file: _cut(file, file.stat().st_size - 4096),
        lambda file: _scribble(file, 0),
        lambda file: _scribble(file, 4096),
    ],
    ids=["a stump", "one page", "two pages", "half", "one page less", "page 0", "page 1"],
)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_torn_file_is_refused_at_opening(whole, damage, read_only):
    damage(whole)
    with pytest.raises(StoreError, match="move the directory away and reload") as caught:
        open_store(whole.parent, read_only=read_only)
    assert caught.value.rebuild
    assert "\n" not in str(caught.value)


def test_a_file_of_no_octets_is_refused_to_readers_and_begun_anew_by_the_writer(whole):
    _cut(whole, 0)
    with pytest.raises(StoreError) as caught:
        open_store(whole.parent, read_only=True)
    assert caught.value.rebuild
    store = open_store(whole.parent)
    assert served(store) is None
    store.close()


def test_a_damaged_page_in_the_middle_is_found_by_verifying(whole):
    verify_store(whole.parent)
    _scribble(whole, whole.stat().st_size // 2 // 4096 * 4096)
    with pytest.raises(StoreError, match="move the directory away") as caught:
        verify_store(whole.parent)
    assert caught.value.rebuild


def test_a_file_that_is_no_store_is_found_by_verifying(tmp_path, whole):
    verify_store(tmp_path / "none")
    whole.write_bytes(b"hello" * 5000)
    with pytest.raises(StoreError, match="not an LMDB data file"):
        verify_store(whole.parent)


def test_after_the_damaged_directory_is_moved_away_all_is_new(whole):
    _cut(whole, 8192)
    shutil.move(whole.parent, whole.parent.with_name("damaged"))
    store = open_store(whole.parent)
    serve(store, [(ORIGIN, b"again")])
    assert served(store) == {ORIGIN: b"again"}
    store.close()


def test_a_store_of_another_version_is_to_be_built_again(tmp_path):
    path = tmp_path / "zones"
    open_store(path).close()
    environment = lmdb.open(str(path), max_dbs=8)
    with environment.begin(environment.open_db(b"state"), write=True) as transaction:
        transaction.put(b"format", b"dnsd zones 0")
    environment.close()
    with pytest.raises(StoreError, match="another version of dnsd wrote it") as caught:
        open_store(path)
    assert caught.value.rebuild


# NSEC3 records, which stand under hashes.

CHAIN, OTHER_CHAIN = b"\0\0\0", b"\0\1\1s"


def digest(octet):
    return bytes((octet,)) * 20


@pytest.mark.parametrize("origin", [ORIGIN, names.ROOT], ids=["zone", "root"])
def test_hashes_are_found_in_a_circle_and_are_no_names(store, origin):
    apex = [(origin, b"apex"), (names.from_text("zz", origin), b"zz")]
    hashes = [(CHAIN, digest(x), bytes((x,))) for x in (0, 5, 255)]
    hashes.append((OTHER_CHAIN, digest(7), b"other"))
    version = store.build(origin, apex, hashes)
    store.build(origin, apex, [(CHAIN, digest(6), b"another version")])
    store.publish({origin: ZoneRow(version, 1)})
    assert served(store, origin) == dict(apex)
    with store.snapshot() as snapshot:
        zone = snapshot.version(snapshot.row(origin), origin)
        found = [zone.hash_at_or_before(CHAIN, digest(x))[1] for x in (0, 3, 5, 6, 254, 255)]
        assert found == [b"\0", b"\0", b"\5", b"\5", b"\5", b"\xff"]
        for x in (0, 7, 8):  # the only one of its chain is before every hash
            assert zone.hash_at_or_before(OTHER_CHAIN, digest(x)) == (digest(7), b"other")
        assert zone.hash_at_or_before(b"\0\2\0", digest(1)) is None
        assert zone.neighbours(names.from_text("a", origin)) == (origin, apex[1][0])
        assert zone.closest_encloser(names.from_text("a.b.c", origin)) == origin
        assert zone.has_below(origin)


def test_before_the_first_hash_stands_the_last_of_its_own_chain(store):
    hashes = [(CHAIN, digest(x), bytes((x,))) for x in (5, 9)]
    hashes.append((OTHER_CHAIN, digest(7), b"other"))
    store.publish({ORIGIN: ZoneRow(store.build(ORIGIN, [(ORIGIN, b"")], hashes), 1)})
    with store.snapshot() as snapshot:
        zone = snapshot.version(snapshot.row(ORIGIN), ORIGIN)
        assert zone.hash_at_or_before(CHAIN, digest(1)) == (digest(9), b"\x09")


def test_hashes_of_a_dead_version_are_collected_with_it(store):
    serve(store, [])
    store.publish(
        {ORIGIN: ZoneRow(store.build(ORIGIN, [(ORIGIN, b"")], [(CHAIN, digest(1), b"x")]), 1)}
    )
    serve(store, [(ORIGIN, b"new")])
    assert store.collect() == 2
