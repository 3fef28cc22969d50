"""One client's conversation over a stream: framing, deadlines, back-pressure.

A message is preceded by its length in two octets (RFC 1035 §4.2.2); queries may
be pipelined and each is answered when its answer is there (RFC 7766 §6.2.1.1).
The driver feeds octets, takes messages one at a time, gives each a reply, and
writes what :meth:`StreamSession.octets_to_send` hands out::

    receive(octets) ─► next_message() ─► send(reply) ─► octets_to_send() ─┐
                       None while paused                 again when it went ┘

Deadlines, the earliest counts:

    waiting for              allowed            from
    the first message        first_message_s    the connection
    the rest of a message    message_s          its first octet
    the next message         idle_s, less when  the last reply
                             many are connected
    the client to read       stall_s            the last octets that it took

However the octets are split, the messages are the same. Memory: while a whole
message waits, or replies of ``unsent_octets`` do, the driver must not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_LENGTH_OCTETS: Final = 2

# Shares of the allowed connections from which idle ones are closed sooner.
_BUSY: Final = 0.5
_FULL: Final = 0.8

# One write of the driver. Progress is seen when the kernel has taken all of it,
# so a client must read at least this much in `stall_s`.
_CHUNK_OCTETS: Final = 16384


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """Limits of one connection; each is followed by the name it counts under.

    Attributes:
        first_message_s: from accept to the first message (``tcp_first_message``).
        message_s: from a message's first octet to its last (``tcp_whole_message``).
        idle_s: without a query (``tcp_idle``).
        idle_busy_s: the same with half of the connections in use.
        idle_full_s: the same with four fifths in use.
        in_flight: queries without a reply (``tcp_in_flight``).
        unsent_octets: of replies, before no more queries are taken (``tcp_unsent``).
        stall_s: a client with unsent octets reads nothing (``tcp_unsent_time``).
    """

    first_message_s: float = 3.0
    message_s: float = 2.0
    idle_s: float = 10.0
    idle_busy_s: float = 1.0
    idle_full_s: float = 0.2
    in_flight: int = 32
    unsent_octets: int = 65536
    stall_s: float = 5.0

    def idle_limit_s(self, load: float) -> float:
        """Return how long a connection may be idle (RFC 7766 §6.2.3).

        Args:
            load: connections in use as a share of those allowed, 0..1.
        """
        if load >= _FULL:
            return self.idle_full_s
        return self.idle_busy_s if load >= _BUSY else self.idle_s

    def quiet_deadline(
        self, active_at: float, incomplete_since: float | None, load: float, *, took_any: bool
    ) -> tuple[float, str]:
        """Return when a connection must be closed on which nothing waits.

        Args:
            active_at: when something last happened on it.
            incomplete_since: first octets of the message that is not whole yet;
                ``None`` without one.
            load: connections in use as a share of those allowed, 0..1.
            took_any: a message was whole before.

        Returns:
            Monotonic seconds, and the name of the limit.
        """
        if not took_any:
            limit = active_at + self.first_message_s, "tcp_first_message"
        else:
            limit = active_at + self.idle_limit_s(load), "tcp_idle"
        if incomplete_since is None:
            return limit
        message = incomplete_since + self.message_s, "tcp_whole_message"
        return message if took_any else min(limit, message)


class StreamSession:
    """The state of one connection, without the connection."""

    __slots__ = (
        "_active_at",
        "_ended",
        "_in_flight",
        "_options",
        "_outgoing",
        "_progress_at",
        "_received",
        "_started_at",
        "_took_any",
        "_written",
    )

    def __init__(self, options: StreamOptions, now: float) -> None:
        self._options = options
        self._received = bytearray()
        self._outgoing = bytearray()
        self._written = 0  # octets that the driver was handed and the kernel has not
        self._in_flight = 0
        self._took_any = False
        self._ended = False
        self._active_at = now
        self._started_at = now  # of the message that is incomplete
        self._progress_at = now

    def receive(self, octets: bytes, now: float) -> None:
        """Take octets as they came from the client."""
        if not self._received:
            self._started_at = now
        self._received += octets

    def end(self) -> None:
        """Note that the client sends no more; it still reads its replies."""
        self._ended = True

    def next_message(self, now: float) -> bytes | None:
        """Hand out the next whole message.

        Returns:
            The message without its length; ``None`` when there is none, too
            many are in flight, or too many octets wait to be sent.
        """
        if not self.has_message or self.paused_by:
            return None
        received = self._received
        end = _LENGTH_OCTETS + (received[0] << 8 | received[1])
        message = bytes(received[_LENGTH_OCTETS:end])
        del received[:end]
        self._in_flight += 1
        self._took_any = True
        # Octets behind this message may have come with it and waited for us.
        self._active_at = self._started_at = now
        return message

    def send(self, reply: bytes, now: float) -> None:
        """Take the reply to one of the messages handed out.

        Args:
            reply: a whole message of up to 65,535 octets, or nothing if the
                message is not answered.
            now: monotonic seconds.
        """
        self._in_flight -= 1
        self._active_at = now
        if not reply:
            return
        if not self.unsent_octets:
            self._progress_at = now
        self._outgoing += len(reply).to_bytes(_LENGTH_OCTETS, "big")
        self._outgoing += reply

    def octets_to_send(self, now: float) -> bytes:
        """Hand out octets for the transport, none when there are none.

        The driver calls this only when the kernel has taken all that was handed
        out before; so this is also where progress is noticed.
        """
        if self._written:
            self._progress_at = self._active_at = now
        chunk = bytes(self._outgoing[:_CHUNK_OCTETS])
        del self._outgoing[:_CHUNK_OCTETS]
        self._written = len(chunk)
        return chunk

    @property
    def unsent_octets(self) -> int:
        """Octets of replies that the kernel has not taken."""
        return len(self._outgoing) + self._written

    @property
    def has_octets(self) -> bool:
        """Whether there is something for the transport now."""
        return bool(self._outgoing)

    @property
    def paused_by(self) -> str:
        """Name the limit for which no message is handed out; empty if none."""
        if self._in_flight >= self._options.in_flight:
            return "tcp_in_flight"
        return "tcp_unsent" if self.unsent_octets >= self._options.unsent_octets else ""

    @property
    def has_message(self) -> bool:
        """Whether a whole message is here that was not handed out."""
        received = self._received
        return len(received) >= _LENGTH_OCTETS and len(received) >= _LENGTH_OCTETS + (
            received[0] << 8 | received[1]
        )

    @property
    def wants_octets(self) -> bool:
        """Whether the driver should read: nothing is waiting and no limit is hit."""
        return not self._ended and not self.paused_by and not self.has_message

    @property
    def is_finished(self) -> bool:
        """Whether the client has ended and every reply is on its way."""
        idle = not self._in_flight and not self.unsent_octets
        return self._ended and idle and not self.has_message

    @property
    def is_answering(self) -> bool:
        """Whether a message was handed out that got no reply yet."""
        return self._in_flight > 0

    def deadline(self, load: float) -> tuple[float, str]:
        """Return when the connection must be closed unless something happens.

        Args:
            load: connections in use as a share of those allowed, 0..1.

        Returns:
            Monotonic seconds, and the name of the limit.
        """
        options = self._options
        if self.unsent_octets:
            return self._progress_at + options.stall_s, "tcp_unsent_time"
        if self._in_flight or self.has_message:
            return float("inf"), ""
        incomplete_since = self._started_at if self._received else None
        return options.quiet_deadline(
            self._active_at, incomplete_since, load, took_any=self._took_any
        )
