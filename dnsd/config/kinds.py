"""Kinds of values a key may have: what is accepted, in words, and how it is read.

Every scalar of the file arrives as the text that was written. A kind turns it
into a value or says in one clause what is wrong with it; pydantic's own phrases
never reach a person. Every number, duration, size and share has two bounds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Never

from pydantic_core import PydanticCustomError, core_schema

from dnsd.source import units

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_SHOWN = 60  # characters of a value in a message

OFF_WORDS = ("off", "none")
_TRUE_WORDS = ("on", "true", "yes")
_FALSE_WORDS = ("off", "false", "no")


def shown(written: object) -> str:
    """Write a value of the file so that it fits one line of a report."""
    if isinstance(written, dict):
        return "a mapping"
    if isinstance(written, list):
        return "a list"
    if written is None or written == "":
        return "empty"
    text = str(written)
    if len(text) > _MAX_SHOWN:
        text = text[: _MAX_SHOWN - 1] + "…"
    return text if text.isdecimal() else repr(text)


def refuse(problem: str, message: str, expected: str = "", hint: str = "") -> Never:
    """Raise what the loader turns into one problem of its report.

    Args:
        problem: id of the problem.
        message: a verb and the value as written; the key stands before it.
        expected: what is accepted; may be empty.
        hint: what to type instead; may be empty.
    """
    context = {"message": message, "expected": expected, "hint": hint}
    raise PydanticCustomError(problem, "{message}", context)


class Kind:
    """One kind of value, used as ``Annotated[type, Kind()]``."""

    noun: ClassVar[str]
    schema: ClassVar[Mapping[str, Any]] = {"type": "string"}
    #: What a key without a value, or with ``null``, stands for.
    null: ClassVar[str] = ""

    @property
    def expected(self) -> str:
        """What is accepted, a noun phrase."""
        return self.noun

    @property
    def json_schema(self) -> dict[str, Any]:
        """What an editor is told."""
        return dict(self.schema)

    def parse(self, text: str) -> Any:
        """Turn text into the value; raise ``ValueError`` when it is none."""
        raise NotImplementedError

    def advise(self, _text: str) -> str:
        """Say what to type instead of text that is no value; may be empty."""
        return ""

    def read(self, written: object) -> Any:
        """Turn what stands in the file into the value, or refuse it."""
        if written is None:
            written = self.null
        if not isinstance(written, str):
            refuse("wrong-kind", f"is {shown(written)}", self.expected)
        try:
            return self.parse(written)
        except ValueError:
            problem = "bad-value" if written else "missing-value"
            refuse(problem, f"is {shown(written)}", self.expected, self.advise(written))

    def __get_pydantic_core_schema__(self, _source: Any, _next: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, _schema: Any, _next: Any) -> dict[str, Any]:
        return self.json_schema


@dataclass(frozen=True)
class Bounded(Kind):
    """A kind with a lowest and a highest value, written as in the file.

    Attributes:
        low: lowest value.
        high: highest value.
        word: a word accepted beside the numbers, which gives None.
    """

    low: str
    high: str
    word: str = ""

    @property
    def expected(self) -> str:
        """The noun, its bounds, and the word."""
        alternative = f", or {self.word}" if self.word else ""
        return f"{self.noun} from {self.low} to {self.high}{alternative}"

    @property
    def json_schema(self) -> dict[str, Any]:
        """The numbers and the word."""
        numbers = dict(self.schema)
        return {"anyOf": [numbers, {"const": self.word}]} if self.word else numbers

    def read(self, written: object) -> Any:
        """Turn text into a number within the bounds, the word into None."""
        if self.word and written == self.word:
            return None
        value = super().read(written)
        if not self.parse(self.low) <= value <= self.parse(self.high):
            refuse("out-of-range", f"is {shown(written)}", self.expected)
        return value


class WholeNumber(Bounded):
    """A whole number in decimal digits."""

    noun = "a whole number"

    def parse(self, text: str) -> int:
        """Read digits; ``010``, ``1_000`` and ``+5`` are not numbers here."""
        if re.fullmatch("0|[1-9][0-9]{0,17}", text) is None:
            raise ValueError(text)
        return int(text)

    @property
    def json_schema(self) -> dict[str, Any]:
        """An integer within the bounds, or the word."""
        number = {"type": "integer", "minimum": int(self.low), "maximum": int(self.high)}
        return {"anyOf": [number, {"const": self.word}]} if self.word else number


class Duration(Bounded):
    """A length of time, read as seconds."""

    noun = "a duration"
    schema: ClassVar[Mapping[str, Any]] = {"type": ["string", "number"]}

    def parse(self, text: str) -> float:
        """Read ``5m``, ``1h30m`` or plain seconds."""
        return units.duration_s(text)


class Size(Bounded):
    """An amount of octets."""

    noun = "a size"
    schema: ClassVar[Mapping[str, Any]] = {"type": ["string", "integer"]}

    def parse(self, text: str) -> int:
        """Read ``128MiB`` or plain octets."""
        return units.size_octets(text)


class Share(Bounded):
    """A part of a whole, read as a number from 0 to 1."""

    noun = "a share"
    schema: ClassVar[Mapping[str, Any]] = {"type": ["string", "number"]}

    def parse(self, text: str) -> float:
        """Read ``30%``."""
        return units.share(text)


class Switch(Kind):
    """A thing that is on or off."""

    noun = "on or off"
    schema: ClassVar[Mapping[str, Any]] = {
        "anyOf": [{"type": "boolean"}, {"enum": ["on", "off", "yes", "no"]}]
    }

    def parse(self, text: str) -> bool:
        """Read every spelling YAML has for it."""
        word = text.lower()
        if word in _TRUE_WORDS:
            return True
        if word in _FALSE_WORDS:
            return False
        raise ValueError(text)


@dataclass(frozen=True)
class SwitchOr(Switch):
    """A thing that is on or off, or a word, which gives None.

    Attributes:
        word: accepted beside on and off.
    """

    word: str

    @property
    def expected(self) -> str:
        """The word too."""
        return f"{self.word}, {self.noun}"

    @property
    def json_schema(self) -> dict[str, Any]:
        """The word too."""
        return {"anyOf": [*self.schema["anyOf"], {"const": self.word}]}

    def parse(self, text: str) -> Any:
        """Read the word or a switch."""
        return None if text == self.word else super().parse(text)


@dataclass(frozen=True)
class Choice(Kind):
    """One word out of several.

    Attributes:
        words: every word accepted.
    """

    words: tuple[str, ...]

    @property
    def expected(self) -> str:
        """The words."""
        return f"{', '.join(self.words[:-1])} or {self.words[-1]}"

    @property
    def json_schema(self) -> dict[str, Any]:
        """The words."""
        return {"enum": list(self.words)}

    def parse(self, text: str) -> str:
        """Take one of the words."""
        if text not in self.words:
            raise ValueError(text)
        return text


@dataclass(frozen=True)
class Text(Kind):
    """A short line of printable ASCII, read as octets; may be empty.

    Attributes:
        max_octets: its longest.
    """

    max_octets: int

    @property
    def expected(self) -> str:
        """The length and the characters."""
        return f"at most {self.max_octets} printable ASCII characters"

    @property
    def json_schema(self) -> dict[str, Any]:
        """The length and the characters."""
        return {"type": "string", "maxLength": self.max_octets, "pattern": "^[ -~]*$"}

    def parse(self, text: str) -> bytes:
        """Take what terminals and logs can show."""
        if len(text) > self.max_octets or re.fullmatch("[ -~]*", text) is None:
            raise ValueError(text)
        return text.encode("ascii")


@dataclass(frozen=True)
class Several(Kind):
    """A list of values of one kind; a single value is a list of one.

    Attributes:
        item: kind of the values.
        least: how many there must be.
        words: a word alone that stands for a list of these values: ``none`` for no value.
    """

    item: Kind
    least: int = 0
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def expected(self) -> str:
        """What one value may be."""
        alone = "".join(f"{word}, " for word, _ in self.words)
        return f"{alone}{self.item.expected}; or a list of these"

    @property
    def json_schema(self) -> dict[str, Any]:
        """One value or a list."""
        one = self.item.json_schema
        words = [{"const": word} for word, _ in self.words]
        several = {"type": "array", "items": one, "minItems": self.least}
        return {"anyOf": [*words, one, several]}

    def read(self, written: object) -> Any:
        """Make a list of what is written."""
        for word, meaning in self.words:
            if written == word:
                return list(meaning)
        values = written if isinstance(written, list) else [written]
        if len(values) < self.least:
            refuse("empty-list", "is an empty list", self.expected)
        return values

    def __get_pydantic_core_schema__(self, source: Any, following: Any) -> core_schema.CoreSchema:
        one = self.item.__get_pydantic_core_schema__(source, following)
        return core_schema.no_info_before_validator_function(
            self.read, core_schema.list_schema(one)
        )


@dataclass(frozen=True)
class SeveralSections(Kind):
    """A list of mappings; a single mapping is a list of one, nothing is None.

    Attributes:
        noun: what is accepted, a noun phrase.
        word: a word that gives None; may be empty.
        least: how many there must be.
        short: text alone stands for a mapping with one key.
    """

    noun: str  # type: ignore[misc] # each list has its own
    word: str = ""
    least: int = 0
    short: bool = False

    def read(self, written: object) -> Any:
        """Make a list of what is written."""
        if written in (None, "") or (self.word and written == self.word):
            return None
        values = written if isinstance(written, list) else [written]
        if len(values) < self.least:
            refuse("empty-list", "is an empty list", self.noun)
        return values

    def __get_pydantic_core_schema__(self, source: Any, following: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, following(source))

    def __get_pydantic_json_schema__(self, schema: Any, following: Any) -> dict[str, Any]:
        # Pydantic's is the list or null.
        section = following(schema)["anyOf"][0]["items"]
        one = [{"type": "string"}, section] if self.short else [section]
        several = {"type": "array", "items": {"anyOf": one}, "minItems": self.least}
        words = [{"const": self.word}] if self.word else []
        return {"anyOf": [*words, *one, several, {"type": "null"}]}
