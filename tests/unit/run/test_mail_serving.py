"""When the mail side of a process begins, and in which order it ends."""

import socket

import pytest
from fakes.mail import accept, envelope, message, open_queue
from twisted.internet.defer import Deferred

from dnsd.mail.dsn import Notices
from dnsd.mail.queue import Keeping, Queue
from dnsd.mail.schedule import Schedule
from dnsd.mail.spool import Spool
from dnsd.mail.stores import StoreFailed
from dnsd.net.listeners import Endpoint, Listener
from dnsd.run.mail_serving import MailServing

PROTOCOLS = ("smtp", "submission")


class Server:
    """Connections of one protocol: how many, and what was asked of them."""

    def __init__(self, name, happened):
        self.name, self.happened, self.connections = name, happened, 0

    def __len__(self):
        return self.connections

    def shut_down(self):
        self.happened.append(f"{self.name} shut down")

    def close_all(self):
        self.happened.append(f"{self.name} closed with {self.connections}")
        self.connections = 0


class Sender:
    def __init__(self, happened):
        self.happened = happened

    def start(self):
        self.happened.append("sender started")

    def stop(self):
        self.happened.append("sender stopped")


class Committer:
    """Closes when the test says so."""

    def __init__(self, happened):
        self.happened, self.closed = happened, Deferred()

    def close(self):
        self.happened.append("committer closing")
        return self.closed


class Rig:
    """A mail side over a real queue and real sockets.

    Attributes:
        happened: in its order.
    """

    def __init__(self, path, listeners, around):
        self.happened = []
        self.queue = Queue(
            path / "queue.db",
            Spool(path, 1_000_000),
            Keeping(Schedule(), Notices("mx1.example.test", 100), bytes),
        )
        close = self.queue.close
        self.queue.close = lambda: (close(), self.happened.append("queue closed"))
        self.servers = {name: Server(name, self.happened) for name in PROTOCOLS}
        self.committer = Committer(self.happened)
        self.serving = MailServing(
            listeners, self.servers, Sender(self.happened), (self.queue, self.committer), around
        )

    def drain(self, time_s=10.0):
        self.serving.drain(time_s, lambda: self.happened.append("done"))


@pytest.fixture
def mail_listeners():
    made = []
    for protocol in PROTOCOLS:
        opened = socket.create_server(("127.0.0.1", 0))
        made.append(Listener(Endpoint("127.0.0.1", opened.getsockname()[1], protocol), 0, opened))
    yield made
    for listener in made:
        listener.socket.close()


@pytest.fixture
def queue_directory(tmp_path):
    path = tmp_path / "mail"
    path.mkdir()
    return path


@pytest.fixture
def rig(queue_directory, mail_listeners, around, reactor):
    found = Rig(queue_directory, mail_listeners, around)
    yield found
    for reader in list(reactor.readers):
        reader.stop()
    if "queue closed" not in found.happened:
        found.queue.close()


def test_it_takes_and_sends_once_it_is_started(rig, reactor, events):
    assert reactor.readers == set()
    rig.serving.start()
    assert len(reactor.readers) == len(PROTOCOLS)
    assert rig.happened == ["sender started"]
    assert events() == [], "an empty queue is nothing to tell"


def test_each_socket_leads_to_the_server_of_its_protocol(rig, reactor, mail_listeners):
    adopted = []
    reactor.adoptStreamConnection = lambda _descriptor, _family, factory: adopted.append(factory)
    rig.serving.start()
    ports = [listener.socket.getsockname() for listener in mail_listeners]
    for port, protocol in zip(ports, PROTOCOLS, strict=True):
        adopted.clear()
        with socket.create_connection(port):
            for reader in reactor.readers:
                reader.doRead()
        assert adopted == [rig.servers[protocol]]


def test_what_was_left_is_found_before_anything_is_sent(
    queue_directory, mail_listeners, around, reactor, events
):
    left = open_queue(queue_directory)
    accept(left, (envelope(), message()), (envelope(), message(200_000)))
    left.spool.open("UNFINISHED").write(b"x" * 70_000)
    left.close()
    rig = Rig(queue_directory, mail_listeners, around)
    rig.serving.start()
    (event,) = events()
    assert (event["event"], event["text"]) == ("mail_queue", "2 messages wait")
    assert (event["removed"], event["put_aside"]) == (1, 0)
    assert not (queue_directory / "tmp" / "UNFINISHED").exists()
    rig.drain()
    rig.committer.closed.callback(None)


def test_a_queue_that_cannot_be_read_takes_nothing(rig, reactor, queue_directory):
    (queue_directory / "tmp").rmdir()
    with pytest.raises(StoreFailed):
        rig.serving.start()
    assert reactor.readers == set()
    assert rig.happened == []


def test_the_queue_is_closed_when_all_is_on_disk_and_then_it_is_done(rig, reactor):
    rig.serving.start()
    rig.happened.clear()
    rig.drain()
    assert reactor.readers == set()
    assert rig.happened == [
        "smtp shut down", "submission shut down", "smtp closed with 0", "submission closed with 0",
        "sender stopped", "committer closing",
    ]  # fmt: skip
    rig.happened.clear()
    rig.committer.closed.callback(None)
    assert rig.happened == ["queue closed", "done"]


def test_a_committer_that_fails_at_its_end_keeps_nobody(rig):
    rig.serving.start()
    rig.drain()
    rig.committer.closed.errback(StoreFailed("disk"))
    assert rig.happened[-2:] == ["queue closed", "done"]


def test_open_connections_are_waited_for(rig, time):
    rig.serving.start()
    rig.servers["submission"].connections = 2
    rig.drain()
    time.pump([0.05] * 20)
    assert "sender stopped" not in rig.happened, "mail goes out as long as mail comes in"
    rig.servers["submission"].connections = 0
    time.advance(0.05)
    rig.committer.closed.callback(None)
    time.pump([1.0] * 20)
    assert rig.happened.count("done") == 1
    assert "submission closed with 0" in rig.happened


def test_connections_that_do_not_end_are_closed(rig, time):
    rig.serving.start()
    rig.servers["smtp"].connections = 1
    rig.drain(time_s=2.0)
    time.pump([0.05] * 38)
    assert "smtp closed with 1" not in rig.happened
    time.pump([0.05] * 4)
    rig.committer.closed.callback(None)
    time.pump([1.0] * 20)
    assert "smtp closed with 1" in rig.happened
    assert rig.happened.count("done") == 1


def test_it_may_end_before_it_began(rig):
    rig.drain()
    rig.committer.closed.callback(None)
    assert rig.happened[-2:] == ["queue closed", "done"]
