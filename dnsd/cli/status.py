"""``dnsd status``: how the running daemon is."""

from __future__ import annotations

import time
from pathlib import Path  # noqa: TC003 - in the signature of the command
from typing import TYPE_CHECKING

import click

from dnsd.cli.options import client, config_option, json_option
from dnsd.cli.printing import ago, counted, print_json, print_problems, print_table, short, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.control.blocklists_shapes import ListStatus
    from dnsd.control.shapes import CacheStatus, ProcessShape, Status, ZoneChange

Row = tuple[str, str]
_MIB = 1 << 20


@click.command()
@config_option
@json_option
def status(config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click hands it over so
    """Tell how the daemon is: what listens, which zones, the last reload.

    Exit status 1 if something is wrong or no daemon runs.
    """
    found = client(config_file).status()
    if as_json:
        print_json(found)
    else:
        print_table([("dnsd", _program(found, time.time())), *_rows(found, time.time())])
        print_problems(problem for zone in _broken(found) for problem in zone["problems"])
    if _broken(found) or not all(process["ready"] for process in found["processes"]):
        click.get_current_context().exit(1)


def _broken(found: Status) -> list[ZoneChange]:
    return [*found["zones"]["kept"], *found["zones"]["refused"]]


def _program(found: Status, wall_now: float) -> str:
    started = min((process["started_at"] for process in found["processes"]), default=wall_now)
    return f"{found['version']}, Python {found['python']}, up {span(wall_now - started)}"


def _rows(found: Status, wall_now: float) -> Iterator[Row]:
    zones = found["zones"]
    yield from _labelled("listen", found["listen"])
    served = f"{zones['served']} served, {counted(zones['records'], 'record')}"
    generated = f", {zones['generated']} made by the server" if zones["generated"] else ""
    yield "zones", served + generated
    yield from _labelled("", [f"{zone['origin']} kept from before: {short(zone['file'])} is broken"
                              for zone in zones["kept"]])  # fmt: skip
    yield from _labelled("", [f"{zone['origin']} not served: {short(zone['file'])} is broken"
                              for zone in zones["refused"]])  # fmt: skip
    yield "reload", _reload(found, wall_now)
    lists = [_block_list(each, wall_now) for each in found["block_lists"]]
    yield from _labelled("block list", lists)
    yield from _labelled("cache", [_cache(found["cache"])] if found["cache"] else [])
    yield from _labelled("process", [_process(process) for process in found["processes"]])
    yield from _labelled("notice", found["notices"])


def _labelled(label: str, texts: list[str]) -> Iterator[Row]:
    """Put the label before the first text only."""
    for place, text in enumerate(texts):
        yield "" if place else label, text


def _reload(found: Status, wall_now: float) -> str:
    last = found["reload"]
    running = "; one is running" if found["reloading"] else ""
    if last is None:
        return f"none yet{running}"
    reason = f" ({last['reason']})" if last["reason"] else ""
    return f"{last['result']} {ago(last['at'], wall_now)}, by {last['cause']}{reason}{running}"


def _block_list(each: ListStatus, wall_now: float) -> str:
    state = {
        "compiled": counted(each["names"], "name"),
        "kept": f"{counted(each['names'], 'name')} of its last good copy",
        "absent": "no names",
    }[each["state"]]
    compiled = f", compiled {ago(each['compiled_at'], wall_now)}" if each["compiled_at"] else ""
    reason = f": {each['reason']}" if each["reason"] else ""
    fetch = f"; fetch {each['fetch']}" if each["fetch"].startswith("failed") else ""
    return f"{each['name']}, {state}{compiled}{reason}{fetch}"


def _cache(cache: CacheStatus) -> str:
    place = "in the file that all processes share"
    if cache["in_memory"]:
        place = f"in the memory of {counted(cache['in_memory'], 'process', 'processes')}"
    reason = f": {cache['reason']}" if cache["reason"] else ""
    return (
        f"{cache['entries']} of {cache['limit_entries']} entries, "
        f"{counted(cache['cuts'], 'zone cut')}, "
        f"{cache['octets'] / _MIB:.1f} of {cache['limit_octets'] / _MIB:.1f} MiB, {place}{reason}"
    )


def _process(process: ProcessShape) -> str:
    if not process["pid"]:
        return f"{process['role']}, crashed, will be started again"
    state = "ready" if process["ready"] else "not ready"
    return f"{process['role']}, pid {process['pid']}, {state}"
