"""The sending end over real sockets: what arrives, and who is not sent to."""

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes.certificates import make, server_context
from fakes.smtp_sink import Sink, serving

SENDER = Path(__file__).parent / "smtp_sender.py"
NOW = int(time.time())
HOST = "sink.test"
ROOT = make("root", authority=True, now=NOW)
LEAF = make("leaf", ROOT, names=(HOST,), now=NOW)
STRANGER = make("stranger", names=("other.test",), now=NOW)


def tlsa(usage, selector, made):
    octets = made.spki if selector else made.der
    return f"0{usage}0{selector}01" + hashlib.sha256(octets).hexdigest()


def send(sink, *options):
    with serving(sink) as port:
        done = subprocess.run(
            [sys.executable, SENDER, str(port), *options],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    return json.loads(done.stdout)


def test_messages_on_one_connection_arrive_as_they_were():
    sink = Sink()
    report = send(sink, "--messages", "20")
    assert report["sent"] == len(sink.messages) == 20
    assert sink.connections == 1
    assert all(octets.count(b"\r\n..0123456789") > 10 for _, octets in sink.messages)


def test_a_message_of_three_megabytes_arrives_whole():
    sink = Sink()
    send(sink, "--size", "3000000")
    ((_, octets),) = sink.messages
    assert octets.startswith(b"Subject: a\r\n\r\n..0123456789")
    assert len(octets.replace(b"\r\n..", b"\r\n.")) > 3_000_000


@pytest.mark.parametrize(
    ("chain", "options", "arrives"),
    [
        ([LEAF, ROOT], ["--tls", "dane", "--tlsa", tlsa(3, 1, LEAF)], True),
        ([LEAF, ROOT], ["--tls", "dane", "--tlsa", tlsa(2, 0, ROOT)], True),
        ([STRANGER], ["--tls", "dane", "--tlsa", tlsa(3, 1, STRANGER)], True),
        ([STRANGER], ["--tls", "dane", "--tlsa", tlsa(3, 1, LEAF)], False),
        ([LEAF], ["--tls", "dane", "--tlsa", tlsa(2, 0, ROOT)], False),
        ([LEAF, ROOT], ["--tls", "dane", "--names", "x.test", "--tlsa", tlsa(2, 0, ROOT)], False),
        ([STRANGER], ["--tls", "opportunistic"], True),
        ([STRANGER], ["--tls", "encrypted"], True),
        ([STRANGER], ["--tls", "sts"], False),
        ([LEAF, ROOT], ["--tls", "sts", "--trust", "ROOT"], True),
        ([LEAF, ROOT], ["--tls", "sts", "--trust", "ROOT", "--names", "x.test"], False),
        (None, ["--tls", "encrypted"], False),
        (None, ["--tls", "opportunistic"], True),
    ],
)  # fmt: skip
def test_who_proves_who_it_is_gets_the_message(chain, options, arrives, tmp_path):
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    options = [str(tmp_path / "root.pem") if each == "ROOT" else each for each in options]
    sink = Sink(tls=server_context(chain) if chain else None)
    report = send(sink, *options)
    assert len(sink.messages) == int(arrives)
    if not arrives:
        assert report["end"][0] == "tls"
        assert HOST in report["end"][1]
    elif chain:
        assert report["tls"].startswith("TLSv1.")
        assert sink.server_names == [HOST]
