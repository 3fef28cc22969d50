"""Mail from one host to another, found by MX records, held to TLSA records, and kept.

Two daemons with mail: each is the host of one domain, both serve the zones.
"""

import contextlib
import hashlib
import json
import os
import smtplib
import socket
import subprocess
import sys
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dnsd.mail.accounts import Accounts
from dnsd.mail.address import parse_mailbox
from dnsd.mail.passwords import protect

pytestmark = pytest.mark.slow
WAIT_S = 30


class Host:
    """A daemon that is the host of a domain."""

    def __init__(self, directory, domain, address, port):
        self.directory, self.domain, self.address, self.port = directory, domain, address, port
        (directory / "zones").mkdir(parents=True)
        self.process = None

    def start(self, workers=0):
        settings = {
            "listen": [{"address": self.address, "port": self.port + 1}],
            "state_directory": "state",
            "user": "none",
            "workers": workers,
            "control": {"http": "off", "socket": "control.sock"},
            "resolver": {"trust_anchors": "none"},
            "mail": {
                "enabled": "on",
                "hostname": f"mx.{self.domain}",
                "domains": [self.domain],
                "listen": [
                    {"address": self.address, "port": self.port, "protocol": "smtp"},
                    {"address": self.address, "port": self.port + 2, "protocol": "submission"},
                ],
                "relay": {"networks": []},
                "aliases": {"postmaster": f"alice@{self.domain}"},
                "delivery": {"port": self.port, "first_retry": "1s", "max_retry": "1s"},
            },
        }
        (self.directory / "dnsd.yaml").write_text(json.dumps(settings))
        self.log = (self.directory / "log").open("ab")
        command = [sys.executable, "-m", "dnsd", "serve", "--config", "dnsd.yaml"]
        self.process = subprocess.Popen(
            command, cwd=self.directory, stdout=self.log, stderr=self.log
        )
        wait_for(self.answers)

    def answers(self):
        assert self.process.poll() is None, (self.directory / "log").read_text()
        with (
            contextlib.suppress(OSError),
            smtplib.SMTP(self.address, self.port, timeout=5) as client,
        ):
            return client.noop()[0] == 250
        return False

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(WAIT_S)
            self.log.close()
            self.process = None

    def add_account(self, name, password="correct horse"):
        (self.directory / "state").mkdir(exist_ok=True)
        with Accounts(self.directory / "state" / "accounts.db") as accounts:
            protected = protect(password, os.urandom)
            accounts.add(parse_mailbox(f"{name}@{self.domain}"), protected, int(time.time()))

    def mails(self, name):
        folder = self.directory / "state" / "mail" / self.domain / name / "new"
        return [path.read_bytes() for path in sorted(folder.glob("*"))]

    def tlsa(self):
        octets = (self.directory / "state" / "mail-tls-certificate.pem").read_bytes()
        key = x509.load_pem_x509_certificate(octets).public_key()
        info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(info).hexdigest()

    def events(self):
        lines = (self.directory / "log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def wait_for(condition):
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def free_port():
    """Three ports in a row that nobody has, on both addresses."""
    while True:
        with socket.socket() as opened:
            opened.bind(("127.0.0.1", 0))
            port = opened.getsockname()[1]
        if port < 65000:
            return port


@pytest.fixture
def hosts(tmp_path):
    port = free_port()
    ours = Host(tmp_path / "ours", "ours.test", "127.0.0.25", port)
    theirs = Host(tmp_path / "theirs", "theirs.test", "127.0.0.26", port)
    yield ours, theirs
    ours.stop()
    theirs.stop()


def write_zones(hosts, tlsa=None):
    for host in hosts:
        for each in hosts:
            lines = [
                "'':",
                "  - {type: NS, values: [ns.example.test.]}",
                f"  - {{type: MX, values: [{{preference: 10, exchange: mx.{each.domain}.}}]}}",
                f"mx: {{type: A, value: {each.address}}}",
            ]
            if tlsa and each.domain == "theirs.test":
                lines.append(f"_{each.port}._tcp.mx: {{type: TLSA, values: ['3 1 1 {tlsa}']}}")
            path = host.directory / "zones" / f"{each.domain}.yaml"
            path.write_text("\n".join(lines) + "\n")


def submit(host, sender, recipient, text="Hello\n.\n"):
    with smtplib.SMTP(host.address, host.port + 2, timeout=WAIT_S) as client:
        client.starttls()
        client.login(sender, "correct horse")
        message = f"From: <{sender}>\nTo: <{recipient}>\nSubject: hello\n\n{text}"
        return client.sendmail(sender, [recipient], message)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_mail_goes_from_one_host_to_the_other(hosts, workers):
    ours, theirs = hosts
    write_zones(hosts)
    for host in hosts:
        host.add_account("alice")
        host.start(workers)
    assert submit(ours, "alice@ours.test", "alice@theirs.test") == {}
    (mail,) = wait_for(lambda: theirs.mails("alice"))
    header, _, body = mail.partition(b"\n\n")
    assert body == b"Hello\n.\n"
    assert header.startswith(
        b"Return-Path: <alice@ours.test>\nDelivered-To: alice@theirs.test\nReceived: from mx.ours.test"
    )
    assert header.count(b"Received: from") == 2
    assert b"Message-ID: <" in header


@pytest.mark.parametrize("is_right", [True, False])
def test_a_host_is_held_to_its_tlsa_record(hosts, is_right):
    ours, theirs = hosts
    write_zones(hosts)
    for host in hosts:
        host.add_account("alice")
    theirs.start()
    write_zones(hosts, theirs.tlsa() if is_right else "ab" * 32)
    ours.start()
    submit(ours, "alice@ours.test", "alice@theirs.test")
    if is_right:
        assert wait_for(lambda: theirs.mails("alice"))
        return
    deferred = wait_for(lambda: [e for e in ours.events() if e["event"] == "mail_deferred"])
    assert deferred[0]["reason"] == "tls"
    assert theirs.mails("alice") == []


def command(host, *words):
    line = [sys.executable, "-m", "dnsd", *words, "--config", "dnsd.yaml"]
    return subprocess.run(
        line, cwd=host.directory, capture_output=True, text=True, timeout=WAIT_S, check=False
    )


def test_where_mail_would_go_is_told_without_sending(hosts):
    ours, theirs = hosts
    write_zones(hosts, "ab" * 32)
    ours.start()
    told = command(ours, "mail", "trace", "alice@theirs.test")
    assert told.returncode == 0, told.stderr
    for text in (
        "theirs.test. MX: 10 mx.theirs.test. [secure]",
        f"mx.theirs.test (preference 10) at {theirs.address}, port {theirs.port}",
        "its certificate must fit the TLSA records",
    ):
        assert text in told.stdout
    found = json.loads(command(ours, "mail", "trace", "--json", "theirs.test").stdout)
    assert found["plan"]["hosts"][0]["tls"] == "dane"
    nowhere = command(ours, "mail", "trace", "nothere.theirs.test")
    assert nowhere.returncode == 1
    assert "It would be returned (dns_nxdomain, 5.1.2)" in nowhere.stdout
    assert command(ours, "queue", "list").stdout == "nothing waits\n"


def test_what_waits_is_seen_and_can_be_deleted(hosts):
    ours, _ = hosts
    write_zones(hosts)
    ours.add_account("alice")
    ours.start()
    submit(ours, "alice@ours.test", "alice@theirs.test")
    wait_for(lambda: [e for e in ours.events() if e["event"] == "mail_deferred"])
    (message,) = json.loads(command(ours, "queue", "list", "--json").stdout)
    assert message["recipients"][0]["reason"] == "connect"
    assert command(ours, "queue", "delete", message["queue_id"]).returncode == 0
    assert command(ours, "queue", "list").stdout == "nothing waits\n"


def test_what_waits_survives_a_kill_and_goes_when_the_other_host_is_there(hosts):
    ours, theirs = hosts
    write_zones(hosts)
    for host in hosts:
        host.add_account("alice")
    ours.start()
    submit(ours, "alice@ours.test", "alice@theirs.test")
    wait_for(lambda: [e for e in ours.events() if e["event"] == "mail_deferred"])
    ours.process.kill()
    ours.process.wait()
    ours.log.close()
    theirs.start()
    ours.start()
    assert len(wait_for(lambda: theirs.mails("alice"))) == 1


def test_a_mail_that_nobody_takes_comes_back(hosts):
    ours, _ = hosts
    write_zones(hosts)
    for host in hosts:
        host.add_account("alice")
        host.start()
    submit(ours, "alice@ours.test", "nobody@theirs.test")
    (mail,) = wait_for(lambda: ours.mails("alice"))
    assert b"Return-Path: <>" in mail
    assert b"5.1.1" in mail
    assert b"nobody@theirs.test" in mail


def test_a_stranger_gets_no_mail_through_us(hosts):
    ours, _ = hosts
    write_zones(hosts)
    ours.start()
    with smtplib.SMTP(ours.address, ours.port + 2, timeout=WAIT_S) as client:
        client.ehlo()
        assert client.docmd("AUTH PLAIN AGEAYg==")[0] in {535, 538}
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.sendmail("a@b.test", ["x@theirs.test"], "From: a@b.test\n\nx")
    with smtplib.SMTP(ours.address, ours.port, timeout=WAIT_S) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            client.sendmail("a@b.test", ["x@theirs.test"], "From: a@b.test\n\nx")
        assert caught.value.recipients["x@theirs.test"][1].startswith(b"5.7.1")
