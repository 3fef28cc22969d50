"""Kinds of values that are points of time."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, ClassVar

from dnsd.config.kinds import Kind, WholeNumber

_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    "([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


class PointOfTime(Kind):
    """A date, which is its beginning in UTC, or a time with its zone; read as Unix seconds.

    Source: RFC 3339 §5.6.
    """

    noun = "a date such as 2027-01-31 or a time such as 2027-01-31T18:00:00Z"

    def parse(self, text: str) -> int:
        """Read a date or a time; what lies before 1970 is none."""
        if _DATE.fullmatch(text):
            moment = dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
        elif _TIME.fullmatch(text):
            moment = dt.datetime.fromisoformat(text.upper())
        else:
            raise ValueError(text)
        seconds = int(moment.timestamp())
        if seconds < 0:
            raise ValueError(text)
        return seconds

    def advise(self, text: str) -> str:
        """Ask for the zone where only that is missing."""
        return f"{text}Z" if _TIME.fullmatch(f"{text}Z") else ""


class FixedTime(WholeNumber):
    """Unix seconds, or a word, which gives None; nothing is the word."""

    noun: ClassVar[str] = "Unix seconds"

    def read(self, written: object) -> Any:
        """Turn digits into a number, nothing and the word into None."""
        return super().read(self.word if written is None else written)
