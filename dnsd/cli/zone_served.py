"""``dnsd zone list``, ``show``, ``diff`` and ``reload``: ask and tell the running daemon."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - in the signatures of commands
from typing import TYPE_CHECKING

import click

from dnsd.cli.options import ZONE_NAME, client, config_option, json_option
from dnsd.cli.printing import counted, print_json, print_problems, print_table, short
from dnsd.wire import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.control.shapes import Diff, ProblemShape, Reload, Zone, ZoneChange


@click.command("list")
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


@click.command()
@click.argument("name", type=ZONE_NAME)
@click.option("--generated", is_flag=True, help="Also print the records that the server made.")
@config_option
@json_option
def show(name: bytes, generated: bool, config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """Show the zone NAME as it is served."""
    found = client(config_file).zone(names.to_text(name))
    records = _generated_records(name, found, config_file) if generated else []
    parent = _for_the_parent(name, config_file) if found["signing"] else []
    if as_json:
        print_json({**found, "ds": parent, **({"generated_records": records} if generated else {})})
        return
    print_table([*_facts(found), *_signing(found)])
    if parent:
        click.echo("\nthe parent must publish:\n" + "\n".join(parent))
    if records:
        click.echo("\n" + "\n".join(records))
    print_problems(found["problems"])


@click.command()
@click.argument("name", type=ZONE_NAME, required=False)
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


@click.command()
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


def _generated_records(name: bytes, zone: Zone, config_file: Path | None) -> list[str]:
    from dnsd.cli.zone_files import generated_records  # noqa: PLC0415 - with store and YAML

    return generated_records(name, zone, config_file)


def _signing(zone: Zone) -> Iterator[tuple[str, str]]:
    """Tell how a zone is signed and until when."""
    signing = zone["signing"]
    if signing is not None:
        from dnsd.cli.key import moment  # noqa: PLC0415 - few zones are signed

        yield "signed", f"by policy {signing['policy']}, until {moment(signing['expires'])}"
        yield "renewal", moment(signing["renew_at"])


def _for_the_parent(name: bytes, config_file: Path | None) -> list[str]:
    """List the DS records that the parent of a signed zone must publish."""
    from dnsd.authority.signing_keys import rows_in  # noqa: PLC0415 - few zones are signed
    from dnsd.cli.key import ds_records  # noqa: PLC0415
    from dnsd.config.loader import load  # noqa: PLC0415

    rows = rows_in(load(config_file).signing_keys)
    return list(ds_records([row for row in rows if row.zone == name]))


def _source(zone: Zone) -> str:
    file = short(zone["file"])
    if zone["generated"]:
        return f"made from {file}"
    return f"{file}, broken now" if zone["kept"] else file


def _facts(zone: Zone) -> Iterator[tuple[str, str]]:
    yield "zone", zone["origin"]
    yield "serial", str(zone["serial"])
    yield "records", str(zone["records"])
    yield "file", _source(zone)
    if zone["kept"]:
        yield "state", "the version from before is served"


def _print_diff(found: Diff, zones: list[ZoneChange]) -> None:
    if found["reason"]:
        click.echo(found["reason"], err=True)
    changed = [zone for zone in zones if zone["status"] != "unchanged"]
    for zone in changed:
        click.secho(f"{zone['origin']} {_fate(zone)}", bold=True)
        for line in zone["changes"]:
            click.secho(line, fg="green" if line.startswith("+") else "red")
        if zone["omitted"]:
            click.echo(f"  and {counted(zone['omitted'], 'more record')}")
    if not changed and not found["reason"]:
        click.echo("nothing would change")
    print_problems([*found["problems"], *_problems(zones)])


def _fate(zone: ZoneChange) -> str:
    match zone["status"]:
        case "kept":
            return "stays as it is, its file is broken"
        case "refused":
            return "is not served, its file is broken"
        case "removed":
            return "goes away with its file"
        case _:
            return f"{zone['added']} added, {zone['removed']} removed"


def _print_reload(found: Reload) -> None:
    if found["reason"]:
        click.echo(found["reason"], err=True)
    for zone in found["zones"]:
        if zone["status"] == "loaded":
            records = counted(zone["records"], "record")
            click.echo(f"{zone['origin']} loaded, serial {zone['serial']}, {records}")
        elif zone["status"] != "unchanged":
            click.echo(f"{zone['origin']} {_fate(zone)}")
    if found["result"] == "unchanged":
        click.echo("nothing has changed")
    print_problems([*found["problems"], *_problems(found["zones"])])


def _problems(zones: list[ZoneChange]) -> Iterator[ProblemShape]:
    for zone in zones:
        yield from zone["problems"]
