"""DNS over HTTP/2: many requests at once (RFC 9113).

Reading and writing is h2's; what a peer may do for nothing is bounded by
:mod:`.doh_frames` before h2 sees it. A response waits for the client's flow
control as long as a client may be silent, and no longer. What comes of a refused
request is dropped as it comes: clients lose a response whose stream is reset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from dnsd.net.doh_frames import FrameMeter
from dnsd.net.doh_message import BODY_TOO_LARGE, head_of, judge
from dnsd.net.doh_session import HttpSession, Incoming

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.net.doh_message import DohOptions, Response
    from dnsd.query.stream import StreamOptions

# Bodies of requests that are not whole, as multiples of the largest one.
_BODIES: Final = 2

_CONFIG: Final = h2.config.H2Configuration(client_side=False, header_encoding=None)
_CALM_DOWN: Final = h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
_NO_ERROR: Final = h2.errors.ErrorCodes.NO_ERROR
_METHOD: Final = b":method"
_PATH: Final = b":path"


class _Http2(h2.connection.H2Connection):
    """h2, with a memory of closed streams that a long connection cannot fill."""

    MAX_CLOSED_STREAMS = 512


class Http2Session(HttpSession):
    """A connection that speaks HTTP/2."""

    def __init__(
        self,
        options: DohOptions,
        stream: StreamOptions,
        now: float,
        wall_now: Callable[[], int],
    ) -> None:
        """Begin; see `HttpSession`."""
        super().__init__(options, stream, now, wall_now)
        self._meter = FrameMeter(options.headers_octets, options.resets_per_second, now)
        self._incoming: dict[int, Incoming] = {}
        self._bodies_octets = 0
        # Responses that wait for the client's flow control, and what is left of each.
        self._responses: dict[int, memoryview] = {}
        self._http = _Http2(_CONFIG)
        codes = h2.settings.SettingCodes
        self._http.local_settings = h2.settings.Settings(
            client=False,
            initial_values={
                codes.MAX_CONCURRENT_STREAMS: options.streams,
                codes.MAX_HEADER_LIST_SIZE: options.headers_octets,
            },
        )
        self._http.decoder.max_header_list_size = options.headers_octets
        self._http.initiate_connection()
        self._flush()

    @property
    def _waits_since(self) -> float | None:
        return next((each.started_at for each in self._incoming.values()), None)

    @property
    def _blocked_octets(self) -> int:
        return sum(map(len, self._responses.values()))

    def _feed(self, octets: bytes) -> None:
        limit = self._meter.meter(octets, self._now)
        if limit:
            self._hang_up(limit)
            return
        try:
            events = self._http.receive_data(octets)
        except h2.exceptions.TooManyStreamsError:
            self.limits.append("doh_streams")
            self._close()
            return
        except h2.exceptions.DenialOfServiceError:
            self.limits.append("doh_headers")
            self._close()
            return
        except h2.exceptions.ProtocolError:
            self._close()  # h2 has written why
            return
        for event in events:
            if self._closing:
                break
            self._react(event)
        self._send_what_may_be_sent()

    def _react(self, event: Any) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._begin(event.stream_id, event.headers)
        elif isinstance(event, h2.events.DataReceived):
            self._add(event)
        elif isinstance(event, h2.events.StreamEnded):
            self._finish(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self._forget(event.stream_id)
            if not event.remote_reset:
                self._count_reset()
        elif isinstance(event, h2.events.ConnectionTerminated):
            self._close()  # h2 sends nothing after that

    def _begin(self, stream: int, headers: list[tuple[bytes, bytes]]) -> None:
        pseudo = dict(headers[:6])  # they come first (RFC 9113 §8.3)
        head = head_of(pseudo.get(_METHOD, b""), pseudo.get(_PATH, b""), headers)
        refusal = judge(head, self._options)
        self._incoming[stream] = Incoming(head, self._now, refusal)
        if refusal is not None:
            self._refuse(stream, refusal, head.method)

    def _add(self, event: h2.events.DataReceived) -> None:
        stream, size = event.stream_id, event.flow_controlled_length
        try:
            self._http.acknowledge_received_data(size, stream)
        except h2.exceptions.ProtocolError:
            return  # the stream is gone
        incoming = self._incoming.get(stream)
        if incoming is None or incoming.refusal is not None:
            return
        incoming.body += event.data
        self._bodies_octets += len(event.data)
        most = self._options.body_octets
        if len(incoming.body) > most or self._bodies_octets > _BODIES * most:
            self._bodies_octets -= len(incoming.body)
            incoming.body.clear()
            incoming.refusal = BODY_TOO_LARGE
            self._refuse(stream, BODY_TOO_LARGE, incoming.head.method)

    def _finish(self, stream: int) -> None:
        incoming = self._drop(stream)
        if incoming is not None and incoming.refusal is None:
            self._take(stream, incoming.head, bytes(incoming.body))

    def _drop(self, stream: int) -> Incoming | None:
        incoming = self._incoming.pop(stream, None)
        if incoming is not None:
            self._bodies_octets -= len(incoming.body)
        return incoming

    def _forget(self, stream: int) -> None:
        """Forget a request that was reset; its answer, when it comes, is not sent."""
        self._drop(stream)
        self._responses.pop(stream, None)
        for query in self._queries:
            if query.stream == stream:
                self._queries.remove(query)
                break

    def _respond(self, stream: int, response: Response) -> None:
        if self._closing:
            return
        headers = [(b":status", b"%d" % response.status), *self._dated(response)]
        try:
            self._http.send_headers(stream, headers, end_stream=not response.body)
        except h2.exceptions.ProtocolError:
            return  # the client has reset it
        if response.body:
            self._responses[stream] = memoryview(response.body)
        self._send_what_may_be_sent()

    def _send_what_may_be_sent(self) -> None:
        """Go on with responses as far as the client's flow control lets us."""
        for stream in list(self._responses):
            try:
                self._send_some(stream)
            except h2.exceptions.ProtocolError:
                del self._responses[stream]
        self._flush()

    def _send_some(self, stream: int) -> None:
        """Go on with one response.

        Raises:
            h2.exceptions.ProtocolError: its request is gone.
        """
        left = self._responses[stream]
        while left:
            window = self._http.local_flow_control_window(stream)
            size = min(window, len(left), self._http.max_outbound_frame_size)
            if size <= 0:
                return
            chunk, left = bytes(left[:size]), left[size:]
            self._http.send_data(stream, chunk, end_stream=not left)
            self._responses[stream] = left
            self._progress_at = self._now
        del self._responses[stream]

    def _count_reset(self) -> None:
        """Count a request that we had to reset."""
        if not self._meter.take_reset(self._now):
            self._hang_up("doh_resets")

    def _hang_up(self, limit: str) -> None:
        """Tell a client that passes a limit to calm down, and close."""
        if self._closing:
            return
        self.limits.append(limit)
        self._http.close_connection(_CALM_DOWN)
        self._close()

    def _close(self) -> None:
        self._closing = True
        self._responses.clear()
        self._queries.clear()
        self._flush()

    def _farewell(self) -> None:
        self._http.close_connection(_NO_ERROR)
        self._flush()

    def _flush(self) -> None:
        self._write(self._http.data_to_send())
