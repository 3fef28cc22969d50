"""What comes before the first fork."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat

import pytest

from dnsd.config.loader import load
from dnsd.run import startup
from dnsd.run.startup import prepare
from dnsd.source.problems import ConfigError, Problem, Where


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def prepared(configured, machine, event_log, free_port, monkeypatch):
    """Prepare a configuration, without giving up what the test process may do."""
    made = []
    monkeypatch.setattr(startup.privileges, "drop", lambda account: None)
    monkeypatch.setattr(startup.descriptors, "raise_limit", lambda: 20_000)

    def run(**settings):
        written = {
            "listen": [{"address": "127.0.0.1", "port": free_port}],
            "control": {"http": "off"},
        } | settings
        inheritance = prepare(configured(json.dumps(written)), machine, event_log)
        made.append(inheritance)
        return inheritance

    yield run
    for inheritance in made:
        for listener in inheritance.listeners:
            listener.socket.close()
        if inheritance.control_socket:
            inheritance.control_socket.release()


def test_every_worker_gets_sockets_and_two_rows(prepared):
    inheritance = prepared(workers=3)
    assert [(one.endpoint.transport, one.share) for one in inheritance.listeners] == [
        ("udp", 0), ("udp", 1), ("udp", 2), ("tcp", 0), ("tcp", 1), ("tcp", 2),
    ]  # fmt: skip
    assert inheritance.page.row_count == 1 + 2 * (3 + 1)
    assert len(inheritance.page.readers) == 6


def test_the_state_directory_is_made_for_its_owner_and_group(prepared):
    directory = prepared().config.state_directory
    assert stat.S_IMODE(directory.stat().st_mode) & 0o027 == 0


def test_a_state_directory_that_cannot_be_made_is_one_problem(prepared, tmp_path):
    (tmp_path / "var").write_text("a file")
    with pytest.raises(ConfigError) as caught:
        prepared()
    (problem,) = caught.value.problems
    assert problem.id == "state-directory"


def test_the_seed_of_cookies_is_another_one_each_time(prepared):
    inheritance = prepared()
    assert len(inheritance.cookie_seed) == 32
    assert len(set(inheritance.cookie_seed)) > 8


def test_a_disk_that_takes_no_file_costs_the_control_socket_only(prepared, monkeypatch):
    def refuse(path):
        try:
            os.open("/dev/full/is/no/directory", os.O_RDONLY)
        except OSError as error:
            error.errno = errno.ENOSPC
            raise ConfigError([]) from None

    monkeypatch.setattr(startup, "claim_socket", refuse)
    inheritance = prepared()
    assert inheritance.control_socket is None
    (notice,) = [each for each in inheritance.notices if "control.sock" in each]
    assert "no `dnsd status`" in notice


def test_everything_that_cannot_be_bound_is_in_one_report(prepared, tmp_path, free_port):
    with socket.socket() as taken, socket.socket() as taken_too:
        for each in (taken, taken_too):
            each.bind(("127.0.0.1", 0))
            each.listen()
        ports = taken.getsockname()[1], taken_too.getsockname()[1]
        listen = [
            {"address": "127.0.0.1", "port": ports[0], "transports": ["tcp"]},
            {"address": "127.0.0.1", "port": free_port},
        ]
        with pytest.raises(ConfigError) as caught:
            prepared(listen=listen, control={"http": f"127.0.0.1:{ports[1]}"})
    assert len(caught.value.problems) == 2
    with socket.socket(type=socket.SOCK_DGRAM) as free_again:
        free_again.bind(("127.0.0.1", free_port))
    assert not (tmp_path / "var" / "control.sock").exists()


def test_any_other_trouble_with_the_control_socket_is_for_the_operator(prepared, monkeypatch):
    def refuse(path):
        raise ConfigError([Problem(Where(str(path)), "control-socket", "it is taken")])

    monkeypatch.setattr(startup, "claim_socket", refuse)
    with pytest.raises(ConfigError, match="it is taken"):
        prepared()


def test_what_the_user_cannot_read_is_named(configured):
    config = configured()
    config.authority.zone_directories[0].rmdir()
    account = startup.privileges.Account("dnsd", 65534, 65534)
    problems = list(startup._unreadable(config, account))
    assert [(problem.id, problem.where.file) for problem in problems] == [
        ("unreadable-for-user", str(config.authority.zone_directories[0]))
    ]


def test_warnings_of_the_configuration_are_notices(tmp_path):
    config = load(None, directory=tmp_path)
    notices = list(startup._about(config))
    assert len(notices) >= len(config.warnings)
