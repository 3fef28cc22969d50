"""Clients of DNS over HTTP, as octets: what they say, and what they understand."""

import base64

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
import h11

PATH = b"/dns-query"
MEDIA = b"application/dns-message"


def target(query, path=PATH):
    return path + b"?dns=" + base64.urlsafe_b64encode(query).rstrip(b"=")


class Http1Client:
    """Speaks HTTP/1.1; ``responses`` are pairs of status and body, headers beside them."""

    def __init__(self):
        self.http = h11.Connection(h11.CLIENT)
        self.responses = []
        self.headers = []
        self.is_closed = False

    def get(self, query, path=PATH):
        return self.request(b"GET", target(query, path))

    def post(self, query, path=PATH, media=MEDIA, more=()):
        headers = [(b"content-type", media), (b"content-length", b"%d" % len(query)), *more]
        return self.request(b"POST", path, headers, query)

    def request(self, method, path, headers=(), body=b""):
        head = h11.Request(method=method, target=path, headers=[(b"host", b"x.test"), *headers])
        octets = self.http.send(head)
        if body:
            octets += self.http.send(h11.Data(data=body))
        return octets + self.http.send(h11.EndOfMessage())

    def receive(self, octets):
        self.http.receive_data(octets)
        while True:
            event = self.http.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return
            if isinstance(event, h11.InformationalResponse):
                self.responses.append((event.status_code, b""))
            elif isinstance(event, h11.Response):
                self.responses.append((event.status_code, b""))
                self.headers.append(dict(event.headers))
            elif isinstance(event, h11.Data):
                status, body = self.responses[-1]
                self.responses[-1] = (status, body + bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                if self.http.their_state is h11.MUST_CLOSE:
                    self.is_closed = True
                    return
                if self.http.our_state is h11.DONE:
                    self.http.start_next_cycle()


class Http2Client:
    """Speaks HTTP/2; ``responses`` has status and body of each stream."""

    def __init__(self, window=None):
        config = h2.config.H2Configuration(client_side=True, header_encoding=None)
        self.http = h2.connection.H2Connection(config)
        if window is not None:
            codes = h2.settings.SettingCodes
            self.http.local_settings = h2.settings.Settings(
                client=True, initial_values={codes.INITIAL_WINDOW_SIZE: window}
            )
        self.http.initiate_connection()
        self.responses = {}
        self.headers = {}
        self.ended = set()
        self.resets = {}
        self.goodbye = None
        self.reads = True

    def take(self):
        return self.http.data_to_send()

    def get(self, query, path=PATH):
        return self.request(b"GET", target(query, path))

    def post(self, query, path=PATH, media=MEDIA):
        headers = [(b"content-type", media), (b"content-length", b"%d" % len(query))]
        return self.request(b"POST", path, headers, query)

    def request(self, method, path, headers=(), body=b"", *, end=True):
        """Send a request; its stream."""
        stream = self.http.get_next_available_stream_id()
        pseudo = [
            (b":method", method),
            (b":scheme", b"https"),
            (b":authority", b"x.test"),
            (b":path", path),
        ]
        self.http.send_headers(stream, [*pseudo, *headers], end_stream=end and not body)
        if body:
            self.http.send_data(stream, body, end_stream=end)
        return stream

    def receive(self, octets):
        for event in self.http.receive_data(octets):
            if isinstance(event, h2.events.ResponseReceived):
                headers = dict(event.headers)
                self.headers[event.stream_id] = headers
                self.responses[event.stream_id] = (int(headers[b":status"]), b"")
            elif isinstance(event, h2.events.DataReceived):
                status, body = self.responses[event.stream_id]
                self.responses[event.stream_id] = (status, body + event.data)
                if self.reads:
                    size = event.flow_controlled_length
                    self.http.acknowledge_received_data(size, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                self.resets[event.stream_id] = event.error_code
            elif isinstance(event, h2.events.ConnectionTerminated):
                self.goodbye = event.error_code
