"""A trace without a daemon, in a process of its own: there is one reactor in each."""

import json
import subprocess
import sys

import pytest
from fakes.name_server import NameServer

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


def test_without_a_daemon_the_resolver_runs_here(root, tmp_path):
    (tmp_path / "root.hints").write_text(
        ". 3600 NS ns.root.test.\nns.root.test. 3600 A 127.0.0.1\n"
    )
    (tmp_path / "zones").mkdir()
    (tmp_path / "dnsd.yaml").write_text(
        "user: none\nauthority: {zones: zones}\nresolver:\n  root_hints: root.hints\n"
        f"  upstream_port: {root.port}\n  query_local_addresses: true\n  ipv6: false\n"
        "  trust_anchors: none\n"
    )
    words = ["lookup", "--trace", "www.a.test", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "dnsd", *words],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode == 0
    found, denied = json.loads(done.stdout)
    assert found["answer"] == ["www.a.test. 300 A 192.0.2.80"]
    assert {step["address"] for step in found["steps"]} == {"127.0.0.1"}
    assert denied["answer"] == []
    words = ["lookup", "--dnssec", "www.a.test", "A", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "dnsd", *words],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)
    (chain,) = json.loads(done.stdout)
    assert chain["answer"] == ["www.a.test. 300 A 192.0.2.80"]
    assert (chain["status"], chain["anchors"]) == ("indeterminate", [])
