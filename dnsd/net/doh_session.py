"""One client's conversation over HTTP, whatever the version, without a socket.

The same rhythm and the same deadlines as ``query.stream`` has for DNS over TCP::

    receive(octets) ─► next_query() ─► answer(query, reply) ─► octets_to_send() ─┐
                       None while paused                       again when it went ┘

What is refused is refused here; only queries are handed out. Memory: bodies of
requests that are not whole are bounded together, whole queries by their number,
replies as over TCP.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from dnsd.net.doh_message import Head, Refusal, Response, query_of, refused, response_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.net.doh_message import DohOptions
    from dnsd.query.stream import StreamOptions

# One write of the driver, as in `query.stream`.
_CHUNK_OCTETS: Final = 16384

_NO_ANSWER: Final = Refusal(HTTPStatus.SERVICE_UNAVAILABLE)


@dataclass(slots=True)
class HttpQuery:
    """A query that came whole.

    Attributes:
        stream: the request it belongs to; 0 in HTTP/1.1.
        head: of that request.
        octets: the DNS message.
    """

    stream: int
    head: Head
    octets: bytes


@dataclass(slots=True)
class Incoming:
    """A request that is not whole yet.

    Attributes:
        head: its headers.
        started_at: monotonic seconds, of its first octet.
        body: what is there of it.
        refusal: why it gets no answer; its body is then read and dropped.
    """

    head: Head
    started_at: float
    refusal: Refusal | None = None
    body: bytearray = field(default_factory=bytearray)


class HttpSession(ABC):
    """The state of one connection, without the connection.

    Attributes:
        limits: names of limits that were hit since the driver last looked.
    """

    def __init__(
        self,
        options: DohOptions,
        stream: StreamOptions,
        now: float,
        wall_now: Callable[[], int],
    ) -> None:
        """Begin.

        Args:
            options: of HTTP.
            stream: of every stream.
            now: monotonic seconds.
            wall_now: returns Unix seconds.
        """
        self.limits: list[str] = []
        self._wall_now = wall_now
        self._options = options
        self._stream = stream
        self._queries: deque[HttpQuery] = deque()
        self._outgoing = bytearray()
        self._written = 0  # octets that the driver was handed and the kernel has not
        self._in_flight = 0
        self._took_any = False
        self._has_answers = False  # among what is on its way
        self._ended = False  # the client sends no more
        self._closing = False  # we read no more
        self._active_at = now
        self._progress_at = now
        self._now = now

    # --- what a version of HTTP does ------------------------------------------------

    @abstractmethod
    def _feed(self, octets: bytes) -> None:
        """Read octets."""

    @abstractmethod
    def _respond(self, stream: int, response: Response) -> None:
        """Write a response; nothing when its request is gone."""

    @abstractmethod
    def _farewell(self) -> None:
        """Write that we close."""

    @property
    @abstractmethod
    def _waits_since(self) -> float | None:
        """When the oldest request began that is not whole; ``None`` without one."""

    @property
    def _blocked_octets(self) -> int:
        """Octets of responses that the client's flow control holds back."""
        return 0

    # --- what the driver does --------------------------------------------------------

    def receive(self, octets: bytes, now: float) -> None:
        """Take octets as they came from the client."""
        self._now = now
        if not self._closing:
            self._feed(octets)

    def end(self, now: float) -> None:
        """Note that the client sends no more; it still reads its replies."""
        self._now = now
        self._ended = True

    def next_query(self, now: float) -> HttpQuery | None:
        """Hand out the next query; ``None`` when there is none, or a limit is hit."""
        if not self._queries or self.paused_by:
            return None
        self._in_flight += 1
        self._took_any = True
        self._active_at = now
        return self._queries.popleft()

    def answer(self, query: HttpQuery, reply: bytes, now: float) -> None:
        """Take the reply to a query that was handed out.

        Args:
            query: that one.
            reply: a whole message; none if DNS has no answer.
            now: monotonic seconds.
        """
        self._now = self._active_at = now
        self._in_flight -= 1
        if not self.unsent_octets:
            self._progress_at = now
        self._has_answers = True
        response = response_of(reply) if reply else refused(_NO_ANSWER, query.head.method)
        self._respond(query.stream, response)

    def refuse(self, query: HttpQuery, refusal: Refusal, now: float) -> None:
        """Refuse a query that was handed out."""
        self._now = self._active_at = now
        self._in_flight -= 1
        self._refuse(query.stream, refusal, query.head.method)

    def say_farewell(self) -> None:
        """Write that we close, to a client that has kept every rule."""
        if not self._closing:
            self._closing = True
            self._farewell()

    def octets_to_send(self, now: float) -> bytes:
        """Hand out octets for the transport, none when there are none.

        The driver calls this only when the kernel has taken all that was handed
        out before; so this is also where progress is noticed.
        """
        if self._written:
            self._progress_at = now
            # What only acknowledges the client's own frames keeps nobody connected.
            if self._has_answers:
                self._active_at = now
        chunk = bytes(self._outgoing[:_CHUNK_OCTETS])
        del self._outgoing[:_CHUNK_OCTETS]
        self._written = len(chunk)
        self._has_answers = self._has_answers and bool(chunk)
        return chunk

    @property
    def unsent_octets(self) -> int:
        """Octets that the kernel has not taken, also those that may not be sent yet."""
        return self._unread_octets + self._blocked_octets

    @property
    def paused_by(self) -> str:
        """Name the limit for which no query is handed out; empty if none."""
        if self._in_flight >= self._options.streams:
            return "doh_streams"
        return "tcp_unsent" if self.unsent_octets >= self._stream.unsent_octets else ""

    @property
    def has_message(self) -> bool:
        """Whether a query is here that was not handed out."""
        return bool(self._queries)

    @property
    def has_octets(self) -> bool:
        """Whether there is something for the transport now."""
        return bool(self._outgoing)

    @property
    def wants_octets(self) -> bool:
        """Whether the driver should read.

        What waits for the client's flow control does not count: the client's word
        that it goes on has to be read.
        """
        return (
            not self._ended
            and not self._closing
            and self._unread_octets < self._stream.unsent_octets
        )

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will be said, and all that was is on its way."""
        if self._closing:
            return not self._unread_octets
        waits = self._in_flight or self._queries or self.unsent_octets
        return self._ended and not waits

    @property
    def is_answering(self) -> bool:
        """Whether a query was handed out that got no reply yet."""
        return self._in_flight > 0

    def deadline(self, load: float) -> tuple[float, str]:
        """Return when the connection must be closed unless something happens.

        Args:
            load: connections in use as a share of those allowed, 0..1.

        Returns:
            Monotonic seconds, and the name of the limit.
        """
        stream = self._stream
        if self.unsent_octets:
            return self._progress_at + stream.stall_s, "tcp_unsent_time"
        if self._in_flight or self._queries:
            return float("inf"), ""
        return stream.quiet_deadline(
            self._active_at, self._waits_since, load, took_any=self._took_any
        )

    # --- what both versions need -------------------------------------------------------

    @property
    def _unread_octets(self) -> int:
        """Octets that the kernel has not taken and the client might read."""
        return len(self._outgoing) + self._written

    def _write(self, octets: bytes) -> None:
        if octets and not self._unread_octets and not self._blocked_octets:
            self._progress_at = self._now
        self._outgoing += octets

    def _dated(self, response: Response) -> list[tuple[bytes, bytes]]:
        """Return the headers of a response with the date (RFC 9110 §6.6.1)."""
        date = formatdate(self._wall_now(), usegmt=True).encode()
        return [*response.headers, (b"date", date)]

    def _take(self, stream: int, head: Head, body: bytes) -> None:
        """Take a whole request: a query to hand out, or a refusal to send."""
        found = query_of(head, body, self._options)
        if isinstance(found, Refusal):
            self._refuse(stream, found, head.method)
        else:
            self._queries.append(HttpQuery(stream, head, found))

    def _refuse(self, stream: int, refusal: Refusal, method: bytes) -> None:
        if refusal.limit:
            self.limits.append(refusal.limit)
        # Whoever only ever asks for what is not there is idle all the same.
        self._respond(stream, refused(refusal, method))
