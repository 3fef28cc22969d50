"""The paths each role may touch."""

from __future__ import annotations

import sys
from pathlib import Path

import dnsd
from dnsd.run.confinement import control_paths, worker_paths


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


def test_control_reads_block_lists_and_what_fetching_needs(configured, tmp_path):
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "ads.txt").touch()
    read = control_paths(configured("resolver: {block: lists/ads.txt}")).read
    assert {tmp_path / "lists", Path("/etc/resolv.conf"), Path("/etc/ssl")} <= set(read)


def test_links_among_zone_files_are_followed(configured, tmp_path):
    elsewhere = tmp_path / "checkout"
    elsewhere.mkdir()
    (elsewhere / "example.test.yaml").write_text("")
    config = configured()
    (tmp_path / "zones" / "example.test.yaml").symlink_to(elsewhere / "example.test.yaml")
    assert elsewhere in control_paths(config).read
