"""From the events of YAML files to nodes, within the bounds of a policy.

The work of an alias is counted, not its memory: an aliased node is shared, but
its readers walk it again. *Written* nodes are those of the files, *added* ones
those that aliases and repeated includes bring; ``Limits`` bounds the second by
the first as reading goes on, so that a bomb is refused where it goes off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from dnsd.source.nodes import (
    Broken,
    Mapping,
    Node,
    Policy,
    Scalar,
    Sequence,
    mark_where,
    where,
)
from dnsd.source.open_files import Anchor, OpenFiles
from dnsd.source.problems import Problem, quoted, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

INCLUDE = "!include"
MERGE = "<<"  # as a key without quotes
_COUNT_EVERY = 1_000  # nodes of a flat mapping between two looks at the bounds


class Composer:
    """Make nodes of the events of the innermost open file.

    Anything here may raise :class:`.open_files.TooBad` and ``yaml.YAMLError``;
    whoever reads hands the second to :meth:`.OpenFiles.syntax_error`.
    """

    def __init__(self, policy: Policy, problems: list[Problem]) -> None:
        self.files = OpenFiles(policy, problems)
        self.report = self.files.report
        self._policy = policy
        self._limits = policy.limits
        self._tree = 0  # nodes of the value being read
        self._anchored = 0
        self._written = 0
        self._added = 0

    def open_include(self, event: Scalar) -> bool:
        """Open the file that ``!include`` names; ``False`` when refused."""
        if self._policy.includes is None:
            self._bad_tag(event)
            return False
        return self.files.open_include(event)

    # -- bounds -------------------------------------------------------------

    def new_tree(self, mark: Any) -> None:
        """Begin to count the nodes of a value that is read by itself."""
        self._tree = 0
        self.count(1, mark)

    def count(self, nodes: int, mark: Any) -> None:
        """Account for nodes of the file; ``mark`` is where their collection begins."""
        self._tree += nodes
        if self._tree > self._limits.nodes:
            message = f"one value has more than {self._limits.nodes} nodes"
            self.files.stop(Problem(mark_where(mark), "yaml-nodes", message))
        if self.files.is_repeat:
            self._add(nodes, mark)
        else:
            self._written += nodes

    def _add(self, nodes: int, mark: Any) -> None:
        """Account for nodes that an alias or a repeated include adds."""
        self._added += nodes
        limits = self._limits
        allowed = max(limits.free_expansion, limits.expansion * self._written)
        if self._added > min(allowed, limits.max_expansion):
            self.files.stop(
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
            self.files.stop(Problem(where(event), "yaml-nodes", message))
        return node

    def _anchor(self, event: Any) -> Anchor | None:
        """Take note of the anchor of a node that begins."""
        if event.anchor is None:
            return None
        if self._policy.references:
            anchor = self.files.anchors[event.anchor] = Anchor(None, 1)
            return anchor
        self.report(
            Problem(
                where(event),
                "yaml-anchor",
                f"the anchor &{shortened(event.anchor)}",
                expected="no anchors and aliases in this file",
                hint="write the value in both places",
            )
        )
        return None

    def _without_anchor(self, event: Any, depth: int) -> Node:
        if event.tag is not None:
            if is_include(event):
                return self._included(event, depth)
            if is_include_of_several(event) and self._policy.includes is not None:
                return self._included_together(event, depth)
            self._bad_tag(event)
        return self._bare(event, depth)

    def _bare(self, event: Any, depth: int) -> Node:
        """Read a node without looking at its tag and anchor."""
        if event.__class__ is Scalar:
            return event
        if depth >= self._limits.depth:
            message = f"more than {self._limits.depth} collections inside each other"
            self.files.stop(Problem(where(event), "yaml-depth", message))
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
                expected="no tags except !include FILE or [FILE, ...]" if allowed else "no tags",
                hint="" if event.tag == INCLUDE else "leave it out: every value is read as text",
            )
        )

    def _included(self, event: Scalar, depth: int) -> Node:
        outer = self.files.depth
        node: Node = Broken(event.start_mark)
        try:
            if self.open_include(event):
                node = self.node(self.files.next_event(), depth)
                self.files.close()
        except yaml.YAMLError as error:
            self.files.syntax_error(error, outer)
        return node

    def _included_together(self, start: Any, depth: int) -> Node:
        """Join the files of ``!include [a.yaml, b.yaml]``, as octoDNS does.

        Lists are put together; of mappings a later file's key wins. An empty
        list stands for no value.
        """
        parts: list[Node] = []
        is_empty = True
        while not isinstance(event := self.files.next_event(), yaml.SequenceEndEvent):
            is_empty = False
            self.count(1, start.start_mark)
            if event.__class__ is Scalar and event.tag is None and event.anchor is None:
                part = self._included(event, depth)
            else:
                part = self.node(event, depth)
                if not isinstance(part, Broken):
                    message = "something else in a list of files to include"
                    self.report(Problem(where(part), "include-list", message, "names of files"))
                part = Broken(event.start_mark)
            if not isinstance(part, Broken):
                parts.append(part)
        if not parts:
            if is_empty:
                return Scalar(None, None, (True, False), "", start.start_mark, start.end_mark)
            return Broken(start.start_mark)
        return self._joined(parts, start)

    def _joined(self, parts: list[Node], start: Any) -> Node:
        for part in parts:
            if isinstance(part, Scalar) or part.__class__ is not parts[0].__class__:
                expected = "only lists or only mappings in files that are included together"
                message = "text" if isinstance(part, Scalar) else "lists and mappings mixed"
                self.report(Problem(where(part), "include-list", message, expected))
                return Broken(start.start_mark)
        fields: dict[str, tuple[Scalar, Node]] = {}
        items: list[Node] = []
        for part in parts:
            if isinstance(part, Mapping):
                fields |= part.fields
            elif isinstance(part, Sequence):
                items += part.items
        if isinstance(parts[0], Mapping):
            return Mapping(fields, start.start_mark)
        return Sequence(items, start.start_mark)

    def _alias(self, event: Any) -> Node:
        anchor = self.files.anchors.get(event.anchor)
        if anchor is not None and anchor.node is not None:
            self._add(anchor.size, event.start_mark)
            return anchor.node
        name = shortened(event.anchor)
        message, expected = f"no &{name} stands before *{name}", ""
        if not self._policy.references:
            message, expected = f"the alias *{name}", "no anchors and aliases in this file"
        elif anchor is not None:
            message = f"*{name} stands inside its own value"
        hint = f"if the text is meant, quote it: '*{name}'"
        self.report(Problem(mark_where(event.start_mark), "yaml-alias", message, expected, hint))
        return Broken(event.start_mark)

    def _sequence(self, start: Any, depth: int) -> Sequence:
        next_event = self.files.next_event
        items: list[Node] = []
        while not isinstance(event := next_event(), yaml.SequenceEndEvent):
            self.count(1, start.start_mark)
            items.append(self.node(event, depth))
        return Sequence(items, start.start_mark)

    def _mapping(self, start: Any, depth: int) -> Mapping:
        next_event = self.files.next_event
        fields: dict[str, tuple[Scalar, Node]] = {}
        merged: list[Node] = []
        uncounted = 0
        while (key := next_event()).__class__ is not yaml.MappingEndEvent:
            if key.__class__ is Scalar:
                usable = (key.anchor is None and key.tag is None) or self.is_usable(key)
                value = next_event()
            else:
                usable = False
                value = self.skipped_key(key, depth)
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
        for value in reversed(merged):  # of several merges the last one wins, as in PyYAML
            self._merge(value, fields)
        return Mapping(fields, start.start_mark)

    def _merge(self, node: Node, fields: dict[str, tuple[Scalar, Node]]) -> None:
        """Add what a merge brings; what is there already stays."""
        for mapping in self.merge_sources(node):
            for name, entry in mapping.fields.items():
                fields.setdefault(name, entry)

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
            name = shortened(key.anchor or "")
            message, hint = f"the alias *{name} as a key", f"quote it: '*{name}'"
        else:
            message, hint = "a collection as a key", ""
            self.node(key, depth)
        self.report(Problem(mark_where(key.start_mark), "yaml-key", message, "text", hint))
        return self.files.next_event()

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


def is_include(event: yaml.Event) -> bool:
    """Tell whether an event is a scalar with the tag ``!include``."""
    return isinstance(event, Scalar) and event.tag == INCLUDE


def is_include_of_several(event: yaml.Event) -> bool:
    """Tell whether an event begins a list with the tag ``!include``."""
    return isinstance(event, yaml.SequenceStartEvent) and event.tag == INCLUDE
