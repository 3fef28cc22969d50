import json
import os

import pytest
from twisted.internet.task import Clock as TwistedClock

from dnsd.control.surroundings import Surroundings
from dnsd.net.clock import Clock
from dnsd.observe import metrics
from dnsd.observe.log import EventLog

WALL_NOW = 1_800_000_000


@pytest.fixture
def page():
    return metrics.new_page(rows=3)


@pytest.fixture
def row(page):
    return page.row(0)


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
    yield EventLog(descriptor)
    os.close(descriptor)


@pytest.fixture
def events(log_file):
    """What has been logged: one dictionary an event."""
    return lambda: [json.loads(line) for line in log_file.read_text().splitlines()]


@pytest.fixture
def around(time, event_log, row):
    """Surroundings in simulated time, without a reactor."""
    return Surroundings(None, Clock(time, lambda: WALL_NOW + time.seconds()), event_log, row)


class RealTime:
    """A reactor of its own for a test of real processes and sockets."""

    def __init__(self, reactor):
        self.reactor = reactor

    def run(self, deferred, timeout_s=60):
        """Run until a Deferred has a result, and return it."""
        outcome = []
        late = self.reactor.callLater(timeout_s, self.reactor.stop)

        def finish(result):
            outcome.append(result)
            late.cancel()
            self.reactor.stop()

        self.reactor.callWhenRunning(deferred.addBoth, finish)
        self.reactor.run(installSignalHandlers=True)
        assert outcome, "the test took too long"
        return outcome[0]


@pytest.fixture
def real_time():
    from twisted.internet.epollreactor import EPollReactor

    return RealTime(EPollReactor())


@pytest.fixture
def really_around(real_time, event_log, row):
    """Surroundings with a reactor of their own."""
    return Surroundings(real_time.reactor, Clock(real_time.reactor), event_log, row)
