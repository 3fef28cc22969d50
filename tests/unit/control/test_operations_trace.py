import pytest
from fakes.internet import Asker

from dnsd.control.operations_trace import TraceOperations
from dnsd.lab.authority import Authority
from dnsd.lab.internet import Internet
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverOptions
from dnsd.wire import names

ROOT_ADDRESS = b"\xc0\x00\x02\x01"
TEST_ADDRESS = b"\xc0\x00\x02\x02"

ROOT_ZONE = """
@ NS ns.root.test.
test. NS ns.test.
ns.test. A 192.0.2.2
ns.root.test. A 192.0.2.1
"""
TEST_ZONE = """
@ NS ns.test.
ns A 192.0.2.2
www CNAME web.test.
web A 192.0.2.80
"""


@pytest.fixture
def internet():
    world = Internet()
    world.servers[ROOT_ADDRESS] = Authority([zone_from_text(".", ROOT_ZONE)])
    world.servers[TEST_ADDRESS] = Authority([zone_from_text("test.", TEST_ZONE)])
    return world


@pytest.fixture
def trace(internet):
    hints = Delegation(
        names.ROOT,
        (names.from_text("ns.root.test."),),
        {names.from_text("ns.root.test."): (ROOT_ADDRESS,)},
    )
    options = ResolverOptions(priming=False, case_randomization=False)
    faults = []

    def make_world():
        return Asker(internet, hints, options).world

    ended = []
    operations = TraceOperations(make_world, ended.append, faults.append)

    def trace(text, rrtype=1):
        found = []
        operations.trace(names.from_text(text), rrtype).addCallback(found.append)
        assert ended == []
        internet.run_while(lambda: not found)
        assert faults == []
        assert len(ended) == 1
        ended.clear()
        return found[0]

    return trace


def test_every_exchange_on_the_way_is_a_step(trace):
    found = trace("www.test.")
    referral, alias = found["steps"][:2]
    assert {key: referral[key] for key in ("zone", "server", "address", "transport")} == {
        "zone": ".", "server": "ns.root.test.", "address": "192.0.2.1", "transport": "udp",
    }  # fmt: skip
    assert {key: referral[key] for key in ("result", "meaning", "cut", "servers", "records")} == {
        "result": "reply", "meaning": "referral", "cut": "test.",
        "servers": ["ns.test. 192.0.2.2"], "records": [],
    }  # fmt: skip
    assert (alias["zone"], alias["name"], alias["type"]) == ("test.", "www.test.", "A")
    assert "www.test. 300 CNAME web.test." in alias["records"]
    assert alias["end"] == "web.test."
    assert found["rcode"] == "NOERROR"
    assert [line.split()[0] for line in found["answer"]] == ["www.test.", "web.test."]
    assert found["packets"] == len(found["steps"])
    assert found["seconds"] > 0
    assert (found["error_code"], found["error_text"], found["omitted"]) == (None, "", 0)


def test_every_trace_begins_at_the_root(trace):
    assert [step["zone"] for step in trace("web.test.")["steps"]] == [".", "test."]
    assert [step["zone"] for step in trace("web.test.")["steps"]] == [".", "test."]


def test_a_denial_is_told(trace):
    found = trace("nosuch.test.")
    assert found["rcode"] == "NXDOMAIN"
    assert found["steps"][-1]["meaning"] == "nxdomain"
    assert found["answer"] == []


def test_silence_is_told_and_what_it_leads_to(trace, internet):
    internet.servers[TEST_ADDRESS] = Silent()
    found = trace("web.test.")
    assert found["rcode"] == "SERVFAIL"
    assert {step["result"] for step in found["steps"][1:]} == {"timed_out"}
    assert {step["meaning"] for step in found["steps"][1:]} == {""}
    assert found["error_code"] is not None


class Silent:
    def receive(self, query, transport, now):
        return ()
