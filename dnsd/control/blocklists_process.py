"""The process that fetches one block list or compiles them all; see `child`."""

from __future__ import annotations

import json
import os
import sys

from dnsd.control.blocklists_compile import compile_lists
from dnsd.control.blocklists_fetch import fetch
from dnsd.control.compile_process import bound_process
from dnsd.control.compile_status import STATUS_MEMORY


def main() -> None:
    """Read the request, do what it says, report."""
    try:
        request = json.load(sys.stdin.buffer)
        bound_process(request)
        report = fetch(request) if "url" in request else compile_lists(request)
        json.dump(report, sys.stdout)
    except MemoryError:
        # Nothing may be allocated any more, not even for a report.
        os._exit(STATUS_MEMORY)
