"""YAML as strings that remember where they stand.

Nothing is typed: ``no``, ``010`` and ``12:30`` are the text that was written,
and whoever reads a value decides what it is. What YAML offers beyond mappings,
lists and text is refused or bounded by a :class:`.nodes.Policy`. This module
reads a file as a whole; ``entry_stream`` reads big ones entry by entry.
"""

from __future__ import annotations

from typing import Any

from dnsd.source.entry_stream import EntryStream
from dnsd.source.nodes import (
    CONFIG_POLICY,
    Broken,
    Mapping,
    Node,
    Policy,
    Sequence,
    is_null,
    where,
)
from dnsd.source.problems import ConfigError, Problem, Where


class Document:
    """A whole file as plain values, and the places they came from."""

    def __init__(self, root: Node) -> None:
        self.root = root

    def plain(self) -> dict[str, Any] | list[Any] | str | None:
        """Make dicts, lists, strings and ``None`` of the file."""
        return _plain(self.root)

    def where(self, path: tuple[str | int, ...]) -> Where:
        """Tell where a value begins.

        Steps of the path that the file does not have are left out, so the
        nearest ancestor answers for a key that is missing.
        """
        return where(self._walk(path)[1])

    def where_key(self, path: tuple[str | int, ...]) -> Where:
        """Tell where the key of a value begins, or the list item it is in."""
        return where(self._walk(path)[0])

    def _walk(self, path: tuple[str | int, ...]) -> tuple[Node, Node]:
        key = node = self.root
        for step in path:
            if isinstance(node, Mapping) and (found := node.fields.get(str(step))):
                key, node = found
            elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
                key = node = node.items[step]
        return key, node


def _plain(node: Node) -> dict[str, Any] | list[Any] | str | None:
    if isinstance(node, Mapping):
        return {text: _plain(value) for text, (_, value) in node.fields.items()}
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    if isinstance(node, Broken) or is_null(node):
        return None
    return str(node.value)


def parse(octets: bytes, file: str, *, policy: Policy = CONFIG_POLICY) -> Document:
    """Read a file as a whole.

    Args:
        octets: the file, UTF-8.
        file: its name for reports.
        policy: what it may use.

    Returns:
        The document. An empty file is the null scalar.

    Raises:
        ConfigError: with every problem found.
    """
    problems: list[Problem] = []
    root: Node | None = None
    with EntryStream(octets, file, policy, problems) as stream:
        root = stream.node()
    if root is None or problems:
        raise ConfigError(problems)
    return Document(root)
