"""``dnsd config``: the reference of the configuration."""

from __future__ import annotations

import shutil

import click

from dnsd.cli.options import json_option
from dnsd.cli.printing import print_json
from dnsd.config import describe as reference
from dnsd.config.keys import all_keys
from dnsd.source.nearest import nearest

_MAX_COLUMNS = 100  # longer lines are hard to read


@click.group()
def config() -> None:
    """Tell what dnsd.yaml may say."""


@config.command()
@click.argument("key", default="")
@json_option
def describe(key: str, as_json: bool) -> None:  # noqa: FBT001 - click hands it over so
    """Tell every KEY: what it does, its default, an example, what it accepts."""
    keys = reference.matching(key)
    if not keys:
        meant = nearest(key, [entry.path for entry in all_keys()])
        hint = f"; did you mean {meant}?" if meant else ""
        raise click.UsageError(f"no key {key!r}{hint}")
    if as_json:
        print_json(reference.to_json(keys))
    else:
        click.echo(reference.to_text(keys, min(shutil.get_terminal_size().columns, _MAX_COLUMNS)))


@config.command()
def schema() -> None:
    """Print the JSON Schema of dnsd.yaml, for editors."""
    print_json(reference.json_schema())
