"""Reactors that the test turns by hand, with real descriptors."""

import select
import time

from twisted.internet.epollreactor import EPollReactor
from twisted.internet.task import Clock

from dnsd.net.clock import use_monotonic_time

_PATIENCE_S = 10


class TurningReactor(Clock):
    """Reads when it is told to; time stands still, ``advance`` passes it."""

    def __init__(self):
        super().__init__()
        self.readers = set()
        self.advance(1000.0)

    def addReader(self, reader):  # noqa: N802 - Twisted's name
        self.readers.add(reader)

    def removeReader(self, reader):  # noqa: N802 - Twisted's name
        self.readers.discard(reader)

    def turn(self, wait_s=_PATIENCE_S):
        """Wait until something can be read and read it; whether there was something."""
        readable, _, _ = select.select(list(self.readers), [], [], wait_s)
        for reader in readable:
            reader.doRead()
        self.advance(0)
        return bool(readable)

    def turn_until(self, is_done):
        """Take turns until something is so."""
        while not is_done():
            assert self.turn(), "nothing came"

    def turn_while_readable(self):
        """Take turns until the kernel has nothing more to read, for a tenth of a second."""
        while self.turn(0.1):
            pass


class RealReactor(EPollReactor):
    """Twisted's own, one for a test, turned by hand; its time is the machine's."""

    def __init__(self):
        super().__init__()
        use_monotonic_time(self)
        self.startRunning(installSignalHandlers=False)

    def turn_until(self, is_done):
        """Take turns until something is so."""
        until = time.monotonic() + _PATIENCE_S
        while not is_done():
            assert time.monotonic() < until, "nothing came"
            self.iterate(0.01)

    def close(self):
        """Give the descriptors back."""
        self.disconnectAll()
        self.iterate(0)
        self.removeAll()
        for waker in list(self._internalReaders):
            waker.connectionLost(None)
        self._poller.close()
