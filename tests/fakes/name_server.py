"""A name server on loopback that says what a test wants it to say.

``say`` is called with the octets of each query and how it came (``udp``, ``tcp``,
``tls``, ``https``, ``http2``) and returns the octets of the replies, one after another.
"""

import datetime as dt
import ipaddress
import socketserver
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded
from peers.servers import free_port

from dnsd.wire.message import QR, RA, Message, parse_message, render_message
from dnsd.wire.rrset import RRset


def reply_to(query, *, flags=QR | RA, answer=(), authority=(), edns=None):
    """Make the octets of a reply; records are (owner, type, ttl, rdata)."""
    asked = parse_message(query)
    message = Message(asked.id, flags | asked.flags & 0x0110, asked.questions)
    message.answer = [RRset(owner, kind, ttl, (rdata,)) for owner, kind, ttl, rdata in answer]
    message.authority = [RRset(owner, kind, ttl, (rdata,)) for owner, kind, ttl, rdata in authority]
    message.edns = edns
    return render_message(message)


class NameServer:
    """Answers over UDP and TCP at one port of 127.0.0.1; with a certificate also encrypted.

    ``heard`` lists what came: how, and the octets. ``content_type`` and ``reset`` make
    it answer HTTP in another way.
    """

    def __init__(self, certificate=None):
        self.heard = []
        self.content_type = ""
        self.reset = False
        self.say = lambda query, _how: [reply_to(query)]
        self._servers = []
        self.port = free_port()
        self._start(socketserver.ThreadingUDPServer(("127.0.0.1", self.port), self._udp()))
        self._start(_Streams(("127.0.0.1", self.port), self._stream("tcp")))
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            encrypted = _Streams(("127.0.0.1", 0), self._stream("tls"))
            encrypted.socket = context.wrap_socket(encrypted.socket, server_side=True)
            self.tls_port = self._start(encrypted).server_address[1]
            newer = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            newer.load_cert_chain(certificate)
            newer.set_alpn_protocols(["h2"])
            modern = _Streams(("127.0.0.1", 0), self._http2())
            modern.socket = newer.wrap_socket(modern.socket, server_side=True)
            self.http2_port = self._start(modern).server_address[1]
            web = ThreadingHTTPServer(("127.0.0.1", 0), self._https())
            web.daemon_threads = True
            web.handle_error = lambda *_: None
            web.socket = context.wrap_socket(web.socket, server_side=True)
            self.https_port = self._start(web).server_address[1]

    def close(self):
        for server, thread in self._servers:
            server.shutdown()
            thread.join()
            server.server_close()

    def replies(self, query, how):
        self.heard.append((how, query))
        return self.say(query, how)

    def _start(self, server):
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self._servers.append((server, thread))
        return server

    def _udp(fake):  # noqa: N805 - the class inside needs both
        class Datagram(socketserver.BaseRequestHandler):
            def handle(self):
                octets, opened = self.request
                for reply in fake.replies(octets, "udp"):
                    opened.sendto(reply, self.client_address)

        return Datagram

    def _stream(fake, how):  # noqa: N805
        class Stream(socketserver.StreamRequestHandler):
            def handle(self):
                while head := self.rfile.read(2):
                    query = self.rfile.read(int.from_bytes(head, "big"))
                    for reply in fake.replies(query, how):
                        self.wfile.write(len(reply).to_bytes(2, "big") + reply)
                    if not fake.replies:
                        return

        return Stream

    def _http2(fake):  # noqa: N805
        class Request(socketserver.BaseRequestHandler):
            def handle(self):
                connection = H2Connection(H2Configuration(client_side=False))
                connection.initiate_connection()
                body = b""
                while True:
                    self.request.sendall(connection.data_to_send())
                    octets = self.request.recv(65_536)
                    if not octets:
                        return
                    for event in connection.receive_data(octets):
                        if isinstance(event, RequestReceived):
                            headers = dict(event.headers)
                            fake.path = headers[b":path"].decode()
                        elif isinstance(event, DataReceived):
                            body += event.data
                        elif isinstance(event, StreamEnded):
                            self.answer(connection, headers, body)

            def answer(self, connection, headers, body):
                replies = fake.replies(body, "http2")
                if fake.reset:
                    connection.reset_stream(1, 11)
                    return
                status = "200" if replies else "503"
                kind = fake.content_type or headers[b"accept"].decode()
                connection.send_headers(1, [(":status", status), ("content-type", kind)])
                octets = b"".join(replies)
                for start in range(0, len(octets), 10_000):
                    connection.send_data(1, octets[start : start + 10_000])
                connection.end_stream(1)

        return Request

    def _https(fake):  # noqa: N805
        class Request(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                query = self.rfile.read(int(self.headers["Content-Length"]))
                fake.path = self.path
                replies = fake.replies(query, "https")
                self.send_response(200 if replies else 503)
                self.send_header("Content-Type", fake.content_type or self.headers["Accept"])
                self.end_headers()
                self.wfile.write(b"".join(replies))

        return Request


class _Streams(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, *_):
        """Say nothing: a client may refuse our certificate."""


def make_certificate(path, *names, addresses=()):
    """Write a self-signed certificate and its key to one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "dns.example")])
    now = dt.datetime.now(dt.UTC)
    others = [x509.DNSName(name) for name in names]
    others += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(others), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM
    private = key.private_bytes(
        form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(form))
    return path
