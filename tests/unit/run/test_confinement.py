"""The paths each role may touch."""

from __future__ import annotations

import ssl
import sys
import time
from pathlib import Path

import pytest

import dnsd
from dnsd.net.tls_self_signed import Subject, make_certificate, make_key
from dnsd.run.confinement import control_paths, single_paths, worker_paths


def certificate():
    return make_certificate(make_key(), Subject("dns.example", ()), int(time.time()))


def test_a_worker_reads_its_own_program_and_writes_nothing(configured):
    paths = worker_paths(configured())
    assert paths.write == paths.execute == ()
    assert Path(dnsd.__file__).parent in paths.read
    assert Path(sys.prefix) in paths.read


def test_control_writes_below_the_state_directory_only(configured):
    config = configured()
    assert control_paths(config).write == (config.state_directory,)


def test_control_reads_zones_and_configuration(configured):
    config = configured()
    read = control_paths(config).read
    assert set(config.authority.zone_directories) <= set(read)
    assert config.file.parent in read


def test_control_reads_cookie_secrets_wherever_they_are(configured, tmp_path):
    secret = tmp_path / "elsewhere" / "secret"
    secret.parent.mkdir()
    secret.write_text("00" * 16)
    secret.chmod(0o600)
    config = configured(f"cookies: {{secret_file: {secret}}}\n")
    assert secret.parent in control_paths(config).read


def test_control_may_start_the_python_that_compiles(configured):
    python = Path(sys.executable).resolve()
    assert python in control_paths(configured()).execute


def test_a_worker_follows_local_names_and_block_lists(configured, tmp_path):
    config = configured("resolver: {local: {hosts: a/hosts, leases: b/leases}}")
    read = worker_paths(config).read
    assert {tmp_path / "a", tmp_path / "b", config.block_lists} <= set(read)


def test_a_file_of_local_names_may_be_a_link(configured, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "hosts").touch()
    config = configured(f"resolver: {{local: {{hosts: {tmp_path}/elsewhere/hosts}}}}")
    assert tmp_path / "elsewhere" in worker_paths(config).read


TLS = "{zone: ., servers: 192.0.2.1, transport: tls, server_name: dns.example}"


@pytest.mark.parametrize("paths", [worker_paths, single_paths])
class TestAuthorities:
    def test_those_of_the_system_are_read_where_a_server_has_a_name(self, configured, paths):
        read = paths(configured(f"resolver: {{forward: {TLS}}}\n")).read
        assert {Path("/etc/ssl/certs"), Path(ssl.get_default_verify_paths().openssl_capath)} <= set(
            read
        )

    def test_also_where_only_a_policy_forwards(self, configured, paths):
        text = f"resolver: {{policies: {{clients: any, forward: {TLS}}}}}\n"
        assert Path("/etc/ssl/certs") in paths(configured(text)).read

    def test_others_are_read_where_they_are(self, configured, tmp_path, paths):
        (tmp_path / "there").mkdir()
        (tmp_path / "there" / "trust.pem").write_bytes(certificate())
        (tmp_path / "trust.pem").symlink_to(tmp_path / "there" / "trust.pem")
        trust = f"tls_trust: {tmp_path}/trust.pem"
        read = set(paths(configured(f"resolver: {{{trust}, forward: {TLS}}}\n")).read)
        assert {tmp_path, tmp_path / "there"} <= read


def test_a_worker_that_verifies_no_certificate_reads_no_authorities(configured):
    read = worker_paths(configured()).read
    assert not [path for path in read if "ssl" in path.parts]


def test_control_reads_block_lists_and_what_fetching_needs(configured, tmp_path):
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "ads.txt").touch()
    read = control_paths(configured("resolver: {block: lists/ads.txt}")).read
    assert {tmp_path / "lists", Path("/etc/resolv.conf"), Path("/etc/ssl")} <= set(read)


@pytest.mark.parametrize("paths", [control_paths, single_paths])
def test_root_hints_and_anchors_can_be_read_again(configured, tmp_path, paths):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "root.hints").touch()
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "anchors").write_text(f"corp.example. DS 4711 13 2 {'ab' * 32}\n")
    (tmp_path / "anchors").symlink_to(tmp_path / "there" / "anchors")
    text = f"trust_anchors: {tmp_path}/anchors, root_hints: {tmp_path}/elsewhere/root.hints"
    read = set(paths(configured(f"resolver: {{{text}}}\n")).read)
    assert {tmp_path, tmp_path / "there", tmp_path / "elsewhere"} <= read


def test_links_among_zone_files_are_followed(configured, tmp_path):
    elsewhere = tmp_path / "checkout"
    elsewhere.mkdir()
    (elsewhere / "example.test.yaml").write_text("")
    config = configured()
    (tmp_path / "zones" / "example.test.yaml").symlink_to(elsewhere / "example.test.yaml")
    assert elsewhere in control_paths(config).read
