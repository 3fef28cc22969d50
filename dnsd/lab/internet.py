"""The simulated Internet: addresses, ways between them, and time that is only counted.

It carries the resolver's exchanges as ``net/upstream`` does over sockets, and judges
datagrams by the same ``acceptance``. Nothing here sleeps: :meth:`Internet.run` takes
the next event from a queue and sets the clock to it, so that hours of timeouts cost
no time at all, and equal seeds give equal histories.

Whoever watches a way may throw datagrams in (:attr:`Internet.bystanders`): they reach
the port of the query, as if their sender had guessed it.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dnsd.resolver.acceptance import Verdict, judge
from dnsd.resolver.commands import Exchanged, Result, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dnsd.lab.authority import Sent, Server
    from dnsd.resolver.commands import Exchange

#: Round trips before the first reply octet: the handshake, and with TLS one more.
_ROUND_TRIPS = {Transport.UDP: 1, Transport.TCP: 2, Transport.TLS: 3}

_UDP = Transport.UDP


@dataclass(slots=True)
class Route:
    """The way to an address and back.

    Attributes:
        delay_s: of one direction.
        jitter_s: up to so much is added to each datagram's delay, which reorders.
        loss: share of datagrams that never arrive, in each direction.
        duplicates: share of replies that arrive twice.
        silent: nothing gets through, and nobody says so.
        unreachable: nothing gets through, and a router says so.
        tcp: connections are let through; else they are refused.
    """

    delay_s: float = 0.010
    jitter_s: float = 0.0
    loss: float = 0.0
    duplicates: float = 0.0
    silent: bool = False
    unreachable: bool = False
    tcp: bool = True


class Packet(NamedTuple):
    """One query that was sent."""

    time: float
    address: bytes
    transport: Transport
    query: bytes


class Bystander(Protocol):
    """Somebody who does not see a query but guesses that there is one."""

    def throw(self, packet: Packet) -> Sequence[Sent]:
        """Return datagrams that seem to come from the server that is asked.

        Args:
            packet: the query. Who plays an attacker off the path must not look at
                its ID and letter case.
        """
        ...


class Event:
    """Something that will happen unless it is cancelled."""

    __slots__ = ("call", "time")

    def __init__(self, time: float, call: Callable[[], object]) -> None:
        self.time = time
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        """Prevent it; nothing happens when it has happened."""
        self.call = None


class _Attempt:
    """One exchange under way: an open socket or connection."""

    __slots__ = ("case_changed", "done", "internet", "query", "started")

    def __init__(self, internet: Internet, query: bytes, done: Callable[[Exchanged], None]) -> None:
        self.internet = internet
        self.query = query
        self.done: Callable[[Exchanged], None] | None = done
        self.started = internet.now()
        self.case_changed = False

    def cancel(self) -> None:
        if self.done is not None:
            self.done = None
            self.internet.in_flight -= 1

    def end(self, result: Result, octets: bytes = b"") -> None:
        done = self.done
        if done is not None:
            self.cancel()
            self.internet.octets_received += len(octets)
            done(Exchanged(result, octets, self.internet.now() - self.started))

    def datagram(self, octets: bytes) -> None:
        """Take a datagram from the server's address, or no octets for an ICMP error."""
        if self.done is None:
            return
        if not octets:
            self.end(Result.UNREACHABLE)
            return
        if len(octets) > self.internet.datagram_octets:
            return
        verdict = judge(self.query, octets)
        if verdict is Verdict.ACCEPTED:
            self.end(Result.REPLY, octets)
        elif verdict is Verdict.WRONG_ID:
            self.end(Result.WRONG_ID)
        elif verdict is Verdict.CASE_CHANGED:
            self.case_changed = True

    def message(self, octets: bytes) -> None:
        """Take what a connection brings, or no octets for its end."""
        if octets and judge(self.query, octets) is Verdict.ACCEPTED:
            self.end(Result.REPLY, octets)
        else:
            self.end(Result.CLOSED)

    def time_out(self) -> None:
        self.end(Result.CASE_CHANGED if self.case_changed else Result.TIMED_OUT)


class Internet:
    """Servers at addresses; the ``Network`` of a resolver in simulated time.

    Attributes:
        servers: who stands at which address, 4 or 16 octets; nobody elsewhere.
        routes: the ways to addresses, where they differ from ``route``.
        route: any other way.
        bystanders: who may throw datagrams into exchanges over UDP.
        datagram_octets: longer datagrams are dropped.
        packets: every query sent, in order.
        counts: queries sent to each address.
        in_flight: exchanges that have not ended.
        octets_received: octets of all replies taken.
    """

    def __init__(
        self, chance: Callable[[], float] = lambda: 1.0, start: float = 1_000_000.0
    ) -> None:
        """Make an empty Internet.

        Args:
            chance: returns a number from 0 to below 1 that loss, duplicates and
                jitter are drawn with; the default loses and doubles nothing.
            start: seconds that the clock shows first.
        """
        self.servers: dict[bytes, Server] = {}
        self.routes: dict[bytes, Route] = {}
        self.route = Route()
        self.bystanders: list[Bystander] = []
        self.datagram_octets = 1232
        self.packets: list[Packet] = []
        self.counts: Counter[bytes] = Counter()
        self.in_flight = 0
        self.octets_received = 0
        self._chance = chance
        self._now = start
        self._queue: list[tuple[float, int, Event]] = []
        self._number = 0

    def now(self) -> float:
        """Return the seconds that the simulated clock shows."""
        return self._now

    def call_later(self, delay_s: float, call: Callable[[], object]) -> Event:
        """Call something once, when the clock has come so far."""
        event = Event(self._now + delay_s, call)
        self._number += 1
        heapq.heappush(self._queue, (event.time, self._number, event))
        return event

    def exchange(self, exchange: Exchange, done: Callable[[Exchanged], None]) -> _Attempt:
        """Carry out an exchange; see ``Network``."""
        attempt = _Attempt(self, exchange.query, done)
        self.in_flight += 1
        address, transport = exchange.address, exchange.transport
        packet = Packet(self._now, address, transport, exchange.query)
        self.packets.append(packet)
        self.counts[address] += 1
        self.call_later(exchange.timeout_s, attempt.time_out)
        route = self.routes.get(address, self.route)
        if route.unreachable or (transport is not _UDP and not route.tcp):
            self.call_later(route.delay_s, lambda: attempt.end(Result.UNREACHABLE))
        elif not route.silent:
            self._send(packet, route, attempt)
        if transport is _UDP:
            for bystander in self.bystanders:
                for octets, delay_s in bystander.throw(packet):
                    self._deliver(delay_s, attempt.datagram, octets)
        return attempt

    def run(self, until: float = float("inf")) -> None:
        """Let happen what will happen up to a time, or until nothing more will."""
        queue = self._queue
        while queue and queue[0][0] <= until:
            self._next()
        if until != float("inf"):
            self._now = max(self._now, until)

    def run_while(self, is_wanted: Callable[[], bool]) -> None:
        """Let things happen one by one as long as that is wanted."""
        while self._queue and is_wanted():
            self._next()

    def _next(self) -> None:
        """Let the next thing happen; the clock passes over what was cancelled."""
        time, _, event = heapq.heappop(self._queue)
        call, event.call = event.call, None
        if call is not None:
            self._now = time
            call()

    def _send(self, packet: Packet, route: Route, attempt: _Attempt) -> None:
        """Bring a query to its server."""
        server = self.servers.get(packet.address)
        if server is None:
            return
        delay_s = route.delay_s
        if packet.transport is _UDP:
            if route.loss and self._chance() < route.loss:
                return
            if route.jitter_s:
                delay_s += route.jitter_s * self._chance()
        else:
            delay_s += 2 * delay_s * (_ROUND_TRIPS[packet.transport] - 1)

        def arrive() -> None:
            if packet.transport is _UDP:
                for octets, later_s in server.receive(packet.query, packet.transport, self._now):
                    self._return(route, later_s, attempt, octets)
            elif attempt.done is not None:
                for octets, later_s in server.receive(packet.query, packet.transport, self._now):
                    self._deliver(route.delay_s + later_s, attempt.message, octets)

        self.call_later(delay_s, arrive)

    def _return(self, route: Route, later_s: float, attempt: _Attempt, octets: bytes) -> None:
        """Send a datagram back to the resolver."""
        if route.loss and self._chance() < route.loss:
            return
        copies = 2 if route.duplicates and self._chance() < route.duplicates else 1
        for _ in range(copies):
            jitter_s = route.jitter_s * self._chance() if route.jitter_s else 0.0
            self._deliver(route.delay_s + later_s + jitter_s, attempt.datagram, octets)

    def _deliver(self, delay_s: float, take: Callable[[bytes], None], octets: bytes) -> None:
        self.call_later(delay_s, lambda: take(octets))
