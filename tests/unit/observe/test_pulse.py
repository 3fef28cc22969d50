import os
import resource

import pytest

from dnsd.observe import metrics
from dnsd.observe.log import Clocks, EventLog
from dnsd.observe.page import Role
from dnsd.observe.pulse import INTERVAL_S, Pulse, Usage


@pytest.fixture
def page():
    return metrics.new_page(rows=1)


def test_usage_of_this_process_is_told(page):
    row = page.row(0)
    usage = Usage(row, Role.WORKER)
    usage.sample()
    assert row[metrics.CPU.slot("worker")] > 0
    assert row[metrics.RESIDENT_MEMORY.slot("worker")] > 1 << 20
    assert row[metrics.DESCRIPTORS.slot("worker")] >= 3


def test_one_more_descriptor_is_one_more(page):
    usage = Usage(page.row(0), Role.WORKER)
    slot = metrics.DESCRIPTORS.slot("worker")
    usage.sample()
    before = page.row(0)[slot]
    read, write = os.pipe()
    usage.sample()
    os.close(read)
    os.close(write)
    assert page.row(0)[slot] == before + 2
    usage.sample()
    assert page.row(0)[slot] == before


def test_a_process_without_a_free_descriptor_still_beats(page):
    pulse = Pulse(page.row(0), page.facts(0), Role.WORKER, 0.0, EventLog(2))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert pulse.tick(0.0) == INTERVAL_S
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert page.facts(0).beats == 1


def test_cpu_time_of_a_successor_is_added(page):
    slot = metrics.CPU.slot("worker")
    page.row(0)[slot] = 1 << 40
    usage = Usage(page.row(0), Role.WORKER)
    usage.sample()
    usage.sample()
    assert 1 << 40 < page.row(0)[slot] < (1 << 40) + (1 << 38)


def test_a_tick_beats_and_measures_how_late_it_is(page):
    log = EventLog(2)
    pulse = Pulse(page.row(0), page.facts(0), Role.WORKER, 100.0, log)
    assert pulse.tick(100.0) == INTERVAL_S
    pulse.tick(100.0 + INTERVAL_S + 0.003)
    pulse.tick(100.0 + 2 * INTERVAL_S + 0.003 + 30.0)
    buckets = metrics.REACTOR_LAG.buckets("worker")
    row = page.row(0)
    counts = [row[buckets.first + i] for i in range(buckets.bounds + 1)]
    assert counts == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert page.facts(0).beats == 3
    assert page.facts(0).beat_at_s == pytest.approx(100.0 + 2 * INTERVAL_S + 30.003)


def test_lines_that_were_held_back_are_told_without_another_event(page, tmp_path):
    path = tmp_path / "log"
    with path.open("wb") as file:
        now = [100.0]
        clocks = Clocks(wall=lambda: 1_800_000_000.0, monotonic=lambda: now[0])
        log = EventLog(file.fileno(), lines_per_second=1, clocks=clocks)
        pulse = Pulse(page.row(0), page.facts(0), Role.WORKER, 100.0, log)
        log.info("often")
        log.info("often")
        now[0] = 101.0
        pulse.tick(101.0)
    assert '"event":"log_held_back"' in path.read_text()
