"""Arithmetic of zone serials, modulo 2³² (RFC 1982)."""

from __future__ import annotations

from typing import Final

# RFC 1982 §3.1: the most that may be added at once.
MAX_STEP: Final = 0x7FFFFFFF


def add(serial: int, step: int) -> int:
    """Return the serial that is ``step`` later.

    Raises:
        ValueError: the step is not from 0 to 2³¹-1, so that the result would
            not be later.
    """
    if not 0 <= step <= MAX_STEP:
        raise ValueError(f"a serial may be raised by 0 to {MAX_STEP}, not by {step}")
    return serial + step & 0xFFFFFFFF


def compare(a: int, b: int) -> int | None:
    """Compare two serials.

    Returns:
        1 when ``a`` is the later, -1 when ``b`` is, 0 when they are equal, and
        ``None`` when they are 2³¹ apart, which the standard leaves undefined.
    """
    difference = a - b & 0xFFFFFFFF
    if difference == 0:
        return 0
    if difference == 0x80000000:
        return None
    return 1 if difference < 0x80000000 else -1


def is_newer(a: int, b: int) -> bool:
    """Tell whether serial ``a`` is later than serial ``b``."""
    return compare(a, b) == 1
