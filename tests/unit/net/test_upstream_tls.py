"""TLS to a tiny name server on a loopback socket."""

import contextlib
import os
import socket
import ssl
import threading
import time

import pytest
from fakes.turns import RealReactor

from dnsd.net import upstream_connection
from dnsd.net.clock import Clock
from dnsd.net.timer_wheel import TimerWheel
from dnsd.net.tls_self_signed import Subject, make_certificate, make_key
from dnsd.net.upstream_options import UpstreamOptions
from dnsd.net.upstream_streams import StreamExchanges
from dnsd.observe import metrics
from dnsd.resolver.acceptance import judge
from dnsd.resolver.commands import Exchange, Result, Transport

HOST = "dot.example.test"


def query(number):
    return number.to_bytes(2, "big") + b"\0\0\0\1" + bytes(6) + b"\4test\0\0\1\0\1"


def reply_to(octets):
    return octets[:2] + b"\x84" + octets[3:]


def certificate_in(directory):
    """Make a file with a certificate for HOST, vouched for by itself, and its key."""
    key = make_key()
    path = directory / "server.pem"
    path.write_bytes(make_certificate(key, Subject(HOST, ()), int(time.time())) + key)
    return str(path)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return certificate_in(tmp_path_factory.mktemp("tls"))


class Server:
    """Answers every query on a thread of its own; what it saw can be read when it ended.

    Attributes:
        protocols: that clients chose by ALPN.
        names: of servers that clients asked for.
        connections: handshakes that were completed.
        resumed: for each of them, whether it resumed an earlier session.
    """

    def __init__(self, certificate, *, replies_before_end=1000, version=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.context.set_alpn_protocols(["dot"])
        if version is not None:
            self.context.minimum_version = self.context.maximum_version = version
        self.names = []
        self.context.sni_callback = lambda tls, name, context: self.names.append(name)
        self.protocols = []
        self.replies_before_end = replies_before_end
        self.connections = 0
        self.resumed = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.is_ending = False
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while not self.is_ending:
            accepted, _ = self.listening.accept()
            accepted.settimeout(10)
            try:
                tls = self.context.wrap_socket(accepted, server_side=True)
            except OSError:
                accepted.close()
                continue
            with contextlib.suppress(OSError), tls:
                self.connections += 1
                self.resumed.append(tls.session_reused)
                self.protocols.append(tls.selected_alpn_protocol())
                self.answer(tls)

    def answer(self, tls):
        for _ in range(self.replies_before_end):
            length = tls.recv(2)
            if not length:
                return
            octets = tls.recv(int.from_bytes(length, "big"))
            tls.sendall(length + reply_to(octets))

    def close(self):
        """End; the client must have closed its connections."""
        self.is_ending = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self.thread.join(10)
        self.listening.close()


class Bench:
    """Exchanges with servers.

    Attributes:
        distrusted: what was told of certificates: name of the server, and why.
    """

    def __init__(self, trust):
        self.distrusted = []
        self.reactor = RealReactor()
        self.row = metrics.new_page(1).row(0)
        wheel = TimerWheel(Clock(self.reactor))
        options = UpstreamOptions(
            judge, os.urandom, trust=trust,
            distrusted=lambda server, why: self.distrusted.append((server.name, why)),
        )  # fmt: skip
        self.streams = StreamExchanges(self.reactor, wheel, self.row, options)
        self.ends = []

    def ask(self, server, name="", number=1):
        exchange = Exchange(b"\x7f\0\0\1", server.port, Transport.TLS, query(number), 9.0, name)
        return self.streams.exchange(exchange, self.ends.append)

    def finish(self, count=1):
        self.reactor.turn_until(lambda: len(self.ends) >= count)
        return [end.result for end in self.ends]


@pytest.fixture
def make_server(certificate):
    servers = []

    def make(**options):
        servers.append(Server(certificate, **options))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def server(make_server):
    return make_server()


@pytest.fixture
def make_bench(make_server):  # so that clients end before servers
    benches = []

    def make(trust):
        benches.append(Bench(trust))
        return benches[-1]

    yield make
    for bench in benches:
        bench.streams.stop()
        assert bench.row[metrics.SERVER_CONNECTIONS.slot()] == 0
        bench.reactor.close()


@pytest.fixture
def bench(make_bench, certificate):
    return make_bench(certificate)


def test_a_server_without_a_name_is_asked_whatever_its_certificate(bench, server):
    bench.ask(server)
    assert bench.finish() == [Result.REPLY]
    assert bench.ends[0].octets == reply_to(query(1))
    assert server.protocols == ["dot"]
    assert bench.row[metrics.EXCHANGES.slot("tls", "reply")] == 1


def test_a_server_whose_certificate_has_its_name_is_asked(bench, server):
    bench.ask(server, HOST)
    assert bench.finish() == [Result.REPLY]
    assert server.names == [HOST]


def test_a_server_whose_certificate_has_another_name_is_told_nothing(bench, server):
    bench.ask(server, "other.example.test")
    assert bench.finish() == [Result.UNTRUSTED]
    ((name, why),) = bench.distrusted
    assert (name, "other.example.test" in why) == ("other.example.test", True)


def test_a_server_whose_certificate_nobody_vouches_for_is_told_nothing(make_bench, server):
    bench = make_bench("")
    bench.ask(server, HOST)
    assert bench.finish() == [Result.UNTRUSTED]
    ((name, why),) = bench.distrusted
    assert (name, "self-signed" in why.replace(" ", "-")) == (HOST, True)
    assert bench.row[metrics.EXCHANGES.slot("tls", "untrusted")] == 1


def test_a_certificate_is_told_of_once_until_it_was_right(bench, make_server, tmp_path):
    server = make_server(replies_before_end=1)
    right, wrong = server.context, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    wrong.load_cert_chain(certificate_in(tmp_path))
    for context in (wrong, wrong, right, wrong):
        server.context = context
        bench.ask(server, HOST)
        bench.finish(len(bench.ends) + 1)
    assert [end.result for end in bench.ends] == [
        Result.UNTRUSTED, Result.UNTRUSTED, Result.REPLY, Result.UNTRUSTED,
    ]  # fmt: skip
    assert len(bench.distrusted) == 2


def test_queries_share_a_connection(bench, server):
    for number in range(3):
        bench.ask(server, number=number)
    assert bench.finish(3) == [Result.REPLY] * 3
    bench.ask(server, number=4)
    bench.finish(4)
    assert server.connections == 1


def test_a_server_with_a_name_gets_a_connection_of_its_own(bench, make_server):
    server = make_server(replies_before_end=1)
    bench.ask(server, HOST)
    bench.finish(1)
    bench.ask(server, "")
    assert bench.finish(2) == [Result.REPLY] * 2
    assert server.connections == 2


def test_a_connection_that_the_server_ended_is_made_anew(bench, make_server):
    server = make_server(replies_before_end=1)
    bench.ask(server, number=1)
    bench.finish(1)
    bench.ask(server, number=2)
    assert bench.finish(2) == [Result.REPLY] * 2
    assert server.connections == 2


def ask_in_turn(bench, server, *names):
    for name in names:
        bench.ask(server, name)
        bench.finish(len(bench.ends) + 1)
    assert {end.result for end in bench.ends} == {Result.REPLY}


class TestResumption:
    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    @pytest.mark.parametrize("name", [HOST, ""], ids=["a name", "none"])
    def test_the_next_connection_resumes_the_session_of_the_last(
        self, bench, make_server, version, name
    ):
        server = make_server(replies_before_end=1, version=version)
        ask_in_turn(bench, server, name, name, name, name)
        assert server.resumed == [False, True, True, True]

    def test_one_ticket_is_used_once(self, bench, make_server):
        server = make_server(replies_before_end=1, version=ssl.TLSVersion.TLSv1_3)
        ask_in_turn(bench, server, HOST)
        server.context.num_tickets = 0
        ask_in_turn(bench, server, HOST, HOST)
        assert server.resumed == [False, True, False]

    def test_a_session_is_of_one_name(self, bench, make_server):
        server = make_server(replies_before_end=1)
        ask_in_turn(bench, server, "", HOST, HOST)
        assert server.resumed == [False, False, True]

    def test_a_server_that_lost_its_keys_is_asked_all_the_same(
        self, bench, make_server, certificate
    ):
        server = make_server(replies_before_end=1)
        ask_in_turn(bench, server, HOST)
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(certificate)
        ask_in_turn(bench, server, HOST, HOST)
        assert server.resumed == [False, False, True]

    def test_sessions_of_servers_without_end_take_bounded_room(self, bench, make_server):
        server = make_server(replies_before_end=1)
        ask_in_turn(bench, server, HOST)
        sessions = bench.streams._tls._sessions
        (key,) = (*sessions._newer, *sessions._older)
        session = sessions.get(key)
        for port in range(1000):
            other = upstream_connection.Server(b"\x7f\0\0\1", port, Transport.TLS, HOST)
            bench.streams._tls.keep_session(other, session)
        assert 128 <= len(sessions) <= 256


class Silent:
    """A server that takes connections; the test speaks for it."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.setblocking(False)
        self.port = self.listening.getsockname()[1]
        self.client = None
        self.received = b""

    def has_received(self):
        with contextlib.suppress(BlockingIOError):
            if self.client is None:
                self.client, _ = self.listening.accept()
                self.client.setblocking(False)
            self.received += self.client.recv(4096)
        return bool(self.received)

    def close(self):
        self.client.close()
        self.listening.close()


@pytest.fixture
def silent():
    server = Silent()
    yield server
    server.close()


def test_a_server_that_speaks_no_tls_is_told_nothing(bench, silent):
    bench.ask(silent)
    bench.reactor.turn_until(silent.has_received)
    silent.client.sendall(b"\x00\x0cno TLS here, only plain octets")
    assert bench.finish() == [Result.CLOSED]
    assert query(1)[2:] not in silent.received


def test_an_exchange_cancelled_in_the_handshake_ends_the_connection(bench, silent):
    started = bench.ask(silent)
    bench.reactor.turn_until(silent.has_received)
    assert silent.received.startswith(b"\x16\x03"), "a record of the handshake"
    started.cancel()
    assert bench.row[metrics.SERVER_CONNECTIONS.slot()] == 0
    assert bench.ends == []


def test_a_file_of_authorities_that_cannot_be_read_is_told(make_bench, server, tmp_path):
    bench = make_bench(str(tmp_path / "missing.pem"))
    bench.ask(server, HOST)
    assert bench.ends == []
    assert bench.finish() == [Result.UNREACHABLE]
