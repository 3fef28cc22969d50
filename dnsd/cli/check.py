"""``dnsd check``: start-up without side effects."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dnsd.authority.build.compilation import compile_zones
from dnsd.authority.build.report import CompileRequest, problem_to_json
from dnsd.cli.options import config_option, json_option, load
from dnsd.cli.printing import counted, print_json, report
from dnsd.run import certificates
from dnsd.source.problems import ConfigError, errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dnsd.source.problems import Problem


@click.command()
@click.argument("zone_files", nargs=-1, metavar="[ZONEFILE]...", type=click.Path(path_type=Path))
@config_option
@json_option
def check(zone_files: tuple[Path, ...], config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """Find every problem of the configuration and the zones, and change nothing.

    With ZONEFILEs only these are checked. Exit status 1 if there is an error.
    """
    zones, now = 0, int(time.time())
    try:
        if zone_files:
            zones, problems = _check_zones((), zone_files)
        else:
            config = load(config_file)
            authority = config.authority
            zones, found = _check_zones(authority.zone_directories, authority.zone_files)
            problems = [
                *config.warnings,
                *certificates.problems(config, now),
                *certificates.problems(config, now, certificates.MAIL),
                *found,
            ]
    except ConfigError as error:
        problems = list(error.problems)
    if as_json:
        print_json(
            [problem_to_json(problem) for problem in sorted(problems, key=lambda p: p.where)]
        )
    else:
        click.echo(report(problems) if problems else f"{counted(zones, 'zone')}, no problem")
    if errors(problems):
        click.get_current_context().exit(1)


def _check_zones(directories: Iterable[Path], files: Iterable[Path]) -> tuple[int, list[Problem]]:
    """Read and check zones as a reload would, with nothing served before."""
    # Every change is allowed: with nothing served there is nothing to lose.
    request = CompileRequest(tuple(directories), tuple(files), force=True, dry_run=True)
    found = compile_zones(request, None, None, int(time.time()))
    return len(found.zones), found.all_problems
