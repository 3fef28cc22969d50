"""kill -9 while messages are taken, in short."""

import pytest
from experiments.intake_kills import run

pytestmark = pytest.mark.slow


def test_what_was_said_to_be_safe_is_there_after_a_kill(tmp_path):
    accepted, delivered, again, faults = run(tmp_path, 4)
    assert faults == []
    assert accepted > delivered > again
