"""The servers under test: a reference first, then dnsd, with the same zones.

Every test runs twice. As ``reference`` it shows that the test itself is right,
against the server that the test names (``@pytest.mark.reference("nsd")``, knotd
unless said); as ``dnsd`` it shows that we are. Where no reference does what a
section asks for, ``@pytest.mark.reference(None)`` stands with a comment that
says why. What we do not do yet is marked ``@pytest.mark.lacks(reason)``: it
passes for the reference and must fail for dnsd.

A module that needs other zones or other settings has its own ``arrangement``.
Servers run once a session for each arrangement.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import dns.message
import pytest
from conformance.worlds import worlds
from peers.servers import PACKAGES, SERVERS, Setup, program

WORLDS = worlds()


@dataclass(frozen=True)
class Arrangement:
    """What a server holds, and how it is set."""

    world: str = "example"
    setup: Setup = field(default_factory=Setup)


class Subject:
    """One running server and how to ask it."""

    def __init__(self, server):
        self.server = server
        self.name = server.name

    def ask(self, name, rrtype="A", *, tcp=False, flags=0, **edns):
        """Ask a question, return the reply as a dnspython message."""
        query = dns.message.make_query(name, rrtype, use_edns=False)
        query.flags = flags
        if edns:
            query.use_edns(**{"edns": 0, "payload": 1232, **edns})
        return self.exchange(query, tcp=tcp)

    def exchange(self, query, *, tcp=False):
        """Send a dnspython message, return the reply as one."""
        reply = dns.message.from_wire(self.raw(query.to_wire(), tcp=tcp), one_rr_per_rrset=False)
        assert reply.id == query.id
        return reply

    def raw(self, octets, *, tcp=False, timeout_s=10.0):
        """Send octets, return the octets of the reply."""
        return self.server.ask(octets, tcp=tcp, timeout_s=timeout_s)


def records(section):
    """The records of a section as sorted lines of text."""
    return sorted(line for rrset in section for line in rrset.to_text().splitlines())


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    """Start servers at their first use; stop them at the end of the session."""
    with contextlib.ExitStack() as stack:
        started = {}

        def get(name, arrangement):
            key = name, arrangement
            if key not in started:
                directory = tmp_path_factory.mktemp(f"{name}-{arrangement.world}")
                zones = WORLDS[arrangement.world]
                server = SERVERS[name](directory, zones, setup=arrangement.setup)
                started[key] = Subject(stack.enter_context(server))
            return started[key]

        yield get


def pytest_generate_tests(metafunc):
    if "subject" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("reference")
    subjects = ["dnsd"] if mark and mark.args[0] is None else ["reference", "dnsd"]
    lacks = metafunc.definition.get_closest_marker("lacks")
    if lacks:
        missing = pytest.mark.xfail(reason=lacks.args[0], strict=True)
        subjects = [subjects[0], pytest.param("dnsd", marks=missing)]
    metafunc.parametrize("subject", subjects, indirect=True)


@pytest.fixture
def arrangement():
    """The zones and settings of the server under test."""
    return Arrangement()


@pytest.fixture
def subject(request, running, arrangement):
    """The server that this run of the test asks."""
    if request.param == "dnsd":
        return running("dnsd", arrangement)
    mark = request.node.get_closest_marker("reference")
    name = mark.args[0] if mark else "knotd"
    if program(name) is None:
        pytest.skip(f"install the Debian package {PACKAGES[name]}")
    return running(name, arrangement)
