"""Accept connections on a listening socket and leave everything else of it alone.

Twisted's own port for unix sockets makes the file writable for everybody when
it takes a listening socket over, and removes the file when it stops, though
another process may listen on it still. Without free descriptors it takes
connections only to close them. This one does none of it: what it cannot accept
waits in the kernel's queue, and is counted.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final, Protocol

from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from dnsd.observe import metrics

if TYPE_CHECKING:
    import socket

    from twisted.internet.protocol import Factory

    from dnsd.net.clock import Clock, Timer

_ACCEPTS_A_TURN: Final = 16
# Without a free descriptor the kernel says "readable" again and again.
_PAUSE_S: Final = 0.1
_NO_ROOM: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
_DESCRIPTORS: Final = metrics.limit_slot("descriptors")


class AcceptingReactor(Protocol):
    """What Twisted's reactors offer that is used here."""

    def addReader(self, reader: object, /) -> object:  # noqa: N802 - Twisted's name
        """Call the reader's ``doRead`` whenever its descriptor is readable."""

    def removeReader(self, reader: object, /) -> object:  # noqa: N802 - Twisted's name
        """Stop calling it."""

    def adoptStreamConnection(  # noqa: N802 - Twisted's name
        self, descriptor: int, family: int, factory: Factory, /
    ) -> object:
        """Serve a connection over a copy of its descriptor."""


@implementer(IReadDescriptor)
class StreamListener:
    """One listening socket, unix or TCP, read by the reactor."""

    def __init__(
        self,
        opened: socket.socket,
        factory: Factory,
        reactor: AcceptingReactor,
        clock: Clock,
        row: memoryview,
    ) -> None:
        """Begin to accept.

        Args:
            opened: listens and does not block; stays the caller's.
            factory: makes a protocol for each connection.
            reactor: reads the socket and the connections.
            clock: of the reactor.
            row: counters of this process.
        """
        self._socket = opened.dup()
        self._socket.setblocking(False)  # noqa: FBT003 -- its only argument
        self._factory = factory
        self._reactor = reactor
        self._clock = clock
        self._row = row
        self._pause: Timer | None = None
        reactor.addReader(self)

    def stop(self) -> None:
        """Accept no more; connections that are open stay so."""
        if self._pause is not None:
            self._pause.cancel()
        self._reactor.removeReader(self)
        self._socket.close()

    def fileno(self) -> int:
        """Return the descriptor, for the reactor."""
        return self._socket.fileno()

    def doRead(self) -> None:  # noqa: N802
        """Accept what waits, for the reactor."""
        for _ in range(_ACCEPTS_A_TURN):
            try:
                self._accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _NO_ROOM:
                    self._wait()
                    return
                # That client is gone again; the next one need not wait for it.

    def connectionLost(self, reason: object) -> None:  # noqa: N802
        """Do nothing: the descriptor is closed by `stop`."""

    def logPrefix(self) -> str:  # noqa: N802
        """Return what the reactor's log calls it."""
        return "stream listener"

    def _accept(self) -> None:
        """Accept one connection.

        Raises:
            OSError: there is none, no room for it, or it is gone.
        """
        accepted, _ = self._socket.accept()
        with accepted:
            accepted.setblocking(False)  # noqa: FBT003
            self._reactor.adoptStreamConnection(accepted.fileno(), accepted.family, self._factory)

    def _wait(self) -> None:
        self._row[_DESCRIPTORS] += 1
        self._reactor.removeReader(self)
        self._pause = self._clock.call_later(_PAUSE_S, self._resume)

    def _resume(self) -> None:
        self._pause = None
        self._reactor.addReader(self)
