import json

import pytest
from fakes.name_server import NameServer, reply_to

from dnsd.cli import lookup_servers
from dnsd.cli.lookup_exchange import Server
from dnsd.wire.iana import Rcode
from dnsd.wire.message import QR, RA, parse_query

A = bytes((192, 0, 2, 1))
AAAA = bytes(15) + b"\x01"


@pytest.fixture
def name_server(directory):
    """A name server at the address of the configuration."""
    fake = NameServer()
    (directory / "dnsd.yaml").write_text(
        f"listen: [{{address: 127.0.0.1, port: {fake.port}}}]\nuser: none\n"
    )

    def say(query, _):
        asked = parse_query(query)
        data = {1: A, 28: AAAA}.get(asked.qtype)
        answer = [(asked.qname, asked.qtype, 300, data)] if data else []
        return [reply_to(query, answer=answer)]

    fake.say = say
    yield fake
    fake.close()


@pytest.fixture
def system(monkeypatch):
    """The resolvers of the system: none listens."""
    servers = []
    monkeypatch.setattr(lookup_servers, "of_system", lambda: tuple(servers))
    return servers


def _time_left_out(text):
    return [line for line in text.splitlines() if not line.startswith("time ")]


def test_the_dnsd_of_the_configuration_is_asked(run, name_server):
    result = run("lookup", "www.example.test")
    assert result.exit_code == 0
    assert _time_left_out(result.stdout) == [
        "www.example.test.  5m  A     192.0.2.1",
        "www.example.test.  5m  AAAA  ::1",
        "",
        "status  answered",
        "flags   recursion offered",
        f"server  127.0.0.1 port {name_server.port} over UDP",
    ]
    assert result.stderr == ""


def test_where_no_dnsd_answers_the_resolvers_of_the_system_are_asked(
    run, name_server, directory, system
):
    (directory / "dnsd.yaml").write_text("listen: [{address: 127.0.0.1, port: 1}]\nuser: none\n")
    system += [Server("127.0.0.1", name_server.port)]
    result = run("lookup", "www.example.test", "a")
    assert result.exit_code == 0
    assert f"port {name_server.port} over UDP" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("rcode", "answer"),
    [(Rcode.NOERROR, "192.0.2.1\n"), (Rcode.REFUSED, "")],
    ids=["other", "none"],
)
def test_what_our_own_dnsd_refuses_the_system_is_asked(run, name_server, system, rcode, answer):
    other = NameServer()
    try:
        system += [Server("127.0.0.1", other.port)]
        say, port = name_server.say, name_server.port
        other.say = (
            say if not rcode else lambda query, _: [reply_to(query, flags=QR | Rcode.REFUSED)]
        )
        name_server.say = lambda query, _: [reply_to(query, flags=QR | Rcode.REFUSED)]
        assert run("lookup", "www.example.test", "a", "--short").stdout == answer
        if rcode:
            assert f"port {port} over UDP" in run("lookup", "www.example.test", "a").stdout
    finally:
        other.close()


def test_who_names_a_configuration_wants_its_dnsd(run, name_server, directory, system):
    (directory / "dnsd.yaml").write_text("listen: [{address: 127.0.0.1, port: 1}]\nuser: none\n")
    system += [Server("127.0.0.1", name_server.port)]
    result = run("lookup", "www.example.test", "a", "--config", "dnsd.yaml")
    assert result.exit_code == 1
    assert result.stderr == "127.0.0.1 port 1 over UDP: nothing listens there\n"


def test_a_server_that_is_named_is_asked_and_nobody_else(run, name_server, directory, system):
    (directory / "dnsd.yaml").unlink()
    result = run("lookup", "www.example.test", "A", f"@127.0.0.1:{name_server.port}", "--tcp")
    assert result.exit_code == 0
    assert [how for how, _ in name_server.heard] == ["tcp"]
    again = run("lookup", "www.example.test", "A", "@127.0.0.1", "--port", str(name_server.port))
    assert again.exit_code == 0


@pytest.mark.parametrize("rcode", [Rcode.NXDOMAIN, Rcode.SERVFAIL, Rcode.NOERROR])
def test_no_answer_is_exit_status_1(rcode, run, name_server):
    name_server.say = lambda query, _: [reply_to(query, flags=QR | RA | rcode)]
    assert run("lookup", "www.example.test").exit_code == 1


def test_one_answer_of_two_is_success(run, name_server):
    assert run("lookup", "www.example.test").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "the name to look up is missing"),
        (("a.test", "--port", "53"), "--port is the port of @SERVER, and there is none"),
        (("a.test", "@nowhere.invalid."), "'nowhere.invalid.' is no address, and none is known"),
        (("a.test", "--class", "XX"), "'XX' is not a class"),
        (("a.test", "--dnssec", "--no-edns"), "signatures cannot be asked for without EDNS"),
        (("a.test", "--tls", "--config", "dnsd.yaml"), "the configuration has no listener for TLS"),
    ],
)
def test_words_that_ask_nothing_are_wrong_usage(words, said, run, name_server):
    result = run("lookup", *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_options_stand_in_the_query(run, name_server):
    run("lookup", "a.test", "TXT", "--class", "CH", "--no-recurse", "--dnssec")
    ((_, octets),) = name_server.heard
    query = parse_query(octets)
    assert (query.qclass, query.flags & 0x0100, query.edns.do) == (3, 0, True)
    run("lookup", "a.test", "TXT", "--no-edns")
    assert parse_query(name_server.heard[1][1]).edns is None


def test_other_forms(run, name_server):
    assert run("lookup", "a.test", "--short").stdout == "192.0.2.1\n::1\n"
    assert run("lookup", "a.test", "A", "--nslookup").stdout.splitlines()[-3:] == [
        "Name:\ta.test", "Address: 192.0.2.1", ""
    ]  # fmt: skip
    (found,) = json.loads(run("lookup", "a.test", "A", "--json").stdout)
    assert found["answer"][0]["data"] == "192.0.2.1"


def test_who_does_not_reply_is_said(run, name_server):
    name_server.say = lambda *_: []
    result = run("lookup", "a.test", "--timeout", "0.1", f"@127.0.0.1:{name_server.port}")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"127.0.0.1 port {name_server.port} over UDP: no reply within 0.2 seconds\n"
    )


def test_a_question_that_gets_no_reply_beside_one_that_does_is_said(run, name_server):
    asked_for_a = name_server.say
    name_server.say = lambda query, how: (
        asked_for_a(query, how) if parse_query(query).qtype == 1 else []
    )
    result = run("lookup", "a.test", "--timeout", "0.1", f"@127.0.0.1:{name_server.port}")
    assert result.exit_code == 0
    assert "192.0.2.1" in result.stdout
    assert "no reply within 0.2 seconds" in result.stderr


TRACE = {
    "steps": [], "omitted": 0, "rcode": "NOERROR", "answer": ["a.test. 60 A 192.0.2.1"],
    "error_code": None, "error_text": "", "limits": [], "packets": 2, "seconds": 0.01,
}  # fmt: skip


def test_a_trace_is_asked_of_the_daemon(run, daemon):
    daemon.answers["POST /resolver/trace"] = 200, TRACE
    result = run("lookup", "--trace", "a.test", "A")
    assert result.exit_code == 0
    assert result.stdout == "\na.test. 60 A 192.0.2.1\n2 queries, 10 ms\n"
    assert daemon.asked == [("POST /resolver/trace", {"name": "a.test.", "type": "A"})]
    assert json.loads(run("lookup", "--trace", "a.test", "A", "--json").stdout) == [TRACE]


def test_a_trace_without_an_answer_is_exit_status_1(run, daemon):
    daemon.answers["POST /resolver/trace"] = 200, {**TRACE, "answer": []}
    assert run("lookup", "--trace", "a.test", "A").exit_code == 1


@pytest.mark.parametrize("words", [("@192.0.2.1",), ("--tls",), ("--short",), ("--dnssec",)])
def test_a_trace_goes_its_own_way(words, run):
    assert run("lookup", "--trace", "a.test", *words).exit_code == 2


def test_what_the_daemon_cannot_do_is_said(run, daemon):
    daemon.answers["POST /resolver/trace"] = 503, {"error": "the store is gone"}
    result = run("lookup", "--trace", "a.test")
    assert (result.exit_code, result.stderr) == (1, "the store is gone\n")


@pytest.mark.parametrize("status", [None, 404])
def test_without_a_daemon_that_resolves_the_trace_is_made_here(
    status, run, directory, monkeypatch, request
):
    if status:
        request.getfixturevalue("daemon")  # which says 404
    asked = []

    def trace_here(config, questions):
        asked.append((config.file.name, questions))
        return [TRACE for _ in questions]

    monkeypatch.setattr("dnsd.cli.lookup_own_trace.trace_here", trace_here)
    result = run("lookup", "--trace", "a.test")
    assert (result.exit_code, result.stderr) == (0, "")
    assert asked == [("dnsd.yaml", [(b"\x01a\x04test\x00", 1), (b"\x01a\x04test\x00", 28)])]


CHAIN = {
    "status": "secure", "rcode": "NOERROR", "answer": ["a.test. 60 A 192.0.2.1"],
    "anchors": ["."], "links": [], "ends": [], "signed": [], "broken": None,
    "reason_code": None, "reason": "", "packets": 2, "seconds": 0.01,
}  # fmt: skip
BOGUS = {**CHAIN, "status": "bogus", "rcode": "SERVFAIL", "answer": [], "reason_code": 6}


def test_a_chain_of_trust_is_asked_of_the_daemon(run, daemon):
    daemon.answers["POST /resolver/chain"] = 200, CHAIN
    result = run("lookup", "--dnssec", "a.test", "A")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:2] == ["a.test. 60 A 192.0.2.1", ""]
    assert result.stdout.splitlines()[2].startswith("secure: ")
    assert daemon.asked == [("POST /resolver/chain", {"name": "a.test.", "type": "A"})]
    assert json.loads(run("lookup", "--dnssec", "a.test", "A", "--json").stdout) == [CHAIN]


def test_two_chains_are_apart(run, daemon):
    daemon.answers["POST /resolver/chain"] = 200, CHAIN
    found = run("lookup", "--dnssec", "a.test").stdout.splitlines()
    assert found[3:5] == ["", "a.test. 60 A 192.0.2.1"]


@pytest.mark.parametrize("chain", [BOGUS, {**BOGUS, "answer": CHAIN["answer"], "rcode": "NOERROR"}])
def test_what_is_bogus_is_exit_status_1(chain, run, daemon):
    daemon.answers["POST /resolver/chain"] = 200, chain
    result = run("lookup", "--dnssec", "a.test", "A")
    assert result.exit_code == 1
    assert "\nbogus: " in result.stdout
    assert "because: DNSSEC bogus\n" in result.stdout


@pytest.mark.parametrize("status", [None, 404])
def test_without_a_daemon_that_resolves_the_chain_is_found_here(
    status, run, directory, monkeypatch, request
):
    if status:
        request.getfixturevalue("daemon")  # which says 404
    asked = []

    def chains_here(config, questions):
        asked.append((config.file.name, questions))
        return [CHAIN for _ in questions]

    monkeypatch.setattr("dnsd.cli.lookup_own_trace.chains_here", chains_here)
    result = run("lookup", "--dnssec", "a.test", "MX")
    assert (result.exit_code, result.stderr) == (1, "")  # an address is no MX record
    assert asked == [("dnsd.yaml", [(b"\x01a\x04test\x00", 15)])]


def test_of_a_server_signatures_are_asked_for(run, name_server):
    run("lookup", "a.test", "A", "--dnssec", f"@127.0.0.1:{name_server.port}")
    assert parse_query(name_server.heard[0][1]).edns.do
