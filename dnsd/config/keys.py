"""Every key of ``dnsd.yaml`` as a value: path, sentence, what it accepts, default.

Read from the types of ``written``, so that no key is without its words and no
words are without a key.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dnsd.config.kinds import Kind
from dnsd.config.section import Section
from dnsd.config.written import WrittenConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    Attributes:
        path: e.g. ``authority.zones`` or, inside each item of a list, ``listen[].port``.
        doc: one sentence or two.
        kind: what it accepts, None for a section, whose keys follow.
        default: as written; None when it must be written, or for a section.
        default_text: the default in words.
        example: as written; None for a section.
    """

    path: str
    doc: str
    kind: Kind | None
    default: Any
    default_text: str
    example: Any


def all_keys() -> list[Key]:
    """List every key in the order of the reference, sections before their keys."""
    return list(_keys("", WrittenConfig))


def sections() -> dict[str, type[Section]]:
    """Map the path of every section to its type; the whole file has the path ``''``."""
    return {"": WrittenConfig, **dict(_sections("", WrittenConfig))}


def section_of(field: FieldInfo) -> type[Section] | None:
    """Tell the section that a key holds, alone or in a list."""
    return _section_in(field.annotation)


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    found = (_section_in(part) for part in typing.get_args(annotation))
    return next((section for section in found if section), None)


def kind_of(field: FieldInfo) -> Kind | None:
    """Tell what a key accepts; None for a section."""
    return next((entry for entry in field.metadata if isinstance(entry, Kind)), None)


def _sections(above: str, section: type[Section]) -> Iterator[tuple[str, type[Section]]]:
    for name, field in section.model_fields.items():
        inner = section_of(field)
        if inner is not None:
            path = f"{above}{name}[]" if kind_of(field) else f"{above}{name}"
            yield path, inner
            yield from _sections(f"{path}.", inner)


def _keys(above: str, section: type[Section]) -> Iterator[Key]:
    for name, field in section.model_fields.items():
        kind = kind_of(field)
        yield _key(f"{above}{name}", field, kind)
        inner = section_of(field)
        if inner is not None:
            yield from _keys(f"{above}{name}[]." if kind else f"{above}{name}.", inner)


def _key(path: str, field: FieldInfo, kind: Kind | None) -> Key:
    doc = field.description or ""
    if kind is None:
        return Key(path, doc, None, None, "", None)
    extra = field.json_schema_extra
    words = extra.get("x-default") if isinstance(extra, dict) else None
    example = field.examples[0] if field.examples else None
    if field.is_required():
        return Key(path, doc, kind, None, "", example)
    return Key(path, doc, kind, field.default, str(words or flow(field.default)), example)


def flow(value: Any) -> str:
    """Write a value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    text = "" if value is None else str(value)
    return text if text and not text.startswith("[") else repr(text)
