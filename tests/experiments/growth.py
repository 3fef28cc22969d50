"""How work grows with its input, and other figures that experiments share."""

from __future__ import annotations

import gc
import math
import sys
import time


def share_of(figures, share):
    """Return the figure that a share of all does not exceed; 0 if there are none."""
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else 0


def slope(sizes, costs):
    """Return the slope of log cost over log size, least squares: 1 is linear."""
    points = [(math.log(size), math.log(cost)) for size, cost in zip(sizes, costs, strict=True)]
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread


def cpu_seconds(call, times=5):
    """Return the least CPU time that a call took, of some calls."""
    taken = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(times):
            began = time.process_time_ns()
            call()
            taken.append((time.process_time_ns() - began) / 1e9)
    finally:
        gc.enable()
    return min(taken)


def operations(call):
    """Count the lines that a call runs and the functions in C that it calls."""
    count = 0

    def trace(_frame, event, _argument):
        nonlocal count
        count += event == "line"
        return trace

    def profile(_frame, event, _argument):
        nonlocal count
        count += event == "c_call"

    sys.settrace(trace)
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
        sys.settrace(None)
    return count
