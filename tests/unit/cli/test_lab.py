"""The lab as people run it: the command, real sockets, a real daemon."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dnsd.cli.lab_world import RESOLVER

pytestmark = pytest.mark.slow


@pytest.fixture
def port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind((RESOLVER, 0))
        return opened.getsockname()[1]


@pytest.fixture
def environment(tmp_path):
    return {"PYTHONPATH": ":".join(sys.path), "TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"}


def dnsd(environment, *words):
    return subprocess.run(
        [sys.executable, "-m", "dnsd", *words],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP], ids=["Ctrl-C", "hung up"])
def test_the_lab_is_there_until_it_is_told_to_end(environment, tmp_path, port, number):
    words = [sys.executable, "-u", "-m", "dnsd", "lab", "--queries", "--port", str(port)]
    lab = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        lines = []
        for line in lab.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        assert lines[0] == f"A small Internet, all on port {port}:\n"
        (config,) = re.findall(r"export DNSD_CONFIG=(.*)", "".join(lines))
        inside = {**environment, "DNSD_CONFIG": config}
        found = dnsd(inside, "lookup", "www.shop.test", "A")
        assert found.stderr == ""
        assert "web.shop.test.  5m  A      192.0.2.80\n" in found.stdout
        lab.send_signal(number)
        rest = lab.stdout.read()
        assert re.search(
            r"127\.53\.1\.1 \(test\.\) is asked shop\.test\. A over UDP", rest, re.IGNORECASE
        )
        assert lab.wait(60) == 0
    finally:
        lab.kill()
        lab.wait()
        lab.stdout.close()
    assert not Path(config).exists()
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_told(environment, tmp_path, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.53.1.1", port))
        found = dnsd(environment, "lab", "--port", str(port))
    assert found.returncode == 1
    assert found.stderr == "Error: Address already in use; --port chooses another port\n"
    assert list(tmp_path.iterdir()) == []


def test_a_daemon_that_does_not_start_is_told_in_its_own_words(environment, tmp_path, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((RESOLVER, port))
        found = dnsd(environment, "lab", "--port", str(port))
    assert found.returncode == 1
    assert f"listen {RESOLVER} port {port}/udp: port-in-use: " in found.stderr
    assert found.stderr.endswith("dnsd has ended, see above\n")
    assert list(tmp_path.iterdir()) == []
