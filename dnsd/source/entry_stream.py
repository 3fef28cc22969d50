"""Big YAML files entry by entry: only one value is in memory at a time.

A file of a million records is one mapping with a million keys; here it is an
iterator over them. What is merged into that mapping (``<<: !include x.yaml``)
follows the entries that are written, without those that a written key hides;
included files are read entry by entry too.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import yaml

from dnsd.source.composer import MERGE, Composer, is_include, is_include_of_several
from dnsd.source.nodes import Broken, Mapping, Node, Policy, Scalar, is_null, where
from dnsd.source.open_files import TooBad
from dnsd.source.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

Entries: TypeAlias = "Iterator[tuple[Scalar, Node | None]]"


class EntryStream:
    """One file, read from its root; a context manager.

    Inside the block call :meth:`node` or :meth:`mapping` once. When the file
    cannot be read further the block is left there, and the last problem in the
    list says why.
    """

    def __init__(self, octets: bytes, file: str, policy: Policy, problems: list[Problem]) -> None:
        self._octets = octets
        self._file = file
        self._composer = Composer(policy, problems)
        self._is_open = False
        self._ahead: Any = None

    def __enter__(self) -> Self:
        try:
            self._is_open = self._composer.files.open(self._octets, self._file)
        except yaml.YAMLError as error:
            self._composer.files.syntax_error(error, 0)
        except TooBad:
            pass
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        try:
            if error is not None:
                raise error
            if self._is_open:
                self._composer.files.close()
        except yaml.YAMLError as defect:
            with contextlib.suppress(TooBad):
                self._composer.files.syntax_error(defect, 0)
        except TooBad:
            pass
        return True

    @property
    def files(self) -> list[str]:
        """Every file read so far, the first one first, each once."""
        return self._composer.files.names

    def report(self, problem: Problem) -> None:
        """Add a problem to the list; too many of them end the reading."""
        self._composer.report(problem)

    def node(self) -> Node | None:
        """Read the next node whole; ``None`` when the file could not be opened."""
        if not self._is_open:
            return None
        event = self._take()
        self._composer.new_tree(event.start_mark)
        return self._composer.node(event, 0)

    def is_list(self) -> bool:
        """Tell whether the next node is written as a list."""
        if self._ahead is None and self._is_open:
            self._ahead = self._take()
        return isinstance(self._ahead, yaml.SequenceStartEvent) and not is_include_of_several(
            self._ahead
        )

    def _take(self) -> Any:
        event, self._ahead = self._ahead, None
        return self._composer.files.next_event() if event is None else event

    def mapping(self, apart: str | None = None, duplicate_hint: str = "") -> Entries:
        """Read the next node as a mapping.

        Args:
            apart: a key whose value is not read: it comes as ``None``, and the
                caller reads it with :meth:`node` or :meth:`mapping`, to the
                end, before asking for the next entry.
            duplicate_hint: what to write instead of a second equal key.

        Yields:
            Key and value, in the order of the file, each key once.
        """
        if self._is_open:
            level = _Level(self._composer, apart, duplicate_hint)
            yield from level.entries(self._take())


class _Level:
    """One mapping that is read entry by entry."""

    def __init__(self, composer: Composer, apart: str | None, duplicate_hint: str) -> None:
        self._composer = composer
        self._apart = apart
        self._hint = duplicate_hint

    def entries(self, event: Any) -> Entries:
        """Read the mapping that an event begins, or names, or stands for."""
        composer = self._composer
        if is_include(event):
            yield from self._included(event)
            return
        if isinstance(event, yaml.MappingStartEvent):
            composer.check_streamed(event)
            yield from self._written(event)
            return
        node = composer.node(event, 0)
        if isinstance(node, Mapping):
            yield from node.fields.values()
        elif is_null(node):
            composer.report(
                Problem(where(node), "yaml-empty", "there is nothing here", "a mapping")
            )
        elif not isinstance(node, Broken):
            found = "text" if isinstance(node, Scalar) else "a list"
            message = f"{found} instead of a mapping"
            composer.report(Problem(where(node), "yaml-kind", message, "lines of key: value"))

    def _included(self, event: Any) -> Entries:
        files = self._composer.files
        outer = files.depth
        try:
            if self._composer.open_include(event):
                yield from self.entries(files.next_event())
                files.close()
        except yaml.YAMLError as error:
            files.syntax_error(error, outer)

    def _written(self, start: Any) -> Entries:
        composer = self._composer
        next_event = composer.files.next_event
        lines: dict[str, int] = {}
        merges: list[Any] = []
        key: Any
        while (key := next_event()).__class__ is not yaml.MappingEndEvent:
            composer.new_tree(start.start_mark)
            if key.__class__ is not Scalar:
                composer.node(composer.skipped_key(key, 1), 1)
                continue
            name = key.value
            usable = (key.anchor is None and key.tag is None) or composer.is_usable(key)
            if name == MERGE and not key.style:
                event = next_event()
                merges.append(event if is_include(event) else composer.node(event, 1))
                continue
            if name in lines:
                composer.repeated_key(key, lines[name], self._hint)
                usable = False
            else:
                mark: Any = key.start_mark
                lines[name] = mark.line + 1
            if name == self._apart and usable:
                yield key, None
                continue
            value = composer.node(next_event(), 1)
            if usable:
                yield key, value
        for merge in reversed(merges):  # as in Composer
            for entry in self._merged(merge):
                name = entry[0].value
                if name not in lines:
                    lines[name] = where(entry[0]).line
                    yield entry

    def _merged(self, merge: Any) -> Entries:
        if is_include(merge):
            yield from _Level(self._composer, None, self._hint).entries(merge)
        else:
            for mapping in self._composer.merge_sources(merge):
                yield from mapping.fields.values()
