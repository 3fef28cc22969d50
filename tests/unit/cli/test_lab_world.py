from ipaddress import ip_address

import pytest
from fakes.internet import Asker

from dnsd.authority.zonefile.master_file import read_master
from dnsd.cli.lab_world import ROOT_HINTS, places
from dnsd.cli.lookup_question import QueryForm, query_octets
from dnsd.lab.internet import Internet
from dnsd.resolver.commands import Transport
from dnsd.resolver.hints import hints_from
from dnsd.resolver.options import ResolverOptions
from dnsd.wire import names, rdata
from dnsd.wire.iana import Rcode, rrtype_from_text
from dnsd.wire.message import parse_message


@pytest.fixture
def internet():
    world = Internet()
    for place in places():
        world.servers[ip_address(place.address).packed] = place.server
    return world


@pytest.fixture
def resolver(internet):
    draft = read_master(ROOT_HINTS, names.ROOT, "hints")
    hints = hints_from((record.owner, record.type, record.rdata) for record in draft.records)
    return Asker(internet, hints, ResolverOptions(query_local_addresses=True))


def ask(resolver, text, kind="A"):
    """Return the response code, and the data of the last RRset."""
    outcome = resolver.ask(names.from_text(text), rrtype_from_text(kind))
    assert resolver.faults == []
    last = outcome.answer[-1] if outcome.answer else None
    data = [rdata.to_text(last.type, octets) for octets in last.rdatas] if last else []
    return outcome.rcode, data


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("www.shop.test.", "A", ["192.0.2.80"]),
        ("www.shop.test.", "AAAA", ["2001:db8::80"]),
        ("shop.test.", "MX", ["10 mail.shop.test."]),
        ("blog.example.", "A", ["192.0.2.81"]),
        ("www.blog.example.", "A", ["192.0.2.80"]),
        ("www.slow.test.", "A", ["192.0.2.82"]),
        ("www.evil.test.", "A", ["192.0.2.66"]),
        ("80.2.0.192.in-addr.arpa.", "PTR", ["web.shop.test."]),
    ],
)
def test_what_is_in_order_is_found_from_the_root(resolver, name, kind, data):
    assert ask(resolver, name, kind) == (Rcode.NOERROR, data)


def test_an_answer_too_large_for_a_datagram_comes_over_tcp(resolver, internet):
    rcode, (text,) = ask(resolver, "big.shop.test.", "TXT")
    assert (rcode, len(text) > 1232) == (Rcode.NOERROR, True)
    assert {packet.transport.name for packet in internet.packets} == {"UDP", "TCP"}


@pytest.mark.parametrize("name", ["www.lame.test.", "www.gone.test."])
def test_what_is_out_of_order_cannot_be_found(resolver, name):
    assert ask(resolver, name) == (Rcode.SERVFAIL, [])


def test_what_the_liar_says_of_others_is_not_believed(resolver):
    assert ask(resolver, "www.evil.test.") == (Rcode.NOERROR, ["192.0.2.66"])
    assert ask(resolver, "web.shop.test.") == (Rcode.NOERROR, ["192.0.2.80"])
    liar = ip_address("127.53.66.1").packed
    of_others = [cut for cut in resolver.delegations.delegations()
                 if not names.is_subdomain(cut.zone, names.from_text("evil.test."))]  # fmt: skip
    assert of_others
    assert not [
        cut for cut in of_others if liar in [a for each in cut.addresses.values() for a in each]
    ]


def test_the_liar_does_lie(internet):
    query = query_octets(names.from_text("www.evil.test."), 1, QueryForm(), bytes)
    server = internet.servers[ip_address("127.53.66.1").packed]
    ((octets, _),) = server.receive(query, Transport.UDP, 0.0)
    claimed = [names.to_text(rrset.owner) for rrset in parse_message(octets).authority]
    assert {"shop.test.", "test."} <= set(claimed)
