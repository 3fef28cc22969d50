"""Exchanges with name servers: the ``Network`` of the resolver on a reactor.

Over UDP each query has a socket of its own (``upstream_udp``); over TCP and TLS it has
a connection that is kept for the next (``upstream_streams``). All time limits share one
timer (``timer_wheel``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dnsd.net.timer_wheel import TimerWheel
from dnsd.net.udp_batch import ReadingReactor
from dnsd.net.upstream_streams import ConnectingReactor, StreamExchanges
from dnsd.net.upstream_udp import UdpExchanges
from dnsd.resolver.commands import Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.net.clock import Clock
    from dnsd.net.upstream_options import UpstreamOptions
    from dnsd.resolver.commands import Cancellable, Exchange, Exchanged


class Reactor(ReadingReactor, ConnectingReactor, Protocol):
    """What is needed of Twisted's reactor."""


class Upstream:
    """Carries the exchanges of one process; see `commands.Network`.

    To be made after the fork: see `SourcePorts`.
    """

    def __init__(
        self, reactor: Reactor, clock: Clock, row: memoryview, options: UpstreamOptions
    ) -> None:
        """Begin to read, for as long as the reactor runs.

        Args:
            reactor: Twisted's.
            clock: over the same reactor.
            row: counters of this process.
            options: see there.
        """
        self.now = clock.now
        self._wheel = TimerWheel(clock)
        self._udp = UdpExchanges(reactor, self._wheel, row, options)
        self._streams = StreamExchanges(reactor, self._wheel, row, options)

    def exchange(self, exchange: Exchange, done: Callable[[Exchanged], None]) -> Cancellable:
        """Carry out an exchange; ``done`` is called once, in a later turn."""
        if exchange.transport is Transport.UDP:
            return self._udp.exchange(exchange, done)
        return self._streams.exchange(exchange, done)

    def call_later(self, delay_s: float, call: Callable[[], object]) -> Cancellable:
        """Call something once, in a later turn, up to a hundredth of a second late."""
        return self._wheel.call_later(delay_s, call)

    def stop(self) -> None:
        """Close every socket; nobody is told how any exchange ended."""
        self._udp.stop()
        self._streams.stop()
        self._wheel.stop()
