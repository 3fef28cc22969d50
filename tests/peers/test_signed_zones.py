"""Zones that are signed here hold for the verifiers of BIND and ldns, as they are first and as they change."""

import subprocess
import time

import pytest
from click.testing import CliRunner
from experiments.daemon import Daemon
from peers.servers import program

from dnsd.cli.main import main
from dnsd.config.loader import load
from dnsd.control.compiler import CompileFailure, compile_at_start
from dnsd.run import wiring

pytestmark = [pytest.mark.slow, pytest.mark.peers("dnssec-verify", "ldns-verify-zone")]

DAY = 86400
ZONE = """\
zone: example.test
dnssec: {policy: default}
records:
  '': [{type: NS, values: [ns1.example.test.]}, {type: MX, value: {preference: 10, exchange: ns1.example.test.}}]
  ns1: [{type: A, value: 192.0.2.1}, {type: AAAA, value: '2001:db8::1'}]
  '*.wild': {type: TXT, value: stands for many}
  a.*.w: {type: TXT, value: below a wildcard that is not there}
  deep.below.nothing: {type: A, value: 192.0.2.2}
  alias: {type: CNAME, value: ns1.example.test.}
  moved: {type: DNAME, value: elsewhere.test.}
  unsigned: {type: NS, value: ns.unsigned.example.test.}
  ns.unsigned: {type: A, value: 192.0.2.3}
  only.unsigned.below: {type: NS, value: ns1.example.test.}
  signed: [{type: NS, value: ns1.example.test.}, {type: DS, value: {key_tag: 4711, algorithm: 13, digest_type: 2, digest: ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB}}]
"""
POLICIES = {
    "as it is": "",
    "two keys": "keys: ksk-zsk",
    "Ed25519": "algorithm: ed25519",
    "RSA": "algorithm: rsa-2048, keys: ksk-zsk",
    "NSEC3": "nsec3: true",
    "opt-out": "nsec3: opt_out, keys: ksk-zsk",
}


class Place:
    """A configuration with one signed zone."""

    def __init__(self, folder, policy):
        self.folder = folder
        (folder / "zones").mkdir()
        self.policy(policy)
        self.write(ZONE)

    def policy(self, written):
        policies = f"dnssec: {{policies: [{{name: default, {written}}}]}}\n" if written else ""
        self.configuration = self.folder / "dnsd.yaml"
        self.configuration.write_text(
            f"state_directory: state\nauthority: {{zones: zones}}\n{policies}"
        )

    def write(self, text):
        (self.folder / "zones" / "example.test.yaml").write_text(text)

    def compile(self, now):
        outcome = compile_at_start(wiring.compiler_options(load(self.configuration)), now)
        assert not isinstance(outcome, CompileFailure), outcome
        return outcome

    def export(self):
        arguments = [
            "zone",
            "export",
            "--format",
            "served",
            "example.test",
            "--config",
            str(self.configuration),
        ]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
        return result.output

    def verify(self, now):
        """Have BIND verify what is served; returns the lines of the zone."""
        text = self.export()
        (self.folder / "served").write_text(text)
        command = [program("dnssec-verify"), "-z", "-o", "example.test.", self.folder / "served"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Zone fully signed" in done.stdout
        command = [program("ldns-verify-zone"), "-V", "1", self.folder / "served"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return text.splitlines()


def signatures(lines):
    return {line for line in lines if " IN RRSIG " in line}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_zone_is_signed_and_only_what_changes_is_signed_again(policy, tmp_path):
    place = Place(tmp_path, policy)
    now = int(time.time())
    assert place.compile(now)["published"]
    first = place.verify(now)
    assert not place.compile(now + 60)["published"]

    place.write(ZONE + "  new: {type: A, value: 192.0.2.9}\n")
    assert place.compile(now + 120)["published"]
    second = place.verify(now)
    made = signatures(second) - signatures(first)
    covered = sorted(line.split()[4] for line in made)
    chain = "NSEC3" if "nsec3" in policy else "NSEC"
    assert covered == sorted(["A", "SOA", chain, chain])


def test_another_policy_changes_the_chain_of_a_zone_whose_file_stays(tmp_path):
    place = Place(tmp_path, "")
    now = int(time.time())
    place.compile(now)
    assert any(" IN NSEC " in line for line in place.verify(now))
    place.policy("nsec3: true")
    assert place.compile(now)["zones"][0]["renewed"]
    lines = place.verify(now)
    assert any(" IN NSEC3PARAM 1 0 0 -" in line for line in lines)
    assert not any(" IN NSEC " in line for line in lines)


def test_signatures_are_renewed_before_they_end_while_the_file_is_broken(tmp_path):
    place = Place(tmp_path, "")
    now = int(time.time()) - 11 * DAY  # what is served now must hold now
    place.compile(now)
    first = place.verify(now)
    place.write("records: [")
    outcome = place.compile(int(time.time()))
    (zone,) = outcome["zones"]
    assert (zone["status"], zone["renewed"], outcome["published"]) == ("kept", True, True)
    second = place.verify(now)
    assert not signatures(first) & signatures(second)
    assert outcome["renew_at"] > time.time() + 7 * DAY


@pytest.mark.peers("delv")
@pytest.mark.parametrize("policy", [{}, {"nsec3": "on"}, {"nsec3": "on", "keys": "ksk-zsk"}])
def test_what_the_daemon_answers_validates_by_the_ds_that_it_prints(policy, tmp_path):
    policies = [{"name": "default", **policy}]
    with Daemon(tmp_path, {"example.test.": ZONE}, dnssec={"policies": policies}) as daemon:
        arguments = ["key", "ds", "example.test", "--config", str(daemon.configuration)]
        printed = CliRunner().invoke(main, arguments)
        assert printed.exit_code == 0, printed.output
        tag, algorithm, digest_type, digest = printed.output.split()[3:]
        anchor = f'"example.test." static-ds {tag} {algorithm} {digest_type} "{digest}";'
        (tmp_path / "anchors").write_text(f"trust-anchors {{ {anchor} }};\n")

        def delv(*question):
            server = [f"@{daemon.address}", "-p", str(daemon.port)]
            trust = ["-a", tmp_path / "anchors", "+root=example.test"]
            command = [program("delv"), *server, *trust, *question]
            return subprocess.run(command, capture_output=True, text=True, check=False).stdout

        for question in (("ns1.example.test", "AAAA"), ("any.wild.example.test", "TXT")):
            assert "; fully validated" in delv(*question)
        for question in (
            ("nowhere.example.test", "A"),
            ("ns1.example.test", "TXT"),
            ("below.nothing.example.test", "A"),
            ("unsigned.example.test", "DS"),
            ("any.wild.example.test", "A"),
        ):
            assert "; negative response, fully validated" in delv(*question), question
        anchor_of_nobody = anchor.replace(digest, "00" * 32)
        (tmp_path / "anchors").write_text(f"trust-anchors {{ {anchor_of_nobody} }};\n")
        assert "fully validated" not in delv("ns1.example.test", "A")
