"""The DNS side of one process: which sockets it reads, and how it stops.

A process has every socket and reads some: its own share, and that of a worker that
died until the next one is there. Nothing is opened or closed for that; a reader is
added to the reactor or taken away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.net.stream_listener import StreamListener

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Collection, Mapping, Sequence

    from dnsd.control.surroundings import Surroundings
    from dnsd.net.connections import Connections
    from dnsd.net.listeners import Listener
    from dnsd.net.tls_stream import TlsFactory
    from dnsd.net.udp_batch import UdpBatch
    from dnsd.query.recursion import Recursion
    from dnsd.run.upkeep import Repeating

    Streams = Connections | TlsFactory

# How often a draining process looks whether its connections have had their answers.
_DRAIN_LOOK_S = 0.05


class Serving:
    """Reads listeners for one process.

    Attributes:
        recursion: what finds names for its clients; None where nothing does.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        reader_of: Callable[[socket.socket], UdpBatch],
        streams: Mapping[str, Streams],
        upkeep: Sequence[Repeating],
        around: Surroundings,
    ) -> None:
        """Get ready; nothing is read before :meth:`read`.

        Args:
            listeners: all sockets of the daemon.
            reader_of: makes what reads a socket for datagrams.
            streams: factory for the connections of each transport over TCP.
            upkeep: what is to be done at regular times meanwhile.
            around: reactor and clock of the process.
        """
        self.recursion: Recursion | None = None
        self._upkeep = upkeep
        self._listeners = listeners
        self._reader_of = reader_of
        self._streams = streams
        self._around = around
        self._readers: dict[int, UdpBatch] = {}
        self._acceptors: dict[int, StreamListener] = {}

    def start(self) -> None:
        """Begin the upkeep."""
        for repeating in self._upkeep:
            repeating.start()

    def read(self, wanted: Collection[int]) -> None:
        """Read exactly these sockets from now on.

        Args:
            wanted: places in the list of listeners.
        """
        for place in self._reading() - set(wanted):
            self._stop(place)
        for place in set(wanted) - self._reading():
            self._start(place)

    def drain(self, time_s: float, done: Callable[[], object]) -> None:
        """Take nothing new, finish what is in hand, and say so.

        Args:
            time_s: after which connections are closed whatever they wait for.
            done: called once.
        """
        self.read(())
        clock = self._around.clock
        until = clock.now() + time_s

        def look() -> None:
            for streams in self._streams.values():
                streams.close_idle()
            if any(map(len, self._streams.values())) and clock.now() < until:
                clock.call_later(_DRAIN_LOOK_S, look)
                return
            for streams in self._streams.values():
                streams.close_all()
            for repeating in self._upkeep:
                repeating.stop()
            done()

        look()

    def _reading(self) -> set[int]:
        return self._readers.keys() | self._acceptors.keys()

    def _start(self, place: int) -> None:
        listener = self._listeners[place]
        if listener.endpoint.transport == "udp":
            reader = self._reader_of(listener.socket)
            reader.start()
            self._readers[place] = reader
        else:
            around = self._around
            streams = self._streams[listener.endpoint.transport]
            self._acceptors[place] = StreamListener(
                listener.socket, streams, around.reactor, around.clock, around.row
            )

    def _stop(self, place: int) -> None:
        reader = self._readers.pop(place, None)
        if reader is not None:
            reader.stop()
        acceptor = self._acceptors.pop(place, None)
        if acceptor is not None:
            acceptor.stop()
