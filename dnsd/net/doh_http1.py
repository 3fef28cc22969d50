"""DNS over HTTP/1.1: one request after the other (RFC 9112).

Reading and writing is h11's. The body of a refused request is read and dropped, so
that the client sees why; behind one that is too large the connection ends.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import h11

from dnsd.net.doh_message import BODY_TOO_LARGE, NO_QUERY, Refusal, head_of, judge, refused
from dnsd.net.doh_session import HttpSession, Incoming

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.net.doh_message import DohOptions, Response
    from dnsd.query.stream import StreamOptions

_ONLY: Final = 0  # the number of the one request there is


class Http1Session(HttpSession):
    """A connection that speaks HTTP/1.1 or 1.0."""

    def __init__(
        self,
        options: DohOptions,
        stream: StreamOptions,
        now: float,
        wall_now: Callable[[], int],
    ) -> None:
        """Begin; see `HttpSession`."""
        super().__init__(options, stream, now, wall_now)
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=options.headers_octets)
        self._incoming: Incoming | None = None
        self._begun_at: float | None = None
        self._is_reading = False
        self._is_refused = False  # the last request, whose body is dropped

    def end(self, now: float) -> None:
        """Note that the client sends no more."""
        super().end(now)
        if not self._closing:
            self._feed(b"")

    @property
    def wants_octets(self) -> bool:
        """Whether the driver should read: not while a request waits for its answer."""
        return super().wants_octets and not self._queries and not self._in_flight

    @property
    def _waits_since(self) -> float | None:
        return self._begun_at

    def _feed(self, octets: bytes) -> None:
        if octets and self._begun_at is None and not self._queries and not self._in_flight:
            self._begun_at = self._now
        try:
            self._http.receive_data(octets)
        except h11.RemoteProtocolError as error:
            self._give_up(error)
            return
        self._read()

    def _read(self) -> None:
        """Read on; an answer that is given meanwhile does not begin again."""
        self._is_reading = True
        try:
            self._go_on()
        except h11.RemoteProtocolError as error:
            self._give_up(error)
        finally:
            self._is_reading = False

    def _go_on(self) -> None:
        """Do what the octets that are there ask for.

        Raises:
            h11.RemoteProtocolError: they are no HTTP, or too much of it.
        """
        while not self._closing:
            event = self._http.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return
            if isinstance(event, h11.Request):
                self._begin(event)
            elif isinstance(event, h11.Data):
                self._add(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self._finish()
            else:  # h11.ConnectionClosed
                self._ended = True
                return

    def _begin(self, request: h11.Request) -> None:
        head = head_of(request.method, request.target, request.headers)
        refusal = judge(head, self._options)
        waits = self._http.they_are_waiting_for_100_continue
        if waits and refusal is None:
            self._send(h11.InformationalResponse(status_code=100, headers=[]))
        self._incoming = Incoming(head, self._now, refusal)
        if refusal is not None and (waits or refusal is BODY_TOO_LARGE):
            self._refuse_unread(refusal, head.method)
            self._closing = waits  # then no body comes

    def _add(self, octets: bytes) -> None:
        incoming = self._incoming
        assert incoming is not None
        if self._is_refused:
            return
        incoming.body += octets
        if len(incoming.body) > self._options.body_octets:
            self._refuse_unread(BODY_TOO_LARGE, incoming.head.method)

    def _finish(self) -> None:
        incoming = self._incoming
        assert incoming is not None
        self._incoming = self._begun_at = None
        if self._is_refused:
            self._closing = True
        elif incoming.refusal is not None:
            self._refuse(_ONLY, incoming.refusal, incoming.head.method)
        else:
            self._take(_ONLY, incoming.head, bytes(incoming.body))

    def _respond(self, stream: int, response: Response) -> None:  # noqa: ARG002 - there is one
        if self._closing:
            return
        self._send_whole(response, ())
        if self._http.our_state is h11.MUST_CLOSE:
            self._closing = True
            return
        self._http.start_next_cycle()
        # What the client sent ahead begins to count now.
        self._begun_at = self._now if self._http.trailing_data[0] else None
        if not self._is_reading:
            self._read()

    def _refuse_unread(self, refusal: Refusal, method: bytes) -> None:
        """Refuse a request before its body is read, and close behind that.

        The body is dropped as it comes: closing before it has come would take the
        response away from its client (RFC 9112 §9.6).
        """
        if refusal.limit:
            self.limits.append(refusal.limit)
        self._send_whole(refused(refusal, method), ((b"connection", b"close"),))
        self._is_refused = True

    def _send_whole(self, response: Response, more: tuple[tuple[bytes, bytes], ...]) -> None:
        self._send(
            h11.Response(status_code=response.status, headers=[*self._dated(response), *more])
        )
        if response.body:
            self._send(h11.Data(data=response.body))
        self._send(h11.EndOfMessage())

    def _send(self, event: Any) -> None:
        self._write(self._http.send(event) or b"")

    def _give_up(self, error: h11.RemoteProtocolError) -> None:
        """Say what was wrong, if that can still be said, and close."""
        status = HTTPStatus(error.error_status_hint)
        if status is HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            self.limits.append("doh_headers")
        if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            refusal = NO_QUERY if status is HTTPStatus.BAD_REQUEST else Refusal(status)
            self._send_whole(refused(refusal), ((b"connection", b"close"),))
        self._closing = True

    def _farewell(self) -> None:
        """Say nothing: between requests HTTP/1.1 has no word for it."""
