import json
import os
import socket

import pytest
from twisted.internet.task import Clock as TwistedClock

from dnsd.config.loader import load
from dnsd.config.machine import Machine
from dnsd.control.surroundings import Surroundings
from dnsd.net.clock import Clock
from dnsd.net.listeners import Endpoint, Listener
from dnsd.observe import metrics
from dnsd.observe.log import EventLog, Level
from dnsd.query.lookout import board_octets
from dnsd.run.flush_board import FlushBoard
from dnsd.run.inheritance import Inheritance
from dnsd.run.places import rows_for
from dnsd.run.quarantine import Quarantine

WALL_NOW = 1_800_000_000
MACHINE = Machine(
    cores=2, low_ports=False, ipv6_loopback=True, superuser=False, users=frozenset({"dnsd"})
)


class Readers:
    """The part of a reactor that knows readers."""

    def __init__(self):
        self.readers = set()
        self.is_stopped = False

    def addReader(self, reader):  # noqa: N802
        self.readers.add(reader)

    def removeReader(self, reader):  # noqa: N802
        self.readers.discard(reader)

    def stop(self):
        self.is_stopped = True


@pytest.fixture
def machine():
    """What ``auto`` is decided by."""
    return MACHINE


@pytest.fixture
def time():
    """Simulated time; ``advance`` moves it."""
    return TwistedClock()


@pytest.fixture
def log_file(tmp_path):
    path = tmp_path / "events.log"
    path.touch()
    return path


@pytest.fixture
def event_log(log_file):
    descriptor = os.open(log_file, os.O_WRONLY | os.O_APPEND)
    yield EventLog(descriptor, level=Level.DEBUG)
    os.close(descriptor)


@pytest.fixture
def events(log_file):
    """What has been logged: one dictionary an event."""
    return lambda: [json.loads(line) for line in log_file.read_text().splitlines()]


@pytest.fixture
def reactor():
    return Readers()


@pytest.fixture
def around(time, event_log, reactor):
    """Surroundings in simulated time."""
    row = metrics.new_page(rows=1).row(0)
    return Surroundings(reactor, Clock(time, lambda: WALL_NOW + time.seconds()), event_log, row)


@pytest.fixture
def configured(tmp_path):
    """Write a configuration, with a directory of zones, and read it."""
    (tmp_path / "zones").mkdir()

    def read(text=""):
        file = tmp_path / "dnsd.yaml"
        file.write_text(text)
        return load(file, machine=MACHINE)

    return read


@pytest.fixture
def listeners():
    """One UDP and one TCP socket for each of two shares, bound to nothing that matters."""
    made = []
    for transport in ("udp", "tcp"):
        for share in (0, 1):
            kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
            opened = socket.socket(socket.AF_INET, kind)
            made.append(Listener(Endpoint("127.0.0.1", 5300, transport), share, opened))
    yield tuple(made)
    for listener in made:
        listener.socket.close()


@pytest.fixture
def inherited(configured, listeners, event_log):
    """What processes inherit, for a configuration as text."""

    def make(text=""):
        config = configured(text)
        rows = rows_for(config.workers + 1)
        return Inheritance(
            config=config,
            machine=MACHINE,
            listeners=listeners,
            mail_listeners=(),
            control_socket=None,
            control_http=None,
            page=metrics.new_page(rows, len(listeners)),
            quarantine=Quarantine(rows),
            cookie_seed=bytes(32),
            sightings=memoryview(bytearray(board_octets(rows))),
            tcp_room=1000,
            tls=None,
            mail_tls=None,
            cache_octets=0,
            flushes=FlushBoard(rows),
            notices=(),
            log=event_log,
        )

    return make
