"""The supervisor's loop, over real forks of children that do nothing but live."""

from __future__ import annotations

import mmap
import os
import select
import signal
import sys
import time
from dataclasses import replace

import pytest

from dnsd.config.schema import ServerIdentity
from dnsd.observe import metrics
from dnsd.run.messages import Message
from dnsd.run.supervisor import Supervisor

pytestmark = pytest.mark.slow

PATIENCE_S = 30.0


def live(inheritance, seat, channel):
    """Beat, say that we are ready, and end when told."""
    facts = inheritance.page.facts(seat.row)
    facts.say_ready()
    channel.tell(Message.READY)
    while True:
        facts.beat(time.monotonic())
        if select.select([channel], [], [], 0.05)[0]:
            messages = channel.heard()
            if messages is None or Message.DRAIN in messages:
                return 0


def fail(inheritance, seat, channel):
    return 9


@pytest.fixture
def supervised(inherited):
    """Run a supervisor in a process of its own; its pid, its page, what it announced."""
    pids = []

    def run(children=live, reconfigure=lambda present: None, text="workers: 2\n"):
        inheritance = inherited(text)
        read_end, write_end = os.pipe()
        pid = os.fork()
        if not pid:
            status = 99
            try:
                supervisor = Supervisor(inheritance, children, reconfigure)
                status = supervisor.serve(lambda: os.write(write_end, b"serving"))
            finally:
                sys.stderr.flush()
                os._exit(status)
        os.close(write_end)
        pids.append(pid)
        return pid, inheritance.page, read_end

    yield run
    for pid in pids:
        try:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            continue


def wait_until(happened):
    give_up_at = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < give_up_at
        select.select([], [], [], 0.01)


def ended(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def alive(page):
    """Process ids in rows but the supervisor's."""
    return [page.facts(row).pid for row in range(1, page.row_count) if page.facts(row).pid]


def test_it_announces_when_workers_serve_and_ends_with_status_0(supervised):
    pid, page, announced = supervised()
    assert os.read(announced, 100) == b"serving"
    assert page.facts(0).ready
    os.kill(pid, signal.SIGTERM)
    assert ended(pid) == 0
    assert alive(page) == []


def test_workers_that_cannot_start_end_it_with_status_1(supervised):
    pid, page, announced = supervised(fail)
    assert ended(pid) == 1
    assert os.read(announced, 100) == b""
    assert alive(page) == []


def test_a_child_that_dies_is_started_again_and_counted(supervised):
    pid, page, announced = supervised()
    os.read(announced, 100)
    victim = alive(page)[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: len(alive(page)) == 3 and victim not in alive(page))
    assert page.row(0)[metrics.RESTARTS.slot("worker")] == 1
    os.kill(pid, signal.SIGTERM)
    assert ended(pid) == 0


def test_a_new_configuration_replaces_every_child(supervised):
    pid, page, announced = supervised(
        reconfigure=lambda present: replace(
            present, config=replace(present.config, answer_cache=not present.config.answer_cache)
        )
    )
    os.read(announced, 100)
    before = set(alive(page))
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: len(alive(page)) == 3 and not before & set(alive(page)))


def test_a_version_that_processes_run_on_can_be_gone_back_to(supervised, events):
    """The first of two changes is overtaken while its first child starts; the last one fails."""
    shared = mmap.mmap(-1, 3)
    reads, hangs, go_on = range(3)
    nsids = (b"hangs", b"fails")

    def reconfigure(present):
        shared[reads] += 1
        nsid = nsids[shared[reads] - 1]
        identity = ServerIdentity(nsid, b"")
        return replace(present, config=replace(present.config, server_identity=identity))

    def children(inheritance, seat, channel):
        nsid = inheritance.config.server_identity.nsid
        if nsid == b"hangs":
            shared[hangs] = 1
            wait_until(lambda: shared[go_on])
        return 9 if nsid else live(inheritance, seat, channel)

    pid, page, announced = supervised(children, reconfigure)
    os.read(announced, 100)
    before = alive(page)
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: shared[hangs])
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: shared[reads] == 2)
    shared[go_on] = 1
    wait_until(lambda: "replacement_failed" in [event["event"] for event in events()])
    wait_until(lambda: alive(page) == before)
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: len(alive(page)) == 3 and before[0] not in alive(page))
    crashed = [event["how"] for event in events() if event["event"] == "process_crashed"]
    assert crashed == ["exit status 9", "exit status 9", "signal SIGKILL"]


def test_a_fault_in_reading_the_configuration_changes_nothing(supervised, events):
    def raises(present):
        raise RuntimeError("a fault")

    pid, page, announced = supervised(reconfigure=raises)
    os.read(announced, 100)
    before = alive(page)
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: "config_fault" in [event["event"] for event in events()])
    assert alive(page) == before


def test_what_a_dead_child_had_in_hand_is_held_the_second_time(inherited, events):
    inheritance = inherited("workers: 2\n")
    supervisor = Supervisor(inheritance, live, lambda present: None)
    supervision = supervisor._supervision
    supervision._actions = Pretence()
    supervision.start(0.0)
    for pid in (1, 2, 3):
        supervision.ready(pid, 0.0)
    for pid in (1, 2):
        inheritance.quarantine.in_hand[supervision._actions.rows[pid]] = 77
        supervisor._bury(pid, "signal SIGSEGV")
    supervisor._leave()
    assert inheritance.quarantine.is_held(77, time.monotonic())
    assert [event["event"] for event in events()] == ["request_held"]


class Pretence:
    """Processes that are numbers."""

    def __init__(self):
        self.rows = {}

    def fork(self, seat, version):
        pid = len(self.rows) + 1
        self.rows[pid] = seat.row
        return pid

    def kill(self, pid):
        pass

    def tell(self, pid, message):
        pass

    def report(self, event, seat, **facts):
        pass
