"""From the events of YAML files to nodes, within the bounds of a policy.

The work of an alias is counted, not its memory: an aliased node is shared, but
its readers walk it again. *Written* nodes are those of the files, *added* ones
those that aliases and repeated includes bring; ``Limits`` bounds the second by
the first as reading goes on, so that a bomb is refused where it goes off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from dnsd.source.includes import MAX_INCLUDE_DEPTH, IncludeRefused
from dnsd.source.nodes import Broken, Mapping, Node, Policy, Scalar, Sequence, where
from dnsd.source.problems import ConfigError, Problem, Where, quoted
from dnsd.source.yaml_events import open_events, syntax_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

INCLUDE = "!include"
MERGE = "<<"
_COUNT_EVERY = 1_000  # nodes of a flat mapping between two looks at the bounds


class TooBad(Exception):  # noqa: N818 - never leaves this package; its problem is in the list
    """Reading cannot go on behind the last problem."""


@dataclass(slots=True)
class _Anchor:
    node: Node | None  # None while it is read: an alias inside itself
    size: int


@dataclass(slots=True)
class _Source:
    """One file that is open."""

    file: str
    octets: bytes
    next_event: Callable[[], Any]
    is_repeat: bool
    anchors: dict[str, _Anchor] = field(default_factory=dict)


class Composer:
    """Make nodes of events.

    Anything here may raise :class:`TooBad` and ``yaml.YAMLError``; whoever
    reads hands the second to :meth:`syntax_error`.
    """

    def __init__(self, policy: Policy, problems: list[Problem]) -> None:
        self.files: list[str] = []  # every file opened, each once
        self._policy = policy
        self._limits = policy.limits
        self._problems = problems
        self._sources: list[_Source] = []
        self._octets_read = 0
        self._tree = 0  # nodes of the value being read
        self._anchored = 0
        self._written = 0
        self._added = 0

    # -- problems ---------------------------------------------------------

    def report(self, problem: Problem) -> None:
        """Add a problem; too many of them end the reading."""
        self._problems.append(problem)
        if len(self._problems) >= self._limits.problems:
            self._problems.append(
                Problem(
                    problem.where,
                    "too-many-problems",
                    f"{self._limits.problems} problems, the rest was not read",
                )
            )
            raise TooBad

    def _stop(self, problem: Problem) -> NoReturn:
        self.report(problem)
        raise TooBad

    def syntax_error(self, error: yaml.YAMLError) -> None:
        """Report that the file being read is not YAML."""
        source = self._sources[-1]
        self._problems.append(syntax_problem(error, source.octets, source.file))

    # -- files ------------------------------------------------------------

    @property
    def next_event(self) -> Callable[[], Any]:
        """The source of events of the file being read."""
        return self._sources[-1].next_event

    def open(self, octets: bytes, file: str) -> bool:
        """Read from this file until :meth:`close`; its root is next.

        Returns:
            Whether there is a root.
        """
        self._octets_read += len(octets)
        if self._octets_read > self._limits.octets:
            message = f"{self._octets_read} octets, with included files"
            limit = f"at most {self._limits.octets}"
            self._stop(Problem(Where(file), "yaml-size", message, limit))
        try:
            next_event = open_events(octets, file)
        except ConfigError as error:
            self._problems.extend(error.problems)
            return False
        self._sources.append(_Source(file, octets, next_event, file in self.files))
        if file not in self.files:
            self.files.append(file)
        next_event()  # the start of the stream
        start = next_event()
        if start.__class__ is yaml.StreamEndEvent:
            self._sources.pop()
            self.report(Problem(Where(file), "yaml-empty", "the file is empty"))
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
        self._sources.pop()

    def open_include(self, event: Scalar) -> bool:
        """Open the file that ``!include`` names; ``False`` when refused."""
        includes = self._policy.includes
        if includes is None:
            self._bad_tag(event)
            return False
        place = where(event)
        if len(self._sources) > MAX_INCLUDE_DEPTH:
            message = f"{MAX_INCLUDE_DEPTH} files include each other already"
            self.report(Problem(place, "include-depth", message, f"at most {MAX_INCLUDE_DEPTH}"))
            return False
        left = self._limits.octets - self._octets_read
        try:
            octets, file = includes.read(event.value, self._sources[-1].file, left)
        except IncludeRefused as refused:
            self.report(Problem(place, refused.id, refused.reason, refused.expected))
            return False
        if any(source.file == file for source in self._sources):
            self.report(Problem(place, "include-circle", f"{quoted(file)} includes itself"))
            return False
        return self.open(octets, file)

    # -- bounds -------------------------------------------------------------

    def new_tree(self) -> None:
        """Forget how many nodes the last value had."""
        self._tree = 0

    def count(self, nodes: int, mark: Any) -> None:
        """Account for nodes of the file; ``mark`` is where their collection begins."""
        self._tree += nodes
        if self._tree > self._limits.nodes:
            message = f"one value has more than {self._limits.nodes} nodes"
            self._stop(Problem(mark_where(mark), "yaml-nodes", message))
        if self._sources[-1].is_repeat:
            self._add(nodes, mark)
        else:
            self._written += nodes

    def _add(self, nodes: int, mark: Any) -> None:
        """Account for nodes that an alias or a repeated include adds."""
        self._added += nodes
        limits = self._limits
        allowed = max(limits.free_expansion, limits.expansion * self._written)
        if self._added > min(allowed, limits.max_expansion):
            self._stop(
                Problem(
                    mark_where(mark),
                    "yaml-expansion",
                    f"aliases and includes make {self._written + self._added} nodes"
                    f" of {self._written} written ones",
                    expected=f"at most {limits.expansion + 1} times the nodes that are written",
                )
            )

    # -- nodes ------------------------------------------------------------

    def node(self, event: Any, depth: int) -> Node:
        """Read the node that an event begins.

        Args:
            event: a scalar, alias, or the start of a collection.
            depth: how many collections are open around it.
        """
        if event.anchor is None and event.tag is None:  # nearly always; first for speed
            return self._bare(event, depth)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        anchor = self._anchor(event)
        if anchor is None:
            return self._without_anchor(event, depth)
        before = self._written + self._added
        anchor.node = node = self._without_anchor(event, depth)
        anchor.size = self._written + self._added - before + 1
        self._anchored += anchor.size
        if self._anchored > self._limits.nodes:
            message = f"anchored values have more than {self._limits.nodes} nodes"
            self._stop(Problem(where(event), "yaml-nodes", message))
        return node

    def _anchor(self, event: Any) -> _Anchor | None:
        """Take note of the anchor of a node that begins."""
        if event.anchor is None:
            return None
        if self._policy.references:
            anchor = self._sources[-1].anchors[event.anchor] = _Anchor(None, 1)
            return anchor
        self.report(
            Problem(
                where(event),
                "yaml-anchor",
                f"the anchor &{event.anchor}",
                expected="no anchors and aliases in this file",
                hint="write the value in both places",
            )
        )
        return None

    def _without_anchor(self, event: Any, depth: int) -> Node:
        if event.tag is not None:
            if is_include(event):
                return self._included(event, depth)
            self._bad_tag(event)
        return self._bare(event, depth)

    def _bare(self, event: Any, depth: int) -> Node:
        """Read a node without looking at its tag and anchor."""
        if event.__class__ is Scalar:
            return event
        if depth >= self._limits.depth:
            message = f"more than {self._limits.depth} collections inside each other"
            self._stop(Problem(where(event), "yaml-depth", message))
        if event.__class__ is yaml.MappingStartEvent:
            return self._mapping(event, depth + 1)
        return self._sequence(event, depth + 1)

    def _bad_tag(self, event: Any) -> None:
        allowed = self._policy.includes is not None
        self.report(
            Problem(
                where(event),
                "yaml-tag",
                f"the tag {quoted(event.tag.replace('tag:yaml.org,2002:', '!!'))}",
                expected="no tags except !include FILE" if allowed else "no tags",
                hint="" if event.tag == INCLUDE else "leave it out: every value is read as text",
            )
        )

    def _included(self, event: Scalar, depth: int) -> Node:
        outer = len(self._sources)
        node: Node = Broken(event.start_mark)
        try:
            if self.open_include(event):
                node = self.node(self.next_event(), depth)
                self.close()
        except yaml.YAMLError as error:
            self.syntax_error(error)
            del self._sources[outer:]
        return node

    def _alias(self, event: Any) -> Node:
        anchor = self._sources[-1].anchors.get(event.anchor)
        if anchor is not None and anchor.node is not None:
            self._add(anchor.size, event.start_mark)
            return anchor.node
        message, expected = f"no &{event.anchor} stands before *{event.anchor}", ""
        if not self._policy.references:
            message, expected = f"the alias *{event.anchor}", "no anchors and aliases in this file"
        elif anchor is not None:
            message = f"*{event.anchor} stands inside its own value"
        hint = f"if the text is meant, quote it: '*{event.anchor}'"
        self.report(Problem(mark_where(event.start_mark), "yaml-alias", message, expected, hint))
        return Broken(event.start_mark)

    def _sequence(self, start: Any, depth: int) -> Sequence:
        next_event = self.next_event
        items: list[Node] = []
        while not isinstance(event := next_event(), yaml.SequenceEndEvent):
            self.count(1, start.start_mark)
            items.append(self.node(event, depth))
        return Sequence(items, start.start_mark)

    def _mapping(self, start: Any, depth: int) -> Mapping:
        next_event = self.next_event
        fields: dict[str, tuple[Scalar, Node]] = {}
        merged: list[Node] = []
        uncounted = 0
        while (key := next_event()).__class__ is not yaml.MappingEndEvent:
            usable = key.__class__ is Scalar and self.is_usable(key)
            value = next_event() if key.__class__ is Scalar else self.skipped_key(key, depth)
            uncounted += 2
            # A plain value is its own node, and that is most of them.
            if value.__class__ is not Scalar or value.tag is not None or value.anchor is not None:
                self.count(uncounted, start.start_mark)
                uncounted = 0
                value = self.node(value, depth)
            elif uncounted > _COUNT_EVERY:
                self.count(uncounted, start.start_mark)
                uncounted = 0
            if not usable:
                continue
            name = key.value
            if name in fields:
                self.repeated_key(key, where(fields[name][0]).line)
            elif name == MERGE and not key.style:
                merged.append(value)
            else:
                fields[name] = (key, value)
        self.count(uncounted, start.start_mark)
        for value in merged:
            for source in self.merge_sources(value):
                for name, entry in source.fields.items():
                    fields.setdefault(name, entry)
        return Mapping(fields, start.start_mark)

    def check_streamed(self, start: Any) -> None:
        """Report the tag of a mapping whose entries are read one by one.

        It is never held whole, so an anchor on it stands for nothing.
        """
        self._anchor(start)
        if start.tag is not None:
            self._bad_tag(start)

    # -- keys and merges, also for readers of entries ------------------------

    def is_usable(self, key: Scalar) -> bool:
        """Report the tag or anchor of a key; tell whether it can be used."""
        if key.anchor is not None:
            anchor = self._anchor(key)
            if anchor is not None:
                anchor.node = key
        if key.tag is None:
            return True
        self._bad_tag(key)
        return False

    def skipped_key(self, key: Any, depth: int) -> Any:
        """Report a key that is not a scalar, and return the value's event."""
        if isinstance(key, yaml.AliasEvent):
            message, hint = f"the alias *{key.anchor} as a key", f"quote it: '*{key.anchor}'"
        else:
            message, hint = "a collection as a key", ""
            self.node(key, depth)
        self.report(Problem(mark_where(key.start_mark), "yaml-key", message, "text", hint))
        return self.next_event()

    def repeated_key(self, key: Scalar, first_line: int, hint: str = "") -> None:
        """Report a key that its mapping has already."""
        message = f"the key {quoted(key.value)} stands in line {first_line} already"
        self.report(Problem(where(key), "yaml-duplicate-key", message, "each key once", hint))

    def merge_sources(self, node: Node) -> Iterable[Mapping]:
        """List the mappings that a merge takes from; the first one wins."""
        if not self._policy.references:
            expected = "no merges in this file"
            self.report(Problem(where(node), "yaml-merge", "a merge", expected))
            return
        for item in node.items if isinstance(node, Sequence) else [node]:
            if isinstance(item, Mapping):
                yield item
            elif not isinstance(item, Broken):
                expected = "a mapping, or a list of mappings"
                self.report(
                    Problem(where(item), "yaml-merge", "a merge of something else", expected)
                )


def is_merge(key: Scalar) -> bool:
    """Tell whether a key is the plain ``<<`` that merges mappings."""
    return bool(key.value == MERGE and not key.style)


def is_include(event: yaml.Event) -> bool:
    """Tell whether an event is a scalar with the tag ``!include``."""
    return isinstance(event, Scalar) and event.tag == INCLUDE


def mark_where(mark: Any) -> Where:
    """Turn a parser's mark into a place."""
    return Where(mark.name, mark.line + 1, mark.column + 1)
