"""What the commands about keys print, from a real state directory."""

import json
import time

import pytest
from click.testing import CliRunner

from dnsd.authority.build.compilation import compile_zones
from dnsd.authority.build.report import CompileRequest
from dnsd.authority.serials import Serials
from dnsd.authority.signing_keys import SigningKeys, rows_in
from dnsd.authority.store import open_store
from dnsd.cli.main import main
from dnsd.dnssec.policy import SigningPolicy

DAY = 86400
ZONE = """\
dnssec: {policy: default}
records: {'': {type: NS, value: ns1.example.net.}}
"""


class Place:
    def __init__(self, path):
        self.path = path
        (path / "zones").mkdir()
        (path / "dnsd.yaml").write_text("state_directory: .\nauthority: {zones: zones}\n")

    def sign(self, *zones, now=None, policy=None):
        for zone in zones:
            (self.path / "zones" / f"{zone}.yaml").write_text(ZONE)
        request = CompileRequest(
            (self.path / "zones",), policies={"default": policy or SigningPolicy()}
        )
        store = open_store(self.path / "zone-store", map_size=64 << 20)
        keys = SigningKeys(self.path / "keys")
        with Serials(self.path / "serials.db") as serials:
            assert compile_zones(request, store, serials, now or int(time.time()), keys).is_clean
        keys.close()
        store.close()

    def run(self, *arguments):
        return CliRunner().invoke(
            main, ["key", *arguments, "--config", str(self.path / "dnsd.yaml")]
        )

    def rows(self):
        return rows_in(self.path / "keys")


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.mark.parametrize("command", ["list", "ds", "status"])
def test_without_keys_the_answer_is_no(place, command):
    result = place.run(command)
    assert (result.exit_code, result.output) == (1, "no keys\n")
    assert not (place.path / "keys").exists()


def test_keys_are_listed_of_one_zone_or_all(place):
    place.sign("a.test", "b.test", policy=SigningPolicy(split_keys=True))
    lines = place.run("list").output.splitlines()
    assert lines[0].split() == ["zone", "tag", "algorithm", "role", "state", "created"]
    assert len(lines) == 5
    found = json.loads(place.run("list", "b.test", "--json").output)
    assert [(key["zone"], key["role"], key["state"]) for key in found] == [
        ("b.test.", "ksk", "active"), ("b.test.", "zsk", "active"),
    ] or [key["role"] for key in found] == ["zsk", "ksk"]  # fmt: skip
    assert {key["dnskey"].split()[0] for key in found} == {"257", "256"}
    assert "PRIVATE" not in place.run("list", "--json").output


def test_the_parent_is_told_of_the_keys_that_sign_keys(place):
    place.sign("a.test", policy=SigningPolicy(split_keys=True))
    ksk = next(row for row in place.rows() if row.role == "ksk")
    result = place.run("ds", "a.test")
    assert result.exit_code == 0
    assert result.output == f"a.test. IN DS {ksk.tag} 13 2 {ksk.ds()[4:].hex()}\n"
    assert json.loads(place.run("ds", "--json").output) == [result.output.strip()]


def test_the_status_tells_policy_times_and_what_is_missing(place):
    place.sign("a.test")
    result = place.run("status")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(place.run("status", "--json").output)
    (row,) = place.rows()
    assert (found["zone"], found["policy"], found["trouble"]) == ("a.test.", "default", [])
    assert found["keys"] == f"{row.tag} (csk, active)"
    row.path(place.path / "keys").unlink()
    result = place.run("status")
    assert result.exit_code == 1
    assert f"the private half of key {row.tag} is missing" in result.output


def test_a_renewal_that_is_late_is_told(place):
    place.sign("a.test", now=int(time.time()) - 12 * DAY)
    result = place.run("status", "a.test")
    assert result.exit_code == 1
    assert "signatures should have been renewed" in result.output


def test_keys_that_are_gone_are_told(place):
    place.sign("a.test")
    for file in (place.path / "keys").iterdir():
        file.unlink()
    result = place.run("status")
    assert result.exit_code == 1
    assert "its keys are gone" in result.output
