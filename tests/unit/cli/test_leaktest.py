import json
import socket

import pytest
from fakes.name_server import NameServer, reply_to

from dnsd.cli import leaktest, leaktest_probe, lookup_servers
from dnsd.cli.lookup_exchange import Server
from dnsd.wire import names
from dnsd.wire.iana import Rcode
from dnsd.wire.message import QR, parse_query

ISP = "203.0.113.9"


@pytest.fixture
def here(daemon, directory):
    """Our own server: says that no name exists."""
    fake = NameServer()
    (directory / "dnsd.yaml").write_text(
        f"listen: [{{address: 127.0.0.1, port: {fake.port}}}]\nuser: none\n"
        "control: {socket: /proc/self/cwd/s}\n"
    )
    fake.say = lambda query, _: [reply_to(query, flags=QR | Rcode.NXDOMAIN)]
    yield fake
    fake.close()


@pytest.fixture
def resolver():
    fake = NameServer()
    fake.say = lambda query, _: [reply_to(query, flags=QR | Rcode.NXDOMAIN)]
    yield fake
    fake.close()


@pytest.fixture
def world(daemon, here, resolver, monkeypatch):
    """A machine whose resolver has a provider ask for it; what a test may change."""
    monkeypatch.setattr(leaktest, "_SETTLE_S", 0)
    monkeypatch.setattr(leaktest_probe, "PLACEHOLDERS", ())
    monkeypatch.setattr(lookup_servers, "of_system", lambda: (Server("127.0.0.1", resolver.port),))

    def nothing(*_):
        raise socket.gaierror(socket.EAI_NONAME, "")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    daemon.answers["GET /zones"] = 200, {
        "zones": [{"origin": "example.test.", "generated": False}], "next": "",
    }  # fmt: skip
    daemon.answers["POST /sightings"] = 200, {"sightings": [], "omitted": 0, "left_s": 60.0}

    def seen(_body):
        shapes = [_shape(octets, "127.0.0.1") for _, octets in here.heard]
        shapes += [_shape(octets, ISP) for _, octets in resolver.heard]
        return {"sightings": shapes, "omitted": 0, "left_s": 0.0}

    daemon.answers["POST /sightings/end"] = 200, seen
    return daemon


def _shape(octets, client):
    query = parse_query(octets)
    return {
        "age_s": 0.1, "client": client, "port": query.id ^ 0x5555, "id": query.id,
        "transport": "udp", "name": names.to_text(query.qname), "type": "A", "udp_size": 1232,
        "edns": True, "dnssec": False, "cookie": False,
    }  # fmt: skip


def test_what_was_found_out_is_said_in_words(run, world):
    result = run("leaktest")
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        "The resolver 127.0.0.1",
        "  good  says of names that do not exist that they do not",
        (
            "  note  has 203.0.113.9 ask the name servers; whoever runs that sees every name that you "
            "look up"
        ),
        "  good  chooses its source ports so that nobody can guess them",
        "  good  chooses its message IDs so that nobody can guess them",
        "  note  does not use random letter case against forgers",
        "  note  tells every name server the whole name that is looked up",
        "  note  does not ask for signatures, so it can check none (DNSSEC)",
        "",
        "The programs of this machine",
        "  good  says of names that do not exist that they do not",
        (
            "  note  answers, but nobody asked this server: example.test. is not delegated to it where "
            "the resolver looks, so nothing more can be said"
        ),
    ]
    assert result.exit_code == 0
    watched = world.asked[1]
    assert watched[0] == "POST /sightings"
    assert watched[1]["zone"] == "example.test."
    assert watched[1]["prefix"].startswith("leaktest-")


def test_what_is_bad_is_exit_status_1(run, world, resolver):
    resolver.say = lambda query, _: [
        reply_to(query, answer=[(parse_query(query).qname, 1, 60, bytes((192, 0, 2, 80)))])
    ]
    result = run("leaktest", "--zone", "example.test")
    assert result.exit_code == 1
    assert "  bad   answers 192.0.2.80 for names that do not exist" in result.stdout


def test_for_programs_it_is_findings_and_what_they_are_made_of(run, world):
    found = json.loads(run("leaktest", "--json").stdout)
    assert found["findings"][0]["about"] == "The resolver 127.0.0.1"
    assert found["findings"][0]["kind"] == "good"
    assert found["observations"]["own"] == ["127.0.0.1"]
    assert found["observations"]["asked"][0]["outcomes"] == ["nxdomain"] * 8


def test_our_own_internet_address_is_learned_by_the_long_way(run, world, here):
    def say(query, _):
        asked = parse_query(query)
        answers = {
            ("example.test.", 2): (2, names.from_text("ns.example.test.")),
            ("ns.example.test.", 1): (1, bytes((127, 0, 0, 1))),
        }
        found = answers.get((names.to_text(asked.qname), asked.qtype))
        if found is None:
            return [reply_to(query, flags=QR | Rcode.NXDOMAIN)]
        return [reply_to(query, answer=[(asked.qname, found[0], 60, found[1])])]

    here.say = say
    result = run("leaktest", "--timeout", "0.1")
    assert result.exit_code == 0


def test_a_daemon_that_sees_nothing_is_told(run, world):
    world.answers["POST /sightings/end"] = 200, {"sightings": [], "omitted": 0, "left_s": 0.0}
    result = run("leaktest")
    assert result.exit_code == 1
    assert "was not seen: nxdomain" in result.stderr


@pytest.mark.parametrize(
    ("zones", "said"), [([], "none is served"), (["a.test.", "b.test."], "a.test., b.test.")]
)
def test_the_zone_must_be_known(run, world, zones, said):
    listed = [{"origin": zone, "generated": False} for zone in zones]
    world.answers["GET /zones"] = 200, {"zones": listed, "next": ""}
    result = run("leaktest")
    assert result.exit_code == 2
    assert f"--zone must say below which zone to ask: {said}" in result.stderr


def test_another_test_under_way_is_told(run, world):
    world.answers["POST /sightings"] = 409, {"error": "another watch is under way"}
    result = run("leaktest")
    assert (result.exit_code, result.stderr) == (1, "another watch is under way\n")
