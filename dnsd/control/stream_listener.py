"""Accept connections on a listening socket and leave everything else of it alone.

Twisted's own port for unix sockets makes the file writable for everybody when
it takes a listening socket over, and removes the file when it stops, though
another process may listen on it still. This one does neither.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from dnsd.observe import metrics

if TYPE_CHECKING:
    import socket

    from twisted.internet.protocol import Factory

    from dnsd.control.surroundings import Surroundings
    from dnsd.net.clock import Timer

_ACCEPTS_A_TURN: Final = 16
# Without a free descriptor the kernel says "readable" again and again.
_PAUSE_S: Final = 0.1


@implementer(IReadDescriptor)
class StreamListener:
    """One listening socket, unix or TCP, read by the reactor."""

    def __init__(self, opened: socket.socket, factory: Factory, around: Surroundings) -> None:
        """Begin to accept.

        Args:
            opened: listens and does not block; stays the caller's.
            factory: makes a protocol for each connection.
            around: see `Surroundings`.
        """
        self._socket = opened.dup()
        self._socket.setblocking(False)  # noqa: FBT003 -- its only argument
        self._factory = factory
        self._around = around
        self._pause: Timer | None = None
        around.reactor.addReader(self)

    def stop(self) -> None:
        """Accept no more; connections that are open stay so."""
        if self._pause is not None:
            self._pause.cancel()
        self._around.reactor.removeReader(self)
        self._socket.close()

    def fileno(self) -> int:
        """Return the descriptor, for the reactor."""
        return self._socket.fileno()

    def doRead(self) -> None:  # noqa: N802
        """Accept what waits, for the reactor."""
        for _ in range(_ACCEPTS_A_TURN):
            try:
                accepted, _ = self._socket.accept()
            except BlockingIOError:
                return
            except OSError:
                self._wait()
                return
            # A client that is gone again has no address any more.
            with accepted, suppress(OSError):
                accepted.setblocking(False)  # noqa: FBT003
                self._around.reactor.adoptStreamConnection(
                    accepted.fileno(), accepted.family, self._factory
                )

    def connectionLost(self, reason: object) -> None:  # noqa: N802
        """Do nothing: the descriptor is closed by `stop`."""

    def logPrefix(self) -> str:  # noqa: N802
        """Return what the reactor's log calls it."""
        return "control listener"

    def _wait(self) -> None:
        self._around.row[metrics.limit_slot("descriptors")] += 1
        self._around.reactor.removeReader(self)
        self._pause = self._around.clock.call_later(_PAUSE_S, self._resume)

    def _resume(self) -> None:
        self._pause = None
        self._around.reactor.addReader(self)
