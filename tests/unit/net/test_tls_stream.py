"""TLS around connections, client against server, in memory."""

import ssl

import pytest
from fakes.doh import Http2Client
from fakes.octets import query
from fakes.streams import Client, Kernel, Server, frame
from fakes.tls import TlsClient, client_context, contexts
from twisted.internet.address import IPv4Address

from dnsd.net.doh import DohServer, doh
from dnsd.net.framed_tcp import DOT
from dnsd.net.tls_stream import TlsFactory, TlsOptions
from dnsd.observe import metrics
from dnsd.query.stream import StreamOptions

TLS_1_2 = ssl.TLSVersion.TLSv1_2
TLS_1_3 = ssl.TLSVersion.TLSv1_3
ANY = (TLS_1_2, TLS_1_3)


class Secure:
    """A worker that speaks TLS."""

    def __init__(self, kind=DOT, context=None, tls=None, **options):
        self.server = Server(kind, **options)
        self.context = context or contexts().dot
        self.factory = TlsFactory(self.context, self.server.connections, tls or TlsOptions())

    def connect(self, address="198.51.100.1"):
        """Connect; the client's side of TCP, or ``None`` when it is refused."""
        peer = IPv4Address("TCP", address, 40000)
        protocol = self.factory.buildProtocol(peer)
        if protocol is None:
            return None
        client = Client(protocol, Kernel(peer))
        protocol.makeConnection(client.transport)
        return client

    def client(self, *protocols, versions=None, session=None, context=None):
        """Connect and shake hands."""
        client = TlsClient(
            self.connect(), context or client_context(*protocols, versions=versions), session
        )
        client.shake_hands()
        return client

    def handshakes(self, result):
        label = self.server.connections.kind.transport.label
        return self.server.responder.row[metrics.TLS_HANDSHAKES.slot(label, result)]

    def hits(self, limit):
        return self.server.responder.hits(limit)


@pytest.fixture
def make_secure():
    return Secure


@pytest.fixture
def secure():
    return Secure()


@pytest.mark.parametrize("version", ANY)
def test_queries_are_answered(secure, version):
    client = secure.client(versions=(version, version))
    client.send(frame(b"first", b"second"))
    assert client.received == frame(b"first", b"second")
    assert client.tls.version() == {TLS_1_2: "TLSv1.2", TLS_1_3: "TLSv1.3"}[version]
    assert secure.handshakes("full") == 1


@pytest.mark.parametrize("size", [1, 5, 100])
def test_pieces_make_no_difference(secure, size):
    client = TlsClient(secure.connect(), client_context())
    for _ in range(4):
        try:
            client.tls.do_handshake()
        except ssl.SSLWantReadError:
            client.exchange(size)
    client.tls.write(frame(b"query"))
    client.exchange(size)
    assert client.received == frame(b"query")


def test_a_long_reply_is_several_records(secure):
    secure.server.responder.reply = lambda _: bytes(65535)
    client = secure.client()
    client.send(frame(b"query"))
    assert client.received == frame(bytes(65535))


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        pytest.param((), None, id="nothing offered"),
        pytest.param(("dot",), "dot", id="dot"),
        pytest.param(("h2",), None, id="something else"),
    ],
)
def test_the_protocol_is_agreed_upon(secure, offered, chosen):
    assert secure.client(*offered).tls.selected_alpn_protocol() == chosen


@pytest.mark.parametrize("offered", [("h2", "http/1.1"), ("http/1.1", "h2")])
def test_http_2_is_preferred(make_secure, offered):
    secure = make_secure(doh(DohServer()), contexts().https)
    assert secure.client(*offered).tls.selected_alpn_protocol() == "h2"


def test_http_goes_through_tls(make_secure):
    secure = make_secure(doh(DohServer()), contexts().https)
    secure.server.responder.reply = lambda octets: octets[:2] + b"\x80" + octets[3:]
    client, speaker = secure.client("h2"), Http2Client()
    stream = speaker.get(query("www.example.test."))
    client.send(speaker.take())
    speaker.receive(client.received)
    assert speaker.responses[stream][0] == 200
    assert secure.handshakes("full") == 1


@pytest.mark.parametrize("version", ANY)
def test_a_session_of_one_worker_is_resumed_at_another(make_secure, version):
    inherited = contexts().dot
    first, second = make_secure(context=inherited), make_secure(context=inherited)
    context = client_context(versions=(version, version))
    client = first.client(context=context)
    client.send(frame(b"query"))
    again = second.client(context=context, session=client.tls.session)
    assert again.tls.session_reused
    assert second.handshakes("resumed") == 1
    again.send(frame(b"query"))
    assert again.received == frame(b"query")


def test_a_session_of_an_earlier_context_is_not(make_secure):
    context = client_context()
    client = make_secure().client(context=context)
    client.send(frame(b"query"))
    after = make_secure()
    assert not after.client(context=context, session=client.tls.session).tls.session_reused
    assert after.handshakes("full") == 1


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_older_version_is_refused_with_an_alert(secure):
    context = client_context(versions=(ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1))
    context.set_ciphers("ALL:@SECLEVEL=0")
    client = TlsClient(secure.connect(), context)
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        client.shake_hands()
    assert client.connection.is_closed
    client.connection.protocol.connectionLost()
    assert secure.handshakes("failed") == 1
    assert len(secure.server.connections) == 0


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(frame(b"\0" * 12), id="DNS without TLS"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="HTTP without TLS"),
        pytest.param(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", id="a broken hello"),
        pytest.param(b"\x16\x03\x01\xff\xff" + bytes(100), id="too long a record"),
    ],
)
def test_what_is_no_tls_is_closed(secure, octets):
    client = secure.connect()
    client.send(octets)
    assert client.is_closed
    client.send(b"and more")
    client.protocol.connectionLost()
    assert len(secure.server.connections) == 0
    assert secure.handshakes("failed") == 1


def test_a_client_that_goes_in_the_middle_of_its_handshake_leaves_nothing(secure):
    for cut in range(0, 200, 20):
        client = TlsClient(secure.connect(f"198.51.100.{cut}"), client_context())
        with pytest.raises(ssl.SSLWantReadError):
            client.tls.do_handshake()
        client.connection.send(client._outgoing.read()[:cut])
        client.connection.protocol.readConnectionLost()
        assert client.connection.is_closed
        client.connection.protocol.connectionLost()
    assert len(secure.server.connections) == 0
    assert secure.handshakes("failed") == 10
    secure.server.pass_time(6)
    assert secure.hits("tls_handshake") == 0
    assert secure.server.reactor.getDelayedCalls() == []


def test_a_handshake_has_so_much_time(make_secure):
    secure = make_secure(stream=StreamOptions(first_message_s=8.0))
    client = secure.connect()
    secure.server.pass_time(4.9, client)
    assert not client.is_closed
    secure.server.pass_time(0.2, client)
    assert client.is_closed
    assert secure.hits("tls_handshake") == 1


def test_after_the_handshake_its_time_does_not_count(make_secure):
    secure = make_secure(stream=StreamOptions(first_message_s=8.0))
    client = secure.client()
    secure.server.pass_time(6.0, client.connection)
    assert not client.connection.is_closed
    assert secure.hits("tls_handshake") == 0


def test_a_client_net_may_begin_so_many_handshakes_a_second(make_secure):
    secure = make_secure(tls=TlsOptions(handshakes_per_second=5), clients_per_net=50)
    assert all(secure.connect() for _ in range(5))
    assert secure.connect() is None
    assert secure.hits("tls_handshakes") == 1
    assert secure.connect("198.51.100.2") is not None
    secure.server.pass_time(1.0)
    assert secure.connect() is not None


def test_the_memory_of_handshakes_is_bounded(make_secure):
    secure = make_secure(clients=5)
    for i in range(5000):
        assert secure.connect(f"10.0.{i >> 8}.{i & 255}")
    assert len(secure.factory._of_net) <= 4096


def test_key_updates_without_a_word_end_a_connection(make_secure):
    """Python's ssl cannot ask for one, so TLS 1.2's renegotiation stands for both."""
    secure = make_secure()
    client = secure.client(versions=(TLS_1_2, TLS_1_2))
    stream = client.connection.protocol
    for _ in range(32):
        stream._outgoing.write(b"x")
        stream._bound_control_messages(has_read=False)
    assert not client.connection.is_closed
    stream._outgoing.write(b"x")
    stream._bound_control_messages(has_read=False)
    assert client.connection.is_closed
    assert secure.hits("tls_messages") == 1


def test_a_client_that_says_goodbye_gets_its_replies_and_ours(secure):
    client = secure.client()
    client.tls.write(frame(b"query"))
    client.end()
    assert client.received == frame(b"query")
    assert client.connection.is_closed
    assert client.has_goodbye


def test_a_client_that_ends_without_goodbye_gets_its_replies(secure):
    client = secure.client()
    client.tls.write(frame(b"query"))
    client.connection.send(client._outgoing.read())
    client.connection.protocol.readConnectionLost()
    client.exchange()
    assert client.received == frame(b"query")
    assert client.connection.is_closed


def test_when_we_close_we_say_so_and_do_not_wait_for_an_answer(secure):
    client = secure.client()
    client.send(frame(b"query"))
    secure.server.pass_time(10.2, client.connection)
    client.exchange()
    assert client.has_goodbye
    assert client.connection.transport.disconnecting
    assert len(secure.server.connections) == 0
    secure.server.pass_time(2.1)
    assert client.connection.transport.disconnected


def test_a_connection_that_is_lost_needs_no_more_time(secure):
    client = secure.client()
    client.send(frame(b"query"))
    secure.server.pass_time(10.2, client.connection)
    client.connection.protocol.connectionLost()
    assert secure.server.reactor.getDelayedCalls() == []


def test_a_client_that_does_not_read_is_not_read_and_then_closed(make_secure):
    secure = make_secure(stream=StreamOptions(unsent_octets=4096))
    secure.server.responder.reply = lambda _: bytes(4000)
    client = secure.client()
    client.connection.transport.reads = False
    client.tls.write(frame(*[b"query"] * 10))
    client.connection.send(client._outgoing.read())
    assert not client.connection.is_read
    secure.server.pass_time(5.3, client.connection)
    assert client.connection.is_closed
    assert secure.hits("tcp_unsent_time") == 1


def test_what_is_said_after_our_end_is_not_read(secure):
    client = secure.client()
    client.connection.protocol.loseConnection()
    client.tls.write(frame(b"query"))
    client.connection.send(client._outgoing.read())
    assert secure.server.responder.requests == []


def test_octets_that_are_changed_on_the_way_end_the_connection(secure):
    client = secure.client()
    client.tls.write(frame(b"query"))
    octets = client._outgoing.read()
    client.connection.send(octets[:-1] + bytes([octets[-1] ^ 1]))
    assert client.connection.is_closed
    assert secure.server.responder.requests == []
