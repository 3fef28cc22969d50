import os
import resource
import socket
import stat

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol

from dnsd.control.claim import claim_socket
from dnsd.control.stream_listener import StreamListener
from dnsd.observe import metrics


class Echo(Protocol):
    def dataReceived(self, octets):  # noqa: N802
        self.transport.write(octets)


@pytest.fixture
def claim(tmp_path):
    claim = claim_socket(tmp_path / "control.sock")
    yield claim
    claim.release()


@pytest.fixture
def listener(claim, really_around):
    listener = StreamListener(claim.socket, Factory.forProtocol(Echo), really_around)
    yield listener
    listener.stop()


@pytest.fixture
def answered(claim, real_time):
    """Connect, say a word, and run until it has come back."""

    def answered():
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(claim.path))
        client.sendall(b"word")
        done = Deferred()

        def look():
            try:
                octets = client.recv(100, socket.MSG_DONTWAIT)
            except BlockingIOError:
                real_time.reactor.callLater(0.001, look)
            else:
                client.close()
                real_time.reactor.callLater(0, done.callback, octets)

        look()
        return real_time.run(done)

    return answered


def test_a_connection_is_served(listener, answered):
    assert answered() == b"word"


def test_the_file_keeps_its_mode_and_stays(claim, really_around):
    StreamListener(claim.socket, Factory.forProtocol(Echo), really_around).stop()
    assert stat.S_IMODE(claim.path.stat().st_mode) == 0o600


def test_a_successor_may_listen_on_the_same_socket(claim, really_around, answered):
    StreamListener(claim.socket, Factory.forProtocol(Echo), really_around).stop()
    successor = StreamListener(claim.socket, Factory.forProtocol(Echo), really_around)
    assert answered() == b"word"
    successor.stop()


def test_without_a_descriptor_it_waits_and_then_goes_on(
    listener, claim, really_around, answered, row
):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(claim.path))
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))  # noqa: PTH208
    spare = [os.dup(0) for _ in range(highest + 1)]  # no gap below the limit is left
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(spare) + 1, hard))
    try:
        listener.doRead()
        assert row[metrics.limit_slot("descriptors")] == 1
        assert listener not in really_around.reactor.getReaders()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in spare:
            os.close(descriptor)
    client.close()
    assert answered() == b"word"
