"""Forwarding between daemons: over TLS, whose certificate is trusted; for some clients elsewhere."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack

import dns.message
import dns.query
import dns.rcode
import pytest
from experiments.daemon import Daemon, log_faults

from dnsd.net.tls_self_signed import Subject, make_certificate, make_key

pytestmark = pytest.mark.slow

HOST = "resolver.example.test"
ZONE = """
'': {type: NS, value: ns1.example.test.}
ns1: {type: A, value: 192.0.2.53}
"""


class Forwarder(Daemon):
    """Whoever is forwarded to, over TLS, with a certificate that it vouches for itself."""

    def __init__(self, directory):
        super().__init__(directory, {"example.test.": ZONE}, limits={"tls_handshakes": 1000},
                         tls={"certificate": "certificate.pem", "key": "key.pem"})  # fmt: skip
        key = make_key()
        self.directory.mkdir()
        self.certificate = self.directory / "certificate.pem"
        self.certificate.write_bytes(make_certificate(key, Subject(HOST, ()), int(time.time())))
        (self.directory / "key.pem").write_bytes(key)

    def settings(self):
        settings = super().settings()
        listener = {"address": self.address, "port": self.tls_port, "transports": ["dot"]}
        settings["listen"].append(listener)
        return settings


@pytest.fixture(scope="module")
def forwarder(tmp_path_factory):
    with Forwarder(tmp_path_factory.mktemp("forwarder") / "there") as running:
        yield running


@pytest.fixture(params=[0, 1], ids=["one process", "a worker"])
def resolver(request, forwarder, tmp_path):
    """Start a daemon that asks the forwarder for everything."""
    with ExitStack() as stack:

        def start(**resolver):
            forward = {"zone": ".", "servers": [forwarder.address], "transport": "tls",
                       "port": forwarder.tls_port, "server_name": HOST}  # fmt: skip
            settings = {"enabled": "on", "forward": [forward], "local_zones": "none"}
            daemon = Daemon(tmp_path, {"here.test.": ZONE}, workers=request.param,
                            resolver=settings | resolver)  # fmt: skip
            return stack.enter_context(daemon)

        yield start


def ask(daemon):
    query = dns.message.make_query("ns1.example.test", "A", use_edns=0)
    return dns.message.from_wire(daemon.ask(query.to_wire()))


def test_a_server_that_an_authority_of_the_file_vouches_for_is_asked(resolver, forwarder):
    daemon = resolver(tls_trust=str(forwarder.certificate))
    assert "192.0.2.53" in ask(daemon).to_text()
    assert log_faults(daemon.log) == []


def test_a_server_that_an_authority_of_the_system_vouches_for_is_asked(
    resolver, forwarder, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(forwarder.certificate))
    assert "192.0.2.53" in ask(resolver()).to_text()


def test_another_server_is_told_nothing_and_everybody_is_told_why(resolver, forwarder):
    before = forwarder.counts()
    daemon = resolver()
    reply = ask(daemon)
    assert reply.rcode() == dns.rcode.SERVFAIL
    (why,) = reply.extended_errors()
    assert (why.code, why.text) == (23, "the server's certificate is not trusted")
    log = daemon.log.read_text().splitlines()
    lines = [json.loads(line) for line in log if line.startswith("{")]
    (line,) = [each for each in lines if each["event"] == "server_certificate"]
    assert line["level"] == "warning"
    assert line["text"].startswith(f"the certificate of {HOST} at {forwarder.address} port ")
    asked = [name for name in before if name.startswith("dnsd_query_queries_total")]
    after = forwarder.counts()
    assert [after[name] for name in asked] == [before[name] for name in asked]
    assert asked


@pytest.mark.parametrize("workers", [0, 2], ids=["one process", "two workers"])
def test_clients_of_a_policy_are_answered_from_elsewhere_and_others_never(
    tmp_path_factory, workers
):
    told = {"127.0.0.1": "192.0.2.80", "127.0.0.2": "192.0.2.90"}
    with ExitStack() as stack:
        servers = []
        for address in told.values():
            zone = ZONE + f"www: {{type: A, value: {address}, ttl: 3600}}\n"
            directory = tmp_path_factory.mktemp("forwarder")
            servers.append(stack.enter_context(Daemon(directory, {"example.test.": zone})))
        usual, elsewhere = [
            {"zone": "example.test", "servers": [each.address], "port": each.port}
            for each in servers
        ]
        policies = [{"clients": ["127.0.0.2"], "forward": [elsewhere]}]
        resolver = {"enabled": "on", "forward": [usual], "policies": policies}
        daemon = Daemon(tmp_path_factory.mktemp("resolver"), {"here.test.": ZONE},
                        workers=workers, resolver=resolver)  # fmt: skip
        stack.enter_context(daemon)
        query = dns.message.make_query("www.example.test", "A")
        for _ in range(5):
            for client, address in told.items():
                reply = dns.query.udp(query, daemon.address, 5, daemon.port, source=client)
                assert [each.address for rrset in reply.answer for each in rrset] == [address]
        status, said = daemon.command("cache", "flush", "--all")
        assert status == 0, said
        for client, address in told.items():
            reply = dns.query.udp(query, daemon.address, 5, daemon.port, source=client)
            assert [each.address for rrset in reply.answer for each in rrset] == [address]
        assert log_faults(daemon.log) == []
