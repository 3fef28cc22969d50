"""What YAML files are made of here, and how much of YAML each kind may use.

Nothing is typed: ``no``, ``010`` and ``12:30`` are the text that was written,
and whoever reads a value decides what it is. Built straight from the event
stream (a seventh of the time that composing PyYAML's nodes takes). What YAML
offers beyond mappings, lists and text is refused or bounded by a
:class:`Policy`:

==================  ===============================  ==========================
what                configuration                    zone files
==================  ===============================  ==========================
tags                refused                          ``!include`` only
anchors, merges     refused                          within :class:`Limits`
duplicate keys      refused, naming both lines       the same
second document     refused                          the same
==================  ===============================  ==========================

A scalar is the parser's own event: making a second object of each would cost a
fifth of the whole reading. Use :func:`where` and :func:`is_null` on it.

Every defect becomes a problem in a list; reading goes on behind it where it
can, with :class:`Broken` in place of the node, which readers pass over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from dnsd.source.includes import Directory
from dnsd.source.problems import Where

if TYPE_CHECKING:
    from pathlib import Path

Scalar = yaml.ScalarEvent


@dataclass(slots=True)
class Mapping:
    """Keys and values in the order of the file: ``fields[text] = key, value``."""

    fields: dict[str, tuple[Scalar, Node]]
    start_mark: Any

    def get(self, key: str) -> Node | None:
        """Return the value under a key."""
        found = self.fields.get(key)
        return found[1] if found else None


@dataclass(slots=True)
class Sequence:
    """A list of nodes."""

    items: list[Node]
    start_mark: Any


@dataclass(slots=True)
class Broken:
    """A node that could not be read; its problem is reported already."""

    start_mark: Any


Node: TypeAlias = Scalar | Mapping | Sequence | Broken


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file, with all that it includes, may make us do.

    Attributes:
        octets: size of all files together; a file included twice counts twice.
        depth: collections inside each other.
        nodes: nodes held at once, in one value or in all anchored values.
        expansion: nodes that aliases and repeated includes may add for each
            node written.
        free_expansion: what they may always add: a short file can share freely.
        max_expansion: what they may add at most.
        problems: errors reported for one file, where reading stops; and as
            many warnings, behind which it goes on.
    """

    octets: int = 64 << 20
    depth: int = 16
    nodes: int = 100_000  # some 450 octets each; an RRset of more cannot be answered
    expansion: int = 3  # four times the written nodes in all
    free_expansion: int = 10_000
    max_expansion: int = 5_000_000
    problems: int = 1_000


@dataclass(frozen=True, slots=True)
class Policy:
    """What a kind of file may use.

    Attributes:
        references: anchors, aliases and merges.
        includes: where ``!include`` may read; ``None`` refuses it.
        limits: bounds of the reading.
    """

    references: bool = False
    includes: Directory | None = None
    limits: Limits = field(default_factory=Limits)


CONFIG_POLICY = Policy(limits=Limits(octets=1 << 20))


def zone_policy(directory: Path) -> Policy:
    """Make the policy of zone files, which may include files of one directory."""
    return Policy(references=True, includes=Directory(directory))


def where(node: Node) -> Where:
    """Tell where a node begins."""
    mark: Any = node.start_mark
    return Where(mark.name, mark.line + 1, mark.column + 1)


def mark_where(mark: Any) -> Where:
    """Turn a parser's mark into a place."""
    return Where(mark.name, mark.line + 1, mark.column + 1)


def is_null(node: Node) -> bool:
    """Tell whether a node says that there is no value: empty, ``~`` or ``null``."""
    return (
        isinstance(node, Scalar)
        and not node.style
        and node.value in ("", "~", "null", "Null", "NULL")
    )
