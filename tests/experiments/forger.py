"""A name server that takes its time, and forged replies from its own socket."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import select
import socket
import sys
import time
from collections import deque
from functools import partial

from dnsd.net.mmsg import DatagramVectors

UPSTREAM = "127.0.9.4"
RESOLVER = "127.0.0.1"
IN_FLIGHT = 1000
TRUE_PORT_BURST = 1000
# On each way a reply leaves after the one or the other in turn, so that the resolver's
# estimate of the server's time spans both, and no query times out.
SHORT_S, LONG_S = 1.0, 4.0
HONEST = b"\xc0\0\2\1"  # 192.0.2.1
FORGED = b"\xcb\0\x71\x42"  # 203.0.113.66
SLOTS = 512
LOWEST_OCTET = 4  # of a port that a query can come from

_ZONE_WIRE = b"\x07example\x04test\0"
_LABEL = b"\x0awww%07d"
_QUESTION_END = 12 + 11 + len(_ZONE_WIRE) + 4
_REPLY_HEADER = b"\x84\0\0\1\0\1\0\0\0\0"
_ANSWER = b"\xc0\x0c\0\1\0\1\0\0\x01\x2c\0\4"
LETTERS = 3 + 7 + 4


def question(number):
    """The question for the name of a number, in lower case."""
    return _LABEL % number + _ZONE_WIRE + b"\0\1\0\1"


def number_of(octets):
    """Return the number of the name that a message is about."""
    return int(octets[16:23])


class Shared:
    """What the processes tell each other; made before they are forked.

    Attributes:
        in_flight: queries over UDP that the server has not answered.
        names: the numbers of a thousand of them, for the forger.
        ports: source ports of queries, by their places in ``names``.
        datagrams: queries over UDP so far.
        over_tcp: queries over TCP that it has not answered.
        streams: queries over TCP so far.
        plain: queries over UDP without EDNS so far.
        forgeries: forged replies to any port so far.
        bursts: how many queries are still to be answered by forgeries to their port.
        burst_forgeries: forged replies sent to such ports.
        is_slow: whether the server takes its time.
    """

    def __init__(self):
        self.names = multiprocessing.RawArray("I", IN_FLIGHT)
        for name in ("in_flight", "over_tcp", "datagrams", "streams", "plain", "forgeries", "bursts",
                     "burst_forgeries", "is_slow"):  # fmt: skip
            setattr(self, name, multiprocessing.RawValue("q", 0))


class Waiting:
    """Queries of one way that wait for their answers, by the numbers of their names."""

    def __init__(self):
        self._calls = {}  # number → (when it came, how to answer), the oldest first
        self._young = deque()
        self._ripe = []

    def __len__(self):
        return len(self._calls)

    def add(self, number, now, call):
        """Let a query wait; a later one of the same name takes its place."""
        self.drop(number)
        self._calls[number] = now, call
        self._young.append((now, number))

    def drop(self, number):
        """Forget a query that nobody waits for any longer."""
        self._calls.pop(number, None)

    def due(self, now, *, at_once):
        """Yield how to answer: an old one, one that is just old enough, and so on."""
        while self._calls:
            number, (came, call) = next(iter(self._calls.items()))
            if now - came < LONG_S and not at_once:
                return
            del self._calls[number]
            yield call
            while self._young and now - self._young[0][0] >= SHORT_S:
                self._ripe.append(self._young.popleft())
            while self._ripe:
                came, number = self._ripe.pop()
                if number in self._calls and self._calls[number][0] == came:
                    yield self._calls.pop(number)[1]
                    break


class Authority:
    """The zone's name server: answers late, and knows what is in flight.

    Whoever sends from its socket sends from its address and port.
    """

    def __init__(self, shared):
        self.shared = shared
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self.socket.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
        self.socket.bind((UPSTREAM, 0))
        self.port = self.socket.getsockname()[1]
        self._listening = socket.create_server((UPSTREAM, self.port), backlog=512)
        self._listening.setblocking(False)
        self._waiting = Waiting()
        self._flying = set()  # numbers of names that wait over UDP
        self._places = {}  # of some of them → their places among the names
        self._free = list(range(IN_FLIGHT))
        self._streams = {}

    def close(self):
        """Give the sockets back."""
        self.socket.close()
        self._listening.close()

    def run(self):
        """Answer until the process ends."""
        self._burst = Burst(self.socket)
        self._poller = select.epoll()
        self._poller.register(self.socket.fileno(), select.EPOLLIN)
        self._poller.register(self._listening.fileno(), select.EPOLLIN)
        while True:
            for descriptor, _ in self._poller.poll(0.002):
                self._read(descriptor)
            now, at_once = time.monotonic(), not self.shared.is_slow.value
            for waiting in [self._waiting, *(each[2] for each in self._streams.values())]:
                for answer in waiting.due(now, at_once=at_once):
                    answer()

    def _read(self, descriptor):
        if descriptor == self.socket.fileno():
            with contextlib.suppress(BlockingIOError):
                while True:
                    self._datagram(*self.socket.recvfrom(4096, socket.MSG_DONTWAIT))
        elif descriptor == self._listening.fileno():
            with contextlib.suppress(BlockingIOError):
                while True:
                    stream, _ = self._listening.accept()
                    stream.setblocking(False)
                    self._streams[stream.fileno()] = stream, bytearray(), Waiting()
                    self._poller.register(stream.fileno(), select.EPOLLIN)
        else:
            self._stream(*self._streams[descriptor])

    def _datagram(self, octets, client):
        shared, number = self.shared, number_of(octets)
        shared.datagrams.value += 1
        shared.plain.value += octets[11] == 0
        if shared.bursts.value > 0:
            shared.burst_forgeries.value += self._burst.send(client[1], number)
            shared.bursts.value -= 1
        if self._free and number not in self._places:
            place = self._places[number] = self._free.pop()
            shared.names[place] = number
        self._flying.add(number)
        shared.in_flight.value = len(self._flying)
        self._waiting.add(
            number, time.monotonic(), lambda: self._answer_datagram(octets, client, number)
        )

    def _answer_datagram(self, octets, client, number):
        self._over(number)
        with contextlib.suppress(OSError):
            self.socket.sendto(reply_to(octets, HONEST), client)

    def _over(self, number):
        """Note that a query over UDP waits no more."""
        place = self._places.pop(number, None)
        if place is not None:
            self._free.append(place)
        self._flying.discard(number)
        self.shared.in_flight.value = len(self._flying)

    def _stream(self, stream, buffer, waiting):
        try:
            octets = stream.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if not octets:
            self._poller.unregister(stream.fileno())
            self.shared.over_tcp.value -= len(waiting)
            del self._streams[stream.fileno()]
            stream.close()
            return
        buffer += octets
        while len(buffer) >= 2 and len(buffer) >= 2 + (size := int.from_bytes(buffer[:2], "big")):
            query = bytes(buffer[2 : 2 + size])
            del buffer[: 2 + size]
            self.shared.streams.value += 1
            # Asked again over TCP: the exchange over UDP has ended.
            number = number_of(query)
            self._over(number)
            self._waiting.drop(number)
            reply = reply_to(query, HONEST)
            self.shared.over_tcp.value += 1
            waiting.add(number, time.monotonic(), partial(self._send_all, stream, reply))

    def _send_all(self, stream, reply):
        self.shared.over_tcp.value -= 1
        if stream.fileno() >= 0:
            with contextlib.suppress(OSError):
                stream.sendall(len(reply).to_bytes(2, "big") + reply)


def reply_to(octets, address):
    """Answer a query with an address."""
    return octets[:2] + _REPLY_HEADER + octets[12:_QUESTION_END] + _ANSWER + address


class Forgeries:
    """Forged replies in the slots of one system call, sent from the server's own socket."""

    def __init__(self, opened, slots=SLOTS):
        reply = reply_to(bytes(12) + question(0), FORGED)
        self.size = len(reply)
        self.slots = slots
        self._vectors = vectors = DatagramVectors(opened, slots, self.size)
        vectors.outbox[:] = reply * slots
        name = socket.AF_INET.to_bytes(2, sys.byteorder) + bytes(2) + socket.inet_aton(RESOLVER)
        vectors.names[:] = name.ljust(32, b"\0") * slots
        for slot in range(slots):
            vectors.to_send[slot * 2 + 1] = self.size

    def fill(self, ports, ids, numbers):
        """Set what differs: octets of ports and IDs one after the other, numbers of names."""
        names, outbox, size = self._vectors.names, self._vectors.outbox, self.size
        names[2::32], names[3::32] = ports[0::2], ports[1::2]
        outbox[0::size], outbox[1::size] = ids[0::2], ids[1::2]
        if numbers is not None:
            digits = b"".join([b"%07d" % number for number in numbers])
            for place in range(7):
                outbox[16 + place :: size] = digits[place::7]

    def send(self):
        """Send all slots; how many the kernel took."""
        return self.slots - self._vectors.send(0, self.slots)


class Burst:
    """Forgeries to one port, all IDs different."""

    def __init__(self, opened):
        self._forgeries = Forgeries(opened, TRUE_PORT_BURST)

    def send(self, port, number):
        """Attack the port that a query came from; how many the kernel took."""
        count = TRUE_PORT_BURST
        start = int.from_bytes(os.urandom(2), "big")
        ids = b"".join([(start + 61 * i & 0xFFFF).to_bytes(2, "big") for i in range(count)])
        self._forgeries.fill(port.to_bytes(2, "big") * count, ids, [number] * count)
        return self._forgeries.send()


def forge(opened, shared, count, rate):
    """Send forged replies to any port, with any ID, about the names in flight.

    Args:
        opened: the server's socket.
        shared: what is in flight.
        count: how many.
        rate: at most so many a second.
    """
    forgeries = Forgeries(opened)
    low = bytes(range(LOWEST_OCTET))
    began, tried = time.monotonic(), 0
    highs = b""
    while tried < count:
        while len(highs) < SLOTS:
            # What falls below the lowest port is drawn again.
            highs += os.urandom(2 * SLOTS).translate(None, low)
        ports = bytearray(os.urandom(2 * SLOTS))
        ports[0::2], highs = highs[:SLOTS], highs[SLOTS:]
        # The names change slowly, so not each time.
        numbers = (
            (list(shared.names) * 2)[tried % IN_FLIGHT :][:SLOTS] if tried % 4096 == 0 else None
        )
        forgeries.fill(bytes(ports), os.urandom(2 * SLOTS), numbers)
        shared.forgeries.value += forgeries.send()
        tried += SLOTS
        ahead_s = tried / rate - (time.monotonic() - began)
        if ahead_s > 0:
            time.sleep(ahead_s)
