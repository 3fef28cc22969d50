"""One connection over a transport without sockets, plain and under TLS."""

import ssl

import pytest
from fakes.smtp_server import Bench
from fakes.tls import TlsClient, client_context, contexts
from twisted.internet.defer import Deferred

from dnsd.mail import reply
from dnsd.mail.route import ClientStanding
from dnsd.mail.smtp.clients import ClientLimits
from dnsd.mail.smtp.options import Limits
from dnsd.observe import metrics

EHLO = b"EHLO client.example\r\n"
ENVELOPE = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<alice@example.test>\r\n"
MESSAGE = b"Subject: x\r\n\r\ntext\r\n.\r\n"


@pytest.fixture
def make_bench():
    return Bench


@pytest.fixture
def context():
    return contexts().dot


class TlsSide(TlsClient):
    """A client that begins TLS on a connection that it has."""

    def exchange(self, size=None):
        self.connection.transport.clear()
        self._read = 0
        octets = self._outgoing.read()
        if octets:
            self.connection.send(octets)
        self._incoming.write(self.connection.received)
        while self.tls.version():
            try:
                octets = self.tls.read(65536)
            except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
                return
            if not octets:
                return
            self.received += octets

    def say(self, octets):
        before = len(self.received)
        self.send(octets)
        return self.received[before:]


def under_tls(client):
    side = TlsSide(client, client_context())
    side.shake_hands()
    return side


def test_a_group_of_replies_is_one_write(make_bench):
    bench = make_bench()
    client = bench.connect()
    client.say(EHLO)
    writes = []
    client.transport.write = writes.append
    client.send(ENVELOPE + b"RCPT TO:<bob@example.test>\r\nDATA\r\n")
    assert [octets.count(b"\r\n") for octets in writes] == [4]


def test_replies_are_counted_by_command_and_class(make_bench):
    bench = make_bench()
    client = bench.connect()
    client.say(EHLO)
    client.say(ENVELOPE + b"RCPT TO:<x@y.test>\r\nXYZZY\r\n")
    assert bench.count(metrics.MAIL_REPLIES, "EHLO", "done") == 1
    assert bench.count(metrics.MAIL_REPLIES, "RCPT", "done") == 1
    assert bench.count(metrics.MAIL_REPLIES, "RCPT", "refused") == 1
    assert bench.count(metrics.MAIL_REPLIES, "other", "refused") == 1


def test_a_client_that_is_closed_for_a_reason_hears_it_before_the_reset(make_bench):
    bench = make_bench()
    client = bench.connect()
    assert client.say(b"GET / HTTP/1.1\r\n") == reply.NO_SMTP.octets()
    assert client.transport.has_closed_writing
    assert not client.is_closed
    client.say(b"Host: x\r\n")
    bench.pass_time(2.2)
    assert client.is_closed
    assert bench.hits("smtp_foreign") == 1
    client.lose()
    assert len(bench.server) == 0


def test_the_farewell_closes(make_bench):
    bench = make_bench()
    client = bench.connect()
    assert client.say(b"QUIT\r\n") == reply.GOODBYE.octets()
    assert client.is_closed


def test_a_client_that_sends_no_more_is_closed(make_bench):
    client = make_bench().connect()
    client.transport.protocol.readConnectionLost()
    assert client.is_closed


def test_reading_stops_behind_a_question_and_for_replies_that_nobody_reads(make_bench):
    bench = make_bench()
    waits = bench.reception.waits["check_sender"] = Deferred()
    client = bench.connect()
    client.say(EHLO)
    client.say(ENVELOPE + b"RCPT TO:<alice@example.test>\r\n" * 2400)
    assert client.transport.producerState == "paused"
    connection = client.transport.protocol
    connection.pauseProducing()
    waits.callback(None)
    assert client.transport.producerState == "paused"
    connection.resumeProducing()
    assert client.transport.producerState == "producing"


def test_the_greeting_waits_for_its_time(make_bench):
    bench = make_bench(limits=Limits(greeting_delay_s=1.0))
    client = bench.connect()
    assert client.received == b""
    bench.pass_time(1.2)
    assert client.received == b"220 mx.example.test ESMTP\r\n"


def test_mail_under_tls(make_bench, context):
    bench = make_bench(context=context)
    client = bench.connect()
    assert b"STARTTLS" in client.say(EHLO)
    assert client.say(b"STARTTLS\r\n") == reply.READY_FOR_TLS.octets()
    side = under_tls(client)
    assert b"STARTTLS" not in side.say(EHLO)
    side.say(ENVELOPE + b"DATA\r\n")
    assert side.say(MESSAGE) == reply.queued("0A1").octets()
    ((transaction, _),) = bench.reception.messages
    assert transaction.tls.version == "TLSv1.3"
    assert transaction.tls.cipher.startswith("TLS_")
    assert bench.count(metrics.MAIL_HANDSHAKES, "full") == 1
    side.say(b"QUIT\r\n")
    assert client.is_closed


def test_nothing_that_came_in_the_clear_is_answered_under_tls(make_bench, context):
    bench = make_bench(context=context)
    client = bench.connect()
    client.say(EHLO)
    said = client.say(b"STARTTLS\r\n" + ENVELOPE)
    assert said == reply.INJECTION.octets()
    assert client.transport.has_closed_writing
    assert bench.hits("smtp_injection") == 1


def test_tls_from_the_first_octet(make_bench, context):
    bench = make_bench(context=context, tls=True, offers_authentication=True)
    client = bench.connect()
    assert client.received == b""
    side = under_tls(client)
    assert side.received == b"220 mx.example.test ESMTP\r\n"
    assert b"AUTH PLAIN LOGIN" in side.say(EHLO)


def test_tls_that_fails_leaves_nothing(make_bench, context):
    bench = make_bench(context=context, tls=True)
    client = bench.connect()
    client.send(b"EHLO client.example\r\n")
    assert client.is_closed
    client.lose()
    assert bench.server.clients.connect(b"x") == ""
    assert (len(bench.server), bench.server.clients._count) == (0, 1)
    assert bench.count(metrics.MAIL_CONNECTIONS) == 0


def test_starttls_that_fails_leaves_nothing(make_bench, context):
    bench = make_bench(context=context)
    client = bench.connect()
    client.say(EHLO)
    client.say(b"STARTTLS\r\n")
    client.send(b"MAIL FROM:<a@b.test>\r\n")
    client.lose()
    assert (len(bench.server), bench.server.clients._count) == (0, 0)
    assert bench.count(metrics.MAIL_HANDSHAKES, "failed") == 1


def test_handshakes_have_a_rate(make_bench, context):
    bench = make_bench(context=context, clients=ClientLimits(handshakes_per_second=1))
    for closed in (False, True):
        client = bench.connect()
        client.say(EHLO)
        client.say(b"STARTTLS\r\n")
        assert client.is_closed is closed
    assert bench.hits("smtp_handshakes") == 1


def test_a_network_may_log_in_plainly(make_bench):
    bench = make_bench(offers_authentication=True, standing=ClientStanding(may_log_in_plainly=True))
    client = bench.connect()
    assert b"AUTH" in client.say(EHLO)


def test_limits_that_close_nothing_are_counted(make_bench):
    bench = make_bench(limits=Limits(recipients=1, message_octets=100))
    client = bench.connect()
    client.say(EHLO)
    client.say(b"MAIL FROM:<a@b.test> SIZE=101\r\n")
    client.say(ENVELOPE + b"RCPT TO:<bob@example.test>\r\n")
    assert (bench.hits("message_size"), bench.hits("recipients")) == (1, 1)
