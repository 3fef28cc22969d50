"""Import and export: what goes in comes out, and nothing is overwritten."""

import pytest

from dnsd.authority.zonefile.master_file import read_master
from dnsd.authority.zonefile.yaml_zone import read_zone
from dnsd.cli.zone_files import _take_soa, wrapped_form
from dnsd.wire import names, rdata

ZONE = """\
zone: example.test
soa: {primary: ns1.example.test., hostmaster: root@example.test, refresh: 1h}
reverse: {networks: [192.0.2.0/24]}
silence: [ns-single]
records:
  '':
    - {type: NS, values: [ns1.example.test., ns2.example.test.]}
    - {type: TXT, value: 'v=spf1 -all; no'}
  ns1: {type: A, value: 192.0.2.53}
  ns2: {type: A, value: 192.0.2.54, ttl: 5m}
"""

MASTER = """\
$ORIGIN example.test.
$TTL 1h
@ 300 IN SOA ns1 root 2024010101 7200 900 1209600 60
@ IN NS ns1
@ IN NS ns2
ns1 IN A 192.0.2.53
ns2 IN A 192.0.2.54
"""

IMPORTED = """\
zone: example.test.
soa:
  primary: ns1.example.test.
  hostmaster: root.example.test.
  refresh: 7200
  retry: 900
  expire: 1209600
  minimum: 60
  ttl: 300
records:
  '':
    type: NS
    values:
    - ns1.example.test.
    - ns2.example.test.
  ns1:
    type: A
    value: 192.0.2.53
  ns2:
    type: A
    value: 192.0.2.54
"""


def test_names_that_mean_something_to_yaml_are_quoted(tmp_path):
    origin = names.from_text(r"*.x\'y.test.")
    draft = read_master(r"@ 60 SOA &a h\.i.b 1 2 3 4 5" "\n@ 60 NS !ns\n", origin, "db")
    soa = _take_soa(draft)
    draft.silenced = frozenset({"a: b"})
    path = tmp_path / "zone.yaml"
    path.write_text(wrapped_form(draft))
    again = read_zone(path, tmp_path)
    assert again.problems == []
    assert (again.origin, again.silenced) == (origin, draft.silenced)
    assert [again.soa.primary, again.soa.hostmaster] == rdata.names_in(soa.type, soa.rdata)
    assert [record.rdata for record in again.records] == [record.rdata for record in draft.records]


@pytest.fixture
def zone(directory):
    (directory / "zones" / "other.test.yaml").write_text("records: {'': {type: NS, value: a.b.}}\n")
    (directory / "zones" / "mine.yaml").write_text(ZONE)


@pytest.fixture(autouse=True)
def _fixed_day(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1772323200.0)  # 2026-03-01


def test_a_master_file_becomes_a_yaml_zone(run, directory):
    (directory / "db.example").write_text(MASTER)
    result = run("zone", "import", "db.example", "--origin", "example.test")
    assert (result.exit_code, result.stdout, result.stderr) == (0, IMPORTED, "")


def test_a_master_file_may_come_on_standard_input(run):
    result = run("zone", "import", "-", "--origin", "example.test", stdin=MASTER)
    assert (result.exit_code, result.stdout) == (0, IMPORTED)


def test_an_import_never_overwrites(run, directory):
    (directory / "db.example").write_text(MASTER)
    words = ("zone", "import", "db.example", "--origin", "example.test", "-o", "zones/e.yaml")
    first = run(*words)
    assert (first.exit_code, first.stdout) == (0, "zones/e.yaml: 4 records\n")
    (directory / "zones" / "e.yaml").write_text("mine\n")
    second = run(*words)
    assert second.exit_code == 1
    assert second.stderr == "Error: zones/e.yaml is there already\n"
    assert [path.name for path in (directory / "zones").iterdir()] == ["e.yaml"]
    assert (directory / "zones" / "e.yaml").read_text() == "mine\n"


def test_what_was_imported_is_served_without_a_problem(run, directory):
    (directory / "zones" / "example.test.yaml").write_text(IMPORTED)
    assert run("check").stdout == "1 zone, no problem\n"


def test_a_serial_ahead_of_ours_is_told(run):
    text = MASTER.replace("2024010101", "2030010101")
    result = run("zone", "import", "-", "--origin", "example.test", stdin=text)
    assert result.exit_code == 0
    assert result.stderr == (
        "The server begins with serial 2026030100, which is below 2030010101: "
        "have secondaries transfer the zone anew.\n"
    )


def test_a_broken_master_file_gives_a_report_and_no_zone(run):
    text = MASTER + "www IN A 192.0.2.256\nns1 IN CNAME ns2\n"
    result = run("zone", "import", "-", "--origin", "example.test", stdin=text)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "standard input:8:" in result.stderr
    assert "standard input:9:" in result.stderr
    assert result.stderr.endswith("errors, 0 warnings\n")


def test_a_zone_is_exported_with_the_soa_it_would_have(run, zone):
    result = run("zone", "export", "example.test")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:2] == [
        "$ORIGIN example.test.",
        "@                        3600    IN SOA      ns1.example.test. root.example.test. 2026030100 3600 7200 3600000 3600",
    ]  # fmt: skip
    assert "\nns2                      300     IN A        192.0.2.54\n" in result.stdout


def test_a_zone_that_is_served_is_exported_with_its_serial(run, zone, daemon):
    daemon.answers["GET /zones/example.test."] = 200, {"serial": 2025123199}
    assert " 2025123199 3600 7200 " in run("zone", "export", "example.test.").stdout


def test_an_export_imports_to_the_same_zone(run, zone):
    master = run("zone", "export", "example.test").stdout
    imported = run("zone", "import", "-", "--origin", "example.test", stdin=master).stdout
    exported = run("zone", "export", "example.test", "--format", "yaml").stdout
    assert imported.partition("records:")[2] == exported.partition("records:")[2]


def test_yaml_has_the_settings_of_the_zone(run, zone):
    result = run("zone", "export", "example.test", "--format", "yaml")
    assert result.stdout.partition("records:")[0] == (
        "zone: example.test.\n"
        "soa:\n"
        "  primary: ns1.example.test.\n"
        "  hostmaster: root.example.test.\n"
        "  refresh: 3600\n"
        "reverse: {networks: ['192.0.2.0/24']}\n"
        "silence: [ns-single]\n"
    )


def test_octodns_gets_records_and_nothing_else(run, directory, zone):
    octodns = run("zone", "export", "example.test", "--format", "octodns").stdout
    assert octodns.startswith("---\n'':\n")
    assert "SOA" not in octodns
    (directory / "example.test.yaml").write_text(octodns)
    assert run("check", "example.test.yaml").exit_code == 0


def test_a_zone_without_a_file_is_a_no(run, zone, directory):
    result = run("zone", "export", "nowhere.test")
    assert result.exit_code == 1
    assert result.stderr == f"Error: no zone nowhere.test. in {directory}/zones\n"


def test_a_broken_zone_is_not_exported(run, directory):
    (directory / "zones" / "bad.test.yaml").write_text("www: {type: A, value: x}\n")
    result = run("zone", "export", "bad.test")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("zones/bad.test.yaml:1:")
