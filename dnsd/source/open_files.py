"""The files that are being read, each included by the one before.

Here are the bounds on files (size of all together, depth, no circle) and the
list of problems; what is in the files is ``composer``'s business.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from dnsd.source.includes import MAX_INCLUDE_DEPTH, IncludeRefused
from dnsd.source.nodes import Node, Policy, Scalar, mark_where, where
from dnsd.source.problems import ConfigError, Problem, Severity, Where, errors, quoted
from dnsd.source.yaml_events import open_events, syntax_problem

if TYPE_CHECKING:
    from collections.abc import Callable


class TooBad(Exception):  # noqa: N818 - never leaves this package; its problem is in the list
    """Reading cannot go on behind the last problem."""


@dataclass(slots=True)
class Anchor:
    """A node with a name.

    Attributes:
        node: ``None`` while it is being read: an alias inside itself.
        size: nodes that an alias of it adds.
    """

    node: Node | None
    size: int


@dataclass(slots=True)
class _OpenFile:
    name: str
    octets: bytes
    next_event: Callable[[], Any]
    is_repeat: bool
    anchors: dict[str, Anchor] = field(default_factory=dict)


class OpenFiles:
    """A stack of files; events come from the innermost one.

    Attributes:
        names: of every file that was opened, each once.
    """

    def __init__(self, policy: Policy, problems: list[Problem]) -> None:
        self.names: list[str] = []
        self._policy = policy
        self._limits = policy.limits
        self._problems = problems
        self._open: list[_OpenFile] = []
        self._octets_read = 0
        # Files that are read one after the other share the list.
        self._errors = len(errors(problems))
        self._warnings = len(problems) - self._errors

    def report(self, problem: Problem) -> None:
        """Add a problem; too many errors end the reading, too many warnings are left out.

        Raises:
            TooBad: it was one error too many.
        """
        limit = self._limits.problems
        if problem.severity is Severity.WARNING:
            self._warnings += 1
            if self._warnings == limit + 1:
                message = f"and more warnings; the first {limit} are listed"
                problem = replace(
                    problem, id="too-many-warnings", message=message, expected="", hint=""
                )
            if self._warnings <= limit + 1:
                self._problems.append(problem)
            return
        self._errors += 1
        self._problems.append(problem)
        if self._errors >= limit:
            message = f"{limit} errors, the rest was not read"
            self._problems.append(Problem(problem.where, "too-many-problems", message))
            raise TooBad

    def stop(self, problem: Problem) -> NoReturn:
        """Add a problem behind which reading cannot go on.

        Raises:
            TooBad: always.
        """
        self.report(problem)
        raise TooBad

    def syntax_error(self, error: yaml.YAMLError, depth: int) -> None:
        """Report that the innermost file is not YAML, and go back to an outer one.

        Args:
            error: what the parser raised.
            depth: how many files stay open.
        """
        file = self._open[-1]
        del self._open[depth:]
        self.report(syntax_problem(error, file.octets, file.name))

    @property
    def depth(self) -> int:
        """How many files are open."""
        return len(self._open)

    @property
    def next_event(self) -> Callable[[], Any]:
        """The source of events of the innermost file."""
        return self._open[-1].next_event

    @property
    def anchors(self) -> dict[str, Anchor]:
        """The anchors of the innermost file; they do not cross files."""
        return self._open[-1].anchors

    @property
    def is_repeat(self) -> bool:
        """Whether the innermost file was read before."""
        return self._open[-1].is_repeat

    def open(self, octets: bytes, name: str) -> bool:
        """Read from this file until :meth:`close`; its root is next.

        Returns:
            Whether there is a root; problems say why not.
        """
        self._octets_read += len(octets)
        if self._octets_read > self._limits.octets:
            message = f"{self._octets_read} octets, with included files"
            limit = f"at most {self._limits.octets}"
            self.stop(Problem(Where(name), "yaml-size", message, limit))
        try:
            next_event = open_events(octets, name)
        except ConfigError as error:
            for problem in error.problems:
                self.report(problem)
            return False
        self._open.append(_OpenFile(name, octets, next_event, name in self.names))
        if name not in self.names:
            self.names.append(name)
        next_event()  # the start of the stream
        start = next_event()
        if start.__class__ is yaml.StreamEndEvent:
            self._open.pop()
            self.report(Problem(Where(name), "yaml-empty", "the file is empty"))
            return False
        if start.tags:
            place = mark_where(start.start_mark)
            self.report(Problem(place, "yaml-directive", "a %TAG directive", "none"))
        return True

    def close(self) -> None:
        """Go back to the file that included this one; the root must be read."""
        next_event = self.next_event
        next_event()  # the end of the document
        event = next_event()
        if not isinstance(event, yaml.StreamEndEvent):
            self.report(
                Problem(
                    mark_where(event.start_mark),
                    "yaml-document",
                    "a second document begins",
                    expected="one document a file",
                    hint="delete the line with ---",
                )
            )
        self._open.pop()

    def open_include(self, event: Scalar) -> bool:
        """Open the file that ``!include`` names; ``False`` when refused."""
        includes = self._policy.includes
        assert includes is not None  # the caller has asked the policy
        place = where(event)
        if self.depth > MAX_INCLUDE_DEPTH:
            message = f"{MAX_INCLUDE_DEPTH} files include each other already"
            self.report(Problem(place, "include-depth", message, f"at most {MAX_INCLUDE_DEPTH}"))
            return False
        left = self._limits.octets - self._octets_read
        try:
            octets, name = includes.read(event.value, self._open[-1].name, left)
        except IncludeRefused as refused:
            self.report(Problem(place, refused.id, refused.reason, refused.expected))
            return False
        if any(file.name == name for file in self._open):
            self.report(Problem(place, "include-circle", f"{quoted(name)} includes itself"))
            return False
        return self.open(octets, name)
