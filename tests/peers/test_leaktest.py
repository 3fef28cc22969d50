"""The leak test as people run it: a machine whose resolver asks our authority for others.

A mount namespace gives the machine another ``/etc/resolv.conf``; the resolver is a real
one, which has our zone as a stub zone.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from peers.namespaces import network
from peers.servers import program

pytestmark = [pytest.mark.slow, pytest.mark.root, pytest.mark.peers("unbound", "dig")]

ROOT = Path(__file__).resolve().parents[2]
RESOLVER = "127.0.0.9"
SERVER = "127.0.0.1"
PORT = 5391

UNBOUND = f"""
server:
    interface: {RESOLVER}
    outgoing-interface: {RESOLVER}
    access-control: 127.0.0.0/8 allow
    username: ""
    chroot: ""
    pidfile: ""
    directory: "."
    use-syslog: no
    do-daemonize: no
    do-not-query-localhost: no
    module-config: "iterator"
    use-caps-for-id: yes
    qname-minimisation: yes
    local-zone: "test." nodefault
{{more}}
stub-zone:
    name: "example.test"
    stub-addr: {SERVER}@{PORT}
"""


def answers(address, port):
    """Tell whether a name server answers."""
    words = [
        program("dig"),
        f"@{address}",
        "-p",
        str(port),
        "+tries=1",
        "+time=1",
        "example.test",
        "SOA",
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return "status: NOERROR" in done.stdout


@pytest.fixture
def machine(tmp_path):
    """Run our server and the resolver, and the leak test in front of both."""
    shutil.copytree(ROOT / "zones", tmp_path / "zones")
    (tmp_path / "resolv.conf").write_text(f"nameserver {RESOLVER}\n")
    listen = [{"address": SERVER, "port": PORT}]
    config = {"listen": listen, "user": "none", "control": {"http": "none"}}
    (tmp_path / "dnsd.yaml").write_text(json.dumps(config))
    processes = []

    def leaktest(more=""):
        (tmp_path / "unbound.conf").write_text(UNBOUND.format(more=more))
        dnsd = [sys.executable, "-m", "dnsd"]
        with (tmp_path / "log").open("ab") as log:
            servers = [*dnsd, "serve"], [program("unbound"), "-d", "-c", "unbound.conf"]
            started = [
                subprocess.Popen(words, cwd=tmp_path, stdout=log, stderr=log) for words in servers
            ]
        processes.extend(started)
        give_up_at = time.monotonic() + 60
        while not (answers(SERVER, PORT) and answers(RESOLVER, 53)):
            assert time.monotonic() < give_up_at, (tmp_path / "log").read_text()
        mount = f"mount --bind {tmp_path / 'resolv.conf'} /etc/resolv.conf"
        words = [*dnsd, "leaktest", "--json"]
        done = subprocess.run(
            ["unshare", "-m", "/bin/sh", "-c", f'{mount} && exec "$@"', "sh", *words],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.stderr == ""
        found = json.loads(done.stdout)
        return [each["text"] for each in found["findings"] if each["about"].endswith(RESOLVER)]

    with network():
        try:
            yield leaktest
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(30)


def test_a_careful_resolver_is_told_from_a_careless_one(machine):
    assert machine() == [
        "says of names that do not exist that they do not",
        "asks the name servers itself",
        "chooses its source ports so that nobody can guess them",
        "chooses its message IDs so that nobody can guess them",
        "spells names in random letter case, which forgers must match",
        "tells name servers no more of a name than they need",
        "asks for signatures (DNSSEC); whether it checks them was not tested",
    ]


def test_a_resolver_with_one_port_is_bad(machine):
    found = machine(
        "    use-caps-for-id: no\n    qname-minimisation: no\n"
        "    outgoing-port-avoid: 0-65535\n    outgoing-port-permit: 5454\n"
    )
    assert "always uses source port 5454: forged answers are easily made" in found
    assert "does not use random letter case against forgers" in found
    assert "tells every name server the whole name that is looked up" in found
