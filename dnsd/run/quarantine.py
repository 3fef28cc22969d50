"""Refuse the request that killed two processes, for a minute.

No request should be able to kill a worker; when one does, by a defect below
Python or by a loop without end, its sender would kill the next worker with the
next copy. So each process writes down a fingerprint of the request it is working
on, in memory that outlives it. The supervisor counts the fingerprints found in
dead processes, and all processes drop a request whose fingerprint was found twice.

Layout of the shared slots, 64 bits each::

    in hand    one slot a row: fingerprint of the request it works on, 0 = none
    held       HELD pairs: fingerprint, monotonic milliseconds until it is held

Only the supervisor writes ``held``; only the process of a row its slot in hand.
The fingerprint is Python's keyed hash, whose key all forks of one supervisor
share and nobody outside knows.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

from dnsd.query.request import Reply

if TYPE_CHECKING:
    from dnsd.net.responder import Answers
    from dnsd.query.pipeline import Later
    from dnsd.query.request import Request

HOLD_S = 60.0
DEATHS_TO_HOLD = 2
# Fingerprints held at once; a new one takes the place of the one that ends first.
HELD = 16
# Fingerprints of single deaths remembered; the oldest is forgotten.
REMEMBERED = 64

_FINGERPRINT_MASK = (1 << 64) - 1


class Quarantine:
    """The shared slots, made before the first fork."""

    def __init__(self, rows: int) -> None:
        self._slots = memoryview(mmap.mmap(-1, 8 * (rows + 2 * HELD))).cast("Q")
        self.in_hand = self._slots[:rows]
        self.held = self._slots[rows:]
        self._deaths: dict[int, int] = {}

    def died(self, row: int, now: float) -> bool:
        """Note that the process of a row died, by the supervisor.

        Args:
            row: whose slot in hand is read and cleared.
            now: monotonic seconds.

        Returns:
            Whether its request is held from now on.
        """
        fingerprint = self.in_hand[row]
        self.in_hand[row] = 0
        if not fingerprint:
            return False
        deaths = self._deaths.pop(fingerprint, 0) + 1
        if deaths < DEATHS_TO_HOLD:
            if len(self._deaths) >= REMEMBERED:
                del self._deaths[next(iter(self._deaths))]
            self._deaths[fingerprint] = deaths
            return False
        # Remembered, so that the next death after the hold holds it again at once.
        self._deaths[fingerprint] = deaths
        self._hold(fingerprint, int((now + HOLD_S) * 1000))
        return True

    def _hold(self, fingerprint: int, until_ms: int) -> None:
        place = min(range(0, 2 * HELD, 2), key=lambda place: self.held[place + 1])
        self.held[place] = fingerprint
        self.held[place + 1] = until_ms

    def is_held(self, fingerprint: int, now: float) -> bool:
        """Tell whether requests with this fingerprint are dropped."""
        held = self.held
        if not held[0]:  # the first place is the first to be taken
            return False
        for place in range(0, 2 * HELD, 2):
            if held[place] == fingerprint and held[place + 1] > now * 1000:
                return True
        return False


class Guarded:
    """A pipeline behind the quarantine, in one process."""

    def __init__(self, answers: Answers, quarantine: Quarantine, row: int) -> None:
        """Guard a pipeline.

        Args:
            answers: the pipeline.
            quarantine: shared by all processes.
            row: the row of this process.
        """
        self._answers = answers
        self._quarantine = quarantine
        self._in_hand = quarantine.in_hand
        self._row = row

    def reply(self, request: Request, later: Later) -> Reply | None:
        """Answer a request, now or later, or drop it while it is held."""
        # The ID is left out: a retransmission gets a new one.
        fingerprint = hash(request.octets[2:]) & _FINGERPRINT_MASK
        if self._quarantine.is_held(fingerprint, request.now):
            return Reply(b"", dropped="quarantine")
        self._in_hand[self._row] = fingerprint
        reply = self._answers.reply(request, later)
        self._in_hand[self._row] = 0
        return reply
