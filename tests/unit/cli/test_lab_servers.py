import asyncio
import socket

import pytest

from dnsd.cli.lab_servers import serve
from dnsd.cli.lab_world import Place
from dnsd.cli.lookup_exchange import AskError, AskOptions, Server, Way, ask
from dnsd.cli.lookup_question import QueryForm, query_octets
from dnsd.lab.authority import Authority, Sent
from dnsd.lab.zone import zone_from_text

ADDRESS = "127.53.99.1"
ZONE = zone_from_text("a.test.", "@ A 192.0.2.1")
QUERY = query_octets(b"\x01a\x04test\x00", 1, QueryForm(), lambda n: b"\x12\x34"[:n])


@pytest.fixture
def port():
    with socket.socket() as opened:
        opened.bind((ADDRESS, 0))
        return opened.getsockname()[1]


def during(server, port, blocking):
    """Serve at one address while a blocking function runs; what it returns, and the queries."""
    queries = []

    async def run():
        place = Place(ADDRESS, "a.test.", server)
        async with await serve([place], port, lambda *seen: queries.append(seen[1:])):
            return await asyncio.to_thread(blocking)

    return asyncio.run(run()), [(transport.name, octets) for transport, octets in queries]


@pytest.mark.parametrize("way", [Way.UDP, Way.TCP])
def test_a_server_answers_on_its_address(port, way):
    reply, queries = during(
        Authority([ZONE]), port, lambda: ask(QUERY, Server(ADDRESS, port), way, AskOptions())
    )
    assert reply.message.answer[0].rdatas == (bytes((192, 0, 2, 1)),)
    assert queries == [(way.value, QUERY)]


class Closing:
    """Says that it has nothing more to say."""

    def receive(self, query, transport, now):
        return (Sent(b"", 0.0),)


def test_no_octets_close_a_connection(port):
    def refused():
        with pytest.raises(AskError, match="closed the connection before it replied"):
            ask(QUERY, Server(ADDRESS, port), Way.TCP, AskOptions())

    during(Closing(), port, refused)


def test_a_client_that_goes_away_is_no_error(port):
    def go():
        socket.create_connection((ADDRESS, port)).close()
        with socket.create_connection((ADDRESS, port)) as opened:
            opened.send(b"\x00\xffhalf")

    during(Authority([ZONE]), port, go)


def test_what_served_is_gone_afterwards(port):
    during(Authority([ZONE]), port, lambda: None)
    with pytest.raises(AskError, match="nothing listens there"):
        ask(QUERY, Server(ADDRESS, port), Way.UDP, AskOptions())


def test_an_address_that_is_taken_cannot_be_had_and_none_is_kept(port):
    async def run():
        places = [Place(f"127.53.99.{n}", "", Authority([])) for n in (2, 1)]
        with pytest.raises(OSError, match="in use"):
            await serve(places, port, lambda *_: None)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((ADDRESS, port))
        asyncio.run(run())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.53.99.2", port))
