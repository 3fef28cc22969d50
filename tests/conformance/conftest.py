"""The servers under test: a reference first, then dnsd, with the same zones.

Every test runs twice. As ``reference`` it shows that the test itself is right,
against the server that the test names (``@pytest.mark.reference("nsd")``, knotd
unless said); as ``dnsd`` it shows that we are. The servers run once a session.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import dns.message
import pytest
from peers.servers import PACKAGES, SERVERS, program

ZONES = Path(__file__).parent / "zones"


def zone_texts():
    """Each zone file's text by its origin, which is the file's name."""
    return {f"{path.stem}." if path.stem != "root" else ".": path.read_text()
            for path in sorted(ZONES.glob("*.zone"))}  # fmt: skip


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

    def raw(self, octets, *, tcp=False, timeout_s=3.0):
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

        def get(name):
            if name not in started:
                directory = tmp_path_factory.mktemp(name)
                server = SERVERS[name](directory, zone_texts())
                started[name] = Subject(stack.enter_context(server))
            return started[name]

        yield get


def pytest_generate_tests(metafunc):
    if "subject" in metafunc.fixturenames:
        metafunc.parametrize("subject", ["reference", "dnsd"], indirect=True)


@pytest.fixture
def subject(request, running):
    """The server that this run of the test asks."""
    if request.param == "dnsd":
        return running("dnsd")
    mark = request.node.get_closest_marker("reference")
    name = mark.args[0] if mark else "knotd"
    if program(name) is None:
        pytest.skip(f"install the Debian package {PACKAGES[name]}")
    return running(name)
