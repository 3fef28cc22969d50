"""Resolvers under test, in one small Internet on loopback.

As in the conformance tests of the authority every test runs twice: against the
reference that it names (unbound unless said), then against dnsd. The references ask
at port 53 only, so they are skipped where that cannot be had.
"""

import contextlib
import socket

import dns.flags
import pytest
from conformance.conftest import Subject
from conformance.recursion.loopback import Loopback
from conformance.recursion.places import Places
from peers.recursors import RECURSORS, Around
from peers.servers import PACKAGES, free_port, program


def untimed(section):
    """The records of a section without their TTLs, in order; some were kept a while."""
    lines = [line.split() for rrset in section for line in rrset.to_text().splitlines()]
    return [" ".join((owner, *rest)) for owner, _ttl, *rest in lines]


class Resolving(Subject):
    """One running resolver, how to ask it, and what it asks.

    Attributes:
        internet: the name servers.
        places: where they stand.
    """

    def __init__(self, server, internet, places):
        super().__init__(server)
        self.internet = internet
        self.places = places

    def ask(self, name, rrtype="A", *, tcp=False, flags=dns.flags.RD, **edns):
        """Ask with RD unless said."""
        return super().ask(name, rrtype, tcp=tcp, flags=flags, **edns)

    def until(self, wanted, name, rrtype="A", **how):
        """Ask again and again until a reply is as wanted; that reply."""
        for _ in range(100_000):
            reply = self.ask(name, rrtype, **how)
            if wanted(reply):
                return reply
        raise AssertionError(f"never as wanted, last {reply}")


def may_have(port):
    """Tell whether this user may listen there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((Places("127.53").root, port))
        except PermissionError:
            return False
    return True


@pytest.fixture(scope="session")
def resolvers(tmp_path_factory):
    """Start resolvers at their first use, each with an Internet of its own."""
    with contextlib.ExitStack() as stack:
        started = {}
        port = 53 if may_have(53) else free_port()

        def get(name, *, local_zones):
            key = name, local_zones
            if key not in started:
                if name != "dnsd" and port != 53:
                    pytest.skip("references ask name servers at port 53, which takes root")
                places = Places(f"127.{54 + len(started)}")
                internet = stack.enter_context(Loopback(places.servers, port))
                around = Around(places.root, port, local_zones)
                directory = tmp_path_factory.mktemp(f"{name}-recursor")
                server = stack.enter_context(RECURSORS[name](directory, around))
                started[key] = Resolving(server, internet, places)
            return started[key]

        yield get


@pytest.fixture
def local_zones():
    """Whether special names are answered by the resolver itself."""
    return False


@pytest.fixture
def subject(request, resolvers, local_zones):
    """The resolver that this run of the test asks."""
    if request.param == "dnsd":
        return resolvers("dnsd", local_zones=local_zones)
    mark = request.node.get_closest_marker("reference")
    name = mark.args[0] if mark else "unbound"
    if program(name) is None:
        pytest.skip(f"install the Debian package {PACKAGES[name]}")
    return resolvers(name, local_zones=local_zones)
