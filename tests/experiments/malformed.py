"""Malformed messages at the live server: no crash, no fault, no leak, no bad reply.

    python tests/experiments/malformed.py [--full]

Valid queries, hostile vectors made by hand, and seeded damage to both are sent to
the running server over UDP and TCP. Shown: the server lives, raised no exception
(``dnsd_query_faults_total``, uncaught ones, tracebacks in the log: 0), holds no
more descriptors and memory than before, within 1 %, and answers as before. Each
reply must be readable by dnspython, with the ID of what was sent, of at most 1,232
octets over UDP, never SERVFAIL, at most one for each message, and none to a
response or to less than a header.

Takes 10 s; with ``--full`` 10⁶ datagrams and 10⁵ messages over TCP, ten minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import random
import socket
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import dns.message
import dns.opcode
import dns.rcode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.daemon import UNLIMITED, Daemon, verdict
from experiments.mutations import ZONE, messages
from fakes.octets import opt, query

ORIGIN = "example.test."
BATCH = 60
PER_CONNECTION = 30
SOURCES = 50  # client addresses; 20 connections of one are allowed at once

# Sent behind each batch: when its reply is there, all of the batch's are.
SENTINEL_ID = b"\xff\xff"
SENTINEL = SENTINEL_ID + query("www.example.test.", 1, edns=opt())[2:]

# Small caches are full after the warm-up, so that what grows later is a leak.
SMALL_CACHES = {"answer_cache_entries": 256, "answer_cache_aliases": 256, "view_table": 64}

PROBES = tuple(
    query(name, qtype, edns=edns)
    for name, qtype in (("www.example.test.", 1), ("none.example.test.", 1), ("big.example.test.", 16),
                        ("www.sub.example.test.", 1), ("a.wild.example.test.", 16), ("other.example.", 1))
    for edns in (None, opt())
)  # fmt: skip


class Auditor:
    """Judges replies and counts what they were."""

    def __init__(self):
        self.rcodes = Counter()
        self.sent = self.replies = 0
        self.failures = []
        self._read = {}

    def fail(self, what, sent, reply=b""):
        """Note a broken promise with all that is needed to repeat it."""
        if len(self.failures) < 50:
            self.failures.append(f"{what}: sent {sent.hex()[:400]} got {reply.hex()[:400]}")

    def judge(self, sent, reply, *, max_octets):
        """Judge one reply to one message."""
        self.replies += 1
        if len(reply) < 12 or not reply[2] & 0x80:
            return self.fail("no response", sent, reply)
        if len(reply) > max_octets:
            return self.fail("too long", sent, reply)
        if len(sent) < 12 or sent[2] & 0x80:
            return self.fail("a reply to no query", sent, reply)
        if (reply[2] ^ sent[2]) & 0x78:
            return self.fail("another opcode", sent, reply)
        try:
            rcode = self._rcode(reply)
        except Exception as error:  # noqa: BLE001 - whatever dnspython finds wrong with it
            return self.fail(f"unreadable: {error!r}", sent, reply)
        self.rcodes[rcode] += 1
        if rcode == dns.rcode.SERVFAIL:
            self.fail("SERVFAIL", sent, reply)
        return None

    def _rcode(self, reply):
        rest = reply[2:]
        rcode = self._read.get(rest)
        if rcode is None:
            # As if to a query: dnspython reads no reply to an UPDATE whose question is none.
            as_query = bytes((0, 0, rest[0] & 0x87)) + rest[1:]
            rcode = dns.message.from_wire(as_query).rcode()
            if len(self._read) > 20000:
                self._read.clear()
            self._read[rest] = rcode
        return rcode


def with_id(octets, number):
    """The message with an ID of its own, if it is long enough to have one."""
    return number.to_bytes(2, "big") + octets[2:] if len(octets) >= 2 else octets


def send_datagrams(server, octets, auditor):
    """Send datagrams in batches from many addresses, judge the replies."""
    numbers = itertools.cycle(range(0xFFFF))
    with contextlib.ExitStack() as stack:
        sockets = []
        for i in range(SOURCES):
            opened = stack.enter_context(contextlib.closing(socket.socket(type=socket.SOCK_DGRAM)))
            opened.bind((f"127.0.1.{i + 1}", 0))
            opened.connect((server.address, server.port))
            opened.settimeout(10)
            sockets.append(opened)
        for opened in itertools.cycle(sockets):
            batch = [with_id(each, next(numbers)) for each in itertools.islice(octets, BATCH)]
            if not batch:
                return
            _exchange_batch(opened, batch, auditor)


def _exchange_batch(opened, batch, auditor):
    waiting = {}
    for each in batch:
        opened.send(each[:65000])
        auditor.sent += 1
        if len(each) >= 2:
            waiting[each[:2]] = each
    opened.send(SENTINEL)
    while True:
        try:
            reply = opened.recv(65535)
        except TimeoutError:
            auditor.fail("no reply to the query behind these", b" | ".join(batch))
            return
        if reply[:2] == SENTINEL_ID:
            return
        sent = waiting.pop(reply[:2], None)
        if sent is None:
            auditor.fail("a second reply, or one to nothing", b"", reply)
        else:
            auditor.judge(sent, reply, max_octets=1232)


def send_streams(server, octets, auditor, seed):
    """Send messages over connections in random pieces; every tenth ends in the middle."""
    draw = random.Random(seed)
    for number in itertools.count():
        batch = [
            with_id(each, i) for i, each in enumerate(itertools.islice(octets, PER_CONNECTION))
        ]
        if not batch:
            return
        with contextlib.closing(socket.socket()) as opened:
            opened.settimeout(10)
            opened.bind((f"127.0.2.{number % SOURCES + 1}", 0))
            opened.connect((server.address, server.port))
            auditor.sent += len(batch)
            _converse(opened, batch, auditor, draw, torn=number % 10 == 9)


def _converse(opened, batch, auditor, draw, *, torn):
    stream = b"".join(len(each).to_bytes(2, "big") + each for each in batch)
    if torn:
        stream = stream[: draw.randrange(len(stream))]
    else:
        stream += len(SENTINEL).to_bytes(2, "big") + SENTINEL
    while stream:
        size = draw.choice((1, 2, 3, 50, 1000, 100_000))
        opened.sendall(stream[:size])
        stream = stream[size:]
    if torn:
        opened.shutdown(socket.SHUT_WR)
    waiting = {each[:2]: each for each in batch if len(each) >= 2}
    try:
        for reply in _replies(opened):
            if reply[:2] == SENTINEL_ID:
                return
            sent = waiting.pop(reply[:2], None)
            if sent is None:
                auditor.fail("a second reply, or one to nothing", b"", reply)
            else:
                auditor.judge(sent, reply, max_octets=65535)
    except OSError as error:
        auditor.fail(f"connection failed: {error!r}", b" | ".join(batch))
        return
    if not torn:
        auditor.fail("connection closed before its end", b" | ".join(batch))


def _replies(opened):
    """Whole messages of a stream until it ends."""
    with opened.makefile("rb") as stream:
        while len(prefix := stream.read(2)) == 2:
            size = int.from_bytes(prefix, "big")
            reply = stream.read(size)
            if len(reply) < size:
                raise ConnectionError("half a message")
            yield reply


@dataclass
class Outcome:
    """What a run showed."""

    datagrams: Auditor
    streams: Auditor
    descriptors: tuple[int, int]
    growth: float
    failures: list


def run(directory, *, datagrams, streams, seed=1):
    """Send so many, the first tenth of them before memory is looked at."""
    over_udp, over_tcp = Auditor(), Auditor()
    limits = {**UNLIMITED, **SMALL_CACHES}
    with Daemon(directory, {ORIGIN: ZONE}, limits=limits) as server:
        source = messages(seed)

        def send(share):
            send_datagrams(server, itertools.islice(source, int(datagrams * share)), over_udp)
            send_streams(server, itertools.islice(source, int(streams * share)), over_tcp, seed)
            server.settle()

        send(0.1)
        probes = [server.ask(probe) for probe in PROBES]
        before = server.descriptors(), server.memory_kib(looks=10)
        send(0.9)
        after = server.descriptors(), server.memory_kib(looks=10)
        failures = over_udp.failures + over_tcp.failures + server.faults()
        if [server.ask(probe) for probe in PROBES] != probes:
            failures.append("other answers than before")
    growth = after[1] / before[1] - 1
    return Outcome(over_udp, over_tcp, (before[0], after[0]), growth, failures)


def main():
    """Run at the size asked for; exit 1 outside the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    datagrams, streams = (1_000_000, 100_000) if options.full else (30_000, 3_000)
    with tempfile.TemporaryDirectory() as directory:
        outcome = run(Path(directory), datagrams=datagrams, streams=streams, seed=options.seed)
    failures = outcome.failures
    before, after = outcome.descriptors
    if after > before:
        failures.append("descriptors leaked")
    if options.full and abs(outcome.growth) > 0.01:
        failures.append("memory is not back where it was")
    udp, tcp = outcome.datagrams, outcome.streams
    rcodes = (udp.rcodes + tcp.rcodes).most_common()
    replies = ", ".join(f"{count:,} {dns.rcode.to_text(rcode)}" for rcode, count in rcodes)
    return verdict(
        f"{udp.sent:,} datagrams and {tcp.sent:,} TCP messages: {len(failures)} failures, "
        f"descriptors {before} to {after}, memory {outcome.growth:+.2%}; replies: {replies}",
        failures,
    )


if __name__ == "__main__":
    sys.exit(main())
