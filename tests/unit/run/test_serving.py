"""Which sockets a process reads, and how it stops reading."""

from __future__ import annotations

import os

import pytest

from dnsd.run.serving import Serving
from dnsd.run.upkeep import Repeating

UDP_0, UDP_1, TCP_0, TCP_1 = range(4)


class Reader:
    def __init__(self, reactor, opened):
        self.reactor = reactor
        self.opened = opened

    def start(self):
        self.reactor.addReader(self.opened)

    def stop(self):
        self.reactor.removeReader(self.opened)


class Connections:
    """Some connections that are busy, and some that are idle."""

    def __init__(self):
        self.busy = self.idle = 0

    def __len__(self):
        return self.busy + self.idle

    def close_idle(self):
        self.idle = 0

    def close_all(self):
        self.busy = self.idle = 0


@pytest.fixture
def connections():
    return Connections()


@pytest.fixture
def done():
    """How often upkeep was done."""
    return []


@pytest.fixture
def serving(listeners, connections, around, done):
    upkeep = [Repeating(around.clock, lambda: done.append(1) or 1.0)]
    made = Serving(
        listeners,
        lambda opened: Reader(around.reactor, opened),
        {"tcp": connections},
        upkeep,
        around,
    )
    yield made
    made.read([])


def read(reactor, listeners):
    """The places of the sockets that are read."""
    inodes = {os.fstat(reader.fileno()).st_ino for reader in reactor.readers}
    return {
        place
        for place, listener in enumerate(listeners)
        if os.fstat(listener.socket.fileno()).st_ino in inodes
    }


def test_exactly_the_wanted_sockets_are_read(serving, reactor, listeners):
    for wanted in ([UDP_0, TCP_0], [UDP_0, TCP_0, UDP_1, TCP_1], [UDP_1], []):
        serving.read(wanted)
        assert read(reactor, listeners) == set(wanted)


def test_a_socket_that_is_read_already_is_left_alone(serving, reactor, listeners):
    serving.read([TCP_0])
    acceptor = serving._acceptors[TCP_0]
    serving.read([TCP_0, UDP_1])
    assert serving._acceptors[TCP_0] is acceptor


def test_sockets_stay_open_when_they_are_no_longer_read(serving, listeners):
    serving.read([UDP_0, TCP_0])
    serving.read([])
    assert all(listener.socket.fileno() >= 0 for listener in listeners)


def test_draining_takes_nothing_new_and_ends_at_once_without_connections(
    serving, reactor, listeners
):
    serving.read([UDP_0, TCP_0])
    ended = []
    serving.drain(5.0, lambda: ended.append(True))
    assert read(reactor, listeners) == set()
    assert ended == [True]


def test_draining_waits_for_queries_that_are_being_answered(serving, connections, time):
    connections.busy = connections.idle = 1
    ended = []
    serving.drain(5.0, lambda: ended.append(True))
    assert (connections.busy, connections.idle, ended) == (1, 0, [])
    time.advance(0.1)
    assert ended == []
    connections.busy = 0
    time.advance(0.1)
    assert ended == [True]


def test_draining_does_not_wait_for_ever(serving, connections, time):
    connections.busy = 1
    ended = []
    serving.drain(5.0, lambda: ended.append(True))
    for _ in range(99):
        time.advance(0.05)
    assert ended == []
    time.advance(0.1)
    assert ended == [True]
    assert len(connections) == 0


def test_upkeep_begins_with_the_start_and_ends_with_the_drain(serving, time, done):
    serving.start()
    time.advance(1.0)
    assert len(done) == 2
    serving.drain(0.0, lambda: None)
    time.advance(5.0)
    assert len(done) == 2
