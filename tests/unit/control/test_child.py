import signal
import sys

import pytest

from dnsd.control.child import ChildFailure, child_command, outcome_of, run_child
from dnsd.control.compile_status import STATUS_MEMORY


@pytest.mark.parametrize(
    ("report", "complaint", "status", "outcome"),
    [
        pytest.param(b'{"a": 1}', b"", 0, {"a": 1}, id="a report"),
        pytest.param(b"", b"", -signal.SIGXCPU, ChildFailure("used up its CPU time", "time"), id="CPU time"),
        pytest.param(b"", b"", STATUS_MEMORY, ChildFailure("reached its memory limit", "memory"), id="memory"),
        pytest.param(b"", b"Traceback\nMemoryError\n", 1, ChildFailure("reached its memory limit", "memory"), id="memory with a word"),
        pytest.param(b"", b"", -9, ChildFailure("ended with signal 9"), id="killed"),
        pytest.param(b"", b"Traceback\nOSError: no\n", 1, ChildFailure("ended with exit status 1: OSError: no"), id="a crash"),
        pytest.param(b"[]", b"", 0, ChildFailure("ended with exit status 0"), id="no report"),
        pytest.param(b'{"a": 1}', b"", 1, ChildFailure("ended with exit status 1"), id="a report before a crash"),
    ],
)  # fmt: skip
def test_how_a_child_ended(report, complaint, status, outcome):
    assert outcome_of(report, complaint, status) == outcome


def test_it_is_our_own_program_with_nothing_of_the_environment():
    command = child_command("dnsd.control.blocklists_process")
    assert command[0] == sys.executable
    assert "-I" in command


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "patience_s", "outcome"),
    [
        ("import json, sys; json.dump(json.load(sys.stdin), sys.stdout)", 60, {"asked": "x"}),
        ("import sys; sys.stdout.write('x' * (2 << 20))", 60, ChildFailure("reported more than 1048576 octets")),
        ("import time; time.sleep(60)", 0.1, ChildFailure("was stopped after 0.1 s", "time")),
    ],
)  # fmt: skip
def test_a_request_in_and_a_report_out(really_around, real_time, code, patience_s, outcome):
    command = [sys.executable, "-I", "-c", code]
    ended = run_child(command, {"asked": "x"}, patience_s, really_around)
    assert real_time.run(ended) == outcome


def test_a_program_that_is_not_there_is_a_failure(really_around, real_time):
    ended = run_child(["/nonexistent"], {}, 60, really_around)
    assert isinstance(real_time.run(ended), ChildFailure)
