"""How a section of ``dnsd.yaml`` and its keys are declared."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from dnsd.config.kinds import refuse, shown


def key(doc: str, default: Any = ..., *, example: Any, otherwise: str = "") -> Any:
    """Declare a key.

    Args:
        doc: its sentence.
        default: as written in a file; left out for a key that must be written.
        example: as written in a file.
        otherwise: the default in words, where it is no plain value.
    """
    extra: dict[str, JsonValue] | None = {"x-default": otherwise} if otherwise else None
    return Field(default, description=doc, examples=[example], json_schema_extra=extra)


def section(doc: str) -> Any:
    """Declare a mapping of keys that may be left out as a whole."""
    return Field({}, description=doc)


class Section(BaseModel):
    """A mapping with a closed set of keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _take_a_mapping(cls, written: object) -> object:
        if written is None or written == "":
            return {}  # every key of the section is commented out
        if not isinstance(written, dict):
            expected = f"a mapping with the keys {', '.join(cls.model_fields)}"
            refuse("not-a-mapping", f"is {shown(written)}", expected)
        return written
