"""Where the reactor comes from, in processes of their own: there is one a process."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def in_a_process(code):
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip(), run.stderr


def test_the_whole_daemon_can_be_imported_before_the_fork_without_a_reactor():
    code = "import sys, dnsd.run.start; print('twisted.internet.reactor' in sys.modules)"
    assert in_a_process(code)[0] == "False"


BEGIN = """
import os, signal, time
from dnsd.observe import metrics
from dnsd.observe.log import EventLog
from dnsd.run import reactors
row = metrics.new_page(1).row(0)
around = reactors.begin(EventLog(2), row)
"""


def test_it_keeps_monotonic_time_and_reacts_to_signals():
    code = BEGIN + (
        "around.clock.call_later(0.0, lambda: os.kill(os.getpid(), signal.SIGTERM))\n"
        "reactors.run(around, {signal.SIGTERM: around.reactor.stop})\n"
        "print(abs(around.clock.now() - time.monotonic()) < 5)"
    )
    assert in_a_process(code)[0] == "True"


def test_an_exception_on_the_reactor_is_counted_and_logged():
    code = BEGIN + (
        "around.clock.call_later(0.0, lambda: 1 / 0)\n"
        "around.clock.call_later(0.01, around.reactor.stop)\n"
        "reactors.run(around, {})\n"
        "print(row[metrics.UNCAUGHT_EXCEPTIONS.slot()])"
    )
    counted, logged = in_a_process(code)
    assert counted == "1"
    assert "ZeroDivisionError" in logged
