"""``dnsd key list``, ``ds`` and ``status``: the keys that sign zones of ours.

Keys are read from the state directory, so all of this works while no daemon
runs; the private halves are never read.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - in the signatures of commands
from typing import TYPE_CHECKING, Any

import click

from dnsd.authority.signing_keys import rows_in
from dnsd.authority.store import open_store
from dnsd.cli.options import ZONE_NAME, config_option, json_option
from dnsd.cli.printing import print_json, print_table
from dnsd.config.loader import load
from dnsd.dnssec.algorithms import Algorithm
from dnsd.wire import names, rdata
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.authority.build.zone_signing import SigningNotes
    from dnsd.authority.signing_keys import KeyRow
    from dnsd.config.schema import Config


@click.group()
def key() -> None:
    """Keys that sign the zones of this server."""


@key.command("list")
@click.argument("zone", type=ZONE_NAME, required=False)
@config_option
@json_option
def list_keys(zone: bytes | None, config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """List the keys of ZONE, or all."""
    rows = _rows(load(config_file), zone)
    if as_json:
        print_json([_shown(row) for row in rows])
    elif not rows:
        click.echo("no keys")
    else:
        lines = [
            (
                names.to_text(row.zone),
                str(row.tag),
                Algorithm(row.algorithm).name,
                row.role,
                row.state,
                moment(row.created),
            )
            for row in rows
        ]
        heads = ("zone", "tag", "algorithm", "role", "state", "created")
        print_table([heads, *lines], numbers=frozenset({1}))
    _no_unless(bool(rows))


@key.command()
@click.argument("zone", type=ZONE_NAME, required=False)
@config_option
@json_option
def ds(zone: bytes | None, config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """Print the DS records that the parent of ZONE must publish, or those of all zones."""
    found = list(ds_records(_rows(load(config_file), zone)))
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(found) if found else "no keys")
    _no_unless(bool(found))


@key.command()
@click.argument("zone", type=ZONE_NAME, required=False)
@config_option
@json_option
def status(zone: bytes | None, config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """Tell how zones are signed and until when, and whether each private key is there.

    Exit status 1 if a key is missing or a renewal is late.
    """
    config = load(config_file)
    rows, now = _rows(config, zone), int(time.time())
    signed = _signed(config)
    found = []
    for origin in sorted({row.zone for row in rows} | (signed.keys() if zone is None else set())):
        own = [row for row in rows if row.zone == origin]
        found.append(_state(origin, own, signed.get(origin), (config.signing_keys, now)))
    if as_json:
        print_json(found)
    for one in () if as_json else found:
        print_table([(name, str(value)) for name, value in one.items() if name != "trouble"])
        for trouble in one["trouble"]:
            click.secho(f"  {trouble}", fg="red")
    if not found and not as_json:
        click.echo("no keys")
    _no_unless(bool(found) and not any(one["trouble"] for one in found))


def ds_records(rows: list[KeyRow]) -> Iterator[str]:
    """Write the DS record of every key that one is made of."""
    for row in rows:
        if row.signs_keys:
            yield f"{names.to_text(row.zone)} IN DS {rdata.to_text(RRType.DS, row.ds())}"


def _rows(config: Config, zone: bytes | None) -> list[KeyRow]:
    return [row for row in rows_in(config.signing_keys) if zone in (None, row.zone)]


def _shown(row: KeyRow) -> dict[str, object]:
    return {
        "zone": names.to_text(row.zone),
        "tag": row.tag,
        "algorithm": row.algorithm,
        "role": row.role,
        "state": row.state,
        "created": row.created,
        "dnskey": rdata.to_text(RRType.DNSKEY, row.dnskey),
    }


def _signed(config: Config) -> dict[bytes, SigningNotes]:
    from dnsd.authority.build.row_notes import RowNotes  # noqa: PLC0415 - other commands start faster
    from dnsd.authority.build.zone_signing import SigningNotes  # noqa: PLC0415

    if not config.zone_store.exists():
        return {}
    store = open_store(config.zone_store, read_only=True)
    try:
        with store.snapshot() as snapshot:
            notes = {
                origin: RowNotes.from_octets(row.meta).signing for origin, row in snapshot.rows()
            }
    finally:
        store.close()
    return {origin: SigningNotes(*found) for origin, found in notes.items() if found is not None}


def _state(
    origin: bytes, rows: list[KeyRow], signed: SigningNotes | None, place: tuple[Path, int]
) -> dict[str, Any]:
    directory, now = place
    trouble = [
        f"the private half of key {row.tag} is missing: put it back from a backup"
        for row in rows
        if not row.path(directory).exists()
    ]
    if signed is not None and not rows:
        trouble.append("its keys are gone: put them back from a backup")
    if signed is not None and signed.renew_at < now - (signed.expires - signed.renew_at) // 8:
        trouble.append("signatures should have been renewed: see dnsd zone show and the log")
    facts = {"policy": "not signed now"}
    if signed is not None:
        facts = {
            "policy": signed.policy,
            "expires": moment(signed.expires),
            "renewal": moment(signed.renew_at),
        }
    tags = ", ".join(f"{row.tag} ({row.role}, {row.state})" for row in rows)
    return {"zone": names.to_text(origin), **facts, "keys": tags or "none", "trouble": trouble}


def moment(seconds: int) -> str:
    """Write a point of time."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _no_unless(is_well: bool) -> None:  # noqa: FBT001 - private
    if not is_well:
        click.get_current_context().exit(1)
