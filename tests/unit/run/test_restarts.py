"""Waiting before a restart, and telling a hung process from a sleeping machine."""

from __future__ import annotations

import pytest

from dnsd.run.restarts import RestartOptions, Restarts, Silence


def test_the_wait_doubles_from_a_tenth_of_a_second_to_thirty():
    restarts = Restarts(RestartOptions())
    waits = [restarts.crashed(float(crash), ran_s=0.0) for crash in range(11)]
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]


def test_a_process_that_ran_a_minute_starts_again_at_once():
    restarts = Restarts(RestartOptions())
    for crash in range(8):
        restarts.crashed(float(crash), ran_s=0.0)
    assert restarts.crashed(100.0, ran_s=59.9) == 25.6
    assert restarts.crashed(200.0, ran_s=60.0) == 0.1
    assert restarts.crashed(201.0, ran_s=1.0) == 0.2


@pytest.mark.parametrize(
    ("crashes", "now", "degraded"),
    [
        ([0, 1, 2, 3], 4, False),
        ([0, 1, 2, 3, 4], 4, True),
        ([0, 1, 2, 3, 60], 60, True),
        ([0, 1, 2, 3, 61], 61, False),
        ([0, 1, 2, 3, 4], 61, False),
        ([0, 1, 50, 51, 52, 53, 54], 55, True),
    ],
)
def test_five_crashes_in_a_minute_are_degraded(crashes, now, degraded):
    restarts = Restarts(RestartOptions())
    for crash in crashes:
        restarts.crashed(float(crash), ran_s=0.5)
    assert restarts.is_degraded(float(now)) is degraded


def test_beats_end_the_silence():
    silence = Silence(longest_step_s=1.0)
    looks = [(0, 10.0), (0, 10.5), (0, 11.0), (7, 11.5), (7, 12.0)]
    assert [silence.look(beats, now) for beats, now in looks] == [0.0, 0.5, 1.0, 0.0, 0.5]


def test_time_the_watcher_slept_counts_as_one_step():
    silence = Silence(longest_step_s=1.0)
    silence.look(3, 10.0)
    assert silence.look(3, 5000.0) == 1.0
    assert silence.look(3, 5000.5) == 1.5
