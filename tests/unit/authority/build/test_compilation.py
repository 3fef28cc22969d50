"""Runs over real files and a real store: what is served afterwards, and what is said."""

import shutil
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dnsd.authority.build.compilation import compile_zones
from dnsd.authority.build.report import CompileRequest, Status
from dnsd.authority.node import Node
from dnsd.authority.serials import LastSerial, Serials
from dnsd.authority.store import StoreError, open_store
from dnsd.source.problems import render
from dnsd.wire import names, rdata

DAY = 86400
NOW = 1772323200  # 2026-03-01 00:00 UTC
TODAY = 2026030100
NS = "'': {type: NS, value: ns1.example.net.}\n"


def zone(*hosts):
    """A zone file with these hosts: name to last octet."""
    return NS + "".join(f"{host}: {{type: A, value: 192.0.2.{i}}}\n" for host, i in hosts)


class Place:
    """A directory of zone files, a store, and the serials."""

    def __init__(self, path):
        self.path = path
        self.zones = path / "zones"
        self.zones.mkdir()
        self.open()

    def open(self):
        self.store = open_store(self.path / "store", map_size=64 << 20)
        self.serials = Serials(self.path / "serials.db")

    def close(self):
        self.store.close()
        self.serials.close()

    def write(self, name, text):
        (self.zones / name).write_text(text)

    def run(self, now=NOW, *, store=None, serials=None, files=(), **options):
        request = CompileRequest(directories=(self.zones,), files=files, **options)
        return compile_zones(request, store or self.store, serials or self.serials, now)

    def served(self):
        """Origin to the records served, the serial in the SOA."""
        found = {}
        with self.store.snapshot() as snapshot:
            for origin, row in snapshot.rows():
                version = snapshot.version(row, origin)
                found[names.to_text(origin)] = [
                    f"{names.to_text(owner)} {rrset.type} {rdata.to_text(rrset.type, octets)}"
                    for owner, node in version.scan()
                    for rrset in Node(node).rrsets(owner)
                    for octets in rrset.rdatas
                ]
        return found

    def serial(self, origin):
        with self.store.snapshot() as snapshot:
            name = names.from_text(origin)
            node = snapshot.version(snapshot.row(name), name).get(name)
            return int.from_bytes(Node(node).rrset(name, 6).rdatas[0][-20:-16], "big")

    def rows(self):
        with self.store.snapshot() as snapshot:
            return {names.to_text(origin): row for origin, row in snapshot.rows()}

    def catalog_serial(self):
        with self.store.snapshot() as snapshot:
            return snapshot.catalog_serial


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.close()


def statuses(report):
    return {report.origin: report.status for report in report.zones}


def said(report, place):
    return render(report.all_problems).replace(str(place.path), "")


def test_a_zone_file_is_served_with_the_soa_the_server_keeps(place):
    place.write("example.test.yaml", zone(("www", 1)))
    report = place.run()
    assert place.served() == {
        "example.test.": [
            "example.test. 2 ns1.example.net.",
            f"example.test. 6 ns1.example.net. hostmaster.example.test. {TODAY} 86400 7200 3600000 3600",
            "www.example.test. 1 192.0.2.1",
        ]
    }
    (only,) = report.zones
    assert (only.status, only.serial, only.records, only.added) == (Status.LOADED, TODAY, 3, 3)
    assert report.catalog_serial == 1
    assert report.is_clean


def test_what_did_not_change_is_left_alone(place):
    place.write("example.test.yaml", zone(("www", 1)))
    place.run()
    before = place.rows()
    report = place.run(NOW + DAY)
    assert statuses(report) == {"example.test.": Status.UNCHANGED}
    assert report.zones[0].serial == TODAY
    assert report.catalog_serial == 1
    assert place.rows() == before


def test_another_comment_is_no_other_content(place):
    place.write("example.test.yaml", zone(("www", 1)))
    place.run()
    before = place.rows()["example.test."]
    place.write("example.test.yaml", "# hello\n" + zone(("www", 1)))
    report = place.run(NOW + DAY)
    assert statuses(report) == {"example.test.": Status.UNCHANGED}
    after = place.rows()["example.test."]
    assert (after.version, after.slot) == (before.version, before.slot)
    assert place.serial("example.test.") == TODAY
    # The file is not read a third time: its digest is in the row now.
    assert after.meta != before.meta
    assert place.run().catalog_serial == 2


def test_the_serial_moves_with_the_content(place):
    for now, host, serial in (
        (NOW, 1, TODAY),
        (NOW, 2, TODAY + 1),
        (NOW, 1, TODAY + 2),
        (NOW + DAY, 2, TODAY + 100),
        (NOW - DAY, 1, TODAY + 101),
    ):
        place.write("example.test.yaml", zone(("www", host)))
        assert place.run(now).zones[0].serial == serial
        assert place.serial("example.test.") == serial


def test_more_than_a_hundred_changes_a_day_go_on_counting(place):
    origin = names.from_text("example.test.")
    place.serials.record({origin: LastSerial(TODAY + 98, b"before")})
    for host, serial in ((1, TODAY + 99), (2, TODAY + 100)):
        place.write("example.test.yaml", zone(("www", host)))
        assert place.run().zones[0].serial == serial


def test_a_serial_survives_the_loss_of_the_store(place):
    for i in range(3):
        place.write("example.test.yaml", zone(("www", i)))
        place.run()
    place.close()
    shutil.rmtree(place.path / "store")
    place.open()
    assert place.run(NOW - DAY).zones[0].serial == TODAY + 2, "the same content"
    place.write("example.test.yaml", zone(("www", 9)))
    assert place.run(NOW - DAY).zones[0].serial == TODAY + 3, "other content"


def test_a_serial_survives_the_loss_of_the_file_of_serials(place):
    for i in range(3):
        place.write("example.test.yaml", zone(("www", i)))
        place.run()
    place.close()
    for file in place.path.glob("serials.db*"):
        file.unlink()
    place.open()
    place.write("example.test.yaml", zone(("www", 9)))
    assert place.run(NOW - DAY).zones[0].serial == TODAY + 3


def test_a_serial_survives_an_old_copy_of_the_file_of_serials(place):
    for i in range(3):
        place.write("example.test.yaml", zone(("www", i)))
        place.run()
    place.serials.record({names.from_text("example.test."): LastSerial(TODAY, b"old")})
    place.write("example.test.yaml", zone(("www", 9)))
    assert place.run().zones[0].serial == TODAY + 3


def test_a_serial_survives_the_removal_of_the_zone(place):
    place.write("example.test.yaml", zone(("www", 1)))
    place.write("other.test.yaml", zone(("www", 1)))
    place.run()
    (place.zones / "example.test.yaml").unlink()
    assert statuses(place.run())["example.test."] is Status.REMOVED
    place.write("example.test.yaml", zone(("www", 2)))
    assert place.run().zones[0].serial == TODAY + 1


def test_a_serial_in_the_file_is_served_as_it_is_and_doubts_are_said(place):
    text = zone() + "www: {type: A, value: 192.0.2.%d}\n"
    soa = "'': [{type: NS, value: ns1.example.net.}, {type: SOA, value: ns1.example.net. h.example.net. %d 2 1 4 5}]\n"
    place.write("example.test.yaml", soa % 7 + "www: {type: A, value: 192.0.2.1}\n")
    assert place.run().zones[0].serial == 7
    place.write("example.test.yaml", soa % 7 + "www: {type: A, value: 192.0.2.2}\n")
    report = place.run()
    assert report.zones[0].serial == 7
    assert [problem.id for problem in report.all_problems] == ["soa-serial-same"]
    place.write("example.test.yaml", soa % 5 + "www: {type: A, value: 192.0.2.2}\n")
    report = place.run()
    assert [problem.id for problem in report.all_problems] == ["soa-serial-back"]
    place.write("example.test.yaml", text % 2)
    assert place.run().zones[0].serial == TODAY, "the kept one goes on from there"


def test_a_broken_file_keeps_the_version_from_before(place):
    place.write("example.test.yaml", zone(("www", 1)))
    place.run()
    before = place.served()
    place.write("example.test.yaml", zone(("www", 1)) + "a: {type: A, value: 192.0.2.256}\n")
    for _ in range(2):
        report = place.run(NOW + DAY)
        assert place.served() == before
        (only,) = report.zones
        assert (only.status, only.serial, only.records) == (Status.KEPT, TODAY, 3)
        assert not report.is_clean
    place.write("example.test.yaml", zone(("www", 2)))
    assert statuses(place.run()) == {"example.test.": Status.LOADED}


def test_a_file_that_broke_so_that_its_zone_cannot_be_told_keeps_that_zone(place):
    place.write("home.yaml", "zone: example.test\nrecords:\n  " + NS)
    place.run()
    place.write("home.yaml", "zone: example.test\nrecords: [\n")
    report = place.run()
    assert statuses(report) == {"example.test.": Status.KEPT}
    assert list(place.served()) == ["example.test."]


def test_a_broken_file_of_a_zone_never_served_serves_nothing(place):
    place.write("example.test.yaml", "www: {type: A, value: 192.0.2.1}\n")
    report = place.run()
    assert statuses(report) == {"example.test.": Status.REFUSED}
    assert report.zones[0].serial is None
    assert report.zones[0].slot == 0
    assert place.served() == {}


def test_files_that_cannot_be_told_to_be_of_any_zone_hurt_no_other(place):
    server = ("ns1.example.net", 53)
    place.write("..yaml", zone(server, ("a", 1)))
    place.run()
    for name in ("a..b.yaml", "c..d.yaml"):
        place.write(name, zone())
    place.write("..yaml", zone(server, ("a", 2)))
    report = place.run()
    assert [problem.id for problem in report.all_problems] == ["zone-file-name"] * 2
    assert [(one.origin, one.status) for one in report.zones] == [
        ("", Status.REFUSED), ("", Status.REFUSED), (".", Status.LOADED),
    ]  # fmt: skip
    assert "a. 1 192.0.2.2" in place.served()["."]


def test_all_zones_that_changed_become_visible_at_once(place):
    for i in range(5):
        place.write(f"zone{i}.test.yaml", zone(("www", 1)))
    assert place.run().catalog_serial == 1
    for i in range(4):
        place.write(f"zone{i}.test.yaml", zone(("www", 2)))
    (place.zones / "zone4.test.yaml").unlink()
    place.write("zone5.test.yaml", zone(("www", 2)))
    assert place.run().catalog_serial == 2
    assert len(place.served()) == 5


def test_one_bad_zone_does_not_keep_the_others_back(place):
    place.write("bad.test.yaml", "x: [\n")
    place.write("good.test.yaml", zone(("www", 1)))
    assert statuses(place.run()) == {"bad.test.": Status.REFUSED, "good.test.": Status.LOADED}


def test_two_files_for_one_zone_are_an_error_of_both(place):
    place.write("a.yaml", "zone: example.test\nrecords:\n  " + NS)
    place.write("b.yaml", "zone: EXAMPLE.test.\nrecords:\n  " + NS)
    report = place.run()
    assert said(report, place) == (
        "/zones/a.yaml: zone-twice: example.test. is also in /zones/b.yaml\n"
        "    expected: one file a zone\n"
        "/zones/b.yaml: zone-twice: example.test. is also in /zones/a.yaml\n"
        "    expected: one file a zone\n"
        "2 errors, 0 warnings"
    )
    assert [zone.status for zone in report.zones] == [Status.REFUSED] * 2
    assert place.served() == {}
    (place.zones / "b.yaml").unlink()
    assert statuses(place.run()) == {"example.test.": Status.LOADED}


def test_a_second_file_for_a_served_zone_changes_nothing(place):
    place.write("example.test.yaml", zone(("www", 1)))
    place.run()
    before = place.served()
    place.write("copy.yaml", "zone: example.test\nrecords:\n  " + NS)
    report = place.run()
    assert [zone.status for zone in report.zones] == [Status.KEPT] * 2
    assert place.served() == before


def test_two_files_for_one_reverse_zone_are_an_error_as_well(place):
    place.write("2.0.192.in-addr.arpa.yaml", NS)
    place.write("copy.yaml", "zone: 2.0.192.in-addr.arpa\nrecords:\n  " + NS)
    assert [zone.status for zone in place.run().zones] == [Status.REFUSED] * 2


HOSTS = [(f"h{i}", i) for i in range(18)]


def test_a_change_that_deletes_much_asks_for_force(place):
    place.write("example.test.yaml", zone(*HOSTS))
    place.run()
    place.write("example.test.yaml", zone(*HOSTS[:9]))
    report = place.run(max_deletion_share=0.3)
    assert said(report, place) == (
        "/zones/example.test.yaml: deletion-share: 9 of 20 records would go away; "
        "the version from before is kept\n"
        "    expected: at most 30% of a zone at once (authority.max_deletion_share)\n"
        "    hint: dnsd zone reload --force\n"
        "1 error, 0 warnings"
    )
    assert statuses(report) == {"example.test.": Status.KEPT}
    assert len(place.served()["example.test."]) == 20
    assert statuses(place.run(max_deletion_share=0.3)) == {"example.test.": Status.KEPT}
    assert statuses(place.run(max_deletion_share=0.3, force=True)) == {
        "example.test.": Status.LOADED
    }
    assert len(place.served()["example.test."]) == 11


def test_a_change_that_replaces_everything_deletes_nothing(place):
    place.write("example.test.yaml", zone(*HOSTS))
    place.run()
    place.write("example.test.yaml", zone(*((host, i + 100) for host, i in HOSTS)))
    report = place.run(max_deletion_share=0.0)
    assert statuses(report) == {"example.test.": Status.LOADED}
    assert (report.zones[0].added, report.zones[0].removed) == (19, 19)  # hosts and the SOA


def test_a_zone_whose_file_is_gone_is_removed_and_said(place):
    for name in ("a", "b"):
        place.write(f"{name}.test.yaml", zone(("www", 1)))
    place.run()
    (place.zones / "a.test.yaml").unlink()
    report = place.run(max_deletion_share=0.3)
    assert statuses(report) == {"a.test.": Status.REMOVED, "b.test.": Status.UNCHANGED}
    assert report.zones[0].slot > 0
    assert list(place.served()) == ["b.test."]


def test_the_last_zone_is_not_removed_without_force(place):
    place.write("a.test.yaml", zone(("www", 1)))
    place.run()
    (place.zones / "a.test.yaml").unlink()
    report = place.run()
    assert said(report, place) == (
        "/zones/a.test.yaml: zone-file-gone: the files of 1 of 1 zones are gone; the zone is kept\n"
        "    expected: files for some zones, at most 100% gone at once "
        "(authority.max_deletion_share)\n"
        "    hint: dnsd zone reload --force\n"
        "1 error, 0 warnings"
    )
    assert list(place.served()) == ["a.test."]
    assert statuses(place.run(force=True)) == {"a.test.": Status.REMOVED}
    assert place.served() == {}


def test_many_zones_are_not_removed_without_force(place):
    for i in range(10):
        place.write(f"zone{i}.test.yaml", zone(("www", 1)))
    place.run()
    for i in range(4):
        (place.zones / f"zone{i}.test.yaml").unlink()
    report = place.run(max_deletion_share=0.3)
    assert list(statuses(report).values()) == [Status.KEPT] * 4 + [Status.UNCHANGED] * 6
    assert len(place.served()) == 10
    place.write("zone0.test.yaml", zone(("www", 1)))
    assert Status.KEPT not in statuses(place.run(max_deletion_share=0.3)).values()
    assert len(place.served()) == 7


def test_a_directory_that_is_gone_keeps_its_zones(place):
    for name in ("a", "b"):
        place.write(f"{name}.test.yaml", zone(("www", 1)))
    other = place.path / "c.test.yaml"
    other.write_text(zone(("www", 1)))
    place.run(files=(other,))
    place.zones.rename(place.path / "elsewhere")
    report = place.run(files=(other,), force=True)
    assert said(report, place) == (
        "/zones: zone-unreadable: no such file or directory\n"
        "    expected: a directory that dnsd may read\n"
        "1 error, 0 warnings"
    )
    assert statuses(report) == {
        "a.test.": Status.KEPT,
        "b.test.": Status.KEPT,
        "c.test.": Status.UNCHANGED,
    }
    assert len(place.served()) == 3


def test_a_single_file_that_is_not_there_is_an_error(place):
    report = place.run(files=(place.path / "none.test.yaml",))
    assert statuses(report) == {"none.test.": Status.REFUSED}


def test_a_dry_run_tells_the_changes_and_makes_none(place):
    place.write("example.test.yaml", zone(("a", 1), ("b", 2)))
    place.write("gone.test.yaml", zone())
    place.run()
    before = place.rows()
    place.write("example.test.yaml", zone(("a", 1), ("b", 3)))
    place.write("new.test.yaml", zone())
    (place.zones / "gone.test.yaml").unlink()
    report = place.run(NOW + DAY, dry_run=True)
    assert statuses(report) == {
        "example.test.": Status.LOADED,
        "gone.test.": Status.REMOVED,
        "new.test.": Status.LOADED,
    }
    soa = "ns1.example.net. hostmaster.example.test."
    assert report.zones[0].changes == (
        f"- example.test. 3600 IN SOA {soa} {TODAY} 86400 7200 3600000 3600",
        f"+ example.test. 3600 IN SOA {soa} {TODAY + 100} 86400 7200 3600000 3600",
        "- b.example.test. 3600 IN A 192.0.2.2",
        "+ b.example.test. 3600 IN A 192.0.2.3",
    )
    assert len(report.zones[2].changes) == 2
    assert report.dry_run
    assert place.rows() == before
    assert place.catalog_serial() == 1
    assert place.serials.last(names.from_text("new.test.")) is None


def test_a_run_without_a_store_checks_files_alone(place):
    place.write("good.test.yaml", zone(("www", 1)))
    place.write("bad.test.yaml", "x: [\n")
    report = compile_zones(CompileRequest(directories=(place.zones,)), None, None, NOW)
    assert statuses(report) == {"bad.test.": Status.REFUSED, "good.test.": Status.LOADED}
    assert place.served() == {}


def test_included_files_belong_to_the_zone(place):
    place.write("example.test.yaml", NS + "www: !include parts/www.yaml\n")
    (place.zones / "parts").mkdir()
    part = place.zones / "parts" / "www.yaml"
    part.write_text("{type: A, value: 192.0.2.1}\n")
    place.run()
    assert statuses(place.run()) == {"example.test.": Status.UNCHANGED}
    part.write_text("{type: A, value: 192.0.2.2}\n")
    assert statuses(place.run()) == {"example.test.": Status.LOADED}


def test_a_split_zone_notices_files_that_come_and_go(place):
    split = place.zones / "example.test."
    split.mkdir()
    (split / "$example.test.yaml").write_text(NS)
    (split / "www.yaml").write_text("www: {type: A, value: 192.0.2.1}\n")
    assert statuses(place.run()) == {"example.test.": Status.LOADED}
    assert statuses(place.run()) == {"example.test.": Status.UNCHANGED}
    (split / "ftp.yaml").write_text("ftp: {type: A, value: 192.0.2.1}\n")
    assert statuses(place.run()) == {"example.test.": Status.LOADED}
    (split / "ftp.yaml").unlink()
    assert statuses(place.run()) == {"example.test.": Status.LOADED}
    assert len(place.served()["example.test."]) == 3


def test_slots_are_stable_and_each_zone_has_its_own(place):
    for i in range(50):
        place.write(f"zone{i}.test.yaml", zone(("www", 1)))
    before = {zone.origin: zone.slot for zone in place.run().zones}
    assert len(set(before.values())) == 50
    assert all(1 <= slot <= 4095 for slot in before.values())
    place.write("zone7.test.yaml", zone(("www", 2)))
    assert {zone.origin: zone.slot for zone in place.run().zones} == before


class FailingStore:
    """A store whose disk is full when the calls allowed are used up."""

    def __init__(self, store, calls):
        self._store = store
        self._calls = calls

    def __getattr__(self, name):
        return getattr(self._store, name)

    def _use(self):
        if not self._calls:
            raise StoreError("zone store: the disk is full or fails; free space on it")
        self._calls -= 1

    def build(self, origin, nodes, hashes=()):
        version = self._store.build(origin, nodes)
        self._use()
        return version

    def publish(self, rows, amended=()):
        self._use()
        return self._store.publish(rows, amended)


def test_a_full_disk_keeps_every_zone_it_has_no_room_for(place):
    for name in ("a", "b", "c"):
        place.write(f"{name}.test.yaml", zone(("www", 1)))
    place.run()
    before = place.served()
    for name in ("a", "b", "d"):
        place.write(f"{name}.test.yaml", zone(("www", 2)))
    report = place.run(store=FailingStore(place.store, 0))
    assert statuses(report) == {
        "a.test.": Status.KEPT,
        "b.test.": Status.KEPT,
        "c.test.": Status.UNCHANGED,
        "d.test.": Status.REFUSED,
    }
    assert {problem.id for problem in report.all_problems} == {"zone-store"}
    assert place.served() == before
    assert statuses(place.run())["d.test."] is Status.LOADED


def test_a_publication_that_fails_changes_nothing(place):
    for name in ("a", "b", "c"):
        place.write(f"{name}.test.yaml", zone(("www", 1)))
    place.run()
    before = place.served()
    place.write("a.test.yaml", zone(("www", 2)))
    (place.zones / "b.test.yaml").unlink()
    report = place.run(store=FailingStore(place.store, 1))
    assert statuses(report) == {
        "a.test.": Status.KEPT,
        "b.test.": Status.KEPT,
        "c.test.": Status.UNCHANGED,
    }
    assert [problem.id for problem in report.problems] == ["zone-store"]
    assert report.catalog_serial == 1
    assert place.served() == before
    again = place.run()
    assert statuses(again)["a.test."] is Status.LOADED
    assert again.zones[0].serial == TODAY + 1, "recorded, never served, and still the next"


class FailingSerials(Serials):
    def record(self, rows):
        raise StoreError("serials.db: database or disk is full")


def test_serials_that_cannot_be_recorded_publish_nothing(place):
    place.write("a.test.yaml", zone(("www", 1)))
    with FailingSerials(place.path / "serials.db") as serials:
        report = place.run(serials=serials)
    assert statuses(report) == {"a.test.": Status.REFUSED}
    assert place.served() == {}


def test_a_store_that_cannot_be_read_is_one_problem(place):
    place.write("a.test.yaml", zone(("www", 1)))

    class Unreadable:
        path = Path("/store")

        def snapshot(self):
            raise StoreError("zone store /store: damaged")

    report = place.run(store=Unreadable())
    assert report.zones == ()
    assert render(report.problems) == (
        "/store: zone-store: zone store /store: damaged\n1 error, 0 warnings"
    )


class Died(BaseException):
    pass


def test_a_run_that_dies_leaves_nothing_to_see(place):
    place.write("a.test.yaml", zone(("www", 1)))
    place.run()
    before = place.served()
    place.write("a.test.yaml", zone(*((f"h{i}", i % 200) for i in range(2500))))

    class Dying:
        def __getattr__(self, name):
            return getattr(place.store, name)

        def build(self, origin, nodes, hashes=()):
            def until_half():
                for i, node in enumerate(nodes):
                    if i == 2200:  # the first transaction is on disk
                        raise Died
                    yield node

            return place.store.build(origin, until_half())

    with pytest.raises(Died):
        place.run(store=Dying())
    assert place.served() == before
    place.close()
    place.open()
    assert place.served() == before
    assert statuses(place.run()) == {"a.test.": Status.LOADED}
    while place.store.collect():
        pass
    assert len(place.served()["a.test."]) == 2502


class Reloads(RuleBasedStateMachine):
    """Whatever happens to files and disk, each zone is served whole, as it was good last."""

    zones = st.sampled_from(["a.test", "b.test", "c.test"])

    @initialize()
    def begin(self):
        import tempfile

        self.directory = tempfile.TemporaryDirectory()
        self.place = Place(Path(self.directory.name))
        self.good = {}
        self.files = {}
        self.served = {}

    @rule(name=zones, octet=st.integers(1, 9), hosts=st.integers(0, 3))
    def write_good(self, name, octet, hosts):
        self.place.write(f"{name}.yaml", zone(*((f"h{i}", octet) for i in range(hosts))))
        self.files[name] = {f"h{i}.{name}. 1 192.0.2.{octet}" for i in range(hosts)}

    @rule(name=zones, text=st.sampled_from(["x: [", "www: {type: A}", "x: !!y z", ""]))
    def write_broken(self, name, text):
        self.place.write(f"{name}.yaml", text)
        self.files[name] = None

    @rule(name=zones)
    def remove(self, name):
        (self.place.zones / f"{name}.yaml").unlink(missing_ok=True)
        self.files.pop(name, None)

    @rule()
    def reload(self):
        self.place.run(force=True)
        for name in list(self.served):
            if name not in self.files:
                del self.served[name]
        self.served |= {name: hosts for name, hosts in self.files.items() if hosts is not None}

    @rule()
    def reload_with_a_full_disk(self):
        self.place.run(force=True, store=FailingStore(self.place.store, 0))

    @rule()
    def restart(self):
        self.place.close()
        self.place.open()

    @rule()
    def collect(self):
        while self.place.store.collect():
            pass

    @invariant()
    def every_zone_is_whole(self):
        if not hasattr(self, "place"):
            return
        found = {
            origin[:-1]: {line for line in lines if " 1 192" in line}
            for origin, lines in self.place.served().items()
        }
        assert found == self.served

    def teardown(self):
        if hasattr(self, "place"):
            self.place.close()
            self.directory.cleanup()


TestReloads = Reloads.TestCase
TestReloads.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
