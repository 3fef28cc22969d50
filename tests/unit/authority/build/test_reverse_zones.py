"""Reverse zones over several runs: made, changed, taken over, given up."""

import pytest

from dnsd.authority.build.compilation import compile_zones
from dnsd.authority.build.report import CompileRequest, Status
from dnsd.authority.node import Node
from dnsd.authority.serials import Serials
from dnsd.authority.store import open_store
from dnsd.wire import names, rdata

NOW = 1772323200  # 2026-03-01 00:00 UTC
TODAY = 2026030100
R24 = "2.0.192.in-addr.arpa."


def forward(name, hosts, reverse="auto"):
    lines = [f"zone: {name}", f"reverse: {reverse}", "records:"]
    lines.append(f"  '': {{type: NS, value: ns1.{name}.}}")
    lines += [f"  {host}: {{type: A, value: {address}}}" for host, address in hosts.items()]
    return "\n".join(lines) + "\n"


EXAMPLE = forward("example.test", {"ns1": "192.0.2.53", "www": "192.0.2.1"})


@pytest.fixture
def place(tmp_path):
    class Place:
        zones = tmp_path / "zones"
        store = open_store(tmp_path / "store", map_size=64 << 20)
        serials = Serials(tmp_path / "serials.db")

        def write(self, name, text):
            (self.zones / name).write_text(text)

        def remove(self, name):
            (self.zones / name).unlink()

        def run(self, **options):
            request = CompileRequest(directories=(self.zones,), **options)
            report = compile_zones(request, self.store, self.serials, NOW)
            return {(zone.origin, zone.generated): zone for zone in report.zones}

        def pointers(self, origin=R24):
            name = names.from_text(origin)
            with self.store.snapshot() as snapshot:
                row = snapshot.row(name)
                if row is None:
                    return None
                return {
                    names.relative_text(owner, name): sorted(
                        rdata.to_text(12, octets) for octets in rrset.rdatas
                    )
                    for owner, octets in snapshot.version(row, name).scan()
                    if (rrset := Node(octets).rrset(owner, 12))
                }

        def catalog_serial(self):
            with self.store.snapshot() as snapshot:
                return snapshot.catalog_serial

    made = Place()
    made.zones.mkdir()
    yield made
    made.store.close()
    made.serials.close()


def test_a_forward_zone_makes_its_reverse_zone_in_the_same_publication(place):
    place.write("example.test.yaml", EXAMPLE)
    found = place.run()
    assert found[R24, True].status is Status.LOADED
    assert found[R24, True].serial == TODAY
    assert found[R24, True].file.endswith("example.test.yaml")
    assert place.pointers() == {"53": ["ns1.example.test."], "1": ["www.example.test."]}
    assert place.catalog_serial() == 1


def test_without_a_change_nothing_is_made_again(place):
    place.write("example.test.yaml", EXAMPLE)
    place.run()
    found = place.run()
    assert {zone.status for zone in found.values()} == {Status.UNCHANGED}
    assert place.catalog_serial() == 1


def test_a_change_of_addresses_changes_the_reverse_zone(place):
    place.write("example.test.yaml", EXAMPLE)
    place.run()
    place.write("example.test.yaml", EXAMPLE.replace("192.0.2.1}", "192.0.2.2}"))
    found = place.run()
    assert found[R24, True].serial == TODAY + 1
    assert place.pointers() == {"53": ["ns1.example.test."], "2": ["www.example.test."]}


def test_a_change_of_nothing_that_matters_leaves_the_reverse_zone_alone(place):
    place.write("example.test.yaml", EXAMPLE)
    place.run()
    place.write("example.test.yaml", EXAMPLE + "  t: {type: TXT, value: x}\n")
    found = place.run()
    assert found["example.test.", False].status is Status.LOADED
    assert found[R24, True].status is Status.UNCHANGED


def test_two_forward_zones_share_a_reverse_zone(place):
    place.write("example.test.yaml", EXAMPLE)
    place.write("other.test.yaml", forward("other.test", {"ns1": "192.0.2.1"}))
    place.run()
    assert place.pointers() == {
        "53": ["ns1.example.test."],
        "1": ["ns1.other.test.", "www.example.test."],
    }
    # The one that is not read again gives what it is served with.
    place.write("other.test.yaml", forward("other.test", {"ns1": "192.0.2.7"}))
    place.run()
    assert place.pointers() == {
        "53": ["ns1.example.test."],
        "1": ["www.example.test."],
        "7": ["ns1.other.test."],
    }


def test_a_broken_forward_zone_keeps_its_pointers(place):
    place.write("example.test.yaml", EXAMPLE)
    place.write("other.test.yaml", forward("other.test", {"ns1": "192.0.2.7"}))
    place.run()
    place.write("example.test.yaml", EXAMPLE + "  x: {type: A}\n")
    place.write("other.test.yaml", forward("other.test", {"ns1": "192.0.2.8"}))
    found = place.run()
    assert found["example.test.", False].status is Status.KEPT
    assert set(place.pointers()) == {"53", "1", "8"}


def test_a_forward_zone_that_goes_takes_its_reverse_zone_with_it(place):
    place.write("example.test.yaml", EXAMPLE)
    place.write("other.test.yaml", forward("other.test", {"ns1": "198.51.100.1"}))
    place.run()
    place.remove("example.test.yaml")
    found = place.run()
    assert found[R24, True].status is Status.REMOVED
    assert place.pointers() is None
    assert place.pointers("100.51.198.in-addr.arpa.") == {"1": ["ns1.other.test."]}


def test_a_reverse_file_that_goes_gives_back_also_beside_a_zone_that_was_made(place):
    place.write(
        "example.test.yaml",
        forward("example.test", {"ns1": "192.0.2.53", "www": "198.51.100.1"}),
    )
    place.write("2.0.192.in-addr.arpa.yaml", FILE)
    place.run()
    assert place.pointers("100.51.198.in-addr.arpa.") == {"1": ["www.example.test."]}
    place.remove("2.0.192.in-addr.arpa.yaml")
    place.run()
    assert place.pointers() == {"53": ["ns1.example.test."]}


def test_a_forward_zone_that_no_longer_asks_takes_it_back(place):
    place.write("example.test.yaml", EXAMPLE)
    place.run()
    place.write("example.test.yaml", EXAMPLE.replace("reverse: auto\n", ""))
    found = place.run()
    assert found[R24, True].status is Status.REMOVED
    assert list(place.run()) == [("example.test.", False)]


def test_networks_choose_which_addresses_count(place):
    hosts = {"ns1": "192.0.2.53", "www": "198.51.100.1"}
    place.write("example.test.yaml", forward("example.test", hosts, "{networks: [192.0.2.0/24]}"))
    place.run()
    assert place.pointers() == {"53": ["ns1.example.test."]}
    assert place.pointers("100.51.198.in-addr.arpa.") is None
    # The same from the store, when only a file of a reverse zone changes.
    place.write("2.0.192.in-addr.arpa.yaml", "'': {type: NS, value: ns1.example.test.}\n")
    place.run()
    assert place.pointers() == {"53": ["ns1.example.test."]}


FILE = "'': {type: NS, value: ns1.example.net.}\n'1': {type: PTR, value: written.test.}\n"


def test_a_reverse_zone_with_a_file_takes_the_pointers_and_its_own_win(place):
    place.write("example.test.yaml", EXAMPLE)
    place.write("2.0.192.in-addr.arpa.yaml", FILE)
    found = place.run()
    assert (R24, True) not in found
    assert place.pointers() == {"53": ["ns1.example.test."], "1": ["written.test."]}


def test_a_change_of_the_forward_zone_reaches_a_reverse_zone_whose_file_stayed(place):
    place.write("example.test.yaml", EXAMPLE)
    place.write("2.0.192.in-addr.arpa.yaml", FILE)
    place.run()
    place.write("example.test.yaml", EXAMPLE.replace("192.0.2.53", "192.0.2.54"))
    found = place.run()
    assert found[R24, False].status is Status.LOADED
    assert place.pointers() == {"54": ["ns1.example.test."], "1": ["written.test."]}
    assert {zone.status for zone in place.run().values()} == {Status.UNCHANGED}


def test_a_file_takes_over_from_the_zone_that_was_made_and_gives_back(place):
    place.write("example.test.yaml", EXAMPLE)
    place.run()
    place.write("2.0.192.in-addr.arpa.yaml", FILE)
    found = place.run()
    assert [key for key in found if key[0] == R24] == [(R24, False)]
    assert found[R24, False].serial == TODAY + 1
    assert place.pointers()["1"] == ["written.test."]
    place.remove("2.0.192.in-addr.arpa.yaml")
    found = place.run()
    assert [key for key in found if key[0] == R24] == [(R24, True)], "it was served throughout"
    assert found[R24, True].status is Status.LOADED
    assert found[R24, True].serial == TODAY + 2
    assert place.pointers()["1"] == ["www.example.test."]


def test_a_file_that_says_what_the_server_made_makes_it_the_zone_of_that_file(place):
    place.write("example.test.yaml", EXAMPLE)
    place.run()
    made = place.run()[R24, True]
    same = (
        "soa: {primary: ns1.example.test, hostmaster: hostmaster@example.test}\n"
        "records: {'': {type: NS, value: ns1.example.test.}}\n"
    )
    place.write("2.0.192.in-addr.arpa.yaml", same)
    place.run()
    with place.store.snapshot() as snapshot:
        row = snapshot.row(names.from_text(R24))
    assert (row.generated, place.run()[R24, False].serial) == (False, made.serial)


def test_a_broken_reverse_file_keeps_its_zone_and_catches_up_later(place):
    place.write("example.test.yaml", EXAMPLE)
    place.write("2.0.192.in-addr.arpa.yaml", FILE)
    place.run()
    place.write("2.0.192.in-addr.arpa.yaml", FILE + "'2': {type: PTR}\n")
    place.write("example.test.yaml", EXAMPLE.replace("192.0.2.53", "192.0.2.54"))
    found = place.run()
    assert found[R24, False].status is Status.KEPT
    assert set(place.pointers()) == {"53", "1"}
    place.write("2.0.192.in-addr.arpa.yaml", FILE)
    place.run()
    assert set(place.pointers()) == {"54", "1"}


def test_pointers_of_a_reverse_zone_that_was_kept_come_when_its_file_is_as_before(place):
    """The file's digest is the old one again, but what forward zones give is not."""
    place.write("example.test.yaml", EXAMPLE)
    place.write("2.0.192.in-addr.arpa.yaml", FILE)
    place.run()
    place.write("2.0.192.in-addr.arpa.yaml", "x: [\n")
    place.write("example.test.yaml", EXAMPLE.replace("192.0.2.53", "192.0.2.54"))
    place.run()
    place.write("2.0.192.in-addr.arpa.yaml", FILE)
    assert place.run()[R24, False].status is Status.LOADED
    assert set(place.pointers()) == {"54", "1"}


def test_pointers_that_go_with_their_forward_zone_ask_for_no_force(place):
    hosts = {f"h{i}": f"192.0.2.{i}" for i in range(20)} | {"ns1": "192.0.2.53"}
    place.write("example.test.yaml", forward("example.test", hosts))
    place.write("2.0.192.in-addr.arpa.yaml", FILE)
    place.run()
    place.write("example.test.yaml", forward("example.test", {"ns1": "192.0.2.53"}))
    found = place.run(max_deletion_share=0.1)
    assert found["example.test.", False].status is Status.KEPT
    assert found[R24, False].status is Status.UNCHANGED
    found = place.run(max_deletion_share=0.1, force=True)
    assert found[R24, False].status is Status.LOADED
    assert set(place.pointers()) == {"53", "1"}


def test_a_dry_run_shows_the_reverse_zones_too(place):
    place.write("example.test.yaml", EXAMPLE)
    found = place.run(dry_run=True)
    assert "+ 1.2.0.192.in-addr.arpa. 3600 IN PTR www.example.test." in found[R24, True].changes
    assert place.pointers() is None


def test_ipv6_addresses_go_into_a_64(place):
    place.write(
        "example.test.yaml",
        EXAMPLE + "  v6: {type: AAAA, value: '2001:db8::1'}\n",
    )
    place.run()
    origin = "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."
    assert place.pointers(origin) == {"1" + ".0" * 15: ["v6.example.test."]}


def test_a_large_reverse_file_is_read_again_rather_than_held(place, monkeypatch):
    monkeypatch.setattr("dnsd.authority.build.compilation._MAX_HELD_RECORDS", 1)
    place.write("example.test.yaml", EXAMPLE)
    place.write("2.0.192.in-addr.arpa.yaml", FILE)
    assert place.run()[R24, False].status is Status.LOADED
    assert place.pointers() == {"53": ["ns1.example.test."], "1": ["written.test."]}
    assert {zone.status for zone in place.run().values()} == {Status.UNCHANGED}
