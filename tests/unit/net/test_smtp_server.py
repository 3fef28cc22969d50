"""All connections of SMTP together, without sockets."""

import pytest
from fakes.smtp_server import Bench

from dnsd.mail import reply
from dnsd.mail.smtp.clients import ClientLimits
from dnsd.mail.smtp.options import Limits
from dnsd.observe import metrics


@pytest.fixture
def make_bench():
    return Bench


def test_a_connection_too_many_is_told_so(make_bench):
    bench = make_bench(clients=ClientLimits(connections=2, connections_per_client=1))
    first = bench.connect("198.51.100.1")
    second = bench.connect("198.51.100.1")
    assert second.received == reply.TOO_MANY_CONNECTIONS.octets()
    assert second.is_closed
    assert bench.hits("smtp_connections_per_client") == 1
    bench.connect("198.51.100.2")
    assert bench.connect("198.51.100.3").is_closed
    assert bench.hits("smtp_connections") == 1
    first.lose()
    assert not bench.connect("198.51.100.3").is_closed


def test_a_refused_connection_takes_no_place(make_bench):
    bench = make_bench(clients=ClientLimits(connections=1))
    first = bench.connect()
    bench.connect().lose()
    first.lose()
    assert not bench.connect().is_closed


def test_connections_are_counted(make_bench):
    bench = make_bench()
    clients = [bench.connect() for _ in range(3)]
    clients[0].lose()
    assert bench.count(metrics.MAIL_CONNECTIONS) == len(bench.server) == 2
    assert bench.count(metrics.MAIL_CONNECTIONS_OPENED) == 3


def test_one_timer_looks_at_all(make_bench):
    bench = make_bench(limits=Limits(command_s=5.0))
    clients = [bench.connect(f"198.51.100.{i}") for i in range(5)]
    assert len(bench.reactor.getDelayedCalls()) == 1
    bench.pass_time(5.2)
    assert all(client.received.endswith(reply.TOO_SLOW.octets()) for client in clients)
    assert bench.hits("smtp_time") == 5
    for client in clients:
        client.lose()
    bench.pass_time(3)
    assert bench.reactor.getDelayedCalls() == []


def test_times_are_short_when_most_connections_are_taken(make_bench):
    bench = make_bench(clients=ClientLimits(connections=10))
    clients = [bench.connect(f"198.51.100.{i}") for i in range(9)]
    bench.pass_time(10.2)
    assert all(client.received.endswith(reply.TOO_SLOW.octets()) for client in clients)


def test_going_down_is_said_to_all(make_bench):
    bench = make_bench()
    clients = [bench.connect() for _ in range(3)]
    bench.server.shut_down()
    assert all(client.received.endswith(reply.SHUTTING_DOWN.octets()) for client in clients)
    assert all(client.is_closed for client in clients)


def test_all_can_be_closed_at_once(make_bench):
    bench = make_bench()
    client = bench.connect()
    bench.server.close_all()
    assert client.transport.disconnected or client.transport.disconnecting
