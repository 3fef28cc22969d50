"""Clients of experiments: a steady stream of queries, each reply judged."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from dataclasses import dataclass, field

# A query without a reply for so long has failed; nothing is asked twice.
PATIENCE_S = 3.0


@dataclass
class Tally:
    """What a steady client saw.

    Attributes:
        asked: queries sent.
        answered: replies that were right.
        wrong: what was wrong with the others, at most 100 of them in words.
        wrong_count: how many there were.
        lost: moments of sending, monotonic seconds, of queries without a reply.
        repeated: replies to nothing that was asked.
    """

    asked: int = 0
    answered: int = 0
    wrong: list[str] = field(default_factory=list)
    wrong_count: int = 0
    lost: list[float] = field(default_factory=list)
    repeated: int = 0

    @property
    def failed(self):
        """Queries that got no right reply."""
        return len(self.lost) + self.wrong_count

    @property
    def failed_share(self):
        """The same as a share of all."""
        return self.failed / max(1, self.asked)


class SteadyClient(threading.Thread):
    """Asks at a constant rate from several sockets until it is stopped.

    A socket of its own for each of ``sockets`` local ports, so that the kernel
    spreads them over all workers.
    """

    def __init__(self, server, questions, judge, *, rate=1000, sockets=16):
        """Prepare; :meth:`start` begins.

        Args:
            server: its ``address`` and ``port`` are asked.
            questions: octets of queries, asked in turn; their ID is replaced.
            judge: called with the place of the question, the time of sending and
                the reply; returns what is wrong with it, or nothing.
            rate: queries a second.
            sockets: local ports.
        """
        super().__init__(daemon=True)
        self.tally = Tally()
        self.failure = None
        self._questions = [question[2:] for question in questions]
        self._judge = judge
        self._interval_s = 1 / rate
        self._over = threading.Event()
        self._waiting = [{} for _ in range(sockets)]
        self._selector = selectors.DefaultSelector()
        self._sockets = []
        for number in range(sockets):
            opened = socket.socket(type=socket.SOCK_DGRAM)
            opened.connect((server.address, server.port))
            opened.setblocking(False)
            self._selector.register(opened, selectors.EVENT_READ, number)
            self._sockets.append(opened)

    def __enter__(self):
        self.start()
        return self.tally

    def __exit__(self, *_):
        self._over.set()
        self.join()
        for opened in self._sockets:
            opened.close()
        self._selector.close()
        if self.failure:
            raise self.failure

    def run(self):
        """Ask until stopped, then wait for the last replies."""
        try:
            self._run()
        except BaseException as error:
            self.failure = error
            raise

    def _run(self):
        due_at = time.monotonic()
        while not self._over.is_set():
            now = time.monotonic()
            # After a pause of the machine's the queries missed are not made up for at once.
            due_at = max(due_at, now - 0.1)
            while due_at <= now:
                self._ask(now)
                due_at += self._interval_s
            self._hear(max(0.0, due_at - time.monotonic()))
        give_up_at = time.monotonic() + PATIENCE_S
        while any(self._waiting) and time.monotonic() < give_up_at:
            self._hear(0.05)
        for waiting in self._waiting:
            self.tally.lost += [sent_at for sent_at, _ in waiting.values()]

    def _ask(self, now):
        number = self.tally.asked
        self.tally.asked += 1
        which = number % len(self._sockets)
        waiting = self._waiting[which]
        key = (number // len(self._sockets) & 0xFFFF).to_bytes(2, "big")
        place = number % len(self._questions)
        before = waiting.pop(key, None)
        if before is not None:
            self.tally.lost.append(before[0])
        waiting[key] = now, place
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):  # it counts as lost
            self._sockets[which].send(key + self._questions[place])
        for early in list(waiting)[:2]:
            if now - waiting[early][0] > PATIENCE_S:
                self.tally.lost.append(waiting.pop(early)[0])

    def _hear(self, timeout_s):
        for key, _ in self._selector.select(timeout_s):
            while True:
                try:
                    reply = key.fileobj.recv(4096)
                except BlockingIOError:
                    break
                except ConnectionRefusedError:
                    continue
                self._take(key.data, reply)

    def _take(self, which, reply):
        tally = self.tally
        asked = self._waiting[which].pop(reply[:2], None)
        if asked is None:
            tally.repeated += 1
            return
        sent_at, place = asked
        complaint = self._judge(place, sent_at, reply)
        if not complaint:
            tally.answered += 1
            return
        tally.wrong_count += 1
        if len(tally.wrong) < 100:
            tally.wrong.append(complaint)
