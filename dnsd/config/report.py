"""Pydantic's findings as problems of the file: place, key path, value, advice.

Pydantic says by numbers and names where in the written values something is
wrong; the nodes of the file say where that stands. A path that pydantic made
longer than the file is (one value where a list is meant) ends at the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from dnsd.config.keys import kind_of, sections
from dnsd.config.kinds import shown
from dnsd.source.nearest import nearest
from dnsd.source.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError

    from dnsd.config.section import Section
    from dnsd.source.marked_yaml import Document

Location: TypeAlias = tuple[str | int, ...]

_MAX_LISTED = 12  # known keys in a message; more are left to ``config describe``


def problems_of(found: ValidationError, document: Document) -> Iterator[Problem]:
    """Turn all findings about a document into problems."""
    written = document.plain()
    for error in found.errors(include_url=False):
        location = error["loc"]
        path = _path(written, location)
        if error["type"] == "extra_forbidden":
            yield _unknown_key(path, document)
        elif error["type"] == "missing":
            yield _missing_key(path, str(location[-1]), document)
        else:
            context = error["ctx"]
            message = f"{show_path(path) or 'the configuration'} {context['message']}"
            yield Problem(
                document.where(path), error["type"], message, context["expected"], context["hint"]
            )


def show_path(path: Location) -> str:
    """Write a path as people do: ``listen[0].port``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def _path(written: Any, location: Location) -> Location:
    """Keep the steps of a location that the file has."""
    path: list[str | int] = []
    for step in location:
        if isinstance(written, dict):
            if step not in written:
                continue
        elif not isinstance(written, list) or not isinstance(step, int):
            break
        written = written[step]
        path.append(step)
    return tuple(path)


def _unknown_key(path: Location, document: Document) -> Problem:
    word, above = str(path[-1]), show_path(path[:-1])
    known = list(_section(path[:-1]).model_fields)
    describe = f"dnsd config describe {above}".rstrip()
    homes = [
        f"{home}.{word}" if home else word
        for home, section in sections().items()
        if word in section.model_fields
    ]
    # In a section a slip is likelier than a key from elsewhere, at the top it is not.
    near, elsewhere = nearest(word, known), " or ".join(homes)
    meant = (near or elsewhere) if above else (elsewhere or near)
    if meant:
        expected, hint = "", f"did you mean {meant}?"
    elif len(known) <= _MAX_LISTED:
        expected, hint = ", ".join(known), f"{describe} tells what each key does"
    else:
        expected, hint = "", f"{describe} lists the keys"
    return Problem(
        document.where_key(path),
        "unknown-key",
        f"{shown(word)} is not a key of {above or 'the configuration'}",
        expected,
        hint,
    )


def _missing_key(path: Location, name: str, document: Document) -> Problem:
    field = _section(path).model_fields[name]
    kind = kind_of(field)
    example = field.examples[0] if field.examples else ""
    return Problem(
        document.where(path),
        "missing-key",
        f"{show_path(path)}.{name} is missing",
        kind.expected if kind else "",
        f"{name}: {example}",
    )


def _section(path: Location) -> type[Section]:
    """Find the section at a path; a mapping where a list is meant is its item."""
    text = "".join("[]" if isinstance(step, int) else f".{step}" for step in path)
    found = sections()
    name = text.removeprefix(".")
    return found.get(name) or found[f"{name}[]"]
