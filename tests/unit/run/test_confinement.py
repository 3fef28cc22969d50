"""The paths each role may touch."""

from __future__ import annotations

import sys
from pathlib import Path

import dnsd
from dnsd.run.confinement import control_paths, worker_paths


def test_a_worker_reads_its_own_program_and_writes_nothing():
    paths = worker_paths()
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


def test_control_may_start_the_python_that_compiles():
    python = Path(sys.executable).resolve()
    assert python in worker_paths().read


def test_links_among_zone_files_are_followed(configured, tmp_path):
    elsewhere = tmp_path / "checkout"
    elsewhere.mkdir()
    (elsewhere / "example.test.yaml").write_text("")
    config = configured()
    (tmp_path / "zones" / "example.test.yaml").symlink_to(elsewhere / "example.test.yaml")
    assert elsewhere in control_paths(config).read
