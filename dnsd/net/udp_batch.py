"""DNS over UDP: a batch of datagrams in, a batch of replies out.

The hot path of the whole program. A query whose octets were answered before is
one look-up in a dictionary, one comparison of a generation, one addition to a
counter and two copies; no object is made but the octets themselves. Everything
else is the responder's.

A turn reads at most one batch, so that a flood never starves timers, TCP or
the control socket of the same reactor; the reactor polls again at once.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Protocol

from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from dnsd.net.gathering import Gathering
from dnsd.net.late_replies import LateReplies
from dnsd.net.mmsg import RECEIVE_OCTETS, DatagramVectors
from dnsd.net.responder import NO_ALIASES
from dnsd.observe import metrics
from dnsd.query.request import Request, Transport

if TYPE_CHECKING:
    import socket

    from twisted.python import failure

    from dnsd.net.responder import Aliases, Responder

# Datagrams a turn (one recvmmsg): enough to spread the cost of the system
# call, few enough that the slowest batch stays near three milliseconds.
DATAGRAMS_PER_TURN = 64

# Clients whose alias table a reader remembers; forgotten together when full.
_MAX_CLIENTS = 16384

_MSG_TRUNC = 0x20
_IPV4 = 2  # AF_INET; the reader must not ask the socket on the hot path


class ReadingReactor(Protocol):
    """The two methods of Twisted's ``IReactorFDSet`` that a reader needs."""

    def addReader(self, reader: object, /) -> object:  # noqa: N802 - Twisted's name
        """Call the reader's ``doRead`` whenever its descriptor is readable."""

    def removeReader(self, reader: object, /) -> object:  # noqa: N802 - Twisted's name
        """Stop calling it."""


@implementer(IReadDescriptor)
class UdpBatch:
    """Reads one listening socket for one reactor."""

    def __init__(
        self,
        reactor: ReadingReactor,
        sock: socket.socket,
        responder: Responder,
        datagrams: int = DATAGRAMS_PER_TURN,
        gathering: Gathering | None = None,
    ) -> None:
        """Prepare the buffers; nothing is read before :meth:`start`.

        Args:
            reactor: adds and removes readers.
            sock: bound, non-blocking.
            responder: answers what no alias answers.
            datagrams: at most so many are read in one turn (``datagrams_per_turn``).
            gathering: of the readers whose reading leads to replies of earlier turns.
        """
        self._reactor = reactor
        self._socket = sock
        self._responder = responder
        self._vectors = DatagramVectors(sock, datagrams, responder.max_datagram)
        self._late = LateReplies(
            gathering or Gathering(), sock, responder.row, responder.max_datagram
        )
        self._is_ipv4 = sock.family == _IPV4
        self._local = _local_reader(self._vectors, ipv4=self._is_ipv4)
        # Peer address octets → the aliases of its view, and whether to count replies.
        self._clients: dict[bytes, Aliases] = {}
        self._full_sends = 0

    def start(self) -> None:
        """Begin to read."""
        self._reactor.addReader(self)

    def stop(self) -> None:
        """Stop reading; the socket stays open and another process may read it."""
        self._reactor.removeReader(self)

    def fileno(self) -> int:
        """Return the descriptor for the reactor; -1 once the socket is closed."""
        return self._socket.fileno()

    def logPrefix(self) -> str:  # noqa: N802 - Twisted's name
        """Name the reader in Twisted's log."""
        return "UdpBatch"

    def connectionLost(self, reason: failure.Failure) -> None:  # noqa: N802 - Twisted's name
        """Do nothing: a listening socket has no connection."""

    def doRead(self) -> None:  # noqa: N802 - Twisted's name
        """Answer one batch of datagrams."""
        count = self._vectors.receive()
        if not count:
            return
        started = time.perf_counter_ns()
        holes, hits = self._answer_batch(count)
        lost = self._send(count, holes)
        row = self._responder.row
        row[_RECEIVED] += count
        row[_BATCHES] += 1
        if hits:
            microseconds = (time.perf_counter_ns() - started) // 1000
            row[_HIT_FIRST + min(microseconds.bit_length(), _HIT_BOUNDS)] += hits
            row[_HIT_SUM] += microseconds * hits
            row[_HITS] += hits
        if count == self._vectors.slots:
            row[_FULL_TURNS] += 1
        if lost:
            self._count_lost(lost)

    def _answer_batch(self, count: int) -> tuple[list[int], int]:
        """Write replies to the outgoing slots.

        Returns:
            The slots that got none, ascending, and how many aliases were hit.
        """
        vectors, responder = self._vectors, self._responder
        inbox, outbox, names = vectors.inbox, vectors.outbox, vectors.names
        received, to_send = vectors.received, vectors.to_send
        send_octets, row, generations = vectors.send_octets, responder.row, responder.generations
        find_client = self._clients.get
        address = slice(4, 8) if self._is_ipv4 else slice(8, 24)
        name, name_end = address.start, address.stop
        holes: list[int] = []
        start = out = misses = 0
        now = time.monotonic()
        # The index arithmetic below follows the layouts that DatagramVectors documents.
        for i in range(count):
            client = names[name:name_end]
            aliases, is_counted = find_client(client, NO_ALIASES)
            stored = aliases.get(inbox[start + 2 : start + received[i * 16 + 14]])
            if stored is not None:
                rest, slot, generation, counter, rate_class, until = stored
                if (
                    generations[slot] == generation
                    and now < until
                    and (not is_counted or responder.is_within_rate(client, rate_class, now))
                ):
                    length = len(rest) + 2
                    outbox[out : out + 2] = inbox[start : start + 2]
                    outbox[out + 2 : out + length] = rest
                    to_send[i * 2 + 1] = length
                    row[counter] += 1
                    start += RECEIVE_OCTETS
                    out += send_octets
                    name += 32
                    name_end += 32
                    continue
            misses += 1
            reply = self._respond(i)
            if not reply:
                holes.append(i)
            else:
                outbox[out : out + len(reply)] = reply
                to_send[i * 2 + 1] = len(reply)
            start += RECEIVE_OCTETS
            out += send_octets
            name += 32
            name_end += 32
        if self._local:
            self._local.prepare_replies(count)
        return holes, count - misses

    def _respond(self, i: int) -> bytes | None:
        """Ask the responder about datagram ``i``; nothing if it answers later or never."""
        vectors = self._vectors
        length = vectors.received[i * 16 + 14]
        if vectors.received[i * 16 + 12] & _MSG_TRUNC:
            # Longer than any query we read: its header is enough to refuse it.
            length = min(length, RECEIVE_OCTETS)
        peer = vectors.names[i * 32 : i * 32 + 24]
        client = peer[4:8] if self._is_ipv4 else peer[8:24]
        start = i * RECEIVE_OCTETS
        if client not in self._clients:
            self._remember(client)
        request = Request(
            octets=vectors.inbox[start : start + length],
            client=client,
            client_port=peer[2] << 8 | peer[3],
            local=self._local.address(i) if self._local else None,
            transport=Transport.UDP,
            now=time.monotonic(),
            wall_now=int(time.time()),
            scope=0
            if self._is_ipv4
            else int.from_bytes(vectors.names[i * 32 + 24 : i * 32 + 28], sys.byteorder),
        )
        return self._responder.respond(request, self.send_late)

    def send_late(self, request: Request, reply: bytes) -> None:
        """Send the reply to a datagram of an earlier turn."""
        if reply:
            self._late.add(request, reply)

    def _remember(self, client: bytes) -> None:
        if len(self._clients) >= _MAX_CLIENTS:
            self._clients.clear()
            self._responder.row[_READER_CLIENTS] += 1
        self._clients[client] = self._responder.aliases_for(client)

    def _count_lost(self, lost: int) -> None:
        """Count replies that were not sent, all under what kept the last of them."""
        row, full_sends = self._responder.row, self._vectors.full_sends
        is_full = full_sends != self._full_sends
        self._full_sends = full_sends
        row[_LOST_TO_BUFFER if is_full else _LOST] += lost
        row[_SEND_BUFFER] += is_full

    def _send(self, count: int, holes: list[int]) -> int:
        """Send all slots but the holes; how many replies were lost."""
        if not holes:
            return self._vectors.send(0, count)
        lost = start = 0
        for hole in [*holes, count]:
            if hole > start:
                lost += self._vectors.send(start, hole)
            start = hole + 1
        return lost


class _LocalAddresses:
    """Which of our addresses each datagram of a wildcard socket came to.

    A control slot holds one ``cmsghdr`` of 16 octets, then ``in_pktinfo``
    (interface 4, spec_dst 4, address 4) or ``in6_pktinfo`` (address 16,
    interface 4). Sent back as it came, it makes the reply leave from the
    address that was asked (RFC 2181 §4.1).
    """

    def __init__(self, vectors: DatagramVectors, *, ipv4: bool) -> None:
        self._control = vectors.control
        self._ipv4 = ipv4

    def address(self, i: int) -> bytes:
        """Return the packed local address of datagram ``i``."""
        start = i * 64
        if self._ipv4:
            return self._control[start + 24 : start + 28]
        return self._control[start + 16 : start + 32]

    def prepare_replies(self, count: int) -> None:
        """Let routing choose the interface, which it must not for link-local ones."""
        control = self._control
        for start in range(0, count * 64, 64):
            if self._ipv4:
                control[start + 16 : start + 20] = b"\0\0\0\0"
            elif control[start + 16] != 0xFE or control[start + 17] & 0xC0 != 0x80:
                control[start + 32 : start + 36] = b"\0\0\0\0"


def _local_reader(vectors: DatagramVectors, *, ipv4: bool) -> _LocalAddresses | None:
    return _LocalAddresses(vectors, ipv4=ipv4) if vectors.learns_local_address else None


_RECEIVED = metrics.DATAGRAMS_RECEIVED.slot()
_BATCHES = metrics.DATAGRAM_BATCHES.slot()
_HITS = metrics.ANSWER_CACHE_HITS.slot()
_FULL_TURNS = metrics.limit_slot("datagrams_per_turn")
_READER_CLIENTS = metrics.limit_slot("reader_clients")
_SEND_BUFFER = metrics.limit_slot("send_buffer")
_LOST_TO_BUFFER = metrics.drop_slot("send_buffer")
_LOST = metrics.drop_slot("send_failed")
_HIT_BUCKETS = metrics.LATENCY.buckets("hit")
_HIT_FIRST = _HIT_BUCKETS.first
_HIT_BOUNDS = _HIT_BUCKETS.bounds
_HIT_SUM = _HIT_BUCKETS.sum_slot
