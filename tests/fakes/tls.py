"""Clients of TLS in memory, and certificates to serve them with."""

import functools
import ssl
import tempfile
from contextlib import suppress
from pathlib import Path

from dnsd.net import tls
from dnsd.net.tls_self_signed import Subject, make_certificate, make_key

WALL_NOW = 1_800_000_000
HOST = "ns1.example.test"


@functools.cache
def pem():
    """A certificate and its key."""
    key = make_key()
    return make_certificate(key, Subject(HOST, ("127.0.0.1", "::1")), WALL_NOW), key


def contexts(wall_now=WALL_NOW):
    """Fresh contexts of a server, as after a start."""
    with tempfile.TemporaryDirectory() as directory:
        certificate, key = Path(directory, "certificate.pem"), Path(directory, "key.pem")
        for path, octets in zip((certificate, key), pem(), strict=True):
            path.write_bytes(octets)
        return tls.load(certificate, key, wall_now)


def client_context(*protocols, versions=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    if versions:
        context.minimum_version, context.maximum_version = versions
    return context


class TlsClient:
    """Speaks TLS to a server's connection.

    Attributes:
        received: octets that were decrypted.
        tls: Python's own object.
    """

    def __init__(self, connection, context, session=None):
        self.connection = connection
        self.received = b""
        self.has_goodbye = False
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, session=session)
        self._read = 0

    def shake_hands(self):
        for _ in range(5):
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.exchange()
            else:
                self.exchange()
                return
        raise AssertionError("no end of the handshake")

    def send(self, octets):
        self.tls.write(octets)
        self.exchange()

    def end(self):
        with suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.exchange()

    def exchange(self, size=None):
        """Send what there is to send, take what came."""
        octets = self._outgoing.read()
        for i in range(0, len(octets), size or len(octets) or 1):
            self.connection.send(octets[i : i + (size or len(octets))])
        for _ in range(50):
            self.connection.transport.drain()
        received = self.connection.received
        self._incoming.write(received[self._read :])
        self._read = len(received)
        while self.tls.version():
            try:
                octets = self.tls.read(65536)
            except ssl.SSLWantReadError:
                return
            except ssl.SSLZeroReturnError:
                octets = b""
            if not octets:
                self.has_goodbye = True
                return
            self.received += octets
