"""Queries to name servers over UDP, each on a socket of its own.

A fresh socket with a random port is bound, connected, sent from once, and closed when
the exchange ends. Connected, it gets datagrams and ICMP errors of its server only,
and nobody can learn its port by asking it (RFC 5452 §9.2; CVE-2020-25705).

What comes back is judged by the caller's judge:

    accepted        the exchange ends with it
    wrong ID        the exchange ends at once: somebody may be guessing
    changed case    remembered, in case nothing better comes
    anything else   as if it had not come; the timer runs on

The sockets stand in an epoll instance of our own, which is one descriptor among
those that Twisted's reactor watches. A reader of its own for each there makes the
whole exchange nearly a third dearer (``tests/bench/exchange.py``).

A socket that cannot be had, for want of descriptors or memory, is tried for again
twice within `PATIENCE_S`.
"""

from __future__ import annotations

import errno
import select
import socket
from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from zope.interface import implementer

from dnsd.net import upstream_counts as counts
from dnsd.net.source_ports import SourcePorts
from dnsd.net.timer_wheel import Timed
from dnsd.net.upstream_options import PATIENCE_S, RETRIES, SHORTAGES
from dnsd.resolver.acceptance import ACCEPTED, Verdict
from dnsd.resolver.commands import Exchanged, Result, Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python import failure

    from dnsd.net.timer_wheel import TimerWheel
    from dnsd.net.udp_batch import ReadingReactor
    from dnsd.net.upstream_options import UpstreamOptions
    from dnsd.resolver.commands import Exchange

# Sockets read in one turn, and datagrams read of one of them.
SOCKETS_PER_TURN: Final = 64
DATAGRAMS_PER_SOCKET: Final = 64

# Random ports tried for one socket. Of 64,512 ports some hundreds are in use at worst.
_PORT_TRIES: Final = 16

_TAKEN: Final = frozenset({errno.EADDRINUSE, errno.EACCES})
# The whole datagram, however long: a part of it could not be judged.
_RECEIVE_OCTETS: Final = 65535

_ANY_IPV4: Final = "0.0.0.0"  # noqa: S104 - routing chooses the address
_ANY_IPV6: Final = "::"

_KIND: Final = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
# <linux/in.h>, <linux/in6.h>: don't fragment, and believe no "fragmentation needed".
_IP_MTU_DISCOVER: Final = 10
_IPV6_MTU_DISCOVER: Final = 23
_PMTUDISC_PROBE: Final = 3

_RESULTS: Final = counts.RESULTS[Transport.UDP]
_LATENCY: Final = counts.LATENCY[Transport.UDP]
_LATENCY_FIRST: Final = _LATENCY.first
_LATENCY_BOUNDS: Final = _LATENCY.bounds
_LATENCY_SUM: Final = _LATENCY.sum_slot
_LATENCY_US: Final = round(_LATENCY.resolution * 1e6)

_log = Logger()


class UdpExchange(Timed):
    """One query and, while it waits for the reply, its socket.

    Attributes:
        exchange: what was asked for.
        done: who is told; ``None`` once that is over.
        due_at: when it times out, monotonic seconds.
        sent_at: monotonic seconds.
        socket: bound and connected; ``None`` while there is none.
        peer: the address of the server as the socket tells it.
        failure: what it ends with, when no socket could send it.
        retries: how many times a socket was tried for again.
        has_changed_case: whether a reply came that is right but for letter case.
    """

    __slots__ = (
        "_carrier",
        "done",
        "due_at",
        "exchange",
        "failure",
        "has_changed_case",
        "peer",
        "retries",
        "sent_at",
        "socket",
    )

    peer: tuple[object, ...]
    sent_at: float

    def __init__(
        self,
        carrier: UdpExchanges,
        exchange: Exchange,
        done: Callable[[Exchanged], None],
        due_at: float,
    ) -> None:
        self.bucket = None
        self._carrier = carrier
        self.exchange = exchange
        self.done: Callable[[Exchanged], None] | None = done
        self.due_at = due_at
        self.socket: socket.SocketType | None = None
        self.failure: Result | None = None
        self.retries = 0
        self.has_changed_case = False

    def expire(self) -> None:
        """End without a reply, or try again for a socket."""
        if self.socket is not None:
            changed = self.has_changed_case
            self._carrier.end(self, Result.CASE_CHANGED if changed else Result.TIMED_OUT)
        elif self.failure is not None:
            self._carrier.end(self, self.failure)
        else:
            self._carrier.try_again(self)

    def cancel(self) -> None:
        """Close the socket and tell nobody."""
        if self.done is not None:
            self.done = None
            self._carrier.release(self)


@implementer(IReadDescriptor)
class UdpExchanges:
    """All exchanges over UDP of one process."""

    def __init__(
        self,
        reactor: ReadingReactor,
        wheel: TimerWheel,
        row: memoryview,
        options: UpstreamOptions,
    ) -> None:
        """Begin to read, for as long as the reactor runs.

        Args:
            reactor: adds and removes readers.
            wheel: for all timers.
            row: counters of this process.
            options: see there.
        """
        self._reactor = reactor
        self._wheel = wheel
        self._now = wheel.now
        self._row = row
        self._judge = options.judge
        self._edns_size = options.edns_size
        self._gathering = options.gathering
        self._ports = SourcePorts(options.entropy, options.denied_ports)
        self._open: dict[int, UdpExchange] = {}
        self._epoll = select.epoll()
        reactor.addReader(self)

    def __len__(self) -> int:
        return len(self._open)

    def exchange(self, exchange: Exchange, done: Callable[[Exchanged], None]) -> UdpExchange:
        """Send a query and wait for its reply; see `commands.Network`."""
        now = self._now()
        started = UdpExchange(self, exchange, done, now + exchange.timeout_s)
        self.begin(started, now)
        return started

    def stop(self) -> None:
        """Close every socket and tell nobody."""
        for started in list(self._open.values()):
            started.cancel()
        self._reactor.removeReader(self)
        self._epoll.close()

    def fileno(self) -> int:
        """Return the descriptor for the reactor: of the epoll instance."""
        return -1 if self._epoll.closed else self._epoll.fileno()

    def logPrefix(self) -> str:  # noqa: N802 - Twisted's name
        """Name the reader in Twisted's log."""
        return "UdpExchanges"

    def connectionLost(self, reason: failure.Failure) -> None:  # noqa: N802 - Twisted's name
        """Do nothing: this is no connection."""

    def doRead(self) -> None:  # noqa: N802 - Twisted's name
        """Read the sockets that have something, some of them if there are many."""
        self._gathering.open()
        try:
            self._read_ready()
        finally:
            self._gathering.close()

    def _read_ready(self) -> None:
        find = self._open.get
        for descriptor, _ in self._epoll.poll(0, SOCKETS_PER_TURN):
            # What another reply of this turn led to may have closed it.
            started = find(descriptor)
            if started is not None:
                try:
                    self._receive(started)
                except Exception:  # noqa: BLE001 - Twisted would stop reading for all others
                    _log.failure("reading a reply failed")

    def begin(self, started: UdpExchange, now: float) -> None:
        """Send the query, or see to it that this is tried again or given up."""
        failure = self._send(started)
        if failure is None:
            started.sent_at = now
            self._wheel.start_timer(started, now, started.due_at - now)
        elif failure is Result.NO_SOCKET and started.retries < RETRIES:
            started.retries += 1
            self._row[counts.OUTGOING_SOCKETS] += started.retries == 1
            self._wheel.start_timer(started, now, PATIENCE_S / RETRIES)
        else:
            started.failure = failure
            self._wheel.start_timer(started, now, 0)

    def try_again(self, started: UdpExchange) -> None:
        """Send the query that found no socket before."""
        self.begin(started, self._now())

    def end(self, started: UdpExchange, result: Result, octets: bytes = b"") -> None:
        """Close the socket and tell whoever waits how it ended."""
        self.release(started)
        done = started.done
        started.done = None
        row = self._row
        row[_RESULTS[result]] += 1
        seconds = 0.0
        if octets:
            seconds = self._now() - started.sent_at
            microseconds = int(seconds * 1e6)
            row[
                _LATENCY_FIRST + min((microseconds // _LATENCY_US).bit_length(), _LATENCY_BOUNDS)
            ] += 1
            row[_LATENCY_SUM] += microseconds
        if done is not None:
            done(Exchanged(result, octets, seconds))

    def release(self, started: UdpExchange) -> None:
        """Close the socket and stop the timer."""
        started.stop_timer()
        opened = started.socket
        if opened is not None:
            started.socket = None
            descriptor = opened.fileno()
            del self._open[descriptor]
            # Closing is not enough while a child process has the descriptor too.
            self._epoll.unregister(descriptor)
            opened.close()

    def _send(self, started: UdpExchange) -> Result | None:
        """Send the query from a fresh socket; what it ends with when that fails."""
        exchange = started.exchange
        is_ipv4 = len(exchange.address) == 4
        try:
            opened = socket.SocketType(socket.AF_INET if is_ipv4 else socket.AF_INET6, _KIND)
        except OSError as error:
            return _failure(error)
        try:
            if is_ipv4:
                opened.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_PROBE)
                started.peer = (socket.inet_ntoa(exchange.address), exchange.port)
            else:
                opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE)
                host = socket.inet_ntop(socket.AF_INET6, exchange.address)
                started.peer = (host, exchange.port, 0, 0)
            self._bind(opened, _ANY_IPV4 if is_ipv4 else _ANY_IPV6)
            opened.connect(started.peer)
            opened.send(exchange.query)
            descriptor = opened.fileno()
            self._epoll.register(descriptor, select.EPOLLIN)
        except OSError as error:
            opened.close()
            return _failure(error)
        started.socket = opened
        self._open[descriptor] = started
        return None

    def _bind(self, opened: socket.SocketType, host: str) -> None:
        """Bind to a random port.

        Raises:
            OSError: the kernel refuses; EADDRINUSE when many ports are taken.
        """
        draw = self._ports.draw
        for _ in range(_PORT_TRIES - 1):
            try:
                opened.bind((host, draw()))
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
            else:
                return
        opened.bind((host, draw()))

    def _receive(self, started: UdpExchange) -> None:
        """Judge what has come to one socket."""
        opened, query, row = started.socket, started.exchange.query, self._row
        assert opened is not None
        for _ in range(DATAGRAMS_PER_SOCKET):
            try:
                octets, sender = opened.recvfrom(_RECEIVE_OCTETS)
            except BlockingIOError:
                return
            except OSError:
                self.end(started, Result.UNREACHABLE)
                return
            if sender != started.peer:
                row[counts.OTHER_SENDER] += 1
                continue
            verdict = self._judge(query, octets)
            if verdict is ACCEPTED:
                if len(octets) > self._edns_size:
                    octets = cut(octets)
                self.end(started, Result.REPLY, octets)
                return
            if verdict is Verdict.WRONG_ID:
                row[counts.NEAR_MISSES] += 1
                self.end(started, Result.WRONG_ID)
                return
            if verdict is Verdict.CASE_CHANGED:
                row[counts.LETTER_CASE] += 1
                started.has_changed_case = True
            else:
                row[counts.NOT_THE_REPLY] += 1
        row[counts.FULL_TURNS] += 1


def cut(reply: bytes) -> bytes:
    """Make a reply of a longer one that says TC, to be asked for again over TCP.

    A server that sends more than we said we take may have sent fragments, and a
    forged one may be among them.

    Args:
        reply: 12 octets or more, with no question or a whole one.
    """
    end = 12
    if reply[4:6] != b"\0\0":
        while reply[end]:
            end += 1 + reply[end]
        end += 5
    return reply[:2] + bytes((reply[2] | 2, reply[3])) + reply[4:6] + bytes(6) + reply[12:end]


def _failure(error: OSError) -> Result:
    """Tell what an exchange ends with that got no socket or could not send."""
    return Result.NO_SOCKET if error.errno in SHORTAGES else Result.UNREACHABLE
