"""``dnsd zone import`` and ``export``: zone files into other forms, without a daemon.

Import reads a master file and writes a zone in the wrapped form of YAML; the SOA
becomes settings, since the server keeps the serial. Export writes what a zone's
file says, as a master file with the SOA the server would keep, as octoDNS reads it,
or in the wrapped form.
"""

from __future__ import annotations

import os
import re
import struct
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dnsd.authority.build.checks import check_zone
from dnsd.authority.build.soa import kept_soa, next_serial, serial_of, with_serial
from dnsd.authority.build.sorted_zone import SortedZone
from dnsd.authority.build.sources import find_sources
from dnsd.authority.node import Node
from dnsd.authority.store import open_store
from dnsd.authority.zonefile.draft import SoaSettings
from dnsd.authority.zonefile.master_file import read_master, write_master
from dnsd.authority.zonefile.octodns_export import write_octodns
from dnsd.authority.zonefile.yaml_zone import read_zone
from dnsd.cli.options import ZONE_NAME, client, config_option, load
from dnsd.cli.printing import report
from dnsd.control.client import ControlError
from dnsd.source.problems import ConfigError, errors
from dnsd.wire import names, rdata
from dnsd.wire.iana import RRType, rrtype_to_text
from dnsd.wire.serial import is_newer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.authority.zonefile.draft import Record, ZoneDraft
    from dnsd.config.schema import Config
    from dnsd.control.shapes import Zone
    from dnsd.source.problems import Problem

_WORD = re.compile(r"\w[\w.\\-]*")
_LONE_OCTET = re.compile("[\udc80-\udcff]")  # what ``surrogateescape`` makes of one


@click.command("import")
@click.argument("file", type=click.Path(allow_dash=True, dir_okay=False, exists=True))
@click.option("--origin", type=ZONE_NAME, required=True, metavar="NAME", help="Name of the zone.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write this file, which must not exist; else standard output.",
)
def import_file(file: str, origin: bytes, output: Path | None) -> None:
    """Make a YAML zone of the master file FILE (- is standard input)."""
    with click.open_file(file, encoding="utf-8", errors="surrogateescape") as source:
        text = _escape_octets(source.read())
    draft = read_master(text, origin, "standard input" if file == "-" else file)
    soa = _take_soa(draft)
    _report(_check(draft))
    text = wrapped_form(draft)
    if output is None:
        click.echo(text, nl=False)
    else:
        _write_new(output, text)
        click.echo(f"{output}: {len(draft.records)} records")
    if soa is not None:
        _warn_of_serial(soa)


@click.command()
@click.argument("name", type=ZONE_NAME)
@click.option(
    "--format",
    "form",
    type=click.Choice(["master", "octodns", "yaml", "served"]),
    default="master",
    show_default=True,
    help="Master file, octoDNS, YAML with the zone's settings, or a master file of all that is"
    " served, signatures included.",
)
@config_option
def export(name: bytes, form: str, config_file: Path | None) -> None:
    """Write the zone NAME as its file says it, in another form, or as it is served."""
    if form == "served":
        from dnsd.cli.zone_records import served_records  # noqa: PLC0415 - with the store

        click.echo("\n".join(served_records(name, load(config_file))))
        return
    draft = read_draft(name, load(config_file))
    if form == "master":
        records = [*_kept_soa(draft, config_file), *draft.records]
        click.echo(write_master(draft.origin, records), nl=False)
    elif form == "octodns":
        records = [record for record in draft.records if record.type != RRType.SOA]
        click.echo(write_octodns(draft.origin, records), nl=False)
    else:
        click.echo(wrapped_form(draft), nl=False)


def read_draft(name: bytes, config: Config) -> ZoneDraft:
    """Find and read the file of a zone.

    Raises:
        ConfigError: the file is broken.
        click.ClickException: there is none.
    """
    authority = config.authority
    sources, _ = find_sources(authority.zone_directories, authority.zone_files)
    # The file that is named after the zone is most likely its file.
    text = names.to_text(name).removesuffix(".")
    for source in sorted(sources, key=lambda source: not source.path.name.startswith(text)):
        draft = read_zone(source.path, source.directory)
        if draft.origin == name:
            _report(draft.problems)
            return draft
    places = ", ".join(map(str, (*authority.zone_directories, *authority.zone_files)))
    raise click.ClickException(f"no zone {names.to_text(name)} in {places or 'no directory'}")


def generated_records(name: bytes, zone: Zone, config_file: Path | None) -> list[str]:
    """List the records of a served zone that its file does not have, as text.

    Raises:
        StoreError: the store cannot be read.
    """
    config = load(config_file)
    written = set()
    if not zone["generated"]:
        draft = read_draft(name, config)
        written = {(record.owner, record.type, record.rdata) for record in draft.records}
    store = open_store(config.zone_store, read_only=True)
    try:
        with store.snapshot() as snapshot:
            row = snapshot.row(name)
            nodes = snapshot.version(row, name).scan() if row else ()
            return [
                f"{names.to_text(owner)} {rrset.ttl} IN {rrtype_to_text(rrset.type)}"
                f" {rdata.to_text(rrset.type, octets)}"
                for owner, node in nodes
                for rrset in Node(node).rrsets(owner)
                for octets in rrset.rdatas
                if (owner, rrset.type, octets) not in written
            ]
    finally:
        store.close()


def wrapped_form(draft: ZoneDraft) -> str:
    """Write a zone in the wrapped form of YAML: settings, then records."""
    records = write_octodns(draft.origin, draft.records)
    indented = "".join(f"  {line}\n" for line in records.splitlines() if line != "---")
    return "\n".join([*_settings(draft), "records:", indented])


def _settings(draft: ZoneDraft) -> Iterator[str]:

    yield f"zone: {_plain(names.to_text(draft.origin))}"
    defaults = SoaSettings(draft.soa.where)
    told = {
        key: value if isinstance(value, int) else _plain(names.to_text(value))
        for key in ("primary", "hostmaster", "refresh", "retry", "expire", "minimum", "ttl")
        if (value := getattr(draft.soa, key)) != getattr(defaults, key)
    }
    if told:
        yield "soa:"
        yield from (f"  {key}: {value}" for key, value in told.items())
    if draft.reverse is not None:
        networks = ", ".join(f"'{network}'" for network in draft.reverse.networks)
        yield f"reverse: {{networks: [{networks}]}}" if networks else "reverse: auto"
    if draft.silenced:
        yield f"silence: [{', '.join(map(_plain, sorted(draft.silenced)))}]"


def _plain(text: str) -> str:
    """Write text for YAML, in quotes where it may mean something else."""
    return text if _WORD.fullmatch(text) else "'" + text.replace("'", "''") + "'"


def _check(draft: ZoneDraft) -> list[Problem]:
    """Hold a zone to every rule, with the SOA that the server would keep."""
    kept = kept_soa(draft)
    records = [*draft.records, *([kept] if kept else [])]
    return check_zone(draft, SortedZone(draft.origin, records))


def _report(problems: list[Problem]) -> None:
    """Print warnings; raise when there is an error among them."""
    if errors(problems):
        raise ConfigError(problems)
    if problems:
        click.echo(report(problems), err=True)


def _escape_octets(text: str) -> str:
    """Write octets that are no UTF-8 as master files do (RFC 1035 §5.1)."""
    return _LONE_OCTET.sub(lambda found: f"\\{ord(found[0]) - 0xDC00:03d}", text)


def _take_soa(draft: ZoneDraft) -> Record | None:
    """Make settings of the SOA record, so that the server keeps the serial."""
    found = [r for r in draft.records if r.type == RRType.SOA and r.owner == draft.origin]
    if len(found) != 1:
        return None  # several are an error that the checks report
    (record,) = found
    soa = draft.soa
    soa.primary, soa.hostmaster = rdata.names_in(record.type, record.rdata)
    soa.refresh, soa.retry, soa.expire, soa.minimum = struct.unpack(">4I", record.rdata[-16:])
    soa.ttl = record.ttl
    draft.records.remove(record)
    return record


def _warn_of_serial(record: Record) -> None:
    """Say what secondaries make of the serial that this server begins with."""
    before, begin = serial_of(record.rdata), next_serial(None, int(time.time()))
    if is_newer(before, begin):
        click.echo(
            f"The server begins with serial {begin}, which is below {before}: "
            "have secondaries transfer the zone anew.",
            err=True,
        )


def _kept_soa(draft: ZoneDraft, config_file: Path | None) -> list[Record]:
    """Make the SOA with the serial that is served, or the one a server begins with."""
    record = kept_soa(draft)
    if record is None:
        return []
    try:
        serial = client(config_file).zone(names.to_text(draft.origin))["serial"]
    except ControlError:
        serial = next_serial(None, int(time.time()))
    return [replace(record, rdata=with_serial(record.rdata, serial))]


def _write_new(path: Path, text: str) -> None:
    """Write a file that is whole from the moment it is seen, and never over another."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        os.link(draft, path)
    except FileExistsError:
        raise click.ClickException(f"{path} is there already") from None
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)
