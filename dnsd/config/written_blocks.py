"""A block list of ``resolver:`` as it is written."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import model_validator

from dnsd.config.kinds import Choice, Duration, Kind, refuse
from dnsd.config.name_kinds import Url
from dnsd.config.places import ReadableFile
from dnsd.config.section import Section, key

_NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}"


class ListName(Kind):
    """The name of a block list."""

    noun = "letters, digits, dots and hyphens, at most 63"

    def parse(self, text: str) -> str:
        """Take what can stand in a log, a metric and a file name."""
        if re.fullmatch(_NAME, text) is None:
            raise ValueError(text)
        return text


class WrittenBlockList(Section):
    """A list of names and what becomes of them."""

    file: Annotated[Path | None, ReadableFile("a list of names", "none")] = key(
        "A file with the names; read again when it changes.", "none", example="ads.txt"
    )
    url: Annotated[str | None, Url()] = key(
        "Where to fetch the names; the last good copy is kept in the state directory.",
        "none",
        example="https://lists.example/hosts.txt",
    )
    name: Annotated[str, ListName()] = key(
        "What policies, the log and metrics call it.",
        "auto",
        example="ads",
        otherwise="the name of the file without its ending",
    )
    format: Annotated[str, Choice(("auto", "hosts", "domains"))] = key(
        "With hosts a line has an address and names, each alone; with domains a line has a"
        " name, which means all names below it too; auto is by the first lines.",
        "auto",
        example="domains",
    )
    action: Annotated[str, Choice(("nxdomain", "null", "refuse", "allow"))] = key(
        "With nxdomain there is no such name, with null its address is 0.0.0.0 and ::, with"
        " refuse it is refused; with allow what other lists say of it does not count.",
        "nxdomain",
        example="null",
    )
    refresh: Annotated[float, Duration("1m", "30d")] = key(
        "Time after which a list with a URL is fetched again.", "1d", example="6h"
    )

    @model_validator(mode="before")
    @classmethod
    def _take_a_place_alone(cls, written: object) -> object:
        if not isinstance(written, str) or not written:
            return written
        return {"url" if re.match("https?://", written) else "file": written}

    @model_validator(mode="after")
    def _has_one_place(self) -> WrittenBlockList:
        if (self.file is None) == (self.url is None):
            both = "both file and url" if self.file else "neither file nor url"
            refuse("one-place", f"has {both}", "one of them", "url: https://lists.example/ads.txt")
        if self.name == "auto" and not re.fullmatch(_NAME, self.place_name):
            refuse("missing-key", "has no name, and none can be made", ListName.noun, "name: ads")
        return self

    @property
    def place_name(self) -> str:
        """The name that its place suggests."""
        path = PurePosixPath(urlsplit(self.url).path if self.url else str(self.file))
        return path.stem or (urlsplit(self.url).hostname or "" if self.url else "")
