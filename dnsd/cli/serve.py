"""``dnsd serve``: run the daemon, and say what listens where."""

from __future__ import annotations

import shlex
from pathlib import Path  # noqa: TC003 - in the signature of the command
from typing import TYPE_CHECKING

import click

from dnsd.cli.options import config_option, load
from dnsd.cli.printing import print_table, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.config.schema import Config
    from dnsd.run.start import Running

# What is asked at a wildcard address of this machine.
_LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound
_DNS_PORT = 53
# How a transport is called, and which option of dig asks over it.
_SPOKEN = {"udp": "UDP", "tcp": "TCP", "dot": "TLS", "doh": "HTTPS", "doh-http": "HTTP for a proxy"}
_MAIL = {
    "smtp": "SMTP",
    "submission": "submission with STARTTLS",
    "submissions": "submission in TLS",
}
_DIG = {"udp": "", "tcp": "+tcp", "dot": "+tls", "doh": "+https", "doh-http": "+http-plain"}


@click.command()
@config_option
def serve(config_file: Path | None) -> None:
    """Run the daemon until SIGTERM or Ctrl-C; SIGHUP reads the files again."""
    config = load(config_file)
    from dnsd.run.start import start  # noqa: PLC0415 - what is wrong above is told without it

    status = start(config, announce)
    click.get_current_context().exit(status)


def announce(running: Running) -> None:
    """Print what listens where, and a line to try it with."""
    config = running.config
    click.echo(f"dnsd {running.version}, {_origin(config)}")
    print_table(list(_places(running)))
    for notice in running.notices:
        click.echo(notice, err=True)
    if running.zone:
        click.echo(f"try: {_try(config, running.zone)}")


def _origin(config: Config) -> str:
    return f"configuration {short(str(config.file))}" if config.file else "no configuration file"


def _places(running: Running) -> Iterator[tuple[str, str]]:
    config = running.config
    for listener in config.listen:
        transports = " and ".join(_SPOKEN[name] for name in listener.transports)
        yield f"  {listener.address} port {listener.port}", f"DNS over {transports}"
    for each in config.mail.listen if config.mail.enabled else ():
        yield f"  {each.address} port {each.port}", f"mail by {_MAIL[each.protocol]}"
    if config.control.http:
        address, port = config.control.http
        yield f"  {address} port {port}", "/metrics and /healthz over HTTP"
    yield f"  {short(str(config.control.socket))}", "dnsd status, dnsd zone"


def _try(config: Config, zone: str) -> str:
    listener = config.listen[0]
    words = ["dig", f"@{_LOCAL.get(listener.address, listener.address)}"]
    if listener.port != _DNS_PORT:
        words += ["-p", str(listener.port)]
    words += filter(None, [_DIG[listener.transports[0]]])
    return shlex.join([*words, zone, "SOA"])
