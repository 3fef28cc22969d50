import socket
import subprocess
import sys

import pytest


def test_without_a_command_there_is_help(run):
    result = run()
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: dnsd [OPTIONS] COMMAND [ARGS]...")


def test_commands_stand_in_the_order_they_are_met(run):
    lines = run("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == [
        "serve", "check", "lookup", "cache", "leaktest", "zone", "key", "mail", "account", "queue", "status",
        "config", "lab",
    ]  # fmt: skip


def test_a_command_that_is_not_there_is_wrong_usage(run):
    assert run("server").exit_code == 2


def test_the_version_is_one_line(run):
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("dnsd")
    assert result.stdout.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("zone", "list"),
        ("zone", "show", "a.test"),
        ("zone", "diff"),
        ("zone", "reload"),
        ("cache", "show"),
        ("cache", "flush", "--all"),
    ],
)
def test_without_a_daemon_one_line_says_what_to_do(words, run):
    result = run(*words)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        "no dnsd runs here: nothing answers at /proc/self/cwd/s; "
        "dnsd serve starts one, --config FILE asks another\n"
    )


def test_whoever_may_not_ask_is_told_who_may(run, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    result = run("status")
    assert result.exit_code == 1
    assert result.stderr == (
        "no permission to ask the dnsd at /proc/self/cwd/s: try as its user, or as root\n"
    )


def test_what_the_daemon_refuses_is_one_line(run, daemon):
    daemon.answers["GET /status"] = 503, {"error": "the zone store is full"}
    result = run("status")
    assert (result.exit_code, result.stderr) == (1, "the zone store is full\n")


@pytest.mark.parametrize("words", [("status",), ("zone", "list"), ("zone", "export", "a.test")])
def test_a_broken_configuration_is_its_report(words, run, directory):
    (directory / "dnsd.yaml").write_text("lisen: []\nuser: none\n")
    result = run(*words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        "dnsd.yaml:1:1: unknown-key: 'lisen' is not a key of the configuration\n"
        "    hint: did you mean listen?\n"
        "1 error, 0 warnings\n"
    )


def test_the_configuration_named_is_read(run, directory):
    result = run("status", "--config", "other.yaml")
    assert result.exit_code == 2
    assert result.stderr.startswith("other.yaml: unreadable-file: ")


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_error(directory):
    command = f"{sys.executable} -m dnsd config describe | head -n 1"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout == "listen\n"
    assert done.stderr == ""
