import json

import pytest

from dnsd.authority.build.compilation import compile_zones
from dnsd.authority.build.report import CompileRequest
from dnsd.authority.serials import Serials
from dnsd.authority.signing_keys import CSK, SigningKeys
from dnsd.authority.store import open_store
from dnsd.wire import names

ZONES = [
    {"origin": "2.0.192.in-addr.arpa.", "file": "zones/example.test.yaml", "generated": True,
     "serial": 7, "records": 12, "kept": False, "problems": [], "signing": None},
    {"origin": "example.test.", "file": "zones/example.test.yaml", "generated": False,
     "serial": 2026030101, "records": 5, "kept": True, "problems": [], "signing": None},
]  # fmt: skip


def test_zones_are_listed_in_columns(run, daemon):
    daemon.answers["GET /zones"] = 200, {"zones": ZONES, "next": ""}
    result = run("zone", "list")
    assert result.exit_code == 0
    assert result.stdout == (
        "zone                       serial  records  file\n"
        "2.0.192.in-addr.arpa.           7       12  made from zones/example.test.yaml\n"
        "example.test.          2026030101        5  zones/example.test.yaml, broken now\n"
    )
    assert json.loads(run("zone", "list", "--json").stdout) == ZONES


def test_no_zones_are_said_so(run, daemon):
    daemon.answers["GET /zones"] = 200, {"zones": [], "next": ""}
    assert run("zone", "list").stdout == "no zones\n"


@pytest.mark.parametrize("name", ["example.test", "EXAMPLE.test."])
def test_a_zone_is_shown(name, run, daemon, broken):
    daemon.answers["GET /zones/example.test."] = 200, {**ZONES[1], "problems": [broken]}
    result = run("zone", "show", name)
    assert result.exit_code == 0
    assert result.stdout == (
        "zone     example.test.\n"
        "serial   2026030101\n"
        "records  5\n"
        "file     zones/example.test.yaml, broken now\n"
        "state    the version from before is served\n"
    )
    assert "cname-and-other" in result.stderr


def test_a_signed_zone_is_shown_with_what_its_parent_must_publish(run, daemon, directory):
    keys = SigningKeys(directory / "var" / "keys")
    row = keys.make(names.from_text("example.test."), 13, CSK, 0)
    keys.make(names.from_text("other.test."), 13, CSK, 0)
    keys.close()
    signing = {"policy": "default", "expires": 1772323200, "renew_at": 1771977600}
    daemon.answers["GET /zones/example.test."] = 200, {**ZONES[1], "signing": signing}
    shown = run("zone", "show", "example.test").stdout
    ds = f"example.test. IN DS {row.tag} 13 2 {row.ds()[4:].hex()}"
    assert shown.endswith(
        "signed   by policy default, until 2026-03-01 00:00 UTC\n"
        "renewal  2026-02-25 00:00 UTC\n"
        f"\nthe parent must publish:\n{ds}\n"
    )
    assert json.loads(run("zone", "show", "example.test", "--json").stdout)["ds"] == [ds]


def test_a_zone_that_is_not_served_is_a_no(run, daemon):
    daemon.answers["GET /zones/other.test."] = 404, {"error": "other.test. is not served"}
    result = run("zone", "show", "other.test")
    assert (result.exit_code, result.stderr) == (1, "other.test. is not served\n")


def test_what_is_no_name_is_wrong_usage(run):
    result = run("zone", "show", "a..b")
    assert result.exit_code == 2
    assert "'a..b' is not the name of a zone: empty label" in result.stderr


def test_a_diff_shows_records_and_says_no_when_there_are_any(run, daemon, zone_change, broken):
    daemon.answers["POST /zones/diff"] = 200, {
        "reason": "",
        "zones": [
            zone_change("broken.test.", "kept", problems=[broken]),
            zone_change(
                "example.test.", "loaded", added=1, removed=2, omitted=1,
                changes=["- old.example.test. 3600 IN A 192.0.2.8",
                         "+ www.example.test. 3600 IN A 192.0.2.7"],
            ),
            zone_change("gone.test.", "removed"),
            zone_change("same.test.", "unchanged"),
        ],
        "problems": [],
    }  # fmt: skip
    result = run("zone", "diff")
    assert result.exit_code == 1
    assert result.stdout == (
        "broken.test. stays as it is, its file is broken\n"
        "example.test. 1 added, 2 removed\n"
        "- old.example.test. 3600 IN A 192.0.2.8\n"
        "+ www.example.test. 3600 IN A 192.0.2.7\n"
        "  and 1 more record\n"
        "gone.test. goes away with its file\n"
    )
    assert result.stderr.endswith("1 error, 0 warnings\n")
    assert run("zone", "diff", "same.test").stdout == "nothing would change\n"
    assert run("zone", "diff", "gone.test").stdout == "gone.test. goes away with its file\n"
    (only,) = json.loads(run("zone", "diff", "gone.test", "--json").stdout)["zones"]
    assert only["origin"] == "gone.test."


def test_a_diff_of_nothing_is_a_success(run, daemon):
    daemon.answers["POST /zones/diff"] = 200, {"reason": "", "zones": [], "problems": []}
    result = run("zone", "diff")
    assert (result.exit_code, result.stdout) == (0, "nothing would change\n")


def test_a_diff_that_failed_is_no_success(run, daemon):
    answer = {"reason": "the compiler was stopped after 30 s", "zones": [], "problems": []}
    daemon.answers["POST /zones/diff"] = 200, answer
    result = run("zone", "diff")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "the compiler was stopped after 30 s\n"


def _reload(result, *zones, reason=""):
    return 200, {
        "result": result, "cause": "command", "at": 0, "duration_s": 0.1, "reason": reason,
        "zones": list(zones), "problems": [],
    }  # fmt: skip


def test_a_reload_tells_what_came_of_it(run, daemon, zone_change):
    daemon.answers["POST /zones/reload"] = _reload(
        "published", zone_change("a.test.", "loaded"), zone_change("b.test.", "removed")
    )
    result = run("zone", "reload")
    assert result.exit_code == 0
    assert result.stdout == (
        "a.test. loaded, serial 2026030101, 5 records\nb.test. goes away with its file\n"
    )
    assert daemon.asked == [("POST /zones/reload", {"force": False})]


def test_force_is_handed_on(run, daemon):
    daemon.answers["POST /zones/reload"] = _reload("unchanged")
    result = run("zone", "reload", "--force")
    assert (result.exit_code, result.stdout) == (0, "nothing has changed\n")
    assert daemon.asked == [("POST /zones/reload", {"force": True})]


@pytest.mark.parametrize("result", ["published", "refused"])
def test_a_zone_that_was_kept_is_no_success(result, run, daemon, zone_change, broken):
    kept = zone_change("broken.test.", "kept", problems=[broken])
    daemon.answers["POST /zones/reload"] = _reload(result, kept)
    done = run("zone", "reload")
    assert done.exit_code == 1
    assert done.stdout == "broken.test. stays as it is, its file is broken\n"
    assert "cname-and-other" in done.stderr


def test_a_reload_that_failed_says_why(run, daemon):
    daemon.answers["POST /zones/reload"] = _reload("failed", reason="no memory")
    done = run("zone", "reload")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", "no memory\n")
    assert json.loads(run("zone", "reload", "--json").stdout)["result"] == "failed"


def test_what_the_server_made_of_a_zone_is_shown(run, daemon, directory):
    (directory / "zones" / "example.test.yaml").write_text(
        "reverse: auto\n"
        "records:\n"
        "  '': {type: NS, value: ns1.example.test.}\n"
        "  ns1: {type: A, value: 192.0.2.53}\n"
    )
    (directory / "var").mkdir()
    store = open_store(directory / "var" / "zone-store", map_size=1 << 20)
    try:
        with Serials(directory / "var" / "serials.db") as serials:
            request = CompileRequest(directories=(directory / "zones",))
            assert compile_zones(request, store, serials, 1772323200).is_clean
    finally:
        store.close()
    daemon.answers["GET /zones/example.test."] = 200, ZONES[1]
    soa = "ns1.example.test. hostmaster.example.test. 2026030100 86400 7200 3600000 3600"
    result = run("zone", "show", "example.test", "--generated")
    assert result.stdout.partition("\n\n")[2] == f"example.test. 3600 IN SOA {soa}\n"
    daemon.answers["GET /zones/2.0.192.in-addr.arpa."] = 200, ZONES[0]
    result = run("zone", "show", "2.0.192.in-addr.arpa", "--generated")
    assert result.stdout.partition("\n\n")[2] == (
        "2.0.192.in-addr.arpa. 3600 IN NS ns1.example.test.\n"
        f"2.0.192.in-addr.arpa. 3600 IN SOA {soa}\n"
        "53.2.0.192.in-addr.arpa. 3600 IN PTR ns1.example.test.\n"
    )
    records = json.loads(run("zone", "show", "example.test", "--generated", "--json").stdout)[
        "generated_records"
    ]
    assert records == [f"example.test. 3600 IN SOA {soa}"]


def test_without_a_store_what_was_made_is_not_known(run, daemon, directory):
    daemon.answers["GET /zones/2.0.192.in-addr.arpa."] = 200, ZONES[0]
    result = run("zone", "show", "2.0.192.in-addr.arpa", "--generated")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"zone store {directory}/var/zone-store: ")
    assert result.stderr.count("\n") == 1
