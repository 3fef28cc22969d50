"""The reader of datagrams, on loopback sockets and with a responder that only repeats."""

import contextlib
import socket

import pytest
from fakes.datagrams import wait_for_datagrams

from dnsd.net import udp_batch
from dnsd.net.mmsg import RECEIVE_OCTETS
from dnsd.net.udp_batch import DATAGRAMS_PER_TURN, UdpBatch
from dnsd.observe import metrics
from dnsd.query.request import Transport


class Reactor:
    def __init__(self):
        self.readers = set()

    def addReader(self, reader):  # noqa: N802 - Twisted's name
        self.readers.add(reader)

    def removeReader(self, reader):  # noqa: N802 - Twisted's name
        self.readers.discard(reader)


class Responder:
    """Replies in upper case; queries that begin with a minus get no reply."""

    max_datagram = 1232

    def __init__(self, *, is_counted=False):
        page = metrics.new_page(1)
        self.row, self.generations = page.row(0), page.generations
        self.aliases = {}
        self.is_counted = is_counted
        self.requests = []
        self.late = []
        self.counted = []

    def aliases_for(self, client):
        return self.aliases, self.is_counted

    def is_within_rate(self, client, rate_class, now):
        self.counted.append((client, rate_class))
        return len(self.counted) < 2

    def respond(self, request, send_late):
        self.requests.append(request)
        if request.octets.startswith(b"+"):
            self.late.append((request, send_late))
            return None
        return b"" if request.octets.startswith(b"-") else request.octets.upper()


@contextlib.contextmanager
def reading(responder, address="127.0.0.1"):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        try:
            sock.bind((address, 0))
        except OSError:
            pytest.skip("no IPv6 on this machine")
        reader = UdpBatch(Reactor(), sock, responder)
        with socket.socket(family, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.connect(sock.getsockname()[:2])
            yield reader, client


def exchange(reader, client, *queries):
    for query in queries:
        client.send(query)
    wait_for_datagrams(reader._socket, len(queries))
    lost = metrics.drop_slot("send_failed"), metrics.drop_slot("send_buffer")
    row = reader._responder.row
    before = sum(row[slot] for slot in lost)
    reader.doRead()
    answered = sum(not query.startswith(b"-") for query in queries)
    wait_for_datagrams(client, answered - (sum(row[slot] for slot in lost) - before))
    replies = []
    client.settimeout(0)
    with contextlib.suppress(BlockingIOError):
        while True:
            replies.append(client.recv(9999))
    return replies


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_request_says_who_asked(address):
    responder = Responder()
    with reading(responder, address) as (reader, client):
        assert exchange(reader, client, b"ab query") == [b"AB QUERY"]
        (request,) = responder.requests
        assert request.client == socket.inet_pton(client.family, address)
        assert request.client_port == client.getsockname()[1]
        assert request.transport is Transport.UDP
        assert request.local is None


def test_queries_without_a_reply_leave_the_others_alone():
    with reading(Responder()) as (reader, client):
        queries = [b"-a", b"b1", b"-c", b"-d", b"e1", b"f1", b"-g"]
        assert exchange(reader, client, *queries) == [b"B1", b"E1", b"F1"]


def test_only_queries_without_a_reply_send_nothing():
    responder = Responder()
    with reading(responder) as (reader, client):
        assert exchange(reader, client, b"-a", b"-b") == []
        assert responder.row[metrics.drop_slot("send_failed")] == 0


def alias(responder, query, reply, slot=3, until=float("inf")):
    responder.aliases[query] = (reply, slot, 0, 5, b"\0class", until)


def test_an_alias_is_answered_without_the_responder():
    responder = Responder()
    alias(responder, b" known", b" alias")
    with reading(responder) as (reader, client):
        exchange(reader, client, b"00 other")  # makes the client known
        assert exchange(reader, client, b"\x01\x02 known") == [b"\x01\x02 alias"]
        assert len(responder.requests) == 1
        assert responder.row[5] == 1
        assert responder.row[metrics.ANSWER_CACHE_HITS.slot()] == 1


def test_an_alias_of_an_older_generation_is_left_to_the_responder():
    responder = Responder()
    alias(responder, b" known", b" alias")
    with reading(responder) as (reader, client):
        exchange(reader, client, b"00 other")
        responder.generations[3] += 1
        assert exchange(reader, client, b"00 known") == [b"00 KNOWN"]


def test_an_alias_for_a_counted_client_stays_within_its_rate():
    responder = Responder(is_counted=True)
    alias(responder, b" known", b" alias")
    with reading(responder) as (reader, client):
        exchange(reader, client, b"00 other")
        replies = exchange(reader, client, b"00 known", b"01 known")
        assert replies == [b"00 alias", b"01 KNOWN"]
        assert responder.counted == [(socket.inet_aton("127.0.0.1"), b"\0class")] * 2


def test_a_datagram_longer_than_we_read_is_cut_and_answered_as_such():
    responder = Responder()
    with reading(responder) as (reader, client):
        client.send(b"-" * (RECEIVE_OCTETS + 1))
        wait_for_datagrams(reader._socket, 1)
        reader.doRead()
        assert len(responder.requests[0].octets) == RECEIVE_OCTETS


def test_a_turn_leaves_what_is_too_much_to_the_next():
    responder = Responder()
    with reading(responder) as (reader, client):
        for _ in range(DATAGRAMS_PER_TURN + 1):
            client.send(b"-")
        wait_for_datagrams(reader._socket, DATAGRAMS_PER_TURN + 1)
        reader.doRead()
        assert len(responder.requests) == DATAGRAMS_PER_TURN
        assert responder.row[metrics.limit_slot("datagrams_per_turn")] == 1
        reader.doRead()
        assert len(responder.requests) == DATAGRAMS_PER_TURN + 1
        assert responder.row[metrics.limit_slot("datagrams_per_turn")] == 1
        assert responder.row[metrics.DATAGRAMS_RECEIVED.slot()] == DATAGRAMS_PER_TURN + 1
        assert responder.row[metrics.DATAGRAM_BATCHES.slot()] == 2


def test_replies_that_the_kernel_does_not_take_are_counted_by_the_cause(monkeypatch):
    responder = Responder()
    with reading(responder) as (reader, client):
        monkeypatch.setattr(reader._vectors, "send", lambda start, end: end - start)
        exchange(reader, client, b"a", b"b")
        reader._vectors.full_sends += 1
        exchange(reader, client, b"c", b"d", b"e")
        exchange(reader, client, b"f")
    row = responder.row
    assert row[metrics.drop_slot("send_failed")] == 3
    assert row[metrics.drop_slot("send_buffer")] == 3
    assert row[metrics.limit_slot("send_buffer")] == 1


def test_more_clients_than_a_reader_remembers_are_forgotten_together(monkeypatch):
    monkeypatch.setattr(udp_batch, "_MAX_CLIENTS", 2)
    responder = Responder()
    with reading(responder) as (reader, client):
        for number in (1, 2, 3):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.bind((f"127.0.0.{number + 1}", 0))
                other.sendto(b"query", client.getpeername())
            wait_for_datagrams(reader._socket, 1)
            reader.doRead()
            assert responder.row[metrics.limit_slot("reader_clients")] == (number == 3)
        assert len(reader._clients) == 1


def test_a_reader_starts_and_stops_with_its_reactor():
    with reading(Responder()) as (reader, _):
        reactor = reader._reactor
        reader.start()
        assert reactor.readers == {reader}
        reader.stop()
        assert reactor.readers == set()


def test_an_alias_whose_second_is_over_is_left_to_the_responder():
    responder = Responder()
    with reading(responder) as (reader, client):
        alias(responder, b"query", b"reply", until=0.0)
        assert exchange(reader, client, b"idquery") == [b"IDQUERY"]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_reply_of_a_later_turn_goes_to_who_asked(address):
    responder = Responder()
    with reading(responder, address) as (reader, client):
        client.send(b"+id")
        reader.doRead()
        ((request, send_late),) = responder.late
        send_late(request, b"")
        send_late(request, b"the reply")
        assert client.recv(100) == b"the reply"
