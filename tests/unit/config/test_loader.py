from dataclasses import replace
from pathlib import Path

import pytest

from dnsd.config import loader
from dnsd.config.loader import load
from dnsd.config.schema import Listener
from dnsd.source.problems import ConfigError


def _write(tmp_path, text):
    path = tmp_path / "dnsd.yaml"
    path.write_text(text)
    return path


def test_an_empty_file_says_what_no_file_says(tmp_path, machine):
    defaults = load(None, directory=tmp_path, machine=machine)
    path = _write(tmp_path, "# nothing\n")
    assert load(path, machine=machine) == replace(defaults, file=path)


def test_a_section_whose_keys_are_commented_out_is_empty(tmp_path, machine):
    path = _write(tmp_path, "limits:\n  # tcp_clients: 5\nauthority:\nlisten:\n")
    assert load(path, machine=machine) == load(_write(tmp_path, ""), machine=machine)


def test_relative_paths_start_at_the_file_not_at_the_working_directory(
    tmp_path, machine, monkeypatch
):
    (tmp_path / "etc" / "zones").mkdir(parents=True)
    _write(tmp_path / "etc", "state_directory: state\ncontrol: {socket: run/s}\n")
    monkeypatch.chdir(tmp_path)
    config = load(Path("etc/dnsd.yaml"), machine=machine)
    assert config.file == Path("etc/dnsd.yaml")
    assert config.state_directory == tmp_path / "etc" / "state"
    assert config.control.socket == tmp_path / "etc" / "state" / "run" / "s"
    assert config.authority.zone_directories == (tmp_path / "etc" / "zones",)


def test_one_value_stands_for_a_list_of_one(tmp_path, machine):
    path = _write(
        tmp_path,
        "listen: {address: 192.0.2.1, transports: tcp}\n"
        "authority: {zones: dnsd.yaml, allow: 192.0.2.7}\n",
    )
    config = load(path, machine=machine)
    assert config.listen == (Listener("192.0.2.1", 53, ("tcp",)),)
    assert config.authority.zone_files == (path,)
    assert config.authority.allow == ("192.0.2.7/32",)


@pytest.mark.parametrize("path", ["none.yaml", "."])
def test_a_file_that_cannot_be_read_is_one_problem(path, tmp_path, machine):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / path, machine=machine)
    (problem,) = caught.value.problems
    assert problem.id == "unreadable-file"


def test_secrets_are_never_written_out(tmp_path, machine):
    secret = "00112233445566778899aabbccddeeff"
    file = tmp_path / "cookie.secret"
    file.write_text(secret)
    file.chmod(0o600)
    config = load(_write(tmp_path, "cookies: {secret_file: cookie.secret}"), machine=machine)
    assert (config.cookies.file, config.cookies.secrets) == (file, (bytes.fromhex(secret),))
    assert secret not in repr(config)
    assert repr(bytes.fromhex(secret)) not in repr(config)


def test_the_file_here_is_found_before_the_systems(tmp_path, monkeypatch):
    system = tmp_path / "system.yaml"
    monkeypatch.setattr(loader, "SYSTEM_FILE", system)
    assert loader.find(tmp_path) is None
    system.touch()
    assert loader.find(tmp_path) == system
    (tmp_path / "dnsd.yaml").touch()
    assert loader.find(tmp_path) == tmp_path / "dnsd.yaml"
