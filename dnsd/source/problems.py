"""What is wrong with a file somebody wrote, and the report they read.

A problem names the place, a stable id, what is wrong, what would be right and,
when it can be known, the exact text to type. All problems of all files are
reported together, sorted by place.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Where(NamedTuple):
    """A place in a file; line and column count from 1, 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


class Severity(enum.StrEnum):
    """Whether the file can be used in spite of the problem."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in one place.

    Attributes:
        where: file, line, column.
        id: stable kebab-case id, e.g. ``mx-preference-range``.
        message: what is wrong, one clause in lower case, the value as written.
        expected: what is accepted, with the rule's source; may be empty.
        hint: the exact text to type, or a sentence of advice; may be empty.
        severity: error or warning.
    """

    where: Where
    id: str
    message: str
    expected: str = ""
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        mark = "" if self.severity is Severity.ERROR else "warning: "
        lines = [f"{self.where}: {mark}{self.id}: {self.message}"]
        if self.expected:
            lines.append(f"    expected: {self.expected}")
        if self.hint:
            lines.append(f"    hint: {self.hint}")
        # A file's name may hold anything, and so may the text that a hint repeats.
        return "\n".join(map(printable, lines))


Report = Callable[["Problem"], None]


class ConfigError(Exception):
    """What an operator wrote cannot be used; carries every problem found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(render(problems))
        self.problems = tuple(problems)


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Pick the problems that forbid using the file."""
    return [problem for problem in problems if problem.severity is Severity.ERROR]


def render(problems: Iterable[Problem]) -> str:
    """Write the report: problems sorted by place, then a line that counts them."""
    ordered = sorted(problems, key=lambda problem: (problem.where, problem.id, problem.message))
    count = len(errors(ordered))
    total = f"{_count(count, 'error')}, {_count(len(ordered) - count, 'warning')}"
    return "\n".join([*map(str, ordered), total])


def quoted(text: str, longest: int = 80) -> str:
    """Write text from a file between quotation marks, one line, not too long.

    Backslashes stay as they are: names and TXT are full of them.
    """
    return f"'{printable(shortened(text, longest))}'"


def shortened(text: str, longest: int = 80) -> str:
    """Cut text that is too long for a report."""
    return text if len(text) <= longest else text[:longest] + "…"


def printable(text: str) -> str:
    """Write what is no printable character as Python does: one line, no control."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
