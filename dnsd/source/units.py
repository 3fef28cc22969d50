"""Durations, sizes and shares as people write them."""

from __future__ import annotations

import re

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_OCTETS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_DURATION_PART = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(ms|[smhdw])")
_DURATION = re.compile(rf"(?:{_DURATION_PART.pattern})+")
_SECONDS_ALONE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")
_LONGEST = 100  # characters of a duration; nobody writes twenty parts
_SIZE = re.compile(r"([0-9]{1,12}) ?([KMGT]iB|B|)")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")

DURATION_FORM = "seconds, or numbers with ms, s, m, h, d or w: 45, 5m, 1h30m, 90d"
SIZE_FORM = "octets, or a number with KiB, MiB, GiB or TiB: 4096, 128MiB"
SHARE_FORM = "a share from 0% to 100%: 30%"


def duration_s(text: str) -> float:
    """Read a duration in seconds: ``45``, ``5m``, ``1h30m``, ``500ms``.

    Raises:
        ValueError: not a duration; the text says what is accepted.
    """
    if _SECONDS_ALONE.fullmatch(text):
        return float(text)
    if len(text) > _LONGEST or not _DURATION.fullmatch(text):
        raise ValueError(DURATION_FORM)
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))


def size_octets(text: str) -> int:
    """Read a size in octets: ``4096``, ``128MiB``.

    Raises:
        ValueError: not a size; the text says what is accepted.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(SIZE_FORM)
    return int(match[1]) * _OCTETS[match[2]]


def share(text: str) -> float:
    """Read a share as a fraction, 0..1: ``30%`` is 0.3.

    Raises:
        ValueError: not a share; the text says what is accepted.
    """
    match = _SHARE.fullmatch(text)
    if match is None or float(match[1]) > 100:
        raise ValueError(SHARE_FORM)
    return float(match[1]) / 100
