"""All clients of SMTP together: how many may be connected, and how much each may send.

What counts as one client, whoever asks decides; here it is a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Clients remembered within one window of a rate.
_MAX_CLIENTS: Final = 4096


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """What clients may do together, and each.

    Attributes:
        connections: at once (``smtp_connections``).
        connections_per_client: at once (``smtp_connections_per_client``).
        messages_per_minute: of each client (``smtp_messages``).
        handshakes_per_second: of each client (``smtp_handshakes``).
        stress_share: share of the connections above which times are short, 0..1.
    """

    connections: int = 200
    connections_per_client: int = 20
    messages_per_minute: int = 300
    handshakes_per_second: int = 20
    stress_share: float = 0.8


class Rate:
    """So many of something in a span of time, for each client."""

    __slots__ = ("_counts", "_limit", "_window", "_window_s")

    def __init__(self, limit: int, window_s: float) -> None:
        """Allow.

        Args:
            limit: so many...
            window_s: ...in so many seconds.
        """
        self._limit = limit
        self._window_s = window_s
        self._window = 0
        self._counts: dict[bytes, int] = {}

    def allows(self, client: bytes, now: float) -> bool:
        """Count one more; whether it is within the rate."""
        window = int(now / self._window_s)
        # When the table is full its window ends early: memory is bounded, not the rate.
        if window != self._window or len(self._counts) >= _MAX_CLIENTS:
            self._window = window
            self._counts.clear()
        count = self._counts.get(client, 0) + 1
        self._counts[client] = count
        return count <= self._limit


class Clients:
    """Who is connected.

    Attributes:
        messages: rate of messages.
        handshakes: rate of TLS handshakes.
    """

    def __init__(self, limits: ClientLimits) -> None:
        self.messages = Rate(limits.messages_per_minute, 60.0)
        self.handshakes = Rate(limits.handshakes_per_second, 1.0)
        self._limits = limits
        self._connected: dict[bytes, int] = {}
        self._count = 0

    @property
    def are_many(self) -> bool:
        """Whether most connections are taken."""
        return self._count > self._limits.connections * self._limits.stress_share

    def connect(self, client: bytes) -> str:
        """Take a connection on.

        Returns:
            The limit for which it is refused; empty if it is not.
        """
        if self._count >= self._limits.connections:
            return "smtp_connections"
        of_client = self._connected.get(client, 0)
        if of_client >= self._limits.connections_per_client:
            return "smtp_connections_per_client"
        self._connected[client] = of_client + 1
        self._count += 1
        return ""

    def disconnect(self, client: bytes) -> None:
        """Forget a connection that was taken on."""
        self._count -= 1
        left = self._connected[client] - 1
        if left:
            self._connected[client] = left
        else:
            del self._connected[client]
