"""Lists of tags, ``v=1; a=rsa-sha256``: the form of signatures and of keys.

Source: RFC 6376 §3.2.
"""

from __future__ import annotations

import re
from typing import Final

#: Tags of one list; more are not looked at.
MAX_TAGS: Final = 64
_NAME: Final = re.compile(rb"[A-Za-z][A-Za-z0-9_]*")
_SPACE: Final = re.compile(rb"[ \t\r\n]+")


class TagError(ValueError):
    """A list that is none; the text says why."""


def parse(octets: bytes) -> dict[str, bytes]:
    """Read a list of tags.

    Args:
        octets: possibly folded.

    Returns:
        Values by name, without the space around them; that within them is kept.

    Raises:
        TagError: a tag without ``=``, with a bad name, or twice.
    """
    found: dict[str, bytes] = {}
    parts = octets.split(b";", MAX_TAGS)
    if not parts[-1].strip():
        parts.pop()
    if len(parts) > MAX_TAGS:
        raise TagError(f"more than {MAX_TAGS} tags")
    for part in parts:
        name, equals, value = part.partition(b"=")
        name = name.strip()
        if not equals or not _NAME.fullmatch(name):
            raise TagError("a tag without a name or =")
        text = name.decode("ascii")
        if text in found:
            raise TagError(f"{text}= twice")
        found[text] = value.strip()
    return found


def without_space(value: bytes) -> bytes:
    """Return a value without any space, as base64 and lists are read."""
    return _SPACE.sub(b"", value)
