"""Every panel of the dashboard, read by a real Prometheus from a dnsd that is being asked."""

import contextlib
import http
import json
import math
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import replace
from pathlib import Path

import dns.message
import dns.query
import pytest
from experiments.daemon import Daemon
from peers.lab_internet import served
from peers.servers import free_port, program

from dnsd.cli import lab_world
from dnsd.lab.authority import Sent
from dnsd.resolver.commands import Transport

pytestmark = [pytest.mark.slow, pytest.mark.peers("promtool")]  # of the package that has both

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = json.loads((ROOT / "grafana" / "dashboards" / "overview.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
PATIENCE_S = 30.0
SCRAPE_S = 1
VARIABLES = {"$instance": ".+", "$__rate_interval": "1m", "$__range": "1h"}

LIAR = "127.53.66.1"
ZONE = """\
dnssec: {policy: default}
records:
  '': {type: NS, value: ns1.example.org.}
  ns1: {type: A, value: 192.0.2.53}
  www: {type: A, value: 192.0.2.80}
"""
BROKEN = "records:\n  www: {type: A, value: 192.0.2.300}\n"

# Panels that show nothing but zero, and why.
AT_REST = {
    "Faults of the program": "there is none",
    "Faults and log": "no faults, and few events",
    "File of the cache": "it can be used",
}


class Guessed:
    """A server whose replies over UDP come after one with another ID, as if somebody guessed."""

    def __init__(self, server):
        self.server = server

    def receive(self, query, transport, now):
        sent = list(self.server.receive(query, transport, now))
        if transport is Transport.UDP and sent and sent[0].octets:
            octets = sent[0].octets
            sent.insert(0, Sent(bytes([octets[0] ^ 0xFF]) + octets[1:], sent[0].delay_s))
        return sent


def places(world):
    """The servers of the lab, one of them as if somebody guessed at its replies."""
    return [
        replace(place, server=Guessed(place.server)) if place.address == LIAR else place
        for place in world.places
    ]


@contextlib.contextmanager
def daemon(directory, anchor, upstream_port):
    """A dnsd in one process with all that it can count."""
    metrics, dot = free_port(), free_port()
    directory.mkdir()
    (directory / "root.hints").write_text(lab_world.ROOT_HINTS)
    (directory / "root.key").write_text(anchor)
    (directory / "ads.txt").write_text("ads.example\n")
    address = Daemon.address
    made = Daemon(
        directory, {"example.org.": ZONE},
        user="none",
        control={"http": f"127.0.0.1:{metrics}"},
        authority={"watch": "on"},
        resolver={
            "enabled": "on",
            "root_hints": "root.hints",
            "trust_anchors": "root.key",
            "upstream_port": upstream_port,
            "query_local_addresses": True,
            "local_zones": "none",
            "ipv6": False,
            "local": {"names": {"printer": "192.0.2.10"}},
            "block": ["ads.txt"],
            "limits": {"alias_links": 1},  # www.blog.example takes two
        },
    )  # fmt: skip
    plain = {"address": address, "port": made.port}
    made.given["listen"] = [plain, {"address": address, "port": dot, "transports": ["dot"]}]
    made.metrics_port, made.dot = metrics, dot
    with made:
        yield made


class Prometheus:
    """A Prometheus that reads one dnsd.

    Attributes:
        url: of its API.
    """

    def __init__(self, directory, target):
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/api/v1/query?"
        self.given = {
            "global": {"scrape_interval": f"{SCRAPE_S}s"},
            "scrape_configs": [
                {"job_name": "dnsd", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}
            ],
        }

    def __enter__(self):
        self.directory.mkdir()
        configuration = self.directory / "prometheus.yml"
        configuration.write_text(json.dumps(self.given))
        self.log = (self.directory / "log").open("wb")
        self.process = subprocess.Popen(
            [
                program("prometheus"), f"--config.file={configuration}",
                f"--storage.tsdb.path={self.directory / 'series'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            stdout=self.log, stderr=self.log,
        )  # fmt: skip
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        self.log.close()

    def values(self, expression):
        """The values that a query gives now; AssertionError with what is wrong with it."""
        try:
            with urllib.request.urlopen(
                self.url + urllib.parse.urlencode({"query": expression})
            ) as page:
                found = json.load(page)["data"]["result"]
        except urllib.error.HTTPError as refusal:
            if refusal.code == http.HTTPStatus.SERVICE_UNAVAILABLE:
                raise  # it has not read its files yet
            raise AssertionError(f"{expression}: {json.load(refusal)['error']}") from None
        return [float(series["value"][1]) for series in found]

    def until(self, expression):
        """Wait until a query gives something."""
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up:
            with contextlib.suppress(urllib.error.URLError):
                if self.values(expression):
                    return
            time.sleep(0.1)
        raise AssertionError(f"{expression} stays empty")


def ask(server, name, rrtype="A"):
    query = dns.message.make_query(name, rrtype)
    return dns.message.from_wire(server.ask(query.to_wire(), timeout_s=10.0))


def make_traffic(server):
    """Let every kind of query come at least once."""
    for _ in range(20):
        assert ask(server, "www.example.org").answer
    assert ask(server, "web.shop.test").answer
    # From the root down, through an alias, again from the cache, over TCP to the server.
    for name, rrtype in (
        ("www.shop.test", "A"), ("web.shop.test", "A"), ("www.blog.example", "A"),
        ("big.shop.test", "TXT"), ("www.slow.test", "A"), ("www.evil.test", "A"),
        ("printer.home.arpa", "A"), ("ads.example", "A"), ("www.gone.test", "A"),
        ("www.lame.test", "A"), ("expired.bogus.test", "A"), ("tampered.bogus.test", "A"),
    ):  # fmt: skip
        for _ in range(3):
            ask(server, name, rrtype)
    with contextlib.suppress(TimeoutError):  # no answer is due to an answer
        server.ask(b"\0\0\x80\0" + bytes(8), timeout_s=0.05)
    query = dns.message.make_query("www.example.org", "A")
    dns.query.tls(query, server.address, port=server.dot, verify=False, timeout=PATIENCE_S)
    server.ask(query.to_wire(), tcp=True)
    server.write_zone("broken.example.", BROKEN)
    (server.directory / "ads.txt").write_text("ads.example\nmore.example\n")


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A Prometheus that has seen traffic, and one connection that stays."""
    directory = tmp_path_factory.mktemp("dashboard")
    port, world = free_port(), lab_world.LabWorld(int(time.time()))
    with (
        served(places(world), port),
        daemon(directory / "dnsd", world.anchor, port) as server,
        Prometheus(directory / "prometheus", server.metrics_port) as prometheus,
    ):
        prometheus.until("dnsd_build_info")
        with socket.create_connection((server.address, server.port)):
            make_traffic(server)
            prometheus.until("dnsd_authority_zone_load_errors_total > 0")
            prometheus.until("dnsd_control_block_list_names > 1")
            prometheus.until('dnsd_resolver_cache_entries{kind="data"} > 0')
            prometheus.until('dnsd_net_tcp_connections{transport="tcp"} > 0')
            yield prometheus


def expressions(panel):
    for target in panel["targets"]:
        expression = target["expr"]
        for variable, value in VARIABLES.items():
            expression = expression.replace(variable, value)
        assert "$" not in expression
        yield expression


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_shows_something(watched, panel):
    found = {each: watched.values(each) for each in expressions(panel)}
    empty = [each for each, values in found.items() if not values]
    assert empty == []
    shown = [value for values in found.values() for value in values if not math.isnan(value)]
    assert shown, "not a number in it"
    assert any(shown) != (panel["title"] in AT_REST)


def test_the_choice_of_servers_has_one(watched):
    (choice,) = [each for each in DASHBOARD["templating"]["list"] if each["name"] == "instance"]
    assert choice["definition"] == "label_values(dnsd_build_info, instance)"
    assert watched.values("count by (instance) (dnsd_build_info)") == [1.0]


@pytest.mark.parametrize("path", [ROOT / "deploy" / "prometheus.yml"], ids=lambda path: path.name)
def test_promtool_has_nothing_to_say_about_the_configuration(path):
    done = subprocess.run(
        [program("promtool"), "check", "config", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
