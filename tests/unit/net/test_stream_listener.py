"""Accepting on real sockets; a reactor that is turned by hand shows what it would do."""

import errno
import os
import resource
import socket
import stat

import pytest
from twisted.internet.task import Clock as TwistedClock

from dnsd.net.clock import Clock
from dnsd.net.stream_listener import StreamListener
from dnsd.observe import metrics


class Reactor:
    """Reads nothing by itself; keeps the connections that it adopts."""

    def __init__(self):
        self.readers = set()
        self.adopted = []
        self.failures = []

    def addReader(self, reader):  # noqa: N802 - Twisted's name
        self.readers.add(reader)

    def removeReader(self, reader):  # noqa: N802 - Twisted's name
        self.readers.discard(reader)

    def adoptStreamConnection(self, descriptor, family, factory):  # noqa: N802 - Twisted's name
        if self.failures:
            raise self.failures.pop(0)
        self.adopted.append((socket.socket(fileno=os.dup(descriptor)), family, factory))


@pytest.fixture
def reactor():
    reactor = Reactor()
    yield reactor
    for adopted, _, _ in reactor.adopted:
        adopted.close()


@pytest.fixture
def time():
    return TwistedClock()


@pytest.fixture
def row():
    return metrics.new_page(1).row(0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "some.sock"


@pytest.fixture
def opened(path):
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))
        path.chmod(0o600)
        opened.listen(64)
        yield opened


@pytest.fixture
def listen(opened, reactor, time, row):
    """Listen on the socket, once more each time."""
    made = []

    def listen():
        made.append(StreamListener(opened, "factory", reactor, Clock(time), row))
        return made[-1]

    yield listen
    for listener in made:
        if listener.fileno() >= 0:
            listener.stop()


@pytest.fixture
def connect(path):
    """Connect so many clients, which then wait to be accepted."""
    clients = []

    def connect(count):
        for _ in range(count):
            client = socket.socket(socket.AF_UNIX)
            clients.append(client)
            client.connect(str(path))

    yield connect
    for client in clients:
        client.close()


def test_what_waits_is_accepted_and_some_left_to_the_next_turn(listen, connect, reactor):
    listener = listen()
    connect(20)
    listener.doRead()
    assert len(reactor.adopted) == 16
    listener.doRead()
    listener.doRead()
    assert len(reactor.adopted) == 20
    assert {(family, factory) for _, family, factory in reactor.adopted} == {
        (socket.AF_UNIX, "factory")
    }
    assert not any(os.get_blocking(adopted.fileno()) for adopted, _, _ in reactor.adopted)


def test_the_file_keeps_its_mode_and_stays(listen, path):
    listen().stop()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_successor_may_listen_on_the_same_socket(listen, connect, reactor, opened):
    first = listen()
    connect(1)
    first.stop()
    assert reactor.readers == set()
    assert opened.fileno() >= 0
    listen().doRead()
    assert len(reactor.adopted) == 1


def test_clients_that_are_gone_again_do_not_hold_up_the_others(listen, connect, reactor, row):
    listener = listen()
    connect(3)
    reactor.failures = [OSError(errno.ENOTCONN, "gone"), ConnectionAbortedError()]
    listener.doRead()
    assert len(reactor.adopted) == 1
    assert listener in reactor.readers
    assert row[metrics.limit_slot("descriptors")] == 0


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_a_connection_that_finds_no_room_pauses_the_others(
    listen, connect, reactor, time, row, number
):
    listener = listen()
    connect(2)
    reactor.failures = [OSError(number, "no room")]
    listener.doRead()
    assert (reactor.adopted, reactor.readers) == ([], set())
    assert row[metrics.limit_slot("descriptors")] == 1
    time.advance(0.1)
    assert reactor.readers == {listener}


def test_without_a_descriptor_it_waits_and_then_goes_on(listen, connect, reactor, time, row):
    listener = listen()
    connect(1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        listener.doRead()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert row[metrics.limit_slot("descriptors")] == 1
    assert reactor.readers == set()
    time.advance(0.1)
    assert reactor.readers == {listener}
    listener.doRead()
    assert len(reactor.adopted) == 1


def test_nothing_is_resumed_once_it_has_stopped(listen, connect, reactor, time):
    listener = listen()
    connect(1)
    reactor.failures = [OSError(errno.EMFILE, "no room")]
    listener.doRead()
    listener.stop()
    time.advance(1)
    assert reactor.readers == set()
