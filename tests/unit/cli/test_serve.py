"""What a person reads when the daemon has begun to serve."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from dnsd.cli.serve import announce
from dnsd.config.loader import load
from dnsd.config.machine import Machine
from dnsd.config.schema import Config

MACHINE = Machine(2, low_ports=False, ipv6_loopback=True, superuser=False, users=frozenset())


@dataclass
class Running:
    config: Config
    version: str = "0.1.0"
    zone: str = "example.test."
    notices: tuple[str, ...] = ()


def _config(directory, text):
    (directory / "dnsd.yaml").write_text(text)
    return load(Path("dnsd.yaml"), machine=MACHINE)


def test_without_a_configuration_this_machine_is_answered(directory, capsys):
    announce(Running(load(None, machine=MACHINE)))
    assert capsys.readouterr().out == (
        "dnsd 0.1.0, no configuration file\n"
        "  127.0.0.1 port 5300  DNS over UDP and TCP\n"
        "  ::1 port 5300        DNS over UDP and TCP\n"
        "  127.0.0.1 port 8053  /metrics and /healthz over HTTP\n"
        "  var/control.sock     dnsd status, dnsd zone\n"
        "try: dig @127.0.0.1 -p 5300 example.test. SOA\n"
    )


def test_notices_go_to_standard_error(directory, capsys):
    config = _config(directory, "control: {http: off, socket: /run/dnsd.sock}\n")
    announce(Running(config, zone="", notices=("this kernel has no Landlock",)))
    output = capsys.readouterr()
    assert output.out == (
        "dnsd 0.1.0, configuration dnsd.yaml\n"
        "  127.0.0.1 port 5300  DNS over UDP and TCP\n"
        "  ::1 port 5300        DNS over UDP and TCP\n"
        "  /run/dnsd.sock       dnsd status, dnsd zone\n"
    )
    assert output.err == "this kernel has no Landlock\n"


@pytest.mark.parametrize(
    ("listen", "line"),
    [
        ("{address: 0.0.0.0, port: 53}", "dig @127.0.0.1 example.test. SOA"),
        ("{address: '::', port: 5353}", "dig @::1 -p 5353 example.test. SOA"),
        (
            "{address: 192.0.2.1, port: 53, transports: tcp}",
            "dig @192.0.2.1 +tcp example.test. SOA",
        ),
        (
            "{address: 192.0.2.1, port: 853, transports: dot}",
            "dig @192.0.2.1 -p 853 +tls example.test. SOA",
        ),
        (
            "{address: 192.0.2.1, port: 443, transports: doh}",
            "dig @192.0.2.1 -p 443 +https example.test. SOA",
        ),
    ],
)
def test_the_line_to_try_reaches_the_first_listener(listen, line, directory, capsys):
    announce(Running(_config(directory, f"listen: {listen}\n")))
    assert capsys.readouterr().out.endswith(f"\ntry: {line}\n")


def test_a_name_that_a_shell_would_read_is_quoted(directory, capsys):
    announce(Running(load(None, machine=MACHINE), zone="a\\;b.test."))
    assert "'a\\;b.test.'" in capsys.readouterr().out


def test_a_broken_configuration_is_a_report_and_nothing_starts(run, directory):
    (directory / "dnsd.yaml").write_text("workers: many\n")
    result = run("serve")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("dnsd.yaml:1:10: bad-value: workers is 'many'\n")
