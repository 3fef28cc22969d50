"""What changed in a big zone file, as two small files: how it was, and how it is.

A small file has the settings of the big one, and of its names only those around
the change, in lines of the same number. So reading both says what changed for
the price of what changed. That holds only where each name has lines of its own
and nothing in them refers to others: :func:`layout_of` tells, and there is no
layout for a file with anything else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from mmap import mmap

_RECORDS: Final = re.compile(rb"\nrecords:[ \t]*(?:#[^\n]*)?\r?\n")
_FIRST: Final = re.compile(rb"\n( +)[^ #\r\n\t]")
_TAIL: Final = re.compile(rb"\n[^ #\r\n]")
_NO_NAME: Final = b" #\r\n\t"
# Anchors, tags and what else reaches over more than a name.
_FAR_REACHING: Final = re.compile(rb"[&!\t]|\*[a-zA-Z]|---|\.\.\.")
_MERGE: Final = b"<<"
# More is no small change.
_MOST_OCTETS: Final = 1 << 20
_STEP: Final = 1 << 16


class Layout(NamedTuple):
    """Where the names of a file stand.

    Attributes:
        head: octets up to and with the line ``records:``.
        tail: octets behind the last name.
        indent: spaces in front of each name.
    """

    head: int
    tail: int
    indent: int


class Excerpts(NamedTuple):
    """The same part of two files, each a file of its own."""

    before: bytes
    after: bytes


def layout_of(text: bytes | mmap, owners: int) -> Layout | None:
    """Find out where the names of a file stand.

    Args:
        text: a file that was read without errors.
        owners: number of names with records that were read from it.

    Returns:
        ``None`` unless each of them begins one line, and none stands elsewhere.
    """
    heads = [found.end() for found in _RECORDS.finditer(text)]
    if text[:8] == b"records:":
        heads.insert(0, text.find(b"\n") + 1)
    if len(heads) != 1 or text.find(_MERGE) >= 0:
        return None
    head = heads[0]
    first, tail = _FIRST.search(text, head - 1), _TAIL.search(text, head - 1)
    end = tail.start() + 1 if tail else len(text)
    if first is None or first.start() >= end:
        return None
    layout = Layout(head, len(text) - end, len(first[1]))
    return layout if _count(layout, text, head - 1, end) == owners else None


def compare(old: bytes, new: bytes, layout: Layout) -> Excerpts | None:
    """Cut out what differs, with a name before and a name after it.

    Args:
        old: the file as it was.
        new: as it is.
        layout: of ``old``.

    Returns:
        ``None`` where more changed than records of some names.
    """
    shorter = min(len(old), len(new))
    start = _shared_octets(old, new, shorter, from_end=False)
    same_end = _shared_octets(old, new, shorter - start, from_end=True)
    if start < layout.head or same_end < layout.tail:
        return None
    for _ in range(2):
        start = _name_before(old, start, layout)
    for _ in range(2):
        same_end = _name_after(old, same_end, layout)
    parts = old[start : len(old) - same_end], new[start : len(new) - same_end]
    for part in parts:
        if len(part) > _MOST_OCTETS or _FAR_REACHING.search(part) or _TAIL.search(b"\n" + part):
            return None
    head = old[: layout.head] + b"\n" * old.count(b"\n", layout.head, start)
    tail = old[len(old) - layout.tail :]
    return Excerpts(*(head + part + tail for part in parts))


def count_names(excerpt: bytes, layout: Layout) -> int:
    """Count the lines of an excerpt that begin with a name."""
    return _count(layout, excerpt, layout.head - 1, len(excerpt) - layout.tail)


def _count(layout: Layout, text: bytes | mmap, start: int, end: int) -> int:
    return sum(1 for _ in _name_line(layout).finditer(text, start, end))


def _name_line(layout: Layout) -> re.Pattern[bytes]:
    return re.compile(rb"\n {%d}[^ #\r\n\t]" % layout.indent)


def _shared_octets(old: bytes, new: bytes, limit: int, *, from_end: bool) -> int:
    """Count the octets that two files share at one end, up to a limit."""
    count = 0
    step = _STEP
    while step:
        end = min(count + step, limit)
        if from_end:
            same = old[len(old) - end : len(old) - count] == new[len(new) - end : len(new) - count]
        else:
            same = old[count:end] == new[count:end]
        if not same:
            step //= 2
        elif end == limit:
            return limit
        else:
            count = end
    return count


def _name_before(text: bytes, at: int, layout: Layout) -> int:
    """Return where the last name begins whose first octet is before a place."""
    mark = b"\n" + b" " * layout.indent
    end = at - 1
    while (found := text.rfind(mark, layout.head - 1, end)) >= 0:
        if text[found + len(mark)] not in _NO_NAME:
            return found + 1
        end = found + len(mark) - 1
    return layout.head


def _name_after(text: bytes, same_end: int, layout: Layout) -> int:
    """Return where the first name begins whose whole line is in the end, from the end."""
    end = len(text) - layout.tail
    found = _name_line(layout).search(text, len(text) - same_end, end)
    return len(text) - (found.start() + 1 if found else end)
