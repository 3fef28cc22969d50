"""``dnsd zone``: what is served, what a reload would change, and the reload."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dnsd.cli import zone_files
from dnsd.cli.options import client, config_option, json_option
from dnsd.cli.printing import ago, counted, print_json, print_problems, print_table
from dnsd.wire import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.control.shapes import Diff, Zone, ZoneChange


@click.group()
def zone() -> None:
    """Show, compare, reload, import and export zones."""


zone.add_command(zone_files.import_file)
zone.add_command(zone_files.export)


@zone.command("list")
@config_option
@json_option
def list_zones(config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """List the zones that the daemon serves."""
    zones = client(config_file).zones()
    if as_json:
        print_json(zones)
    elif not zones:
        click.echo("no zones")
    else:
        rows = [(z["origin"], str(z["serial"]), str(z["records"]), _source(z)) for z in zones]
        print_table([("zone", "serial", "records", "file"), *rows], numbers=frozenset({1, 2}))


@zone.command()
@click.argument("name", type=zone_files.ZONE_NAME)
@click.option("--generated", is_flag=True, help="Also print the records that the server made.")
@config_option
@json_option
def show(name: bytes, generated: bool, config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """Show the zone NAME as it is served."""
    found = client(config_file).zone(names.to_text(name))
    records = zone_files.generated_records(name, found, config_file) if generated else []
    if as_json:
        print_json({**found, **({"generated_records": records} if generated else {})})
        return
    print_table(_facts(found))
    if records:
        click.echo("\n" + "\n".join(records))
    print_problems(found["problems"])


@zone.command()
@click.argument("name", type=zone_files.ZONE_NAME, required=False)
@config_option
@json_option
def diff(name: bytes | None, config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """Show what a reload would change, in zone NAME or in all.

    Exit status 1 if anything would change or a file is broken.
    """
    found = client(config_file).diff()
    wanted = names.to_text(name) if name else None
    zones = [zone for zone in found["zones"] if wanted in (None, zone["origin"])]
    if as_json:
        print_json({**found, "zones": zones})
    else:
        _print_diff(found, zones)
    changed = any(zone["status"] != "unchanged" for zone in zones)
    if found["reason"] or found["problems"] or changed:
        click.get_current_context().exit(1)


@zone.command()
@click.option("--force", is_flag=True, help="Also take over what deletes much of a zone.")
@config_option
@json_option
def reload(force: bool, config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """Have the daemon read all zone files again.

    Exit status 1 if a file was refused; its zone stays as it was.
    """
    found = client(config_file).reload(force=force)
    if as_json:
        print_json(found)
    else:
        _print_reload(found)
    bad = any(zone["status"] in ("kept", "refused") for zone in found["zones"])
    if bad or found["result"] in ("refused", "failed"):
        click.get_current_context().exit(1)


def _source(zone: Zone) -> str:
    if zone["generated"]:
        return f"made from {zone['file']}"
    return f"{zone['file']}, broken now" if zone["kept"] else zone["file"]


def _facts(zone: Zone) -> Iterator[tuple[str, str]]:
    yield "zone", zone["origin"]
    yield "serial", str(zone["serial"])
    yield "records", str(zone["records"])
    yield "file", _source(zone)
    yield "loaded", ago(zone["loaded_at"], time.time())
    if zone["kept"]:
        yield "state", "the version from before is served"
