"""The event stream of one YAML file, and its syntax errors as problems.

libyaml reads when PyYAML was built with it, PyYAML's own parser otherwise; the
events are the same. Whatever could take long before the first event comes is
refused here: octets that are not UTF-8, a flood of ``%TAG`` directives (libyaml
compares each with all before it).
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from dnsd.source.problems import ConfigError, Problem, Where

if TYPE_CHECKING:
    from collections.abc import Callable

try:
    from yaml.cyaml import CParser as _Parser  # type: ignore[attr-defined]
except ImportError:  # PyYAML without libyaml: some six times slower, else equal
    from yaml import BaseLoader as _Parser  # type: ignore[assignment]

MAX_TAG_DIRECTIVES = 16  # comparing 16 costs nothing, and nobody writes two
_TAG_DIRECTIVE = re.compile(rb"(?:^|[\r\n])%TAG[ \t]")
# YAML 1.1 §5.1, c-printable, without the byte order mark
_NOT_PRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


class _Advice(NamedTuple):
    """A hint for a parser's message, given when the text there begins so."""

    message: str
    text: str
    hint: str


# libyaml's words from 0.2.6 on, for 1,000 of them.
_TOO_DEEP = "maximum nesting depth"

# The parser's words, the text at the place, and what helps. First match counts.
_ADVICE = (
    _Advice("cannot start any token", "\t", "indent with spaces; YAML forbids tabs there"),
    _Advice("cannot start any token", "@", "the zone's own name is '', and other text with @ is quoted: '@'"),
    _Advice("cannot start any token", "%", "quote it: '%'"),
    _Advice("cannot start any token", "`", "quote it: '`'"),
    _Advice("alphabetic or numeric", "*", "quote the wildcard: '*'"),
    _Advice("alphabetic or numeric", "&", "quote it: '&'"),
    _Advice("could not find expected ':'", "", "write key: value; a value with ': ' or ' #' in it is quoted"),
    _Advice("mapping values are not allowed", "", "quote a value that holds ': ', and give every key its own line"),
    _Advice("did not find expected key", "", "keys of one block begin in the same column"),
    _Advice("did not find expected '-' indicator", "", "items of one list begin in the same column"),
    _Advice("expected ',' or '}'", ":", "close the '{', or quote a value that holds ': '"),
    _Advice("expected ',' or ']'", ":", "close the '[', or quote a value that holds ': '"),
    _Advice("expected ',' or '}'", "", "a '{' that opens must close"),
    _Advice("expected ',' or ']'", "", "a '[' that opens must close"),
    _Advice("unexpected end of stream", "", "a quotation mark that opens must close"),
)  # fmt: skip


def open_events(octets: bytes, file: str) -> Callable[[], Any]:
    """Open a file that was read into memory.

    Args:
        octets: the whole file, UTF-8.
        file: its name; every mark carries it.

    Returns:
        A function that returns the next event. It raises ``yaml.YAMLError``,
        which :func:`syntax_problem` turns into a problem.

    Raises:
        ConfigError: the octets cannot be read as YAML at all.
    """
    try:
        octets.decode()
    except UnicodeDecodeError as error:
        raise ConfigError([_encoding_problem(octets, file, error.start)]) from None
    directives = _TAG_DIRECTIVE.finditer(octets) if b"%TAG" in octets else ()
    for number, match in enumerate(directives):
        if number == MAX_TAG_DIRECTIVES:
            problem = Problem(
                _where(octets, file, match.end() - 1),
                "yaml-directive",
                f"more than {MAX_TAG_DIRECTIVES} %TAG directives",
                expected="none; tags are not used here",
            )
            raise ConfigError([problem])
    try:
        next_event: Callable[[], Any] = _Parser(_NamedStream(octets, file)).get_event
    except yaml.YAMLError as error:  # the pure parser looks at the first block at once
        raise ConfigError([syntax_problem(error, octets, file)]) from None
    return next_event


class _NamedStream(io.BytesIO):
    """Octets with the file's name, which the parser copies to every mark."""

    def __init__(self, octets: bytes, name: str) -> None:
        super().__init__(octets)
        self.name = name


def syntax_problem(error: yaml.YAMLError, octets: bytes, file: str) -> Problem:
    """Say in our words where and why a file is not YAML."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return _character_problem(octets, file)
    context = error.context or ""
    begins: Any = error.context_mark
    mark = error.problem_mark or begins
    if begins and context.endswith(("alias", "anchor")):
        mark = begins  # the sign itself, not the character behind it
    where = Where(file, mark.line + 1, mark.column + 1) if mark else Where(file)
    if begins and begins.line != mark.line:
        context += f" that begins in line {begins.line + 1}"
    if _TOO_DEEP in (error.problem or ""):
        # It reads ahead while a key may follow, and meets its own bound before ours.
        return Problem(where, "yaml-depth", "more collections inside each other than are read")
    message = ", ".join(part for part in (context, error.problem) if part)
    hint = ""
    line = _line(octets, where.line)
    for advice in _ADVICE:
        if advice.message in message and line[max(where.column - 1, 0) :].startswith(advice.text):
            hint = advice.hint
            break
    return Problem(where, "yaml-syntax", message or "not YAML", hint=hint)


def _line(octets: bytes, number: int) -> str:
    lines = octets.decode().splitlines() if number else []
    return lines[number - 1] if number <= len(lines) and lines else ""


def _character_problem(octets: bytes, file: str) -> Problem:
    """Find the character that a parser's reader refused without its place."""
    text = octets.decode()
    match = _NOT_PRINTABLE.search(text, 1 if text.startswith("\ufeff") else 0)
    code = ord(match[0]) if match else 0
    return Problem(
        _where(octets, file, len(text[: match.start()].encode())) if match else Where(file),
        "yaml-character",
        f"the character U+{code:04X} is not allowed in YAML" if match else "not YAML",
        expected="printable text (YAML 1.1 §5.1)",
        hint=f'inside double quotes it is written "\\x{code:02X}"' if match and code < 256 else "",
    )


def _encoding_problem(octets: bytes, file: str, offset: int) -> Problem:
    return Problem(
        _where(octets, file, offset),
        "yaml-encoding",
        f"the octet 0x{octets[offset]:02X} is not UTF-8",
        expected="a text file in UTF-8",
    )


def _where(octets: bytes, file: str, offset: int) -> Where:
    """Give line and column of an octet; the text before it is UTF-8."""
    before = octets[:offset].decode(errors="replace")
    line_start = before.rfind("\n") + 1
    return Where(file, before.count("\n") + 1, len(before) - line_start + 1)
