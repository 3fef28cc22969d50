"""A trace without a daemon, in a process of its own: there is one reactor in each."""

import json
import subprocess
import sys

import pytest
from fakes.name_server import NameServer
from fakes.signed_internet import NOW, VALIDITY, SignedAuthority, SignedZone

from dnsd.dnssec import digests
from dnsd.dnssec.signing import Validity
from dnsd.lab.authority import Authority
from dnsd.lab.zone import zone_from_text

pytestmark = pytest.mark.slow

ROOT_ZONE = """
@ NS ns.root.test.
ns.root.test. A 127.0.0.1
www.a.test. 300 A 192.0.2.80
"""


@pytest.fixture
def root():
    """A root that knows every name there is."""
    fake = NameServer()
    authority = Authority([zone_from_text(".", ROOT_ZONE)])
    fake.say = lambda query, _: [authority.reply(query)]
    yield fake
    fake.close()


@pytest.fixture
def run(root, tmp_path):
    """Runs dnsd with that root."""
    (tmp_path / "root.hints").write_text(
        ". 3600 NS ns.root.test.\nns.root.test. 3600 A 127.0.0.1\n"
    )
    (tmp_path / "zones").mkdir()

    def run(*words, validation="  trust_anchors: none\n"):
        (tmp_path / "dnsd.yaml").write_text(
            "user: none\nauthority: {zones: zones}\nresolver:\n  root_hints: root.hints\n"
            f"  upstream_port: {root.port}\n  query_local_addresses: true\n  ipv6: false\n"
            f"{validation}"
        )
        done = subprocess.run(
            [sys.executable, "-m", "dnsd", *words],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
            env={"PYTHONPATH": ":".join(sys.path)},
        )  # fmt: skip
        assert done.stderr == ""
        return done

    return run


def test_without_a_daemon_the_resolver_runs_here(run):
    done = run("lookup", "--trace", "www.a.test", "--json")
    assert done.returncode == 0
    found, denied = json.loads(done.stdout)
    assert found["answer"] == ["www.a.test. 300 A 192.0.2.80"]
    assert {step["address"] for step in found["steps"]} == {"127.0.0.1"}
    assert denied["answer"] == []


def test_without_anchors_nothing_is_validated(run):
    done = run("lookup", "--dnssec", "www.a.test", "A", "--json")
    assert done.returncode == 0
    (chain,) = json.loads(done.stdout)
    assert chain["answer"] == ["www.a.test. 300 A 192.0.2.80"]
    assert (chain["status"], chain["anchors"]) == ("indeterminate", [])


@pytest.mark.parametrize(
    ("validity", "status", "said"),
    [
        (VALIDITY, 0, ["secure: ", " 1  the root, a trust anchor", "(expires in 1 d)"]),
        (Validity(NOW - 20_000, NOW - 7_200), 1,
         ["bogus: ", "expired 2 h ago (signature expired)", "where: DNSKEY of the root"]),
    ],
)  # fmt: skip
def test_a_chain_of_trust_without_a_daemon(root, run, tmp_path, validity, status, said):
    zone = SignedZone(".", ROOT_ZONE, validity=validity)
    authority = SignedAuthority([zone])
    root.say = lambda query, _: [authority.reply(query)]
    tag, algorithm, digest_type, *digest = digests.from_wire(zone.key.ds(b"\0"))
    (tmp_path / "anchors").write_text(f". DS {tag} {algorithm} {digest_type} {digest[0].hex()}\n")
    validation = f"  trust_anchors: anchors\n  validation_time: {NOW}\n"
    done = run("lookup", "--dnssec", "www.a.test", "A", validation=validation)
    assert done.returncode == status, done.stdout
    for text in said:
        assert text in done.stdout
