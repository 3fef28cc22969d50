"""What is built for resolving is as the configuration says."""

import ipaddress
import random
import time

import pytest
from fakes import octets
from fakes.rehearsal import Rehearsal
from fakes.replies import record

from dnsd.dnssec.anchors import builtin_anchors
from dnsd.dnssec.digests import Ds
from dnsd.net.tls_self_signed import Subject, make_certificate, make_key
from dnsd.net.upstream_connection import Server
from dnsd.query.replies import Exchange
from dnsd.query.request import Request
from dnsd.query.request import Transport as ClientTransport
from dnsd.query.views import POLICY_SHIFT
from dnsd.resolver.cache.memory import MEMORY_BOUNDS
from dnsd.resolver.commands import Transport
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.resolver.outcome import Outcome
from dnsd.run import wiring_cache, wiring_resolver
from dnsd.run.wiring_resolver import fresh_world, recursion, resolver_options
from dnsd.wire import names
from dnsd.wire.message import RD, parse_query
from dnsd.wire.names import ROOT

N = names.from_text
A = 1
WALL_NOW = 1_800_000_000  # of ``around``
NAS, HOLE = N("nas.lan."), N("hole.test.")


class Here:
    """Local names: one machine of ours; one name that is blocked but for ourselves."""

    def __call__(self, name, _rrtype, policy):
        if name == NAS:
            return Outcome(0, [record("nas.lan. A 10.0.0.9")], [])
        return Outcome(3, [], []) if name == HOLE and policy >= 0 else None

    def is_local(self, name):
        return name == NAS


@pytest.fixture
def build(inherited, around):
    """Build recursion for a configuration as text, over a network moved by hand."""

    def make(text=""):
        inheritance = inherited(text)
        caches = wiring_cache.open_caches(inheritance)
        found = recursion(inheritance.config, lambda *_, **__: None, Here(), caches, around)
        if found is not None:
            network = Rehearsal()
            for each in (found, *found._apart.values()):
                each.resolver.world.network = network
        return found

    return make


def ask(found, name, client="192.0.2.1", policy=0):
    packed = ipaddress.ip_address(client).packed
    query = parse_query(octets.query(name, flags=RD))
    now = found.resolver.world.network.now()
    request = Request(query.raw, packed, 5353, None, ClientTransport.UDP, now, 0)
    exchange = Exchange(request, query, policy << POLICY_SHIFT, is_datagram=True)
    return found.answer(exchange, lambda: None), exchange


def test_without_configuration_the_resolver_works_as_it_says_itself(configured):
    options = resolver_options(configured("resolver: {ipv6: off}\n"))
    assert options == ResolverOptions()
    assert options.limits == ResolverLimits()


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("resolver: {upstream_port: 5353}", "port", 5353),
        ("resolver: {qname_minimization: strict}", "minimisation", "strict"),
        ("resolver: {case_randomization: off}", "case_randomization", False),
        ("resolver: {edns_size: 1400}", "edns_size", 1400),
        ("resolver: {upstream_cookies: off}", "cookies", False),
        ("resolver: {ipv6: on}", "ipv6", True),
        ("resolver: {query_local_addresses: on}", "query_local_addresses", True),
        ("resolver: {priming: off}", "priming", False),
        ("resolver: {serve_stale: off}", "serve_stale", False),
        ("resolver: {prefetch: off}", "prefetch", False),
        ("cache: {min_ttl: 30s}", "min_ttl", 30),
        ("cache: {max_ttl: 1h}", "max_ttl", 3600),
        ("resolver: {limits: {query_packets: 7}}", "limits", ResolverLimits(query_packets=7)),
    ],
)  # fmt: skip
def test_each_option_is_that_of_the_configuration(configured, text, name, value):
    assert getattr(resolver_options(configured(text + "\n")), name) == value


FORWARD = """\
resolver:
  forward:
    - {zone: corp.example, servers: [192.0.2.1, '2001:db8::1'], transport: tls, server_name: dns.example}
    - {zone: lab.example, servers: 192.0.2.2, kind: stub, port: 5353}
"""


@pytest.fixture
def fresh(configured, around):
    """Build what the resolver works with for a configuration as text."""
    return lambda text="": fresh_world(configured(text), Rehearsal(), around.clock.wall_now)


class TestTheWorld:
    def test_it_begins_with_nothing_learned(self, fresh):
        world = fresh()
        assert (list(world.records.entries()), list(world.delegations.delegations())) == ([], [])
        assert (world.configured, world.local) == ({}, None)

    def test_its_entropy_is_not_that_of_a_generator(self, fresh):
        world = fresh()
        random.seed(1)
        first = world.entropy(16)
        random.seed(1)
        assert (len(first), world.entropy(16) == first) == (16, False)

    def test_the_root_is_where_the_program_says(self, fresh):
        assert len(fresh().hints.servers) == 13

    def test_or_where_the_file_says(self, fresh, tmp_path):
        (tmp_path / "root.hints").write_text(". 60 NS a.test.\na.test. 60 A 192.0.2.1\n")
        world = fresh("resolver: {root_hints: root.hints}\n")
        assert world.hints.addresses == {N("a.test."): (b"\xc0\0\2\1",)}

    def test_forwarded_zones_are_asked_of_their_servers(self, fresh):
        cut = fresh(FORWARD).configured[N("corp.example.")]
        assert (cut.forward, cut.stub, cut.transport, cut.port) == (True, False, Transport.TLS, 853)
        assert cut.addresses == {
            N("dns.example."): (b"\xc0\0\2\1", ipaddress.ip_address("2001:db8::1").packed)
        }

    def test_stub_zones_are_not_asked_to_recurse(self, fresh):
        cut = fresh(FORWARD).configured[N("lab.example.")]
        assert (cut.forward, cut.stub, cut.transport, cut.port) == (
            False,
            True,
            Transport.UDP,
            5353,
        )
        assert cut.addresses == {ROOT: (b"\xc0\0\2\2",)}

    @pytest.mark.parametrize(
        ("usual", "text", "port"),
        [
            pytest.param(53, "", 0, id="the usual port"),
            pytest.param(53, ", port: 5353", 5353, id="another"),
            pytest.param(5353, ", port: 5353", 0, id="the usual one of a test"),
            pytest.param(5353, "", 53, id="not that of a test"),
        ],
    )
    def test_a_forwarder_at_the_usual_port_is_the_server_that_other_zones_have(
        self, fresh, usual, text, port
    ):
        text = f"forward: {{zone: corp.example, servers: 192.0.2.1{text}}}"
        world = fresh(f"resolver: {{upstream_port: {usual}, {text}}}\n")
        assert world.configured[N("corp.example.")].port == port


class TestTrust:
    def test_validation_begins_with_the_keys_of_the_root(self, fresh):
        trust = fresh().trust
        assert {name: [ds.tag for ds in found] for name, found in trust.anchors.items()} == {
            ROOT: [20326, 38696]
        }
        assert trust.negative == {}

    def test_or_with_those_of_a_file(self, fresh, tmp_path):
        (tmp_path / "anchors.txt").write_text(f"corp.example. DS 4711 13 2 {'ab' * 32}\n")
        anchors = fresh("resolver: {trust_anchors: anchors.txt}\n").trust.anchors
        assert anchors == {N("corp.example."): (Ds(4711, 13, 2, b"\xab" * 32),)}

    def test_without_anchors_nothing_is_validated(self, fresh):
        assert fresh("resolver: {trust_anchors: none}\n").trust is None

    def test_signatures_must_hold_now(self, fresh, time):
        trust = fresh().trust
        assert trust.unix_time() == WALL_NOW
        time.advance(5)
        assert trust.unix_time() == WALL_NOW + 5

    def test_or_at_the_time_that_is_said(self, fresh, time):
        trust = fresh("resolver: {validation_time: 1750000000}\n").trust
        time.advance(5)
        assert trust.unix_time() == 1_750_000_000

    def test_trust_is_taken_back_for_some_time(self, fresh):
        broken = "{name: Broken.example, until: 2999-01-01}"
        trust = fresh(f"resolver: {{negative_trust_anchors: [{broken}]}}\n").trust
        assert trust.is_taken_back(N("www.broken.example."))
        assert not trust.is_taken_back(N("example."))

    def test_answers_of_policies_are_validated_too(self, build):
        found = build(POLICIES)
        trusts = [each.resolver.world.trust for each in (found, *found._apart.values())]
        assert [trust.anchors for trust in trusts] == [builtin_anchors()] * 3


class TestTlsToServers:
    @pytest.fixture
    def options(self, configured, around, monkeypatch):
        """What exchanges with servers are handed."""
        handed = []
        monkeypatch.setattr(
            wiring_resolver, "Upstream", lambda *arguments: handed.append(arguments[-1])
        )

        def make(text=""):
            wiring_resolver.network(configured(text), around)
            return handed.pop()

        return make

    def test_authorities_are_those_of_the_system_or_of_a_file(self, options, tmp_path):
        assert options().trust == ""
        pem = make_certificate(make_key(), Subject("dns.example", ()), int(time.time()))
        (tmp_path / "trust.pem").write_bytes(pem)
        assert options("resolver: {tls_trust: trust.pem}\n").trust == str(tmp_path / "trust.pem")

    def test_a_certificate_that_is_not_trusted_is_logged_in_words(self, options, events):
        server = Server(b"\xc0\0\2\1", 853, Transport.TLS, "dns.example")
        options().distrusted(server, "self-signed certificate")
        (event,) = events()
        assert (event["event"], event["level"]) == ("server_certificate", "warning")
        assert "dns.example at 192.0.2.1 port 853 is not trusted" in event["text"]
        assert event["text"].endswith(": self-signed certificate")


class TestRecursion:
    def test_it_can_be_turned_off(self, build):
        assert build("resolver: {enabled: off}\n") is None

    def test_options_for_clients_are_those_of_the_configuration(self, build):
        options = build()._options
        assert (options.cache_only, options.serve_stale) == (True, True)
        options = build("resolver: {cache_only: refuse, serve_stale: off}\n")._options
        assert (options.cache_only, options.serve_stale) == (False, False)

    def test_times_of_waiting_are_those_of_the_configuration(self, build):
        text = "resolver: {limits: {stale_wait: 1s, query_time: 5s, late_answer: 3s}}\n"
        options = build(text).waiting._options
        assert (options.stale_s, options.time_s, options.late_s) == (1.0, 5.0, 3.0)

    @pytest.mark.parametrize(
        ("limits", "limit"),
        [
            ("{client_misses: 1, client_misses_burst: 2}", "client_misses"),
            ("{waiting_answers: 2}", "waiting_answers"),
            ("{recursions: 2}", "recursions"),
        ],
    )
    def test_limits_of_clients_are_those_of_the_configuration(self, build, limits, limit):
        found = build(f"resolver: {{limits: {limits}}}\n")
        reached = [ask(found, f"n{number}.test.")[1].limits for number in range(3)]
        assert reached == [(), (), (limit,)]

    def test_workers_share_the_rate_of_a_client(self, build):
        limits = "resolver: {limits: {client_misses: 2, client_misses_burst: 4}}\n"
        found = build("workers: 2\n" + limits)
        reached = [ask(found, f"n{number}.test.")[1].limits for number in range(3)]
        assert reached == [(), (), ("client_misses",)]

    def test_name_servers_are_found_among_names_of_ours_and_never_blocked(self, build):
        found = build()
        world = found.resolver.world
        assert world.local(NAS, A).answer[0].rdatas == (b"\x0a\0\0\x09",)
        assert world.local(HOLE, A) is None
        assert ask(found, "hole.test.")[1].answer.rcode == 3

    def test_a_defect_in_the_resolver_is_logged(self, build, events):
        try:
            raise ZeroDivisionError  # noqa: TRY301 - only raised ones have a place
        except ZeroDivisionError as error:
            build().resolver.on_fault(error)
        (event,) = events()
        assert "ZeroDivisionError" in str(event)

    @pytest.mark.parametrize(
        ("text", "name", "is_kept"),
        [
            pytest.param("", "www.test.", False, id="a public name"),
            pytest.param("", "nas.lan.", True, id="a name of ours"),
            pytest.param("resolver: {private_addresses: {filter: none}}", "www.test.", True, id="no filter"),
            pytest.param("resolver: {private_addresses: {allow: [test]}}", "www.test.", True, id="an allowed tree"),
            pytest.param(FORWARD, "www.corp.example.", True, id="a forwarded zone"),
            pytest.param("resolver: {forward: {zone: ., servers: 192.0.2.1}}", "www.test.", False, id="all forwarded"),
        ],
    )  # fmt: skip
    def test_private_addresses_are_for_whom_the_configuration_says(
        self, build, text, name, is_kept
    ):
        without_private = build(text)._sources.without_private
        kept = without_private(N(name), [record(f"{name} A 10.0.0.1")])
        assert kept == (None if is_kept else [])


POLICIES = """\
cache: {size: 64MiB}
resolver:
  local_zones: none
  forward: [{zone: corp.test, servers: 192.0.2.1}]
  policies:
    - {clients: 192.0.2.128/25, block: none}
    - {clients: 198.51.100.0/25, forward: [{zone: ., servers: 192.0.2.8}, {zone: lab.test, servers: 192.0.2.9, port: 5353}]}
    - {clients: 198.51.100.128/25, forward: {zone: corp.test, servers: 192.0.2.7}}
"""


class TestPoliciesThatForward:
    @pytest.fixture
    def found(self, build):
        return build(POLICIES)

    @pytest.mark.parametrize(
        ("policy", "name", "server"),
        [
            (0, "www.corp.test.", "192.0.2.1"),
            (1, "www.corp.test.", "192.0.2.1"),
            (2, "www.corp.test.", "192.0.2.1"),
            (2, "www.lab.test.", "192.0.2.9"),
            (2, "www.example.", "192.0.2.8"),
            (3, "www.corp.test.", "192.0.2.7"),
        ],
    )
    def test_the_closest_zone_of_the_policy_or_of_all_is_asked(self, found, policy, name, server):
        ask(found, name, policy=policy)
        ((exchange, _),) = found.resolver.world.network.open
        assert exchange.address == ipaddress.ip_address(server).packed

    @pytest.mark.parametrize("policy", [0, 1, 3])
    def test_others_do_without(self, found, policy):
        ask(found, "www.lab.test.", policy=policy)
        ((exchange, _),) = found.resolver.world.network.open
        roots = found.resolver.world.hints.addresses.values()
        assert exchange.address in {address for each in roots for address in each}

    def test_servers_are_the_same_and_all_that_they_say_is_apart(self, found):
        worlds = [each.resolver.world for each in (found, *found._apart.values())]
        for shared in ("servers", "network"):
            assert len({id(getattr(world, shared)) for world in worlds}) == 1
        assert len({id(world.quotas.servers) for world in worlds}) == 1
        for own in ("records", "delegations", "failures", "configured", "local"):
            assert len({id(getattr(world, own)) for world in worlds}) == 3

    def test_what_hangs_at_a_zone_of_a_policy_keeps_nobody_else_from_that_zone(self, build):
        found = build(POLICIES.replace("resolver:", "resolver:\n  limits: {zone_in_flight: 3}"))
        for number in range(4):
            _, exchange = ask(found, f"n{number}.corp.test.", policy=3)
        assert "zone_in_flight" in exchange.limits
        _, exchange = ask(found, "www.corp.test.")
        assert exchange.limits == ()

    @pytest.mark.parametrize(("size_mib", "workers"), [(1, 3), (16, 0), (65536, 2)])
    def test_the_caches_apart_are_together_as_large_as_those_in_memory(
        self, build, size_mib, workers
    ):
        found = build(f"workers: {workers}\n{POLICIES.replace('64MiB', f'{size_mib}MiB')}")
        worlds = [each.resolver.world for each in found._apart.values()]
        figures = [
            cache.statistics() for world in worlds for cache in (world.records, world.delegations)
        ]
        assert max(1, workers) * sum(each.limit_octets for each in figures) <= size_mib << 20
        assert (
            sum(world.records.statistics().limit_entries for world in worlds)
            <= MEMORY_BOUNDS.entries
        )
        assert all(each.limit_octets > 0 for each in figures)

    def test_a_flush_reaches_them(self, inherited, around):
        inheritance = inherited(POLICIES)
        caches = wiring_cache.open_caches(inheritance)
        assert caches.apart == []
        found = recursion(inheritance.config, lambda *_, **__: None, Here(), caches, around)
        worlds = [each.resolver.world for each in found._apart.values()]
        assert [id(each) for each in caches.apart] == [id(each) for each in worlds]

    def test_private_addresses_are_for_clients_of_the_policy(self, found):
        private = record("www.lab.test. A 10.0.0.1")
        kept = [
            each._sources.without_private(N("www.lab.test."), [private])
            for each in (found, *found._apart.values())
        ]
        assert kept == [[], None, []]

    def test_a_client_has_one_rate_for_all(self, found):
        assert len({id(each._sources.rates) for each in (found, *found._apart.values())}) == 1
