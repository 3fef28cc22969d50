"""A home network: a client, dnsd on the router, and an Internet that is far and loses datagrams.

Each is a network namespace with cables between them, so that every packet is a real one
and none leaves the machine. The client has the router as its only name server.
"""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack, closing

import dns.flags
import dns.message
import dns.rcode
import pytest
from experiments.daemon import Daemon, log_faults
from peers.captured import Capture
from peers.distant_internet import DELAY_S, PLACES, ROOT_HINTS, DistantInternet
from peers.namespaces import Host, connect, why_none

from dnsd.resolver.commands import Transport

pytestmark = [pytest.mark.slow, pytest.mark.root, pytest.mark.peers("ip", "tc", "kdig")]

ROUTER, ROUTER6 = "192.168.53.1", "fd00:53::1"
CLIENT, CLIENT6 = "192.168.53.2", "fd00:53::2"
# To the world, the router is the name server of a domain.
OUTSIDE = "203.0.113.2"
OURS = """
'': [{type: NS, value: ns.ours.test.}, {type: ALIAS, ttl: 120, value: www.shop.example.}]
ns: {type: A, value: 203.0.113.2}
inside: {type: ALIAS, value: ns.ours.test.}
empty: {type: ALIAS, value: big.shop.example.}
lost: {type: ALIAS, value: nobody.shop.example.}
gone: {type: ALIAS, value: www.gone.example.}
"""
MANY = 200
RESOLV_CONF = "options timeout:5 attempts:5\n"


class Router(Daemon):
    """dnsd as a home's router runs it: as shipped, but for the root and its test names."""

    address = ROUTER

    def __init__(self, directory, router, client):
        super().__init__(directory, {"ours.test.": OURS})
        self.host, self.client = router, client
        self.port = 53

    def arguments(self):
        (self.directory / "root.hints").write_text(ROOT_HINTS)
        return self.host.command(*super().arguments())

    def settings(self):
        ports = {53: ["udp", "tcp"], 853: ["dot"], 443: ["doh"]}
        listen = [
            {"address": address, "port": port, "transports": transports}
            for address in (ROUTER, ROUTER6)
            for port, transports in ports.items()
        ]
        listen.append({"address": OUTSIDE, "port": 53, "transports": ["udp", "tcp"]})
        resolver = {"enabled": "on", "root_hints": "root.hints", "local_zones": "none",
                    "trust_anchors": "none"}  # fmt: skip
        return super().settings() | {"listen": listen, "resolver": resolver}

    def ask(self, octets, *, tcp=False, timeout_s=20.0):
        """Ask from the client's machine."""
        with self.client.entered():
            return super().ask(octets, tcp=tcp, timeout_s=timeout_s)

    def reply(self, name, rrtype, **options):
        query = dns.message.make_query(name, rrtype, use_edns=0, payload=1232)
        return dns.message.from_wire(self.ask(query.to_wire(), **options))


class Home:
    """The three machines, and what runs on them."""

    def __init__(self, directory, stack):
        enter = stack.enter_context
        self.client, self.router, self.internet = (
            enter(Host(role)) for role in ("client", "router", "internet")
        )
        connect((self.client, "house"), (self.router, "lan"))
        connect((self.router, "wan"), (self.internet, "home"))
        self.client.address("house", f"{CLIENT}/24", f"{CLIENT6}/64")
        self.router.address("lan", f"{ROUTER}/24", f"{ROUTER6}/64")
        self.router.address("wan", f"{OUTSIDE}/30", "2001:db8:53::2/64")
        self.internet.address("home", "203.0.113.1/30", "2001:db8:53::1/64")
        for address in (each for pair in PLACES.values() for each in pair):
            self.internet.address("lo", f"{address}/{128 if ':' in address else 32}")
        self.router.ip("route", "add", "default", "via", "203.0.113.1")
        self.router.ip("-6", "route", "add", "default", "via", "2001:db8:53::1")
        self.client.etc("resolv.conf", f"{RESOLV_CONF}nameserver {ROUTER}\n")
        self.client.etc("nsswitch.conf", "hosts: dns\n")
        self.distant = enter(DistantInternet(self.internet))
        self.daemon = enter(Router(directory, self.router, self.client))

    def kdig(self, *words):
        return self.client.run("kdig", f"@{ROUTER}", "+timeout=20", *words)

    def addresses(self, name):
        """What the stub of the C library finds for a name."""
        return {line.split()[0] for line in self.client.run("getent", "ahosts", name).splitlines()}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    if reason := why_none():
        pytest.skip(f"no network namespaces on this machine: {reason}")
    with ExitStack() as stack:
        found = Home(tmp_path_factory.mktemp("home") / "router", stack)
        yield found
        assert found.distant.lost, "the way was bad"
        assert log_faults(found.daemon.log) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param([], "(UDP)", id="UDP"),
        pytest.param(["+tcp"], "(TCP)", id="TCP"),
        pytest.param(["+tls"], "TLS1.3", id="TLS"),
        pytest.param(["+https"], "status: 200", id="HTTPS"),
    ],
)
@pytest.mark.parametrize("server", [ROUTER, ROUTER6], ids=["IPv4", "IPv6"])
def test_kdig_resolves_over_every_transport(home, options, said, server):
    got = home.client.run("kdig", f"@{server}", "+timeout=20", *options, "www.shop.example", "A")
    assert said in got
    assert "status: NOERROR" in got
    assert "203.0.113.80" in got


@pytest.mark.parametrize("server", [ROUTER, ROUTER6], ids=["IPv4", "IPv6"])
def test_the_stub_of_the_c_library_finds_both_families(home, server):
    home.client.etc("resolv.conf", f"{RESOLV_CONF}nameserver {server}\n")
    assert home.addresses("www.shop.example") == {"203.0.113.80", "2001:db8:80::80"}
    assert home.addresses("no.shop.example") == set()


def test_a_domain_that_only_ipv6_leads_to_is_found(home):
    assert home.addresses("www.six.example") == {"203.0.113.86", "2001:db8:80::86"}
    assert home.distant.servers["six"].queries


def test_a_private_address_of_a_public_name_is_kept_from_clients(home):
    assert home.addresses("inside.shop.example") == set()
    assert home.addresses("mixed.shop.example") == {"203.0.113.81"}
    for rrtype in ("A", "AAAA"):
        reply = home.daemon.reply("inside.shop.example", rrtype)
        assert (reply.rcode(), reply.answer) == (dns.rcode.NOERROR, [])
        assert [each.code for each in reply.extended_errors()] == [17]


def test_what_is_too_long_for_a_datagram_comes_over_tcp(home):
    home.daemon.control.flush({"all": True})
    reply = home.daemon.reply("big.shop.example", "TXT")
    assert reply.flags & dns.flags.TC
    assert not reply.answer
    said = home.kdig("big.shop.example", "TXT")
    assert "(TCP)" in said
    assert said.count("x" * 250) == 8
    over = [transport for transport, query in home.distant.servers["shop"].queries
            if b"\x03big" in query.lower()]  # fmt: skip
    assert {*over} == {Transport.UDP, Transport.TCP}


def test_a_reply_in_fragments_is_not_used(home):
    """An authority ignores what we can take: only the answer over TCP counts."""
    reply = home.daemon.reply("www.long.example", "TXT", tcp=True)
    assert len(reply.answer[0][0].strings) == 6
    queries = home.distant.servers["long"].queries
    over = [transport for transport, query in queries if b"\x03www" in query.lower()]
    assert over[0] is Transport.UDP
    assert over[-1] is Transport.TCP


@pytest.mark.parametrize(
    ("name", "rrtype", "status", "address"),
    [
        ("ours.test", "A", "NOERROR", "203.0.113.80"),
        ("ours.test", "AAAA", "NOERROR", "2001:db8:80::80"),
        ("inside.ours.test", "A", "NOERROR", OUTSIDE),
        ("empty.ours.test", "A", "NOERROR", None),
        ("lost.ours.test", "A", "NOERROR", None),
        ("gone.ours.test", "A", "SERVFAIL", None),
    ],
)
def test_the_world_gets_the_addresses_that_an_alias_of_ours_leads_to(
    home, name, rrtype, status, address
):
    asked = ["kdig", f"@{OUTSIDE}", "+timeout=20", "+edns", "+noall", "+header", "+answer",
             "+authority", "+opttext"]  # fmt: skip
    said = home.internet.run(*asked, name, rrtype)
    assert f"status: {status}" in said
    flags = next(line for line in said.splitlines() if "Flags:" in line)
    assert (" aa" in flags, " ra" in flags) == (status == "NOERROR", False)
    records = [line.split() for line in said.splitlines() if line and not line.startswith(";")]
    if address is not None:
        assert [(owner, kind, text) for owner, _, _, kind, text in records] == [
            (f"{name}.", rrtype, address)
        ]
        assert int(records[0][1]) <= (120 if name == "ours.test" else 3600)
    elif status == "NOERROR":
        assert [(each[0], each[3]) for each in records] == [("ours.test.", "SOA")]
    else:
        assert records == []
    refused = home.internet.run(*asked, "www.shop.example", "A")
    assert "status: REFUSED" in refused, "the world may not recurse"


def resolve_many(home, tag, count):
    """Ask for names of a wildcard at once, as a stub that asks again; those that were found."""
    wanted = {number: f"{tag}{number}.many.shop.example" for number in range(count)}
    with home.client.entered():
        asker = socket.socket(type=socket.SOCK_DGRAM)
    with closing(asker):
        asker.settimeout(5)
        found = set()
        for _ in range(4):
            for number in wanted.keys() - found:
                query = dns.message.make_query(wanted[number], "A", id=number)
                asker.sendto(query.to_wire(), (ROUTER, 53))
                time.sleep(0.005)
            try:
                while len(found) < count:
                    reply = dns.message.from_wire(asker.recv(4096))
                    if reply.answer:
                        found.add(reply.id)
            except TimeoutError:
                continue
            break
    return found


def test_what_leaves_the_router_is_small_and_never_in_fragments(home):
    with home.router.entered():
        capture = Capture()
    with closing(capture):
        lost = home.distant.lost
        assert resolve_many(home, "a", MANY) == set(range(MANY))
        home.kdig("big.shop.example", "TXT")
        home.daemon.reply("www.long.example", "TXT")
        sent = capture.sent()
    assert home.distant.lost > lost
    assert [each for each in sent if each.is_fragment] == []
    datagrams = [each for each in sent if each.udp is not None]
    assert [each for each in datagrams if not each.dont_fragment] == []
    queries = [each.message() for each in datagrams if each.destination_port == 53]
    assert len(queries) > MANY
    assert {(query.edns, query.payload) for query in queries} == {(0, 1232)}
    replies = [each for each in datagrams if each.source_port == 53]
    assert len(replies) >= MANY
    assert max(len(each.udp) for each in replies) <= 1232


def test_names_are_found_while_the_kernel_loses_and_delays_packets(home):
    """As the servers above do it, but to every packet, those of TCP included."""
    delay = f"{DELAY_S * 1000:.0f}ms"
    netem = ["root", "netem", "delay", delay, "5ms", "loss", "10%"]
    said = home.internet.run("tc", "qdisc", "add", "dev", "home", *netem)
    if "Unknown qdisc" in said or "qdisc kind is unknown" in said:
        pytest.skip("this kernel has no sch_netem; the servers of the test lose and delay instead")
    assert said == ""
    try:
        assert resolve_many(home, "n", MANY) == set(range(MANY))
        assert "203.0.113.80" in home.kdig("+tcp", "www.shop.example", "A")
        shown = json.loads(home.internet.run("tc", "-s", "-j", "qdisc", "show", "dev", "home"))
    finally:
        home.internet.run("tc", "qdisc", "delete", "dev", "home", "root")
    assert sum(each.get("drops", 0) for each in shown) > 0
