"""``dnsd lab``: a small Internet on this machine, and a dnsd that resolves in it.

The name servers run here, on loopback addresses; dnsd runs beside them as
``dnsd serve`` with a configuration of its own, in a directory that is gone at the end.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dnsd.cli import lab_world
from dnsd.cli.lab_servers import serve
from dnsd.cli.printing import print_table
from dnsd.control.client import ControlClient, ControlError
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.iana import rrtype_to_text
from dnsd.wire.message import parse_query

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dnsd.cli.lab_world import Place
    from dnsd.resolver.commands import Transport

_START_S = 30.0
_STOP_S = 20.0
_POLL_S = 0.1

_CONFIGURATION = """\
listen:
  - {{address: {address}, port: {port}}}
  - {{address: {tls}, port: {port}, transports: [dot]}}
  - {{address: {https}, port: {port}, transports: [doh]}}
user: none
state_directory: state
control: {{http: '{metrics}:{port}'}}
authority: {{zones: zones}}
resolver:
  root_hints: root.hints
  trust_anchors: none        # nothing is signed here
  upstream_port: {port}
  query_local_addresses: true
  local_zones: none          # test. and example. are domains here
  ipv6: false
"""

_TRY = (
    ("dnsd lookup www.shop.test", "an address; the second time it comes from the cache"),
    ("dnsd lookup --trace www.blog.example", "the way there, from the root down"),
    ("dnsd lookup www.shop.test --https", "over HTTPS, as --tls asks over TLS"),
    ("dnsd lookup big.shop.test TXT --trace", "an answer too large for a datagram"),
    ("dnsd cache show --tree shop.test", "what was learned, and of whom"),
    ("dnsd lookup www.evil.test", "a server that lies about shop.test in every answer"),
    ("dnsd lookup web.shop.test", "and was not believed"),
    ("dnsd lookup inside.evil.test", "a name that leads into your own network, kept out"),
    ("dnsd lookup www.lame.test", "a domain whose server knows nothing of it, and why"),
    ("dnsd cache flush --all", "and from the beginning"),
)


@click.command()
@click.option(
    "--port", default=5300, show_default=True, type=click.IntRange(1024, 65535),
    help="Port of all servers.",
)  # fmt: skip
@click.option("--queries", is_flag=True, help="Print every query that a name server gets.")
def lab(port: int, queries: bool) -> None:  # noqa: FBT001 - click's way
    """Run a small Internet on loopback addresses, until Ctrl-C."""
    with tempfile.TemporaryDirectory(prefix="dnsd-lab-") as directory:
        status = asyncio.run(_run(Path(directory), port, queries=queries))
    click.get_current_context().exit(status)


async def _run(directory: Path, port: int, *, queries: bool) -> int:
    """Run everything until a signal; the exit status."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    try:
        servers = await serve(lab_world.places(), port, _print_query if queries else _say_nothing)
    except OSError as error:
        raise click.ClickException(f"{error.strerror}; --port chooses another port") from None
    async with servers, _daemon(_configure(directory, port)) as process:
        ended = asyncio.create_task(process.wait())
        stopping = asyncio.create_task(stop.wait())
        started = asyncio.create_task(_answers(directory))
        await asyncio.wait({ended, stopping, started}, return_when=asyncio.FIRST_COMPLETED)
        if started.done() and started.result():
            _announce(directory, port)
            await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (ended, stopping, started):
            task.cancel()
        if stop.is_set():
            return 0
        click.echo((directory / "log").read_text(errors="replace"), err=True, nl=False)
        click.echo("dnsd has ended, see above", err=True)
        return 1


def _configure(directory: Path, port: int) -> Path:
    """Write what the daemon needs; its configuration."""
    (directory / "zones").mkdir()
    (directory / "root.hints").write_text(lab_world.ROOT_HINTS)
    path = directory / "dnsd.yaml"
    addresses = {
        "address": lab_world.RESOLVER,
        "tls": lab_world.RESOLVER_TLS,
        "https": lab_world.RESOLVER_HTTPS,
        "metrics": lab_world.METRICS,
    }
    path.write_text(_CONFIGURATION.format(**addresses, port=port))
    return path


@asynccontextmanager
async def _daemon(config: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the daemon; it has ended when this ends."""
    with (config.parent / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dnsd", "serve", "--config", str(config),
            stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us: we end it in its turn
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(_STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _answers(directory: Path) -> bool:
    """Wait until the daemon answers; False when it does not."""
    daemon = ControlClient(directory / "state" / "control.sock")
    loop = asyncio.get_running_loop()
    end = loop.time() + _START_S
    while loop.time() < end:
        try:
            status = await asyncio.to_thread(daemon.status)
        except ControlError:
            status = None
        if status and any(process["ready"] for process in status["processes"]):
            return True
        await asyncio.sleep(_POLL_S)
    return False


def _announce(directory: Path, port: int) -> None:
    places = lab_world.places()
    click.echo(f"A small Internet, all on port {port}:\n")
    rows = [(f"  {place.address}", place.what) for place in places]
    rows += [
        (f"  {lab_world.RESOLVER}", "dnsd, which knows the root and nothing else"),
        (f"  {lab_world.RESOLVER_TLS}", "the same over TLS"),
        (f"  {lab_world.RESOLVER_HTTPS}", "the same over HTTPS"),
    ]
    print_table(rows)
    click.echo("\nIn another terminal:\n")
    click.echo(f"  export DNSD_CONFIG={directory / 'dnsd.yaml'}")
    metrics = f"curl -s http://{lab_world.METRICS}:{port}/metrics | grep ^dnsd_resolver"
    rows = [*_TRY, (metrics, "what has been counted")]
    print_table([(f"  {command}", f"# {what}") for command, what in rows])
    click.echo("\nCtrl-C ends it and leaves nothing behind.")


def _say_nothing(_place: Place, _transport: Transport, _query: bytes) -> None:
    """Show no query."""


def _print_query(place: Place, transport: Transport, query: bytes) -> None:
    """Show one query."""
    try:
        asked = parse_query(query)
    except FormError:
        return
    text = f"{names.to_text(asked.qname_as_sent)} {rrtype_to_text(asked.qtype)}"
    click.echo(f"{place.address} ({place.what}) is asked {text} over {transport.name}")
