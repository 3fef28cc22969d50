"""Rehearsals of everything that may happen to processes, in simulated time."""

from __future__ import annotations

import pytest

from dnsd.observe.page import Role, SlotPage
from dnsd.run.messages import Message
from dnsd.run.places import roles_for, rows_for
from dnsd.run.supervision import (
    START_S,
    TICK_S,
    Supervision,
    SupervisionOptions,
)

# Two addresses with udp and tcp each would be four; two sockets a worker tell enough.
SHARES = [0, 1, 0, 1]


class Stage:
    """A supervision with two workers, the processes it started, and what it did."""

    def __init__(self, workers=2):
        self.page = SlotPage(rows_for(workers + 1), 1, sockets=len(SHARES))
        self.now = 100.0
        self.last_pid = 1000
        self.no_room = False
        self.alive = {}  # pid -> (seat, version)
        self.killed = []
        self.told = []
        self.events = []
        self.supervision = Supervision(
            self.page, SHARES, roles_for(workers, mail=False), SupervisionOptions(), self
        )
        self.supervision.start(self.now)

    def fork(self, seat, version):
        if self.no_room:
            return None
        self.last_pid += 1
        pid = self.last_pid
        self.alive[pid] = (seat, version)
        self.page.facts(seat.row).claim(pid, seat.role, 0)
        return pid

    def kill(self, pid):
        self.killed.append(pid)

    def tell(self, pid, message):
        self.told.append((pid, message))

    def report(self, event, seat, **facts):
        self.events.append((event, str(seat), facts))

    # what the test does

    def pid_of(self, name, version=None):
        """The youngest process of a seat."""
        return max(
            pid
            for pid, (seat, its_version) in self.alive.items()
            if str(seat) == name and version in {None, its_version}
        )

    def ready(self, *names):
        for name in names or ("worker 0", "worker 1", "control"):
            self.supervision.ready(self.pid_of(name), self.now)

    def end(self, pid, how="signal SIGSEGV"):
        del self.alive[pid]
        return self.supervision.ended(pid, how, self.now)

    def end_drained(self):
        """Let everyone end who was told to drain."""
        for pid, message in list(self.told):
            if message is Message.DRAIN and pid in self.alive:
                self.end(pid, "exit status 0")

    def tick(self, seconds=TICK_S, silent=()):
        """Let time pass while all processes but the silent ones beat."""
        until = self.now + seconds
        while self.now < until:
            self.now += TICK_S
            for pid, (seat, _) in self.alive.items():
                if pid not in silent:
                    self.page.facts(seat.row).beat(self.now)
            self.supervision.tick(self.now)

    def readers(self):
        """Who reads each socket, by seat; None is nobody."""
        by_row = {seat.row: f"{seat}/{version}" for seat, version in self.alive.values()}
        return [by_row.get(reader - 1) for reader in self.page.readers]

    def names(self, event):
        return [name for happened, name, _ in self.events if happened == event]


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
def serving(stage):
    stage.ready()
    stage.told.clear()
    return stage


def test_the_first_worker_that_is_ready_reads_everything(stage):
    stage.ready("worker 1")
    assert stage.readers() == ["worker 1/0"] * 4
    assert stage.told == [(stage.pid_of("worker 1"), Message.SOCKETS)]
    assert not stage.supervision.has_served


def test_each_worker_then_reads_its_own_share_and_both_are_told(stage):
    stage.ready("worker 1")
    stage.told.clear()
    stage.ready("worker 0")
    assert stage.readers() == ["worker 0/0", "worker 1/0", "worker 0/0", "worker 1/0"]
    assert {pid for pid, _ in stage.told} == {stage.pid_of("worker 0"), stage.pid_of("worker 1")}
    assert stage.supervision.has_served


def test_a_survivor_reads_the_sockets_of_a_dead_worker_at_once(serving):
    pid = serving.pid_of("worker 0")
    seat = serving.end(pid)
    assert str(seat) == "worker 0"
    assert serving.readers() == ["worker 1/0"] * 4
    assert serving.told == [(serving.pid_of("worker 1"), Message.SOCKETS)]


def test_a_dead_worker_is_restarted_after_a_tenth_of_a_second_and_gets_its_share_back(serving):
    serving.end(serving.pid_of("worker 0"))
    assert "worker 0" not in [str(seat) for seat, _ in serving.alive.values()]
    serving.tick()
    serving.ready("worker 0")
    assert serving.readers() == ["worker 0/0", "worker 1/0", "worker 0/0", "worker 1/0"]
    assert ("process_restarts", "worker 0", {"after_s": 0.1}) in serving.events


def test_a_crashed_process_is_missing_until_the_next_one_starts(serving):
    def missing():
        rows = range(serving.page.row_count)
        return [row for row in rows if serving.page.facts(row).missing]

    assert missing() == []
    serving.end(serving.pid_of("worker 0"))
    assert len(missing()) == 1
    serving.tick()
    assert missing() == []


def test_when_every_worker_is_dead_the_first_to_come_back_reads_everything(serving):
    serving.end(serving.pid_of("worker 0"))
    serving.end(serving.pid_of("worker 1"))
    assert serving.readers() == [None] * 4
    serving.tick()
    serving.ready("worker 1")
    assert serving.readers() == ["worker 1/0"] * 4


def test_a_silent_worker_is_killed_and_its_sockets_do_not_wait_for_its_end(serving):
    hung = serving.pid_of("worker 0")
    serving.tick(4.5, silent=[hung])
    assert serving.killed == []
    serving.tick(1.0, silent=[hung])
    assert serving.killed == [hung]
    assert serving.names("process_hung") == ["worker 0"]
    assert serving.readers() == ["worker 1/0"] * 4
    serving.end(hung, "signal SIGKILL")
    serving.tick()
    assert serving.pid_of("worker 0") != hung


def test_a_killed_worker_is_killed_once(serving):
    hung = serving.pid_of("worker 0")
    serving.tick(20.0, silent=[hung])
    assert serving.killed == [hung]


def test_a_silent_control_is_killed_and_dns_is_untouched(serving):
    hung = serving.pid_of("control")
    serving.tick(6.0, silent=[hung])
    assert serving.killed == [hung]
    serving.end(hung, "signal SIGKILL")
    serving.tick()
    assert serving.pid_of("control") != hung
    assert serving.readers() == ["worker 0/0", "worker 1/0", "worker 0/0", "worker 1/0"]
    assert serving.told == []


def test_a_supervisor_that_slept_kills_nobody_when_it_wakes(serving):
    serving.tick(1.0)
    serving.now += 3600.0
    serving.supervision.tick(serving.now)
    assert serving.killed == []


def test_a_starting_process_has_more_patience(stage):
    starting = stage.pid_of("worker 0")
    stage.tick(START_S - 1.0, silent=[starting])
    assert stage.killed == []
    stage.tick(2.0, silent=[starting])
    assert stage.killed == [starting]


def test_a_worker_that_never_served_ends_the_start(stage):
    stage.ready("worker 1", "control")
    stage.end(stage.pid_of("worker 0"), "exit status 1")
    assert stage.supervision.is_stopping
    stage.end_drained()
    assert stage.supervision.is_empty
    assert not stage.supervision.has_served


def test_a_control_that_does_not_start_does_not_end_the_start(stage):
    stage.ready("worker 0", "worker 1")
    stage.end(stage.pid_of("control"), "exit status 1")
    stage.end(stage.pid_of("worker 0"))
    assert not stage.supervision.is_stopping


def test_five_crashes_in_a_minute_are_called_degraded_and_the_others_go_on(serving):
    for _ in range(5):
        serving.end(serving.pid_of("worker 0"))
        serving.tick(4.0)
        serving.ready("worker 0")
    assert serving.names("process_restarts") == ["worker 0"] * 4
    assert serving.names("process_degraded") == ["worker 0"]
    assert "worker 1" in [str(seat) for seat, _ in serving.alive.values()]


def test_without_room_for_a_process_the_place_is_tried_again(serving):
    serving.no_room = True
    serving.end(serving.pid_of("worker 0"))
    serving.tick(2.0)
    assert serving.names("no_process")
    serving.no_room = False
    serving.tick(30.0)
    serving.ready("worker 0")
    assert serving.readers() == ["worker 0/0", "worker 1/0", "worker 0/0", "worker 1/0"]


def test_the_next_look_is_due_when_a_restart_is(serving):
    assert serving.supervision.due_in_s(serving.now) == TICK_S
    serving.end(serving.pid_of("worker 0"))
    assert serving.supervision.due_in_s(serving.now) == pytest.approx(0.1)
    assert serving.supervision.due_in_s(serving.now + 5.0) == 0.0


class TestReplacement:
    def test_without_room_for_a_successor_nothing_is_replaced(self, serving):
        serving.no_room = True
        serving.supervision.replace_all(serving.now)
        assert serving.names("replacement_failed") == ["worker 0"]
        assert serving.supervision.version == 0

    def test_the_successor_is_ready_before_the_predecessor_is_asked_to_end(self, serving):
        first = serving.pid_of("worker 0")
        serving.supervision.replace_all(serving.now)
        assert serving.pid_of("worker 0", version=1) != first
        assert serving.told == []
        assert serving.readers()[0] == "worker 0/0"
        serving.ready("worker 0")
        assert serving.readers() == ["worker 0/1", "worker 1/0", "worker 0/1", "worker 1/0"]
        assert (first, Message.DRAIN) in serving.told
        assert (serving.pid_of("worker 0"), Message.SOCKETS) in serving.told

    def test_one_place_at_a_time_then_control(self, serving):
        order = []
        serving.supervision.replace_all(serving.now)
        for _ in range(20):
            for pid, (seat, version) in list(serving.alive.items()):
                if version == 1 and (str(seat)) not in order:
                    order.append(str(seat))
                    serving.supervision.ready(pid, serving.now)
            serving.end_drained()
            assert len(serving.alive) <= 4
            serving.tick()
        assert order == ["worker 0", "worker 1", "control"]
        assert {version for _, version in serving.alive.values()} == {1}
        assert serving.names("process_crashed") == []

    def test_two_processes_of_a_place_have_two_rows(self, serving):
        serving.supervision.replace_all(serving.now)
        rows = [seat.row for seat, _ in serving.alive.values()]
        assert len(set(rows)) == len(rows) == 4

    def test_a_predecessor_that_does_not_drain_is_killed(self, serving):
        first = serving.pid_of("worker 0")
        serving.supervision.replace_all(serving.now)
        serving.ready("worker 0")
        serving.tick(30.0 - TICK_S)
        assert serving.killed == []
        serving.tick(TICK_S)
        assert serving.killed == [first]
        assert serving.readers()[0] == "worker 0/1"

    def test_a_successor_that_fails_ends_the_replacement(self, serving):
        serving.supervision.replace_all(serving.now)
        serving.end(serving.pid_of("worker 0", version=1), "exit status 1")
        serving.tick(10.0)
        assert serving.supervision.version == 0
        assert {version for _, version in serving.alive.values()} == {0}
        assert serving.names("replacement_failed") == ["worker 0"]

    def test_a_successor_that_fails_does_not_end_a_newer_replacement(self, serving):
        serving.supervision.replace_all(serving.now)
        serving.supervision.replace_all(serving.now)
        assert serving.supervision.versions == {0, 1, 2}
        serving.end(serving.pid_of("worker 0", version=1), "exit status 1")
        serving.tick(TICK_S)
        assert serving.supervision.version == 2
        assert serving.names("replacement_failed") == []
        assert serving.alive[serving.pid_of("worker 0")][1] == 2

    def test_those_replaced_before_the_failure_go_back(self, serving):
        serving.supervision.replace_all(serving.now)
        serving.ready("worker 0")
        serving.end_drained()
        serving.tick()
        serving.end(serving.pid_of("worker 1", version=1), "exit status 1")
        serving.tick()
        serving.ready("worker 0")
        serving.end_drained()
        assert {version for _, version in serving.alive.values()} == {0}

    def test_the_next_version_after_a_failure_has_a_new_number(self, serving):
        assert serving.supervision.replace_all(serving.now) == 1
        serving.end(serving.pid_of("worker 0", version=1), "exit status 1")
        assert serving.supervision.replace_all(serving.now) == 2
        assert serving.pid_of("worker 0", version=2)

    def test_a_worker_that_dies_while_it_is_replaced_leaves_its_place_to_the_successor(
        self, serving
    ):
        serving.supervision.replace_all(serving.now)
        serving.end(serving.pid_of("worker 0", version=0))
        assert serving.readers() == ["worker 1/0"] * 4
        serving.ready("worker 0")
        assert serving.readers() == ["worker 0/1", "worker 1/0", "worker 0/1", "worker 1/0"]

    def test_a_worker_that_crashed_comes_back_with_the_present_version(self, serving):
        serving.supervision.replace_all(serving.now)
        serving.ready("worker 0")
        serving.end_drained()
        serving.end(serving.pid_of("worker 0"))
        serving.tick()
        assert serving.pid_of("worker 0", version=1)


class TestStopping:
    def test_everyone_is_asked_to_end(self, serving):
        serving.supervision.stop(serving.now)
        assert sorted(serving.told) == sorted((pid, Message.DRAIN) for pid in serving.alive)
        serving.end_drained()
        assert serving.supervision.is_empty

    def test_who_does_not_end_is_killed(self, serving):
        serving.supervision.stop(serving.now)
        serving.tick(30.0)
        assert sorted(serving.killed) == sorted(serving.alive)

    def test_nobody_is_restarted_or_replaced(self, serving):
        serving.supervision.replace_all(serving.now)
        serving.end(serving.pid_of("worker 1"))
        serving.supervision.stop(serving.now)
        serving.end_drained()
        serving.tick(10.0)
        assert serving.supervision.is_empty

    def test_a_restart_that_was_planned_is_forgotten(self, serving):
        serving.end(serving.pid_of("worker 1"))
        serving.supervision.stop(serving.now)
        serving.end_drained()
        serving.tick(5.0)
        assert serving.supervision.is_empty


def test_a_message_to_control_reaches_it(serving):
    serving.supervision.tell_control(Message.RELOAD_ZONES)
    assert serving.told == [(serving.pid_of("control"), Message.RELOAD_ZONES)]


def test_roles_stand_in_the_page(serving):
    for seat, _ in serving.alive.values():
        assert serving.page.facts(seat.row).role is seat.role
    assert Role.SUPERVISOR not in {seat.role for seat, _ in serving.alive.values()}
