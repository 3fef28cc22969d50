"""Reloads under load, in short."""

import pytest
from experiments.reload import run

pytestmark = pytest.mark.slow


def test_every_answer_comes_from_one_version_while_zones_are_reloaded(tmp_path):
    outcome = run(tmp_path, reloads=11, rate=200, workers=0)
    assert outcome.failures == []
    assert outcome.tally.wrong_count == 0
    assert outcome.tally.answered > 100
    assert outcome.refused == outcome.broken == 1


def test_workers_serve_what_control_publishes(tmp_path):
    outcome = run(tmp_path, reloads=4, rate=200, workers=2)
    assert outcome.failures == []
    assert outcome.tally.wrong_count == 0
