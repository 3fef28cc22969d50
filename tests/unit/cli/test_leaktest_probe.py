import socket

import pytest
from fakes.name_server import NameServer, reply_to

from dnsd.cli.leaktest_probe import Prober, name_of, outcome_of, own_address
from dnsd.cli.lookup_exchange import AskOptions, Server
from dnsd.wire import names
from dnsd.wire.iana import Rcode
from dnsd.wire.message import QR, parse_query

ZONE = names.from_text("example.test.")
ADDRESS = bytes((192, 0, 2, 1))


@pytest.fixture
def name_server():
    fake = NameServer()
    fake.say = lambda query, _: [reply_to(query, flags=QR | Rcode.NXDOMAIN)]
    yield fake
    fake.close()


@pytest.fixture
def prober():
    return Prober(ZONE, "leaktest-1a-", lambda n: b"\x07" * n, AskOptions(0.1, 1))


def seen(text):
    return {"name": text}


def test_every_question_has_a_name_that_no_cache_knows(name_server, prober):
    server = Server("127.0.0.1", name_server.port)
    assert prober.ask_resolver(server) == ("nxdomain",) * 8
    asked = [names.to_text(parse_query(octets).qname) for _, octets in name_server.heard]
    assert asked == [f"deep.down.leaktest-1a-{n}.example.test." for n in range(8)]


def test_who_is_silent_is_not_asked_for_long(name_server, prober):
    name_server.say = lambda *_: []
    assert prober.ask_resolver(Server("127.0.0.1", name_server.port)) == ("silence", "silence")


def test_where_nothing_listens_that_is_said(prober):
    assert prober.ask_once(Server("127.0.0.1", 1), "x") == "unreachable"


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({"flags": QR | Rcode.NXDOMAIN}, "nxdomain"),
        ({}, "nodata"),
        ({"flags": QR | Rcode.REFUSED}, "REFUSED"),
        ({"flags": QR | Rcode.NXDOMAIN, "answer": [(ZONE, 1, 60, ADDRESS)]}, "192.0.2.1"),
        ({"answer": [(ZONE, 5, 60, ZONE)]}, "nodata"),
    ],
)
def test_what_a_reply_says_of_a_name(name_server, prober, facts, outcome):
    name_server.say = lambda query, _: [reply_to(query, **facts)]
    assert prober.ask_once(Server("127.0.0.1", name_server.port), "x") == outcome


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (socket.gaierror(socket.EAI_NONAME, ""), "nxdomain"),
        (socket.gaierror(socket.EAI_AGAIN, ""), "SERVFAIL"),
        ([(0, 0, 0, "", ("192.0.2.1", 0))], "192.0.2.1"),
    ],
    ids=["no name", "failure", "address"],
)
def test_the_system_is_asked_as_programs_do(monkeypatch, prober, found, outcome):
    def getaddrinfo(name, *_):
        assert name == "deep.down.leaktest-1a-0.example.test."
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert prober.ask_system() == outcome


def test_a_sighting_belongs_to_whoever_was_asked(name_server, prober):
    server = Server("127.0.0.1", name_server.port)
    for owner in ("a", "b", "a"):
        prober.ask_once(server, owner)
    sightings = [
        seen("deep.down.leaktest-1a-0.example.test."),
        seen("dOWN.LeakTest-1a-1.example.test."),
        seen("leaktest-1a-2.example.test."),
        seen("leaktest-1a-3.example.test."),
        seen("leaktest-1a-x.example.test."),
        seen("example.test."),
    ]
    assert prober.sightings_of("a", sightings) == (sightings[0], sightings[2])
    assert prober.sightings_of("b", sightings) == (sightings[1],)
    assert prober.sightings_of("c", sightings) == ()


def test_the_name_of_an_address_is_asked_for(name_server, prober):
    server = Server("127.0.0.1", name_server.port)
    assert name_of("192.0.2.1", server, prober) == ""
    name_server.say = lambda query, _: [
        reply_to(query, answer=[(parse_query(query).qname, 12, 60, names.from_text("ns.a.test."))])
    ]
    assert name_of("192.0.2.1", server, prober) == "ns.a.test"
    assert name_of("192.0.2.1", Server("127.0.0.1", 1), prober) == ""


def test_the_address_of_this_machine_depends_on_where_one_goes():
    assert own_address(Server("127.0.0.1")) == "127.0.0.1"
    assert own_address(Server("fe80::1")) == ""


def test_replies_can_be_read_alone():
    class Reply:
        message = type("Message", (), {"answer": [], "rcode": 3})

    assert outcome_of(Reply) == "nxdomain"
