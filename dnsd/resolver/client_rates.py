"""What one client may make us do: questions that need work, and answers it waits for.

A client is an IPv4 address or an IPv6 /64, because a host chooses its addresses in
its subnet itself (RFC 4291 §2.5.1).

**Misses** are questions that the cache cannot answer. Each client has a counter, the
moment at which its debt will be paid off, as in response rate limiting; it stands in
two rows of fixed length, in cells found by a keyed hash, and the lesser counts. So
memory never grows and no client can make another's debt forgotten.

**Waiting answers** are counted exactly. Who can be forged may have few: answers
collected from slow servers and let go at one moment would all hit whoever was forged
(DNSBomb). A cookie, or a stream, shows that the client is there (RFC 7873 §5.2.5).
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Final

#: Names of the limits, as metrics call them.
MISSES_LIMIT: Final = "client_misses"
WAITING_LIMIT: Final = "waiting_answers"
_IPV6_LOOPBACK: Final = bytes(15) + b"\x01"


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """Limits for each client.

    Attributes:
        misses_per_second: questions that the cache cannot answer; 0 for no limit.
        misses_burst: how many may come at once, at least one.
        waiting: answers waited for by a client that may be forged.
        waiting_proven: the same for one with a cookie, or over a stream.
        workers: processes that share the rate.
        cells: length of a row, rounded up to a power of two; 8 octets each.
    """

    misses_per_second: float = 200.0
    misses_burst: float = 400.0
    waiting: int = 100
    waiting_proven: int = 1000
    workers: int = 1
    cells: int = 65536


def client_key(client: bytes) -> bytes:
    """Return what an address of 4 or 16 octets is counted by."""
    return client if len(client) == 4 else client[:8]


def is_loopback(client: bytes) -> bool:
    """Tell whether an address of 4 or 16 octets is this machine's own."""
    return client[0] == 127 if len(client) == 4 else client == _IPV6_LOOPBACK


class MissRates:
    """Decides whether a client may have one more question resolved."""

    __slots__ = ("_first", "_interval_s", "_mask", "_second", "_tolerance_s")

    def __init__(self, limits: ClientLimits) -> None:
        rate = limits.misses_per_second / limits.workers
        burst = max(1.0, limits.misses_burst / limits.workers)
        self._interval_s = 1 / rate if rate else 0.0
        # A burst of n is n - 1 intervals of debt before the last one; the microsecond
        # keeps rounding from taking that one away.
        self._tolerance_s = (burst - 1) * self._interval_s + 1e-6
        cells = 1 << (limits.cells - 1).bit_length()
        self._mask = cells - 1
        self._first = array("d", bytes(8 * cells))
        self._second = array("d", bytes(8 * cells))

    def allow(self, client: bytes, now: float) -> bool:
        """Tell whether one more miss is within the client's rate; counts it if so.

        Over any time, at most ``rate * time + burst`` are allowed to one client.

        Args:
            client: address of 4 or 16 octets.
            now: monotonic seconds.
        """
        if not self._interval_s:
            return True
        key = hash(client_key(client))
        i = key & self._mask
        j = key >> 32 & self._mask
        paid_at = max(now, min(self._first[i], self._second[j]))
        if paid_at - now > self._tolerance_s:
            return False
        paid_at += self._interval_s
        # No cell goes back, and none further than this client's own debt, so that each
        # is at or above the debt of every client that it stands for.
        self._first[i] = max(self._first[i], paid_at)
        self._second[j] = max(self._second[j], paid_at)
        return True


class WaitingAnswers:
    """Counts what each client waits for; as large as there are such clients.

    The whole is bounded by how many client queries may wait at all (``shedding``).
    """

    __slots__ = ("_counts", "_waiting", "_waiting_proven")

    def __init__(self, limits: ClientLimits) -> None:
        self._waiting = limits.waiting
        self._waiting_proven = limits.waiting_proven
        self._counts: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def count(self, client: bytes) -> int:
        """Return how many answers a client waits for."""
        return self._counts.get(client_key(client), 0)

    def enter(self, client: bytes, *, proven: bool) -> bool:
        """Tell whether a client may wait for one more answer; counts it if so.

        Args:
            client: address of 4 or 16 octets.
            proven: asks with a good server cookie or over a stream. What it waits for
                otherwise counts all the same.
        """
        key = client_key(client)
        count = self._counts.get(key, 0)
        if count >= (self._waiting_proven if proven else self._waiting):
            return False
        self._counts[key] = count + 1
        return True

    def leave(self, client: bytes) -> None:
        """Count one that entered as answered, or given up."""
        key = client_key(client)
        count = self._counts[key] - 1
        if count:
            self._counts[key] = count
        else:
            del self._counts[key]
