from dataclasses import replace
from pathlib import Path

import pytest

from dnsd.config.loader import load
from dnsd.source.problems import ConfigError


def _config(tmp_path, machine, text):
    for name in ("ads.txt", "kids.txt"):
        (tmp_path / name).touch()
    path = tmp_path / "dnsd.yaml"
    path.write_text(text)
    return load(path, machine=machine)


@pytest.mark.parametrize(
    ("text", "route", "expected"),
    [("auto", True, True), ("auto", False, False), ("on", False, True), ("off", True, False)],
)
def test_ipv6_is_used_where_there_is_a_way_out(text, route, expected, tmp_path, machine):
    machine = replace(machine, ipv6_route=route)
    config = _config(tmp_path, machine, f"resolver: {{ipv6: {text}}}")
    assert config.resolver.ipv6 is expected


@pytest.mark.parametrize(
    ("text", "zones"),
    [
        ("local: {domain: lan}", (b"\x03lan\x00",)),
        ("local: {domain: lan}, local_zones: [builtin, lan]", (b"\x03lan\x00",)),
        ("local: {domain: lan}, local_zones: none", ()),
        ("local: {domain: lan.example}", ()),
        ("local: {domain: .}", ()),
    ],
)
def test_a_local_domain_of_one_label_is_a_zone_of_ours(text, zones, tmp_path, machine):
    assert _config(tmp_path, machine, f"resolver: {{{text}}}").resolver.empty_zones == zones


def test_a_policy_has_every_list_unless_said(tmp_path, machine):
    text = """
resolver:
  block: [ads.txt, kids.txt]
  policies:
    - {clients: 192.0.2.1}
    - {clients: 192.0.2.2, block: none}
    - {clients: 192.0.2.3, block: kids, suppress: aaaa}
"""
    found = _config(tmp_path, machine, text).resolver.policies
    assert [policy.block for policy in found] == [("ads", "kids"), (), ("kids",)]
    assert found[2].suppress == (28,)


def test_a_policy_forwards_as_everybody_may(tmp_path, machine):
    text = "{clients: 192.0.2.1, forward: {zone: ., servers: 192.0.2.9, transport: tls}}"
    (policy,) = _config(tmp_path, machine, f"resolver: {{policies: {text}}}").resolver.policies
    (forward,) = policy.forward
    assert (forward.zone, forward.servers, forward.port) == (b"\x00", ("192.0.2.9",), 853)


def test_what_is_wrong_with_a_policy_is_said_where_it_stands(tmp_path, machine):
    text = """
resolver:
  policies:
    - clients: 192.0.2.1
    - clients: 192.0.2.2
      forward:
        - {zone: lan, servers: 192.0.2.1, server_name: a.example}
        - {zone: LAN, servers: 192.0.2.2}
"""
    with pytest.raises(ConfigError) as caught:
        _config(tmp_path, machine, text)
    found = [(each.where.line, each.id, each.message) for each in caught.value.problems]
    assert sorted(found) == [
        (7, "no-certificate",
         "resolver.policies[1].forward[0].server_name is given, but udp has no certificate"),
        (8, "duplicate-forward",
         "resolver.policies[1].forward[1] is 'lan.' again, as forward[0]"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "port"), [("udp", 53), ("tcp", 53), ("tls", 853), ("tls, port: 443", 443)]
)
def test_a_forward_zone_has_the_port_of_its_transport(text, port, tmp_path, machine):
    text = f"resolver: {{forward: {{zone: ., servers: 192.0.2.1, transport: {text}}}}}"
    (forward,) = _config(tmp_path, machine, text).resolver.forward
    assert (forward.zone, forward.port, forward.stub) == (b"\x00", port, False)


def test_the_name_in_a_certificate_is_text(tmp_path, machine):
    text = "{zone: ., servers: 192.0.2.1, transport: tls, server_name: DNS.Example.}"
    (forward,) = _config(tmp_path, machine, f"resolver: {{forward: {text}}}").resolver.forward
    assert forward.server_name == "dns.example"


def test_a_limit_within_another_is_never_wider_than_that_one(tmp_path, machine):
    text = "minimised_steps: 2, udp_timeout_max: 100ms, failure_ttl_max: 2s, stale_ttl: 1.5s"
    limits = _config(tmp_path, machine, f"resolver: {{limits: {{{text}}}}}").resolver.limits
    assert (limits.single_label_steps, limits.udp_timeout_first_s) == (2, 0.1)
    assert (limits.failure_ttl_s, limits.stale_ttl_s) == (2, 1)


def test_what_is_kept_at_least_is_not_more_than_at_most(tmp_path, machine):
    cache = _config(tmp_path, machine, "cache: {min_ttl: 1m, max_ttl: 30s}").cache
    assert (cache.min_ttl_s, cache.max_ttl_s) == (30, 30)


def test_an_open_resolver_is_warned_of(tmp_path, machine):
    (warning,) = _config(tmp_path, machine, "resolver: {allow: any}").warnings
    assert warning.id == "open-resolver"
    assert _config(tmp_path, machine, "resolver: {allow: any, enabled: off}").warnings == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("block: [ads.txt], policies: {clients: any, block: adds}", "unknown-list"),
        ("forward: [{zone: lan, servers: 192.0.2.1}, {zone: LAN., servers: 192.0.2.2}]",
         "duplicate-forward"),
        ("forward: {zone: lan, servers: 192.0.2.1, server_name: a.example}", "no-certificate"),
        ("forward: {zone: lan, servers: []}", "empty-list"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(text, problem, tmp_path, machine):
    with pytest.raises(ConfigError) as caught:
        _config(tmp_path, machine, f"resolver: {{{text}}}")
    assert [found.id for found in caught.value.problems] == [problem]


def test_files_of_local_names_are_paths_from_the_configuration_on(tmp_path, machine):
    text = "resolver: {local: {hosts: [a/hosts, /etc/hosts], leases: leases}}"
    local = _config(tmp_path, machine, text).resolver.local
    assert local.hosts == (tmp_path / "a" / "hosts", Path("/etc/hosts"))
    assert local.leases == (tmp_path / "leases",)


def test_a_time_that_is_passed_when_validating_is_told(tmp_path, machine):
    text = "negative_trust_anchors: {name: broken.example, until: 2025-06-15}"
    until = 1_749_945_600
    for now, passed in ((until - 1, 0), (until, 1)):
        config = _config(tmp_path, machine, f"resolver: {{validation_time: {now}, {text}}}")
        assert config.resolver.validation.negative == ((b"\x06broken\x07example\x00", until),)
        assert [each.id for each in config.warnings if each.id != "runs-as-root"] == [
            "passed-time"
        ] * passed


@pytest.mark.parametrize(
    ("text", "fixed"),
    [("{}", None), ("{validation_time: null}", None), ("{validation_time: none}", None),
     ("{validation_time: 0}", 0), ("{validation_time: 1750000000}", 1_750_000_000)],
)  # fmt: skip
def test_signatures_must_hold_now_unless_said(text, fixed, tmp_path, machine):
    assert _config(tmp_path, machine, f"resolver: {text}").resolver.validation.fixed_time == fixed
