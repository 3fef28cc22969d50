"""Real forks of tiny children: what they inherit, hear and leave behind."""

from __future__ import annotations

import os
import select
import signal
import time

import pytest

from dnsd.observe.page import Role
from dnsd.run.messages import Message
from dnsd.run.places import Seat
from dnsd.run.processes import Children, describe_end

SEAT = Seat(Role.WORKER, 0, 1)
PATIENCE_S = 20.0


def wait_readable(channel):
    assert select.select([channel], [], [], PATIENCE_S)[0], "the child said nothing"


@pytest.fixture
def family():
    """Make children that run what the test says; all of them are gone afterwards."""
    families = []

    def make(run, leave=lambda: None):
        children = Children(run, leave)
        families.append(children)
        return children

    yield make
    for children in families:
        for pid, _ in children.channels():
            children.kill(pid)
        while any(True for _ in children.channels()):
            list(children.reap())


def reap_one(children):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if ended := list(children.reap()):
            return ended[0]
        select.select([], [], [], 0.001)
    raise AssertionError("no child ended")


def test_a_child_says_that_it_is_ready_and_ends_when_it_is_told(family):
    def run(seat, version, channel):
        channel.tell(Message.READY)
        wait_readable(channel)
        return 7 if channel.heard() == [Message.DRAIN] and version == 3 else 8

    children = family(run)
    pid = children.fork(SEAT, 3)
    ((_, channel),) = children.channels()
    wait_readable(channel)
    assert channel.heard() == [Message.READY]
    assert pid in children
    children.tell(pid, Message.DRAIN)
    assert reap_one(children) == (pid, "exit status 7")
    assert pid not in children


def test_a_child_hears_when_the_supervisor_is_gone(family):
    def run(seat, version, channel):
        if seat.share == 1:
            # Younger, so it was a copy of a supervisor that had the elder's channel.
            return signal.pause() or 0
        channel.tell(Message.READY)
        wait_readable(channel)
        return 5 if channel.heard() is None else 6

    children = family(run)
    elder = children.fork(SEAT, 0)
    children.fork(Seat(Role.WORKER, 1, 3), 0)
    channel = dict(children.channels())[elder]
    wait_readable(channel)
    channel.close()
    assert reap_one(children) == (elder, "exit status 5")


def test_a_child_that_raises_ends_with_a_status_and_does_not_come_back(family, capfd):
    def run(seat, version, channel):
        raise ValueError("a fault")

    children = family(run)
    pid = children.fork(SEAT, 0)
    assert reap_one(children) == (pid, "exit status 1")


def test_a_killed_child_is_reaped_by_the_name_of_the_signal(family):
    def run(seat, version, channel):
        signal.pause()
        return 0

    children = family(run)
    pid = children.fork(SEAT, 0)
    children.kill(pid)
    assert reap_one(children) == (pid, "signal SIGKILL")


def test_a_child_gives_up_what_only_the_supervisor_may_have(family):
    read_end, write_end = os.pipe()
    children = family(lambda *_: 0, leave=lambda: os.write(write_end, b"left"))
    children.fork(SEAT, 0)
    assert os.read(read_end, 10) == b"left"
    os.close(read_end)
    os.close(write_end)


def test_a_child_ignores_the_terminal_and_has_no_supervisor_handlers(family):
    def run(seat, version, channel):
        ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        plain = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        unblocked = not signal.pthread_sigmask(signal.SIG_BLOCK, [])
        return 0 if ignored and plain and unblocked else 1

    children = family(run)
    children.fork(SEAT, 0)
    assert reap_one(children)[1] == "exit status 0"


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "exit status 0"), (2 << 8, "exit status 2"), (11, "signal SIGSEGV"), (63, "signal 63")],
)
def test_how_a_process_ended_is_said_in_words(status, words):
    assert describe_end(status) == words
