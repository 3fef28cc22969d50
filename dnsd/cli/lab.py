"""``dnsd lab``: a small Internet on this machine, and a dnsd that resolves in it.

The name servers run here, on loopback addresses; dnsd runs beside them as
``dnsd serve`` with a configuration of its own, in a directory that is gone at the end.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dnsd.authority.signing_keys import rows_in
from dnsd.cli import lab_world, lab_zones
from dnsd.cli.lab_servers import serve
from dnsd.cli.lab_world import LabWorld
from dnsd.cli.printing import print_table
from dnsd.config.loader import load
from dnsd.control.client import ControlClient, ControlError
from dnsd.lab import bogus
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
  trust_anchors: root.key
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
    ("dnsd lookup --dnssec www.shop.test", "who vouches for it, from the root's key down"),
    ("dnsd lookup --dnssec www.dnsd.example", "the same of what dnsd itself serves and signs"),
    ("dnsd key ds", "which its parents therefore publish"),
    ("dnsd lookup --dnssec www.evil.test", "insecure: nobody vouches for it"),
    ("dnsd cache flush --all", "and from the beginning"),
)
_LOOKUP = "  dnsd lookup --dnssec"


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
    world = LabWorld(int(time.time()))
    try:
        servers = await serve(world.places, port, _print_query if queries else _say_nothing)
    except OSError as error:
        raise click.ClickException(f"{error.strerror}; --port chooses another port") from None
    config = _configure(directory, port, world.anchor)
    async with servers, _daemon(config) as process:
        ended = asyncio.create_task(process.wait())
        stopping = asyncio.create_task(stop.wait())
        started = asyncio.create_task(_answers(directory))
        await asyncio.wait({ended, stopping, started}, return_when=asyncio.FIRST_COMPLETED)
        if started.done() and started.result():
            _publish(config, world)
            _announce(config, port, world)
            await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (ended, stopping, started):
            task.cancel()
        if stop.is_set():
            return 0
        click.echo((directory / "log").read_text(errors="replace"), err=True, nl=False)
        click.echo("dnsd has ended, see above", err=True)
        return 1


def _configure(directory: Path, port: int, anchor: str) -> Path:
    """Write what the daemon needs; its configuration."""
    zones = directory / "zones"
    zones.mkdir()
    for name, text in lab_zones.OWN.items():
        (zones / name).write_text(text)
    (directory / "root.hints").write_text(lab_world.ROOT_HINTS)
    (directory / "root.key").write_text(anchor)
    path = directory / "dnsd.yaml"
    addresses = {
        "address": lab_world.RESOLVER,
        "tls": lab_world.RESOLVER_TLS,
        "https": lab_world.RESOLVER_HTTPS,
        "metrics": lab_world.METRICS,
    }
    path.write_text(_CONFIGURATION.format(**addresses, port=port) + lab_zones.OWN_POLICIES)
    return path


def _publish(config: Path, world: LabWorld) -> None:
    """Have the parents of what dnsd signs publish the DS records that it made."""
    ds: dict[bytes, tuple[bytes, ...]] = {}
    for row in rows_in(load(config).signing_keys):
        if row.signs_keys:
            ds[row.zone] = (*ds.get(row.zone, ()), row.ds())
    for zone, records in ds.items():
        world.delegate(zone, records)


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


def _announce(config: Path, port: int, world: LabWorld) -> None:
    click.echo(f"A small Internet, all on port {port}:\n")
    rows = [(f"  {place.address}", place.what) for place in world.places]
    rows += [
        (
            f"  {lab_world.RESOLVER}",
            "dnsd, which knows the root and its key, and serves two domains",
        ),
        (f"  {lab_world.RESOLVER_TLS}", "the same over TLS"),
        (f"  {lab_world.RESOLVER_HTTPS}", "the same over HTTPS"),
    ]
    print_table(rows)
    click.echo("\nIn another terminal:\n")
    click.echo(f"  export DNSD_CONFIG={config}")
    metrics = f"curl -s http://{lab_world.METRICS}:{port}/metrics | grep ^dnsd_resolver"
    rows = [*_TRY, (metrics, "what has been counted")]
    print_table([(f"  {command}", f"# {what}") for command, what in rows])
    for heading, parent, domains in (
        ("Bogus, each for another reason:", "bogus.test", bogus.BOGUS),
        ("Insecure, although some of it is signed:", "insecure.test", bogus.INSECURE),
    ):
        click.echo(f"\n{heading}\n")
        print_table([(f"{_LOOKUP} {odd.question(parent)}", f"# {odd.says}") for odd in domains])
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
