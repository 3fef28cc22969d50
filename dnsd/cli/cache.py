"""``dnsd cache``: what the running daemon's resolver keeps, and how to make it forget."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - in the signatures of commands
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dnsd.cli.lookup_report import span
from dnsd.cli.options import NAME, client, config_option, json_option
from dnsd.cli.printing import counted, print_json, print_table
from dnsd.control.client import ControlError
from dnsd.wire import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.control.client import ControlClient
    from dnsd.control.shapes import CacheRow

_PAGE_ROWS = 1000
_COLUMNS = ("name", "type", "left", "age", "said by", "of zone", "rank", "validation", "data")

_Command = TypeVar("_Command", bound="Callable[..., Any]")


@click.group()
def cache() -> None:
    """Show and flush what the resolver keeps."""


def _selector_options(command: _Command) -> _Command:
    for option in (
        click.option("--bogus", is_flag=True, help="What failed validation only."),
        click.option("--negative", is_flag=True, help="Denials only."),
        click.option("--server", metavar="ADDRESS", help="What this server said only."),
        click.option("--type", "rrtype", metavar="TYPE", help="This type only."),
        click.option("--tree", type=NAME, metavar="NAME", help="This name and all below only."),
        click.option("--name", type=NAME, metavar="NAME", help="This name only."),
    ):
        command = option(command)
    return command


@cache.command()
@_selector_options
@click.option(
    "--limit", default=_PAGE_ROWS, show_default=True, type=click.IntRange(1), help="Rows at most."
)
@config_option
@json_option
def show(limit: int, config_file: Path | None, as_json: bool, **given: Any) -> None:  # noqa: FBT001 - click's way
    """Show what is kept: who said it, how long ago, and how long it may be believed.

    Exit status 1 if nothing of the kind is kept.
    """
    rows, is_more = _rows(client(config_file), _selectors(given), limit)
    if as_json:
        print_json(rows)
    elif rows:
        print_table([_COLUMNS, *map(_cells, rows)], numbers=frozenset({2, 3}))
    else:
        click.echo("nothing of the kind is kept")
    if is_more:
        click.echo(f"more is kept: --limit shows more than {limit}, --tree less", err=True)
    if not rows:
        click.get_current_context().exit(1)


@cache.command()
@_selector_options
@click.option("--all", "everything", is_flag=True, help="Everything.")
@config_option
@json_option
def flush(everything: bool, config_file: Path | None, as_json: bool, **given: Any) -> None:  # noqa: FBT001 - click's way
    """Forget what is kept, so that it is asked for again."""
    selectors: dict[str, str | bool] = {
        key: value == "true" if key in ("bogus", "negative") else value
        for key, value in _selectors(given).items()
    }
    if everything == bool(selectors):
        raise click.UsageError("say what to forget: by --name, --tree and the like, or --all")
    try:
        found = client(config_file).flush(selectors or {"all": True})
    except ControlError as error:
        raise _explained(error) from None
    if as_json:
        print_json(found)
    else:
        records, cuts = counted(found["records"], "record set"), counted(found["cuts"], "zone cut")
        click.echo(f"{records} and {cuts} forgotten")


def _selectors(given: dict[str, Any]) -> dict[str, str]:
    selectors = {key: names.to_text(given[key]) for key in ("name", "tree") if given[key]}
    selectors |= {key: "true" for key in ("negative", "bogus") if given[key]}
    if given["rrtype"]:
        selectors["type"] = given["rrtype"]
    if given["server"]:
        selectors["server"] = given["server"]
    return selectors


def _rows(
    daemon: ControlClient, selectors: dict[str, str], limit: int
) -> tuple[list[CacheRow], bool]:
    """Ask for rows page by page; and whether there are more than the limit."""
    rows: list[CacheRow] = []
    after = ""
    try:
        while True:
            page = daemon.cache(selectors, after, min(_PAGE_ROWS, limit - len(rows)))
            rows += page["rows"]
            after = page["next"]
            if not after or len(rows) >= limit:
                return rows, bool(after)
    except ControlError as error:
        raise _explained(error) from None


def _explained(error: ControlError) -> Exception:
    """Say why a daemon does not know of caches."""
    if error.status == 404:
        return ControlError("the dnsd that runs here resolves no names: it has no cache", 404)
    if error.status == 400:
        return click.UsageError(str(error))
    return error


def _cells(row: CacheRow) -> tuple[str, ...]:
    return (
        row["name"],
        row["type"],
        _left(row["ttl_s"]),
        "" if row["age_s"] is None else span(int(row["age_s"])),
        row["server"] or "configuration",
        row["zone"],
        row["rank"],
        row["security"],
        _what(row),
    )


def _left(ttl_s: float | None) -> str:
    if ttl_s is None:
        return "for ever"
    return span(int(ttl_s)) if ttl_s > 0 else "expired"


def _what(row: CacheRow) -> str:
    match row["kind"]:
        case "nxdomain":
            return "no such name"
        case "nodata":
            return "no such records"
        case kind:
            more = f", {row['omitted']} more" if row["omitted"] else ""
            text = ", ".join(row["data"]) + more
            return f"zone cut: {text}" if kind == "cut" else text
