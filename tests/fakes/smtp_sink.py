"""A server that takes mail over real sockets, in threads, and keeps what it took.

It says what a test gives it, so it can also refuse, be slow, or break off.
"""

import socket
import socketserver
import ssl
import threading
from contextlib import contextmanager, suppress

EXTENSIONS = ("PIPELINING", "SIZE 26214400", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")


class Sink:
    """What a sink says and what it took.

    Attributes:
        replies: command → reply, instead of what is said otherwise; ``MESSAGE`` is the
            reply to the end of a message, a reply of "" closes the connection.
        extensions: announced after EHLO; STARTTLS is added when there is a context.
        tls: a context to serve TLS with.
        messages: (commands since the last message, octets as they came).
        connections: made so far.
    """

    def __init__(self, replies=None, extensions=EXTENSIONS, tls=None):
        self.replies = replies or {}
        self.extensions = extensions
        self.tls = tls
        self.messages = []
        self.connections = 0
        self.encrypted = 0
        self.server_names = []
        if tls:
            tls.sni_callback = lambda _sock, name, _context: self.server_names.append(name)

    def say(self, command):
        verb = command.split(b" ")[0].split(b":")[0].decode().upper()
        known = {"DATA": "354 go", "QUIT": "221 bye", "GREETING": "220 sink ESMTP"}
        return self.replies.get(command.decode(), self.replies.get(verb, known.get(verb, "250 OK")))


class _Conversation(socketserver.BaseRequestHandler):
    def handle(self):
        self.sink = self.server.sink
        # Replies one by one would each wait for the client's acknowledgment.
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sink.connections += 1
        self.buffer, self.commands = b"", []
        with suppress(OSError, EOFError):
            self.write(self.sink.say(b"GREETING"))
            while self.serve(self.line()):
                pass
        self.request.close()  # the socket that TLS made is not the server's to close

    def serve(self, command):
        sink = self.sink
        self.commands.append(command)
        if command.upper().startswith(b"EHLO") and "EHLO" not in sink.replies:
            offers_tls = sink.tls and not isinstance(self.request, ssl.SSLSocket)
            lines = ["sink", *sink.extensions, *(["STARTTLS"] if offers_tls else [])]
            self.write("\r\n".join([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]))
            return True
        if command.upper() == b"STARTTLS" and sink.tls:
            self.write(sink.replies.get("STARTTLS", "220 go"))
            if "STARTTLS" not in sink.replies:
                self.buffer = b""
                self.request = sink.tls.wrap_socket(self.request, server_side=True)
                sink.encrypted += 1
            return True
        reply = sink.say(command)
        if not reply:
            return False
        self.write(reply)
        if command.upper() == b"DATA" and reply.startswith("354"):
            octets = self.message()
            sink.messages.append((self.commands, octets))
            self.commands = []
            reply = sink.say(b"MESSAGE")
            if reply:
                self.write(reply)
            return bool(reply)
        return command.upper() != b"QUIT"

    def write(self, reply):
        self.request.sendall(reply.encode() + b"\r\n")

    def read(self):
        octets = self.request.recv(262144)
        if not octets:
            raise EOFError
        self.buffer += octets

    def line(self):
        while b"\r\n" not in self.buffer:
            self.read()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def message(self):
        """The octets up to the first end, dots as they were sent."""
        pieces = [b"\r\n" + self.buffer]
        tail = pieces[0]
        while b"\r\n.\r\n" not in tail:
            self.buffer = b""
            self.read()
            tail = tail[-4:] + self.buffer
            pieces.append(self.buffer)
        whole = b"".join(pieces)
        octets, _, self.buffer = whole.partition(b"\r\n.\r\n")
        return octets[2:] + b"\r\n" if len(octets) > 2 else b""


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def serving(sink, address="127.0.0.1", port=0):
    """Serve; yields the port."""
    with _Server((address, port), _Conversation) as server:
        server.sink = sink
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
