"""DNS over TLS and HTTPS with clients that others wrote, against a supervisor with workers."""

from __future__ import annotations

import base64
import hashlib
import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from experiments.daemon import Daemon, log_faults
from peers.servers import free_port
from peers.test_processes import wait_until

from dnsd.net.tls_self_signed import Subject, make_certificate, make_key

pytestmark = [pytest.mark.slow, pytest.mark.peers("kdig", "curl", "openssl")]

ORIGIN = "example.test."
ZONE = """
'':
  - {type: NS, value: ns1.example.test.}
  - {type: A, value: 192.0.2.1}
ns1: {type: A, value: 192.0.2.53}
"""
# A query for the address of example.test without EDNS, its ID 0.
QUERY = b"\0\0\1\0\0\1\0\0\0\0\0\0\x07example\x04test\0\0\1\0\1"


class Encrypted(Daemon):
    """A daemon that speaks everything, with two workers."""

    def __init__(self, directory):
        super().__init__(directory, {ORIGIN: ZONE}, workers=2,
            tls={"certificate": "certificate.pem", "key": "key.pem"},
            limits={"tls_handshakes": 1000},
        )  # fmt: skip
        self.http_port = free_port()
        self.key = make_key()
        self.certify("first.test")

    def settings(self):
        settings = super().settings()
        for port, transport in (
            (self.tls_port, "dot"), (self.https_port, "doh"), (self.http_port, "doh-http"),
        ):  # fmt: skip
            listener = {"address": self.address, "port": port, "transports": [transport]}
            settings["listen"].append(listener)
        return settings

    def certify(self, host):
        """Put a certificate for a name in place."""
        pem = make_certificate(self.key, Subject(host, (self.address,)), int(time.time()))
        (self.directory / "certificate.pem").write_bytes(pem)
        (self.directory / "key.pem").write_bytes(self.key)

    def pin(self):
        """What a client knows the key by (RFC 7858 §4.2)."""
        public = load_pem_private_key(self.key, None).public_key()
        octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(octets).digest()).decode()

    def run(self, *command, given=b""):
        """Run a client; what it printed."""
        done = subprocess.run(
            command, input=given, capture_output=True, check=False, timeout=60, cwd=self.directory
        )
        return (done.stdout + done.stderr).decode(errors="replace")

    def kdig(self, port, *options):
        return self.run("kdig", f"@{self.address}", "-p", str(port), *options, "example.test", "A")

    def curl(self, *options, plain=False):
        port, scheme = (self.http_port, "http") if plain else (self.https_port, "https")
        url = f"{scheme}://{self.address}:{port}/dns-query"
        form = "%{http_code} %{http_version}"
        words = ["-sk", "-o", "reply", "-w", form, *(each.replace("URL", url) for each in options)]
        return self.run("curl", *words), Path(self.directory, "reply").read_bytes()

    def s_client(self, *options):
        """Shake hands with openssl."""
        address = f"{self.address}:{self.tls_port}"
        return self.run("openssl", "s_client", "-connect", address, *options)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    with Encrypted(tmp_path_factory.mktemp("encrypted")) as running:
        yield running
        assert log_faults(running.log, ("config_problem", "config_kept")) == []


@pytest.mark.parametrize("is_pinned", [False, True])
def test_kdig_asks_over_tls(daemon, is_pinned):
    pins = [f"+tls-pin={daemon.pin()}"] if is_pinned else []
    said = daemon.kdig(daemon.tls_port, "+tls", *pins)
    assert "TLS1.3" in said
    assert "192.0.2.1" in said
    assert "Received 468 B" in said, "kdig pads over TLS"


def test_kdig_keeps_a_connection_for_many_queries(daemon):
    said = daemon.kdig(daemon.tls_port, "+tls", "+keepopen", "example.test", "NS")
    assert said.count("status: NOERROR") == 2


@pytest.mark.parametrize("options", [["+https"], ["+https-get"]])
def test_kdig_asks_over_https(daemon, options):
    said = daemon.kdig(daemon.https_port, *options)
    assert "status: 200" in said
    assert "192.0.2.1" in said


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl_gets_and_posts(daemon, version):
    variable = base64.urlsafe_b64encode(QUERY).rstrip(b"=").decode()
    said, got = daemon.curl(version, f"URL?dns={variable}")
    assert said == {"--http1.1": "200 1.1", "--http2": "200 2"}[version]
    (daemon.directory / "query").write_bytes(QUERY)
    media = "content-type: application/dns-message"
    _, posted = daemon.curl(version, "-H", media, "--data-binary", "@query", "URL")
    assert posted == got
    assert got.endswith(b"\xc0\0\2\1")


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
@pytest.mark.parametrize(
    ("octets", "media", "status"),
    [
        pytest.param(70000, "application/dns-message", "413", id="too long"),
        pytest.param(3000, "text/plain", "415", id="no DNS"),
    ],
)
def test_curl_sees_why_its_body_is_refused(daemon, version, octets, media, status):
    (daemon.directory / "body").write_bytes(bytes(octets))
    options = ["-H", f"content-type: {media}", "-H", "expect:", "--data-binary", "@body", "URL"]
    assert daemon.curl(version, *options)[0].startswith(status)


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_a_proxy_asks_without_tls(daemon, version):
    (daemon.directory / "query").write_bytes(QUERY)
    media = "content-type: application/dns-message"
    said, got = daemon.curl(version, "-H", media, "--data-binary", "@query", "URL", plain=True)
    assert said.startswith("200")
    assert got.endswith(b"\xc0\0\2\1")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_session_is_resumed_whichever_worker_it_comes_to(daemon, version):
    session = daemon.directory / f"session{version}"

    def begun():
        # Its input ends at once, so it may go before the ticket of TLS 1.3 comes.
        return "New, " in daemon.s_client(version, "-sess_out", session) and session.exists()

    wait_until(begun, "a ticket")
    # By chance all could come to one worker, one time in a thousand.
    for _ in range(10):
        assert "Reused, " in daemon.s_client(version, "-sess_in", session)


def test_renegotiation_is_refused(daemon):
    address = f"{daemon.address}:{daemon.tls_port}"
    said = daemon.run("openssl", "s_client", "-tls1_2", "-connect", address, given=b"R\n")
    assert "no renegotiation" in said


def test_a_new_certificate_is_served_after_a_reload_and_a_broken_one_is_not(daemon):
    def subject():
        return "CN = second.test" in daemon.s_client()

    assert not subject()
    daemon.certify("second.test")
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(subject, "the new certificate")
    (daemon.directory / "key.pem").write_bytes(make_key())
    daemon.process.send_signal(signal.SIGHUP)

    def refusals():
        lines = [line for line in daemon.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in map(json.loads, lines) if line["event"] == "config_problem"]

    (refusal,) = wait_until(refusals, "the refusal")
    assert refusal["check"] == "tls-key-mismatch"
    assert "192.0.2.1" in daemon.kdig(daemon.tls_port, "+tls")
    assert subject()
