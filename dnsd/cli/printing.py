"""How answers look: aligned columns, counted things, problems, JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from dnsd.authority.build.report import problem_from_json
from dnsd.source.problems import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dnsd.control.shapes import ProblemShape
    from dnsd.source.problems import Problem


def print_json(value: object) -> None:
    """Print a value for programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(rows: Iterable[Sequence[str]], *, numbers: frozenset[int] = frozenset()) -> None:
    """Print rows in columns.

    Args:
        rows: texts, as many in each.
        numbers: columns that are aligned to the right.
    """
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            text.rjust(width) if place in numbers else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def counted(number: int, noun: str, several: str = "") -> str:
    """Write a number of things: ``1 zone``, ``3 zones``."""
    return f"{number} {noun if number == 1 else several or noun + 's'}"


def print_problems(shapes: Iterable[ProblemShape]) -> None:
    """Print the report of problems that the daemon found, if there are any."""
    problems = [problem_from_json(cast("dict[str, Any]", shape)) for shape in shapes]
    if problems:
        click.echo(report(problems), err=True)


def report(problems: Iterable[Problem]) -> str:
    """Write the report of problems, files below the working directory by their short names."""
    return render(
        replace(problem, where=problem.where._replace(file=short(problem.where.file)))
        for problem in problems
    )


def short(file: str) -> str:
    """Write the path of a file from the working directory, if it is below."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


def ago(moment: float, wall_now: float) -> str:
    """Write how long ago something was, in its largest unit.

    Args:
        moment: Unix seconds.
        wall_now: Unix seconds.
    """
    return f"{span(wall_now - moment)} ago"


def span(seconds: float) -> str:
    """Write a duration in its largest unit."""
    for length, noun in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            return counted(int(seconds // length), noun)
    return counted(max(0, int(seconds)), "second")
