"""The reference of ``dnsd.yaml``: as text for people, as JSON Schema for editors."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from dnsd.config.keys import all_keys, flow
from dnsd.config.written import WrittenConfig

if TYPE_CHECKING:
    from dnsd.config.keys import Key


def matching(path: str) -> list[Key]:
    """List a key and all keys below it; every key for ``''``.

    Args:
        path: as in a report or in the reference: ``limits``, ``listen[0].port``.
    """
    wanted = _without_indexes(path)
    return [
        entry
        for entry in all_keys()
        if not wanted or _without_indexes(f"{entry.path}.").startswith(f"{wanted}.")
    ]


def to_text(keys: list[Key], width: int) -> str:
    """Write keys as the reference that people read.

    Args:
        keys: in the order they are to stand.
        width: columns of the screen.
    """
    return "\n\n".join(_paragraph(entry, width) for entry in keys)


def to_json(keys: list[Key]) -> list[dict[str, Any]]:
    """Write keys as plain values, sections left out."""
    return [
        {
            "key": entry.path,
            "doc": entry.doc,
            "accepts": entry.kind.expected,
            "required": not entry.default_text,
            "default": entry.default_text or None,
            "example": entry.example,
        }
        for entry in keys
        if entry.kind is not None
    ]


def json_schema() -> dict[str, Any]:
    """Make the JSON Schema (draft 2020-12) of the whole file."""
    schema = WrittenConfig.model_json_schema(schema_generator=_Schema)
    for section in schema["$defs"].values():
        del section["title"]  # the name of a class
    schema["title"] = "dnsd.yaml"
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}


class _Schema(GenerateJsonSchema):
    """Pydantic's schema in the words of the file: no class names, numbers as numbers."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Leave titles out; the key says it."""
        del schema
        return False

    def encode_default(self, dft: Any) -> Any:
        """Write a default as an editor would complete it."""
        return int(dft) if isinstance(dft, str) and dft.isdecimal() else dft


def _paragraph(entry: Key, width: int) -> str:
    lines = textwrap.wrap(entry.doc, max(20, width - 4))
    if entry.kind is not None:
        default = f"default {entry.default_text}" if entry.default_text else "must be written"
        facts = f"{default}; example {flow(entry.example)}; {entry.kind.expected}"
        lines += textwrap.wrap(facts, max(20, width - 4))
    return "\n".join([entry.path, *(f"    {line}" for line in lines)])


def _without_indexes(path: str) -> str:
    return "".join(part.partition("]")[2] if "]" in part else part for part in path.split("["))
