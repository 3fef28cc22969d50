from dataclasses import replace

import pytest

from dnsd.config.loader import load
from dnsd.config.normal import packaged_zones
from dnsd.config.schema import Listener

BOTH = ("udp", "tcp")


def _load(tmp_path, machine, text=""):
    path = tmp_path / "dnsd.yaml"
    path.write_text(text)
    return load(path, machine=machine)


@pytest.mark.parametrize(
    ("facts", "listeners"),
    [
        ({}, [("127.0.0.1", 53), ("::1", 53)]),
        ({"low_ports": False}, [("127.0.0.1", 5300), ("::1", 5300)]),
        ({"ipv6_loopback": False}, [("127.0.0.1", 53)]),
    ],
)
def test_without_a_word_only_this_machine_is_answered(facts, listeners, tmp_path, machine):
    config = _load(tmp_path, replace(machine, **facts))
    assert config.listen == tuple(Listener(*listener, BOTH) for listener in listeners)


def test_auto_is_one_worker_a_core_and_nothing_is_one_process(tmp_path, machine):
    assert _load(tmp_path, machine, "workers: auto").workers == 4
    assert _load(tmp_path, machine).workers == 0


def test_the_example_is_served_where_there_are_no_zones(tmp_path, machine):
    authority = _load(tmp_path, machine).authority
    assert authority.packaged
    assert authority.zone_directories == (packaged_zones(),) or not packaged_zones().is_dir()
    (tmp_path / "zones").mkdir()
    authority = _load(tmp_path, machine).authority
    assert not authority.packaged
    assert authority.zone_directories == (tmp_path / "zones",)


def test_no_zones_at_all_can_be_said(tmp_path, machine):
    authority = _load(tmp_path, machine, "authority: {zones: []}").authority
    assert (authority.zone_directories, authority.zone_files) == ((), ())


def test_root_stays_root_only_with_a_warning(tmp_path, machine):
    machine = replace(machine, users=frozenset({"root"}))
    (warning,) = _load(tmp_path, machine).warnings
    assert warning.id == "runs-as-root"
    assert _load(tmp_path, machine, "user: none").warnings == ()
    assert _load(tmp_path, replace(machine, superuser=False)).warnings == ()
    assert _load(tmp_path, replace(machine, users=frozenset({"dnsd"}))).warnings == ()


def test_a_limit_within_another_is_never_wider_than_that_one(tmp_path, machine):
    text = "limits: {tcp_idle: 50ms, tcp_clients: 5, http_connections: 2, restart_delay_max: 50ms}"
    limits = _load(tmp_path, machine, text).limits
    assert (limits.tcp_idle_s, limits.tcp_idle_busy_s, limits.tcp_idle_full_s) == (0.05, 0.05, 0.05)
    assert limits.tcp_clients_per_net == 5
    assert limits.http_connections_per_client == 2
    assert limits.restart_delay_s == 0.05


def test_transports_come_once_and_in_one_order(tmp_path, machine):
    config = _load(tmp_path, machine, "listen: {address: '::', transports: [tcp, udp, tcp]}")
    assert config.listen == (Listener("::", 53, BOTH),)
