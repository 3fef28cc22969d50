"""Events as lines: one JSON object a line, or a short line for a person at a terminal.

What peers send may be in any field, so a line is ASCII with everything else
escaped, a field is at most 256 octets, and a line at most 4,096, which a pipe
takes whole even when several processes write to it (pipe(7), PIPE_BUF). One
kind of event writes a bounded number of lines a second; what is held back is
counted and told once the second is over.

A log never raises and never waits: a line that the descriptor does not take at
once is lost and counted.

Not here: a log of queries, and files with rotation; lines go to one descriptor,
and the service manager keeps them.
"""

from __future__ import annotations

import enum
import json
import os
import select
import time
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from dnsd.observe import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_FIELD_OCTETS: Final = 256
MAX_LINE_OCTETS: Final = 4096
LINES_PER_SECOND: Final = 100  # of one kind, unless told

# Kinds are written in the program; the bound only guards against a fault there.
MAX_KINDS: Final = 256
_SURPLUS_KIND: Final = "other"

_CUT: Final = "..."
_MAX_FRAMES: Final = 8
_MAX_NUMBER: Final = 1 << 64  # what is larger, infinite or no number is written as text

_SUPPRESSED = metrics.LOG_SUPPRESSED.slot()
_LOST = metrics.LOG_LOST.slot()
_LOG_RATE = metrics.limit_slot("log_rate")


class Level(enum.IntEnum):
    """How much an event matters; the names are the values of ``log: level:``."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


@dataclass(slots=True)
class _Rate:
    """Lines of one kind in the present second."""

    second: int
    lines: int = 0
    held_back: int = 0


@dataclass(frozen=True, slots=True)
class Clocks:
    """Where a log takes its time from.

    Attributes:
        wall: Unix time, seconds.
        monotonic: monotonic seconds.
    """

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


class EventLog:
    """The log of one process."""

    def __init__(
        self,
        descriptor: int,
        *,
        level: Level = Level.INFO,
        terminal: bool = False,
        lines_per_second: int = LINES_PER_SECOND,
        clocks: Clocks | None = None,
    ) -> None:
        """Write to a descriptor.

        Args:
            descriptor: open for writing; stays open.
            level: the least level that is written.
            terminal: write for a person instead of a program.
            lines_per_second: of one kind.
            clocks: the clocks of the system unless given.
        """
        self.level = level
        self._lines_per_second = lines_per_second
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._clocks = clocks or Clocks()
        self._render = render_for_person if terminal else render_json
        self._rates: dict[str, _Rate] = {}
        self._held_back: set[str] = set()
        self._row: memoryview | None = None
        self._process = ""

    def enter_row(self, row: memoryview, process: str) -> None:
        """Count in the row of this process, and name it in each line."""
        self._row = row
        self._process = process

    def debug(self, kind: str, text: str = "", /, **fields: object) -> None:
        """Write what only a developer wants to see; see `write`."""
        self.write(Level.DEBUG, kind, text, fields)

    def info(self, kind: str, text: str = "", /, **fields: object) -> None:
        """Write that something went as it should; see `write`."""
        self.write(Level.INFO, kind, text, fields)

    def warning(self, kind: str, text: str = "", /, **fields: object) -> None:
        """Write that something needs an eye on it; see `write`."""
        self.write(Level.WARNING, kind, text, fields)

    def error(self, kind: str, text: str = "", /, **fields: object) -> None:
        """Write that something asked for was not done; see `write`."""
        self.write(Level.ERROR, kind, text, fields)

    def fault(self, kind: str, error: BaseException, /, **fields: object) -> None:
        """Write that the program raised what it should not; see `write`."""
        shown = {"error": f"{type(error).__name__}: {error}", "at": _frames(error), **fields}
        self.write(Level.CRITICAL, kind, "a fault in the program", shown)

    def write(self, level: Level, kind: str, text: str, fields: Mapping[str, object]) -> None:
        """Write one event.

        Args:
            level: see `Level`.
            kind: which event it is, a word of the program; its rate is bounded.
            text: a sentence for a person.
            fields: names of the program, values from anywhere.
        """
        if level >= self.level and self._may_write(kind):
            self._put(level, kind, text, fields)

    def tell_held_back(self) -> None:
        """Write how many lines were held back in seconds that are over."""
        if not self._held_back:
            return
        second = int(self._clocks.monotonic())
        over = {kind for kind in self._held_back if self._rates[kind].second != second}
        for kind in over:
            count = self._rates[kind].held_back
            self._rates[kind].held_back = 0
            self._put(
                Level.WARNING, "log_held_back", "lines not written", {"kind": kind, "count": count}
            )
        self._held_back -= over

    def _may_write(self, kind: str) -> bool:
        """Count a line of a kind; tell whether its rate allows it."""
        if kind not in self._rates and len(self._rates) >= MAX_KINDS:
            kind = _SURPLUS_KIND
        second = int(self._clocks.monotonic())
        rate = self._rates.setdefault(kind, _Rate(second))
        if rate.second != second:
            self.tell_held_back()
            rate.second = second
            rate.lines = 0
        if rate.lines < self._lines_per_second:
            rate.lines += 1
            return True
        if not rate.held_back:
            self._count(_LOG_RATE)
        rate.held_back += 1
        self._held_back.add(kind)
        self._count(_SUPPRESSED)
        return False

    def _put(self, level: Level, kind: str, text: str, fields: Mapping[str, object]) -> None:
        try:
            shown = {"process": self._process, **fields} if self._process else fields
            line = self._render(self._clocks.wall(), level, kind, text, shown)
            if self._poll.poll(0):
                os.write(self._descriptor, line)
            else:
                self._count(_LOST)
        except Exception:  # noqa: BLE001 -- the log is where a fault would be told
            self._count(_LOST)

    def _count(self, slot: int) -> None:
        if self._row is not None:
            self._row[slot] += 1


def render_json(
    wall_now: float, level: Level, kind: str, text: str, fields: Mapping[str, object]
) -> bytes:
    """Render an event as one line of JSON, fields that do not fit left out."""
    seconds, milliseconds = divmod(int(wall_now * 1000), 1000)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    line = (
        f'{{"time":"{moment}.{milliseconds:03}Z","level":"{level.name.lower()}",'
        f'"event":{json_text(kind)}'
    )
    if text:
        line += f',"text":{json_text(text)}'
    for name, value in fields.items():
        part = f",{json_text(name)}:{_json_value(value)}"
        if len(line) + len(part) + 2 <= MAX_LINE_OCTETS:
            line += part
    return (line + "}\n").encode("ascii")


def render_for_person(
    wall_now: float, level: Level, kind: str, text: str, fields: Mapping[str, object]
) -> bytes:
    """Render an event as a short line, fields that do not fit left out."""
    moment = time.strftime("%H:%M:%S", time.localtime(wall_now))
    shown = json_text(text)[1:-1] if text else kind
    line = f"{moment} {level.name.lower():8} {shown}"
    for name, value in fields.items():
        rendered = _json_value(value)
        plain = rendered[1:-1]
        if rendered[0] == '"' and plain and not set(plain) & set(' "=\\'):
            rendered = plain
        part = f" {name}={rendered}"
        if len(line) + len(part) + 1 <= MAX_LINE_OCTETS:
            line += part
    return (line + "\n").encode("ascii")


def json_text(text: str) -> str:
    """Write text as JSON in ASCII, at most 256 octets between its quotes."""
    rendered = json.dumps(text[: MAX_FIELD_OCTETS + 1])
    if len(rendered) - 2 <= MAX_FIELD_OCTETS:
        return rendered
    # An escape must not be cut in its middle: add character by character.
    kept = ""
    for character in text:
        escaped = json.dumps(character)[1:-1]
        if len(kept) + len(escaped) > MAX_FIELD_OCTETS - len(_CUT):
            break
        kept += escaped
    return f'"{kept}{_CUT}"'


def _json_value(value: object) -> str:
    try:
        if value is None or (isinstance(value, (bool, int, float)) and abs(value) < _MAX_NUMBER):
            return json.dumps(value)
        return json_text(value if isinstance(value, str) else repr(value))
    except Exception:  # noqa: BLE001 -- whatever a foreign repr raises must not lose the line
        return '"unprintable"'


def _frames(error: BaseException) -> str:
    """Name the innermost places of a traceback, the very place first.

    Only files, lines and functions: values could be secrets.
    """
    places = []
    frame = error.__traceback__
    while frame is not None:
        code = frame.tb_frame.f_code
        places.append(f"{PurePath(code.co_filename).name}:{frame.tb_lineno}:{code.co_name}")
        frame = frame.tb_next
    return " < ".join(reversed(places[-_MAX_FRAMES:]))
